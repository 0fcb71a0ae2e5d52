"""How the rows of the read model are written, and what an entry's row holds."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from events import dates
from events.codec import read_instant, write_instant
from events.db import Database
from timeline.projections import (
    NEVER,
    Change,
    Entry,
    Link,
    Media,
    Row,
    Source,
    State,
    Translation,
    Versions,
    View,
    match_key,
)


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


def checkpoint_of(con: sqlite3.Connection) -> Checkpoint:
    """The one row that every model has."""
    row = con.execute(
        "SELECT projection, log_id, position, leaf_hash FROM checkpoint"
    ).fetchone()
    return Checkpoint(*row)


def apply(
    db: Database, rows: Sequence[Row], *, after: int, upto: int, leaf_hash: bytes
) -> bool:
    """Store what the events behind *after* up to *upto* led to; see `ViewStore`."""
    with db.write() as con:
        if checkpoint_of(con).position != after:
            return False
        tally = _Tally()
        new: list[_Placed] = []
        for row in rows:
            match row:
                case Versions():
                    new += _end_versions(con, row, tally, after=after)
                case View():
                    _put_view(con, row)
        # Rows in the order of the log: a search looks at the last ones first.
        new.sort(key=lambda one: (one.positions[0] < 0, one.positions[0]))
        for one in new:
            _put_entry(con, one, tally)
        tally.store(con)
        con.execute(
            "UPDATE checkpoint SET position = ?, leaf_hash = ?", (upto, leaf_hash)
        )
    return True


_Range: TypeAlias = tuple[int, int]
"""From, inclusive, to, exclusive."""

_NO_DAYS = (0, 0)


@dataclass(frozen=True, slots=True)
class _Placed:
    """What an entry was, at which positions and on which days."""

    entry: Entry
    positions: _Range
    days: _Range


@dataclass(slots=True)
class _Tally:
    """By how much a batch changes what is counted for the head."""

    facets: Counter[tuple[str, str]] = field(default_factory=Counter)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    density: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    spans: set[tuple[int, int]] = field(default_factory=set)
    days: dict[int, tuple[int, int]] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    importances: set[int] = field(default_factory=set)

    def count(self, entry: Entry, change: int) -> None:
        """Add an entry (1) or take it away (-1)."""
        for kind, key, label in facets_of(entry):
            self.facets[kind, key] += change
            self.labels[kind, key] = label
        for level, unit in dates.units_of(entry.sort_key):
            self.density[level, unit, entry.category] += change

    def note(self, placed: "_Placed") -> None:
        """That at some moment there is such an entry."""
        self.spans.add(_span(placed.entry))
        self.importances.add(placed.entry.importance)
        day = placed.entry.sort_key // dates.DAY_S
        position, said = self.days.get(day, (NEVER, NEVER))
        if placed.positions[0] >= 0:
            position = min(position, placed.positions[0])
            first = self.categories.get(placed.entry.category, NEVER)
            self.categories[placed.entry.category] = min(first, placed.positions[0])
        if placed.days != _NO_DAYS:
            said = min(said, placed.days[0])
        self.days[day] = position, said

    def store(self, con: sqlite3.Connection) -> None:
        con.executemany(
            "INSERT INTO counts (kind, key, label, number) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET number = number + excluded.number,"
            " label = excluded.label",
            [
                (kind, key, self.labels[kind, key], change)
                for (kind, key), change in self.facets.items()
                if change
            ],
        )
        con.executemany(
            "INSERT INTO density (level, unit, category, number) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET number = number + excluded.number",
            [(*cell, change) for cell, change in self.density.items() if change],
        )
        con.executemany(
            "INSERT INTO spans (span, at_end) VALUES (?, ?) ON CONFLICT DO NOTHING",
            list(self.spans),
        )
        con.executemany(
            "INSERT INTO importances (importance) VALUES (?) ON CONFLICT DO NOTHING",
            [(importance,) for importance in self.importances],
        )
        con.executemany(
            "INSERT INTO days (day, first_position, first_said) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET"
            " first_position = min(first_position, excluded.first_position),"
            " first_said = min(first_said, excluded.first_said)",
            [(day, *firsts) for day, firsts in self.days.items()],
        )
        con.executemany(
            "INSERT INTO categories (category, first_position) VALUES (?, ?)"
            " ON CONFLICT DO NOTHING",
            list(self.categories.items()),
        )


def facets_of(entry: Entry) -> list[tuple[str, str, str]]:
    """(kind, match key, label) of all that entries are counted by."""
    found = {
        ("all", ""): "",
        ("category", entry.category): entry.category,
        ("state", str(entry.state)): str(entry.state),
    }
    for kind, names in (
        ("actor", entry.actors),
        ("place", entry.places),
        ("tag", entry.tags),
    ):
        for name in names:
            found.setdefault((kind, match_key(name)), name)
    return [(kind, key, label) for (kind, key), label in found.items()]


def _span(entry: Entry) -> tuple[int, int]:
    """The class of its window, and 1 if it stands at the window's end."""
    at_end = entry.sort_key != entry.lo
    return dates.span_of(entry.lo, entry.hi), int(at_end)


