"""What the read model is asked: every query that a page, feed or API answer needs.

A page is read from a few *streams*, each a range of one index in timeline order, so
that its cost does not depend on how many entries there are: the streams are merged,
cut at the page's length, and only then are the rows read. `_streams` picks the index
by what is wanted; whatever it does not cover is checked row by row.

At an earlier moment the same rows are asked for those that held then. Where there was
little by then, all of it is looked at; else the days on which nothing was are skipped.
"""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from events import dates
from events.dates import DAY_S
from timeline.projections import (
    NEVER,
    AsOf,
    Entry,
    Filter,
    Known,
    Moment,
    State,
    View,
    match_key,
)
from timeline.schemas import Cursor, Order, Query
from timeline.store.rows import checkpoint_of, entry_of, facets_of, view_of
from timeline.tellings import STAYS, Acting

CAP = 10_000
"""What is counted or sorted by hand stops here and says so."""

EARLY = 8_000
"""So many rows are sorted as fast as a page is found among a million in order.

Measured with ``python -m tests.bench asof``.
"""

_FACETS = ("actor", "place", "tag")
_COLUMNS = ("category", "state")
_FACETS_AND_ENTRIES = "facets AS f CROSS JOIN entries AS e ON e.row = f.row"

Value: TypeAlias = str | int
"""Of a bound parameter."""

