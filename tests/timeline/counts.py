"""What a snapshot counts and picks equals what Python does among the same entries."""

from collections import Counter
from collections.abc import Sequence

from events import dates
from timeline.projections import Entry, Filter, match_key
from timeline.store import TILE_UNITS, Snapshot, tiles


def check_facets(snapshot: Snapshot, wanted: Filter, matching: Sequence[Entry]) -> None:
    """The numbers beside the values of *wanted*, of which *matching* are all."""
    for kind, names_of in (
        ("actor", lambda entry: {match_key(name) for name in entry.actors}),
        ("tag", lambda entry: {match_key(name) for name in entry.tags}),
        ("category", lambda entry: {entry.category} - {""}),
        ("state", lambda entry: {str(entry.state)}),
    ):
        expected = Counter(name for entry in matching for name in names_of(entry))
        facets = snapshot.facets(wanted, kind, limit=100)
        assert {match_key(f.label): f.count for f in facets} == expected


def check_density(
    snapshot: Snapshot, wanted: Filter, matching: Sequence[Entry]
) -> None:
    """The bars of *wanted*, of which *matching* are all."""
    for level in dates.LEVELS:
        expected = Counter(
            (dates.unit_of(level, entry.sort_key), entry.category) for entry in matching
        )
        cells = snapshot.density(wanted, level, -(10**7), 10**7)
        assert {
            (unit, category): number
            for unit, cell in cells.items()
            for category, number in cell.items()
        } == expected


def check_tiles(snapshot: Snapshot, wanted: Filter, matching: Sequence[Entry]) -> None:
    """All tiles in which the entries of *wanted* stand, and those beside them.

    Numbers are right unless they say that they are capped. So are the marks, unless
    they were searched for.
    """
    for level in dates.LEVELS:
        numbers = {_tile_of(level, one.sort_key) for one in matching}
        bounds = {
            _tile_of(level, bound)
            for one in matching
            for bound in (one.lo, one.hi)
            if abs(bound) != dates.OPEN
        }
        total = 0
        for x in {near + by for near in {0, *numbers, *bounds} for by in (-1, 0, 1)}:
            total += _check_tile(snapshot, wanted, matching, level, x)
        if total >= 0:
            assert total == len(matching)


def _check_tile(
    snapshot: Snapshot,
    wanted: Filter,
    matching: Sequence[Entry],
    level: dates.Level,
    x: int,
) -> int:
    """How many entries stand in the tile; very few if that is not told."""
    units = range(x * TILE_UNITS, (x + 1) * TILE_UNITS)
    first = dates.unit_start(level, units.start)
    last = dates.unit_start(level, units.stop) - 1
    inside = [one for one in matching if first <= one.sort_key <= last]
    touching = [one for one in matching if one.lo <= last and one.hi >= first]
    touching.sort(key=lambda one: (-one.importance, one.sort_key, -one.hi, one.id))

    tile = snapshot.tile(wanted, level, x)
    cells = {
        (unit, category): number
        for unit, cell in tile.cells.items()
        for category, number in cell.items()
    }
    if not tile.capped:
        assert cells == Counter(
            (dates.unit_of(level, one.sort_key), one.category) for one in inside
        )
    if not (tile.capped and wanted.q):
        marks = touching
        if len(touching) > tiles.TILE_MARKS:
            best = {
                unit: next(one for one in touching if one in stands)
                for unit in units
                if (
                    stands := [
                        one
                        for one in inside
                        if dates.unit_of(level, one.sort_key) == unit
                    ]
                )
            }
            chosen = sorted(best.values(), key=touching.index)
            chosen += [one for one in touching if one not in chosen]
            marks = sorted(chosen[: tiles.TILE_MARKS], key=touching.index)
        assert [*map(_drawn, tile.entries)] == [*map(_drawn, marks)]
    return sum(cells.values()) if not tile.capped else -(10**6)


def _tile_of(level: dates.Level, second: int) -> int:
    return dates.unit_of(level, second) // TILE_UNITS


def _drawn(entry: Entry) -> tuple[object, ...]:
    return entry.id, entry.occurred, entry.lo, entry.hi, entry.state, entry.fields