def _placed(versions: Versions) -> tuple[list[_Placed], list[_Placed]]:
    """All rows of an entry: those that were shown, and those only known."""
    ends = [one.entry.position for one in versions.shown[1:]] + [NEVER]
    shown = [
        _Placed(one.entry, (one.entry.position, end), one.days or _NO_DAYS)
        for one, end in zip(versions.shown, ends, strict=True)
    ]
    known = [
        _Placed(one.entry, (-number, -number), one.days or _NO_DAYS)
        for number, one in enumerate(versions.known, start=1)
    ]
    return shown, known


def _end_versions(
    con: sqlite3.Connection, versions: Versions, tally: _Tally, *, after: int
) -> list[_Placed]:
    """The rows to put in; those that are there may last less long by now.

    What was never shown is put in anew, so its rows go.
    """
    shown, known = _placed(versions)
    old = [one for one in shown if one.entry.position <= after]
    if old:
        tally.count(old[-1].entry, -1)
        stored = con.execute(
            "SELECT from_position, row, to_position, from_day, to_day FROM entries"
            " WHERE id = ?",
            (old[0].entry.id,),
        ).fetchall()
        rows = {
            first: (row, end, (start, stop)) for first, row, end, start, stop in stored
        }
        for one in old:
            row, end, days = rows[one.positions[0]]
            if (end, days) != (one.positions[1], one.days):
                _move_entry(con, one, row, end=end)
                tally.note(one)  # it may be known earlier by now
        for first, (row, end, _) in rows.items():
            if first < 0:
                _remove_entry(con, row, end=end)
    tally.count(shown[-1].entry, 1)
    return [*shown[len(old) :], *known]


def _move_entry(
    con: sqlite3.Connection, placed: _Placed, row: int, *, end: int
) -> None:
    """The row holds from now on at other moments; it did up to position *end*."""
    moments = (placed.positions[1], *placed.days)
    con.execute(
        "UPDATE entries SET to_position = ?, from_day = ?, to_day = ? WHERE row = ?",
        (*moments, row),
    )
    # By their whole keys: a rebuild has no other index yet.
    con.executemany(
        "UPDATE facets SET to_position = ?, from_day = ?, to_day = ?"
        " WHERE kind = ? AND key = ? AND to_position = ? AND sort_key = ?"
        " AND hi_desc = ? AND id = ? AND row = ?",
        [(*moments, *key) for key in _facet_keys(placed.entry, end, row)],
    )


def _remove_entry(con: sqlite3.Connection, row: int, *, end: int) -> None:
    (body,) = con.execute("SELECT body FROM entries WHERE row = ?", (row,)).fetchone()
    entry = entry_of(body)
    con.execute("DELETE FROM entries WHERE row = ?", (row,))
    con.executemany(
        "DELETE FROM facets WHERE kind = ? AND key = ? AND to_position = ?"
        " AND sort_key = ? AND hi_desc = ? AND id = ? AND row = ?",
        _facet_keys(entry, end, row),
    )
    con.executemany(
        "DELETE FROM links WHERE target = ? AND row = ? AND rel = ?",
        _link_keys(entry, row),
    )
    # https://sqlite.org/fts5.html#the_delete_command
    con.execute(
        "INSERT INTO words (words, rowid, title, summary, names)"
        " VALUES ('delete', ?, ?, ?, ?)",
        (row, *entry.words()),
    )


