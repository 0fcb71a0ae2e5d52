"""The read model follows the log, whatever happens on the way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.model import NewEvent, RecordedEvent
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import (
    FixedClock,
    cancelled,
    corrected,
    fulfilled,
    postponed,
    recorded,
    retracted,
    revised,
    view_defined,
    view_removed,
)
from tests.events import scripts
from tests.waiting import eventually
from timeline.app import open_timeline
from timeline.projections import VERSION, Entry, Filter, State, fold
from timeline.projector import Follower, Projector
from timeline.schemas import Wanted, parse_append
from timeline.store import Checkpoint, Snapshot, ViewStore

Model = tuple[SqliteEventLog, ViewStore, Projector]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[], Model]]:
    """Open log, store and projector over one folder, as a process would."""
    opened: list[Model] = []

    def open_model() -> Model:
        log = SqliteEventLog(open_events_db(tmp_path / "events.db"), clock=FixedClock())
        store = ViewStore(tmp_path)
        projector = Projector(log, store, folder=tmp_path)
        projector.start()
        opened.append((log, store, projector))
        return opened[-1]

    yield open_model
    for log, store, _ in opened:
        store.close()
        log.close()


def everything(snapshot: Snapshot) -> list[Entry]:
    return list(snapshot.page(Filter(), order="asc", limit=10_000).entries)


def in_order(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.sort_key, -entry.hi, entry.id))


def histories_of(log: SqliteEventLog) -> dict[str, list[RecordedEvent]]:
    histories: dict[str, list[RecordedEvent]] = {}
    for event in log.read(after=0, limit=10_000):
        histories.setdefault(event.entry, []).append(event)
    return histories


def test_what_was_appended_is_on_the_page_after_catching_up(make):
    log, store, projector = make()
    log.append([recorded("moon"), recorded("mars", occurred="1976-07-20")])

    projector.catch_up()

    with store.snapshot() as snapshot:
        assert [entry.id for entry in everything(snapshot)] == ["moon", "mars"]
        assert snapshot.position == 2


def test_the_longer_window_comes_first_where_two_begin_together(make):
    """July 2025 stands before 1 July (dates.md, "Keys, order, overlap")."""
    log, store, projector = make()
    log.append(
        [
            recorded("day", occurred="2025-07-01"),
            recorded("month", occurred="2025-07"),
            recorded("deadline", occurred="../2025-06-30", said="2025-01-01"),
        ]
    )
    projector.catch_up()

    with store.snapshot() as snapshot:
        assert [e.id for e in everything(snapshot)] == ["deadline", "month", "day"]


def test_a_page_goes_on_where_the_one_before_ended_in_both_orders(make):
    log, store, projector = make()
    log.append(
        [recorded(f"e{n}", occurred=f"2025-07-{n % 9 + 1:02}") for n in range(25)]
    )
    projector.catch_up()

    with store.snapshot() as snapshot:
        for order in ("asc", "desc"):
            found: list[str] = []
            cursor = None
            while True:
                page = snapshot.page(Filter(), order=order, limit=4, start=cursor)
                found += [entry.id for entry in page.entries]
                if (cursor := page.next) is None:
                    break
            expected = [entry.id for entry in everything(snapshot)]
            assert found == (expected if order == "asc" else expected[::-1])


def test_links_are_found_from_the_entry_they_point_to(make):
    log, store, projector = make()
    log.append(
        [
            recorded("rule"),
            recorded("stop", links=[{"rel": "suspends", "entry": "rule"}]),
        ]
    )
    projector.catch_up()
    with store.snapshot() as snapshot:
        (back,) = snapshot.backlinks("rule")
        assert (back.rel, back.entry.id) == ("suspends", "stop")

    log.append([corrected("stop", links=None)])
    projector.catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.backlinks("rule") == []


def test_a_view_is_as_it_was_defined_last_until_it_is_removed(make):
    log, store, projector = make()
    log.append([view_defined("space", title="Old"), view_defined("space", title="New")])
    projector.catch_up()
    with store.snapshot() as snapshot:
        assert [view.title for view in snapshot.views()] == ["New"]

    log.append([view_removed("space")])
    projector.catch_up()
    with store.snapshot() as snapshot:
        assert snapshot.views() == []
        view = snapshot.view("space")
        assert view is not None
        assert view.removed


def test_newest_gives_the_latest_change_first(make):
    log, store, projector = make()
    log.append(
        [recorded("a"), recorded("b"), recorded("c"), corrected("a", title="A2")]
    )
    projector.catch_up()

    with store.snapshot() as snapshot:
        newest = snapshot.newest(Filter(), limit=2)
    assert [entry.id for entry in newest] == ["a", "c"]


@pytest.mark.parametrize("deliveries", [1, 2])
def test_events_delivered_twice_lead_to_the_same_rows(make, deliveries):
    """Two processes may read the same events; the second one's rows are refused."""
    log, store, projector = make()
    log.append([recorded("moon"), corrected("moon", title="The Moon")])
    events = log.read(after=0, limit=10)
    rows = projector._rows(events)

    took = [
        store.apply(rows, after=0, upto=2, leaf_hash=events[-1].leaf_hash)
        for _ in range(deliveries)
    ]

    assert took == [True, False][:deliveries]
    with store.snapshot() as snapshot:
        assert [entry.title for entry in everything(snapshot)] == ["The Moon"]


