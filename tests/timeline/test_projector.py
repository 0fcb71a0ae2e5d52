"""The read model follows the log, whatever happens on the way."""

from collections.abc import Callable, Iterator
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
from timeline.projections import VERSION, Entry, Filter, State, fold
from timeline.projector import Projector
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
