"""A date of stated precision: its text, its bounds, its keys. Pure."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias, assert_never

from events.dates.days import DAY_S, day_of, instant_text, months_bounds

OPEN = 2**62
"""Stands, with its sign, for a bound that is open or unknown."""

MAX_LENGTH = 120
"""Characters of a date."""

MAX_YEAR = 10**8
"""Years before and after 0: seconds stay below 2^53, exact in JSON."""

REACH = (
    months_bounds(-MAX_YEAR, 1, 12)[0],
    months_bounds(MAX_YEAR, 1, 12)[1],
)
"""First and last second that any date holds, inclusive."""

_SHORT_SPANS = (1, 7, 31, 92, 184, 366)

# One doubling more than the longest interval within ±10^8 years needs.
_OPEN_SPAN = 366 << 29


class Kind(Enum):
    """What one date names."""

    INSTANT = "instant"
    DAY = "day"
    MONTH = "month"
    SEASON = "season"
    QUARTER = "quarter"
    FOUR_MONTHS = "four months"
    HALF = "half"
    YEAR = "year"
    DECADE = "decade"
    CENTURY = "century"
    SOME_DAY = "a day of a month"
    SOME_MONTH = "a month of a year"
    SOME_DAY_OF_YEAR = "a day of a year"


@dataclass(frozen=True, slots=True)
class Piece:
    """One date or instant, alone or as part of an interval or a set.

    Attributes:
        edtf: Its normalised text, with its mark.
        lo: First second, inclusive; an instant is moved to UTC.
        hi: Last second, inclusive.
        year: As written, 0 for 1 BCE; of a decade or century the first.
        part: Month 1–12; or which season, quarter, four months or half of the
            year, from 1; 0 if none is given.
        day: 0 if none is given.
        mark: ``~``, ``?``, ``%`` or nothing.
    """

    edtf: str
    kind: Kind
    lo: int
    hi: int
    year: int
    part: int = 0
    day: int = 0
    mark: str = ""

    @property
    def clock(self) -> str:
        """Local time of an instant: ``16:15:00``."""
        return self.edtf.partition("T")[2][:8]

    @property
    def offset(self) -> str:
        """What an instant's clock is ahead of UTC: ``Z`` or ``-04:00``."""
        return self.edtf.partition("T")[2][8:]


@dataclass(frozen=True, slots=True)
class Between:
    """An interval with both ends."""

    first: Piece
    last: Piece


@dataclass(frozen=True, slots=True)
class From:
    """An interval that goes on (*open_end*), or whose end nobody knows."""

    first: Piece
    open_end: bool


@dataclass(frozen=True, slots=True)
class UpTo:
    """An interval any time before its end (*open_start*), or of unknown start."""

    last: Piece
    open_start: bool


@dataclass(frozen=True, slots=True)
class OneOf:
    """Sources differ: one of at least two, earliest first."""

    members: tuple[Piece, ...]


Form: TypeAlias = Piece | Between | From | UpTo | OneOf


@dataclass(frozen=True, slots=True)
class HistoricDate:
    """When something happened or is to happen, as precisely as anybody said.

    Equal where the normalised text is equal: ``2025`` and ``2025-XX`` have the
    same bounds and say different things.

    Attributes:
        edtf: Normalised EDTF text.
        lo: Whole seconds from 1970-01-01T00:00:00Z, inclusive; ``-OPEN`` where
            the start is open or unknown.
        hi: The same, inclusive; ``OPEN`` where the end is open or unknown.
        sort_key: ``lo``, but ``hi`` where the start is open or unknown: "by the
            end of 2025" belongs at its deadline.
        told: What the text says, or how to find out: most dates that are stored are
            sorted and compared, and few are told.
    """

    edtf: str
    lo: int = field(compare=False)
    hi: int = field(compare=False)
    sort_key: int = field(compare=False)
    approximate: bool = field(compare=False)
    uncertain: bool = field(compare=False)
    told: Form | Callable[[], Form] = field(compare=False, repr=False)

    @property
    def form(self) -> Form:
        """What the text says, for the words; inside ``events.dates`` only."""
        return self.told() if callable(self.told) else self.told

    @property
    def span(self) -> int:
        """Class of the window's length, see ``span_of``."""
        return span_of(self.lo, self.hi)

    @property
    def earliest(self) -> str | None:
        """First day ``2025-07-26``, or UTC instant where the text was one.

        None where open or unknown; years outside 0 to 9999 have a sign.
        """
        return _bound_text(outer(self.form)[0], self.lo)

    @property
    def latest(self) -> str | None:
        """Last day, inclusive, or UTC instant; as ``earliest``."""
        return _bound_text(outer(self.form)[1], self.hi)

    @property
    def latest_start(self) -> int:
        """First second of the last day, or the instant, on which it may have begun.

        A day counts as whole: what was on 26 July began with it. July may have begun
        on the 31st, for what is known to the month may have been on any of its days.
        """
        return _inside(self.form)[0]

    @property
    def earliest_end(self) -> int:
        """Last second of the first day, or the instant, on which it may have ended.

        ``OPEN`` for what goes on, ``-OPEN`` for what may have been any time before.
        """
        return _inside(self.form)[1]

    def window(self, said: "HistoricDate | None") -> tuple[int, int]:
        """Bounds, the open start replaced by the first second of the day *said*.

        Nothing announced to come can have come before; an open start would
        overlap every window back to antiquity. An unknown start stays unknown:
        what has ended may have begun long before anybody said so. Where *said*
        is no single day, its first day counts; if it has none, nothing changes.
        """
        match self.form:
            case UpTo(open_start=True) if said is not None and said.lo != -OPEN:
                return min(said.lo - said.lo % DAY_S, self.hi), self.hi
            case _:
                return self.lo, self.hi