Cells: TypeAlias = Mapping[int, Mapping[str, int]]
"""Numbers by unit and category."""

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
    by_day: bool = False


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
        self._rows_found: dict[Filter, tuple[list[int], bool]] = {}

    @property
    def known_day(self) -> int | None:
        """The day, from 1970, of what was known; None: it is not asked for."""
        return self._moment.day if isinstance(self._moment, Known) else None

    @property
    def position(self) -> int:
        """The log position that all answers reflect."""
        return self._moment.position if isinstance(self._moment, AsOf) else self._head

    def _holds(self, at: str) -> tuple[str, list[Value]]:
        """The condition that a row of the table *at* holds at the moment."""
        match self._moment:
            case None:
                return f"{at}.to_position = 4611686018427387904", []
            case AsOf(position):
                return (
                    f"{at}.from_position <= ? AND {at}.to_position > ?",
                    [position, position],
                )
            case Known(day):
                return f"{at}.from_day <= ? AND {at}.to_day > ?", [day, day]
            case unreachable:
                assert_never(unreachable)

    def _state(self, at: str) -> tuple[str, list[Value]]:
        """The state of a row at the moment: `Entry.state_on` in SQL."""
        if not isinstance(self._moment, Known):
            return f"{at}.state", []
        first = self._moment.day * DAY_S
        state = (
            f"CASE WHEN {at}.settled THEN {at}.state WHEN {at}.lo >= ? THEN ?"
            f" WHEN {at}.hi_desc <= ? THEN ? WHEN {at}.awaited THEN ? ELSE ? END"
        )
        upcoming, opened = (first + DAY_S, State.UPCOMING), (-first, State.OPEN)
        return state, [*upcoming, *opened, State.OVERDUE, State.HAPPENED]

    def _entry_of(self, body: str) -> Entry:
        entry = entry_of(body)
        if isinstance(self._moment, Known):
            state = entry.state_on(self._moment.day)
            return entry if state is entry.state else replace(entry, state=state)
        return entry

    # -- entries -------------------------------------------------------------------

    def entry(self, entry_id: str) -> Entry | None:
        """The entry; None if there is none at the moment."""
        holds, values = self._holds("e")
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
        bodies = self._con.execute(
            "SELECT e.row, e.body FROM entries AS e"
            f" WHERE e.row IN ({_marks(rows[:limit])})",
            [row[-1] for row in rows[:limit]],
        )
        by_row = dict(bodies)
        return Page(
            [self._entry_of(by_row[row[-1]]) for row in rows[:limit]],
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
        clauses = _clauses(wanted)
        rarest = self._rarest(clauses)
        used: list[_Clause] = []
        if words := _words(wanted):
            stream = self._word_streams(words)[0][0]
        elif rarest is not None and rarest[0] <= CAP:  # few enough to be sorted
            used = [rarest[1]]
            stream = self._facet_stream(rarest[1], rarest[1].keys)
        elif isinstance(self._moment, Known):
            stream = self._said_stream()
        else:
            stream = self._stream("entries AS e INDEXED BY entries_by_change")
            if isinstance(self._moment, AsOf):  # lets the index start there
                stream.where.append("e.updated_position <= ?")
                stream.values.append(self._moment.position)
        self._check_rest(stream, wanted, clauses, used=used)
        if stream.prefix == "f":
            stream.source = _FACETS_AND_ENTRIES
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

    def backlinks(self, entry_id: str) -> list[Backlink]:
        """The links that other entries have to this one, in timeline order."""
        holds, values = self._holds("e")
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
        clauses = _clauses(wanted)
        if self._moment is None and not _has_window(wanted) and not _words(wanted):
            if not clauses:
                return Count(self._number("all", ""))
            if len(clauses) == 1 and len(clauses[0].keys) == 1:
                return Count(self._number(clauses[0].kind, clauses[0].keys[0]))
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
        if kind in _COLUMNS:
            column, bound = self._state("e") if kind == "state" else (f"e.{kind}", [])
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
        if isinstance(self._moment, AsOf) and kind in _FACETS:
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

    def density(
        self, wanted: Filter, level: dates.Level, first: int, last: int
    ) -> Cells:
        """How many entries stand in each unit of *level*, by category.

        Units are days, months, years or decades from 1970, *first* to *last*
        inclusive; an entry counts once, where it stands on the timeline. Kept for
        filters by category alone; for others counted, over `CAP` entries at most.
        """
        clauses = _clauses(wanted)
        if (
            _has_window(wanted)
            or _words(wanted)
            or any(clause.kind != "category" for clause in clauses)
        ):
            found = self._con.execute(
                "SELECT e.sort_key, e.category, 1 FROM json_each(?) AS some"
                " JOIN entries AS e ON e.row = some.value",
                (json.dumps(self._found(wanted)[0]),),
            )
            return _cells(found, level, first, last)
        if self._moment is not None:
            return self._density_then(clauses, level, first, last)
        where = "level = ? AND unit BETWEEN ? AND ? AND number > 0"
        bound: list[Value] = [level, first, last]
        for clause in clauses:
            where += f" AND category IN ({_marks(clause.keys)})"
            bound += clause.keys
        cells: dict[int, dict[str, int]] = {}
        rows = self._con.execute(
            f"SELECT unit, category, number FROM density WHERE {where}", bound
        )
        for unit, category, number in rows:
            cells.setdefault(unit, {})[category] = number
        return cells

    def _density_then(
        self, clauses: Sequence[_Clause], level: dates.Level, first: int, last: int
    ) -> Cells:
        """As `density`, at an earlier moment: counted once and kept."""
        # What was shown at a position stays so; what was known on a day may not.
        head = self._head if isinstance(self._moment, Known) else 0
        asked = (self._moment, head, tuple(clauses), level, first, last)
        cells = self._kept.pop(asked, None)
        if cells is None:
            stream = self._days_stream()
            for clause in clauses:
                stream.where.append(f"e.category IN ({_marks(clause.keys)})")
                stream.values += clause.keys
            rows = self._con.execute(
                f"SELECT d.day * {DAY_S}, e.category, count(*) FROM {stream.source}"
                f" WHERE {' AND '.join(stream.where)} GROUP BY d.day, e.category",
                stream.values,
            )
            cells = _cells(rows, level, first, last)
        self._kept[asked] = cells
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return cells

    def reach(self) -> tuple[int, int] | None:
        """Where the first and the last entry stand; None if there is none."""
        if self._moment is None:
            holds, _ = self._holds("e")
            first, last = self._con.execute(
                "SELECT"
                f" (SELECT min(e.sort_key) FROM entries AS e WHERE {holds}),"
                f" (SELECT max(e.sort_key) FROM entries AS e WHERE {holds})",
            ).fetchone()
            return None if first is None else (first, last)
        if (early := self._early_stream()) is not None:
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
        streams, capped = self._streams(wanted)
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

    def _found(self, wanted: Filter) -> tuple[list[int], bool]:
        """The rows of up to `CAP` wanted entries, in any order; whether there are more.

        Looked up once for all that is counted on one page.
        """
        if wanted not in self._rows_found:
            rows: dict[int, None] = {}
            streams, capped = self._streams(wanted)
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
            self._rows_found[wanted] = list(rows)[:CAP], capped
        return self._rows_found[wanted]

    def _streams(self, wanted: Filter) -> tuple[list[_Stream], bool]:
        """The ranges of indexes that together hold the wanted entries."""
        clauses = _clauses(wanted)
        used: list[_Clause] = []
        capped = False
        if words := _words(wanted):
            streams, capped = self._word_streams(words)
        elif (early := self._early_stream()) is not None:
            streams = [early]
        else:
            rarest = self._rarest(clauses)
            windowed = _has_window(wanted)
            if rarest is not None and self._is_indexed(rarest, windowed=windowed):
                used = [rarest[1]]
                streams = [
                    self._facet_stream(rarest[1], (key,)) for key in rarest[1].keys
                ]
            elif windowed:
                streams = self._window_streams(wanted)
            elif self._moment is None:
                streams = [self._stream("entries AS e")]
            else:
                streams = [self._days_stream()]
        for stream in streams:
            self._check_rest(stream, wanted, clauses, used=used)
        return streams, capped

    def _is_indexed(self, rarest: tuple[int, _Clause], *, windowed: bool) -> bool:
        """Whether a clause leaves few enough entries, or has them in order."""
        number, _ = rarest
        return number <= CAP or (self._moment is None and not windowed)

    def _stream(self, source: str, prefix: str = "e") -> _Stream:
        """What of *source* holds at the moment."""
        holds, values = self._holds(prefix)
        return _Stream(source, [holds], values, prefix)

    def _early_stream(self) -> _Stream | None:
        """All that there was by the moment; None if that is much, or the moment now."""
        match self._moment:
            case AsOf(position) if position <= EARLY:
                stream = self._stream("entries AS e INDEXED BY entries_by_position")
                stream.where.append("e.from_position >= 0")
                return stream
            case Known(day):
                said = "FROM entries INDEXED BY entries_by_said WHERE to_day > from_day"
                many = self._con.execute(
                    f"SELECT 1 {said} AND from_day <= ? LIMIT 1 OFFSET ?", (day, EARLY)
                ).fetchone()
                return self._said_stream() if many is None else None
            case _:
                return None

    def _said_stream(self) -> _Stream:
        stream = self._stream("entries AS e INDEXED BY entries_by_said")
        # The index has no others, and SQLite wants to be told.
        stream.where.append("e.to_day > e.from_day")
        return stream

    def _days_stream(self) -> _Stream:
        """In the order of time, without the days on which nothing was yet."""
        match self._moment:
            case Known(day):
                by_then, last = "d.first_said <= ?", day
            case _:
                by_then, last = "d.first_position <= ?", self.position
        holds, values = self._holds("e")
        return _Stream(
            "days AS d CROSS JOIN entries AS e INDEXED BY entries_at_times"
            f" ON e.sort_key BETWEEN d.day * {DAY_S} AND d.day * {DAY_S} + {DAY_S - 1}",
            [by_then, holds],
            [last, *values],
            by_day=True,
        )

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
        at = stream.prefix
        if at == "f" and _has_window(wanted):
            stream.source = _FACETS_AND_ENTRIES
        for clause in columns:
            column = f"{at}.{clause.kind}"
            if clause.kind == "state" and isinstance(self._moment, Known):
                column, bound = self._state("e")
                stream.values += bound
                if at == "f":
                    stream.source = _FACETS_AND_ENTRIES
            stream.where.append(f"{column} IN ({_marks(clause.keys)})")
            stream.values += clause.keys
        for clause in rest:
            if clause.kind in _FACETS:
                stream.where.append(
                    "EXISTS (SELECT 1 FROM facets AS x"
                    f" WHERE x.row = {at}.row"
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
            # Of states there is an index for now only.
            if self._moment is None or clause.kind != "state"
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
        first = max(starts, default=-NEVER)
        last = min(ends, default=NEVER)
        streams: list[_Stream] = []
        rows = self._con.execute("SELECT span, at_end FROM spans")
        for span, at_end in rows.fetchall():
            reach = span * DAY_S
            low = first if at_end else max(first - reach, -NEVER)
            high = min(last + reach, NEVER) if at_end else last
            stream = self._stream("entries AS e INDEXED BY entries_by_span")
            stream.where += ["e.span = ?", "e.at_end = ?", "e.sort_key BETWEEN ? AND ?"]
            stream.values += [span, at_end, low, high]
            streams.append(stream)
        return streams

    def _word_streams(self, words: str) -> tuple[list[_Stream], bool]:
        """Of a common word, the entries that were recorded last."""
        holds, values = self._holds("e")
        matching = "words MATCH ?"
        bound: list[Value] = [words]
        if isinstance(self._moment, AsOf):
            # Rows stand in the order of the log: those behind the moment are skipped.
            matching += (
                " AND words.rowid <= coalesce((SELECT row FROM entries"
                " WHERE from_position <= ? ORDER BY from_position DESC LIMIT 1), 0)"
            )
            bound.append(self._moment.position)
        found = (
            "FROM words CROSS JOIN entries AS e ON e.row = words.rowid"
            f" WHERE {matching} AND {holds} ORDER BY words.rowid DESC"
        )
        bound += values
        rows = self._con.execute(
            f"SELECT 1 {found} LIMIT 1 OFFSET {CAP}", bound
        ).fetchone()
        source = f"(SELECT e.* {found} LIMIT {CAP}) AS e"
        return [_Stream(source, ["1"], bound)], rows is not None

    def _facet_stream(self, clause: _Clause, keys: Sequence[str]) -> _Stream:
        marks = f"= {_marks(keys)}" if len(keys) == 1 else f"IN ({_marks(keys)})"
        if clause.kind in _COLUMNS:
            source = f"entries AS e INDEXED BY entries_by_{clause.kind}"
            stream = self._stream(source)
            stream.where.append(f"e.{clause.kind} {marks}")
            stream.values += keys
            return stream
        stream = self._stream("facets AS f", "f")
        stream.where += ["f.kind = ?", f"f.key {marks}"]
        stream.values += [clause.kind, *keys]
        return stream


def _cells(
    rows: Iterable[tuple[int, str, int]], level: dates.Level, first: int, last: int
) -> Cells:
    cells: dict[int, dict[str, int]] = {}
    for second, category, number in rows:
        unit = dates.unit_of(level, second)
        if first <= unit <= last:
            cell = cells.setdefault(unit, {})
            cell[category] = cell.get(category, 0) + number
    return cells


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
