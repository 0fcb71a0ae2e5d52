"""Calendar units, in which entries are counted together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.dates import LEVELS, day_of, parse, unit_of, unit_start, units_of

SECONDS = st.integers(-(10**8) * 366 * 86_400, 10**8 * 365 * 86_400)


@pytest.mark.parametrize(
    ("level", "date", "unit"),
    [
        ("day", "1970-01-01", 0),
        ("day", "1969-12-31", -1),
        ("month", "1970-01-01", 0),
        ("month", "1969-12-31", -1),
        ("month", "2025-07-26", 666),
        ("year", "2025-07-26", 55),
        ("decade", "1970-01-01", 0),
        ("decade", "1969-12-31", -1),
        ("decade", "2025-07-26", 5),
        ("year", "-0044-03-15", -2014),
    ],
)
def test_units_are_counted_from_1970(level, date, unit):
    assert unit_of(level, parse(date).lo) == unit


@given(SECONDS, st.sampled_from(LEVELS))
def test_a_second_lies_between_the_start_of_its_unit_and_of_the_next(second, level):
    unit = unit_of(level, second)

    assert unit_start(level, unit) <= second < unit_start(level, unit + 1)
    assert dict(units_of(second))[level] == unit


@given(st.integers(-10_000, 10_000), st.sampled_from(LEVELS))
def test_units_begin_with_a_first_day(unit, level):
    day = day_of(unit_start(level, unit))

    assert {
        "day": True,
        "month": day.endswith("-01"),
        "year": day.endswith("-01-01"),
        "decade": day.endswith("0-01-01"),
    }[level]