def span_of(lo: int, hi: int) -> int:
    """Class of the length of a window in days, no less than the length.

    1, 7, 31, 92, 184, 366, then doubling; one class, the highest, for windows
    with an open bound.
    """
    if lo == -OPEN or hi == OPEN:
        return _OPEN_SPAN
    days = (hi - lo) // DAY_S + 1
    if days > _SHORT_SPANS[-1]:
        return _SHORT_SPANS[-1] << ((days - 1) // _SHORT_SPANS[-1]).bit_length()
    return _SHORT_SPANS[bisect_left(_SHORT_SPANS, days)]


def outer(form: Form) -> tuple[Piece | None, Piece | None]:
    """The pieces that set the lower and the upper bound; None: there is none."""
    match form:
        case Piece():
            return form, form
        case Between(first, last):
            return first, last
        case From(first):
            return first, None
        case UpTo(last):
            return None, last
        case OneOf(members):
            return members[0], max(members, key=lambda piece: piece.hi)
        case unreachable:
            assert_never(unreachable)


def _inside(form: Form) -> tuple[int, int]:
    """The latest start and the earliest end."""
    match form:
        case Piece(kind=Kind.INSTANT | Kind.DAY, lo=lo, hi=hi):
            return lo, hi
        case Piece(lo=lo, hi=hi):
            return hi - DAY_S + 1, lo + DAY_S - 1
        case Between(first, last):
            # It began no later than it ended, and the other way round; an instant may
            # lie within the day that the other end is.
            latest, end = _inside(first)[0], _inside(last)[1]
            return (
                max(first.lo, min(latest, _inside(last)[0])),
                min(last.hi, max(end, _inside(first)[1])),
            )
        case From(first, open_end):
            latest, earliest = _inside(first)
            return latest, OPEN if open_end else earliest
        case UpTo(last, open_start):
            latest, earliest = _inside(last)
            return latest, -OPEN if open_start else earliest
        case OneOf(members):
            inside = [_inside(member) for member in members]
            return max(start for start, _ in inside), min(end for _, end in inside)
        case unreachable:
            assert_never(unreachable)


def make_date(edtf: str, form: Form, marks: str) -> HistoricDate:
    """The date that *form* describes; *marks* are those of all its pieces."""
    first, last = outer(form)
    lo = -OPEN if first is None else first.lo
    hi = OPEN if last is None else last.hi
    return HistoricDate(
        edtf=edtf,
        lo=lo,
        hi=hi,
        sort_key=hi if first is None else lo,
        approximate="~" in marks or "%" in marks,
        uncertain="?" in marks or "%" in marks,
        told=form,
    )


def parts(date: HistoricDate) -> tuple[tuple[str, str], ...]:
    """What can stand in HTML ``time`` elements: (``datetime`` value, EDTF piece).

    One pair for each end of an interval and each member of a set. None for what
    HTML has no ``datetime`` value for: seasons, quarters, decades, parts left
    unknown, and years before 1. https://html.spec.whatwg.org/#the-time-element
    """
    pieces: tuple[Piece | None, ...]
    match date.form:
        case Piece() as piece:
            pieces = (piece,)
        case OneOf(members):
            pieces = members
        case interval:
            pieces = outer(interval)
    return tuple(
        (piece.edtf.removeprefix("Y").rstrip("~?%"), piece.edtf)
        for piece in pieces
        if piece is not None and piece.kind in _IN_HTML and piece.year >= 1
    )


_IN_HTML = frozenset({Kind.INSTANT, Kind.DAY, Kind.MONTH, Kind.YEAR})


def _bound_text(piece: Piece | None, bound: int) -> str | None:
    if piece is None:
        return None
    return instant_text(bound) if piece.kind is Kind.INSTANT else day_of(bound)