# -- noticing that the model is not this log's -------------------------------------


def test_a_new_process_goes_on_where_the_last_one_stopped(make):
    log, _, _ = make()
    log.append([recorded("moon")])

    _, store, _ = make()

    assert store.checkpoint().position == 1


def test_a_model_of_older_projections_is_built_anew(make, tmp_path):
    log, store, _ = make()
    log.append([recorded("moon")])
    old = Checkpoint(VERSION - 1, log.identity().log_id, 0, b"")
    store.begin(old).publish()
    store.close()

    _, store, _ = make()

    assert store.checkpoint().projection == VERSION
    assert store.checkpoint().position == 1


def test_a_model_of_another_log_is_built_anew(make):
    log, store, _ = make()
    log.append([recorded("moon")])
    store.begin(Checkpoint(VERSION, "another", 0, b"")).publish()

    _, store, _ = make()

    assert store.checkpoint().log_id == log.identity().log_id


@pytest.mark.parametrize("hash_of_position", [(9, b"x" * 32), (1, b"x" * 32)])
def test_a_model_that_has_seen_other_events_is_built_anew(make, hash_of_position):
    """The log was restored from a backup: what the model saw is not there."""
    position, leaf_hash = hash_of_position
    log, store, _ = make()
    log.append([recorded("moon")])
    ahead = Checkpoint(VERSION, log.identity().log_id, position, leaf_hash)
    store.begin(ahead).publish()

    _, store, _ = make()

    assert store.checkpoint().position == 1
    with store.snapshot() as snapshot:
        assert [entry.id for entry in everything(snapshot)] == ["moon"]


@pytest.mark.parametrize("damage", ["garbage", "missing"])
def test_a_broken_model_is_built_anew(make, tmp_path, damage):
    log, store, _ = make()
    log.append([recorded("moon")])
    store.close()
    (name,) = tmp_path.glob("views-*.db")
    if damage == "garbage":
        name.write_bytes(b"not a database" * 1000)
    else:
        name.unlink()

    _, store, _ = make()

    with store.snapshot() as snapshot:
        assert [entry.id for entry in everything(snapshot)] == ["moon"]


def test_a_rebuild_is_seen_by_a_process_that_has_the_old_model_open(make, tmp_path):
    log, store, projector = make()
    log.append([recorded("moon")])
    projector.catch_up()
    _, _, other = make()

    other.rebuild()
    log.append([recorded("mars")])
    projector.catch_up()

    with store.snapshot() as snapshot:
        assert snapshot.position == 2
    assert [path.name for path in tmp_path.glob("views-*.db")] == ["views-2.db"]


# -- following --------------------------------------------------------------------


@pytest.fixture
def follow() -> Iterator[Callable[[Projector], Follower]]:
    """Start a follower of a projector; it ends with the test."""
    started: list[Follower] = []

    def start(projector: Projector) -> Follower:
        started.append(Follower(projector))
        started[-1].start()
        return started[-1]

    yield start
    for follower in started:
        follower.stop()


def followers() -> int:
    return sum(thread.name == "follower" for thread in threading.enumerate())


def test_a_follower_takes_in_what_another_process_appended(make, follow):
    """Without being asked for a page."""
    log, _, _ = make()
    _, store, projector = make()
    follower = follow(projector)

    for position in (1, 2):
        log.append([recorded(f"entry-{position}")])
        eventually(lambda: store.checkpoint().position == log.head())

    assert follower.follows()


def test_an_error_does_not_end_a_follower(make, follow, tmp_path, caplog):
    """Here somebody deletes the pointer to the model, and puts it back."""
    log, store, projector = make()
    follow(projector)
    pointer = (tmp_path / "views.current").rename(tmp_path / "aside")
    log.append([recorded("moon")])
    eventually(lambda: "lags behind" in caplog.text)

    pointer.rename(tmp_path / "views.current")

    eventually(lambda: store.checkpoint().position == 1)


def test_a_follower_stops_with_events_left_and_the_next_process_takes_them_in(
    make, follow
):
    log, store, projector = make()
    follower = follow(projector)
    log.append([recorded(f"entry-{number}") for number in range(3_000)])

    follower.stop()

    assert followers() == 0
    assert not follower.follows()
    assert store.checkpoint().position in range(0, 3_001, 500)
    _, again, _ = make()
    assert again.checkpoint().position == 3_000


