"""What every log promises, whichever database keeps it (`events/log.py`)."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from events.codec import Tree
from events.errors import IdTakenError, LogError, WrongExpectedVersionError
from events.log import EventLog
from events.model import Appended, EntryRecorded, NewEvent, RecordedEvent
from tests.builders import (
    NOON,
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
from tests.contract.backends import Backend, Opened

T = TypeVar("T")


@pytest.fixture
def log(opened: Opened) -> EventLog:
    return opened.log


def everything(log: EventLog) -> list[RecordedEvent]:
    return log.read(after=0, limit=1_000_000)


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Results of *calls*, which start together in a thread each."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


# -- order -------------------------------------------------------------------


def test_a_new_log_is_empty(log: EventLog) -> None:
    assert log.head() == 0
    assert everything(log) == []
    assert log.event(1) is None
    assert log.entry_events("moon-landing") == []


def test_positions_count_from_one_without_gaps(log: EventLog) -> None:
    """Readers remember one number: whatever is behind it is new."""
    log.append([recorded("moon"), recorded("mars")])
    log.append([revised("moon")])

    assert [event.position for event in everything(log)] == [1, 2, 3]
    assert log.head() == 3


def test_refusals_leave_no_gap_in_the_positions(log: EventLog) -> None:
    """A sequence or AUTOINCREMENT alone would skip the refused ones."""
    log.append([recorded("moon")])
    with pytest.raises(WrongExpectedVersionError):
        log.append([recorded("mars"), recorded("moon", expected_version=0)])
    log.append([recorded("mars")])

    assert [event.position for event in everything(log)] == [1, 2]


def test_versions_count_the_events_of_each_entry(log: EventLog) -> None:
    log.append([recorded("moon")])
    log.append([recorded("mars")])
    log.append([revised("moon")])

    assert [(e.entry, e.version) for e in everything(log)] == [
        ("moon", 1),
        ("mars", 1),
        ("moon", 2),
    ]


def test_an_empty_batch_stores_nothing(log: EventLog) -> None:
    assert list(log.append([]).events) == []
    assert log.head() == 0


# -- expected versions -------------------------------------------------------


def test_append_takes_the_version_that_the_writer_last_saw(log: EventLog) -> None:
    log.append([recorded("moon", expected_version=0)])
    log.append([revised("moon", expected_version=1)])
    log.append([cancelled("moon", expected_version=2)])

    assert len(log.entry_events("moon")) == 3


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_append_refuses_a_writer_who_has_not_seen_the_latest_version(
    log: EventLog, expected: int
) -> None:
    """Nothing of the refused batch is stored, and the error says why."""
    log.append([recorded("moon"), revised("moon")])

    with pytest.raises(WrongExpectedVersionError) as refusal:
        log.append([recorded("mars"), revised("moon", expected_version=expected)])

    assert refusal.value.entry == "moon"
    assert (refusal.value.expected, refusal.value.actual) == (expected, 2)
    assert refusal.value.index == 1
    assert log.head() == 2


def test_expecting_a_version_of_an_entry_that_is_not_there_is_refused(
    log: EventLog,
) -> None:
    with pytest.raises(WrongExpectedVersionError) as refusal:
        log.append([revised("moon", expected_version=1)])

    assert (refusal.value.expected, refusal.value.actual) == (1, 0)


def test_append_without_expected_version_takes_the_entry_as_it_is(
    log: EventLog,
) -> None:
    log.append([recorded("moon", expected_version=None)])
    log.append([revised("moon", expected_version=None)])

    assert [event.version for event in log.entry_events("moon")] == [1, 2]


# -- batches -----------------------------------------------------------------


def test_versions_inside_a_batch_build_on_each_other(log: EventLog) -> None:
    """The second event may expect the version that the first one makes."""
    log.append(
        [
            recorded("moon", expected_version=0),
            recorded("mars", expected_version=0),
            revised("moon", expected_version=1),
            fulfilled("moon", expected_version=2),
        ]
    )

    assert [(e.entry, e.version) for e in everything(log)] == [
        ("moon", 1),
        ("mars", 1),
        ("moon", 2),
        ("moon", 3),
    ]


def test_a_version_expected_inside_a_batch_counts_what_stands_before_it(
    log: EventLog,
) -> None:
    with pytest.raises(WrongExpectedVersionError) as refusal:
        log.append([recorded("moon"), revised("moon", expected_version=0)])

    assert (refusal.value.actual, refusal.value.index) == (1, 1)
    assert log.head() == 0


def test_a_batch_is_recorded_at_one_instant(log: EventLog) -> None:
    log.append([recorded("moon"), recorded("mars")])

    assert {event.recorded_at for event in everything(log)} == {NOON}


def test_a_refused_batch_leaves_head_and_tree_as_they_were(opened: Opened) -> None:
    """A leaf without its event would break every later proof."""
    opened.log.append([recorded("moon", event_id="first")])
    before = opened.stored_tree()

    for refused in (
        [recorded("mars"), revised("moon", expected_version=7)],
        [recorded("mars"), recorded("venus", event_id="first")],
        [recorded("mars", event_id="twice"), recorded("venus", event_id="twice")],
    ):
        with pytest.raises(LogError):
            opened.log.append(refused)

    assert opened.stored_tree() == before
    assert opened.log.head() == 1
    assert opened.log.entry_events("mars") == []


def test_the_stored_tree_holds_the_leaves_in_order_of_position(opened: Opened) -> None:
    for size in (1, 2, 3, 10):
        opened.log.append([recorded(f"of-{size}-{n}") for n in range(size)])

    leaves = [event.leaf_hash for event in everything(opened.log)]
    assert opened.stored_tree() == Tree().extend(leaves)


# -- repeats -----------------------------------------------------------------


def test_a_repeat_returns_the_first_result_and_stores_nothing(
    log: EventLog, clock: FixedClock
) -> None:
    """A client whose answer got lost sends again; it must not be told a lie."""
    new = recorded("moon", event_id="a")
    first = log.append([new])
    clock.move(hours=1)

    again = log.append([new])

    assert (first.repeated, again.repeated) == (False, True)
    assert list(again.events) == list(first.events)
    assert log.head() == 1


@pytest.mark.parametrize("expected", [None, 0, 1, 9])
def test_a_repeat_is_known_before_versions_are_looked_at(
    log: EventLog, expected: int | None
) -> None:
    """The first try itself has moved the entry on from what the writer saw."""
    new = revised("moon", event_id="a", expected_version=1)
    log.append([recorded("moon")])
    first = log.append([new])
    log.append([revised("moon", occurred="1969-07-22")])

    again = log.append([replace(new, expected_version=expected)])

    assert again.repeated
    assert list(again.events) == list(first.events)


def test_a_repeated_batch_returns_all_of_the_first_result_in_order(
    log: EventLog,
) -> None:
    batch = [recorded("moon"), recorded("mars"), revised("moon")]
    log.append([recorded("before")])
    first = log.append(batch)
    log.append([recorded("after")])

    again = log.append(batch)

    assert again == Appended(first.events, repeated=True)
    assert [event.position for event in again.events] == [2, 3, 4]
    assert log.head() == 5


def test_repeating_under_another_label_is_still_a_repeat(log: EventLog) -> None:
    """A token that was renamed or replaced in between tells the same fact."""
    new = recorded("moon", event_id="a", author="ada")
    log.append([new])

    again = log.append([replace(new, author="grace")])

    assert again.repeated
    assert [event.author for event in again.events] == ["ada"]


@pytest.mark.parametrize(
    "other",
    [
        recorded("moon", event_id="a", title="Another title"),
        recorded("mars", event_id="a", title="Moon"),
        revised("moon", event_id="a"),
        recorded("moon", event_id="a", reason="something to add"),
        recorded("moon", event_id="a", said="2026-11-01"),
    ],
    ids=["fields", "entry", "type", "reason", "said"],
)
def test_an_id_with_other_content_is_refused(log: EventLog, other: NewEvent) -> None:
    """Answering with the first result would drop the second fact silently."""
    log.append([recorded("earth"), recorded("moon", event_id="a")])

    with pytest.raises(IdTakenError) as refusal:
        log.append([recorded("venus"), other])

    assert refusal.value.event_id == "a"
    assert (refusal.value.position, refusal.value.index) == (2, 1)
    assert log.head() == 2


def test_a_partly_repeated_batch_is_refused(log: EventLog) -> None:
    """Neither answer would be true: not all of it is there, not all is new."""
    old = recorded("moon", event_id="a")
    log.append([old])

    with pytest.raises(IdTakenError) as refusal:
        log.append([recorded("mars"), recorded("venus"), old])

    assert refusal.value.event_id == "a"
    assert (refusal.value.position, refusal.value.index) == (1, 2)
    assert log.head() == 1


def test_an_id_twice_in_a_batch_is_refused(log: EventLog) -> None:
    """Also with the same content: the batch would need two results for it."""
    new = recorded("moon", event_id="a")

    with pytest.raises(IdTakenError) as refusal:
        log.append([recorded("mars"), new, new])

    assert refusal.value.event_id == "a"
    assert (refusal.value.position, refusal.value.index) == (None, 2)
    assert log.head() == 0


def test_repeat_answers_without_storing(log: EventLog) -> None:
    new, other = recorded("moon", event_id="a"), recorded("mars", event_id="b")
    assert log.repeat([new]) is None

    first = log.append([new])

    assert log.repeat([new]) == Appended(first.events, repeated=True)
    assert log.repeat([other]) is None
    with pytest.raises(IdTakenError):
        log.repeat([new, other])
    with pytest.raises(IdTakenError):
        log.repeat([recorded("moon", event_id="a", title="Another title")])
    assert log.head() == 1


def test_ids_of_all_allowed_characters_and_lengths_are_kept_apart(
    log: EventLog,
) -> None:
    """Collations that fold case would take ``A`` for ``a``."""
    ids = ["a", "A", "a.b", "a_b", "a:b", "a-b", "0" * 128]
    log.append([recorded(f"entry-{n}", event_id=each) for n, each in enumerate(ids)])

    assert [event.id for event in everything(log)] == ids


# -- derived names -----------------------------------------------------------


def test_a_derived_name_that_is_free_is_taken_as_it_is(log: EventLog) -> None:
    appended = log.append([recorded("moon", entry_derived=True)])

    assert appended.events[0].entry == "moon"


def test_derived_names_get_a_number_when_they_collide(log: EventLog) -> None:
    """Two happenings may have one title; a slug names one of them for good."""
    for _ in range(4):
        log.append([recorded("moon", entry_derived=True, expected_version=0)])

    assert [(e.entry, e.version) for e in everything(log)] == [
        ("moon", 1),
        ("moon-2", 1),
        ("moon-3", 1),
        ("moon-4", 1),
    ]


def test_derived_names_do_not_collide_inside_a_batch(log: EventLog) -> None:
    log.append([recorded("moon", entry_derived=True) for _ in range(3)])

    assert [event.entry for event in everything(log)] == ["moon", "moon-2", "moon-3"]


def test_a_given_name_never_gets_a_number(log: EventLog) -> None:
    log.append([recorded("moon", entry_derived=True)])
    log.append([revised("moon")])

    assert [event.entry for event in everything(log)] == ["moon", "moon"]


def test_a_derived_name_passes_over_numbers_that_are_taken(log: EventLog) -> None:
    log.append([recorded("moon"), recorded("moon-2"), recorded("moon-3")])

    appended = log.append([recorded("moon", entry_derived=True)])

    assert appended.events[0].entry not in {"moon", "moon-2", "moon-3"}
    assert appended.events[0].version == 1


def test_repeating_a_derived_name_finds_the_name_it_got(log: EventLog) -> None:
    """Else each lost answer would put the happening on the timeline again."""
    log.append([recorded("moon")])
    new = recorded("moon", event_id="a", entry_derived=True)
    log.append([new])

    again = log.append([new])

    assert again.repeated
    assert [event.entry for event in again.events] == ["moon-2"]


@pytest.mark.parametrize("base", ["m" * 80, "m" * 77 + "-mm"])
def test_a_derived_name_stays_within_80_characters(log: EventLog, base: str) -> None:
    """The number replaces the end, and no double hyphen appears."""
    names = [
        log.append([recorded(base, entry_derived=True)]).events[0].entry
        for _ in range(12)
    ]

    assert names[0] == base
    assert len(set(names)) == 12
    assert all(len(name) <= 80 and "--" not in name for name in names)
    assert names[-1].endswith("m-12")


def test_hundreds_of_happenings_may_have_one_title(log: EventLog) -> None:
    """And their numbers have no holes."""
    for _ in range(3):
        log.append([recorded("moon", entry_derived=True) for _ in range(150)])

    names = {event.entry for event in everything(log)}
    assert names == {"moon", *(f"moon-{number}" for number in range(2, 451))}


# -- time --------------------------------------------------------------------


def test_time_never_runs_backwards_along_the_log(
    log: EventLog, clock: FixedClock
) -> None:
    """Clocks are set back; ``as_of`` an instant must still cut the log once."""
    for hours in (0, 1, -3, 1, 5):
        clock.move(hours=hours)
        log.append([recorded(f"moved-by-{hours}-at-{log.head()}")])

    hours_passed = [
        (event.recorded_at - NOON) / timedelta(hours=1) for event in everything(log)
    ]
    assert hours_passed == [0, 1, 1, 1, 4]


def test_time_does_not_run_backwards_over_reopening(
    backend: Backend, tmp_path: Path, clock: FixedClock
) -> None:
    first = backend(tmp_path, clock)
    first.log.append([recorded("moon")])
    first.log.close()
    clock.move(days=-1)

    again = backend(tmp_path, clock)
    again.log.append([recorded("mars")])

    assert [event.recorded_at for event in everything(again.log)] == [NOON, NOON]
    again.log.close()


def test_instants_are_utc_whatever_zone_the_clock_tells(
    log: EventLog, clock: FixedClock
) -> None:
    clock.move_to(datetime.fromisoformat("2026-11-23T20:00:00.000001+08:00"))

    appended = log.append([recorded("moon")])

    instant = appended.events[0].recorded_at
    assert instant == datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC)
    assert instant.utcoffset() == timedelta(0)


# -- reading -----------------------------------------------------------------


def test_read_starts_behind_after_and_stops_at_the_limit(log: EventLog) -> None:
    log.append([recorded(f"entry-{n}") for n in range(1, 8)])

    def positions(*, after: int, limit: int) -> list[int]:
        return [event.position for event in log.read(after=after, limit=limit)]

    assert positions(after=0, limit=3) == [1, 2, 3]
    assert positions(after=3, limit=3) == [4, 5, 6]
    assert positions(after=6, limit=3) == [7]
    assert positions(after=7, limit=3) == []
    assert positions(after=70, limit=3) == []
    assert positions(after=0, limit=0) == []


def test_event_is_the_one_at_its_position(log: EventLog) -> None:
    appended = log.append([recorded("moon"), recorded("mars")])

    assert log.event(1) == appended.events[0]
    assert log.event(2) == appended.events[1]
    assert log.event(0) is None
    assert log.event(3) is None


def test_entry_events_are_those_of_one_entry_in_order(log: EventLog) -> None:
    log.append([recorded("moon"), recorded("moon-2"), revised("moon")])
    log.append([retracted("moon")])

    found = log.entry_events("moon")

    assert [(event.position, event.version) for event in found] == [
        (1, 1),
        (3, 2),
        (4, 3),
    ]
    assert log.entry_events("moo") == []


def test_what_is_returned_is_what_is_read_back(log: EventLog) -> None:
    """For every type, with everything that an event can tell."""
    sources = [
        {"url": "https://example.org/a?b=1", "title": "Ünï – “quoted” \U0001f6f0"}
    ]
    batch = [
        recorded(
            "moon",
            title="Moon landing",
            occurred="../1969-12-31",
            summary='Line one\nline *two* \u2028 \t \\ "',
            actors=["NASA"],
            importance=100,
            awaited=True,
            translations={"it": {"title": "Allunaggio"}},
            said="1961-05-25",
            sources=sources,
            reason="Kennedy's promise",
        ),
        corrected("moon", corrects=1, title="Moon landings", said="1961-05"),
        corrected("moon", category=None, changes={"said": "1961-05-26"}),
        revised("moon", occurred="1969-07", sources=sources),
        postponed("moon", reason="fire on the pad"),
        fulfilled("moon", occurred="1969-07-20"),
        cancelled("moon"),
        retracted("moon"),
        view_defined("space", description="All of it"),
        view_removed("space", reason="too wide"),
    ]

    returned = list(log.append(batch).events)

    assert [event.event for event in returned] == [new.event for new in batch]
    assert everything(log) == returned
    assert [log.event(event.position) for event in returned] == returned
    assert log.entry_events("moon") == returned[:8]
    assert log.entry_events("view:space") == returned[8:]


def test_what_is_stored_does_not_change_with_what_the_caller_holds(
    log: EventLog,
) -> None:
    """A caller may reuse the dictionary that it built the event from."""
    new = recorded("moon", tags=["space"])
    log.append([new])
    assert isinstance(new.event, EntryRecorded)
    assert isinstance(new.event.fields, dict)
    new.event.fields["tags"].append("cheese")

    found = log.event(1)

    assert found is not None
    assert isinstance(found.event, EntryRecorded)
    assert found.event.fields["tags"] == ["space"]


def test_everything_is_there_after_reopening(
    backend: Backend, tmp_path: Path, clock: FixedClock
) -> None:
    first = backend(tmp_path, clock)
    first.log.append([recorded("moon"), revised("moon")])
    before, tree = everything(first.log), first.stored_tree()
    first.log.close()

    again = backend(tmp_path, clock)

    assert everything(again.log) == before
    assert again.stored_tree() == tree
    assert again.log.append([revised("moon", expected_version=2)])
    again.log.close()


# -- identity ----------------------------------------------------------------


def test_identity_is_stable_over_reopening(
    backend: Backend, tmp_path: Path, clock: FixedClock
) -> None:
    """Feed ids derive from it: a new one would show every entry as new."""
    first = backend(tmp_path, clock)
    identity = first.log.identity()
    first.log.close()
    clock.move(days=400)

    again = backend(tmp_path, clock)

    assert again.log.identity() == identity
    again.log.close()


def test_identity_names_the_log_and_its_first_day(log: EventLog) -> None:
    identity = log.identity()

    assert UUID(identity.log_id).version == 4
    assert identity.origin == f"localhost/{identity.log_id}"
    assert identity.tag_authority == "localhost,2026-11-23"


def test_two_logs_have_two_identities(
    backend: Backend, tmp_path: Path, clock: FixedClock
) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    opened = [backend(folder, clock) for folder in folders]

    assert len({each.log.identity().log_id for each in opened}) == 2
    for each in opened:
        each.log.close()


# -- many callers ------------------------------------------------------------


def test_appends_of_many_threads_are_all_acknowledged_and_dense(
    opened: Opened,
) -> None:
    """Every caller gets the result of its own event, and no other's."""
    log = opened.log

    def write(thread: int) -> list[tuple[str, RecordedEvent]]:
        acknowledged = []
        for n in range(50):
            new = recorded(f"entry-{n}", event_id=f"{thread}.{n}")
            acknowledged.append((new.id, log.append([new]).events[0]))
        return acknowledged

    results = at_once([partial(write, thread) for thread in range(8)])
    acknowledged = [pair for pairs in results for pair in pairs]

    found = everything(log)
    assert [event.position for event in found] == list(range(1, 401))
    assert all(event_id == event.id for event_id, event in acknowledged)
    assert sorted((event for _, event in acknowledged), key=position_of) == found
    assert opened.stored_tree() == Tree().extend(event.leaf_hash for event in found)
    for n in range(50):
        versions = [event.version for event in log.entry_events(f"entry-{n}")]
        assert versions == list(range(1, 9))


