"""Calendar units of one level, numbered from 1970: what is counted together. Pure."""

from typing import Literal, TypeAlias

from events.dates.days import DAY_S, civil, day_number

Level: TypeAlias = Literal["day", "month", "year", "decade"]

LEVELS: tuple[Level, ...] = ("day", "month", "year", "decade")
"""From the finest to the coarsest."""


def unit_of(level: Level, epoch_s: int) -> int:
    """The unit in which this second lies; 0 holds 1970-01-01, earlier ones are less."""
    return dict(units_of(epoch_s))[level]


def units_of(epoch_s: int) -> tuple[tuple[Level, int], ...]:
    """The unit of every level in which this second lies: `unit_of`, in one go."""
    year, month, _ = civil(epoch_s)
    return (
        ("day", epoch_s // DAY_S),
        ("month", (year - 1970) * 12 + month - 1),
        ("year", year - 1970),
        ("decade", year // 10 - 197),
    )


def unit_start(level: Level, unit: int) -> int:
    """First second of a unit."""
    if level == "day":
        return unit * DAY_S
    if level == "month":
        years, month = divmod(unit, 12)
        return day_number(1970 + years, month + 1, 1) * DAY_S
    if level == "year":
        return day_number(1970 + unit, 1, 1) * DAY_S
    return day_number(1970 + unit * 10, 1, 1) * DAY_S
