"""Keeps the read model up with the log."""

import fcntl
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from events.errors import LogDamagedError, LogUnavailableError, MigrationError
from events.log import EventLog
from events.model import VIEW_PREFIX, RecordedEvent
from timeline.projections import VERSION, Row, View, versions_of, view_of
from timeline.store import Checkpoint, NoModelError, Rebuild, ViewStore

_logger = logging.getLogger(__name__)

_BATCH = 500
_REBUILD_BATCH = 10_000

_LOOK_S = 0.1
"""How often a follower looks for events.

Sixty events at once take a fifth of the time that they take one by one, and a writer
who waits for his next answer needs the interpreter as well: with 10 ms an append over
HTTP took a fifth longer.
"""
_RETRY_S = 1.0
"""How long it rests after an error, which would be told ten times a second."""


class Projector:
    """Reads what is behind the checkpoint, folds it and stores the rows.

    Args:
        folder: The data folder; holds the lock under which one process rebuilds.
    """

    def __init__(self, log: EventLog, store: ViewStore, *, folder: Path) -> None:
        self._log = log
        self._store = store
        self._rebuild_lock = folder / "views.lock"
        self._turn = threading.Lock()

    def start(self) -> None:
        """Make sure that the model is of this log and of these projections.

        A missing, foreign or outdated one is built anew, and one that has seen
        more than the log holds (the log was restored) as well.
        """
        if not self._fits():
            with self._one_rebuilder():
                if not self._fits():  # another process has just done it
                    self._build()
        self.catch_up()

    def catch_up(self, upto: int | None = None) -> None:
        """Take in every event up to *upto*, or to the head.

        Returns at once if somebody else has done it.
        """
        while self.advance(upto):
            pass

    def advance(self, upto: int | None = None) -> bool:
        """Take in the next events, one batch of them; False: there are none."""
        with self._turn:
            checkpoint = self._store.checkpoint().position
            if upto is not None and checkpoint >= upto:
                return False
            events = self._log.read(after=checkpoint, limit=_BATCH)
            if events:
                # Refused if another process took them in just now: then look again.
                self._take_in(self._store, events, after=checkpoint)
            return bool(events)

    def take_in(self, events: Sequence[RecordedEvent]) -> None:
        """Take in *events*, which were just appended in one batch.

        Without reading them again, if nothing else is to be taken in; while others
        wait as well, one of them takes in what all have appended.
        """
        if self._turn.acquire(blocking=False):
            try:
                after = events[0].position - 1
                if self._take_in(self._store, events, after=after):
                    return
            finally:
                self._turn.release()
        self.catch_up(upto=events[-1].position)

    def rebuild(self) -> int:
        """Build the model anew beside the one in use; the position it reached."""
        with self._one_rebuilder():
            self._build()
        self.catch_up()
        return self._store.checkpoint().position

    def _build(self) -> None:
        log_id = self._log.identity().log_id
        rebuild = self._store.begin(Checkpoint(VERSION, log_id, 0, b""))
        try:
            position = 0
            while events := self._log.read(after=position, limit=_REBUILD_BATCH):
                self._take_in(rebuild, events, after=position)
                position = events[-1].position
        except BaseException:
            rebuild.discard()
            raise
        rebuild.publish()

    def _take_in(
        self, model: ViewStore | Rebuild, events: Sequence[RecordedEvent], *, after: int
    ) -> bool:
        last = events[-1]
        return model.apply(
            self._rows(events),
            after=after,
            upto=last.position,
            leaf_hash=last.leaf_hash,
        )

    def _rows(self, events: Sequence[RecordedEvent]) -> list[Row]:
        """What *events* lead to; entries in the order of their first event here."""
        histories: dict[str, list[RecordedEvent]] = {}
        for event in events:
            if event.entry not in histories:
                histories[event.entry] = self._before(event)
            histories[event.entry].append(event)
        rows: list[Row] = []
        for entry, history in histories.items():
            if entry.startswith(VIEW_PREFIX):
                rows += _views_after(history, events[0].position)
            elif (versions := versions_of(history)).shown:
                rows.append(versions)
        return rows

    def _before(self, event: RecordedEvent) -> list[RecordedEvent]:
        if event.version == 1:
            return []
        history = self._log.entry_events(event.entry)
        return [one for one in history if one.version < event.version]

    def _fits(self) -> bool:
        try:
            checkpoint = self._store.checkpoint()
        except (NoModelError, LogDamagedError, MigrationError, sqlite3.Error) as error:
            _logger.info("the read model is built anew: %s", error)
            return False
        if (checkpoint.projection, checkpoint.log_id) != (
            VERSION,
            self._log.identity().log_id,
        ):
            return False
        if checkpoint.position == 0:
            return True
        last = self._log.event(checkpoint.position)
        return last is not None and last.leaf_hash == checkpoint.leaf_hash

    @contextmanager
    def _one_rebuilder(self) -> Iterator[None]:
        descriptor = os.open(self._rebuild_lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class Follower:
    """Keeps a model close behind its log, in a thread of its own.

    It looks every 100 ms, and so sees the events of all processes. Nothing depends on
    it: a read takes in what is missing, so the thread may lag, fail or be gone.
    """

    def __init__(self, projector: Projector) -> None:
        self._projector = projector
        self._wanted = False
        self._begin_anew()
        _followers.add(self)

    def _begin_anew(self) -> None:
        self._changing = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow from now on."""
        with self._changing:
            self._wanted = True
            self._begin()

    def stop(self) -> None:
        """Follow no longer; on return nothing is being taken in.

        What is left is taken in by the next read, or by whoever opens the model next.
        """
        with self._changing:
            self._wanted = False
            self._end()

    def follows(self) -> bool:
        """Whether what was just appended will be taken in without a reader."""
        if self._wanted and self._thread is None:  # this is the child of a fork
            with self._changing:
                self._begin()
        return self._wanted

    def _begin(self) -> None:
        if self._wanted and self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(
                target=self._run, name="follower", daemon=True
            )
            self._thread.start()

    def _end(self) -> None:
        if self._thread is not None:
            self._ending.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        rest_s = _LOOK_S
        while not self._ending.wait(rest_s):
            try:
                while self._projector.advance() and not self._ending.is_set():
                    pass
                rest_s = _LOOK_S
            except LogUnavailableError as error:
                _logger.warning("the read model lags behind: %s", error)
                rest_s = _RETRY_S
            except Exception:
                _logger.exception("the read model lags behind")
                rest_s = _RETRY_S

    # -- forks -------------------------------------------------------------------

    def pause(self) -> None:
        """End the thread before a fork, which would copy its locks but not itself."""
        self._changing.acquire()
        self._end()

    def resume(self, *, in_child: bool) -> None:
        """Go on in the parent; a child begins with its first append."""
        if in_child:
            self._begin_anew()
        else:
            self._begin()
            self._changing.release()


_followers: "weakref.WeakSet[Follower]" = weakref.WeakSet()


def _before_fork() -> None:
    for follower in list(_followers):
        follower.pause()


def _after_fork(*, in_child: bool) -> None:
    for follower in list(_followers):
        follower.resume(in_child=in_child)


# Before the databases, which wait for their readers and writers to end: hooks from
# before a fork run in reverse order, and `events.db` was imported first.
os.register_at_fork(
    before=_before_fork,
    after_in_parent=partial(_after_fork, in_child=False),
    after_in_child=partial(_after_fork, in_child=True),
)


def _views_after(history: Sequence[RecordedEvent], first: int) -> list[View]:
    """The view after each event of its *history* from position *first* on."""
    views: list[View] = []
    view = None
    for event in history:
        after = view_of(event, view)
        if after is not None:
            view = after
            if event.position >= first:
                views.append(view)
    return views
