"""Which ranges of which indexes hold the wanted entries, at any moment.

A page is read from a few *streams*, each a range of one index in timeline order, so
that its cost does not depend on how many entries there are. `Ranges.streams` picks the
index by what is wanted; whatever it does not cover is checked row by row.

At an earlier moment the same rows are asked for those that held then. Where there was
little by then, all of it is looked at; else the days on which nothing was are skipped.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, assert_never

from events.dates import DAY_S
from timeline.projections import (
    NEVER,
    AsOf,
    Filter,
    Known,
    Moment,
    State,
    match_key,
)

CAP = 10_000
"""What is counted or sorted by hand stops here and says so."""

EARLY = 8_000
"""So many rows are sorted as fast as a page is found among a million in order.

Measured with ``python -m tests.bench asof``.
"""

FACETS = ("actor", "place", "tag")
COLUMNS = ("category", "state")
FACETS_AND_ENTRIES = "facets AS f CROSS JOIN entries AS e ON e.row = f.row"

Value: TypeAlias = str | int
"""Of a bound parameter."""

Window: TypeAlias = tuple[int, int]
"""First and last second, inclusive."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One key of a filter: any of *keys*, which match keys as they are stored."""

    kind: str
    keys: tuple[str, ...]


@dataclass(slots=True)
class Stream:
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


