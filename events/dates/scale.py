"""Which calendar units make good bars for a stretch of time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from math import log

from events.dates.days import civil, day_of
from events.dates.edtf import parse
from events.dates.historic import MAX_YEAR, HistoricDate
from events.dates.units import LEVELS, Level, unit_of, unit_start

_STEPS: dict[Level, tuple[int, ...]] = {"day": (1, 7), "month": (1, 3), "year": (1, 2)}


@dataclass(frozen=True, slots=True)
class Scale:
    """Bars of *step* units of *level*, from *first* to *last* inclusive.

    Attributes:
        origin: Unit with which bar 0 begins; 0 is that of 1970.
    """

    level: Level
    step: int
    first: int
    last: int
    origin: int = 0

    @property
    def bars(self) -> int:
        """How many there are."""
        return self.last - self.first + 1

    @property
    def units(self) -> tuple[int, int]:
        """The first and the last unit of all bars."""
        end = self.origin + (self.last + 1) * self.step - 1
        return self.origin + self.first * self.step, end

    def bar_of(self, epoch_s: int) -> int:
        """The bar in which this second lies."""
        return self.bar_with(unit_of(self.level, epoch_s))

    def bar_with(self, unit: int) -> int:
        """The bar to which *unit* belongs."""
        return (unit - self.origin) // self.step

    def start(self, bar: int) -> int:
        """First second of a bar."""
        return unit_start(self.level, self.origin + bar * self.step)

    def bounds(self, bar: int) -> tuple[HistoricDate, HistoricDate]:
        """First and last date of a bar, as an address says them.

        Whole years where EDTF has no shorter date: before 0 and after 9999.
        """
        lo, hi = self.start(bar), self.start(bar + 1) - 1
        (year, month, _), (last_year, last_month, _) = civil(lo), civil(hi)
        if year >= 0 and last_year <= 9_999:
            if self.level == "day":
                return parse(day_of(lo)), parse(day_of(hi))
            if self.level == "month":
                first = parse(f"{year:04}-{month:02}")
                return first, parse(f"{last_year:04}-{last_month:02}")
        return parse(_year_text(year)), parse(_year_text(last_year))

    def gathered(
        self, cells: Mapping[int, Mapping[str, int]]
    ) -> dict[int, dict[str, int]]:
        """Numbers by unit and category put together by bar."""
        bars: dict[int, dict[str, int]] = {}
        for unit, cell in cells.items():
            bar = bars.setdefault(self.bar_with(unit), {})
            for category, number in cell.items():
                bar[category] = bar.get(category, 0) + number
        return bars


def scale_between(first_s: int, last_s: int, *, least: int, most: int) -> Scale:
    """Single units, of which between these seconds there are neither few nor many.

    More than *most* only if there is no level that has less; tens of decades and so
    on where there are many of them.
    """

    def strain(one: Scale) -> float:
        return max(log(least / one.bars), log(one.bars / most), 0.0)

    scales = (_scale(level, 1, first_s, last_s) for level in LEVELS)
    best = min(scales, key=strain)
    while best.bars > most and best.level == "decade":
        best = _scale("decade", best.step * 10, first_s, last_s)
    return best


def scale_upto(first_s: int, last_s: int, *, most: int) -> Scale:
    """The finest bars between these seconds of which there are at most *most*."""
    for level, steps in _STEPS.items():
        for step in steps:
            scale = _scale(level, step, first_s, last_s)
            if scale.bars <= most:
                return scale
    first, last = unit_of("decade", first_s), unit_of("decade", last_s)
    for step in (digit * 10**zeros for zeros in count() for digit in (1, 2, 5)):
        scale = _scale("decade", step, first_s, last_s)
        if scale.bars <= most:
            return scale
        if step > last - first:  # which 1970 lies in the middle of
            return Scale("decade", last - first + 1, 0, 0, origin=first)
    raise AssertionError  # the steps never end


def _scale(level: Level, step: int, first_s: int, last_s: int) -> Scale:
    first, last = unit_of(level, first_s), unit_of(level, last_s)
    return Scale(level, step, first // step, last // step)


def _year_text(year: int) -> str:
    year = max(-MAX_YEAR, min(year, MAX_YEAR))  # wide bars go beyond all dates
    if abs(year) > 9_999:
        return f"Y{year}"
    return f"{year:05}" if year < 0 else f"{year:04}"
