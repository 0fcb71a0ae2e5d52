"""What the script of the picture needs to know of the page it stands on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from events import dates
from events.dates import DAY_S, OPEN, Scale
from events.model import JsonObject
from timeline.projections import Filter, View
from timeline.schemas import dump_filter_args
from timeline.store import TILE_UNITS, Facet
from timeline.web.pages.cards import PAIRS, Category
from timeline.web.pages.words import Reader

MOST_ROWS = 3
"""Of a lane."""

_AT_ONCE = 4
"""Tiles that cover what is seen, where there is a level that coarse."""

_MARGIN = 0.03
"""Of the whole, left free on both sides. Both are those of the script."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One category in the picture, or all that have no lane of their own.

    Attributes:
        category: Its mark; None beyond eight, and for entries without any.
        name: None for all others.
        rows: In which its marks stand.
    """

    category: Category | None
    name: str | None
    words: str
    rows: int

    @property
    def pair(self) -> int:
        """Of colour and glyph; the last marks all others."""
        if self.category is None or self.category.pair is None:
            return PAIRS
        return self.category.pair


@dataclass(frozen=True, slots=True)
class Picture:
    """The lanes above a list, and *data* for the script that fills them.

    Attributes:
        tiles: Addresses of those that the script asks for first.
    """

    lanes: Sequence[Lane]
    data: JsonObject
    tiles: Sequence[str]


def make_picture(
    wanted: Filter,
    reader: Reader,
    *,
    path: str,
    view: View | None,
    args: Sequence[tuple[str, str]],
    scale: Scale,
    reach: tuple[int, int],
    counted: Sequence[Facet],
    total: int,
    marks: Mapping[str, Category],
) -> Picture:
    """The picture of a list.

    Args:
        wanted: What the list holds.
        reader: For whom.
        path: Of the page.
        view: That the page shows.
        args: Of the page, without its window, moment and language.
        scale: The bars above the picture.
        reach: Where the first and the last entry of all stand.
        counted: Entries by category, whatever the window.
        total: Of all these entries.
        marks: Of the categories.

    """
    own = replace(wanted, start=None, end=None, within=None)
    within = [("view", view.name)] if view is not None else []
    query = urlencode([*dump_filter_args(own), *within, *reader.kept])
    lanes = _lanes(counted, total, marks, reader)
    window: JsonObject | None = None
    if wanted.start is not None or wanted.end is not None:
        window = {
            "lo": None if wanted.start is None else _second(wanted.start.lo),
            "hi": None if wanted.end is None else _second(wanted.end.hi + 1),
        }
    moment: JsonObject | None = None
    if reader.moment and reader.at is not None:
        moment = {"at": int(reader.at.timestamp()), "words": reader.day(reader.at)}
    return Picture(
        lanes,
        {
            "lang": reader.lang,
            "path": path,
            "args": [[*one] for one in (*args, *reader.kept)],
            "tiles": query,
            "window": window,
            "reach": [*reach],
            "strip": {
                "level": scale.level,
                "step": scale.step,
                "origin": scale.origin,
                "first": scale.first,
                "last": scale.last,
            },
            "moment": moment,
            "lanes": [
                {
                    "category": lane.name,
                    "pair": lane.pair,
                    "rows": lane.rows,
                }
                for lane in lanes
            ],
            "words": _words(reader),
        },
        list(_first_tiles(_seen(wanted, scale, reach), query)),
    )


def _seen(wanted: Filter, scale: Scale, reach: tuple[int, int]) -> tuple[int, int]:
    """First and last second of the picture as the page comes."""
    first, last = scale.start(scale.first), scale.start(scale.last + 1) - 1
    if wanted.start is None and wanted.end is None:
        margin = max(round((last - first) * _MARGIN), DAY_S)
        return first - margin, last + margin
    if wanted.start is not None:
        first = wanted.start.lo if wanted.start.lo > -OPEN else min(reach[0], first)
    if wanted.end is not None:
        last = wanted.end.hi if wanted.end.hi < OPEN else max(reach[1], last)
    return first, last


def _first_tiles(seen: tuple[int, int], query: str) -> Iterable[str]:
    """As the script chooses them: of the finest level of which few tiles will do.

    None where there are more: then it asks first where there is anything at all.
    """
    for level in dates.LEVELS:
        first, last = (dates.unit_of(level, one) // TILE_UNITS for one in seen)
        if last - first < _AT_ONCE:
            for x in range(first, last + 1):
                yield f"/api/tiles/{level}/{x}" + (f"?{query}" if query else "")
            return


def _lanes(
    counted: Sequence[Facet], total: int, marks: Mapping[str, Category], reader: Reader
) -> list[Lane]:
    """One for each category that has a mark, in the order of their names."""
    own = []
    for facet in sorted(counted, key=lambda one: one.label):
        category = marks.get(facet.label)
        if category is not None and category.pair is not None:
            rows = min(facet.count, MOST_ROWS)
            own.append(Lane(category, category.name, category.words, rows))
    with_lane = {lane.name for lane in own}
    rest = total - sum(one.count for one in counted if one.label in with_lane)
    if rest > 0 or not own:
        rows = min(max(rest, 1), MOST_ROWS)
        own.append(Lane(None, None, reader.say("Other"), rows))
    return own


def _second(bound: int) -> int | None:
    """None where there is no bound."""
    return bound if abs(bound) < OPEN else None


def _words(reader: Reader) -> JsonObject:
    """All that the script says; the names in braces are its own."""
    return {
        "about": reader.say("c. {title}"),
        "today": reader.say("Today"),
        "showing": reader.say("Showing {shown} of {total} entries, {window}"),
        "showing_more": reader.say(
            "Showing {shown} of more than {total} entries, {window}"
        ),
        "named": reader.say("Entries here: {number}."),
        "nameless": reader.say(
            "Entries here: {number}. Without room for their name: {rest}."
        ),
        "start": reader.say("Start of what is shown"),
        "end": reader.say("End of what is shown"),
        "failed": reader.say("The picture could not be loaded."),
    }
