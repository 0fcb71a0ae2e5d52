"""What the picture is drawn from, in JSON: tiles, marks, bars. Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from marshmallow import Schema, fields

from events import dates
from events.dates import HistoricDate
from events.model import Json
from timeline import tellings
from timeline.projections import Entry
from timeline.tellings import Mark, Place

Cells = Mapping[int, Mapping[str, int]]
"""Numbers by unit and category."""


class _SpanOut(Schema):
    lo = fields.Integer(allow_none=True)
    hi = fields.Integer(allow_none=True)
    label = fields.String()


class _GhostOut(_SpanOut):
    at = fields.Integer()
    kind = fields.String()


class _MarkOut(Schema):
    id = fields.String()
    title = fields.String()
    lang = fields.String()
    category = fields.String()
    importance = fields.Integer()
    state = fields.String()
    state_label = fields.String()
    url = fields.String()
    label = fields.String()
    edtf = fields.String()
    at = fields.Integer()
    lo = fields.Integer(allow_none=True)
    hi = fields.Integer(allow_none=True)
    shape = fields.String()
    core = fields.List(fields.Integer(), allow_none=True)
    approximate = fields.Boolean()
    uncertain = fields.Boolean()
    sources = fields.Integer()
    awaited = fields.Boolean()
    window = fields.Nested(_SpanOut(), allow_none=True)
    kept = fields.String(allow_none=True)
    ghost = fields.Nested(_GhostOut(), allow_none=True)


class TileOut(Schema):
    """What `dump_tile` tells, with its moment."""

    level = fields.String()
    x = fields.Integer()
    start = fields.Integer()
    end = fields.Integer()
    position = fields.Integer()
    known = fields.String()
    total = fields.Integer()
    capped = fields.Boolean()
    counts = fields.List(
        fields.Tuple((fields.Integer(), fields.String(), fields.Integer()))
    )
    marks = fields.Nested(_MarkOut(many=True))


class _BarOut(Schema):
    from_ = fields.String(data_key="from")
    to = fields.String()
    start = fields.Integer()
    end = fields.Integer()
    total = fields.Integer()
    categories = fields.Dict(keys=fields.String(), values=fields.Integer())


class DensityOut(Schema):
    """What `dump_bars` tells, with its moment."""

    level = fields.String()
    step = fields.Integer()
    bars = fields.Nested(_BarOut(many=True))
    capped = fields.Boolean()
    position = fields.Integer()
    known = fields.String()


# By hand: a tile has up to 120 marks of 22 fields each, and is asked for while
# somebody drags the picture along.


def dump_mark(
    entry: Entry,
    mark: Mark,
    *,
    title: str,
    title_lang: str,
    url: str,
    lang: str,
    now: int | None,
) -> dict[str, Json]:
    """An entry as it is drawn.

    Args:
        entry: The entry.
        mark: Its mark.
        title: In the language that the reader wants, if somebody has translated it.
        title_lang: Of the title; empty if it is *lang*.
        url: Path of its page.
        lang: Of the words.
        now: Epoch seconds of the view's moment, as in `dates.label`.
    """

    def span(place: Place) -> dict[str, Json]:
        # Only what goes on is told by the moment, which differs with each event.
        label = _label(place.occurred, lang, now if place.hi is None else None)
        return {"lo": place.lo, "hi": place.hi, "label": label}

    place, ghost = mark.place, mark.ghost
    dumped: dict[str, Json] = {
        "id": entry.id,
        "title": title,
        "category": entry.category,
        "importance": entry.importance,
        "state": entry.state,
        "state_label": tellings.standing_label(entry, lang, now=now),
        "url": url,
        **span(place),
        "edtf": entry.occurred.edtf,
        "at": place.at,
        "shape": mark.shape,
        "core": mark.core,
        "approximate": entry.occurred.approximate,
        "uncertain": entry.occurred.uncertain,
        "sources": len(entry.sources),
        "awaited": mark.awaited,
        "window": span(mark.window) if mark.window else None,
        "kept": mark.kept,
        "ghost": {**span(ghost.place), "at": ghost.place.at, "kind": ghost.kind}
        if ghost
        else None,
    }
    if title_lang:
        dumped["lang"] = title_lang
    return dumped


@lru_cache(maxsize=8_192)
def _label(date: HistoricDate, lang: str, now: int | None) -> str:
    return dates.label(date, lang, now=now)


def dump_tile(
    level: dates.Level,
    x: int,
    *,
    bounds: tuple[int, int],
    cells: Cells,
    capped: bool,
    marks: Sequence[dict[str, Json]],
) -> dict[str, Json]:
    """A tile.

    Args:
        level: Of its units.
        x: Its number.
        bounds: Its first second, and the first behind it.
        cells: How many entries stand in each unit, by category.
        capped: These are not all.
        marks: Of entries, by `dump_mark`.
    """
    counts: list[Json] = [
        [unit, category, number]
        for unit, cell in sorted(cells.items())
        for category, number in sorted(cell.items())
    ]
    return {
        "level": level,
        "x": x,
        "start": bounds[0],
        "end": bounds[1],
        "total": sum(sum(cell.values()) for cell in cells.values()),
        "capped": capped,
        "counts": counts,
        "marks": list(marks),
    }


def dump_bar(
    days: tuple[HistoricDate, HistoricDate],
    bounds: tuple[int, int],
    cell: Mapping[str, int],
) -> dict[str, Json]:
    """How many entries stand in a bar.

    Args:
        days: Its first and its last date, as an address says them.
        bounds: Its first second, and the first behind it.
        cell: Numbers by category.
    """
    return {
        "from": days[0].edtf,
        "to": days[1].edtf,
        "start": bounds[0],
        "end": bounds[1],
        "total": sum(cell.values()),
        "categories": dict(sorted(cell.items())),
    }
