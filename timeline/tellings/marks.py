"""How an entry stands in the picture: where its mark is and of what shape. Pure.

Doubt is drawn, not only written: what is known to the day is a point, what is known
only to the month a box, what is promised a window with a wall at its end.
"""

from dataclasses import dataclass
from enum import StrEnum

from events import dates
from events.dates import OPEN, HistoricDate
from timeline.projections import Entry, State
from timeline.tellings.windows import Keeping, date_in, kept_of


class Shape(StrEnum):
    """What is drawn between the bounds of an entry."""

    INSTANT = "instant"
    """A day or an instant: a glyph."""
    PERIOD = "period"
    """Somewhere in here, or all of it where it is sure to have lasted so long."""
    FUZZY = "fuzzy"
    """Lasted a while whose start or end is known less well than to the day."""
    DEADLINE = "deadline"
    """Promised for any time up to its end."""
    ONGOING = "ongoing"
    """Goes on, as far as anybody said."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark stands.

    Attributes:
        at: Second from 1970 at which it is sorted.
        lo, hi: First and last second, inclusive; None where open or unknown.
    """

    occurred: HistoricDate
    at: int
    lo: int | None
    hi: int | None


@dataclass(frozen=True, slots=True)
class Ghost:
    """Where a mark stood before its date was *corrected* or *revised*."""

    place: Place
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How an entry is drawn.

    Attributes:
        core: First and last second of what it covers for certain; None: there is no
            such time, or the shape says it.
        awaited: Promised, and neither fulfilled nor called off.
        window: The promise that was fulfilled, or that is awaited.
        kept: How the promise was kept; None: it was not yet, or nobody can tell.
        ghost: None where its date was never changed.
    """

    place: Place
    shape: Shape
    core: tuple[int, int] | None
    awaited: bool
    window: Place | None
    kept: Keeping | None
    ghost: Ghost | None


_LASTING = frozenset({Shape.PERIOD, Shape.FUZZY})
_WAITING = frozenset({State.UPCOMING, State.OPEN, State.OVERDUE, State.POSTPONED})


def mark_of(entry: Entry) -> Mark:
    """The mark of *entry* as it stands at the moment at which it was read."""
    place = _place(entry.occurred, entry.lo, entry.hi)
    core = entry.occurred.latest_start, entry.occurred.earliest_end
    shape = _shape_of(entry, core)
    window, kept = None, None
    if entry.promised is not None:
        window = _said_place(entry.promised, _said_of(entry.promised, entry))
        how = kept_of(entry.promised, entry.occurred).how
        kept = None if how is Keeping.UNSURE else how
    elif entry.awaited:
        window = place
    return Mark(
        place=place,
        shape=shape,
        core=core if shape in _LASTING and core[0] <= core[1] else None,
        awaited=entry.awaited and entry.state in _WAITING,
        window=window,
        kept=kept,
        ghost=_ghost(entry),
    )


def _shape_of(entry: Entry, core: tuple[int, int]) -> Shape:
    occurred = entry.occurred
    start, separator, end = occurred.edtf.partition("/")
    if not separator:
        exact = core[0] == occurred.lo
        return Shape.INSTANT if exact else Shape.PERIOD
    if start == "..":
        waits = entry.awaited and entry.promised is None
        return Shape.DEADLINE if waits else Shape.PERIOD
    if end == "..":
        return Shape.ONGOING
    exact = core == (occurred.lo, occurred.hi)
    return Shape.PERIOD if exact else Shape.FUZZY


def _place(occurred: HistoricDate, lo: int, hi: int) -> Place:
    return Place(
        occurred,
        occurred.sort_key,
        None if lo == -OPEN else lo,
        None if hi == OPEN else hi,
    )


def _said_place(occurred: HistoricDate, said: str) -> Place:
    return _place(occurred, *occurred.window(dates.parse(said)))


def _said_of(promised: HistoricDate, entry: Entry) -> str:
    """When the promise got this date: with a revision, or when it was first made."""
    return next(
        (
            change.said
            for change in reversed(entry.changes)
            if change.kind == "revised" and date_in(change.after) == promised
        ),
        entry.said,
    )


def _ghost(entry: Entry) -> Ghost | None:
    """Where it stood before the last change that led to where it, or its promise, is.

    A correction of what had been revised since moves nothing.
    """
    for change in reversed(entry.changes):
        before, after = date_in(change.before), date_in(change.after)
        if (
            before is not None
            and before != after
            and after in (entry.occurred, entry.promised)
        ):
            return Ghost(_said_place(before, entry.said), change.kind)
    return None
