"""The only door for the edges: pages, API, feeds and command line ask here."""

import hashlib
import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from operator import itemgetter
from uuid import UUID, uuid5

import uuid_utils

from events import dates
from events.codec import public_type
from events.errors import (
    IdTakenError,
    LogUnavailableError,
    WrongExpectedVersionError,
)
from events.log import EventLog, TokenStore
from events.model import (
    Appended,
    EntryEvent,
    EntryRecorded,
    LogIdentity,
    NewEvent,
    RecordedEvent,
    Token,
    ViewRemoved,
)
from timeline.config import Settings
from timeline.projections import (
    VERSION,
    AsOf,
    Entry,
    Known,
    Moment,
    RefusedError,
    State,
    check,
    fold,
    story_of,
    view_of,
)
from timeline.projector import Follower, Projector
from timeline.schemas import (
    ChangesQuery,
    Query,
    Wanted,
    check_fields,
    entry_name,
    refuse_backwards,
    refuse_moment,
)
from timeline.store import Snapshot, ViewStore

_logger = logging.getLogger(__name__)

SCHEDULER = "scheduler"
"""Author of what the clock says."""

_LAST_S = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
"""The last second that Python can tell."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What answers rest on.

    Attributes:
        tag: Opaque, without quotes; another one whenever an answer may be another.
        head: It stays as it is while the log ends at this position; None: for good.
        changed_at: When what is shown last changed; None: that is not known.
    """

    tag: str
    head: int | None
    changed_at: datetime | None


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
        self._follower = Follower(self._projector)
        self._followed = False
        self._release = _release(settings)
        # Position, how much is erased, when it was recorded: once for each head.
        self._last: tuple[int, int, datetime | None] = (0, 0, None)
        self._projector.start()

    def follow(self) -> None:
        """From now on take in what is appended beside the requests, not in them.

        For a process that serves: whoever waits for `append` waits for the log only,
        and what other processes append is there before it is asked for.
        """
        self._follower.start()

    def leave_following(self) -> None:
        """Another process follows on the same folder, so `append` need not.

        The work is then done beside this process's own, not in turn with it.
        """
        self._followed = True

    def close(self) -> None:
        """Let go of all files."""
        self._follower.stop()
        self._store.close()
        self._log.close()

    # -- writing -----------------------------------------------------------------

    def append(self, wanted: Sequence[Wanted], *, author: str) -> Appended:
        """Append all of *wanted* or none of it; every read from now on shows it.

        Raises:
            RefusedError: An event makes no sense for its entry.
            FieldsError: A change would leave an entry with wrong fields.
            WrongExpectedVersionError, IdTakenError, LogUnavailableError: As
                `EventLog.append`.
        """
        batch = [_new_event(one, author=author) for one in wanted]
        appended = self._repeat(batch) or self._decide_and_append(batch)
        self._take_in(appended)
        return appended

    def _take_in(self, appended: Appended) -> None:
        """Take in what was appended now, unless that is done beside the requests."""
        if appended.repeated or self._followed or self._follower.follows():
            return
        try:
            self._projector.take_in(appended.events)
        except LogUnavailableError as error:
            # The events are durable, so they are acknowledged; the next read
            # catches up.
            _logger.warning("the read model lags behind: %s", error)

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
        streams: dict[str, _Stream] = {}
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
                if len(batch) == 1:  # most appends; the schema has checked its fields
                    return [replace(new, expected_version=0)]
                stream = _Stream(())
                expected = 0
            else:
                if new.entry not in streams:
                    streams[new.entry] = _Stream(self._log.entry_events(new.entry))
                stream = streams[new.entry]
                expected = len(stream.events)
                if new.expected_version not in (None, expected):
                    raise WrongExpectedVersionError(
                        new.entry,
                        expected=new.expected_version or 0,
                        actual=expected,
                        index=index,
                    )
            pending = self._pending(new, version=expected + 1)
            stream.add(pending, index)
            if not new.entry_derived:
                streams[new.entry] = stream
            decided.append(replace(new, expected_version=expected))
        return decided

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

    def append_due(self, *, upto: datetime, limit: int = 500) -> int:
        """Append that windows opened or closed, in the order in which they did.

        Args:
            upto: As far as they did by then.
            limit: Entries to look at, those that are due first.

        Returns:
            The number of events that were appended. 0: none is due, or somebody
            else is appending them.

        Raises:
            LogUnavailableError: As `EventLog.append`; what was appended stays.
        """
        upto_s = upto.timestamp()
        with self.snapshot() as snapshot:
            due = snapshot.due(upto_s=upto_s, limit=limit)
        if len(due) == limit:
            # Others come next: what follows on them has to wait for its turn.
            upto_s = due[-1].due or upto_s
        batch = self._due_events(due, upto_s)
        try:
            if appended := self._append_due(batch):
                return appended
        except (WrongExpectedVersionError, IdTakenError):
            pass  # by one of them; which one is found out by taking each alone
        return sum(self._append_lone(entry.id, upto_s) for entry in due)

    def _append_due(self, batch: Sequence[NewEvent]) -> int:
        if not batch:
            return 0
        appended = self._log.append(batch)
        self._take_in(appended)
        return 0 if appended.repeated else len(batch)

    def _append_lone(self, name: str, upto_s: float) -> int:
        """Append what is due of one entry, decided on what the log holds of it.

        The model may be behind, and does not count what was redacted. Where an id is
        taken, another will do: the expected version lets it happen once.
        """
        history = self._log.entry_events(name)
        entry = fold(history)
        if entry is None:
            return 0
        batch = self._due_events([replace(entry, version=len(history))], upto_s)
        others = [
            replace(new, id=str(uuid_utils.uuid7()), id_derived=True) for new in batch
        ]
        for tried in (batch, others):
            try:
                if appended := self._append_due(tried):
                    return appended
            except WrongExpectedVersionError:
                return 0  # it has moved on: it may be due again, at another time
            except IdTakenError:
                continue
        return 0

    def _due_events(self, entries: Sequence[Entry], upto_s: float) -> list[NewEvent]:
        """What is due of *entries* up to *upto_s*, in the order in which it was."""
        due: list[tuple[int, NewEvent]] = []
        for entry in entries:
            at = entry.due
            if at is None or at > upto_s:
                continue
            due.append((at, self._due_event(entry)))
            if entry.state is State.UPCOMING:
                opened = replace(entry, state=State.OPEN, version=entry.version + 1)
                if opened.due is not None and opened.due <= upto_s:
                    due.append((opened.due, self._due_event(opened)))
        return [new for _, new in sorted(due, key=itemgetter(0))]

    def _due_event(self, entry: Entry) -> NewEvent:
        """With an id made of which window it is: a second firing appends nothing.

        Hashed, as an id outlives what is redacted, and the entry's name is text.
        """
        event = entry.due_event()
        said = f"{public_type(event.type)}:{entry.id}:{event.set_by}:{event.bound}"
        return NewEvent(
            id=str(uuid5(UUID(self.identity().log_id), said)),
            entry=entry.id,
            event=event,
            author=SCHEDULER,
            expected_version=entry.version,
        )

    def next_due(self) -> datetime | None:
        """When the next window opens or closes; None: none is going to."""
        with self.snapshot() as snapshot:
            due_s = snapshot.next_due()
        if due_s is None or due_s > _LAST_S:
            return None
        return datetime.fromtimestamp(max(due_s, 0), UTC)

    def rebuild(self) -> int:
        """Build the read model anew from the log; the position it reached."""
        return self._projector.rebuild()

    # -- reading -----------------------------------------------------------------

    def moment(self, query: Query) -> Moment | None:
        """The moment that *query* asks for; None: now.

        Raises:
            QueryError: The log has not come so far.
        """
        if query.as_of is None and query.known is None:
            return None
        head = self._log.head()
        match query.as_of:
            case int(position):
                if position > head:
                    raise refuse_moment(head)
                return AsOf(position)
            case datetime() as instant:
                return AsOf(self._position_at(instant, head))
        last = self._log.event(head)
        if query.known is None or last is None:
            return None
        # What is still to come is not known: a day behind the head's means the head.
        today = dates.from_instant(last.recorded_at).hi
        return Known(min(query.known.hi, today) // dates.DAY_S)

    def between(self, query: ChangesQuery) -> tuple[int, int | None]:
        """The positions behind which and up to which *query* asks; None: the last.

        Raises:
            QueryError: The log has not come so far, or the second is the earlier one.
        """
        head = self._log.head()

        def position_of(name: str, moment: int | datetime) -> int:
            if isinstance(moment, datetime):
                return self._position_at(moment, head)
            if moment > head:
                raise refuse_moment(head, name)
            return moment

        after = 0 if query.after is None else position_of("after", query.after)
        if query.upto is None:
            return after, None
        upto = position_of("upto", query.upto)
        if after > upto:
            raise refuse_backwards()
        return after, upto

    def _position_at(self, instant: datetime, head: int) -> int:
        """Of the last event recorded by *instant*; 0: there was none."""
        # Positions have no gaps, so that each has its instant.
        return bisect_right(
            range(1, head + 1), instant, key=lambda at: self.recorded_at(at) or instant
        )

    @contextmanager
    def snapshot(self, moment: Moment | None = None) -> Iterator[Snapshot]:
        """All views at one moment; by default at the head, or close behind it.

        Raises:
            LogUnavailableError: The read model cannot be brought to that position now,
                and what it holds must not be kept for good under its name.
        """
        self._refresh()
        with self._store.snapshot(moment) as snapshot:
            if isinstance(moment, AsOf) and snapshot.position < moment.position:
                raise LogUnavailableError("the read model lags behind")
            yield snapshot

    def tag(self, moment: Moment | None = None) -> str:
        """The validator of answers at *moment*; None: now."""
        return self.edition(moment).tag

    def edition(self, moment: Moment | None = None) -> Edition:
        """What every answer at *moment* depends on beside its address; None: now.

        Ask for it before the rows: a write in between costs the caller one needless
        download, where the other way round it would keep a stale copy for good.
        What was shown at a position stays the same, whatever is appended, until
        something is erased.
        """
        self._refresh()
        head = self._store.checkpoint().position
        last, erased, recorded_at = self._last
        if last != head:
            erased, recorded_at = self._log.erased(), self.recorded_at(head)
            self._last = head, erased, recorded_at
        if not isinstance(moment, AsOf):
            return Edition(f"{self._release}-{head}", head, recorded_at)
        tag = f"{self._release}-{moment.position}"
        if erased:
            # When that was is not known, so that no date is the last change's.
            return Edition(f"{tag}.{erased}", head, None)
        return Edition(tag, head, self.recorded_at(moment.position))

    def now(self) -> datetime:
        """The instant, for what is said about answers; they say nothing of it."""
        return self._clock()

    def identity(self) -> LogIdentity:
        """What names the log for good."""
        return self._log.identity()

    def head(self) -> int:
        """Position of the log's last event."""
        return self._log.head()

    def recorded_at(self, position: int) -> datetime | None:
        """When the event at *position* was recorded; None if there is none."""
        event = self._log.event(position)
        return event.recorded_at if event else None

    def event(self, position: int) -> RecordedEvent | None:
        """The event at *position*; None if the log does not reach it."""
        return self._log.event(position)

    def events(self, *, after: int, limit: int) -> list[RecordedEvent]:
        """Up to *limit* events behind *after*."""
        return self._log.read(after=after, limit=limit)

    def changes(
        self, snapshot: Snapshot, *, after: int, upto: int
    ) -> list[tuple[RecordedEvent, Entry | None]]:
        """Events behind *after* up to *upto*, each with what its entry was right after.

        None for the events of views, and for those that make no entry. *upto* is not
        behind the snapshot's position.
        """
        limit = max(upto - after, 0)
        versions = {
            entry.position: entry
            for entry in snapshot.versions(after=after, upto=upto, limit=limit)
        }
        return [
            (event, versions.get(event.position))
            for event in self._log.read(after=after, limit=limit)
        ]

    def entry_events(self, entry: str) -> list[RecordedEvent]:
        """All events of an entry."""
        return self._log.entry_events(entry)

    def writer(self, token: str) -> Token | None:
        """Whose token this is; None if it may not be used."""
        return self.tokens.check(token)

    def _refresh(self) -> None:
        """Take in what was appended by others, or not taken in yet."""
        try:
            # Up to here: chasing writers who are faster would never end.
            head = self._log.head()
            if head > self._store.checkpoint().position:
                self._projector.catch_up(upto=head)
        except LogUnavailableError as error:
            _logger.warning("the read model lags behind: %s", error)


class _Stream:
    """The events of one entry or view, as far as a batch has been decided.

    Folded as they come: from the start for each, a long batch would never end.
    """

    def __init__(self, events: Sequence[RecordedEvent]) -> None:
        self.events = list(events)
        self._story = story_of(events)

    def add(self, pending: RecordedEvent, index: int) -> None:
        """Take in the event at *index* of the batch.

        Raises:
            RefusedError, FieldsError: It makes no sense here.
        """
        event = pending.event
        try:
            if isinstance(event, ViewRemoved):
                _check_view_is_there(self.events)
            elif isinstance(event, EntryEvent):
                check(self._story, event, at=pending.recorded_at)
        except RefusedError as refusal:
            raise refusal.at(index) from None
        self.events.append(pending)
        self._story.add(pending)
        if isinstance(event, EntryRecorded):
            return  # the schema has checked all its fields
        entry = self._story.entry(pending.entry)
        if entry is not None:
            check_fields(entry.fields, index=index)


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
        settings.list_size,
        settings.feed_size,
        settings.hub,
    )
    return hashlib.sha256(repr(made_by).encode()).hexdigest()[:10]
