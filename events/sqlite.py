"""The log and its writers' tokens in one SQLite file."""

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

from events import codec
from events.db import Database, migrations_in
from events.errors import (
    IdTakenError,
    LogError,
    LogLockedError,
    NoSuchTokenError,
    TokenNameTakenError,
    WrongExpectedVersionError,
)
from events.model import (
    Appended,
    LogIdentity,
    NewEvent,
    RecordedEvent,
    Redacted,
    Token,
)

Clock = Callable[[], datetime]

SLUG_LIMIT = 80
_GROUP_LIMIT = 1_000
"""Events that one commit takes together before it lets others have a turn."""

_COLUMNS = "position, id, entry, version, type, recorded_at, payload, leaf_hash"
_SELECT_AFTER = (
    f"SELECT {_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"
)
_SELECT_POSITION = f"SELECT {_COLUMNS} FROM events WHERE position = ?"
_SELECT_ID = f"SELECT {_COLUMNS} FROM events WHERE id = ?"
_SELECT_ENTRY = f"SELECT {_COLUMNS} FROM events WHERE entry = ? ORDER BY version"
_SELECT_VERSION = "SELECT max(version) FROM events WHERE entry = ?"
_SELECT_SIZE = "SELECT size FROM tree"
_COUNT_ERASED = "SELECT count(*) FROM events WHERE payload IS NULL"
_SELECT_TREE = "SELECT size, frontier, recorded_at FROM tree"
_INSERT_EVENT = (
    "INSERT INTO events (position, id, entry, version, type, recorded_at,"
    " payload, salt, leaf, leaf_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE_TREE = "UPDATE tree SET size = ?, frontier = ?, recorded_at = ?"


def open_events_db(path: Path, *, deadline_s: float = 5.0) -> Database:
    """The file that holds log, identity and tokens; made if it is not there."""
    return Database(
        path,
        migrations=migrations_in(files("events") / "migrations"),
        synchronous="FULL",
        deadline_s=deadline_s,
    )


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


class _Waiting:
    """A caller of `append` and what became of its batch; None: still waiting.

    What cannot be written fails here, before it can disturb a commit that others
    share.
    """

    __slots__ = ("batch", "data", "outcome")

    def __init__(self, batch: Sequence[NewEvent]) -> None:
        self.batch = batch
        self.data = [codec.canonical(codec.data_of(new.event)) for new in batch]
        self.outcome: Appended | BaseException | None = None


class _Line:
    """The callers of one process, and the turn of the one that commits for all."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.turn = threading.Lock()
        self.waiting: deque[_Waiting] = deque()

    def take(self) -> list[_Waiting]:
        """The callers that the next commit serves."""
        taken: list[_Waiting] = []
        events = 0
        while self.waiting and events < _GROUP_LIMIT:
            taken.append(self.waiting.popleft())
            events += len(taken[-1].batch)
        return taken


@dataclass(slots=True)
class _End:
    """The end of the log inside a write transaction, as appending moves it."""

    tree: codec.Tree
    recorded_at: str
    versions: dict[str, int] = field(default_factory=dict)


class SqliteEventLog:
    """The log in SQLite: callers that wait at the same time share one commit.

    Args:
        db: From `open_events_db`.
        tag_authority: A DNS name or e-mail address under which feed ids are
            minted; used only when the log is made.
        clock: Where `recorded_at` comes from.
    """

    def __init__(
        self,
        db: Database,
        *,
        tag_authority: str = "localhost",
        clock: Clock = utc_now,
    ) -> None:
        self._db = db
        self._clock = clock
        self._line = _Line()
        self._identity = self._identify(tag_authority)

    # -- appending -----------------------------------------------------------

    def append(self, batch: Sequence[NewEvent]) -> Appended:
        """Queue up; whoever has the turn commits for all who wait.

        One durable commit costs much more than the events in it: with 16 callers
        this appends 2.6 times as many a second as a commit each.
        """
        if self._line.pid != os.getpid():  # forked: another thread held the turn
            self._line = _Line()
        line, waiting = self._line, _Waiting(batch)
        line.waiting.append(waiting)
        if not line.turn.acquire(timeout=self._db.deadline_s):
            try:
                line.waiting.remove(waiting)
            except ValueError:  # taken along: its outcome is about to be known
                line.turn.acquire()
            else:
                raise LogLockedError("too many writers are waiting before this one")
        try:
            while waiting.outcome is None:
                self._commit(line.take())
        finally:
            line.turn.release()
        if isinstance(waiting.outcome, BaseException):
            raise waiting.outcome
        return waiting.outcome

    def _commit(self, taken: Sequence[_Waiting]) -> None:
        """Append for each of *taken* in one transaction, and tell them after it."""
        outcomes: list[Appended | LogError] = []
        try:
            with self._db.write() as con:
                end = self._end(con)
                size = end.tree.size
                for waiting in taken:
                    try:
                        outcomes.append(self._append_one(con, end, waiting))
                    except LogError as refusal:  # raised before its first insert
                        outcomes.append(refusal)
                if end.tree.size > size:
                    con.execute(
                        _UPDATE_TREE,
                        (end.tree.size, end.tree.to_bytes(), end.recorded_at),
                    )
        except BaseException as error:
            for waiting in taken:
                waiting.outcome = error
            if not isinstance(error, Exception):
                raise
            return
        for waiting, outcome in zip(taken, outcomes, strict=True):
            waiting.outcome = outcome

    def _end(self, con: sqlite3.Connection) -> _End:
        size, frontier, recorded_at = con.execute(_SELECT_TREE).fetchone()
        return _End(codec.Tree.from_bytes(size, frontier), recorded_at)

    def _append_one(
        self, con: sqlite3.Connection, end: _End, waiting: _Waiting
    ) -> Appended:
        """Insert a caller's batch; every refusal comes before the first insert."""
        batch = waiting.batch
        if _is_lone_first(batch):
            # Most appends: the constraints look as closely as two queries would.
            try:
                return self._store(con, end, waiting, [(batch[0].entry, 1)])
            except sqlite3.IntegrityError:
                pass  # the id or the entry is there; find out which
        if repeated := self._repeat(con, batch):
            return repeated
        versions: dict[str, int] = {}

        def version_of(entry: str) -> int:
            if entry in versions:
                return versions[entry]
            if entry not in end.versions:
                found = con.execute(_SELECT_VERSION, (entry,)).fetchone()[0]
                end.versions[entry] = found or 0
            return end.versions[entry]

        places: list[tuple[str, int]] = []
        for index, new in enumerate(batch):
            entry = new.entry
            if new.entry_derived:
                entry = _free_name(entry, lambda name: version_of(name) == 0)
            actual = version_of(entry)
            if new.expected_version not in (None, actual):
                raise WrongExpectedVersionError(
                    entry, expected=new.expected_version, actual=actual, index=index
                )
            versions[entry] = actual + 1
            places.append((entry, actual + 1))
        return self._store(con, end, waiting, places)

    def _store(
        self,
        con: sqlite3.Connection,
        end: _End,
        waiting: _Waiting,
        places: Sequence[tuple[str, int]],
    ) -> Appended:
        """Insert a batch whose entries and versions are settled, and move the end."""
        # The log's time never runs backwards, whatever the clock does.
        recorded_at = max(codec.write_instant(self._clock()), end.recorded_at)
        instant = codec.read_instant(recorded_at)
        recorded: list[RecordedEvent] = []
        for position, (new, data, (entry, version)) in enumerate(
            zip(waiting.batch, waiting.data, places, strict=True),
            start=end.tree.size + 1,
        ):
            payload = codec.payload_of(
                author=new.author, data=data, entry=entry, version=version
            )
            salt = secrets.token_bytes(codec.SALT_BYTES)
            leaf = codec.leaf_of(
                position=position,
                event_id=new.id,
                stored_type=new.event.type,
                recorded_at=recorded_at,
                commit=codec.commitment(salt, payload),
            )
            leaf_hash = codec.leaf_hash(leaf)
            con.execute(
                _INSERT_EVENT,
                (
                    position,
                    new.id,
                    entry,
                    version,
                    new.event.type,
                    recorded_at,
                    payload,
                    salt,
                    leaf,
                    leaf_hash,
                ),
            )
            recorded.append(
                RecordedEvent(
                    position=position,
                    id=new.id,
                    entry=entry,
                    version=version,
                    recorded_at=instant,
                    author=new.author,
                    event=new.event,
                    leaf_hash=leaf_hash,
                )
            )
        end.tree = end.tree.extend(event.leaf_hash for event in recorded)
        end.recorded_at = recorded_at
        end.versions.update(places)
        return Appended(recorded, repeated=False)

    def repeat(self, batch: Sequence[NewEvent]) -> Appended | None:
        """Look the ids up without the write lock."""
        with self._db.read() as con:
            return self._repeat(con, batch)

    def _repeat(
        self, con: sqlite3.Connection, batch: Sequence[NewEvent]
    ) -> Appended | None:
        seen: set[str] = set()
        found: list[tuple[int, RecordedEvent]] = []
        for index, new in enumerate(batch):
            if new.id in seen:
                raise IdTakenError(new.id, position=None, index=index)
            seen.add(new.id)
            if new.id_derived:
                continue
            if row := con.execute(_SELECT_ID, (new.id,)).fetchone():
                event = _recorded_of(row)
                if not _is_repeat(new, event):
                    raise IdTakenError(new.id, position=event.position, index=index)
                found.append((index, event))
        if not found:
            return None
        if len(found) < len(batch):
            index, event = found[0]
            raise IdTakenError(event.id, position=event.position, index=index)
        return Appended([event for _, event in found], repeated=True)

    # -- reading -------------------------------------------------------------

    def read(self, *, after: int, limit: int) -> list[RecordedEvent]:
        with self._db.read() as con:
            rows = con.execute(_SELECT_AFTER, (after, limit)).fetchall()
        return [_recorded_of(row) for row in rows]

    def event(self, position: int) -> RecordedEvent | None:
        row = self._db.row(_SELECT_POSITION, position)
        return _recorded_of(row) if row else None

    def entry_events(self, entry: str) -> list[RecordedEvent]:
        with self._db.read() as con:
            rows = con.execute(_SELECT_ENTRY, (entry,)).fetchall()
        return [_recorded_of(row) for row in rows]

    def head(self) -> int:
        row = self._db.row(_SELECT_SIZE)
        return row[0] if row else 0

    def erased(self) -> int:
        row = self._db.row(_COUNT_ERASED)
        return row[0] if row else 0

    def identity(self) -> LogIdentity:
        return self._identity

    def close(self) -> None:
        self._db.close()

    def _identify(self, tag_authority: str) -> LogIdentity:
        select = "SELECT log_id, origin, tag_authority FROM identity"
        with self._db.read() as con:
            row = con.execute(select).fetchone()
        if row is None:
            with self._db.write() as con:
                row = con.execute(select).fetchone()
                if row is None:
                    made_at = codec.write_instant(self._clock())
                    log_id = str(uuid4())
                    row = (
                        log_id,
                        f"{tag_authority}/{log_id}",
                        f"{tag_authority},{made_at[:10]}",
                    )
                    con.execute(
                        "INSERT INTO identity"
                        " (one, log_id, origin, tag_authority, made_at)"
                        " VALUES (1, ?, ?, ?, ?)",
                        (*row, made_at),
                    )
        return LogIdentity(*row)


def _is_lone_first(batch: Sequence[NewEvent]) -> bool:
    """Whether it is one event that begins an entry of a given name."""
    return (
        len(batch) == 1
        and batch[0].expected_version == 0
        and not batch[0].entry_derived
    )


def _free_name(base: str, is_free: Callable[[str], bool]) -> str:
    """*base*, or *base* with a number behind it.

    Doubles the number until a name is free and halves back, as thousands of
    happenings may have one title.
    """
    if is_free(base):
        return base

    def numbered(number: int) -> str:
        suffix = f"-{number}"
        return base[: SLUG_LIMIT - len(suffix)].rstrip("-") + suffix

    taken, free = 1, 2
    while not is_free(numbered(free)):
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        if is_free(numbered(middle)):
            free = middle
        else:
            taken = middle
    return numbered(free)


def _is_repeat(new: NewEvent, event: RecordedEvent) -> bool:
    """Whether *new* tells again what *event* tells; who tells it does not count."""
    if codec.public_type(new.event.type) != codec.public_type(event.event.type):
        return False
    if not new.entry_derived and new.entry != event.entry:
        return False
    if isinstance(event.event, Redacted):  # erased: the id alone must do
        return True
    return codec.canonical(codec.data_of(new.event)) == codec.canonical(
        codec.data_of(event.event)
    )


def _recorded_of(row: tuple[Any, ...]) -> RecordedEvent:
    position, event_id, entry, version, stored_type, recorded_at, payload, leaf = row
    content = json.loads(payload) if payload is not None else None
    return RecordedEvent(
        position=position,
        id=event_id,
        entry=entry,
        version=version,
        recorded_at=codec.read_instant(recorded_at),
        author=content["author"] if content else None,
        event=codec.event_of(stored_type, content["data"])
        if content
        else Redacted(type=stored_type),
        leaf_hash=leaf,
    )


# -- tokens ------------------------------------------------------------------


class SqliteTokens:
    """Writers' tokens, ``tl_<8 hexadecimal digits>_<43 characters>``.

    Looked up by their public part, compared by hash in constant time.
    """

    def __init__(self, db: Database, *, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock

    def create(self, name: str, *, scope: str) -> str:
        token_id = secrets.token_hex(4)
        token = f"tl_{token_id}_{secrets.token_urlsafe(32)}"
        now = codec.write_instant(self._clock())
        with self._db.write() as con:
            if con.execute(_SELECT_IN_USE, (name,)).fetchone():
                raise TokenNameTakenError(f"a token named {name!r} is in use")
            con.execute(
                "INSERT INTO tokens (id, name, scope, hash, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (token_id, name, scope, _hash(token), now),
            )
        return token

    def tokens(self) -> list[Token]:
        with self._db.read() as con:
            rows = con.execute(
                f"SELECT {_TOKEN_COLUMNS} FROM tokens ORDER BY created_at, id"
            ).fetchall()
        return [_token_of(row) for row in rows]

    def revoke(self, name: str) -> Token:
        now = codec.write_instant(self._clock())
        with self._db.write() as con:
            row = con.execute(
                "UPDATE tokens SET revoked_at = ?"
                " WHERE name = ? AND revoked_at IS NULL"
                f" RETURNING {_TOKEN_COLUMNS}",
                (now, name),
            ).fetchone()
        if row is None:
            raise NoSuchTokenError(f"no token named {name!r} is in use")
        return _token_of(row)

    def check(self, token: str) -> Token | None:
        parts = token.split("_", 2)
        if len(parts) != 3 or parts[0] != "tl" or not token.isascii():
            return None
        row = self._db.row(_SELECT_TOKEN, parts[1])
        if row is None or not hmac.compare_digest(row[-1], _hash(token)):
            return None
        return _token_of(row[:-1])


_TOKEN_COLUMNS = "id, name, scope, created_at, revoked_at"  # noqa: S105
_SELECT_TOKEN = (
    f"SELECT {_TOKEN_COLUMNS}, hash FROM tokens WHERE id = ? AND revoked_at IS NULL"
)
_SELECT_IN_USE = "SELECT 1 FROM tokens WHERE name = ? AND revoked_at IS NULL"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _token_of(row: tuple[Any, ...]) -> Token:
    token_id, name, scope, created_at, revoked_at = row
    return Token(
        id=token_id,
        name=name,
        scope=scope,
        created_at=codec.read_instant(created_at),
        revoked_at=codec.read_instant(revoked_at) if revoked_at else None,
    )
