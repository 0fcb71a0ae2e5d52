"""A SQLite file that many threads and processes read and one at a time writes.

Every write and every checkpoint happens under one exclusive ``flock`` on a file
beside the database, because SQLite 3.7.0 to 3.51.2 can corrupt a WAL file when one
connection writes while another checkpoints (https://sqlite.org/wal.html, "WAL-reset
bug"), and because a queue before ``BEGIN IMMEDIATE`` is fairer than a busy handler.
Readers are opened ``mode=ro`` and so can never checkpoint.
"""

import errno
import fcntl
import hashlib
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, Any, Literal

from events.errors import (
    LogDamagedError,
    LogError,
    LogFullError,
    LogLockedError,
    LogReadOnlyError,
    LogUnavailableError,
    MigrationError,
)

_RETRY_S = 0.001
_BULK_CACHE_KIB = 512 * 1024

# For `scattered` writes. SQLite's own figures, 1,000 pages and 2 MB, are less than one
# commit of theirs: each was copied into the file at once, with two syncs that the log's
# had to wait for (`python -m tests.bench append`).
_SCATTERED_WAL_PAGES = 10_000
_SCATTERED_CACHE_KIB = 32 * 1024

_databases: "weakref.WeakSet[Database]" = weakref.WeakSet()


def _before_fork() -> None:
    for db in list(_databases):
        db.pause()


def _after_fork(*, in_child: bool) -> None:
    for db in list(_databases):
        db.resume(in_child=in_child)


os.register_at_fork(
    before=_before_fork,
    after_in_parent=partial(_after_fork, in_child=False),
    after_in_child=partial(_after_fork, in_child=True),
)

_MIGRATIONS_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One released step of a schema; never edited once released."""

    number: int
    sql: str

    @property
    def sha256(self) -> str:
        """Pins the text: a file that was made with another one is refused."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_in(folder: Traversable) -> list[Migration]:
    """The ``NNNN_name.sql`` files of *folder* in order."""
    return sorted(
        (
            Migration(int(file.name[:4]), file.read_text(encoding="utf-8"))
            for file in folder.iterdir()
            if file.name.endswith(".sql")
        ),
        key=lambda migration: migration.number,
    )


