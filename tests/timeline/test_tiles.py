"""A tile holds what Python finds in the folded entries, at any moment."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import dates
from events.dates import DAY_S
from tests.builders import corrected, recorded, retracted
from tests.timeline.counts import check_tiles
from tests.timeline.test_moments import DAYS, Model, filters, known_on, stories
from timeline.projections import AsOf, Filter, Known, Moment, State, fold
from timeline.store import TILE_MARKS, Tile, find, ranges, tiles

QUIET = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=["all", "best of few", "sorted", "picked"])
def way(request, monkeypatch):
    """However a tile is found, it holds the same."""
    if request.param != "all":
        monkeypatch.setattr(tiles, "TILE_MARKS", 2)
    if request.param == "picked":
        monkeypatch.setattr(tiles, "FEW", -1)
        monkeypatch.setattr(tiles, "FEW_OF_A_UNIT", 0)
    if request.param in ("sorted", "picked"):
        monkeypatch.setattr(tiles, "FEW_IN_ALL", -1)
        monkeypatch.setattr(tiles, "CAP", 1)
        monkeypatch.setattr(ranges, "EARLY", -1)
        monkeypatch.setattr(find, "LATE", -1)


@QUIET
@given(
    events=stories(),
    cut=st.integers(0, 18),
    moment=st.one_of(
        st.none(),
        st.integers(0, 18).map(AsOf),
        st.sampled_from([*DAYS, "2024-01-01", "2026-11-25", "1960"]).map(
            lambda day: Known(dates.parse(day).hi // DAY_S)
        ),
    ),
    wanted=filters(),
)
def test_a_tile_counts_and_picks_what_python_does(
    tmp_path_factory, way, events, cut, moment, wanted
):
    """Whatever was corrected, revised or retracted, and for any filter."""
    model = Model(tmp_path_factory.mktemp("model"), events, cut)
    try:
        entries = [
            entry
            for history in model.histories().values()
            if (entry := folded(history, moment))
        ]
        with model.store.snapshot(moment) as snapshot:
            for one in (Filter(), wanted):
                check_tiles(snapshot, one, [*filter(one.matches, entries)])
    finally:
        model.close()


def folded(history, moment: Moment | None):
    match moment:
        case None:
            return fold(history)
        case AsOf(position):
            return fold([one for one in history if one.position <= position])
        case Known(day):
            return known_on(history, day)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A thousand entries of June 2025, more on the first days, and some around them."""
    events = []
    for number in range(1_000):
        day = 1 + number // 5 % 30 if number % 5 == 0 else 1 + number % 2
        events.append(
            recorded(
                f"e{number:03}",
                occurred=f"2025-06-{day:02}",
                importance=50 + (number * 7) % 40,
                category="xy"[number % 2],
                actors=["Nvidia"] if number % 3 else ["Huawei"],
            )
        )
    events += [
        recorded("since", occurred="1999-01-01/..", importance=99),
        recorded("until", occurred="/2040-01-01", importance=98),
        recorded("year", occurred="2025", importance=97),
        recorded("last-year", occurred="2024", importance=100),
        recorded("century", occurred="20XX", importance=96),
        recorded("gone", occurred="2025-06-04", importance=100),
        retracted("gone"),
        recorded("moved", occurred="2025-06-04", importance=100),
        corrected("moved", occurred="2031-07-04"),
    ]
    model = Model(tmp_path_factory.mktemp("crowd"), events)
    yield model
    model.close()


def june(model: Model, wanted: Filter | None = None) -> Tile:
    """The tile of days that holds it: from 16 May to 18 July."""
    unit = dates.unit_of("day", dates.parse("2025-06-01").lo)
    with model.store.snapshot() as snapshot:
        return snapshot.tile(wanted or Filter(), "day", unit // 64)


def test_of_many_entries_every_day_has_its_most_important_one(crowd):
    """Otherwise the two days on which most happened would fill the list."""
    tile = june(crowd)

    assert len(tile.entries) == TILE_MARKS
    assert {entry.occurred.edtf for entry in tile.entries} >= {
        f"2025-06-{day:02}" for day in range(1, 31)
    }
    assert [entry.importance for entry in tile.entries] == sorted(
        (entry.importance for entry in tile.entries), reverse=True
    )
    assert not tile.capped


def test_what_reaches_into_a_tile_is_shown_in_it_but_counted_where_it_stands(crowd):
    tile = june(crowd)
    ids = {entry.id for entry in tile.entries}

    assert ids >= {"since", "until", "year", "century", "gone"}
    assert not ids & {"moved", "last-year"}
    assert sum(sum(cell.values()) for cell in tile.cells.values()) == 1_001


def test_numbers_that_are_not_all_are_told_to_be_capped(crowd, monkeypatch):
    """The most important ones are shown all the same."""
    of_nvidia = Filter(actor=("nvidia",))
    everything = june(crowd, of_nvidia)
    monkeypatch.setattr(tiles, "CAP", 100)

    capped = june(crowd, of_nvidia)

    assert capped.capped
    assert not everything.capped
    assert capped.entries == everything.entries
    assert sum(sum(cell.values()) for cell in capped.cells.values()) == 100


@pytest.mark.parametrize(
    ("wanted", "moment", "index"),
    [
        (Filter(), None, "entries_at_times"),
        (Filter(category=("x",)), None, "entries_by_category"),
        (Filter(actor=("nvidia",)), None, "PRIMARY KEY"),
        (Filter(state=(State.HAPPENED,)), None, "entries_by_state"),
        (Filter(start=dates.parse("2025")), None, "entries_by_span"),
        (Filter(), AsOf(900), "entries_at_times"),
        (Filter(), Known(40_000), "entries_at_times"),
    ],
)
def test_a_tile_is_read_from_indexes(crowd, monkeypatch, wanted, moment, index):
    """The most important ones in their order; nothing walks over the table."""
    monkeypatch.setattr(ranges, "EARLY", -1)
    with crowd.store.snapshot(moment) as snapshot:
        plan = snapshot.explain_tile(wanted, "day", 316)

    steps = [step for one in plan.values() for step in one]
    assert any(index in step for step in plan["inside"]), plan
    assert any("entries_by_importance" in step for step in plan["best"]), plan
    assert any("entries_by_long_span" in step for step in plan["outside"]), plan
    assert not any(step.startswith("SCAN e") for step in steps), plan
    assert not any("TEMP B-TREE" in step for step in plan["best"]), plan
