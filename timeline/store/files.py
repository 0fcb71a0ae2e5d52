"""Which file holds the read model, also while another one is being built.

The folder holds ``views-<n>.db`` and the pointer file ``views.current`` that names
the one in use. A rebuilt model is a new file and the pointer is replaced: renaming
over an open WAL database would show new openers the old rows.
"""

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path

from events.db import Database, Migration, migrations_in
from events.errors import LogUnavailableError
from timeline.projections import Moment, Row
from timeline.store.find import Kept, Snapshot
from timeline.store.rows import Checkpoint, apply, checkpoint_of

_POINTER = "views.current"

_MAPPED_BYTES = 2**31
"""Of the model; the slowest pages at a million entries take half as long.

Measured with ``python -m tests.bench asof``. SQLite maps no more.
"""


class NoModelError(Exception):
    """There is no read model, or its file is gone: rebuild it."""


class ViewStore:
    """The read model in its folder.

    Args:
        folder: The data folder.
        deadline_s: How long a writer waits for its turn.
    """

    def __init__(self, folder: Path, *, deadline_s: float = 5.0) -> None:
        self._folder = folder
        self._deadline_s = deadline_s
        self._opening = threading.Lock()
        self._opened: tuple[tuple[int, int], Database] | None = None
        self._superseded: Database | None = None
        self._kept: Kept = OrderedDict()

    # -- which file --------------------------------------------------------------

    def begin(self, checkpoint: Checkpoint) -> "Rebuild":
        """Start a new, empty model beside the one in use."""
        path = self._folder / f"views-{self._last_number() + 1}.db"
        # The tables only: sorting once at the end is many times faster than keeping
        # indexes in order.
        tables, *_ = _migrations()
        db = Database(path, migrations=[tables], synchronous="NORMAL", bulk=True)
        with db.write() as con:
            con.execute(
                "INSERT INTO checkpoint"
                " (one, projection, log_id, position, leaf_hash)"
                " VALUES (1, ?, ?, ?, ?)",
                (
                    checkpoint.projection,
                    checkpoint.log_id,
                    checkpoint.position,
                    checkpoint.leaf_hash,
                ),
            )
        return Rebuild(self._folder, db)

    def close(self) -> None:
        """Let go of the file in use."""
        with self._opening:
            if self._superseded is not None:
                self._superseded.close()
                self._superseded = None
            if self._opened is not None:
                self._opened[1].close()
                self._opened = None

    def _current(self) -> Database:
        """The file that the pointer names, also when it was just replaced."""
        stamp = self._pointed()
        opened = self._opened
        if opened is not None and opened[0] == stamp:
            return opened[1]
        with self._opening:
            # Read again: somebody else may have opened it, or replaced it anew.
            while (stamp := self._pointed()) is not None:
                if self._opened is not None and self._opened[0] == stamp:
                    return self._opened[1]
                path = self._folder / self._name()
                if not path.exists():
                    if self._pointed() == stamp:
                        break
                    continue  # replaced between the two looks
                self._supersede()
                self._opened = (stamp, self._open(path))
        raise NoModelError(f"{self._folder} holds no read model: rebuild it")

    def _supersede(self) -> None:
        """Leave the old model to those who read it now, until the one after next."""
        if self._superseded is not None:
            self._superseded.close()
        self._superseded = self._opened[1] if self._opened is not None else None
        self._opened = None

    def _open(self, path: Path) -> Database:
        return Database(
            path,
            migrations=_migrations(),
            synchronous="NORMAL",
            deadline_s=self._deadline_s,
            scattered=True,
            mapped_bytes=_MAPPED_BYTES,
        )

    def _pointed(self) -> tuple[int, int] | None:
        try:
            stat = os.stat(self._folder / _POINTER)  # noqa: PTH116 (once a request)
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def _name(self) -> str:
        return (self._folder / _POINTER).read_text(encoding="ascii").strip()

    def _last_number(self) -> int:
        return max(
            (int(path.stem.split("-")[1]) for path in self._folder.glob("views-*.db")),
            default=0,
        )

    # -- writing and reading -------------------------------------------------------

    def checkpoint(self) -> Checkpoint:
        """How far the model in use has come.

        Raises:
            NoModelError: There is none.
        """
        with self._read() as con:
            return checkpoint_of(con)

    def apply(
        self, rows: Sequence[Row], *, after: int, upto: int, leaf_hash: bytes
    ) -> bool:
        """Take in what the events behind *after* up to *upto* led to.

        Rows and checkpoint in one transaction. Nothing happens, and False comes
        back, unless the checkpoint is *after*: somebody else was here first.
        """
        db = self._current()
        try:
            return apply(db, rows, after=after, upto=upto, leaf_hash=leaf_hash)
        except LogUnavailableError:
            if self._current() is db:
                raise
            return False  # replaced by a new model: look at that one's checkpoint

    @contextmanager
    def snapshot(self, moment: Moment | None = None) -> "Iterator[Snapshot]":
        """The model at one moment, by default now, whatever is appended meanwhile."""
        with self._read() as con:
            yield Snapshot(con, moment, self._kept)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with ExitStack() as stack:
            while True:
                db = self._current()
                try:
                    con = stack.enter_context(db.read())
                    break
                except LogUnavailableError:
                    if self._current() is db:
                        raise
            yield con


class Rebuild:
    """A read model in the making; nobody reads it before `publish`."""

    def __init__(self, folder: Path, db: Database) -> None:
        self._folder = folder
        self._db = db

    def apply(
        self, rows: Sequence[Row], *, after: int, upto: int, leaf_hash: bytes
    ) -> bool:
        """As `ViewStore.apply`."""
        return apply(self._db, rows, after=after, upto=upto, leaf_hash=leaf_hash)

    def publish(self) -> None:
        """Make it the one in use, and remove all others."""
        self._db.close()
        Database(
            self._db.path, migrations=_migrations(), synchronous="NORMAL", bulk=True
        ).close()
        name = self._db.path.name
        draft = self._folder / f"{_POINTER}.{os.getpid()}"
        draft.write_text(name + "\n", encoding="ascii")
        draft.replace(self._folder / _POINTER)
        # Who has an old file open keeps reading it until the next request.
        for path in self._folder.glob("views-*.db*"):
            if not path.name.startswith(name):
                path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Throw it away."""
        self._db.close()
        for path in self._folder.glob(f"{self._db.path.name}*"):
            path.unlink(missing_ok=True)


def _migrations() -> list[Migration]:
    return migrations_in(files("timeline") / "migrations")
