"""A list of entries, what it is narrowed down to, and links that change it. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from markupsafe import Markup

from events import dates
from events.dates import DateError, HistoricDate
from timeline.config import Settings
from timeline.projections import Filter, View
from timeline.schemas import Cursor, Order, Query, dump_filter_args, write_cursor
from timeline.store import CAP, Count, Facet, Page
from timeline.web.pages.cards import Year, make_years, mark_categories, rendered
from timeline.web.pages.facets import (
    KINDS,
    Choice,
    Group,
    Kind,
    kind_words,
    make_group,
    value_words,
    values_of,
    without,
)
from timeline.web.pages.overview import Overview
from timeline.web.pages.words import Named, Reader

ORDERS: tuple[Order, Order] = ("desc", "asc")


MOST_WAYS_OUT = 8
"""Filters that are tried one by one where nothing was found."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter; *href* leads to the same list without it, which is *rest*."""

    label: str
    words: str
    href: str
    rest: Filter


@dataclass(frozen=True, slots=True)
class Search:
    """The search box: where it leads, what is in it, what else it sends."""

    action: str
    q: str
    kept: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Jump:
    """The field that goes to a date; *nearest* is what may have been meant."""

    text: str = ""
    error: str = ""
    nearest: Named | None = None


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
    q: str
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
        total: Entries on all pages; *more*: there are more than that.
        capped: Only the `CAP` entries recorded last are sorted.
        partly: Only so many entries are looked at for the numbers beside values.
        ways_out: Where nothing was found: filters to remove, and what that finds.
        windowed: It is narrowed down to a window of time.
        errors: What is wrong with each parameter, if the address was not understood.
        categories, groups: Links that add each value to the filter or take it away.
        all_href: The same list, not narrowed down.
        start_href: Its first page, unless it is this.
        next_href, previous_href: The pages beside it, as far as there are any.
    """

    title: str
    description: str
    introduction: Markup
    args: Sequence[tuple[str, str]]
    years: Sequence[Year]
    total: int
    more: bool
    capped: bool
    cap: int
    partly: bool
    shown: int
    errors: Mapping[str, str]
    chips: Sequence[Chip]
    ways_out: Sequence[tuple[Chip, Count]]
    windowed: bool
    categories: Sequence[Choice]
    groups: Sequence[Group]
    orders: Sequence[Choice]
    overview: Overview | None
    form: Form
    search: Search
    jump: Jump
    jump_kept: Sequence[tuple[str, str]]
    all_href: str
    start_href: str
    next_href: str
    previous_href: str


def length_of_list(query: Query, total: Count, settings: Settings) -> int:
    """How many entries a page of the list shows.

    What is half as long again as a page is shown whole: a second page with a handful
    of entries is not worth the way.
    """
    if query.limit is not None:
        return min(query.limit, settings.page_size)
    whole = settings.list_size * 3 // 2
    if total.number <= whole and not total.capped:
        return whole
    return settings.list_size


def make_listing(
    page: Page,
    query: Query,
    reader: Reader,
    *,
    path: str,
    title: str,
    view: View | None,
    total: Count,
    categories: Iterable[str],
    errors: Mapping[str, str],
    typed: Mapping[str, str],
    facets: Mapping[Kind, Sequence[Facet]] | None = None,
    partly: bool = False,
    overview: Overview | None = None,
    jump: Jump | None = None,
    count: Callable[[Filter], Count] | None = None,
) -> Listing:
    """The list of *page*, which is a part of what *query* asks of *path*.

    *title* is that of the whole timeline. Where there are *errors*, *query* is empty
    and the parameters as *typed* come back in the form. *facets* are counted without
    the filter of their own kind, *partly* over some of the entries only; *count* is
    asked only where nothing was found.
    """
    wanted, order = query.filter, query.order
    marks = mark_categories(categories, reader)
    args = list_args(wanted, order)
    entries = page.entries

    def at(name: str, cursor: Cursor | None) -> str:
        if cursor is None:
            return ""
        return reader.href(path, [*args, (name, write_cursor(cursor))])

    def href_of(other: Filter) -> str:
        return list_href(reader, path, other, order)

    groups = {
        kind: make_group(kind, counted, reader, wanted, href_of=href_of, marks=marks)
        for kind, counted in (facets or {}).items()
    }
    place = [
        (name, write_cursor(cursor))
        for name, cursor in (("cursor", query.cursor), ("before", query.before))
        if cursor is not None
    ]
    chips = make_chips(reader, path, wanted, order)
    return Listing(
        title=view.title if view else title,
        description=view.description if view else "",
        introduction=rendered(view.description) if view else Markup(),
        args=[*args, *place],
        years=make_years(
            entries, reader, order=order, marks=marks, wanted=wanted.words
        ),
        total=total.number,
        more=total.capped,
        capped=page.capped,
        cap=CAP,
        partly=partly,
        shown=len(entries),
        errors=errors,
        chips=chips,
        ways_out=_ways_out(chips, count) if count and not entries else (),
        windowed=wanted.start is not None or wanted.end is not None,
        categories=groups["category"].choices if "category" in groups else (),
        groups=[
            group
            for kind, group in groups.items()
            if kind != "category" and group.choices
        ],
        orders=order_choices(reader, path, wanted, order),
        overview=overview,
        form=make_form(
            reader,
            path,
            wanted,
            order,
            categories=groups["category"].choices if "category" in groups else (),
            actors=chain.from_iterable(entry.actors for entry in entries),
            typed=typed if errors else {},
        ),
        search=Search(
            path, wanted.q, [*list_args(replace(wanted, q=""), order), *reader.kept]
        ),
        jump=jump or Jump(),
        jump_kept=[*args, *reader.kept],
        all_href=reader.href(path),
        start_href=reader.href(path, args) if place else "",
        # An empty page lies beyond an end: back is where it came from.
        next_href=at("cursor", page.next or (None if entries else query.before)),
        previous_href=at(
            "before", page.previous or (None if entries else query.cursor)
        ),
    )


def _ways_out(
    chips: Sequence[Chip], count: Callable[[Filter], Count]
) -> list[tuple[Chip, Count]]:
    """Filters that can be removed to find something, the most fruitful first."""
    counted = [(chip, count(chip.rest)) for chip in chips[:MOST_WAYS_OUT]]
    return sorted(
        ((chip, found) for chip, found in counted if found.number),
        key=lambda one: -one[1].number,
    )


# -- going to a date -----------------------------------------------------------------


def read_date(text: str) -> HistoricDate:
    """The date that somebody typed, in EDTF or in words ("Q4 2025").

    Raises:
        DateError: It is none; what was not said in words is not guessed.
    """
    text = text.strip()
    try:
        return dates.parse(text)
    except DateError as error:
        if error.nearest is None or not any(map(str.isalpha, text)):
            raise
        return dates.parse(error.nearest)


def jump_cursor(date: HistoricDate, order: Order) -> Cursor | None:
    """Where the page begins that starts at *date*; None: at the very start.

    Newest first a page starts with what is last in *date*, else with what is first.
    """
    if order == "desc":
        return None if date.hi == dates.OPEN else Cursor(date.hi + 1, -dates.OPEN, "0")
    return None if date.lo == -dates.OPEN else Cursor(date.lo - 1, dates.OPEN, "0")


def make_jump(
    text: str,
    error: DateError,
    reader: Reader,
    *,
    path: str,
    wanted: Filter,
    order: Order,
) -> Jump:
    """The field as it was filled in, with what to do."""
    nearest = None
    if error.nearest is not None:
        args = [*list_args(wanted, order), ("at", error.nearest)]
        label = reader.label(dates.parse(error.nearest))
        nearest = Named(label, reader.href(path, args))
    return Jump(
        text, reader.say("“{text}” is no date we can read.", text=text), nearest
    )


# -- links ---------------------------------------------------------------------------


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
        return Chip(label, words, list_href(reader, path, rest, order), rest)

    chips = []
    if wanted.q:
        chips.append(chip(reader.say("Words"), wanted.q, replace(wanted, q="")))
    for kind in KINDS:
        for value in values_of(wanted, kind):
            words = value_words(kind, value, reader)
            rest = without(wanted, kind, value)
            chips.append(chip(kind_words(kind, reader), words, rest))
    if wanted.start is not None:
        rest = replace(wanted, start=None)
        chips.append(chip(reader.say("From"), reader.label(wanted.start), rest))
    if wanted.end is not None:
        rest = replace(wanted, end=None)
        chips.append(chip(reader.say("To"), reader.label(wanted.end), rest))
    return chips


def filter_words(wanted: Filter, reader: Reader) -> str:
    """What a filter lets through, in words."""
    values: dict[str, list[str]] = {}
    for chip in make_chips(reader, "/", wanted, ORDERS[0]):
        values.setdefault(chip.label, []).append(chip.words)
    return " · ".join(f"{label}: {', '.join(words)}" for label, words in values.items())


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
    categories: Sequence[Choice],
    actors: Iterable[str],
    typed: Mapping[str, str],
) -> Form:
    """The form that makes this list, with what was *typed* if that was not read."""
    first_actor = wanted.actor[:1]
    rest = replace(
        wanted, q="", category=(), actor=wanted.actor[1:], start=None, end=None
    )
    # Where they could not be counted, they narrow the list all the same.
    offered = {choice.value for choice in categories}
    unknown = [("category", one) for one in wanted.category if one not in offered]
    return Form(
        action=path,
        categories=categories,
        orders=order_choices(reader, path, wanted, order),
        q=typed.get("q", wanted.q),
        actor=typed.get("actor", "".join(first_actor)),
        start=typed.get("from", wanted.start.edtf if wanted.start else ""),
        end=typed.get("to", wanted.end.edtf if wanted.end else ""),
        actors=sorted({*actors}, key=str.casefold),
        kept=[*dump_filter_args(rest), *unknown, *reader.kept],
    )
