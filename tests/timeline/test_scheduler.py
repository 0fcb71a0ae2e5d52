"""What the clock says gets into the log: once, in order, whoever looks at it."""

import fcntl
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events import dates
from events.log import EventLog
from events.model import Appended, NewEvent, RecordedEvent, WindowClosed, WindowOpened
from events.sqlite import SqliteEventLog, SqliteTokens, open_events_db, utc_now
from tests.builders import (
    NOON,
    FixedClock,
    cancelled,
    corrected,
    fulfilled,
    history,
    postponed,
    recorded,
    retracted,
    revised,
    window_closed,
    window_opened,
)
from tests.events import scripts
from tests.servers import MAIN, scheduling, serving
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.projections import Entry, RefusedError, State, entry_versions, fold
from timeline.scheduler import Scheduler
from timeline.schemas import Wanted
from timeline.service import SCHEDULER, Timeline
from timeline.store import ViewStore

DEADLINE_S = 20


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Writers wait as long for the log as they do in earnest."""
    return Settings(data=tmp_path)


@pytest.fixture
def scheduler(timeline: Timeline, clock: FixedClock) -> Scheduler:
    return Scheduler(timeline, clock=clock)


def append(timeline: Timeline, *events: NewEvent) -> None:
    """As the endpoint does, each on its own."""
    for new in events:
        wanted = Wanted(
            id=new.id,
            entry=new.entry,
            event=new.event,
            expected_version=new.expected_version,
        )
        timeline.append([wanted], author=new.author)


def window_events(timeline: Timeline) -> list[RecordedEvent]:
    """What the scheduler appended, in order."""
    return [
        event
        for event in timeline.events(after=0, limit=10_000)
        if isinstance(event.event, WindowOpened | WindowClosed)
    ]


def told(timeline: Timeline) -> list[str]:
    """The same in words: ``moon opened 2027-05-01``."""
    return [in_words(event) for event in window_events(timeline)]


def in_words(event: RecordedEvent) -> str:
    assert isinstance(event.event, WindowOpened | WindowClosed)
    verb = "opened" if isinstance(event.event, WindowOpened) else "closed"
    return f"{event.entry} {verb} {event.event.bound}"


def entry_of(timeline: Timeline, name: str = "moon-landing") -> Entry:
    with timeline.snapshot() as snapshot:
        entry = snapshot.entry(name)
    assert entry is not None
    return entry


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def live(
    timeline: Timeline, scheduler: Scheduler, clock: FixedClock, until: str
) -> None:
    """Move the clock from bound to bound and let the scheduler run at each."""
    end = utc(until)
    while (due := timeline.next_due()) is not None and due <= end:
        assert due > clock.now, "a bound that has passed was left behind"
        clock.move_to(due - timedelta(seconds=1))
        assert scheduler.run_due() == 0
        clock.move_to(due)
        assert scheduler.run_due() > 0
    clock.move_to(end)
    assert scheduler.run_due() == 0


# -- when ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("occurred", "opens", "closes"),
    [
        ("2027-05-02", "2027-05-02", "2027-05-03T12:00"),
        ("2027-05", "2027-05-01", "2027-06-01T12:00"),
        ("2027~", "2027-01-01", "2028-01-01T12:00"),
        ("2027-05-02/2027-05-04?", "2027-05-02", "2027-05-05T12:00"),
        ("[2027-05-02,2027-05-09]", "2027-05-02", "2027-05-10T12:00"),
        ("2027-05-02T10:00:00+02:00", "2027-05-02T08:00", "2027-05-02T08:00:01"),
        ("2027-05-02T10:00:00Z/2027-05-03", "2027-05-02T10:00", "2027-05-04T12:00"),
        ("2027-05-02/2027-05-03T10:00:00Z", "2027-05-02", "2027-05-03T10:00:01"),
        ("../2027-12-31", None, "2028-01-01T12:00"),
        ("2026/2027", None, "2028-01-01T12:00"),
        ("2027-05-02/..", "2027-05-02", None),
        ("2027-05-02/", "2027-05-02", None),
        ("2026-11-20/..", None, None),
        ("2026-11-21", None, None),  # closed half an hour ago: past when recorded
        ("1969-07-20", None, None),
    ],
)
def test_a_window_opens_with_its_first_second_and_closes_when_it_ended_everywhere(
    timeline, scheduler, clock, occurred, opens, closes
):
    """A day 12 hours after it ended in UTC, an instant at once, an open end never."""
    clock.move_to(utc("2026-11-22T12:30"))
    append(timeline, recorded(occurred=occurred))

    live(timeline, scheduler, clock, "2031-01-01")

    window = dates.parse(occurred)
    assert [
        (in_words(event), event.recorded_at) for event in window_events(timeline)
    ] == [
        (f"moon-landing {verb} {bound}", utc(at))
        for verb, bound, at in (
            ("opened", window.earliest, opens),
            ("closed", window.latest, closes),
        )
        if at is not None
    ]


def test_a_promise_lives_through_years_of_slips(timeline, scheduler, clock):
    """Each window that came true opens and closes once; those that moved do not."""
    append(timeline, recorded("moon", awaited=True, occurred="2027-04/2027-06"))
    live(timeline, scheduler, clock, "2027-05-15")
    assert entry_of(timeline, "moon").state is State.OPEN

    append(timeline, revised("moon", occurred="2027-10/2027-12"))
    assert entry_of(timeline, "moon").state is State.UPCOMING
    live(timeline, scheduler, clock, "2027-09-01")
    append(timeline, revised("moon", occurred="2028-01/2028-03"))
    live(timeline, scheduler, clock, "2028-05-01")
    assert entry_of(timeline, "moon").state is State.OVERDUE

    append(timeline, postponed("moon"))
    live(timeline, scheduler, clock, "2029-01-01")
    assert entry_of(timeline, "moon").state is State.POSTPONED

    append(timeline, revised("moon", occurred="../2030-12-31"))
    assert entry_of(timeline, "moon").state is State.OPEN
    live(timeline, scheduler, clock, "2030-06-01")
    append(timeline, fulfilled("moon", occurred="2030-05-20"))
    live(timeline, scheduler, clock, "2035-01-01")

    assert entry_of(timeline, "moon").state is State.HAPPENED
    assert [
        (in_words(event), event.recorded_at) for event in window_events(timeline)
    ] == [
        ("moon opened 2027-04-01", utc("2027-04-01")),
        ("moon opened 2028-01-01", utc("2028-01-01")),
        ("moon closed 2028-03-31", utc("2028-04-01T12:00")),
    ]
    assert {event.author for event in window_events(timeline)} == {SCHEDULER}


@pytest.mark.parametrize("resolve", [fulfilled, cancelled, postponed, retracted])
def test_a_window_of_what_is_resolved_neither_opens_nor_closes(
    timeline, scheduler, clock, resolve
):
    append(timeline, recorded(awaited=True, occurred="2027-05"))
    append(timeline, resolve())

    live(timeline, scheduler, clock, "2028-01-01")

    assert told(timeline) == []
    assert timeline.next_due() is None


def test_a_corrected_window_opens_when_it_should_have(timeline, scheduler, clock):
    """Also where it had opened already by the wrong date."""
    append(timeline, recorded(awaited=True, occurred="2027-05"))
    live(timeline, scheduler, clock, "2027-05-02")
    append(timeline, corrected(occurred="2027-06"))

    live(timeline, scheduler, clock, "2027-08-01")

    assert told(timeline) == [
        "moon-landing opened 2027-05-01",
        "moon-landing opened 2027-06-01",
        "moon-landing closed 2027-06-30",
    ]


def test_what_was_said_for_a_day_to_come_opens_on_that_day(timeline, scheduler, clock):
    """The open start of a promise is the day on which its last date was said."""
    append(timeline, recorded(awaited=True, occurred="2027", said="2026-11-01"))
    append(timeline, revised(occurred="../2028-12-31", said="2026-12-01"))

    live(timeline, scheduler, clock, "2027-06-01")

    assert told(timeline) == ["moon-landing opened 2026-12-01"]


@pytest.mark.parametrize(
    ("occurred", "due"),
    [
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
        ("2026/9999-12-31T23:59:58Z", "9999-12-31T23:59:59"),
        ("2026/9999-12-31T23:59:59Z", None),
        ("2026/9999", None),
        ("Y10000", None),
        ("-0044-03-15/2026", "2027-01-01T12:00"),
    ],
)
def test_a_bound_behind_the_last_year_of_python_is_not_waited_for(
    timeline, occurred, due
):
    append(timeline, recorded(occurred=occurred))

    assert timeline.next_due() == (utc(due) if due else None)


# -- after downtime -----------------------------------------------------------------


def test_all_bounds_that_passed_meanwhile_are_told_in_order(timeline, scheduler, clock):
    append(
        timeline,
        recorded("apollo", occurred="2027-01", awaited=True),
        recorded("luna", occurred="2027-01-10/2027-03-10"),
        recorded("mars", occurred="2027-02-20/.."),
        recorded("venus", occurred="2029"),
    )

    clock.move_to(utc("2028-01-01"))

    assert scheduler.run_due() == 5
    assert told(timeline) == [
        "apollo opened 2027-01-01",
        "luna opened 2027-01-10",
        "apollo closed 2027-01-31",
        "mars opened 2027-02-20",
        "luna closed 2027-03-10",
    ]
    states = [entry_of(timeline, name).state for name in ("apollo", "luna", "mars")]
    assert states == [State.OVERDUE, State.HAPPENED, State.OPEN]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_order_does_not_depend_on_the_size_of_the_batches(timeline, clock, limit):
    """What follows on the last entry of a batch waits for those before it."""
    for day in range(1, 13):
        occurred = f"2027-01-{day:02}/2027-01-{day + day % 3:02}"
        append(timeline, recorded(f"launch-{day}", occurred=occurred))
    clock.move_to(utc("2027-02-01"))

    while timeline.append_due(upto=clock(), limit=limit):
        pass

    bounds = [
        (
            dates.parse(event.event.bound).lo
            if isinstance(event.event, WindowOpened)
            else dates.parse(event.event.bound).hi + 12 * 3600 + 1
        )
        for event in window_events(timeline)
        if isinstance(event.event, WindowOpened | WindowClosed)
    ]
    assert len(bounds) == 24
    assert bounds == sorted(bounds)


def test_a_restart_goes_on_where_the_last_run_stopped(settings, clock):
    with closing(open_timeline(settings, clock=clock)) as timeline:
        append(timeline, recorded(occurred="2027-05", awaited=True))
    appended = []
    for day in ("2027-04-30", "2027-05-01", "2027-05-01", "2027-07-01", "2027-07-02"):
        clock.move_to(utc(day))
        with closing(open_timeline(settings, clock=clock)) as timeline:
            appended.append(Scheduler(timeline, clock=clock).run_due())
            last = told(timeline)

    assert appended == [0, 1, 0, 1, 0]
    assert last == ["moon-landing opened 2027-05-01", "moon-landing closed 2027-05-31"]


# -- clocks that jump ---------------------------------------------------------------


def test_a_clock_that_jumps_back_appends_nothing_twice(timeline, scheduler, clock):
    append(timeline, recorded("apollo", occurred="2027-05"))
    live(timeline, scheduler, clock, "2027-05-02")

    clock.move_to(utc("2026-01-01"))
    assert scheduler.run_due() == 0
    append(timeline, recorded("luna", occurred="2027-05-03"))
    live(timeline, scheduler, clock, "2028-01-01")

    assert told(timeline) == [
        "apollo opened 2027-05-01",
        "luna opened 2027-05-03",
        "luna closed 2027-05-03",
        "apollo closed 2027-05-31",
    ]
    times = [event.recorded_at for event in timeline.events(after=0, limit=99)]
    assert times == sorted(times)


def test_a_clock_that_jumps_forward_tells_all_that_is_due(timeline, scheduler, clock):
    append(timeline, recorded(occurred="2027-05"))

    clock.move(days=3650)

    assert scheduler.run_due() == 2


# -- several schedulers -------------------------------------------------------------


def test_two_schedulers_in_threads_append_each_event_once(settings, clock):
    entries = [f"launch-{number}" for number in range(60)]
    with ExitStack() as stack:
        timelines = [
            stack.enter_context(closing(open_timeline(settings, clock=clock)))
            for _ in range(2)
        ]
        append(
            timelines[0],
            *(recorded(entry, occurred="2027-05", awaited=True) for entry in entries),
        )
        clock.move_to(utc("2028-01-01"))
        together = threading.Barrier(2)

        def race(timeline: Timeline) -> None:
            together.wait()
            for _ in range(len(entries)):
                timeline.append_due(upto=clock(), limit=3)

        threads = [threading.Thread(target=race, args=(one,)) for one in timelines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for timeline in timelines:
            Scheduler(timeline, clock=clock).run_due()

        once = Counter(told(timelines[1]))
    assert once == Counter(
        f"{entry} {bound}"
        for entry in entries
        for bound in ("opened 2027-05-01", "closed 2027-05-31")
    )


class Interfered:
    """A log before each of whose appends something else happens."""

    def __init__(self, log: EventLog, before: Callable[[Sequence[NewEvent]], None]):
        self._log = log
        self._before = before

    def append(self, batch: Sequence[NewEvent]) -> Appended:
        self._before(batch)
        return self._log.append(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@contextmanager
def interfered(
    settings: Settings,
    clock: FixedClock,
    before: Callable[[EventLog, Sequence[NewEvent]], None],
) -> Iterator[Timeline]:
    """A timeline whose scheduler is interfered with, over the same folder."""
    db = open_events_db(settings.data / "events.db")
    log = SqliteEventLog(db, clock=clock)
    timeline = Timeline(
        Interfered(log, lambda batch: before(log, batch)),
        SqliteTokens(db),
        ViewStore(settings.data),
        settings=settings,
        clock=clock,
    )
    with closing(timeline):
        yield timeline


def test_a_window_that_moves_at_the_last_moment_is_not_closed(
    timeline, settings, clock
):
    """Its end was read before it slipped; the entry's version gives that away."""
    append(timeline, recorded("apollo", occurred="2026-12"))
    append(timeline, recorded("luna", occurred="2026-12"))
    clock.move_to(utc("2026-12-05"))
    timeline.append_due(upto=clock())
    clock.move_to(utc("2027-02-01"))
    slips = [revised("apollo", occurred="2027-06", expected_version=2)]

    def slip(log: EventLog, batch: Sequence[NewEvent]) -> None:
        while slips:
            log.append([slips.pop()])

    with interfered(settings, clock, slip) as other:
        assert Scheduler(other, clock=clock).run_due() == 1

    assert told(timeline)[2:] == ["luna closed 2026-12-31"]
    assert entry_of(timeline, "apollo").state is State.UPCOMING
    assert timeline.next_due() == utc("2027-06-01")