class Ranges:
    """The ranges of a read model at one moment.

    Args:
        con: A connection that reads the model as it is at one position.
        moment: None: as it stands.
        position: Of the log, that the moment or the model is at.
    """

    def __init__(
        self, con: sqlite3.Connection, moment: Moment | None, position: int
    ) -> None:
        self._con = con
        self._moment = moment
        self._position = position

    def holds(self, at: str) -> tuple[str, list[Value]]:
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

    def state(self, at: str) -> tuple[str, list[Value]]:
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

    @property
    def then(self) -> bool:
        """Whether the moment is an earlier one."""
        return self._moment is not None

    @cached_property
    def many(self) -> bool:
        """Whether there is so much at the moment that not all of it is looked at."""
        match self._moment:
            case None:
                return True
            case AsOf(position):
                return position > EARLY
            case Known(day):
                said = "FROM entries INDEXED BY entries_by_said WHERE to_day > from_day"
                many = self._con.execute(
                    f"SELECT 1 {said} AND from_day <= ? LIMIT 1 OFFSET ?", (day, EARLY)
                ).fetchone()
                return many is not None
            case unreachable:
                assert_never(unreachable)

    def streams(
        self, wanted: Filter, within: Window | None = None
    ) -> tuple[list[Stream], bool]:
        """The ranges of indexes that together hold the wanted entries.

        Only those that touch the seconds *within*, if given, beside the windows of
        the filter itself.
        """
        clauses = clauses_of(wanted)
        window = window_of(wanted, within)
        used: list[Clause] = []
        capped = False
        if words := words_in(wanted):
            streams, capped = self.matching(words)
        elif (early := self.early()) is not None:
            streams = [early]
        else:
            rarest = self.rarest(clauses)
            windowed = window is not None
            if rarest is not None and self._is_indexed(rarest, windowed=windowed):
                used = [rarest[1]]
                streams = [self.with_key(rarest[1], (key,)) for key in rarest[1].keys]
            elif window is not None:
                streams = self.reaching(window)
            elif self._moment is None:
                streams = [self.stream("entries AS e")]
            else:
                streams = [self.by_day()]
        for stream in streams:
            self.check(stream, window, clauses, used=used)
        return streams, capped

    def _is_indexed(self, rarest: tuple[int, Clause], *, windowed: bool) -> bool:
        """Whether a clause leaves few enough entries, or has them in order."""
        number, _ = rarest
        return number <= CAP or (self._moment is None and not windowed)

    def stream(self, source: str, prefix: str = "e") -> Stream:
        """What of *source* holds at the moment."""
        holds, values = self.holds(prefix)
        return Stream(source, [holds], values, prefix)

    def early(self) -> Stream | None:
        """All that there was by the moment; None if that is much, or the moment now."""
        if self.many:
            return None
        if isinstance(self._moment, Known):
            return self.said()
        stream = self.stream("entries AS e INDEXED BY entries_by_position")
        stream.where.append("e.from_position >= 0")
        return stream

    def said(self) -> Stream:
        """All that was known on a day, in the order in which it was said."""
        stream = self.stream("entries AS e INDEXED BY entries_by_said")
        # The index has no others, and SQLite wants to be told.
        stream.where.append("e.to_day > e.from_day")
        return stream

    def by_day(self) -> Stream:
        """In the order of time, without the days on which nothing was yet."""
        match self._moment:
            case Known(day):
                by_then, last = "d.first_said <= ?", day
            case _:
                by_then, last = "d.first_position <= ?", self._position
        holds, values = self.holds("e")
        return Stream(
            "days AS d CROSS JOIN entries AS e INDEXED BY entries_at_times"
            f" ON e.sort_key BETWEEN d.day * {DAY_S} AND d.day * {DAY_S} + {DAY_S - 1}",
            [by_then, holds],
            [last, *values],
            by_day=True,
        )

    def check(
        self,
        stream: Stream,
        window: Window | None,
        clauses: Sequence[Clause],
        *,
        used: Sequence[Clause],
    ) -> None:
        """What the stream's index does not cover is looked up row by row."""
        rest = [clause for clause in clauses if clause not in used]
        columns = [clause for clause in rest if clause.kind in COLUMNS]
        at = stream.prefix
        for clause in columns:
            column = f"{at}.{clause.kind}"
            if clause.kind == "state" and isinstance(self._moment, Known):
                column, bound = self.state("e")
                stream.values += bound
                if at == "f":
                    stream.source = FACETS_AND_ENTRIES
            stream.where.append(f"{column} IN ({placeholders(clause.keys)})")
            stream.values += clause.keys
        for clause in rest:
            if clause.kind in FACETS:
                stream.where.append(
                    "EXISTS (SELECT 1 FROM facets AS x"
                    f" WHERE x.row = {at}.row"
                    f" AND x.kind = ? AND x.key IN ({placeholders(clause.keys)}))"
                )
                stream.values += [clause.kind, *clause.keys]
        if window is not None:
            stream.where += [f"{at}.hi_desc <= ?", f"{at}.lo <= ?"]
            stream.values += [-window[0], window[1]]

    def rarest(self, clauses: Sequence[Clause]) -> tuple[int, Clause] | None:
        """The clause that fewest entries satisfy, and how many that are."""
        numbered = [
            (sum(self.number(clause.kind, key) for key in clause.keys), clause)
            for clause in clauses
            # Of states there is an index for now only.
            if self._moment is None or clause.kind != "state"
        ]
        return min(numbered, key=lambda one: one[0], default=None)

    def number(self, kind: str, key: str) -> int:
        """How many entries have the key at the head."""
        row = self._con.execute(
            "SELECT number FROM counts WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return row[0] if row else 0

    def spans(self) -> list[tuple[int, int]]:
        """Classes of windows in days, each with 1 for those that stand at the end."""
        rows: list[tuple[int, int]] = self._con.execute(
            "SELECT span, at_end FROM spans"
        ).fetchall()
        return rows

    def reaching(
        self, window: Window, *, standing: Window = (-NEVER, NEVER)
    ) -> list[Stream]:
        """One range for each class of windows: how far outside it may stand.

        A window of up to n days that overlaps [a, b] begins no earlier than n days
        before a; one that stands at its end ends no later than n days after b. Only
        those that stand within the seconds *standing*.
        """
        first, last = window
        streams: list[Stream] = []
        for span, at_end in self.spans():
            reach = span * DAY_S
            low = first if at_end else max(first - reach, -NEVER)
            high = min(last + reach, NEVER) if at_end else last
            stream = self.stream("entries AS e INDEXED BY entries_by_span")
            stream.where += ["e.span = ?", "e.at_end = ?", "e.sort_key BETWEEN ? AND ?"]
            stream.values += [span, at_end]
            stream.values += [max(low, standing[0]), min(high, standing[1])]
            streams.append(stream)
        return streams

    def matching(self, words: str) -> tuple[list[Stream], bool]:
        """Of a common word, the entries that were recorded last."""
        holds, values = self.holds("e")
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
        return [Stream(source, ["1"], bound)], rows is not None

    def with_key(self, clause: Clause, keys: Sequence[str]) -> Stream:
        """What has any of *keys*, in the order of time if it is one."""
        marks = (
            f"= {placeholders(keys)}"
            if len(keys) == 1
            else f"IN ({placeholders(keys)})"
        )
        if clause.kind in COLUMNS:
            source = f"entries AS e INDEXED BY entries_by_{clause.kind}"
            stream = self.stream(source)
            stream.where.append(f"e.{clause.kind} {marks}")
            stream.values += keys
            return stream
        stream = self.stream("facets AS f", "f")
        stream.where += ["f.kind = ?", f"f.key {marks}"]
        stream.values += [clause.kind, *keys]
        return stream


def _all(wanted: Filter) -> Iterator[Filter]:
    """*wanted* and the filters that it stands within."""
    one: Filter | None = wanted
    while one is not None:
        yield one
        one = one.within


def clauses_of(wanted: Filter) -> list[Clause]:
    """The keys that *wanted* asks for, but for words and windows."""
    clauses: list[Clause] = []
    for one in _all(wanted):
        for kind, values in (
            ("category", one.category),
            ("state", tuple(map(str, one.state))),
            ("actor", tuple(map(match_key, one.actor))),
            ("place", tuple(map(match_key, one.place))),
            ("tag", tuple(map(match_key, one.tag))),
        ):
            if values:
                clauses.append(Clause(kind, tuple(dict.fromkeys(values))))
    return clauses


def has_window(wanted: Filter) -> bool:
    """Whether *wanted* asks for what overlaps some time."""
    return any(one.start is not None or one.end is not None for one in _all(wanted))


def window_of(wanted: Filter, within: Window | None = None) -> Window | None:
    """Within which seconds, inclusive, all windows of *wanted* lie; None: any."""
    if within is None and not has_window(wanted):
        return None
    first, last = within or (-NEVER, NEVER)
    starts = [one.start.lo for one in _all(wanted) if one.start is not None]
    ends = [one.end.hi for one in _all(wanted) if one.end is not None]
    return max([first, *starts]), min([last, *ends])


def by_category(wanted: Filter) -> bool:
    """Whether *wanted* asks for categories at most: what numbers are kept of."""
    return (
        not has_window(wanted)
        and not words_in(wanted)
        and all(clause.kind == "category" for clause in clauses_of(wanted))
    )


def words_in(wanted: Filter) -> str:
    """The search of *wanted* in the language of FTS5; empty if it has none."""
    return " AND ".join(
        f'"{" ".join(words.tokens)}"{"*" if words.begun else ""}'
        for one in _all(wanted)
        for words in one.words
    )


def placeholders(values: Sequence[object]) -> str:
    """As many question marks, for SQL."""
    return ", ".join("?" * len(values))
