"""The read model: all SQL over the projected tables, in a file that can be rebuilt.

The folder holds ``views-<n>.db`` and the pointer file ``views.current`` that names
the one in use. A rebuilt model is a new file and the pointer is replaced: renaming
over an open WAL database would show new openers the old rows.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from events import dates
from events.codec import read_instant, write_instant
from events.db import Database, migrations_in
from events.errors import LogUnavailableError
from timeline.projections import (
    Change,
    Entry,
    Filter,
    Link,
    Media,
    Row,
    Source,
    State,
    Translation,
    View,
    match_key,
)
from timeline.schemas import Cursor

FOREVER = 2**62
"""``to_position`` of what is still so."""

Order = Literal["asc", "desc"]

_POINTER = "views.current"


class NoModelError(Exception):
    """There is no read model, or its file is gone: rebuild it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the read model has come, and what made it.

    Attributes:
        projection: Version of the projections.
        position: Of the last event seen, 0 if none.
        leaf_hash: Of that event; empty if none.
    """

    projection: int
    log_id: str
    position: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries in the order asked for.

    Attributes:
        next: Where the next page begins; None if this is the last.
    """

    entries: Sequence[Entry]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Backlink:
    """A link that another entry has to this one."""

    rel: str
    entry: Entry


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

    # -- which file --------------------------------------------------------------

    def begin(self, checkpoint: Checkpoint) -> "Rebuild":
        """Start a new, empty model beside the one in use."""
        path = self._folder / f"views-{self._last_number() + 1}.db"
        db = self._open(path)
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
            migrations=migrations_in(files("timeline") / "migrations"),
            synchronous="NORMAL",
            deadline_s=self._deadline_s,
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
            return _checkpoint(con)

    def apply(
        self, rows: Sequence[Row], *, after: int, upto: int, leaf_hash: bytes
    ) -> bool:
        """Take in what the events behind *after* up to *upto* led to.

        Rows and checkpoint in one transaction. Nothing happens, and False comes
        back, unless the checkpoint is *after*: somebody else was here first.
        """
        db = self._current()
        try:
            return _apply(db, rows, after=after, upto=upto, leaf_hash=leaf_hash)
        except LogUnavailableError:
            if self._current() is db:
                raise
            return False  # replaced by a new model: look at that one's checkpoint

    @contextmanager
    def snapshot(self) -> "Iterator[Snapshot]":
        """The model at one position, whatever is appended meanwhile."""
        with self._read() as con:
            yield Snapshot(con)

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
        return _apply(self._db, rows, after=after, upto=upto, leaf_hash=leaf_hash)

    def publish(self) -> None:
        """Make it the one in use, and remove all others."""
        self._db.close()
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


