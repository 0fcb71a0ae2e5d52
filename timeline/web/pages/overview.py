"""How many entries stand where: the bars above a list. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import TypeAlias

from events import dates
from events.dates import Scale
from timeline.projections import Filter
from timeline.web.pages.cards import Category
from timeline.web.pages.words import Reader

LEAST, MOST = 24, 120
"""Bars that are neither too few to see a pattern nor too many to hit."""

HEIGHT = 56
"""Of the highest bar, in px."""

Cells: TypeAlias = Mapping[int, Mapping[str, int]]
"""Number of entries by unit and category."""

Counted: TypeAlias = Callable[[Filter, dates.Level, int, int], Cells]
"""As `Snapshot.density`."""

_LABELS = {"day": 26.0, "month": 13.5, "year": 13.5, "decade": 13.5}
"""Least distance between labels in % of the width, so that they fit on a phone."""

_LAST_LABEL = 88.0
_FEWEST = 2


WIDTH = 10
"""Of a bar in the shapes, which are stretched to the width there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The entries of one calendar unit.

    Attributes:
        x, width: In % of the whole.
        words: "July 2025: 14 entries".
        inside: Of the window shown.
    """

    x: str
    width: str
    href: str
    words: str
    number: int
    inside: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What several bars hold of one category, drawn at once.

    A drawing for each part of each bar would be a thousand of them.

    Attributes:
        category: None: the gaps between the bars.
        inside: Of the window shown.
        path: In px downwards, and `WIDTH` for each bar.
    """

    category: Category | None
    inside: bool
    path: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at *x* % of the width."""

    x: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The bars of a list.

    Attributes:
        words: What they show, in a sentence.
        width: Of the shapes.
        window: Start and width of the window in %, if there is one.
        all_href: The same list without its window; empty if it has none.
        scale: Of the bars.
    """

    words: str
    height: int
    width: int
    bars: Sequence[Bar]
    shapes: Sequence[Shape]
    ticks: Sequence[Tick]
    window: tuple[str, str] | None
    all_href: str
    scale: Scale


def make_overview(
    wanted: Filter,
    reader: Reader,
    *,
    reach: tuple[int, int] | None,
    counted: Counted,
    marks: Mapping[str, Category],
    href_of: Callable[[Filter], str],
) -> Overview | None:
    """The bars for *wanted*, with its surroundings if it has a window.

    An entry counts once, where it stands on the timeline. Bars outside the window
    are shown as a way out of it.

    Args:
        wanted: Whose entries.
        reader: For whom.
        reach: Where the first and the last entry of all stand.
        counted: `Snapshot.density`.
        marks: Of the categories.
        href_of: Address of the list with another filter.

    Returns:
        None where fewer than two entries would be shown.
    """
    if reach is None:
        return None
    everything = replace(wanted, start=None, end=None)
    scale, cells = _fitted(everything, _around(wanted, reach), counted)
    if wanted.start is None and wanted.end is None:
        # What the filter leaves may reach less far: once more, closer.
        if not cells:
            return None
        near = scale.start(min(cells)), scale.start(max(cells) + 1) - 1
        if _scale(*near) != scale:
            scale, cells = _fitted(everything, near, counted)
    total = sum(sum(cell.values()) for cell in cells.values())
    if total < _FEWEST:
        return None
    highest = max(sum(cell.values()) for cell in cells.values())
    places = sorted(cells)
    bars = [
        _bar(place, sum(cells[place].values()), scale, wanted, reader, href_of)
        for place in places
    ]
    drawn = [
        (place - scale.first, cells[place], bar.inside)
        for place, bar in zip(places, bars, strict=True)
    ]
    return Overview(
        words=_summary(bars, total, reader),
        height=HEIGHT,
        width=WIDTH * scale.bars,
        bars=bars,
        shapes=list(_shapes(drawn, highest, marks)),
        ticks=list(_ticks(scale, reader)),
        window=_window(wanted, scale),
        all_href=href_of(everything) if everything != wanted else "",
        scale=scale,
    )


def _fitted(
    wanted: Filter, reach: tuple[int, int], counted: Counted
) -> tuple[Scale, dict[int, dict[str, int]]]:
    scale = _scale(*reach)
    return scale, scale.gathered(counted(wanted, scale.level, *scale.units))


def _scale(first_s: int, last_s: int) -> Scale:
    return dates.scale_between(first_s, last_s, least=LEAST, most=MOST)


