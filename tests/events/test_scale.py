"""Bars of whole calendar units over any stretch of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.dates import (
    REACH,
    Scale,
    parse,
    scale_between,
    scale_upto,
    unit_of,
)

SECONDS = st.integers(*REACH)
STRETCHES = st.tuples(SECONDS, SECONDS).map(sorted)


@given(STRETCHES, st.integers(1, 500))
def test_no_more_bars_are_made_than_asked_for_and_they_hold_all(stretch, most):
    first, last = stretch
    scale = scale_upto(first, last, most=most)

    assert 1 <= scale.bars <= most
    assert scale.bar_of(first) == scale.first
    assert scale.bar_of(last) == scale.last
    assert scale.start(scale.first) <= first
    assert last < scale.start(scale.last + 1)
    assert scale.units[0] <= unit_of(scale.level, first)
    assert unit_of(scale.level, last) <= scale.units[1]


@given(STRETCHES)
def test_a_bar_is_said_by_the_dates_of_its_ends(stretch):
    """In whole years where EDTF writes none but years."""
    scale = scale_upto(*stretch, most=20)
    for bar in (scale.first, scale.last):
        first, last = scale.bounds(bar)
        start, end = scale.start(bar), scale.start(bar + 1) - 1
        if REACH[0] <= start and end <= REACH[1]:  # wide bars go beyond all dates
            assert first.lo <= start
            assert last.hi >= end
            if scale.level in ("year", "decade"):
                assert (first.lo, last.hi) == (start, end)


@pytest.mark.parametrize(
    ("first", "last", "most", "level", "step", "bars"),
    [
        ("2025-07-01", "2025-07-31", 100, "day", 1, 31),
        ("2025-01-01", "2025-12-31", 100, "day", 7, 53),
        ("2025-01-01", "2025-12-31", 12, "month", 1, 12),
        ("2019", "2025", 40, "month", 3, 28),
        ("1900", "1999", 60, "year", 2, 50),
        ("-0499", "2025", 1, "decade", 253, 1),
    ],
)
def test_bars_are_the_finest_that_fit(first, last, most, level, step, bars):
    scale = scale_upto(parse(first).lo, parse(last).hi, most=most)

    assert (scale.level, scale.step, scale.bars) == (level, step, bars)


@given(STRETCHES)
def test_between_few_and_many_bars_there_is_a_scale_for_any_stretch(stretch):
    scale = scale_between(*stretch, least=24, most=120)

    assert scale.bars <= 366
    assert scale.start(scale.first) <= stretch[0]
    assert stretch[1] < scale.start(scale.last + 1)


def test_numbers_of_units_are_put_together_by_bar():
    cells = {0: {"x": 1}, 1: {"x": 2, "y": 1}, -1: {"": 4}}

    assert Scale("decade", 2, -1, 0).gathered(cells) == {
        0: {"x": 3, "y": 1},
        -1: {"": 4},
    }
