"""What the read model is asked: every query that a page, feed or API answer needs.

A page is merged from the streams that `Ranges` names, cut at the page's length, and
only then are the rows read.
"""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from events import dates
from events.codec import read_instant
from events.dates import DAY_S
from timeline.projections import (
    NEVER,
    AsOf,
    Entry,
    Filter,
    Known,
    Moment,
    View,
)
from timeline.schemas import Cursor, Order, Query
from timeline.store.ranges import (
    CAP,
    COLUMNS,
    FACETS,
    FACETS_AND_ENTRIES,
    Clause,
    Ranges,
    Value,
    Window,
    by_category,
    clauses_of,
    has_window,
    placeholders,
    window_of,
    words_in,
)
from timeline.store.rows import checkpoint_of, entry_of, facets_of, view_of
from timeline.store.tiles import Cells, TileFinder, cells_of
from timeline.tellings import STAYS, Acting

LATE = 2_000
"""So many events are sooner taken back than everything is counted anew."""

Kept: TypeAlias = OrderedDict[object, Cells]
"""What was counted at earlier moments, the last asked for at the end."""

KEPT = 64
"""Counts of so many moments are kept."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries in the order asked for.

    Attributes:
        next: Where the next page begins; None if this is the last.
        previous: Where the page before begins, to be read in the other order; None
            if this is the first.
        capped: A search found more than is sorted: these are of the `CAP` that were
            recorded last.
    """

    entries: Sequence[Entry]
    next: Cursor | None
    previous: Cursor | None = None
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """What a picture shows of `TILE_UNITS` units in a row.

    Attributes:
        cells: How many entries stand in each unit, by category.
        entries: Those whose windows touch the tile, the most important first: all, or
            the most important one of each unit and then of the whole tile.
        capped: Of more than `CAP` entries only that many were looked at.
    """

    cells: Cells
    entries: Sequence[Entry]
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """A number of entries; *capped*: there are more than that."""

    number: int
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """How many of the wanted entries have one category, state, actor, place or tag."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Backlink:
    """A link that another entry has to this one."""

    rel: str
    entry: Entry


class Snapshot:
    """The read model at one moment.

    Args:
        moment: None: as it stands.
        kept: Where counts of earlier moments are kept.
    """

    def __init__(
        self,
        con: sqlite3.Connection,
        moment: Moment | None = None,
        kept: Kept | None = None,
    ) -> None:
        self._con = con
        self._head = checkpoint_of(con).position
        if isinstance(moment, AsOf) and moment.position > self._head:
            moment = None
        self._moment = moment
        self._kept: Kept = OrderedDict() if kept is None else kept
        self._ranges = Ranges(con, moment, self.position)
        self._rows_found: dict[
            tuple[Filter, Window | None], tuple[list[int], bool]
        ] = {}

    @property
    def known_day(self) -> int | None:
        """The day, from 1970, of what was known; None: it is not asked for."""
        return self._moment.day if isinstance(self._moment, Known) else None

    @property
    def position(self) -> int:
        """The log position that all answers reflect."""
        return self._moment.position if isinstance(self._moment, AsOf) else self._head

    def _entry_of(self, body: str) -> Entry:
        entry = entry_of(body)
        if isinstance(self._moment, Known):
            state = entry.state_on(self._moment.day)
            return entry if state is entry.state else replace(entry, state=state)
        return entry

    # -- entries -------------------------------------------------------------------

    def entry(self, entry_id: str) -> Entry | None:
        """The entry; None if there is none at the moment."""
        holds, values = self._ranges.holds("e")
        row = self._con.execute(
            f"SELECT e.body FROM entries AS e WHERE e.id = ? AND {holds}"
            " ORDER BY e.from_position DESC LIMIT 1",
            (entry_id, *values),
        ).fetchone()
        return self._entry_of(row[0]) if row else None

    def page(
        self, wanted: Filter, *, order: Order, limit: int, start: Cursor | None = None
    ) -> Page:
        """Up to *limit* entries behind *start*, by time or exactly the other way."""
        rows, capped = self._rows(wanted, order=order, limit=limit + 1, start=start)
        return Page(
            self._entries([row[-1] for row in rows[:limit]]),
            next=Cursor(*rows[limit - 1][:3]) if len(rows) > limit else None,
            previous=Cursor(*rows[0][:3]) if start is not None and rows else None,
            capped=capped,
        )

    def _entries(self, rows: Sequence[int]) -> list[Entry]:
        """The entries that stand in these rows, in the same order."""
        bodies = self._con.execute(
            "SELECT e.row, e.body FROM entries AS e"
            f" WHERE e.row IN ({placeholders(rows)})",
            rows,
        )
        by_row = dict(bodies)
        return [self._entry_of(by_row[row]) for row in rows]

    def page_before(
        self, wanted: Filter, *, order: Order, limit: int, end: Cursor
    ) -> Page:
        """The page in *order* that ends right before *end*."""
        other: Order = "asc" if order == "desc" else "desc"
        page = self.page(wanted, order=other, limit=limit, start=end)
        entries = list(reversed(page.entries))
        return Page(
            entries,
            next=_cursor(entries[-1]) if entries else None,
            previous=_cursor(entries[0]) if page.next is not None else None,
            capped=page.capped,
        )

    def asked_page(self, query: Query, wanted: Filter, *, limit: int) -> Page:
        """The page of *wanted* that begins or ends where *query* asks it to."""
        if query.before is not None:
            return self.page_before(
                wanted, order=query.order, limit=limit, end=query.before
            )
        return self.page(wanted, order=query.order, limit=limit, start=query.cursor)

    def newest(self, wanted: Filter, *, limit: int) -> list[Entry]:
        """The entries that changed last, the latest change first.

        For those who know what was said by a day: those last heard of.
        """
        clauses = clauses_of(wanted)
        rarest = self._ranges.rarest(clauses)
        used: list[Clause] = []
        if words := words_in(wanted):
            stream = self._ranges.matching(words)[0][0]
        elif rarest is not None and rarest[0] <= CAP:  # few enough to be sorted
            used = [rarest[1]]
            stream = self._ranges.with_key(rarest[1], rarest[1].keys)
        elif isinstance(self._moment, Known):
            stream = self._ranges.said()
        else:
            stream = self._ranges.stream("entries AS e INDEXED BY entries_by_change")
            if isinstance(self._moment, AsOf):  # lets the index start there
                stream.where.append("e.updated_position <= ?")
                stream.values.append(self._moment.position)
        self._ranges.check(stream, window_of(wanted), clauses, used=used)
        if stream.prefix == "f":
            stream.source = FACETS_AND_ENTRIES
        keys = "e.updated_position"
        if isinstance(self._moment, Known):
            keys = "e.from_day, e.updated_position"
        ordered = ", ".join(f"{key} DESC" for key in keys.split(", "))
        rows = self._con.execute(
            f"SELECT DISTINCT {keys}, e.row, e.body FROM {stream.source}"
            f" WHERE {' AND '.join(stream.where)} ORDER BY {ordered} LIMIT ?",
            (*stream.values, limit),
        ).fetchall()
        return [self._entry_of(row[-1]) for row in rows]

    def versions(self, *, after: int, upto: int, limit: int) -> list[Entry]:
        """Entries right after each event behind *after* up to *upto*, in order."""
        rows = self._con.execute(
            "SELECT e.body FROM entries AS e INDEXED BY entries_by_position"
            " WHERE e.from_position > ? AND e.from_position <= ?"
            " ORDER BY e.from_position LIMIT ?",
            (after, min(upto, self.position), limit),
        ).fetchall()
        return [entry_of(body) for (body,) in rows]

    def due(self, *, upto_s: float, limit: int) -> list[Entry]:
        """Entries whose window opens or closes by then, the first ones first."""
        rows = self._con.execute(
            "SELECT e.body FROM entries AS e INDEXED BY entries_by_due"
            " WHERE e.due <= ? AND e.to_position = 4611686018427387904"
            " ORDER BY e.due, e.id LIMIT ?",
            (upto_s, limit),
        ).fetchall()
        return [entry_of(body) for (body,) in rows]

    def next_due(self) -> int | None:
        """When, in seconds from 1970, the next window opens or closes."""
        row = self._con.execute(
            "SELECT min(e.due) FROM entries AS e INDEXED BY entries_by_due"
            " WHERE e.due IS NOT NULL AND e.to_position = 4611686018427387904"
        ).fetchone()
        due: int | None = row[0]
        return due

    def first_recorded(self, *, after: int, upto: int) -> list[tuple[str, datetime]]:
        """Entries first recorded behind *after* up to *upto*, in that order.

        Their ids, and when each last changed in what a reader sees, whatever the
        moment.
        """
        rows = self._con.execute(
            "SELECT e.id, now.body ->> 'updated_at'"
            " FROM entries AS e INDEXED BY entries_by_position"
            " JOIN entries AS now ON now.id = e.id"
            " AND now.to_position = 4611686018427387904"
            " WHERE e.from_position > ? AND e.from_position <= ? AND NOT EXISTS"
            " (SELECT 1 FROM entries AS old WHERE old.id = e.id"
            " AND old.from_position > 0 AND old.from_position < e.from_position)"
            " ORDER BY e.from_position",
            (after, upto),
        )
        return [(entry_id, read_instant(updated_at)) for entry_id, updated_at in rows]

    def last_changed(self, *, after: int, size: int) -> dict[int, int]:
        """By which position each stretch of the log last changed, behind *after*.

        A stretch is *size* positions long, the first one is 0, and what changed is an
        entry that was first recorded in it. Those that did not change are left out.
        All of it stands in indexes: 4 µs for each entry that changed.
        """
        rows = self._con.execute(
            "SELECT (SELECT min(old.from_position) FROM entries AS old"
            " WHERE old.id = e.id AND old.from_position > 0) - 1, now.updated_position"
            " FROM entries AS now INDEXED BY entries_by_change"
            " CROSS JOIN entries AS e INDEXED BY entries_by_position"
            " ON e.from_position = now.from_position"
            " AND e.to_position = now.to_position"
            " WHERE now.updated_position > ?"
            " AND now.to_position = 4611686018427387904"
            " ORDER BY now.updated_position",
            (after,),
        )
        return {first // size: position for first, position in rows}

    def backlinks(self, entry_id: str) -> list[Backlink]:
        """The links that other entries have to this one, in timeline order."""
        holds, values = self._ranges.holds("e")
        rows = self._con.execute(
            "SELECT l.rel, e.body FROM links AS l JOIN entries AS e ON e.row = l.row"
            f" WHERE l.target = ? AND {holds}"
            " ORDER BY e.sort_key, e.hi_desc, e.id, l.rel",
            (entry_id, *values),
        ).fetchall()
        return [Backlink(rel, self._entry_of(body)) for rel, body in rows]

    def acting(self, entry_id: str, backlinks: Sequence[Backlink]) -> list[Acting]:
        """What acts on an entry, and on what suspends or rescinds it.

        *backlinks* are those to the entry at this moment.
        """
        found = [Acting(one.rel, entry_id, one.entry) for one in backlinks]
        stays = dict.fromkeys(one.entry.id for one in found if one.rel in STAYS)
        return found + [
            Acting(one.rel, stay, one.entry)
            for stay in stays
            for one in self.backlinks(stay)
        ]

    # -- counts --------------------------------------------------------------------

    def count(self, wanted: Filter) -> Count:
        """How many entries are wanted; not beyond `CAP` unless that is known."""
        clauses = clauses_of(wanted)
        if self._moment is None and not has_window(wanted) and not words_in(wanted):
            if not clauses:
                return Count(self._ranges.number("all", ""))
            if len(clauses) == 1 and len(clauses[0].keys) == 1:
                return Count(self._ranges.number(clauses[0].kind, clauses[0].keys[0]))
        rows, capped = self._found(wanted)
        return Count(min(len(rows), CAP), capped=capped)

    def facets(self, wanted: Filter, kind: str, *, limit: int) -> list[Facet]:
        """The most frequent values of *kind* among the wanted entries.

        Of more than `CAP` entries only that many are looked at.
        """
        if self._moment is None and wanted == Filter():
            rows = self._con.execute(
                "SELECT label, number FROM counts WHERE kind = ? AND key <> ''"
                " AND number > 0 ORDER BY number DESC, key LIMIT ?",
                (kind, limit),
            ).fetchall()
            return [Facet(*row) for row in rows]
        if kind in COLUMNS:
            column, bound = (
                self._ranges.state("e") if kind == "state" else (f"e.{kind}", [])
            )
            found = (
                f"SELECT {column} AS key, some.row AS row"
                " FROM some JOIN entries AS e ON e.row = some.row"
            )
        else:
            found = (
                "SELECT f.key AS key, f.row AS row FROM some CROSS JOIN facets AS f"
                " ON f.row = some.row AND f.kind = ?"
            )
            bound = [kind]
        # Labels are looked up for the few that are shown; a state that nothing has
        # at the head is its own.
        rows = self._con.execute(
            f"WITH some AS (SELECT value AS row FROM json_each(?)), found AS ({found}),"
            " most AS MATERIALIZED (SELECT key, count(*) AS number, max(row) AS row"
            " FROM found WHERE key <> '' GROUP BY key"
            " ORDER BY number DESC, key LIMIT ?)"
            " SELECT coalesce(c.label, most.key), most.number, most.key, most.row"
            " FROM most LEFT JOIN counts AS c ON c.kind = ? AND c.key = most.key"
            " ORDER BY most.number DESC, most.key",
            (json.dumps(self._found(wanted)[0]), *bound, limit, kind),
        ).fetchall()
        if isinstance(self._moment, AsOf) and kind in FACETS:
            return [
                Facet(self._label_then(kind, key, row), number)
                for _, number, key, row in rows
            ]
        return [Facet(label, number) for label, number, *_ in rows]

    def _label_then(self, kind: str, key: str, row: int) -> str:
        """A name as an entry wrote it; later ones may write it otherwise."""
        (body,) = self._con.execute(
            "SELECT body FROM entries WHERE row = ?", (row,)
        ).fetchone()
        return next(
            label
            for other, its_key, label in facets_of(entry_of(body))
            if (other, its_key) == (kind, key)
        )

    def counts_all(self, wanted: Filter) -> bool:
        """Whether `facets` looks at all of the wanted entries."""
        if self._moment is None and wanted == Filter():
            return True
        return not self._found(wanted)[1]

    def categories(self) -> list[str]:
        """The categories that entries have, in order; at a position also had."""
        if isinstance(self._moment, AsOf):
            rows = self._con.execute(
                "SELECT category FROM categories WHERE category <> ''"
                " AND first_position <= ? ORDER BY category",
                (self._moment.position,),
            ).fetchall()
        else:
            rows = self._con.execute(
                "SELECT key FROM counts WHERE kind = 'category' AND key <> ''"
                " AND number > 0 ORDER BY key"
            ).fetchall()
        return [category for (category,) in rows]

    def is_exact(self, wanted: Filter) -> bool:
        """Whether `density` counts all of the wanted entries."""
        return by_category(wanted) or not self._found(wanted)[1]

    def density(
        self, wanted: Filter, level: dates.Level, first: int, last: int
    ) -> Cells:
        """How many entries stand in each unit of *level*, by category.

        Units are days, months, years or decades from 1970, *first* to *last*
        inclusive; an entry counts once, where it stands on the timeline. Kept for
        filters by category alone; for others counted, over `CAP` entries at most.
        """
        clauses = clauses_of(wanted)
        if not by_category(wanted):
            found = self._con.execute(
                "SELECT e.sort_key, e.category, 1 FROM json_each(?) AS some"
                " JOIN entries AS e ON e.row = some.value",
                (json.dumps(self._found(wanted)[0]),),
            )
            return cells_of(found, level, first, last)
        if self._moment is not None:
            return self._density_then(clauses, level, first, last)
        return self._density_now(clauses, level, first, last)

    def _density_now(
        self, clauses: Sequence[Clause], level: dates.Level, first: int, last: int
    ) -> Cells:
        where = "level = ? AND unit BETWEEN ? AND ? AND number > 0"
        bound: list[Value] = [level, first, last]
        for clause in clauses:
            where += f" AND category IN ({placeholders(clause.keys)})"
            bound += clause.keys
        cells: dict[int, dict[str, int]] = {}
        rows = self._con.execute(
            f"SELECT unit, category, number FROM density WHERE {where}", bound
        )
        for unit, category, number in rows:
            cells.setdefault(unit, {})[category] = number
        return cells

    def _density_then(
        self, clauses: Sequence[Clause], level: dates.Level, first: int, last: int
    ) -> Cells:
        """As `density`, at an earlier moment: counted once and kept."""
        # What was shown at a position stays so; what was known on a day may not.
        head = self._head if isinstance(self._moment, Known) else 0
        asked = (self._moment, head, tuple(clauses), level, first, last)
        cells = self._kept.pop(asked, None)
        if cells is None:
            cells = self._changed_since(clauses, level, first, last)
        if cells is None:
            stream = self._ranges.by_day()
            stream.where.append("d.day BETWEEN ? AND ?")
            stream.values += (
                dates.unit_start(level, first) // DAY_S,
                dates.unit_start(level, last + 1) // DAY_S - 1,
            )
            for clause in clauses:
                stream.where.append(f"e.category IN ({placeholders(clause.keys)})")
                stream.values += clause.keys
            rows = self._con.execute(
                f"SELECT d.day * {DAY_S}, e.category, count(*) FROM {stream.source}"
                f" WHERE {' AND '.join(stream.where)} GROUP BY d.day, e.category",
                stream.values,
            )
            cells = cells_of(rows, level, first, last)
        self._kept[asked] = cells
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return cells

    def _changed_since(
        self, clauses: Sequence[Clause], level: dates.Level, first: int, last: int
    ) -> Cells | None:
        """As `_density_then`: what is kept for now, less what came since.

        None where much did.
        """
        if not isinstance(self._moment, AsOf):
            return None
        position = self._moment.position
        if self._head - position > LATE:
            return None
        cells = {
            unit: dict(of_unit)
            for unit, of_unit in self._density_now(clauses, level, first, last).items()
        }
        # What stands there by now goes, and what it took the place of comes back.
        rows = self._con.execute(
            "SELECT e.sort_key, e.category, -1"
            " FROM entries AS e INDEXED BY entries_by_position"
            f" WHERE e.from_position > ? AND e.to_position = {NEVER}"
            " UNION ALL"
            " SELECT before.sort_key, before.category, 1"
            " FROM entries AS e INDEXED BY entries_by_position"
            " CROSS JOIN entries AS before"
            " ON before.id = e.id AND before.to_position = e.from_position"
            " WHERE e.from_position > ? AND before.from_position BETWEEN 0 AND ?",
            (position, position, position),
        )
        wanted = [set(clause.keys) for clause in clauses]
        for second, category, change in rows:
            unit = dates.unit_of(level, second)
            if first <= unit <= last and all(category in keys for keys in wanted):
                cell = cells.setdefault(unit, {})
                cell[category] = cell.get(category, 0) + change
        found = {
            unit: {category: number for category, number in cell.items() if number}
            for unit, cell in cells.items()
        }
        return {unit: cell for unit, cell in found.items() if cell}

    def tile(self, wanted: Filter, level: dates.Level, x: int) -> Tile:
        """The wanted entries in the units of *level* from 64 *x* on, from 1970."""
        finder = TileFinder(self._con, self._ranges, wanted, level, x)
        first, last = finder.units
        counted = by_category(wanted) and self._ranges.many
        kept = self.density(wanted, level, first, last) if counted else None
        rows, cells, capped = finder.find(kept)
        return Tile(cells, self._entries(rows), capped)

    def explain_tile(
        self, wanted: Filter, level: dates.Level, x: int
    ) -> dict[str, list[str]]:
        """SQLite's plans for a tile of many entries, for tests and benchmarks."""
        return TileFinder(self._con, self._ranges, wanted, level, x).explain()

    def reach(self) -> tuple[int, int] | None:
        """Where the first and the last entry stand; None if there is none."""
        if self._moment is None:
            holds, _ = self._ranges.holds("e")
            first, last = self._con.execute(
                "SELECT"
                f" (SELECT min(e.sort_key) FROM entries AS e WHERE {holds}),"
                f" (SELECT max(e.sort_key) FROM entries AS e WHERE {holds})",
            ).fetchone()
            return None if first is None else (first, last)
        if (early := self._ranges.early()) is not None:
            first, last = self._con.execute(
                f"SELECT min(e.sort_key), max(e.sort_key) FROM {early.source}"
                f" WHERE {' AND '.join(early.where)}",
                early.values,
            ).fetchone()
            return None if first is None else (first, last)
        orders: tuple[Order, ...] = ("asc", "desc")
        ends = [
            row[0]
            for order in orders
            for row in self._rows(Filter(), order=order, limit=1, start=None)[0]
        ]
        return (ends[0], ends[1]) if ends else None

    # -- views ---------------------------------------------------------------------

    def views(self) -> list[View]:
        """All views in use, by name."""
        holds, values = self._view_holds()
        rows = self._con.execute(
            f"SELECT body FROM views WHERE {holds} ORDER BY name", values
        ).fetchall()
        return [view for (body,) in rows if not (view := view_of(body)).removed]

    def view(self, name: str) -> View | None:
        """The view, also if it was removed; None if there never was one."""
        holds, values = self._view_holds()
        row = self._con.execute(
            f"SELECT body FROM views WHERE name = ? AND {holds}", (name, *values)
        ).fetchone()
        return view_of(row[0]) if row else None

    def _view_holds(self) -> tuple[str, list[Value]]:
        # Views are ours: nobody said them on a day.
        if isinstance(self._moment, AsOf):
            position = self._moment.position
            return "from_position <= ? AND to_position > ?", [position, position]
        return "to_position = ?", [NEVER]

    # -- how a page is found ---------------------------------------------------------

    def _rows(
        self, wanted: Filter, *, order: Order, limit: int, start: Cursor | None
    ) -> tuple[list[tuple[int, int, str, int]], bool]:
        """(sort_key, hi_desc, id, row) of the first entries, and whether capped."""
        sql, values, capped = self._merged(
            wanted, order=order, limit=limit, start=start
        )
        return self._con.execute(sql, values).fetchall(), capped

    def explain(
        self, wanted: Filter, *, order: Order = "asc", start: Cursor | None = None
    ) -> list[str]:
        """SQLite's plan for a page, for tests and benchmarks."""
        sql, values, _ = self._merged(wanted, order=order, limit=100, start=start)
        rows = self._con.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        return [row[-1] for row in rows]

    def _merged(
        self, wanted: Filter, *, order: Order, limit: int, start: Cursor | None
    ) -> tuple[str, list[Value], bool]:
        way, behind = ("ASC", ">") if order == "asc" else ("DESC", "<")
        parts: list[str] = []
        values: list[Value] = []
        streams, capped = self._ranges.streams(wanted)
        for stream in streams:
            at = stream.prefix
            keys = f"{at}.sort_key, {at}.hi_desc, {at}.id"
            where = list(stream.where)
            values += stream.values
            if start is not None:
                # The first condition lets the index start there; SQLite does not use
                # a row value behind an equality on all versions.
                compare = ">=" if order == "asc" else "<="
                where.append(f"{at}.sort_key {compare} ?")
                where.append(f"({keys}) {behind} (?, ?, ?)")
                values += [start.sort_key, start.sort_key, start.hi_desc, start.id]
                if stream.by_day:
                    where.append(f"d.day {compare} ?")
                    values.append(start.sort_key // DAY_S)
            parts.append(
                f"SELECT {keys}, {at}.row FROM {stream.source}"
                f" WHERE {' AND '.join(where)}"
            )
        # An entry may be in the ranges of two actors, but of no two other values; each
        # range is in order, so that SQLite merges them and reads only what it takes.
        both = " UNION " if streams and streams[0].prefix == "f" else " UNION ALL "
        merged = both.join(parts) or "SELECT 0, 0, '', 0 WHERE 0"
        ordered = f"1 {way}, 2 {way}, 3 {way}"
        if len(streams) == 1 and streams[0].by_day:
            ordered = f"d.day {way}, {ordered}"
        return f"{merged} ORDER BY {ordered} LIMIT ?", [*values, limit], capped

    def _found(
        self, wanted: Filter, window: Window | None = None
    ) -> tuple[list[int], bool]:
        """The rows of up to `CAP` wanted entries, in any order; whether there are more.

        Looked up once for all that is counted on one page.
        """
        if (wanted, window) not in self._rows_found:
            rows: dict[int, None] = {}
            streams, capped = self._ranges.streams(wanted, window)
            for stream in streams:
                found = self._con.execute(
                    f"SELECT {stream.prefix}.row FROM {stream.source}"
                    f" WHERE {' AND '.join(stream.where)} LIMIT {CAP + 1}",
                    stream.values,
                )
                rows.update(dict.fromkeys(row for (row,) in found))
                if len(rows) > CAP:
                    capped = True
                    break
            self._rows_found[wanted, window] = list(rows)[:CAP], capped
        return self._rows_found[wanted, window]


def _cursor(entry: Entry) -> Cursor:
    return Cursor(entry.sort_key, -entry.hi, entry.id)
