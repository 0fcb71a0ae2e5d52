"""How the rows of the read model are written, and what an entry's row holds."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from events import dates
from events.codec import read_instant, write_instant
from events.db import Database
from timeline.projections import (
    Change,
    Entry,
    Link,
    Media,
    Row,
    Source,
    State,
    Translation,
    View,
    match_key,
)

FOREVER = 2**62
"""``to_position`` of what is still so."""


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
        for row in rows:
            match row:
                case Entry():
                    _put_entry(con, row, tally)
                case View():
                    _put_view(con, row)
        tally.store(con)
        con.execute(
            "UPDATE checkpoint SET position = ?, leaf_hash = ?", (upto, leaf_hash)
        )
    return True


@dataclass(slots=True)
class _Tally:
    """By how much a batch changes what is counted for the head."""

    facets: Counter[tuple[str, str]] = field(default_factory=Counter)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    density: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    spans: Counter[tuple[int, int]] = field(default_factory=Counter)

    def count(self, entry: Entry, change: int) -> None:
        """Add an entry (1) or take it away (-1)."""
        for kind, key, label in facets_of(entry):
            self.facets[kind, key] += change
            self.labels[kind, key] = label
        for level, unit in dates.units_of(entry.sort_key):
            self.density[level, unit, entry.category] += change
        self.spans[_span(entry)] += change

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
            "INSERT INTO spans (span, at_end, number) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET number = number + excluded.number",
            [(*span, change) for span, change in self.spans.items() if change],
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


def _put_entry(con: sqlite3.Connection, entry: Entry, tally: _Tally) -> None:
    if entry.version > 1:
        _end_entry(con, entry, tally)
    span, at_end = _span(entry)
    row = con.execute(
        "INSERT INTO entries (id, from_position, to_position, sort_key, hi_desc, lo,"
        " span, at_end, category, state, importance, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.position,
            FOREVER,
            entry.sort_key,
            -entry.hi,
            entry.lo,
            span,
            at_end,
            entry.category,
            entry.state,
            entry.importance,
            _entry_body(entry),
        ),
    ).lastrowid
    assert row is not None  # noqa: S101 (an insert has one)
    con.executemany(
        "INSERT INTO facets"
        " (kind, key, to_position, sort_key, hi_desc, id, row, category, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*key, entry.category, entry.state) for key in _facet_keys(entry, row)],
    )
    con.executemany(
        "INSERT INTO links (target, to_position, row, rel) VALUES (?, ?, ?, ?)",
        _link_keys(entry, row),
    )
    con.execute(
        "INSERT INTO words (rowid, title, summary, names) VALUES (?, ?, ?, ?)",
        (row, *entry.words()),
    )
    tally.count(entry, 1)


def _end_entry(con: sqlite3.Connection, entry: Entry, tally: _Tally) -> None:
    """From *entry*'s position on, the version before it is a past one."""
    last = con.execute(
        "SELECT row, body FROM entries WHERE id = ?"
        " AND to_position = 4611686018427387904",
        (entry.id,),
    ).fetchone()
    if last is None:  # its earlier events were redacted
        return
    row, body = last
    before = entry_of(body)
    con.execute(
        "UPDATE entries SET to_position = ? WHERE row = ?", (entry.position, row)
    )
    # By their whole keys: a rebuild has no other index yet.
    con.executemany(
        "UPDATE facets SET to_position = ? WHERE kind = ? AND key = ?"
        " AND to_position = ? AND sort_key = ? AND hi_desc = ? AND id = ? AND row = ?",
        [(entry.position, *key) for key in _facet_keys(before, row)],
    )
    con.executemany(
        "UPDATE links SET to_position = ?"
        " WHERE target = ? AND to_position = ? AND row = ? AND rel = ?",
        [(entry.position, *key) for key in _link_keys(before, row)],
    )
    tally.count(before, -1)


def _facet_keys(
    entry: Entry, row: int
) -> list[tuple[str, str, int, int, int, str, int]]:
    return [
        (kind, key, FOREVER, entry.sort_key, -entry.hi, entry.id, row)
        for kind, key, _ in facets_of(entry)
        if kind in ("actor", "place", "tag")
    ]


def _link_keys(entry: Entry, row: int) -> set[tuple[str, int, int, str]]:
    return {(link.entry, FOREVER, row, link.rel) for link in entry.links}


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


def entry_of(body: str) -> Entry:
    """The entry that a row holds."""
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


def view_of(body: str) -> View:
    """The view that a row holds."""
    row = json.loads(body)
    return View(**{**row, "updated_at": read_instant(row["updated_at"])})