def test_an_id_that_somebody_has_taken_does_not_stop_the_clock(
    timeline, settings, clock
):
    """Any other id will do: the expected version lets it happen once."""
    append(timeline, recorded("apollo", occurred="2026-12"))
    append(timeline, recorded("luna", occurred="2026-12"))
    clock.move_to(utc("2027-02-01"))
    thefts: list[str] = []

    def steal(log: EventLog, batch: Sequence[NewEvent]) -> None:
        if not thefts:
            thefts.extend(new.id for new in batch)
            for number, stolen in enumerate(thefts):
                log.append([recorded(f"thief-{number}", event_id=stolen)])

    with interfered(settings, clock, steal) as other:
        scheduler = Scheduler(other, clock=clock)
        assert scheduler.run_due() == 4
        assert scheduler.run_due() == 0

    assert len(thefts) == 4
    assert Counter(told(timeline)) == Counter(
        f"{entry} {bound}"
        for entry in ("apollo", "luna")
        for bound in ("opened 2026-12-01", "closed 2026-12-31")
    )


def test_ids_say_which_window_and_nothing_in_words(timeline, scheduler, clock):
    """An id outlives what is redacted, and entries are named after people."""
    append(timeline, recorded("jane-doe-resigns", occurred="2026-12"))
    clock.move_to(utc("2027-02-01"))
    scheduler.run_due()

    ids = [event.id for event in window_events(timeline)]

    assert len(set(ids)) == 2
    assert "jane" not in "".join(ids)


