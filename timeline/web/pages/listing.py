"""A list of entries, what it is narrowed down to, and links that change it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from markupsafe import Markup

from timeline.projections import Filter, View
from timeline.schemas import Order, Query, dump_filter_args, write_cursor
from timeline.store import Page
from timeline.web.pages.cards import (
    Category,
    Year,
    make_years,
    mark_categories,
    rendered,
)
from timeline.web.pages.words import Named, Reader, language_name, plain_words

_T = TypeVar("_T")

ORDERS: tuple[Order, Order] = ("desc", "asc")


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter; *href* leads to the same list without it."""

    label: str
    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that a form or a row of links offers."""

    value: str
    words: str
    href: str
    chosen: bool
    category: Category | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The filter form as it is filled in.

    Attributes:
        action: Where it leads.
        kept: Parameters that it has no field for, as they are.
        actors: To choose from; others can be typed.
    """

    action: str
    categories: Sequence[Choice]
    orders: Sequence[Choice]
    actor: str
    start: str
    end: str
    actors: Sequence[str]
    kept: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All that a page with a list lays out.

    Attributes:
        args: Parameters of this very page, without its language.
        total: Entries on all pages.
        errors: What is wrong with each parameter, if the address was not understood.
        categories: Links that add each one to the filter or take it away.
        all_href: The same list, not narrowed down.
        start_href, next_href: Its first page, unless it is this, and the next.
    """

    title: str
    description: str
    introduction: Markup
    args: Sequence[tuple[str, str]]
    years: Sequence[Year]
    total: int
    shown: int
    errors: Mapping[str, str]
    chips: Sequence[Chip]
    categories: Sequence[Choice]
    orders: Sequence[Choice]
    form: Form
    all_href: str
    start_href: str
    next_href: str
    languages: Sequence[Named]


def make_listing(
    page: Page,
    query: Query,
    reader: Reader,
    *,
    path: str,
    title: str,
    view: View | None,
    total: int,
    categories: Iterable[str],
    errors: Mapping[str, str],
    typed: Mapping[str, str],
) -> Listing:
    """The list of *page*, which is a part of what *query* asks of *path*.

    *title* is that of the whole timeline. Where there are *errors*, *query* is empty
    and the parameters as *typed* come back in the form.
    """
    wanted, order = query.filter, query.order
    marks = mark_categories(categories)
    args = list_args(wanted, order)
    next_href = ""
    if page.next is not None:
        next_href = reader.href(path, [*args, ("cursor", write_cursor(page.next))])
    here = [("cursor", write_cursor(query.cursor))] if query.cursor else []
    entries = page.entries
    offered = marks
    if not wanted.category and len(entries) == total > 0:
        # All are here, so there is no need to offer what leads to none.
        present = {entry.category for entry in entries}
        offered = {name: marks[name] for name in marks if name in present}
    return Listing(
        title=view.title if view else title,
        description=view.description if view else "",
        introduction=rendered(view.description) if view else Markup(),
        args=[*args, *here],
        years=make_years(entries, reader, order=order, marks=marks),
        total=total,
        shown=len(entries),
        errors=errors,
        chips=make_chips(reader, path, wanted, order),
        categories=category_choices(reader, path, wanted, order, offered),
        orders=order_choices(reader, path, wanted, order),
        form=make_form(
            reader,
            path,
            wanted,
            order,
            marks=offered,
            actors=chain.from_iterable(entry.actors for entry in entries),
            typed=typed if errors else {},
        ),
        all_href=reader.href(path),
        start_href=reader.href(path, args) if query.cursor else "",
        next_href=next_href,
        languages=make_languages(
            chain.from_iterable([entry.lang, *entry.translations] for entry in entries),
            reader,
            path,
            [*args, *here],
        ),
    )


def make_languages(
    langs: Iterable[str],
    reader: Reader,
    path: str,
    args: Sequence[tuple[str, str]] = (),
) -> list[Named]:
    """Links to the same page in each of *langs*; empty if there is but one."""
    known = sorted({lang for lang in langs if lang} | {reader.lang})
    if len(known) < 2:
        return []
    return [
        Named(
            words=language_name(lang),
            href=Reader(lang=lang, asked=True).href(path, args),
            lang=lang,
            chosen=lang == reader.lang,
        )
        for lang in known
    ]


def list_href(reader: Reader, path: str, wanted: Filter, order: Order) -> str:
    """The address of a list."""
    return reader.href(path, list_args(wanted, order))


def list_args(wanted: Filter, order: Order) -> list[tuple[str, str]]:
    """The parameters of a list, without its language."""
    args = dump_filter_args(wanted)
    return [*args, ("order", order)] if order != ORDERS[0] else args


def make_chips(reader: Reader, path: str, wanted: Filter, order: Order) -> list[Chip]:
    """A chip for each value that narrows the list."""

    def chip(label: str, words: str, rest: Filter) -> Chip:
        return Chip(label, words, list_href(reader, path, rest, order))

    def without(values: tuple[_T, ...], value: _T) -> tuple[_T, ...]:
        return tuple(one for one in values if one != value)

    chips = []
    for one in wanted.category:
        rest = replace(wanted, category=without(wanted.category, one))
        chips.append(chip(reader.say("Category"), plain_words(one), rest))
    for one in wanted.actor:
        rest = replace(wanted, actor=without(wanted.actor, one))
        chips.append(chip(reader.say("Actor"), one, rest))
    for one in wanted.place:
        rest = replace(wanted, place=without(wanted.place, one))
        chips.append(chip(reader.say("Place"), one, rest))
    for one in wanted.tag:
        rest = replace(wanted, tag=without(wanted.tag, one))
        chips.append(chip(reader.say("Tag"), one, rest))
    for state in wanted.state:
        rest = replace(wanted, state=without(wanted.state, state))
        chips.append(chip(reader.say("State"), reader.say(state.value), rest))
    if wanted.start is not None:
        rest = replace(wanted, start=None)
        chips.append(chip(reader.say("From"), reader.label(wanted.start), rest))
    if wanted.end is not None:
        rest = replace(wanted, end=None)
        chips.append(chip(reader.say("To"), reader.label(wanted.end), rest))
    return chips


def category_choices(
    reader: Reader,
    path: str,
    wanted: Filter,
    order: Order,
    marks: Mapping[str, Category],
) -> list[Choice]:
    """Each category, with a link that adds it to the filter or takes it away."""
    choices = []
    for name, category in marks.items():
        if not name:
            continue
        chosen = name in wanted.category
        names = {*wanted.category, name} - ({name} if chosen else set())
        toggled = replace(wanted, category=tuple(sorted(names)))
        href = list_href(reader, path, toggled, order)
        choices.append(Choice(name, category.words, href, chosen, category))
    return choices


def order_choices(
    reader: Reader, path: str, wanted: Filter, order: Order
) -> list[Choice]:
    """Newest and oldest first."""
    words = {"desc": reader.say("Newest first"), "asc": reader.say("Oldest first")}
    return [
        Choice(one, words[one], list_href(reader, path, wanted, one), one == order)
        for one in ORDERS
    ]


def make_form(
    reader: Reader,
    path: str,
    wanted: Filter,
    order: Order,
    *,
    marks: Mapping[str, Category],
    actors: Iterable[str],
    typed: Mapping[str, str],
) -> Form:
    """The form that makes this list, with what was *typed* if that was not read."""
    first_actor = wanted.actor[:1]
    rest = replace(wanted, category=(), actor=wanted.actor[1:], start=None, end=None)
    # Categories that no entry has are no choice, but narrow the list all the same.
    unknown = [("category", one) for one in wanted.category if one not in marks]
    lang = [("lang", reader.lang)] if reader.asked else []
    return Form(
        action=path,
        categories=category_choices(reader, path, wanted, order, marks),
        orders=order_choices(reader, path, wanted, order),
        actor=typed.get("actor", "".join(first_actor)),
        start=typed.get("from", wanted.start.edtf if wanted.start else ""),
        end=typed.get("to", wanted.end.edtf if wanted.end else ""),
        actors=sorted({*actors}, key=str.casefold),
        kept=[*dump_filter_args(rest), *unknown, *lang],
    )