def _put_entry(con: sqlite3.Connection, placed: _Placed, tally: _Tally) -> None:
    entry, positions, days = placed.entry, placed.positions, placed.days
    span, at_end = _span(entry)
    row = con.execute(
        "INSERT INTO entries (id, from_position, to_position, from_day, to_day,"
        " sort_key, hi_desc, lo, span, at_end, category, state, settled, awaited,"
        " importance, updated_position, due, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            *positions,
            *days,
            entry.sort_key,
            -entry.hi,
            entry.lo,
            span,
            at_end,
            entry.category,
            entry.state,
            entry.settled,
            entry.awaited,
            entry.importance,
            entry.updated_position,
            entry.due,
            _entry_body(entry),
        ),
    ).lastrowid
    assert row is not None  # noqa: S101 (an insert has one)
    copies = (
        entry.lo,
        entry.importance,
        positions[0],
        *days,
        entry.category,
        entry.state,
    )
    con.executemany(
        "INSERT INTO facets"
        " (kind, key, to_position, sort_key, hi_desc, id, row, lo, importance,"
        " from_position, from_day, to_day, category, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*key, *copies) for key in _facet_keys(entry, positions[1], row)],
    )
    con.executemany(
        "INSERT INTO links (target, row, rel) VALUES (?, ?, ?)", _link_keys(entry, row)
    )
    con.execute(
        "INSERT INTO words (rowid, title, summary, names) VALUES (?, ?, ?, ?)",
        (row, *entry.words()),
    )
    tally.note(placed)


def _facet_keys(
    entry: Entry, end: int, row: int
) -> list[tuple[str, str, int, int, int, str, int]]:
    return [
        (kind, key, end, entry.sort_key, -entry.hi, entry.id, row)
        for kind, key, _ in facets_of(entry)
        if kind in ("actor", "place", "tag")
    ]


def _link_keys(entry: Entry, row: int) -> set[tuple[str, int, str]]:
    return {(link.entry, row, link.rel) for link in entry.links}


def _put_view(con: sqlite3.Connection, view: View) -> None:
    con.execute(
        "UPDATE views SET to_position = ? WHERE name = ? AND to_position = ?",
        (view.position, view.name, NEVER),
    )
    con.execute(
        "INSERT INTO views (name, from_position, to_position, body)"
        " VALUES (?, ?, ?, ?)",
        (view.name, view.position, NEVER, _view_body(view)),
    )


# -- bodies: what a row holds beside its keys --------------------------------------


def _write(body: dict[str, Any]) -> str:
    # In the order of the log, which what was just appended may not have yet: the same
    # events lead to the same bytes, whoever takes them in.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _entry_body(entry: Entry) -> str:
    return _write(
        {
            "id": entry.id,
            "version": entry.version,
            "position": entry.position,
            "occurred": [entry.occurred.edtf, entry.occurred.lo, entry.occurred.hi],
            "lo": entry.lo,
            "hi": entry.hi,
            "state": entry.state,
            "settled": entry.settled,
            "set_by": entry.set_by,
            "said": entry.said,
            "recorded_at": write_instant(entry.recorded_at),
            "updated_at": write_instant(entry.updated_at),
            "updated_position": entry.updated_position,
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
            "ended": entry.ended,
            "fields": entry.fields,
        }
    )


# A page or a tile reads a hundred bodies: `json.loads` looks for a coding and for
# spaces around each, which `_write` leaves none of.
_READ = json.JSONDecoder().raw_decode


@lru_cache(maxsize=4_096)
def entry_of(body: str) -> Entry:
    """The entry that a row holds; one that was read not long ago is that very one.

    The next page or tile has many of the same: at another level, at another moment,
    after the next event. All that are remembered take 16 MB, and reading a hundred
    anew is a third of a tile (``python -m tests.bench tiles``).
    """
    row, _ = _READ(body)
    fields = row["fields"]
    edtf, lo, hi = row["occurred"]
    return Entry(
        id=row["id"],
        version=row["version"],
        position=row["position"],
        title=fields["title"],
        occurred=dates.restore(edtf, lo=lo, hi=hi),
        lo=row["lo"],
        hi=row["hi"],
        state=State(row["state"]),
        settled=row["settled"],
        set_by=row["set_by"],
        said=row["said"],
        recorded_at=read_instant(row["recorded_at"]),
        updated_at=read_instant(row["updated_at"]),
        updated_position=row["updated_position"],
        summary=fields.get("summary", ""),
        category=fields.get("category", ""),
        actors=tuple(fields.get("actors", ())),
        places=tuple(fields.get("places", ())),
        tags=tuple(fields.get("tags", ())),
        importance=fields.get("importance", 50),
        awaited=fields.get("awaited", False),
        measure=fields.get("measure", False),
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
        ended=row["ended"],
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


def view_of(body: str) -> View:
    """The view that a row holds."""
    row = json.loads(body)
    return View(**{**row, "updated_at": read_instant(row["updated_at"])})
