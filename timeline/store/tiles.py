"""Which entries stand in a tile, and which of them are shown.

Where few are wanted, all are looked at. Where many are, an index names the most
important ones that stand in a unit or in the tile, and those that reach into it from
outside are found by how long their windows are: no answer walks over all entries.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

from events import dates
from events.dates import DAY_S
from timeline.projections import NEVER, Filter
from timeline.store.ranges import (
    CAP,
    Clause,
    Ranges,
    Stream,
    Value,
    Window,
    clauses_of,
    has_window,
    window_of,
    words_in,
)

TILE_UNITS = 64
"""Units of a tile."""

TILE_MARKS = 120
"""Entries of a tile, at most: as many as a picture can show one by one."""

FEW_IN_ALL = 2_000
"""So many, wherever they stand, are sooner all looked at than their numbers asked."""

FEW = 2_000
"""So many of a tile are sooner sorted than found by importance among all others."""

FEW_OF_A_UNIT = 100
"""The same for those that stand in one unit."""

_SHORT_SPAN = 366
"""Longer windows have an index of their own; see the migration."""

Cells: TypeAlias = Mapping[int, Mapping[str, int]]
"""Numbers by unit and category."""

_Found: TypeAlias = tuple[int, int, int, str, int, str]
"""Minus importance, sort_key, hi_desc, id, row and category of an entry.

