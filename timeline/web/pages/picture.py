"""What the script of the picture needs to know of the page it stands on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from events.dates import OPEN, Scale
from events.model import JsonObject
from timeline.projections import Filter, View
from timeline.schemas import dump_filter_args
from timeline.store import Facet
from timeline.web.pages.cards import PAIRS, Category
from timeline.web.pages.words import Reader

MOST_ROWS = 3
"""Of a lane."""


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
    """The lanes above a list, and *data* for the script that fills them."""

    lanes: Sequence[Lane]
    data: JsonObject


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
    tiles = [*dump_filter_args(own), *within]
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
            "tiles": [[*one] for one in (*tiles, *reader.kept)],
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
    )


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
        "today": reader.say("Today, {day}"),
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