# -- running ------------------------------------------------------------------------


def poll(found: Callable[[], bool], message: str = "it did not happen in time") -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not found():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)


def seconds_ahead(seconds: float) -> str:
    """An instant so far ahead, as a date."""
    at = utc_now() + timedelta(seconds=seconds)
    return f"{at.replace(microsecond=0, tzinfo=None).isoformat()}Z"


@pytest.fixture
def real(settings: Settings) -> Iterator[Timeline]:
    """A timeline by the system's clock."""
    with closing(open_timeline(settings)) as timeline:
        yield timeline


@pytest.fixture
def overdue(settings: Settings) -> Callable[[int], None]:
    """Records so many entries whose windows have opened and closed since."""

    def record(count: int) -> None:
        clock = FixedClock(utc("2020-01-01"))
        with closing(open_timeline(settings, clock=clock)) as timeline:
            append(
                timeline,
                *(recorded(f"old-{n}", occurred="2020-02") for n in range(count)),
            )

    return record


def test_a_running_scheduler_catches_up_and_then_waits_for_each_bound(real, overdue):
    overdue(3)
    with Scheduler(real, clock=utc_now).running():
        poll(lambda: len(told(real)) == 6)
        start = seconds_ahead(2)
        append(real, recorded("launch", occurred=start, awaited=True))
        poll(lambda: entry_of(real, "launch").state is State.OVERDUE)

    opened, closed = window_events(real)[6:]
    bound = datetime.fromisoformat(start)
    assert bound <= opened.recorded_at < bound + timedelta(seconds=5)
    assert bound + timedelta(seconds=1) <= closed.recorded_at