def _around(wanted: Filter, reach: tuple[int, int]) -> tuple[int, int]:
    """The window of *wanted* and a quarter of it on both sides."""
    if wanted.start is None and wanted.end is None:
        return reach
    first = reach[0] if wanted.start is None else wanted.start.lo
    last = reach[1] if wanted.end is None else wanted.end.hi
    if first > last:
        return reach
    beside = max((last - first) // 4, 12 * 86_400)
    near = max(first - beside, reach[0]), min(last + beside, reach[1])
    return near if near[0] < near[1] else reach


def _bar(
    place: int,
    number: int,
    scale: Scale,
    wanted: Filter,
    reader: Reader,
    href_of: Callable[[Filter], str],
) -> Bar:
    first, last = scale.bounds(place)
    lo, hi = scale.start(place), scale.start(place + 1) - 1
    return Bar(
        x=_percent((place - scale.first) / scale.bars),
        width=_percent(1 / scale.bars),
        href=href_of(replace(wanted, start=first, end=last)),
        words=reader.count(
            "{label}: {n} entry",
            "{label}: {n} entries",
            number,
            label=_bar_label(first, last, reader),
        ),
        number=number,
        inside=(wanted.start is None or hi >= wanted.start.lo)
        and (wanted.end is None or lo <= wanted.end.hi),
    )


def _shapes(
    bars: Iterable[tuple[int, Mapping[str, int], bool]],
    highest: int,
    marks: Mapping[str, Category],
) -> Iterable[Shape]:
    """The parts of the bars, from the foot up in the order of the marks.

    Args:
        bars: Their columns, what they hold, and whether they are inside the window.
        highest: Number of entries in the fullest.
        marks: Of the categories.
    """
    order = {name: place for place, name in enumerate(marks)}
    paths: dict[tuple[int, str, bool], list[str]] = {}
    gaps: list[str] = []
    for column, cell, inside in bars:
        number = sum(cell.values())
        height = max(4.0, HEIGHT * sqrt(number / highest))
        x = column * WIDTH
        foot = float(HEIGHT)
        for name in sorted(cell, key=lambda one: (order.get(one, len(order)), one)):
            share = height * cell[name] / number
            foot -= share
            key = order.get(name, len(order)), name, inside
            paths.setdefault(key, []).append(
                f"M{x} {round(foot, 1):g}h{WIDTH}v{round(share, 1):g}h-{WIDTH}z"
            )
        gaps.append(f"M{x} {round(foot, 1):g}V{HEIGHT}")
    for _, name, inside in sorted(paths):
        category = marks.get(name) or Category(name, name, None)
        path = "".join(paths[order.get(name, len(order)), name, inside])
        yield Shape(category, inside, path)
    yield Shape(None, True, "".join(gaps))


def _bar_label(
    first: dates.HistoricDate, last: dates.HistoricDate, reader: Reader
) -> str:
    if first == last:
        return reader.label(first)
    return f"{reader.label(first)}–{reader.label(last)}"


def _summary(bars: Sequence[Bar], total: int, reader: Reader) -> str:
    fullest = max(bars, key=lambda bar: bar.number)
    words = reader.count("{n} entry by date.", "{n} entries by date.", total)
    return words + " " + reader.say("Most: {what}.", what=fullest.words)


def _ticks(scale: Scale, reader: Reader) -> Iterable[Tick]:
    """Labels at the start of years, of months or of bars, none over another."""
    starts: list[tuple[int, str]] = []
    for bar in range(scale.first, scale.last + 1):
        year, month, day = dates.civil(scale.start(bar))
        if scale.level == "day" and scale.bars > 2 * 31 and day != 1:
            continue
        if scale.level == "month" and month != 1 and scale.bars > LEAST:
            continue
        if scale.level == "day":
            words = reader.label(dates.parse(dates.day_of(scale.start(bar))))
            if scale.bars > 2 * 31:
                words = dates.month_label(year, month, reader.lang)
        elif scale.level == "month" and scale.bars <= LEAST:
            words = dates.month_label(year, month, reader.lang)
        else:
            words = dates.year_label(year, reader.lang)
        starts.append((bar, words))
    longest = max((len(words) for _, words in starts), default=0)
    # 7 px a letter at 12 px, and some air, on a phone with 358 px for the bars.
    least = max(_LABELS[scale.level] / 2, (longest * 7 + 14) / 3.58)
    apart = 100 / scale.bars
    every = 1
    if len(starts) > 1:
        apart *= (starts[-1][0] - starts[0][0]) / (len(starts) - 1)
        every = max(ceil(least / apart), 1)
    for bar, words in starts[::every]:
        share = (bar - scale.first) / scale.bars
        if share * 100 <= 100 - least * 0.9:
            yield Tick(_percent(share), words)


def _window(wanted: Filter, scale: Scale) -> tuple[str, str] | None:
    if wanted.start is None and wanted.end is None:
        return None
    first, last = scale.first, scale.last
    if wanted.start is not None:
        first = max(first, scale.bar_of(wanted.start.lo))
    if wanted.end is not None:
        last = min(last, scale.bar_of(wanted.end.hi))
    if first > last:
        return None
    return (
        _percent((first - scale.first) / scale.bars),
        _percent((last - first + 1) / scale.bars),
    )


def _percent(share: float) -> str:
    return f"{round(share * 100, 3):g}%"