def position_of(event: RecordedEvent) -> int:
    return event.position


def test_of_many_who_expect_the_same_version_one_wins(log: EventLog) -> None:
    log.append([recorded("moon")])

    def try_it() -> Appended | WrongExpectedVersionError:
        try:
            return log.append([revised("moon", expected_version=1)])
        except WrongExpectedVersionError as refusal:
            return refusal

    outcomes = at_once([try_it] * 8)

    assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 1
    assert log.head() == 2


def test_of_many_who_send_the_same_fact_all_get_the_same_result(log: EventLog) -> None:
    """A client that retries before its first request is answered."""
    new = recorded("moon", expected_version=0)

    outcomes = at_once([lambda: log.append([new])] * 8)

    assert sum(not outcome.repeated for outcome in outcomes) == 1
    assert {outcome.events[0].position for outcome in outcomes} == {1}
    assert log.head() == 1


def test_a_refusal_reaches_only_the_caller_it_concerns(log: EventLog) -> None:
    """Callers share a commit, but not each other's mistakes."""
    log.append([recorded("moon", event_id="taken")])

    def attempt(new: list[NewEvent]) -> Appended | LogError:
        try:
            return log.append(new)
        except LogError as refusal:
            return refusal

    good = [[recorded(f"good-{n}"), revised(f"good-{n}")] for n in range(60)]
    bad = [
        batch
        for n in range(20)
        for batch in (
            [recorded(f"bad-{n}"), revised("moon", expected_version=99)],
            [recorded(f"bad-{n}"), recorded("other", event_id="taken")],
            [recorded(f"bad-{n}", event_id=f"x{n}"), revised(event_id=f"x{n}")],
        )
    ]

    def send(batches: list[list[NewEvent]]) -> list[Appended | LogError]:
        return [attempt(batch) for batch in batches]

    shares = [good[n::4] for n in range(4)] + [bad[n::4] for n in range(4)]
    outcomes = at_once([partial(send, share) for share in shares])

    for share, outcome in zip(shares[:4], outcomes[:4], strict=True):
        for batch, appended in zip(share, outcome, strict=True):
            assert isinstance(appended, Appended)
            assert [e.id for e in appended.events] == [new.id for new in batch]
    assert all(isinstance(o, LogError) for outcome in outcomes[4:] for o in outcome)
    assert log.head() == 1 + 120
    assert not any(event.entry.startswith("bad") for event in everything(log))
