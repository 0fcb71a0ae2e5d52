"""What the read model is asked: every query that a page, feed or API answer needs.

A page is read from a few *streams*, each a range of one index in timeline order, so
that its cost does not depend on how many entries there are: the streams are merged,
cut at the page's length, and only then are the rows read. `_streams` picks the index
by what is wanted; whatever it does not cover is checked row by row.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from events import dates
from timeline.projections import Entry, Filter, View, match_key
from timeline.schemas import Cursor, Order
from timeline.store.rows import FOREVER, checkpoint_of, entry_of, view_of

CAP = 10_000
"""What is counted or sorted by hand stops here and says so."""

_NOW = "e.to_position = 4611686018427387904"
_DAY_S = 86_400
_FACETS = ("actor", "place", "tag")
_COLUMNS = ("category", "state")
_FACETS_AND_ENTRIES = "facets AS f CROSS JOIN entries AS e ON e.row = f.row"

Value = str | int
"""Of a bound parameter."""


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


@dataclass(frozen=True, slots=True)
class _Clause:
    """One key of a filter: any of *keys*, which match keys as they are stored."""

    kind: str
    keys: tuple[str, ...]


@dataclass(slots=True)
class _Stream:
    """A range of an index in timeline order.

    Attributes:
        source: What stands behind FROM, with the entries as ``e``.
        where: Conditions, the index's own first.
        prefix: Alias of the table whose columns give the order.
    """

    source: str
    where: list[str]
    values: list[Value]
    prefix: str = "e"


class Snapshot:
    """The read model at one position."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con
        self._rows_found: dict[Filter, list[int]] = {}

    @property
    def position(self) -> int:
        """The log position that all answers reflect."""
        return checkpoint_of(self._con).position

    # -- entries -------------------------------------------------------------------

    def entry(self, entry_id: str) -> Entry | None:
        """The entry as it stands; None if there is none."""
        row = self._con.execute(
            f"SELECT e.body FROM entries AS e WHERE e.id = ? AND {_NOW}", (entry_id,)
        ).fetchone()
        return entry_of(row[0]) if row else None

    def page(
        self, wanted: Filter, *, order: Order, limit: int, start: Cursor | None = None
    ) -> Page:
        """Up to *limit* entries behind *start*, by time or exactly the other way."""
        rows, capped = self._rows(wanted, order=order, limit=limit + 1, start=start)
        bodies = self._con.execute(
            "SELECT e.row, e.body FROM entries AS e"
            f" WHERE e.row IN ({_marks(rows[:limit])})",
            [row[-1] for row in rows[:limit]],
        )
        by_row = dict(bodies)
        return Page(
            [entry_of(by_row[row[-1]]) for row in rows[:limit]],
            next=Cursor(*rows[limit - 1][:3]) if len(rows) > limit else None,
            previous=Cursor(*rows[0][:3]) if start is not None and rows else None,
            capped=capped,
        )

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

    def newest(self, wanted: Filter, *, limit: int) -> list[Entry]:
        """The entries that changed last, the latest change first."""
        clauses = _clauses(wanted)
        rarest = self._rarest(clauses)
        used: list[_Clause] = []
        if words := _words(wanted):
            stream = self._word_streams(words)[0][0]
        elif rarest is not None and rarest[0] <= CAP:  # few enough to be sorted
            used = [rarest[1]]
            stream = _facet_stream(rarest[1], rarest[1].keys)
        else:
            stream = _Stream("entries AS e INDEXED BY entries_by_change", [_NOW], [])
        self._check_rest(stream, wanted, clauses, used=used)
        if stream.prefix == "f":
            stream.source = _FACETS_AND_ENTRIES
        rows = self._con.execute(
            f"SELECT DISTINCT e.from_position, e.body FROM {stream.source}"
            f" WHERE {' AND '.join(stream.where)}"
            " ORDER BY e.from_position DESC LIMIT ?",
            (*stream.values, limit),
        ).fetchall()
        return [entry_of(body) for _, body in rows]

    def backlinks(self, entry_id: str) -> list[Backlink]:
        """The links that other entries have to this one, in timeline order."""
        rows = self._con.execute(
            "SELECT l.rel, e.body FROM links AS l JOIN entries AS e ON e.row = l.row"
            " WHERE l.target = ? AND l.to_position = ?"
            " ORDER BY e.sort_key, e.hi_desc, e.id, l.rel",
            (entry_id, FOREVER),
        ).fetchall()
        return [Backlink(rel, entry_of(body)) for rel, body in rows]

    # -- counts --------------------------------------------------------------------

    def count(self, wanted: Filter) -> Count:
        """How many entries are wanted; not beyond `CAP` unless that is known."""
        clauses = _clauses(wanted)
        if not _has_window(wanted) and not _words(wanted):
            if not clauses:
                return Count(self._number("all", ""))
            if len(clauses) == 1 and len(clauses[0].keys) == 1:
                return Count(self._number(clauses[0].kind, clauses[0].keys[0]))
        number = len(self._found(wanted))
        return Count(min(number, CAP), capped=number > CAP)

    def facets(self, wanted: Filter, kind: str, *, limit: int) -> list[Facet]:
        """The most frequent values of *kind* among the wanted entries.

        Of more than `CAP` entries only that many are looked at.
        """
        if wanted == Filter():
            rows = self._con.execute(
                "SELECT label, number FROM counts WHERE kind = ? AND key <> ''"
                " AND number > 0 ORDER BY number DESC, key LIMIT ?",
                (kind, limit),
            ).fetchall()
            return [Facet(*row) for row in rows]
        if kind in _COLUMNS:
            found = f"SELECT e.{kind} AS key FROM some JOIN entries AS e USING (row)"
            bound: list[Value] = []
        else:
            found = (
                "SELECT f.key AS key FROM some CROSS JOIN facets AS f"
                " ON f.row = some.row AND f.kind = ?"
            )
            bound = [kind]
        # Labels are looked up for the few that are shown.
        rows = self._con.execute(
            f"WITH some AS (SELECT value AS row FROM json_each(?)), found AS ({found}),"
            " most AS MATERIALIZED (SELECT key, count(*) AS number FROM found"
            " WHERE key <> '' GROUP BY key ORDER BY number DESC, key LIMIT ?)"
            " SELECT c.label, most.number FROM most"
            " CROSS JOIN counts AS c ON c.kind = ? AND c.key = most.key"
            " ORDER BY most.number DESC, most.key",
            (json.dumps(self._found(wanted)), *bound, limit, kind),
        ).fetchall()
        return [Facet(*row) for row in rows]

    def categories(self) -> list[str]:
        """The categories that entries have, in order."""
        rows = self._con.execute(
            "SELECT key FROM counts WHERE kind = 'category' AND key <> ''"
            " AND number > 0 ORDER BY key"
        ).fetchall()
        return [category for (category,) in rows]

    def density(
        self, wanted: Filter, level: dates.Level, first: int, last: int
    ) -> dict[int, dict[str, int]]:
        """How many entries stand in each unit of *level*, by category.

        Units are days, months, years or decades from 1970, *first* to *last*
        inclusive; an entry counts once, where it stands on the timeline. Kept for
        filters by category alone; otherwise counted, over `CAP` entries at most.
        """
        clauses = _clauses(wanted)
        cells: dict[int, dict[str, int]] = {}
        if (
            _has_window(wanted)
            or _words(wanted)
            or any(clause.kind != "category" for clause in clauses)
        ):
            found = self._con.execute(
                "SELECT e.sort_key, e.category FROM json_each(?) AS some"
                " JOIN entries AS e ON e.row = some.value",
                (json.dumps(self._found(wanted)),),
            )
            for sort_key, category in found:
                unit = dates.unit_of(level, sort_key)
                if first <= unit <= last:
                    cell = cells.setdefault(unit, {})
                    cell[category] = cell.get(category, 0) + 1
            return cells
        where = "level = ? AND unit BETWEEN ? AND ? AND number > 0"
        bound: list[Value] = [level, first, last]
        for clause in clauses:
            where += f" AND category IN ({_marks(clause.keys)})"
            bound += clause.keys
        rows = self._con.execute(
            f"SELECT unit, category, number FROM density WHERE {where}", bound
        )
        for unit, category, number in rows:
            cells.setdefault(unit, {})[category] = number
        return cells

    def reach(self) -> tuple[int, int] | None:
        """Where the first and the last entry stand; None if there is none."""
        first, last = self._con.execute(
            "SELECT"
            f" (SELECT min(e.sort_key) FROM entries AS e WHERE {_NOW}),"
            f" (SELECT max(e.sort_key) FROM entries AS e WHERE {_NOW})"
        ).fetchone()
        return None if first is None else (first, last)

    # -- views ---------------------------------------------------------------------

    def views(self) -> list[View]:
        """All views in use, by name."""
        rows = self._con.execute(
            "SELECT body FROM views WHERE to_position = ? ORDER BY name", (FOREVER,)
        ).fetchall()
        return [view for (body,) in rows if not (view := view_of(body)).removed]

    def view(self, name: str) -> View | None:
        """The view, also if it was removed; None if there never was one."""
        row = self._con.execute(
            "SELECT body FROM views WHERE name = ? AND to_position = ?",
            (name, FOREVER),
        ).fetchone()
        return view_of(row[0]) if row else None

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
        streams, capped = self._streams(wanted)
        for stream in streams:
            at = stream.prefix
            keys = f"{at}.sort_key, {at}.hi_desc, {at}.id"
            where = list(stream.where)
            bound = list(stream.values)
            if start is not None:
                # The first condition lets the index start there; SQLite does not use
                # a row value behind an equality on all versions.
                compare = ">=" if order == "asc" else "<="
                where.append(f"{at}.sort_key {compare} ?")
                where.append(f"({keys}) {behind} (?, ?, ?)")
                bound += [start.sort_key, start.sort_key, start.hi_desc, start.id]
            ordered = ", ".join(f"{key} {way}" for key in keys.split(", "))
            parts.append(
                f"SELECT * FROM (SELECT {keys}, {at}.row FROM {stream.source}"
                f" WHERE {' AND '.join(where)} ORDER BY {ordered} LIMIT ?)"
            )
            values += [*bound, limit]
        if len(parts) == 1:
            return parts[0], values, capped
        # UNION, not UNION ALL: an entry may be in the ranges of two actors.
        merged = " UNION ".join(parts) if parts else "SELECT 0, 0, '', 0 WHERE 0"
        sql = f"SELECT * FROM ({merged}) ORDER BY 1 {way}, 2 {way}, 3 {way} LIMIT ?"
        return sql, [*values, limit], capped

    def _found(self, wanted: Filter) -> list[int]:
        """The rows of the wanted entries, in any order, up to one more than `CAP`.

        Looked up once for all that is counted on one page.
        """
        if wanted not in self._rows_found:
            rows: dict[int, None] = {}
            for stream in self._streams(wanted)[0]:
                found = self._con.execute(
                    f"SELECT {stream.prefix}.row FROM {stream.source}"
                    f" WHERE {' AND '.join(stream.where)} LIMIT {CAP + 1}",
                    stream.values,
                )
                rows.update(dict.fromkeys(row for (row,) in found))
                if len(rows) > CAP:
                    break
            self._rows_found[wanted] = list(rows)[: CAP + 1]
        return self._rows_found[wanted]

    def _streams(self, wanted: Filter) -> tuple[list[_Stream], bool]:
        """The ranges of indexes that together hold the wanted entries."""
        clauses = _clauses(wanted)
        used: list[_Clause] = []
        capped = False
        if words := _words(wanted):
            streams, capped = self._word_streams(words)
        else:
            rarest = self._rarest(clauses)
            windowed = _has_window(wanted)
            if rarest is not None and not (windowed and rarest[0] > CAP):
                used = [rarest[1]]
                streams = [_facet_stream(rarest[1], (key,)) for key in rarest[1].keys]
            elif windowed:
                streams = self._window_streams(wanted)
            else:
                streams = [_Stream("entries AS e", [_NOW], [])]
        for stream in streams:
            self._check_rest(stream, wanted, clauses, used=used)
        return streams, capped

    def _check_rest(
        self,
        stream: _Stream,
        wanted: Filter,
        clauses: Sequence[_Clause],
        *,
        used: Sequence[_Clause],
    ) -> None:
        """What the stream's index does not cover is looked up row by row."""
        rest = [clause for clause in clauses if clause not in used]
        columns = [clause for clause in rest if clause.kind in _COLUMNS]
        if stream.prefix == "f" and _has_window(wanted):
            stream.source = _FACETS_AND_ENTRIES
        for clause in columns:
            stream.where.append(
                f"{stream.prefix}.{clause.kind} IN ({_marks(clause.keys)})"
            )
            stream.values += clause.keys
        for clause in rest:
            if clause.kind in _FACETS:
                stream.where.append(
                    "EXISTS (SELECT 1 FROM facets AS x"
                    f" WHERE x.row = {stream.prefix}.row"
                    f" AND x.kind = ? AND x.key IN ({_marks(clause.keys)}))"
                )
                stream.values += [clause.kind, *clause.keys]
        for one in _all(wanted):
            if one.start is not None:
                stream.where.append("e.hi_desc <= ?")
                stream.values.append(-one.start.lo)
            if one.end is not None:
                stream.where.append("e.lo <= ?")
                stream.values.append(one.end.hi)

    def _rarest(self, clauses: Sequence[_Clause]) -> tuple[int, _Clause] | None:
        """The clause that fewest entries satisfy, and how many that are."""
        numbered = [
            (sum(self._number(clause.kind, key) for key in clause.keys), clause)
            for clause in clauses
        ]
        return min(numbered, key=lambda one: one[0], default=None)

    def _number(self, kind: str, key: str) -> int:
        row = self._con.execute(
            "SELECT number FROM counts WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return row[0] if row else 0

    def _window_streams(self, wanted: Filter) -> list[_Stream]:
        """One range for each class of windows: how far outside it may stand.

        A window of up to n days that overlaps [a, b] begins no earlier than n days
        before a; one that stands at its end ends no later than n days after b.
        """
        starts = [one.start.lo for one in _all(wanted) if one.start is not None]
        ends = [one.end.hi for one in _all(wanted) if one.end is not None]
        first = max(starts, default=-FOREVER)
        last = min(ends, default=FOREVER)
        streams: list[_Stream] = []
        rows = self._con.execute("SELECT span, at_end FROM spans WHERE number > 0")
        for span, at_end in rows.fetchall():
            reach = span * _DAY_S
            low = first if at_end else max(first - reach, -FOREVER)
            high = min(last + reach, FOREVER) if at_end else last
            streams.append(
                _Stream(
                    "entries AS e INDEXED BY entries_by_span",
                    [_NOW, "e.span = ?", "e.at_end = ?", "e.sort_key BETWEEN ? AND ?"],
                    [span, at_end, low, high],
                )
            )
        return streams

    def _word_streams(self, words: str) -> tuple[list[_Stream], bool]:
        """Of a common word, the entries that were recorded last."""
        found = self._con.execute(
            "SELECT e.row FROM words CROSS JOIN entries AS e ON e.row = words.rowid"
            f" WHERE words MATCH ? AND {_NOW} ORDER BY words.rowid DESC LIMIT ?",
            (words, CAP + 1),
        ).fetchall()
        capped = len(found) > CAP
        source = (
            "(SELECT e.* FROM words CROSS JOIN entries AS e ON e.row = words.rowid"
            f" WHERE words MATCH ? AND {_NOW} ORDER BY words.rowid DESC LIMIT {CAP})"
            " AS e"
        )
        return [_Stream(source, ["1"], [words])], capped


def _facet_stream(clause: _Clause, keys: Sequence[str]) -> _Stream:
    marks = f"= {_marks(keys)}" if len(keys) == 1 else f"IN ({_marks(keys)})"
    if clause.kind in _COLUMNS:
        return _Stream("entries AS e", [_NOW, f"e.{clause.kind} {marks}"], [*keys])
    return _Stream(
        "facets AS f",
        ["f.kind = ?", f"f.key {marks}", "f.to_position = ?"],
        [clause.kind, *keys, FOREVER],
        prefix="f",
    )


def _all(wanted: Filter) -> Iterator[Filter]:
    """*wanted* and the filters that it stands within."""
    one: Filter | None = wanted
    while one is not None:
        yield one
        one = one.within


def _clauses(wanted: Filter) -> list[_Clause]:
    clauses: list[_Clause] = []
    for one in _all(wanted):
        for kind, values in (
            ("category", one.category),
            ("state", tuple(map(str, one.state))),
            ("actor", tuple(map(match_key, one.actor))),
            ("place", tuple(map(match_key, one.place))),
            ("tag", tuple(map(match_key, one.tag))),
        ):
            if values:
                clauses.append(_Clause(kind, tuple(dict.fromkeys(values))))
    return clauses


def _has_window(wanted: Filter) -> bool:
    return any(one.start is not None or one.end is not None for one in _all(wanted))


def _words(wanted: Filter) -> str:
    """The search of *wanted* in the language of FTS5; empty if it has none."""
    return " AND ".join(
        f'"{" ".join(words.tokens)}"{"*" if words.begun else ""}'
        for one in _all(wanted)
        for words in one.words
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _cursor(entry: Entry) -> Cursor:
    return Cursor(entry.sort_key, -entry.hi, entry.id)