def test_an_earlier_bound_that_another_process_appends_is_seen(real, settings):
    """While the alarm is set for a later one."""
    append(real, recorded("later", occurred="2099"))
    with (
        Scheduler(real, clock=utc_now).running(),
        closing(open_timeline(settings)) as other,
    ):
        poll(lambda: is_locked(settings.data / "scheduler.lock"))
        start = seconds_ahead(2)
        append(other, recorded("sooner", occurred=f"{start}/.."))
        poll(lambda: told(other) == [f"sooner opened {start}"])


class RunningClock(FixedClock):
    """One that goes on from where it is set."""

    def __call__(self) -> datetime:
        return self.now + (utc_now() - NOON)

    def move_to(self, now: datetime) -> None:
        self.now = now - (utc_now() - NOON)


def test_a_clock_that_is_set_meanwhile_is_noticed(settings, monkeypatch):
    """APScheduler alone would sleep on towards what the clock said before."""
    clock = RunningClock()

    class SystemTime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "SystemTime":
            return cls.fromtimestamp(clock().timestamp(), tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SystemTime)
    with closing(open_timeline(settings, clock=clock)) as timeline:
        clock.move_to(utc("2027-01-01"))
        append(timeline, recorded("apollo", occurred="2027-05/.."))
        with Scheduler(timeline, clock=clock).running():
            poll(lambda: is_locked(settings.data / "scheduler.lock"))
            clock.move_to(utc("2027-05-02"))
            poll(lambda: told(timeline) == ["apollo opened 2027-05-01"])
            clock.move_to(utc("2020-01-01"))
            append(timeline, recorded("luna", occurred="2027-06/.."))
            clock.move_to(utc("2027-06-02"))
            poll(lambda: told(timeline)[1:] == ["luna opened 2027-06-01"])