def test_a_writer_reads_his_own_write_from_a_timeline_that_follows(timeline):
    timeline.follow()

    for number in range(1, 30):
        timeline.append(one_wanted(), author="editor")
        with timeline.snapshot() as snapshot:
            assert snapshot.count(Filter()).number == number
        assert timeline.tag().endswith(f"-{number}")


def test_closing_a_timeline_ends_its_follower_and_loses_nothing(settings):
    first = open_timeline(settings)
    first.follow()
    for _ in range(10):
        first.append(one_wanted(), author="editor")

    first.close()

    assert followers() == 0
    with closing(open_timeline(settings)) as second, second.snapshot() as snapshot:
        assert snapshot.position == 10


def one_wanted() -> list[Wanted]:
    return parse_append(
        b'{"type": "entry-recorded", "data": {"title": "Moon", "occurred": "1969"}}'
    )[0]


FORK = """
import os, sys
from pathlib import Path
from tests.timeline.test_projector import one_wanted
from tests.waiting import eventually
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.store import ViewStore

timeline = open_timeline(Settings(data=Path(sys.argv[1])))
timeline.follow()


def append_and_see_it_taken_in():
    timeline.append(one_wanted(), author="editor")
    store = ViewStore(Path(sys.argv[1]))
    eventually(lambda: store.checkpoint().position == timeline.head())
    store.close()


append_and_see_it_taken_in()
for _ in range(3):
    child = os.fork()
    append_and_see_it_taken_in()
    if child == 0:
        timeline.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status))
timeline.close()
"""


def test_parent_and_child_of_a_fork_both_follow(tmp_path):
    """Servers load the application and then fork their workers."""
    assert scripts.run(FORK, tmp_path) == ["0"] * 3


# -- properties --------------------------------------------------------------------

DATES = st.sampled_from(
    ["2025-07-26", "2025-07", "2025", "../2025-12-31", "2025-10-01/..", "2030", "1969~"]
)
SLUGS = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["One", "Two", "Straße", "café"])


@st.composite
def histories(draw: st.DrawFn) -> list[NewEvent]:
    """Any events that the service would let through, in an order it would allow."""
    events: list[NewEvent] = []
    states: dict[str, tuple[bool, bool]] = {}  # entry: (awaited, over)
    for _ in range(draw(st.integers(1, 25))):
        slug = draw(SLUGS)
        if slug not in states:
            awaited = draw(st.booleans())
            states[slug] = (awaited, False)
            events.append(
                recorded(
                    slug,
                    occurred=draw(DATES),
                    title=draw(TEXTS),
                    awaited=awaited,
                    actors=draw(st.lists(TEXTS, max_size=2, unique=True)),
                    category=draw(st.sampled_from(["x", "y"])),
                )
            )
            continue
        awaited, over = states[slug]
        kinds = ["correct"] if over else ["correct", "revise", "retract"]
        kinds += ["fulfil", "cancel", "postpone"] if awaited and not over else []
        match draw(st.sampled_from(kinds)):
            case "correct":
                events.append(corrected(slug, title=draw(TEXTS), occurred=draw(DATES)))
            case "revise":
                events.append(revised(slug, occurred=draw(DATES)))
            case "fulfil":
                events.append(fulfilled(slug, occurred="2025-11-27"))
                states[slug] = (False, False)
            case "cancel":
                events.append(cancelled(slug))
                states[slug] = (False, False)
            case "postpone":
                events.append(postponed(slug))
            case "retract":
                events.append(retracted(slug))
                states[slug] = (awaited, True)
    return events


FILTERS = st.builds(
    Filter,
    category=st.sampled_from([(), ("x",), ("x", "y")]),
    actor=st.sampled_from([(), ("one",), ("STRASSE", "CAFE\u0301")]),
    state=st.sampled_from([(), (State.OPEN,), (State.OVERDUE, State.HAPPENED)]),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=histories(), cut=st.integers(0, 25), wanted=FILTERS)
def test_any_history_gives_the_same_rows_in_any_batching(
    tmp_path_factory, events, cut, wanted
):
    """In two batches, in one, rebuilt, and folded in Python: all the same."""
    folder = tmp_path_factory.mktemp("model")
    log = SqliteEventLog(open_events_db(folder / "events.db"), clock=FixedClock())
    store = ViewStore(folder)
    projector = Projector(log, store, folder=folder)
    projector.start()
    try:
        for batch in (events[:cut], events[cut:]):
            if batch:
                log.append(batch)
                projector.catch_up()
        with store.snapshot() as snapshot:
            in_steps = everything(snapshot)
            found = snapshot.page(wanted, order="asc", limit=100).entries
        projector.rebuild()
        with store.snapshot() as snapshot:
            rebuilt = everything(snapshot)
        folded = [fold(history) for history in histories_of(log).values()]
    finally:
        store.close()
        log.close()

    assert in_steps == rebuilt == in_order([entry for entry in folded if entry])
    assert list(found) == [entry for entry in in_steps if wanted.matches(entry)]
