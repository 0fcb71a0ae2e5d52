"""What bounds tell: how an entry stands, how a date moved, how a promise was kept.

Pure. Nothing here is ever typed in by anybody, so that no word contradicts a date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from events import dates
from events.dates import DAY_S, OPEN, HistoricDate
from events.model import Json
from timeline.projections import Change, Entry, State


class Standing(StrEnum):
    """What there is to say of where an entry stands."""

    EXPECTED = "expected"
    """Somebody promised it, and its time has not passed."""
    UPCOMING = "upcoming"
    ONGOING = "ongoing"
    UNDER_WAY = "under-way"
    """It is its time, which makes nothing a lasting thing: a day not over yet."""
    OVERDUE = "overdue"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    RETRACTED = "retracted"
    FULFILLED = "fulfilled"
    """It was promised, and happened."""
    HAPPENED = "happened"

    @property
    def plain(self) -> bool:
        """Whether it goes without saying beside the date."""
        return self in (Standing.UNDER_WAY, Standing.HAPPENED)


def standing_of(entry: Entry) -> Standing:
    """How *entry* stands at the moment at which it was read."""
    match entry.state:
        case State.UPCOMING | State.OPEN if entry.awaited:
            return Standing.EXPECTED
        case State.UPCOMING:
            return Standing.UPCOMING
        case State.OPEN:
            lasting = "/" in entry.occurred.edtf
            return Standing.ONGOING if lasting else Standing.UNDER_WAY
        case State.HAPPENED:
            kept = entry.promised is not None
            return Standing.FULFILLED if kept else Standing.HAPPENED
        case State.OVERDUE:
            # Not "has not happened": all we know is that nobody has told us.
            return Standing.OVERDUE
        case State.POSTPONED:
            return Standing.POSTPONED
        case State.CANCELLED:
            return Standing.CANCELLED
        case State.RETRACTED:
            return Standing.RETRACTED
        case unreachable:
            assert_never(unreachable)


# -- how a date moved ----------------------------------------------------------------


class Move(StrEnum):
    """How a new window lies to the old one."""

    LATER = "later"
    EARLIER = "earlier"
    LONGER = "longer"
    """The same start, a later end."""
    SHORTER = "shorter"
    WIDER = "wider"
    """Nothing of the old one is left out."""
    NARROWER = "narrower"
    SAME = "same"
    """The same bounds in other words, such as a date that became uncertain."""


class Revision(StrEnum):
    """What a revision did to the date of a promise, or of anything else."""

    SLIPPED = "slipped"
    BROUGHT_FORWARD = "brought-forward"
    MOVED_LATER = "moved-later"
    MOVED_EARLIER = "moved-earlier"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    WIDENED = "widened"
    NARROWED = "narrowed"
    REVISED = "revised"
    """Nothing that its bounds tell."""


def move_of(old: HistoricDate, new: HistoricDate) -> Move:
    """What was done to a date, from its bounds."""
    start, end = _sign(new.lo - old.lo), _sign(new.hi - old.hi)
    match start, end:
        case 0, 0:
            return Move.SAME
        case 0, 1:
            return Move.LONGER
        case 0, _:
            return Move.SHORTER
        case 1, 1:
            return Move.LATER
        case 1, _:
            return Move.NARROWER
        case _, -1:
            return Move.EARLIER
        case _:
            return Move.WIDER


def revision_of(change: Change, *, awaited: bool) -> Revision:
    """What *change* did to the date of an entry; promises slip."""
    dated = moved(change)
    if dated is None:
        return Revision.REVISED
    match move_of(*dated):
        case Move.LATER:
            return Revision.SLIPPED if awaited else Revision.MOVED_LATER
        case Move.EARLIER:
            return Revision.BROUGHT_FORWARD if awaited else Revision.MOVED_EARLIER
        case Move.LONGER:
            return Revision.SLIPPED if awaited else Revision.EXTENDED
        case Move.SHORTER:
            return Revision.BROUGHT_FORWARD if awaited else Revision.SHORTENED
        case Move.WIDER:
            return Revision.WIDENED
        case Move.NARROWER:
            return Revision.NARROWED
        case Move.SAME:
            return Revision.REVISED
        case unreachable:
            assert_never(unreachable)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def moved(change: Change) -> tuple[HistoricDate, HistoricDate] | None:
    """The old and the new date of a revision that moved one."""
    if change.kind != "revised":
        return None
    old, new = date_in(change.before), date_in(change.after)
    return None if old is None or new is None or old == new else (old, new)


def date_in(fields: Mapping[str, Json]) -> HistoricDate | None:
    """The date among *fields* of an entry; None if there is none."""
    occurred = fields.get("occurred")
    return dates.parse(occurred) if isinstance(occurred, str) else None


# -- how a promise was kept ------------------------------------------------------------


class Keeping(StrEnum):
    """How what happened lies to the window in which it was to happen."""

    EARLY = "early"
    IN_TIME = "in-time"
    LATE = "late"
    UNSURE = "unsure"
    """What happened is known too vaguely to tell."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How a promise was kept.

    Attributes:
        days: Before the window opened, left until it closed, or after it closed; None
            where there is no such number.
        inexact: A bound that was counted from is none to the day.
        one_day: What was promised was a single day.
    """

    how: Keeping
    days: int | None = None
    inexact: bool = False
    one_day: bool = False


def kept_of(promised: HistoricDate, occurred: HistoricDate) -> Kept:
    """How *occurred* lies to the *promised* window, in days as they were written.

    Of the days in which it may have happened, all have to lie on one side.
    """
    if max(occurred.hi, -occurred.lo) >= OPEN:
        return Kept(Keeping.UNSURE)
    first, last = occurred.lo // DAY_S, occurred.hi // DAY_S
    opens = None if promised.lo == -OPEN else promised.lo // DAY_S
    closes = None if promised.hi == OPEN else promised.hi // DAY_S
    inexact = first != last or any(
        date.approximate or date.uncertain for date in (promised, occurred)
    )
    one_day = opens is not None and opens == closes
    if opens is not None and last < opens:
        return Kept(Keeping.EARLY, opens - last, inexact, one_day)
    if closes is not None and first > closes:
        return Kept(Keeping.LATE, first - closes, inexact, one_day)
    if (opens is None or opens <= first) and (closes is None or last <= closes):
        left = None if closes is None else closes - last
        return Kept(Keeping.IN_TIME, left, inexact, one_day)
    return Kept(Keeping.UNSURE)
