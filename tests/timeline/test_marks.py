"""How an entry stands in the picture."""

import pytest
from hypothesis import given

from events import dates
from events.dates import OPEN
from events.model import NewEvent
from tests.builders import (
    cancelled,
    corrected,
    fulfilled,
    history,
    recorded,
    revised,
)
from tests.timeline.test_moments import stories
from timeline.projections import Entry, fold
from timeline.tellings import Keeping, Mark, Shape, mark_of


def entry_of(*events) -> Entry:
    entry = fold(history(*events))
    assert entry is not None
    return entry


def marked(*events) -> Mark:
    return mark_of(entry_of(*events))


def first(text: str) -> int:
    return dates.parse(text).lo


def last(text: str) -> int:
    return dates.parse(text).hi


@pytest.mark.parametrize(
    ("occurred", "shape"),
    [
        ("2025-07-26", Shape.INSTANT),
        ("2025-07-26T01:00:00Z", Shape.INSTANT),
        ("2025-07-26~", Shape.INSTANT),
        ("2025-07", Shape.PERIOD),
        ("2025-07-XX", Shape.PERIOD),
        ("2025-24", Shape.PERIOD),
        ("201X", Shape.PERIOD),
        ("[2025-07-26,2025-07-27]", Shape.PERIOD),
        ("2025-07-26/2025-07-28", Shape.PERIOD),
        ("2025-07/2025-09", Shape.FUZZY),
        ("2025-07-26/2025-09", Shape.FUZZY),
        ("/2025-12-31", Shape.FUZZY),
        ("2025-07-26/", Shape.FUZZY),
        ("2025-07-26/..", Shape.ONGOING),
        ("../2025-12-31", Shape.PERIOD),
    ],
)
def test_the_shape_follows_from_how_well_a_date_is_known(occurred, shape):
    assert marked(recorded(occurred=occurred)).shape is shape


@pytest.mark.parametrize(
    ("occurred", "core"),
    [
        ("2025-07-26", None),
        ("2025-07", None),
        ("[2025-07-26,2025-07-27]", None),
        ("2025-07-26/2025-07-28", ("2025-07-26", "2025-07-28")),
        ("2025-07/2025-09", ("2025-07-31", "2025-09-01")),
        ("2025-07/2025-07", None),
        ("/2025-12-31", ("2025-12-31", "2025-12-31")),
        ("../2025-12-31", None),
        ("2025-07-26/..", None),
    ],
)
def test_what_is_covered_for_certain_is_told(occurred, core):
    bounds = core and (first(core[0]), last(core[1]))

    assert marked(recorded(occurred=occurred)).core == bounds


def test_open_bounds_are_none():
    unknown = marked(recorded(occurred="/2025-12-31")).place
    ongoing = marked(recorded(occurred="2025-07-26/..")).place

    assert (unknown.lo, unknown.hi) == (None, last("2025-12-31"))
    assert (ongoing.lo, ongoing.hi) == (first("2025-07-26"), None)


PROMISE = recorded("glasses", occurred="../2025-12-31", said="2025-07-26", awaited=True)


def test_a_promise_is_a_window_from_the_day_it_was_made_to_its_deadline():
    mark = marked(PROMISE)

    assert mark.shape is Shape.DEADLINE
    assert mark.awaited
    assert mark.window == mark.place
    assert (mark.place.lo, mark.place.hi) == (first("2025-07-26"), last("2025-12-31"))
    assert mark.kept is None


@pytest.mark.parametrize(
    ("occurred", "kept"),
    [
        ("2025-11-27", Keeping.IN_TIME),
        ("2026-01-05", Keeping.LATE),
        ("2025", Keeping.IN_TIME),
        ("2025-12/2026-01", None),
    ],
)
def test_what_was_promised_stands_where_it_happened_in_its_window(occurred, kept):
    mark = marked(PROMISE, fulfilled("glasses", occurred=occurred))

    assert mark.place.occurred.edtf == occurred
    assert mark.window is not None
    assert (mark.window.lo, mark.window.hi) == (first("2025-07-26"), last("2025-12-31"))
    assert mark.kept is kept
    assert not mark.awaited


def test_a_promise_that_slipped_opens_on_the_day_that_was_said():
    mark = marked(
        PROMISE,
        revised("glasses", occurred="../2026-03-31", said="2025-12-20"),
        fulfilled("glasses", occurred="2026-02-01"),
    )

    assert mark.window is not None
    assert (mark.window.lo, mark.window.hi) == (first("2025-12-20"), last("2026-03-31"))
    assert mark.ghost is not None
    assert mark.ghost.kind == "revised"
    assert mark.ghost.place.occurred.edtf == "../2025-12-31"
    assert mark.ghost.place.lo == first("2025-07-26")


def test_a_promise_that_was_called_off_is_awaited_no_longer():
    mark = marked(PROMISE, cancelled("glasses"))

    assert not mark.awaited
    assert mark.window == mark.place


def test_a_correction_leaves_a_ghost_where_the_mark_stood():
    mark = marked(
        recorded("expo", occurred="2025-07-28"),
        corrected("expo", occurred="2025-08-02"),
        corrected("expo", title="Expo"),
    )

    assert mark.ghost is not None
    assert mark.ghost.kind == "corrected"
    assert (mark.ghost.place.lo, mark.ghost.place.hi, mark.ghost.place.at) == (
        first("2025-07-28"),
        last("2025-07-28"),
        first("2025-07-28"),
    )


def test_a_correction_of_what_was_revised_since_moves_nothing():
    """It stood on 2 August before, not on the day that was wrong."""
    mark = marked(
        recorded("expo", occurred="2025-07-28"),
        revised("expo", occurred="2025-08-02"),
        corrected("expo", corrects=1, occurred="2025-07-27"),
    )

    assert mark.ghost is not None
    assert mark.ghost.kind == "revised"
    assert mark.place.occurred.edtf == "2025-08-02"


def test_what_never_moved_has_no_ghost():
    assert marked(PROMISE).ghost is None
    assert marked(PROMISE, revised("glasses", title="Glasses")).ghost is None


@given(stories())
def test_every_entry_has_a_mark_within_its_bounds(events):
    stories_of: dict[str, list[NewEvent]] = {}
    for event in events:
        stories_of.setdefault(event.entry, []).append(event)
    for told in stories_of.values():
        entry = entry_of(*told)
        mark = mark_of(entry)
        lo = -OPEN if mark.place.lo is None else mark.place.lo
        hi = OPEN if mark.place.hi is None else mark.place.hi
        assert (lo, hi, mark.place.at) == (entry.lo, entry.hi, entry.sort_key)
        if mark.core is not None:
            assert lo <= mark.core[0] <= mark.core[1] <= hi
        assert mark.window is None or entry.awaited or entry.promised
        assert mark.kept is None or entry.promised
