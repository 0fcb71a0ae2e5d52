"""What the picture is drawn from: entries as marks, counts as bars. Pure."""

from dataclasses import replace

from events import dates
from events.model import Json
from timeline.projections import Filter
from timeline.schemas import dump_bar, dump_mark, dump_tile
from timeline.store import TILE_UNITS, Snapshot
from timeline.tellings import mark_of
from timeline.web.pages.words import Reader, texts


def tile_json(
    snapshot: Snapshot, wanted: Filter, level: dates.Level, x: int, reader: Reader
) -> dict[str, Json]:
    """A tile of *wanted* as *reader* is told of it, without its moment."""
    tile = snapshot.tile(wanted, level, x)
    marks: list[dict[str, Json]] = []
    for entry in tile.entries:
        title, _ = texts(entry, reader)
        marks.append(
            dump_mark(
                entry,
                mark_of(entry),
                title=title.words,
                title_lang=title.lang,
                url=reader.href(f"/entries/{entry.id}"),
                lang=reader.lang,
                now=reader.now_s,
            )
        )
    return dump_tile(
        level,
        x,
        bounds=(
            dates.unit_start(level, x * TILE_UNITS),
            dates.unit_start(level, (x + 1) * TILE_UNITS),
        ),
        cells=tile.cells,
        capped=tile.capped,
        marks=marks,
    )


def density_json(snapshot: Snapshot, wanted: Filter, *, bars: int) -> dict[str, Json]:
    """How many entries stand where, in at most so many *bars*, without its moment.

    Between the bounds of *wanted*, or as far as any entry stands.
    """
    everything = replace(wanted, start=None, end=None)
    reach = _reach(snapshot, wanted)
    if reach is None:
        return {"level": "day", "step": 1, "bars": [], "capped": False}
    scale = dates.scale_upto(*reach, most=bars)
    density = snapshot.density(everything, scale.level, *scale.units)
    cells = scale.gathered(density)
    return {
        "level": scale.level,
        "step": scale.step,
        "bars": [
            dump_bar(
                scale.bounds(bar),
                (scale.start(bar), scale.start(bar + 1)),
                cells.get(bar, {}),
            )
            for bar in range(scale.first, scale.last + 1)
        ],
        "capped": not snapshot.is_exact(everything),
    }


def _reach(snapshot: Snapshot, wanted: Filter) -> tuple[int, int] | None:
    reach = snapshot.reach()
    bounds = [one for one in (wanted.start, wanted.end) if one is not None]
    if not bounds:
        return reach
    around = reach or (bounds[0].lo, bounds[-1].hi)
    first = around[0] if wanted.start is None else wanted.start.lo
    last = around[1] if wanted.end is None else wanted.end.hi
    # What is asked for may lie behind all there is: then its own time is shown.
    return (first, last) if first <= last else (bounds[0].lo, bounds[0].hi)
