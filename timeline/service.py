"""The only door for the edges: pages, API, feeds and command line ask here."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version as version_of

import uuid_utils

from events.errors import LogUnavailableError, WrongExpectedVersionError
from events.log import EventLog, TokenStore
from events.model import (
    Appended,
    EntryRecorded,
    LogIdentity,
    NewEvent,
    RecordedEvent,
    Redacted,
    Token,
    ViewDefined,
    ViewRemoved,
)
from timeline.config import Settings
from timeline.projections import VERSION, RefusedError, check, fold, view_of
from timeline.projector import Projector
from timeline.schemas import Wanted, check_fields, entry_name
from timeline.store import Snapshot, ViewStore

_logger = logging.getLogger(__name__)

_TRIES = 20
"""How often an event without an expected version is decided again."""


class Timeline:
    """The timeline of one log.

    Args:
        clock: For deciding what an event would lead to; the log has its own.
    """

    def __init__(
        self,
        log: EventLog,
        tokens: TokenStore,
        store: ViewStore,
        *,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.tokens = tokens
        self._log = log
        self._store = store
        self._clock = clock
        self._projector = Projector(log, store, folder=settings.data)
        self._release = _release(settings)
        self._projector.start()

    def close(self) -> None:
        """Let go of all files."""
        self._store.close()
        self._log.close()

    # -- writing -----------------------------------------------------------------

    def append(self, wanted: Sequence[Wanted], *, author: str) -> Appended:
        """Append all of *wanted* or none of it; on return every view shows it.

        Raises:
            RefusedError: An event makes no sense for its entry.
            FieldsError: A change would leave an entry with wrong fields.
            WrongExpectedVersionError, IdTakenError, LogUnavailableError: As
                `EventLog.append`.
        """
        batch = [_new_event(one, author=author) for one in wanted]
        appended = self._repeat(batch) or self._decide_and_append(batch)
        try:
            if not appended.repeated:
                self._projector.take_in(appended.events)
        except LogUnavailableError as error:
            # The events are durable, so they are acknowledged; the next read
            # catches up.
            _logger.warning("the read model lags behind: %s", error)
        return appended

    def _repeat(self, batch: Sequence[NewEvent]) -> Appended | None:
        """Before deciding, as a repeat need not make sense a second time.

        What needs no decision is left to the log, which looks again in any case.
        """
        if all(new.id_derived or isinstance(new.event, EntryRecorded) for new in batch):
            return None
        return self._log.repeat(batch)

    def _decide_and_append(self, batch: Sequence[NewEvent]) -> Appended:
        """Append what was decided on the versions it was decided on.

        Where the caller expects no version and another writer came between, decide
        again.
        """
        for left in reversed(range(_TRIES)):
            try:
                return self._log.append(self._decided(batch))
            except WrongExpectedVersionError as error:
                given = batch[error.index].expected_version is not None
                recorded = isinstance(batch[error.index].event, EntryRecorded)
                if given or recorded or left == 0:
                    raise
        raise AssertionError  # the last try returns or raises

    def _decided(self, batch: Sequence[NewEvent]) -> list[NewEvent]:
        """*batch* with the versions on which each event was found to make sense."""
        histories: dict[str, list[RecordedEvent]] = {}
        decided: list[NewEvent] = []
        for index, new in enumerate(batch):
            if isinstance(new.event, EntryRecorded):
                if new.expected_version not in (None, 0):
                    raise RefusedError(
                        "bad-field",
                        "entry-recorded begins an entry: expected_version is 0 "
                        "or absent.",
                        pointer="/expected_version",
                        index=index,
                    )
                history: list[RecordedEvent] = []
                expected = 0
            else:
                if new.entry not in histories:
                    histories[new.entry] = self._log.entry_events(new.entry)
                history = histories[new.entry]
                expected = len(history)
                if new.expected_version not in (None, expected):
                    raise WrongExpectedVersionError(
                        new.entry,
                        expected=new.expected_version or 0,
                        actual=expected,
                        index=index,
                    )
            pending = self._pending(new, version=expected + 1)
            self._check(history, pending, index)
            if not new.entry_derived:
                histories[new.entry] = [*history, pending]
            decided.append(replace(new, expected_version=expected))
        return decided

    def _check(
        self, history: Sequence[RecordedEvent], pending: RecordedEvent, index: int
    ) -> None:
        event = pending.event
        try:
            match event:
                case ViewDefined():
                    return
                case ViewRemoved():
                    _check_view_is_there(history)
                case EntryRecorded() | Redacted():
                    return  # the schema has checked all its fields
                case _:
                    check(history, event)
                    entry = fold([*history, pending])
                    if entry is not None:
                        check_fields(entry.fields, index=index)
        except RefusedError as refusal:
            raise refusal.at(index) from None

    def _pending(self, new: NewEvent, *, version: int) -> RecordedEvent:
        return RecordedEvent(
            position=0,
            id=new.id,
            entry=new.entry,
            version=version,
            recorded_at=self._clock(),
            author=new.author,
            event=new.event,
            leaf_hash=b"",
        )

    def rebuild(self) -> int:
        """Build the read model anew from the log; the position it reached."""
        return self._projector.rebuild()

    # -- reading -----------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """All views at one position: the head, or close behind it."""
        self._refresh()
        with self._store.snapshot() as snapshot:
            yield snapshot

    def tag(self) -> str:
        """What every answer depends on beside its address; opaque, without quotes.

        Ask for it before the rows: a write in between costs the caller one needless
        download, where the other way round it would keep a stale copy for good.
        """
        self._refresh()
        return f"{self._release}-{self._store.checkpoint().position}"

    def identity(self) -> LogIdentity:
        """What names the log for good."""
        return self._log.identity()

    def head(self) -> int:
        """Position of the log's last event."""
        return self._log.head()

    def event(self, position: int) -> RecordedEvent | None:
        """The event at *position*; None if the log does not reach it."""
        return self._log.event(position)

    def events(self, *, after: int, limit: int) -> list[RecordedEvent]:
        """Up to *limit* events behind *after*."""
        return self._log.read(after=after, limit=limit)

    def entry_events(self, entry: str) -> list[RecordedEvent]:
        """All events of an entry."""
        return self._log.entry_events(entry)

    def writer(self, token: str) -> Token | None:
        """Whose token this is; None if it may not be used."""
        return self.tokens.check(token)

    def _refresh(self) -> None:
        """Take in what another process has appended."""
        try:
            if self._log.head() > self._store.checkpoint().position:
                self._projector.catch_up()
        except LogUnavailableError as error:
            _logger.warning("the read model lags behind: %s", error)


def _new_event(wanted: Wanted, *, author: str) -> NewEvent:
    """With an id of its own, and the entry's name made from its title, if not given.

    The id is a UUIDv7: ids in order of time load three times faster than random
    ones.
    """
    derived = None
    if wanted.entry is None:
        derived = entry_name(wanted.event)
    return NewEvent(
        id=wanted.id or str(uuid_utils.uuid7()),
        entry=wanted.entry or derived or "",
        event=wanted.event,
        author=author,
        expected_version=wanted.expected_version,
        entry_derived=derived is not None,
        id_derived=wanted.id is None,
    )


def _check_view_is_there(history: Sequence[RecordedEvent]) -> None:
    view = None
    for event in history:
        view = view_of(event, view) or view
    if view is None or view.removed:
        raise RefusedError(
            "no-such-view", "There is no such view to remove.", pointer="/data/name"
        )


def _release(settings: Settings) -> str:
    """Changes with whatever changes answers without an event: code and settings."""
    made_by = (
        version_of("living-timeline"),
        VERSION,
        settings.origin,
        settings.title,
        settings.lang,
        settings.page_size,
        settings.feed_size,
    )
    return hashlib.sha256(repr(made_by).encode()).hexdigest()[:10]
