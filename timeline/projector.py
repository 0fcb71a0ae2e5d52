"""Keeps the read model up with the log."""

import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from events.errors import LogDamagedError, MigrationError
from events.log import EventLog
from events.model import VIEW_PREFIX, RecordedEvent
from timeline.projections import VERSION, Row, View, fold, view_of
from timeline.store import Checkpoint, NoModelError, Rebuild, ViewStore

_logger = logging.getLogger(__name__)

_BATCH = 500
_REBUILD_BATCH = 10_000


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
        with self._turn:
            checkpoint = self._store.checkpoint().position
            while upto is None or checkpoint < upto:
                events = self._log.read(after=checkpoint, limit=_BATCH)
                if not events:
                    return
                if self._take_in(self._store, events, after=checkpoint):
                    checkpoint = events[-1].position
                else:
                    checkpoint = self._store.checkpoint().position

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
        """What *events* lead to, in order."""
        histories: dict[str, list[RecordedEvent]] = {}
        rows: list[Row] = []
        for event in events:
            if event.entry not in histories:
                histories[event.entry] = self._before(event)
            history = histories[event.entry]
            history.append(event)
            row: Row | None
            if event.entry.startswith(VIEW_PREFIX):
                row = _view_after(history)
            else:
                row = fold(history)
            if row is not None and row.position == event.position:
                rows.append(row)
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


def _view_after(history: Sequence[RecordedEvent]) -> View | None:
    view = None
    for event in history:
        view = view_of(event, view) or view
    return view
