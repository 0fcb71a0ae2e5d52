"""Reads the subset of EDTF that this service takes. Pure.

EDTF is the Library of Congress profile (4 February 2019) of ISO 8601-2:2019:
https://www.loc.gov/standards/datetime/. Every pattern here has a bounded number of
repetitions, so reading takes time in proportion to the text, whatever it is.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

from events.dates.days import DAY_S, day_number, month_days, months_bounds
from events.dates.historic import (
    MAX_LENGTH,
    MAX_YEAR,
    OPEN,
    Between,
    Form,
    From,
    HistoricDate,
    Kind,
    OneOf,
    Piece,
    UpTo,
    make_date,
)
from events.dates.refusal import explain

# [0-9], not \d, which takes full-width digits; always fullmatch, because $ matches
# before a final newline.
_DATE = re.compile(r"(-?[0-9]{4})(?:-([0-9]{2}|XX)(?:-([0-9]{2}|XX))?)?([~?%]?)")
_UNKNOWN_YEARS = re.compile(r"([0-9]{2})(?:([0-9])X|XX)([~?%]?)")
_FAR_YEAR = re.compile(r"Y(-?[1-9][0-9]{4,8})([~?%]?)")
_INSTANT = re.compile(
    r"(-?[0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    r"(?:(Z)|([+-])([0-9]{2})(?::([0-9]{2}))?)"
)

# What stands in the month's place: kind, which of its kind, first month, months.
_PARTS_OF_YEAR = {
    **{f"{month:02}": (Kind.MONTH, month, month, 1) for month in range(1, 13)},
    # The standard gives seasons no months: meteorological ones, northern, winter
    # running into the next year, as in ProfessionalWiki/EDTF#114.
    **{f"{20 + nth}": (Kind.SEASON, nth, 3 * nth, 3) for nth in range(1, 5)},
    **{f"{32 + nth}": (Kind.QUARTER, nth, 3 * nth - 2, 3) for nth in range(1, 5)},
    **{f"{36 + nth}": (Kind.FOUR_MONTHS, nth, 4 * nth - 3, 4) for nth in range(1, 4)},
    **{f"{39 + nth}": (Kind.HALF, nth, 6 * nth - 5, 6) for nth in range(1, 3)},
    "XX": (Kind.SOME_MONTH, 0, 1, 12),
}


@lru_cache(maxsize=16_384)
def parse(text: str) -> HistoricDate:
    """The date that *text* states.

    Args:
        text: EDTF, at most 120 characters. Days float, as if in UTC; an instant
            needs a zone.

    Raises:
        DateError: It is not a date, or one in a form that is not taken; the error
            says why in a sentence, and what the nearest form would be.
    """
    date = read(text)
    if date is None:
        raise explain(text, read)
    return date


def restore(edtf: str, *, lo: int, hi: int) -> HistoricDate:
    """The date that `parse` made of the normalised *edtf*, by its stored keys.

    Half of reading a stored entry was parsing its date, where there are too many to
    remember (``python -m tests.bench pages``).
    """
    return HistoricDate(
        edtf=edtf,
        lo=lo,
        hi=hi,
        sort_key=hi if lo == -OPEN else lo,
        approximate="~" in edtf or "%" in edtf,
        uncertain="?" in edtf or "%" in edtf,
        told=lambda: parse(edtf).form,
    )


def from_instant(instant: datetime) -> HistoricDate:
    """The UTC day in which an aware *instant* lies.

    Raises:
        ValueError: The instant has no zone.
    """
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a zone")
    return parse(instant.astimezone(UTC).date().isoformat())


def read(text: str) -> HistoricDate | None:
    """The date that *text* states; None if it is none that is taken."""
    if len(text) > MAX_LENGTH:
        return None
    if "/" in text:
        return _read_interval(text)
    if text.startswith("["):
        return _read_set(text)
    piece = _read_piece(text)
    return make_date(piece.edtf, piece, piece.mark) if piece else None


def _read_interval(text: str) -> HistoricDate | None:
    start, _, end = text.partition("/")
    first, last = _read_piece(start), _read_piece(end)
    form: Form
    if first and last:
        # Only when the last second of the end comes before the first of the
        # start: 2025-07-26/2025-07 is fine.
        if last.hi < first.lo:
            return None
        form = Between(first, last)
        return make_date(f"{first.edtf}/{last.edtf}", form, first.mark + last.mark)
    if first and end in ("", ".."):
        form = From(first, open_end=end == "..")
        return make_date(f"{first.edtf}/{end}", form, first.mark)
    if last and start in ("", ".."):
        form = UpTo(last, open_start=start == "..")
        return make_date(f"{start}/{last.edtf}", form, last.mark)
    return None


def _read_set(text: str) -> HistoricDate | None:
    """The set without its repetitions, earliest and longest first."""
    if not text.endswith("]"):
        return None
    pieces = {}
    for member in text[1:-1].split(","):
        piece = _read_piece(member)
        if piece is None:
            return None
        pieces[piece.edtf] = piece
    if len(pieces) < 2:
        return None
    members = sorted(pieces.values(), key=lambda p: (p.lo, -p.hi, p.edtf))
    return make_date(
        f"[{','.join(piece.edtf for piece in members)}]",
        OneOf(tuple(members)),
        "".join(piece.mark for piece in members),
    )


def _read_piece(text: str) -> Piece | None:
    if found := _DATE.fullmatch(text):
        return _read_date(text, *found.groups())
    if found := _INSTANT.fullmatch(text):
        return _read_instant(found)
    if found := _UNKNOWN_YEARS.fullmatch(text):
        century, decade, mark = found.groups()
        if decade is None:
            return _months(text, Kind.CENTURY, int(century) * 100, 1, 1_200, mark)
        return _months(text, Kind.DECADE, int(century + decade) * 10, 1, 120, mark)
    if found := _FAR_YEAR.fullmatch(text):
        year = int(found[1])
        if abs(year) <= MAX_YEAR:
            return _months(text, Kind.YEAR, year, 1, 12, found[2])
    return None


def _read_date(
    text: str, years: str, part: str | None, day: str | None, mark: str
) -> Piece | None:
    year = int(years)
    # The year before 1 is 0000: ISO 8601 has no -0000.
    if year == 0 and years[0] == "-":
        return None
    if part is None:
        return _months(text, Kind.YEAR, year, 1, 12, mark)
    if part not in _PARTS_OF_YEAR:
        return None
    kind, nth, month, count = _PARTS_OF_YEAR[part]
    if day is None:
        return _months(text, kind, year, month, count, mark, nth)
    if day == "XX":
        if kind is Kind.MONTH:
            return _months(text, Kind.SOME_DAY, year, month, count, mark, nth)
        if kind is Kind.SOME_MONTH:
            return _months(text, Kind.SOME_DAY_OF_YEAR, year, month, count, mark)
        return None
    if kind is not Kind.MONTH or not 1 <= int(day) <= month_days(year, month):
        return None
    lo = day_number(year, month, int(day)) * DAY_S
    return Piece(text, Kind.DAY, lo, lo + DAY_S - 1, year, month, int(day), mark)


def _read_instant(found: re.Match[str]) -> Piece | None:
    """The instant, with the seconds filled in and a zero offset written ``Z``."""
    years, months, days, hours, minutes, seconds, _, sign, *shift = found.groups("00")
    shift_hours, shift_minutes = shift
    if hours > "23" or minutes > "59" or seconds > "59":
        return None
    # datetime.fromisoformat would turn +08:60 into +09:00.
    if shift_hours > "23" or shift_minutes > "59":
        return None
    day = _read_date("", years, months, days, "")
    if day is None:
        return None
    shift_s = (int(shift_hours) * 60 + int(shift_minutes)) * 60
    offset = f"{sign}{shift_hours}:{shift_minutes}" if shift_s else "Z"
    local = day.lo + (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    at = local + shift_s if sign == "-" else local - shift_s
    edtf = f"{years}-{months}-{days}T{hours}:{minutes}:{seconds}{offset}"
    return Piece(edtf, Kind.INSTANT, at, at, day.year, day.part, day.day)


def _months(
    text: str, kind: Kind, year: int, month: int, count: int, mark: str, nth: int = 0
) -> Piece:
    """The piece that lasts *count* months from *month* of *year* on."""
    return Piece(text, kind, *months_bounds(year, month, count), year, nth, mark=mark)