def as_log_error(error: sqlite3.Error, path: Path) -> LogError | None:
    """What *error* means to an operator; None if it is a mistake of ours."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LogLockedError(f"{path.name} is locked by another writer")
        case sqlite3.SQLITE_FULL:
            return LogFullError(f"no space left on the disk of {path.name}")
        case sqlite3.SQLITE_READONLY:
            return LogReadOnlyError(f"{path.name} may not be written")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR:
            return LogUnavailableError(f"{path.name} cannot be opened or written")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return LogDamagedError(f"{path.name} is damaged; restore it from a backup")
        case _:
            return None


class Database:
    """One SQLite file, its single writer and its readers.

    Args:
        path: The file; made if it is not there, readable by its owner only.
        migrations: All steps of its schema in order.
        synchronous: ``FULL`` where a commit must outlive a power cut, ``NORMAL``
            where the file can be rebuilt.
        deadline_s: How long a writer waits for its turn.
        bulk: The file is being filled by this object alone and is thrown away if
            that fails: without journal and syncs. `close` syncs it.
        scattered: A commit touches many pages all over the file, and the next one many
            of them again: up to 40 MB wait beside the file until they are moved there.
        mapped_bytes: So much of the file readers see as memory instead of reading it
            page by page; for a file that nobody ever shortens.

    Raises:
        MigrationError: The file was made by a newer release.
        LogUnavailableError: The file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        *,
        migrations: Sequence[Migration],
        synchronous: Literal["FULL", "NORMAL"],
        deadline_s: float = 5.0,
        bulk: bool = False,
        scattered: bool = False,
        mapped_bytes: int = 0,
    ) -> None:
        self.path = path
        self._bulk = bulk
        self._scattered = scattered
        self._mapped_bytes = mapped_bytes
        self.deadline_s = deadline_s
        self._synchronous = synchronous
        self._turn = threading.Lock()
        self._lock_file: IO[bytes] | None = None
        self._writer: sqlite3.Connection | None = None
        # Guards the next four.
        self._gate = threading.Condition()
        self._readers: list[sqlite3.Connection] = []
        self._readers_out = 0
        self._closed = False
        self._forking = False
        # What `pause` has reached.
        self._has_turn = False
        self._paused = False
        try:
            with self._locked(), self._translated():
                if not path.exists():
                    path.touch(mode=0o600)
                try:
                    self._migrate(self._writer_connection(), migrations)
                except BaseException:
                    self._close_writer()
                    raise
        except BaseException:
            self._close_lock()
            raise
        _databases.add(self)

    def close(self) -> None:
        """Close all connections; under the lock, as the last one checkpoints."""
        with self._gate:
            self._closed = True  # a reader that is out closes when it comes back
        with self._locked():
            self._close_all()
            if self._bulk:
                with self.path.open("rb") as file:
                    os.fsync(file.fileno())
        self._close_lock()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction of the one writer: all of it is stored, or nothing.

        Raises:
            LogLockedError: Another writer kept its turn until the deadline.
            LogFullError, LogReadOnlyError, LogUnavailableError: As they say.
        """
        with self._locked(), self._translated():
            con = self._writer_connection()
            try:
                con.execute("BEGIN IMMEDIATE")
                yield con
                con.execute("COMMIT")
            except BaseException:
                self._abandon(con)
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One unchanging snapshot; cannot write.

        Raises:
            LogUnavailableError: The file cannot be opened.
        """
        with self._reader() as con:
            con.execute("BEGIN")
            yield con
            con.execute("COMMIT")

    def row(self, sql: str, *bound: object) -> tuple[Any, ...] | None:
        """The first row that one query gives; alone, it is a snapshot by itself.

        Raises:
            LogUnavailableError: The file cannot be opened.
        """
        with self._reader() as con:
            rows = con.execute(sql, bound).fetchall()
        return rows[0] if rows else None

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._gate:
            while self._forking:
                self._gate.wait()
            self._readers_out += 1
            con = self._readers.pop() if self._readers else None
        try:
            with self._translated():
                if con is None:
                    con = self._open(mode="ro")
                yield con
        except BaseException:
            if con is not None:
                con.close()
                con = None
            raise
        finally:
            self._give_back(con)

    def _give_back(self, con: sqlite3.Connection | None) -> None:
        with self._gate:
            self._readers_out -= 1
            if con is not None:
                if self._closed:
                    con.close()
                else:
                    self._readers.append(con)
            if self._forking:  # only then does anybody wait
                self._gate.notify_all()

    # -- forks -----------------------------------------------------------------

    def pause(self) -> None:
        """Close everything before a fork; both processes open it again.

        A child must not share connections with its parent, not even to close them
        (https://sqlite.org/howtocorrupt.html, 2.6): SQLite keeps in the process which
        locks are held, so a child believes in locks that only its parent has.
        """
        deadline = time.monotonic() + self.deadline_s
        self._has_turn = self._turn.acquire(timeout=self.deadline_s)
        with self._gate:
            self._forking = True
            idle = self._gate.wait_for(
                lambda: self._readers_out == 0, timeout=deadline - time.monotonic()
            )
        if self._has_turn and idle:
            try:
                self._lock(deadline)
                self._close_all()
            except LogError:
                return
            self._close_lock()
            self._paused = True

    def resume(self, *, in_child: bool) -> None:
        """Go on after a fork.

        Where a write or read did not end in time, only the parent can: in the child
        every use is refused, as every writer's turn is taken for good.
        """
        if in_child and not self._paused:
            self._turn = threading.Lock()
            self._turn.acquire()
            self._closed = True
        with self._gate:
            self._forking = False
            self._gate.notify_all()
        if self._has_turn and not (in_child and not self._paused):
            self._turn.release()
        self._paused = self._has_turn = False

    # -- the lock ------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the turn among threads and the lock among processes."""
        deadline = time.monotonic() + self.deadline_s
        if not self._turn.acquire(timeout=self.deadline_s):
            raise LogLockedError(f"{self.path.name} is busy with other writers")
        try:
            lock = self._lock(deadline)
            try:
                yield
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)
        finally:
            self._turn.release()

    def _lock(self, deadline: float) -> IO[bytes]:
        if self._lock_file is None:
            self._lock_file = self._open_lock()
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LogLockedError(
                        f"{self.path.name} is locked by another process"
                    ) from None
                # Uneven steps, so that waiting processes do not march in step.
                time.sleep(_RETRY_S * random.uniform(0.2, 1.8))  # noqa: S311
            else:
                return self._lock_file

    def _open_lock(self) -> IO[bytes]:
        path = self.path.with_name(f"{self.path.name}.lock")
        try:
            return open(
                path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)
            )
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise LogReadOnlyError(f"{path} may not be written") from error
            raise LogUnavailableError(f"{path}: {error.strerror}") from error

    def _close_lock(self) -> None:
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    # -- connections ---------------------------------------------------------

    def _writer_connection(self) -> sqlite3.Connection:
        """Called under the lock, as opening may recover the WAL after a crash."""
        if self._writer is None:
            con = self._open(mode="rw")
            try:
                if self._bulk:
                    con.execute("PRAGMA journal_mode = OFF")
                    con.execute("PRAGMA synchronous = OFF")
                    con.execute(f"PRAGMA cache_size = -{_BULK_CACHE_KIB}")
                else:
                    con.execute("PRAGMA journal_mode = WAL")
                    con.execute(f"PRAGMA synchronous = {self._synchronous}")
                if self._scattered:
                    pages, kib = _SCATTERED_WAL_PAGES, _SCATTERED_CACHE_KIB
                    con.execute(f"PRAGMA wal_autocheckpoint = {pages}")
                    con.execute(f"PRAGMA cache_size = -{kib}")
                # What is erased must not linger in free space; costs about 5 %.
                con.execute("PRAGMA secure_delete = ON")
            except BaseException:
                con.close()
                raise
            self._writer = con
        return self._writer

    def _open(self, *, mode: Literal["rw", "ro"]) -> sqlite3.Connection:
        con = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self.deadline_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        con.execute("PRAGMA trusted_schema = OFF")
        if mode == "ro":
            con.execute(f"PRAGMA mmap_size = {self._mapped_bytes}")
        return con

    def _abandon(self, con: sqlite3.Connection) -> None:
        """Roll back; a connection that cannot is replaced by a new one."""
        try:
            # A full disk has already rolled the transaction back.
            if con.in_transaction:
                con.execute("ROLLBACK")
        except sqlite3.Error:
            self._close_writer()

    def _close_all(self) -> None:
        """The writer last: only it can checkpoint and so tidy the WAL away."""
        with self._gate:
            while self._readers:
                self._readers.pop().close()
        self._close_writer()

    def _close_writer(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            meaning = as_log_error(error, self.path)
            if meaning is None:
                raise
            raise meaning from error

    # -- schema --------------------------------------------------------------

    def _migrate(
        self, con: sqlite3.Connection, migrations: Sequence[Migration]
    ) -> None:
        """Bring the file to the newest schema, all steps or none."""
        con.execute("BEGIN IMMEDIATE")
        try:
            con.execute(_MIGRATIONS_TABLE)
            done = dict(con.execute("SELECT number, sha256 FROM migrations"))
            for migration in migrations:
                if (made_with := done.pop(migration.number, None)) is not None:
                    if made_with != migration.sha256:
                        raise MigrationError(
                            f"{self.path.name}: migration {migration.number} is not "
                            "the one this file was made with"
                        )
                    continue
                for statement in _statements(migration.sql):
                    con.execute(statement)
                con.execute(
                    "INSERT INTO migrations (number, sha256) VALUES (?, ?)",
                    (migration.number, migration.sha256),
                )
            if done:
                raise MigrationError(
                    f"{self.path.name} was made by a newer release "
                    f"(migration {max(done)}): upgrade this one"
                )
            con.execute("COMMIT")
        except BaseException:
            self._abandon(con)
            raise


def _statements(sql: str) -> Iterator[str]:
    """The statements of *sql* one by one: `executescript` would commit first."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise MigrationError(f"unfinished statement: {statement.strip()[:60]}")