def is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_one_of_several_leads_and_another_takes_over(real, settings):
    lock = settings.data / "scheduler.lock"
    with closing(open_timeline(settings)) as second:
        with Scheduler(second, clock=utc_now).running():
            with Scheduler(real, clock=utc_now).running():
                poll(lambda: is_locked(lock))
            start = seconds_ahead(2)
            append(real, recorded("launch", occurred=f"{start}/.."))
            poll(lambda: told(real) == [f"launch opened {start}"])
        assert not is_locked(lock)


def test_a_locked_log_is_told_and_tried_again(settings, overdue, caplog):
    overdue(1)
    with (
        closing(open_timeline(replace(settings, deadline_s=0.05))) as timeline,
        (settings.data / "events.db.lock").open("rb") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Scheduler(timeline, clock=utc_now).running():
            poll(lambda: "windows do not open and close" in caplog.text)
            assert told(timeline) == []
            fcntl.flock(lock, fcntl.LOCK_UN)
            poll(lambda: len(told(timeline)) == 2)
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_mistake_of_ours_does_not_end_the_scheduler(settings, overdue, caplog):
    overdue(1)
    mistakes = [ZeroDivisionError("a mistake")]

    def fail(log: EventLog, batch: Sequence[NewEvent]) -> None:
        if mistakes:
            raise mistakes.pop()

    clock = FixedClock(utc_now())
    with interfered(settings, clock, fail) as timeline:
        with Scheduler(timeline, clock=clock).running():
            poll(lambda: len(told(timeline)) == 2)
        assert "ZeroDivisionError: a mistake" in caplog.text


def test_it_ends_at_once(real, settings):
    """Leading, or waiting to lead: nobody wants to wait for it."""
    append(real, recorded("later", occurred="2099"))
    with closing(open_timeline(settings)) as second, ExitStack() as running:
        for one in (real, second):
            running.enter_context(Scheduler(one, clock=utc_now).running())
            poll(lambda: is_locked(settings.data / "scheduler.lock"))
        before = time.monotonic()
        running.close()
        assert time.monotonic() - before < 2


# -- processes ----------------------------------------------------------------------


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", MAIN, *words]


def test_two_processes_append_each_event_once(real, overdue, settings):
    overdue(150)
    with scheduling(settings.data), scheduling(settings.data):
        poll(lambda: len(told(real)) >= 300)
    once = subprocess.run(
        command("schedule", "--once", "--data", str(settings.data)),
        capture_output=True,
        text=True,
        check=True,
    )

    assert once.stdout == "appended 0 events\n"
    assert set(Counter(told(real)).values()) == {1}
    assert len(told(real)) == 300


def test_runs_that_are_not_led_append_each_event_once_too(real, overdue, settings):
    """As cron may start them, one before the other has ended."""
    overdue(150)
    words = command("schedule", "--once", "--data", str(settings.data))
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        with process:
            assert process.wait(timeout=60) == 0

    assert set(Counter(told(real)).values()) == {1}
    assert len(told(real)) == 300


def test_another_process_takes_over_from_one_that_was_killed(real, settings):
    with scheduling(settings.data) as leader:
        poll(lambda: is_locked(settings.data / "scheduler.lock"))
        with scheduling(settings.data):
            leader.kill()
            leader.wait()
            start = seconds_ahead(2)
            append(real, recorded("launch", occurred=f"{start}/.."))
            poll(lambda: told(real) == [f"launch opened {start}"])


FORK_WHILE_LEADING = """
import os, sys
from pathlib import Path
from events.sqlite import utc_now
from tests.timeline.test_scheduler import is_locked, poll
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.scheduler import Scheduler

data = Path(sys.argv[1])
timeline = open_timeline(Settings(data=data))
with Scheduler(timeline, clock=utc_now).running():
    poll(lambda: is_locked(data / "scheduler.lock"))
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    print("forked", flush=True)
    os.waitpid(child, 0)
"""


def test_a_child_of_a_fork_does_not_keep_the_lead_of_its_dead_parent(real, settings):
    """It would lead for good and append nothing: its threads are its parent's."""
    lock = settings.data / "scheduler.lock"
    with scripts.start(FORK_WHILE_LEADING, settings.data) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "forked\n"
        assert is_locked(lock)
        parent.kill()
        parent.wait()
        poll(lambda: not is_locked(lock))  # the child may not have let go yet


@pytest.mark.parametrize("told_by", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_well_when_it_is_told_to(real, settings, told_by):
    with scheduling(settings.data) as process:
        poll(lambda: is_locked(settings.data / "scheduler.lock"))
        process.send_signal(told_by)

        _, complaints = process.communicate(timeout=10)

    assert (process.returncode, complaints) == (0, "")


def test_a_window_opens_and_closes_while_it_is_served(tmp_path):
    with serving(tmp_path / "data", "--empty") as served:
        start, end = seconds_ahead(4), seconds_ahead(5)
        event = {
            "type": "entry-recorded",
            "entry": "launch",
            "data": {"title": "L", "occurred": f"{start}/{end}", "awaited": True},
        }
        httpx.post(
            f"{served.url}/api/events",
            json=event,
            headers={"Authorization": f"Bearer {served.token}"},
        ).raise_for_status()
        states: list[str] = []

        def shown(state: str) -> bool:
            entry = httpx.get(f"{served.url}/api/entries/launch").json()
            states.append(entry["state"])
            return states[-1] == state

        poll(lambda: shown("overdue"))
        events = httpx.get(f"{served.url}/api/entries/launch/events").json()["events"]
        before = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=20) == 0
        assert time.monotonic() - before < 5

    order = ["upcoming", "open", "overdue"]
    assert states[0] == "upcoming"
    assert states == sorted(states, key=order.index)
    assert [(one["type"], one["author"], one["data"]) for one in events[1:]] == [
        ("window-opened", SCHEDULER, {"bound": start, "set_by": 1}),
        ("window-closed", SCHEDULER, {"bound": end, "set_by": 1}),
    ]


# -- what the events mean -----------------------------------------------------------


@pytest.mark.parametrize(
    ("awaited", "states", "moves"),
    [
        (True, [State.UPCOMING, State.OPEN, State.OVERDUE], [True, True]),
        (False, [State.UPCOMING, State.OPEN, State.HAPPENED], [False, False]),
    ],
)
def test_a_closed_window_makes_a_promise_overdue_and_all_else_happened(
    awaited, states, moves
):
    """That a day came and went is news to a subscriber only if it was promised."""
    versions = list(
        entry_versions(
            history(
                recorded(occurred="2027-05", awaited=awaited),
                window_opened(bound="2027-05-01"),
                window_closed(bound="2027-05-31"),
            )
        )
    )

    assert [entry.state for entry in versions] == states
    assert [
        after.updated_at > before.updated_at for before, after in pairwise(versions)
    ] == moves


@pytest.mark.parametrize("kind", ["window-opened", "window-closed"])
def test_nobody_else_can_append_what_the_clock_says(
    client: FlaskClient, timeline: Timeline, token: str, kind: str
):
    append(timeline, recorded(occurred="2027"))

    refused = client.post(
        "/api/events",
        json={
            "type": kind,
            "entry": "moon-landing",
            "data": {"bound": "2027-01-01", "set_by": 1},
        },
        headers={"Authorization": f"Bearer {token}"},
    )

    assert refused.status_code == 422
    (error,) = refused.get_json()["errors"]
    assert error["pointer"] == "/type"
    assert "by the service itself only" in error["detail"]
    assert timeline.head() == 1


# -- any history, any clock ---------------------------------------------------------

WINDOWS = (
    "2027-01-05",
    "2027-01",
    "2027-01-03/2027-01-20",
    "../2027-01-31",
    "2027-01-10/..",
    "/2027-01-15",
    "2027-01-08T06:00:00Z",
    "2027-01-08T06:00:00Z/2027-01-09T18:00:00+02:00",
    "2026-12",
    "2027-02~",
)
NAMES = st.sampled_from(["a", "b", "c"])
CHANGES = st.one_of(
    st.builds(
        recorded, NAMES, occurred=st.sampled_from(WINDOWS), awaited=st.booleans()
    ),
    st.builds(revised, NAMES, occurred=st.sampled_from(WINDOWS)),
    st.builds(corrected, NAMES, occurred=st.sampled_from(WINDOWS)),
    st.builds(corrected, NAMES, awaited=st.booleans()),
    st.builds(revised, NAMES, title=st.just("Another")),
    st.builds(fulfilled, NAMES, occurred=st.just("2026-12-30")),
    st.builds(postponed, NAMES),
    st.builds(cancelled, NAMES),
    st.builds(retracted, NAMES),
)
MOVES = st.integers(-30 * 24, 45 * 24).map(lambda hours: timedelta(hours=hours))
STEPS = st.lists(st.one_of(CHANGES, MOVES, st.just("restart")), max_size=25)


@hypothesis_settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_window_opens_and_closes_once_and_stands_as_it_says(
    tmp_path_factory, steps
):
    """By the furthest time at which anybody looked at the clock since it was set."""
    settings = Settings(data=tmp_path_factory.mktemp("log"))
    clock = FixedClock(utc("2026-12-20"))
    looks: list[tuple[int, datetime]] = []
    with ExitStack() as stack:
        timeline = stack.enter_context(closing(open_timeline(settings, clock=clock)))
        for step in [*steps, timedelta()]:
            match step:
                case timedelta():
                    clock.now += step
                    Scheduler(timeline, clock=clock).run_due()
                    looks.append((timeline.head(), clock.now))
                    due = timeline.next_due()
                    assert due is None or due > clock.now
                case "restart":
                    stack.close()
                    timeline = stack.enter_context(
                        closing(open_timeline(settings, clock=clock))
                    )
                case _:
                    append_if_it_makes_sense(timeline, step)
        events = timeline.events(after=0, limit=1_000)
        shown = {name: shown_of(timeline, name) for name in ("a", "b", "c")}

    for name, entry in shown.items():
        story = [event for event in events if event.entry == name]
        assert entry == fold(story)
        assert_each_window_opened_and_closed_in_order(story)
        if entry is not None and not entry.settled:
            (set_by,) = (one for one in story if one.version == entry.set_by)
            seen = [at for head, at in looks if head >= set_by.position]
            assert entry.state is state_at(entry, max([set_by.recorded_at, *seen]))


def append_if_it_makes_sense(timeline: Timeline, new: NewEvent) -> None:
    first = not timeline.entry_events(new.entry)
    if first is not (new.event.type == "entry-recorded.1"):
        return
    with suppress(RefusedError):
        # Hypothesis may give the same step twice, which is to be two events.
        append(timeline, replace(new, id=f"step-{timeline.head() + 1}"))


def shown_of(timeline: Timeline, name: str) -> Entry | None:
    with timeline.snapshot() as snapshot:
        return snapshot.entry(name)


def assert_each_window_opened_and_closed_in_order(story: list[RecordedEvent]) -> None:
    """And for the window that was in force when it was told."""
    by_window: dict[int, list[type]] = {}
    for before, event in enumerate(story):
        if isinstance(event.event, WindowOpened | WindowClosed):
            earlier = fold(story[:before])
            assert earlier is not None
            assert event.event.set_by == earlier.set_by
            by_window.setdefault(event.event.set_by, []).append(type(event.event))
    for told in by_window.values():
        assert told in ([WindowOpened], [WindowClosed], [WindowOpened, WindowClosed])


def state_at(entry: Entry, now: datetime) -> State:
    """What its window says, by its bounds alone."""
    window = entry.occurred
    if now.timestamp() < entry.lo:
        return State.UPCOMING
    ends = window.hi + (1 if "T" in (window.latest or "") else 12 * 3600 + 1)
    if window.latest is None or now.timestamp() < ends:
        return State.OPEN
    return State.OVERDUE if entry.awaited else State.HAPPENED
