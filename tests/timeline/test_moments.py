"""Any moment is answered as if the log had ended there, or nobody had said more yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import dates
from events.dates import DAY_S
from events.model import (
    EntryCorrected,
    EntryFulfilled,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    NewEvent,
    RecordedEvent,
    WindowClosed,
    WindowOpened,
)
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
    window_closed,
    window_opened,
)
from tests.timeline.counts import check_density, check_facets
from timeline.projections import (
    AsOf,
    Entry,
    Filter,
    Known,
    Moment,
    State,
    fold,
    merge_patch,
    told_by,
)
from timeline.projector import Projector
from timeline.schemas import Cursor, Order
from timeline.store import Snapshot, ViewStore, find, ranges

DAYS = (
    "2019-05-15",
    "2025-03-01",
    "2025-07-05",
    "2025-07-26",
    "2025-07",
    "2025-12-31",
    "1969-07-20",
    "2026-11",
    "2026-11-01/..",
)
DATES = (
    "2025-07-26",
    "2025-07",
    "2025",
    "../2025-12-31",
    "../2026-12-31",
    "/2024-12-31",
    "2024-10-01/..",
    "2027-01-01",
    "-0044-03-15",
    "2025-07-26T12:00:00Z",
)
WORDS = ("chips", "Straße", "Quark glasses", "rule 2023")
NAMES = ("Nvidia", "Huawei", "Straße")


@st.composite
def stories(draw: st.DrawFn) -> list[NewEvent]:
    """Entries whose events were said in any order, and corrected since."""
    events: list[NewEvent] = []
    versions: dict[str, list[str]] = {}
    for _ in range(draw(st.integers(1, 18))):
        slug = draw(st.sampled_from(["a", "b", "c", "d"]))
        said = draw(st.sampled_from(DAYS))
        told = versions.setdefault(slug, [])
        kinds = [
            "correct",
            "correct",
            "revise",
            "fulfil",
            "postpone",
            "cancel",
            "clock",
        ]
        if "retract" in told:
            kinds = ["correct"]
        kind = draw(st.sampled_from([*kinds, "retract"])) if told else "record"
        match kind:
            case "record":
                events.append(
                    recorded(
                        slug,
                        title=draw(st.sampled_from(WORDS)),
                        occurred=draw(st.sampled_from(DATES)),
                        said=said,
                        category=draw(st.sampled_from(["", "x", "y"])),
                        actors=draw(
                            st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
                        ),
                        awaited=draw(st.booleans()),
                        importance=draw(st.sampled_from([0, 50, 50, 80])),
                        links=[{"rel": "follows", "entry": "a"}],
                    )
                )
            case "correct":
                target = draw(
                    st.sampled_from([n for n, one in enumerate(told) if one in TELLING])
                )
                changes: dict[str, Any] = draw(corrections(told[target]))
                events.append(
                    corrected(slug, corrects=target + 1, changes=changes, said=said)
                )
            case "revise":
                changes = draw(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "occurred": st.sampled_from(DATES),
                            "title": st.sampled_from(WORDS),
                            "category": st.sampled_from(["x", "z"]),
                        },
                    ).filter(bool)
                )
                events.append(revised(slug, **changes, said=said))
            case "fulfil":
                occurred = draw(st.sampled_from(["2025-07-20", "2025-07"]))
                events.append(fulfilled(slug, occurred=occurred, said=said))
            case "postpone":
                events.append(postponed(slug, said=said))
            case "cancel":
                events.append(cancelled(slug, said=said))
            case "clock":
                version = draw(st.integers(1, len(told)))
                made = draw(st.sampled_from([window_opened, window_closed]))
                events.append(made(slug, bound="2025-07-26", set_by=version))
            case "retract":
                events.append(retracted(slug, said=said))
        told.append(kind)
    return events


TELLING = ("record", "revise", "fulfil", "postpone", "cancel")


def corrections(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    said: dict[str, st.SearchStrategy[Any]] = {"said": st.sampled_from(DAYS)}
    occurred: dict[str, st.SearchStrategy[Any]] = {"occurred": st.sampled_from(DATES)}
    fields: dict[str, st.SearchStrategy[Any]] = {}
    match kind:
        case "record" | "revise":
            fields = {
                **occurred,
                "title": st.sampled_from(WORDS),
                "actors": st.lists(st.sampled_from(NAMES), max_size=1),
            }
        case "fulfil":
            fields = occurred
    return st.fixed_dictionaries({}, optional={**fields, **said}).filter(bool)


def filters() -> st.SearchStrategy[Filter]:
    bounds = st.sampled_from(
        [None, None, *map(dates.parse, ("2025-07", "2024", "2026-06-01"))]
    )
    return st.builds(
        Filter,
        q=st.sampled_from(["", "", "chips", "qua"]),
        category=st.sampled_from([(), (), ("x",), ("x", "z")]),
        actor=st.sampled_from([(), (), ("nvidia",), ("Nvidia", "huawei")]),
        state=st.sampled_from(
            [(), (), (State.HAPPENED, State.OPEN), (State.OVERDUE, State.UPCOMING)]
        ),
        start=bounds,
        end=bounds,
    )


class Model:
    """A store over the given events, which were taken in in two batches."""

    def __init__(self, folder: Path, events: Sequence[NewEvent], cut: int = 0) -> None:
        clock = FixedClock()
        self.log = SqliteEventLog(open_events_db(folder / "events.db"), clock=clock)
        self.store = ViewStore(folder)
        self.projector = Projector(self.log, self.store, folder=folder)
        self.projector.start()
        for batch in (events[:cut], events[cut:]):
            if batch:
                clock.move(days=1)
                self.log.append(batch)
                self.projector.catch_up()

    def histories(self) -> dict[str, list[RecordedEvent]]:
        found: dict[str, list[RecordedEvent]] = {}
        for event in self.log.read(after=0, limit=10_000):
            found.setdefault(event.entry, []).append(event)
        return found

    def close(self) -> None:
        self.store.close()
        self.log.close()


QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=["early", "in order"])
def way(request, monkeypatch):
    """Both ways to find a page at a moment have to find the same."""
    if request.param == "in order":
        monkeypatch.setattr(ranges, "EARLY", -1)
        monkeypatch.setattr(find, "LATE", -1)


@QUIET
@given(
    events=stories(),
    cut=st.integers(0, 18),
    position=st.integers(0, 18),
    wanted=st.lists(filters(), min_size=1, max_size=3),
)
def test_a_position_is_answered_as_if_the_log_ended_there(
    tmp_path_factory, way, events, cut, position, wanted
):
    """However the events were batched, and for any filter."""
    model = Model(tmp_path_factory.mktemp("model"), events, cut)
    try:
        then = [
            entry
            for history in model.histories().values()
            if (entry := fold([one for one in history if one.position <= position]))
        ]
        check(model.store, AsOf(position), then, wanted)
    finally:
        model.close()


@QUIET
@given(
    events=stories(),
    cut=st.integers(0, 18),
    day=st.sampled_from([*DAYS, "2024-01-01", "2026-11-24", "2026-11-25", "1960"]),
    wanted=st.lists(filters(), min_size=1, max_size=3),
)
def test_a_day_is_answered_with_what_was_said_by_then(
    tmp_path_factory, way, events, cut, day, wanted
):
    """In the order it was said in, as corrected since (DESIGN.md, section 4)."""
    known = Known(dates.parse(day).hi // DAY_S)
    model = Model(tmp_path_factory.mktemp("model"), events, cut)
    try:
        then = [
            entry
            for history in model.histories().values()
            if (entry := known_on(history, known.day))
        ]
        check(model.store, known, then, wanted)
        for history in model.histories().values():
            told = [
                one.version
                for one in told_by(history, known.day)
                if not isinstance(one.event, EntryCorrected | EntryRetracted)
            ]
            assert told == said_by(history, known.day)[0]
    finally:
        model.close()


def test_what_a_correction_lets_be_known_earlier_is_found_on_its_day(tmp_path, way):
    """A correction of when a revision was said changes when what was before held."""
    events = [
        recorded("b", occurred="2024-10-01", said="1969-07-20"),
        revised("b", occurred="2025-07-26", said="1969-07-20"),
        corrected("b", corrects=2, changes={"said": "2019-05-15"}),
    ]
    model = Model(tmp_path, events, cut=2)
    try:
        with model.store.snapshot(Known(_day("2000-01-01"))) as snapshot:
            page = snapshot.page(Filter(), order="asc", limit=10)
            check_density(snapshot, Filter(), page.entries)
            known = [entry.occurred.edtf for entry in page.entries]
    finally:
        model.close()
    assert known == ["2024-10-01"]


def said_by(
    history: Sequence[RecordedEvent], day: int
) -> tuple[list[int], dict[int, Any], EntryRetracted | None]:
    """The versions said by then in order, what each tells, and a retraction."""
    facts: dict[int, Any] = {}
    said: dict[int, str] = {}
    retraction: EntryRetracted | None = None
    for one in history:
        event = one.event
        match event:
            case EntryCorrected(corrects=int(version), changes=changes):
                patch = {k: v for k, v in changes.items() if k != "said"}
                facts[version] = _corrected(facts[version], patch)
                said[version] = str(changes.get("said", said[version]))
            case EntryRetracted():
                retraction = event
            case WindowOpened() | WindowClosed():
                pass
            case _:
                facts[one.version] = event
                said[one.version] = event.said  # type: ignore[union-attr,assignment]
    # Nothing was made public later than it was recorded.
    public = {
        one.version: min(_day(said[one.version]), _day(str(one.recorded_at.date())))
        for one in history
        if one.version in facts
    }
    order = sorted(facts, key=lambda version: (public[version], version))
    told = {version: replace(facts[version], said=said[version]) for version in order}
    return [one for one in order if public[one] <= day], told, retraction


def known_on(history: Sequence[RecordedEvent], day: int) -> Entry | None:
    """By the rule itself: correct the events, sort them by what was said, fold."""
    by_then, facts, retraction = said_by(history, day)
    told = [
        replace(history[0], version=number, event=facts[version])
        for number, version in enumerate(by_then, start=1)
    ]
    if told and retraction is not None:
        told.append(replace(history[0], version=len(told) + 1, event=retraction))
    entry = fold(told)
    return replace(entry, state=entry.state_on(day)) if entry else None


def _corrected(fact: Any, patch: Mapping[str, Any]) -> Any:
    match fact:
        case EntryRecorded(fields=fields):
            merged: Any = merge_patch(fields, patch)
            return replace(fact, fields=merged)
        case EntryRevised(changes=changes):
            return replace(fact, changes={**changes, **patch})
        case EntryFulfilled():
            return replace(fact, **patch)
        case _:
            return fact


def _day(text: str) -> int:
    return dates.parse(text).hi // DAY_S


def seen(entry: Entry) -> tuple[object, ...]:
    """What is told of an entry, without when it was recorded."""
    return (
        entry.id,
        entry.fields,
        entry.occurred,
        (entry.lo, entry.hi),
        entry.state,
        entry.settled,
        entry.said,
        entry.promised,
        entry.ending,
        entry.sources,
    )


def check(
    store: ViewStore, moment: Moment, then: Sequence[Entry], wanted: Sequence[Filter]
) -> None:
    every = sorted(then, key=lambda entry: (entry.sort_key, -entry.hi, entry.id))
    with store.snapshot(moment) as snapshot:
        for one in (Filter(), *wanted):
            matching = [entry for entry in every if one.matches(entry)]
            for order in ("asc", "desc"):
                found = walk(snapshot, one, order)
                expected = matching if order == "asc" else matching[::-1]
                assert [*map(seen, found)] == [*map(seen, expected)]
            assert snapshot.count(one).number == len(matching)
            newest = snapshot.newest(one, limit=100)
            assert {entry.id for entry in newest} == {entry.id for entry in matching}
            if isinstance(moment, AsOf):
                positions = [entry.updated_position for entry in newest]
                assert positions == sorted(positions, reverse=True)
            check_facets(snapshot, one, matching)
            check_density(snapshot, one, matching)
        for entry in every:
            shown = snapshot.entry(entry.id)
            assert shown is not None
            assert seen(shown) == seen(entry)
        ids = {entry.id for entry in every}
        assert all(snapshot.entry(slug) is None for slug in {*"abcd"} - ids)
        assert [(back.rel, back.entry.id) for back in snapshot.backlinks("a")] == [
            ("follows", entry.id) for entry in every if entry.links
        ]
        ends = (every[0].sort_key, every[-1].sort_key) if every else None
        assert snapshot.reach() == ends


def walk(snapshot: Snapshot, wanted: Filter, order: Order) -> list[Entry]:
    found: list[Entry] = []
    cursor: Cursor | None = None
    while True:
        page = snapshot.page(wanted, order=order, limit=2, start=cursor)
        found += page.entries
        if (cursor := page.next) is None:
            return found


@QUIET
@given(events=stories(), cut=st.integers(0, 18))
def test_rows_of_all_moments_are_the_same_in_any_batching_and_through_a_rebuild(
    tmp_path_factory, events, cut
):
    model = Model(tmp_path_factory.mktemp("model"), events, cut)
    try:
        in_steps = rows(model.store)
        model.projector.rebuild()
        assert rows(model.store) == in_steps
    finally:
        model.close()


def rows(store: ViewStore) -> list[object]:
    """What is at each position and on each day that matters."""
    moments: Iterator[Moment] = iter(
        [
            *map(AsOf, range(20)),
            *(Known(_day(day)) for day in (*DAYS[:-1], "2026-11-24")),
        ]
    )
    found: list[object] = []
    for moment in moments:
        with store.snapshot(moment) as snapshot:
            page = snapshot.page(Filter(), order="asc", limit=100)
            found.append((page.entries, snapshot.categories(), snapshot.reach()))
    return found
