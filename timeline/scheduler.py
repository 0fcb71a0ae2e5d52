"""Appends that a window opened or closed, when it does.

Of all processes that share a data folder one leads, by a lock on a file in it; there
APScheduler rings when the next bound of the read model has come, and the others wait to
take over. The lock only saves work: two leaders would append nothing twice, as each
event has an id of its own and the version it expects.
"""

import fcntl
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import UTC, datetime

from events.errors import LogUnavailableError
from timeline.service import Timeline

_logger = logging.getLogger(__name__)

_LOOK_S = 0.1
"""How often the leader looks whether anybody appended."""
_RETRY_S = 1.0
"""How often the others try to lead, and how long a leader rests after an error."""
_REARM_S = 60.0
"""How long the alarm stands at most until it is set anew, whatever it is set to."""


class Scheduler:
    """Tells the log of one timeline what the clock says.

    Args:
        timeline: Stays open longer than this runs.
        clock: By which windows open and close; a running scheduler is woken by the
            system's.
        beside: What else the one that leads does until the block ends, without
            keeping it waiting.
    """

    def __init__(
        self,
        timeline: Timeline,
        *,
        clock: Callable[[], datetime],
        beside: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._timeline = timeline
        self._clock = clock
        self._beside = beside
        self._lock_path = timeline.settings.data / "scheduler.lock"
        self._lock: int | None = None
        self._begin_anew()
        _schedulers.add(self)

    def _begin_anew(self) -> None:
        self._rang = threading.Event()
        self._ending = threading.Event()

    def run_due(self) -> int:
        """Append all that is due by now, in order; the number of events.

        Raises:
            LogUnavailableError: As `Timeline.append_due`; what was appended stays.
        """
        number = 0
        while appended := self._timeline.append_due(upto=self._clock()):
            number += appended
            if self._ending.is_set():
                break
        return number

    @contextmanager
    def running(self) -> Iterator[None]:
        """Append whatever is due, when it is, until the block ends.

        On leaving nothing is being appended any more.
        """
        thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._rang.set()
            thread.join()
            self._begin_anew()

    def _run(self) -> None:
        """Lead whenever nobody else does, whatever goes wrong meanwhile."""
        while not self._ending.is_set():
            try:
                if self._take_lead():
                    self._lead()
            except (LogUnavailableError, OSError) as error:
                _logger.warning("windows do not open and close: %s", error)
            except Exception:
                _logger.exception("windows do not open and close")
            finally:
                self._give_up_lead()
            self._ending.wait(_RETRY_S)

    def _lead(self) -> None:
        """Append what is due until the end, or until it cannot be."""
        seen, set_s = -1, 0.0
        with closing(_Alarm(self._rang.set)) as alarm, self._beside():
            while not self._ending.is_set():
                # The head before the bound: an append in between is seen next time.
                head = self._timeline.head()
                if head != seen or time.monotonic() > set_s + _REARM_S:
                    alarm.set(self._timeline.next_due())
                    seen, set_s = head, time.monotonic()
                else:
                    alarm.look_at_the_clock()
                if self._rang.wait(_LOOK_S) and not self._ending.is_set():
                    self._rang.clear()
                    seen = -1
                    if not self.run_due():
                        # Somebody else was faster, or it cannot be appended.
                        self._ending.wait(_RETRY_S)

    # -- who leads ---------------------------------------------------------------

    def _take_lead(self) -> bool:
        """Lock the file, unless another scheduler has."""
        self._lock = os.open(self._lock_path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _give_up_lead(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def leave_to_parent(self) -> None:
        """In a fork's child: the lock is the parent's, and must end with it."""
        self._begin_anew()
        self._give_up_lead()


class _Alarm:
    """One job of APScheduler, which rings once at the instant it was last set to."""

    def __init__(self, ring: Callable[[], None]) -> None:
        # Imported where it is used: most commands end sooner than this takes.
        from apscheduler.executors.debug import DebugExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        self._ring = ring
        self._jobs = BackgroundScheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},  # in its own thread
            job_defaults={"misfire_grace_time": None},  # late is better than never
        )
        self._jobs.start()

    def set(self, at: datetime | None) -> None:
        """Ring then; at once if that has passed, never for None."""
        if at is not None:
            self._jobs.add_job(
                self._ring, "date", run_date=at, id="due", replace_existing=True
            )
        else:
            self._jobs.remove_all_jobs()

    def look_at_the_clock(self) -> None:
        """Compare with it anew: it may have been set, or slept."""
        self._jobs.wakeup()

    def close(self) -> None:
        """Ring no more."""
        self._jobs.shutdown()


_schedulers: "weakref.WeakSet[Scheduler]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for scheduler in list(_schedulers):
        scheduler.leave_to_parent()


os.register_at_fork(after_in_child=_after_fork_in_child)