class Snapshot:
    """The read model at one position."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con

    @property
    def position(self) -> int:
        """The log position that all answers reflect."""
        return _checkpoint(self._con).position

    def entry(self, entry_id: str) -> Entry | None:
        """The entry as it stands; None if there is none."""
        row = self._con.execute(
            "SELECT body FROM entries WHERE id = ? AND to_position = ?",
            (entry_id, FOREVER),
        ).fetchone()
        return _entry_of(row[0]) if row else None

    def page(
        self, wanted: Filter, *, order: Order, limit: int, start: Cursor | None = None
    ) -> Page:
        """Up to *limit* entries behind *start*, by time or exactly the other way."""
        where, values = _where(wanted)
        if start is not None:
            behind = ">" if order == "asc" else "<"
            where.append(f"(e.sort_key, e.hi_desc, e.id) {behind} (?, ?, ?)")
            values += [start.sort_key, start.hi_desc, start.id]
        way = "ASC" if order == "asc" else "DESC"
        rows = self._con.execute(
            "SELECT e.body, e.sort_key, e.hi_desc, e.id FROM entries AS e"
            f" WHERE {' AND '.join(where)}"
            f" ORDER BY e.sort_key {way}, e.hi_desc {way}, e.id {way} LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        entries = [_entry_of(row[0]) for row in rows[:limit]]
        more = Cursor(*rows[limit - 1][1:]) if len(rows) > limit else None
        return Page(entries, more)

    def newest(self, wanted: Filter, *, limit: int) -> list[Entry]:
        """The entries that changed last, the latest change first."""
        where, values = _where(wanted)
        rows = self._con.execute(
            f"SELECT e.body FROM entries AS e WHERE {' AND '.join(where)}"
            " ORDER BY e.from_position DESC LIMIT ?",
            (*values, limit),
        ).fetchall()
        return [_entry_of(row[0]) for row in rows]

    def count(self, wanted: Filter) -> int:
        """How many entries are wanted."""
        where, values = _where(wanted)
        number: int = self._con.execute(
            f"SELECT count(*) FROM entries AS e WHERE {' AND '.join(where)}", values
        ).fetchone()[0]
        return number

    def categories(self) -> list[str]:
        """The categories that entries have, in order."""
        # One step in the index for each category, however many entries it has.
        rows = self._con.execute(
            "WITH RECURSIVE found (category) AS ("
            " SELECT min(category) FROM entries"
            " UNION ALL"
            " SELECT (SELECT min(e.category) FROM entries AS e"
            " WHERE e.category > found.category)"
            " FROM found WHERE found.category IS NOT NULL)"
            " SELECT category FROM found WHERE category <> '' AND EXISTS ("
            " SELECT 1 FROM entries AS e"
            " WHERE e.category = found.category AND e.to_position = ?)",
            (FOREVER,),
        ).fetchall()
        return [category for (category,) in rows]

    def backlinks(self, entry_id: str) -> list[Backlink]:
        """The links that other entries have to this one, in timeline order."""
        rows = self._con.execute(
            "SELECT l.rel, e.body FROM links AS l JOIN entries AS e"
            " ON e.id = l.id AND e.from_position = l.from_position"
            " WHERE l.target = ? AND l.to_position = ?"
            " ORDER BY e.sort_key, e.hi_desc, e.id, l.rel",
            (entry_id, FOREVER),
        ).fetchall()
        return [Backlink(rel, _entry_of(body)) for rel, body in rows]

    def views(self) -> list[View]:
        """All views in use, by name."""
        rows = self._con.execute(
            "SELECT body FROM views WHERE to_position = ? ORDER BY name", (FOREVER,)
        ).fetchall()
        return [view for (body,) in rows if not (view := _view_of(body)).removed]

    def view(self, name: str) -> View | None:
        """The view, also if it was removed; None if there never was one."""
        row = self._con.execute(
            "SELECT body FROM views WHERE name = ? AND to_position = ?",
            (name, FOREVER),
        ).fetchone()
        return _view_of(row[0]) if row else None


# -- SQL -------------------------------------------------------------------------


def _checkpoint(con: sqlite3.Connection) -> Checkpoint:
    row = con.execute(
        "SELECT projection, log_id, position, leaf_hash FROM checkpoint"
    ).fetchone()
    return Checkpoint(*row)


def _where(wanted: Filter) -> tuple[list[str], list[Any]]:
    where: list[str]
    values: list[Any]
    if wanted.within is not None:
        where, values = _where(wanted.within)
    else:
        where, values = ["e.to_position = ?"], [FOREVER]

    def one_of(column: str, wanted: Sequence[str]) -> str:
        values.extend(wanted)
        return f"{column} IN ({', '.join('?' * len(wanted))})"

    if wanted.category:
        where.append(one_of("e.category", wanted.category))
    if wanted.state:
        where.append(one_of("e.state", wanted.state))
    for kind, names in (
        ("actor", wanted.actor),
        ("place", wanted.place),
        ("tag", wanted.tag),
    ):
        if names:
            keys = one_of("f.key", [match_key(name) for name in names])
            where.append(
                "EXISTS (SELECT 1 FROM facets AS f WHERE f.id = e.id"
                f" AND f.from_position = e.from_position AND f.kind = '{kind}'"
                f" AND {keys})"
            )
    if wanted.start is not None:
        where.append("e.hi_desc <= ?")
        values.append(-wanted.start.lo)
    if wanted.end is not None:
        where.append("e.lo <= ?")
        values.append(wanted.end.hi)
    return where, values


def _apply(
    db: Database, rows: Sequence[Row], *, after: int, upto: int, leaf_hash: bytes
) -> bool:
    with db.write() as con:
        if _checkpoint(con).position != after:
            return False
        for row in rows:
            match row:
                case Entry():
                    _put_entry(con, row)
                case View():
                    _put_view(con, row)
        con.execute(
            "UPDATE checkpoint SET position = ?, leaf_hash = ?", (upto, leaf_hash)
        )
    return True


def _put_entry(con: sqlite3.Connection, entry: Entry) -> None:
    if entry.version > 1:
        ended = (entry.position, entry.id, FOREVER)
        for table in ("entries", "facets", "links"):
            con.execute(
                f"UPDATE {table} SET to_position = ? WHERE id = ? AND to_position = ?",
                ended,
            )
    at = (FOREVER, entry.sort_key, -entry.hi, entry.id, entry.position)
    con.execute(
        "INSERT INTO entries (to_position, sort_key, hi_desc, id, from_position,"
        " lo, category, state, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*at, entry.lo, entry.category, entry.state, _entry_body(entry)),
    )
    con.executemany(
        "INSERT OR IGNORE INTO facets"
        " (to_position, sort_key, hi_desc, id, from_position, kind, key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (*at, kind, match_key(name))
            for kind, names in (
                ("actor", entry.actors),
                ("place", entry.places),
                ("tag", entry.tags),
            )
            for name in names
        ],
    )
    con.executemany(
        "INSERT OR IGNORE INTO links (target, to_position, id, rel, from_position)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (link.entry, FOREVER, entry.id, link.rel, entry.position)
            for link in entry.links
        ],
    )


def _put_view(con: sqlite3.Connection, view: View) -> None:
    con.execute(
        "UPDATE views SET to_position = ? WHERE name = ? AND to_position = ?",
        (view.position, view.name, FOREVER),
    )
    con.execute(
        "INSERT INTO views (name, from_position, to_position, body)"
        " VALUES (?, ?, ?, ?)",
        (view.name, view.position, FOREVER, _view_body(view)),
    )


# -- bodies: what a row holds beside its keys --------------------------------------


def _write(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _entry_body(entry: Entry) -> str:
    return _write(
        {
            "id": entry.id,
            "version": entry.version,
            "position": entry.position,
            "occurred": entry.occurred.edtf,
            "lo": entry.lo,
            "hi": entry.hi,
            "state": entry.state,
            "said": entry.said,
            "recorded_at": write_instant(entry.recorded_at),
            "updated_at": write_instant(entry.updated_at),
            "sources": [
                [one.url, one.title, one.publisher, one.published]
                for one in entry.sources
            ],
            "promised": entry.promised.edtf if entry.promised else None,
            "changes": [
                {
                    "kind": one.kind,
                    "position": one.position,
                    "version": one.version,
                    "recorded_at": write_instant(one.recorded_at),
                    "said": one.said,
                    "reason": one.reason,
                    "before": one.before,
                    "after": one.after,
                }
                for one in entry.changes
            ],
            "ending": entry.ending,
            "fields": entry.fields,
        }
    )


def _entry_of(body: str) -> Entry:
    row = json.loads(body)
    fields = row["fields"]
    return Entry(
        id=row["id"],
        version=row["version"],
        position=row["position"],
        title=fields["title"],
        occurred=dates.parse(row["occurred"]),
        lo=row["lo"],
        hi=row["hi"],
        state=State(row["state"]),
        said=row["said"],
        recorded_at=read_instant(row["recorded_at"]),
        updated_at=read_instant(row["updated_at"]),
        summary=fields.get("summary", ""),
        category=fields.get("category", ""),
        actors=tuple(fields.get("actors", ())),
        places=tuple(fields.get("places", ())),
        tags=tuple(fields.get("tags", ())),
        importance=fields.get("importance", 50),
        awaited=fields.get("awaited", False),
        scope=fields.get("scope", ""),
        sources=tuple(
            Source(url=url, title=title, publisher=publisher, published=published)
            for url, title, publisher, published in row["sources"]
        ),
        links=tuple(Link(**link) for link in fields.get("links", ())),
        media=tuple(Media(**one) for one in fields.get("media", ())),
        lang=fields.get("lang", ""),
        translations={
            lang: Translation(**one)
            for lang, one in fields.get("translations", {}).items()
        },
        promised=dates.parse(row["promised"]) if row["promised"] else None,
        changes=tuple(
            Change(**{**one, "recorded_at": read_instant(one["recorded_at"])})
            for one in row["changes"]
        ),
        ending=row["ending"],
        fields=fields,
    )


def _view_body(view: View) -> str:
    return _write(
        {
            "name": view.name,
            "title": view.title,
            "description": view.description,
            "filter": view.filter,
            "position": view.position,
            "updated_at": write_instant(view.updated_at),
            "removed": view.removed,
        }
    )


def _view_of(body: str) -> View:
    row = json.loads(body)
    return View(**{**row, "updated_at": read_instant(row["updated_at"])})
