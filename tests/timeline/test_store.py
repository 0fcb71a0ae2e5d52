"""What the read model answers equals what Python finds in the folded entries."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import dates
from events.model import NewEvent
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import FixedClock, corrected, recorded, retracted, revised
from tests.timeline.counts import check_density, check_facets
from timeline.projections import AsOf, Entry, Filter, Known, State
from timeline.projector import Projector
from timeline.schemas import Cursor, Order
from timeline.store import Snapshot, ViewStore, ranges

DATES = (
    "2025-07-26",
    "2025-07-01/2025-07-03",
    "2025-07",
    "2025-36",
    "2025",
    "202X",
    "../2025-12-31",
    "../2025-07-10",
    "/2024-12-31",
    "2024-10-01/..",
    "1969-07-20T20:17:40Z",
    "-0044-03-15",
    "Y10000",
)
WORDS = ("chips", "Straße", "café", "Quark glasses", "rule 2023", "東京")
NAMES = ("Nvidia", "NVIDIA", "Huawei", "Straße")


@st.composite
def stories(draw: st.DrawFn) -> list[NewEvent]:
    """Entries of every kind of date, some corrected, revised or retracted."""
    events: list[NewEvent] = []
    for number in range(draw(st.integers(1, 12))):
        slug = f"e{number}"
        events.append(
            recorded(
                slug,
                title=draw(st.sampled_from(WORDS)),
                summary=draw(st.sampled_from(("", *WORDS))),
                occurred=draw(st.sampled_from(DATES)),
                said="2025-07-05",
                category=draw(st.sampled_from(["", "x", "y"])),
                actors=draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)),
                tags=draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)),
                awaited=draw(st.booleans()),
                importance=draw(st.sampled_from([0, 50, 50, 80])),
            )
        )
        match draw(st.sampled_from(["keep", "correct", "revise", "retract"])):
            case "correct":
                events.append(
                    corrected(
                        slug, category="z", title=draw(st.sampled_from(WORDS)), tags=[]
                    )
                )
            case "revise":
                events.append(revised(slug, occurred=draw(st.sampled_from(DATES))))
            case "retract":
                events.append(retracted(slug))
    return events


def bounds() -> st.SearchStrategy[dates.HistoricDate | None]:
    texts = ("2025-07", "2025-07-26", "2024", "1900", "2025-12-31", "9000")
    return st.sampled_from([None, *map(dates.parse, texts)])


def filters(*, within: bool = True) -> st.SearchStrategy[Filter]:
    return st.builds(
        Filter,
        q=st.sampled_from(
            ["", "", "", "CHIPS", "cafe", "strasse", "qua", '"quark glasses"', "20"]
        ),
        category=st.sampled_from([(), (), ("x",), ("x", "z"), ("none",)]),
        actor=st.sampled_from([(), (), ("nvidia",), ("Nvidia", "huawei"), ("no",)]),
        tag=st.sampled_from([(), (), ("STRASSE",), ("huawei", "nvidia")]),
        state=st.sampled_from(
            [(), (), (State.HAPPENED,), (State.OVERDUE, State.RETRACTED)]
        ),
        start=bounds(),
        end=bounds(),
        within=st.one_of(st.none(), filters(within=False)) if within else st.none(),
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stores")


class Model:
    """A store over the given events."""

    def __init__(self, folder: Path, events: Sequence[NewEvent]) -> None:
        self.log = SqliteEventLog(
            open_events_db(folder / "events.db"), clock=FixedClock()
        )
        self.store = ViewStore(folder)
        self.projector = Projector(self.log, self.store, folder=folder)
        self.projector.start()
        self.log.append(events)
        self.projector.catch_up()

    def close(self) -> None:
        self.store.close()
        self.log.close()


def walk(snapshot: Snapshot, wanted: Filter, order: Order, limit: int) -> list[str]:
    """The ids of all pages; each page is also found from the one behind it."""
    found: list[str] = []
    cursor: Cursor | None = None
    last: list[str] | None = None
    while True:
        page = snapshot.page(wanted, order=order, limit=limit, start=cursor)
        ids = [entry.id for entry in page.entries]
        if last is not None and page.previous is not None:
            before = snapshot.page_before(
                wanted, order=order, limit=limit, end=page.previous
            )
            assert [entry.id for entry in before.entries] == last
        found += ids
        last = ids
        if (cursor := page.next) is None:
            return found


QUIET = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@QUIET
@given(story=stories(), wanted=st.lists(filters(), min_size=1, max_size=4))
def test_any_filter_finds_what_it_finds_in_the_folded_entries(
    tmp_path_factory, story, wanted
):
    """In both orders, page by page both ways, counted, and newest first."""
    model = Model(tmp_path_factory.mktemp("model"), story)
    try:
        with model.store.snapshot() as snapshot:
            every = snapshot.page(Filter(), order="asc", limit=1_000).entries
            assert list(every) == in_order(every)
            for one in wanted:
                matching = [entry for entry in every if one.matches(entry)]
                ids = [entry.id for entry in matching]
                assert walk(snapshot, one, "asc", 3) == ids
                assert walk(snapshot, one, "desc", 3) == ids[::-1]
                assert snapshot.count(one).number == len(ids)
                newest = sorted(matching, key=lambda entry: -entry.position)
                assert snapshot.newest(one, limit=5) == newest[:5]
                check_facets(snapshot, one, matching)
                check_density(snapshot, one, matching)
    finally:
        model.close()


@QUIET
@given(story=stories())
def test_counts_kept_on_append_equal_those_of_a_rebuild(tmp_path_factory, story):
    """Corrections and retractions move an entry from one count to another."""
    model = Model(tmp_path_factory.mktemp("model"), story)
    try:
        kept = counted(model.store)
        model.projector.rebuild()
        assert counted(model.store) == kept
    finally:
        model.close()


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.sort_key, -entry.hi, entry.id))


def counted(store: ViewStore) -> object:
    with store.snapshot() as snapshot:
        return (
            [
                snapshot.facets(Filter(), kind, limit=100)
                for kind in ("category", "state", "actor", "place", "tag")
            ],
            [
                snapshot.density(Filter(), level, -(10**7), 10**7)
                for level in dates.LEVELS
            ],
            snapshot.count(Filter()),
        )


# -- plans -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(folders: Path) -> Iterator[Model]:
    model = Model(
        folders,
        [
            recorded(
                f"e{n}",
                occurred=DATES[n % len(DATES)],
                said="2025-07-05",
                category="xy"[n % 2],
                actors=[NAMES[n % 4]],
            )
            for n in range(300)
        ],
    )
    yield model
    model.close()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(), "entries_by_time"),
        (Filter(category=("x",)), "entries_by_category"),
        (Filter(state=(State.OVERDUE,)), "entries_by_state"),
        (Filter(actor=("Huawei",)), "PRIMARY KEY"),
        (Filter(start=dates.parse("2025"), end=dates.parse("2025")), "entries_by_span"),
        (Filter(q="moon"), "VIRTUAL TABLE INDEX"),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_page_is_read_from_an_index_in_its_order(small, wanted, index, order, deep):
    """Only a search sorts, and it is capped; nothing reads the whole table."""
    start = Cursor(0, 0, "m") if deep else None
    with small.store.snapshot() as snapshot:
        plan = snapshot.explain(wanted, order=order, start=start)

    assert any(index in step for step in plan), plan
    assert not any(
        step.startswith("SCAN e") and "INDEX" not in step
        for step in plan
        if not wanted.q
    ), plan


@pytest.mark.parametrize(
    ("moment", "early", "index"),
    [
        (AsOf(150), True, "entries_by_position"),
        (Known(40_000), True, "entries_by_said"),
        (AsOf(150), False, "entries_at_times"),
        (Known(40_000), False, "entries_at_times"),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("deep", [False, True])
def test_a_page_at_a_moment_is_read_from_an_index(
    small, monkeypatch, moment, early, index, order, deep
):
    """What there was early is sorted; behind that a page is read in its order."""
    if not early:
        monkeypatch.setattr(ranges, "EARLY", -1)
    start = Cursor(0, 0, "m") if deep else None
    with small.store.snapshot(moment) as snapshot:
        plan = snapshot.explain(Filter(), order=order, start=start)

    assert any(f"SEARCH e USING COVERING INDEX {index}" in step for step in plan), plan
    assert any("TEMP B-TREE" in step for step in plan) is early, plan
