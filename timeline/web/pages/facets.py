"""What a list can be narrowed down to, with how many entries that leaves. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from timeline.projections import Filter, State, match_key
from timeline.store import Facet
from timeline.web.pages.cards import Category
from timeline.web.pages.words import Reader, category_words, state_word

Kind: TypeAlias = Literal["category", "state", "actor", "place", "tag"]

KINDS: Mapping[Kind, int] = {
    "category": 50,
    "state": 7,
    "actor": 12,
    "place": 12,
    "tag": 12,
}
"""What is counted, and how many values of each are offered."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value; *href* leads to the list with it, or without if it is *chosen*.

    *count* is how many entries have it among those that all other filters leave;
    None where that was not counted.
    """

    value: str
    words: str
    href: str
    chosen: bool
    count: int | None = None
    category: Category | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """All choices of one kind."""

    kind: Kind
    label: str
    choices: Sequence[Choice]


def kind_words(kind: Kind, reader: Reader) -> str:
    """The name of a filter, for a person."""
    match kind:
        case "category":
            return reader.say("Category")
        case "state":
            return reader.say("State")
        case "actor":
            return reader.say("Actor")
        case "place":
            return reader.say("Place")
        case "tag":
            return reader.say("Tag")


def without(wanted: Filter, kind: Kind, value: str | None = None) -> Filter:
    """*wanted* but for *value* of *kind*; None: but for all of them."""
    gone = None if value is None else match_key(value)
    return _replaced(
        wanted,
        kind,
        [one for one in values_of(wanted, kind) if gone and match_key(one) != gone],
    )


def values_of(wanted: Filter, kind: Kind) -> tuple[str, ...]:
    """The values of *kind* that are wanted; none: any."""
    match kind:
        case "category":
            return wanted.category
        case "state":
            return tuple(map(str, wanted.state))
        case "actor":
            return wanted.actor
        case "place":
            return wanted.place
        case "tag":
            return wanted.tag


def _replaced(wanted: Filter, kind: Kind, values: Iterable[str]) -> Filter:
    match kind:
        case "category":
            return replace(wanted, category=tuple(values))
        case "state":
            return replace(wanted, state=tuple(map(State, values)))
        case "actor":
            return replace(wanted, actor=tuple(values))
        case "place":
            return replace(wanted, place=tuple(values))
        case "tag":
            return replace(wanted, tag=tuple(values))


def make_group(
    kind: Kind,
    counted: Sequence[Facet],
    reader: Reader,
    wanted: Filter,
    *,
    href_of: Callable[[Filter], str],
    marks: Mapping[str, Category] | None = None,
) -> Group:
    """The values of *kind* as *counted*, and those chosen that are not among them."""
    counts = {match_key(facet.label): facet for facet in counted}
    chosen = {match_key(one): one for one in values_of(wanted, kind)}
    labels = [facet.label for facet in counted]
    labels += [value for key, value in chosen.items() if key not in counts]
    if kind == "category":
        labels.sort()
    choices = []
    for label in labels:
        key = match_key(label)
        found = counts.get(key)
        category = None
        if kind == "category":
            marked = (marks or {}).get(label)
            category = marked or Category(label, category_words(label, reader), None)
        toggled = without(wanted, kind, label)
        if key not in chosen:
            values = sorted({*values_of(wanted, kind), label})
            toggled = _replaced(wanted, kind, values)
        choices.append(
            Choice(
                value=label,
                words=value_words(kind, label, reader),
                href=href_of(toggled),
                chosen=key in chosen,
                count=found.count if found else 0,
                category=category,
            )
        )
    return Group(kind, kind_words(kind, reader), choices)


def value_words(kind: Kind, label: str, reader: Reader) -> str:
    """A value of a filter, for a person."""
    match kind:
        case "category":
            return category_words(label, reader)
        case "state":
            return state_word(State(label), reader)
        case _:
            return label