So the first of several are the most important ones; thousands are read, so it is bare.
"""

_COLUMNS = ("importance", "sort_key", "hi_desc", "id", "row", "category")


class TileFinder:
    """Finds the wanted entries in 64 units of *level*, from unit 64 *x* on."""

    def __init__(
        self,
        con: sqlite3.Connection,
        ranges: Ranges,
        wanted: Filter,
        level: dates.Level,
        x: int,
    ) -> None:
        self._con = con
        self._ranges = ranges
        self._wanted = wanted
        self._clauses = clauses_of(wanted)
        self._level = level
        self.units = x * TILE_UNITS, x * TILE_UNITS + TILE_UNITS - 1
        self._starts = [
            dates.unit_start(level, self.units[0] + n) for n in range(TILE_UNITS + 1)
        ]
        self._first, self._last = self._starts[0], self._starts[-1] - 1

    def find(self, counted: Cells | None) -> tuple[list[int], Cells, bool]:
        """The rows of what is shown, the numbers of all, and whether these are not.

        Args:
            counted: The numbers, if they are kept.
        """
        if self._few(CAP if counted is None else FEW_IN_ALL):
            return self._find_among_few()
        capped = False
        if counted is None:
            counted, capped = self._count()
        number = (
            None if capped else sum(sum(cell.values()) for cell in counted.values())
        )
        inside = self._best(
            (self._first, self._last),
            few=number is not None and self._sooner_sorted(number, FEW),
        )
        inside += self._best_of_units(None if capped else counted)
        return self._shown(inside, self._outside()), counted, capped

    def explain(self) -> dict[str, list[str]]:
        """SQLite's plans for a tile of many entries, for tests and benchmarks."""
        bounds = self._first, self._last
        best = self._by_importance(bounds)
        asked = {
            "inside": [(one, "") for one in self._inside(bounds)],
            "best": [(best, _BY_IMPORTANCE)],
            "outside": [*self._from_outside()],
        }
        return {
            name: [
                row[-1]
                for stream, order in streams
                for row in self._explained(stream, order)
            ]
            for name, streams in asked.items()
        }

    def _explained(self, stream: Stream, order: str) -> list[tuple[str, ...]]:
        sql, values = self._sql(stream, order)
        return self._con.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()

    # -- few entries: all of them ----------------------------------------------------

    def _few(self, most: int) -> bool:
        """Whether at most so many are wanted, wherever they stand."""
        if words_in(self._wanted) or not self._ranges.many:
            return True
        rarest = self._ranges.rarest(self._clauses)
        return rarest is not None and rarest[0] <= most

    def _find_among_few(self) -> tuple[list[int], Cells, bool]:
        streams, capped = self._ranges.streams(self._wanted, (self._first, self._last))
        found: set[_Found] = set()
        for stream in streams:
            found.update(self._read(stream, limit=CAP + 1))
        inside = [one for one in found if self._first <= one[1] <= self._last]
        cells: dict[int, dict[str, int]] = {}
        for _, sort_key, _, _, _, category in inside:
            cell = cells.setdefault(self._unit_of(sort_key), {})
            cell[category] = cell.get(category, 0) + 1
        outside = found.difference(inside)
        return self._shown(inside, outside), cells, capped or len(found) > CAP

    def _shown(
        self, inside: Collection[_Found], outside: Collection[_Found]
    ) -> list[int]:
        """All of them, or the best of each unit and then of all."""
        found = sorted({*inside, *outside})
        if len(found) <= TILE_MARKS:
            return [one[4] for one in found]
        picks: dict[int, _Found] = {}
        for one in found:
            if self._first <= one[1] <= self._last:
                picks.setdefault(self._unit_of(one[1]), one)
        # In the order of importance, so that the first picks are the best ones.
        shown = dict.fromkeys([*picks.values(), *found])
        return [one[4] for one in sorted([*shown][:TILE_MARKS])]

    def _unit_of(self, second: int) -> int:
        """The unit of a second that lies in the tile."""
        return self.units[0] + bisect_right(self._starts, second) - 1

    # -- what stands in the tile -----------------------------------------------------

    def _inside(self, bounds: Window) -> list[Stream]:
        """What stands between two seconds, inclusive."""
        first, last = bounds
        used: list[Clause] = []
        rarest = self._ranges.rarest(self._clauses)
        within = window_of(self._wanted, bounds)
        if rarest is not None and not self._ranges.then:
            used = [rarest[1]]
            streams = [
                self._ranges.with_key(rarest[1], (key,)) for key in rarest[1].keys
            ]
        elif within is not None and has_window(self._wanted):
            streams = self._ranges.reaching(within, standing=bounds)
        elif self._ranges.then:
            stream = self._ranges.by_day()
            stream.where.append("d.day BETWEEN ? AND ?")
            stream.values += [first // DAY_S, last // DAY_S]
            streams = [stream]
        else:
            streams = [self._ranges.stream("entries AS e INDEXED BY entries_at_times")]
        for stream in streams:
            stream.where.append(f"{stream.prefix}.sort_key BETWEEN ? AND ?")
            stream.values += [first, last]
            self._ranges.check(
                stream, window_of(self._wanted), self._clauses, used=used
            )
        return streams

    def _by_importance(self, bounds: Window) -> Stream:
        """What stands between two seconds, inclusive, the most important first."""
        stream = self._ranges.stream(
            "importances AS i CROSS JOIN entries AS e INDEXED BY entries_by_importance"
            " ON e.importance = i.importance"
        )
        stream.where.append("e.sort_key BETWEEN ? AND ?")
        stream.values += bounds
        self._ranges.check(stream, window_of(self._wanted), self._clauses, used=())
        return stream

    def _best(
        self, bounds: Window, *, few: bool, limit: int | None = None
    ) -> list[_Found]:
        """The most important ones that stand between two seconds, inclusive.

        *few*: there are not many, so that they can be sorted.
        """
        limit = limit or TILE_MARKS
        if not few:
            stream = self._by_importance(bounds)
            return self._read(stream, _BY_IMPORTANCE, limit=limit)
        return [
            one
            for stream in self._inside(bounds)
            for one in self._read(stream, _sorted_by(stream), limit=limit)
        ]

    def _best_of_units(self, counted: Cells | None) -> Iterator[_Found]:
        """The most important one of each unit that has any."""
        for unit, bounds in self._bounds_of_units():
            if counted is None:
                few = not any(map(self._has_many, self._inside(bounds)))
            elif unit in counted:
                few = self._sooner_sorted(sum(counted[unit].values()), FEW_OF_A_UNIT)
            else:
                continue
            yield from self._best(bounds, few=few, limit=1)

    def _sooner_sorted(self, number: int, few: int) -> bool:
        """Whether so many are read faster than they are found by importance.

        Never where nothing is passed over on the way: an index has them in order.
        """
        passes = self._clauses or self._ranges.then or has_window(self._wanted)
        return bool(passes) and number <= few

    def _has_many(self, stream: Stream) -> bool:
        sql, values = self._sql(stream, "", limit=FEW_OF_A_UNIT + 1)
        row = self._con.execute(f"SELECT count(*) FROM ({sql})", values).fetchone()
        many: bool = row[0] > FEW_OF_A_UNIT
        return many

    def _count(self) -> tuple[Cells, bool]:
        """How many stand in each unit, up to `CAP` in all; whether there are more."""
        cells: dict[int, Mapping[str, int]] = {}
        left = CAP
        for unit, bounds in self._bounds_of_units():
            cell = self._cell(bounds, limit=left + 1)
            more = sum(cell.values()) > left
            if more:
                cell = self._cell(bounds, limit=left)
            if cell:
                cells[unit] = cell
            if more:
                return cells, True
            left -= sum(cell.values())
        return cells, False

    def _cell(self, bounds: Window, *, limit: int) -> dict[str, int]:
        asked = [self._sql(one, "", limit=limit) for one in self._inside(bounds)]
        # Once, what is found in the ranges of two actors.
        found = " UNION ".join(f"SELECT row, category FROM ({sql})" for sql, _ in asked)
        rows = self._con.execute(
            f"SELECT category, count(*) FROM (SELECT * FROM ({found}) LIMIT ?)"
            " GROUP BY category",
            [*(value for _, values in asked for value in values), limit],
        )
        return dict(rows.fetchall())

    def _bounds_of_units(self) -> Iterator[tuple[int, Window]]:
        for place, (start, end) in enumerate(pairwise(self._starts)):
            yield self.units[0] + place, (start, end - 1)

    # -- what reaches into the tile ---------------------------------------------------

    def _outside(self) -> list[_Found]:
        """The most important ones that touch the tile and stand outside."""
        return [
            one
            for stream, order in self._from_outside()
            for one in self._read(stream, order, limit=TILE_MARKS)
        ]

    def _from_outside(self) -> Iterator[tuple[Stream, str]]:
        window = window_of(self._wanted, (self._first, self._last))
        if window is None:
            return
        for span, at_end in self._ranges.spans():
            reach = span * DAY_S
            low, high = max(window[0] - reach, -NEVER), self._first - 1
            if at_end:
                low, high = self._last + 1, min(window[1] + reach, NEVER)
            if span <= _SHORT_SPAN:
                stream = self._ranges.stream("entries AS e INDEXED BY entries_by_span")
                order = _sorted_by(stream)
            else:
                stream = self._ranges.stream(
                    "importances AS i CROSS JOIN entries AS e"
                    " INDEXED BY entries_by_long_span ON e.importance = i.importance"
                )
                stream.where.append(f"e.span > {_SHORT_SPAN}")  # as the index says
                order = _BY_IMPORTANCE
            stream.where += ["e.span = ?", "e.at_end = ?", "e.sort_key BETWEEN ? AND ?"]
            stream.values += [span, at_end, low, high]
            self._ranges.check(stream, window, self._clauses, used=())
            yield stream, order

    # -- reading -----------------------------------------------------------------------

    def _read(self, stream: Stream, order: str = "", *, limit: int) -> list[_Found]:
        return self._con.execute(*self._sql(stream, order, limit=limit)).fetchall()

    def _sql(
        self, stream: Stream, order: str, *, limit: int = CAP
    ) -> tuple[str, list[Value]]:
        columns = ", ".join(f"{stream.prefix}.{column}" for column in _COLUMNS)
        where = " AND ".join(stream.where)
        sql = f"SELECT -{columns} FROM {stream.source} WHERE {where}{order} LIMIT ?"
        return sql, [*stream.values, limit]


_BY_IMPORTANCE = " ORDER BY i.importance DESC, e.sort_key, e.hi_desc, e.id"


def _sorted_by(stream: Stream) -> str:
    at = stream.prefix
    keys = f"{at}.sort_key, {at}.hi_desc, {at}.id"
    return f" ORDER BY {at}.importance DESC, {keys}"


def cells_of(
    rows: Iterable[tuple[int, str, int]], level: dates.Level, first: int, last: int
) -> Cells:
    """Numbers of entries, given by (second, category, number), in their units.

    *first* to *last* inclusive.
    """
    cells: dict[int, dict[str, int]] = {}
    for second, category, number in rows:
        unit = dates.unit_of(level, second)
        if first <= unit <= last:
            cell = cells.setdefault(unit, {})
            cell[category] = cell.get(category, 0) + number
    return cells
