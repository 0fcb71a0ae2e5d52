"""Tiles of the picture, by what is asked and by how many entries there are.

Times are from the making of a `Snapshot` to the bytes of the answer: finding the
entries, reading and marking them, and all words. Tiles at moments are of any position
or day, so that hardly any finds its numbers kept.
"""

import argparse
import random
from collections.abc import Mapping, Sequence

from events import dates
from events.dates import DAY_S
from tests.bench import story
from tests.bench.asking import Ask, Question, When, ask_all, nothing, table
from timeline.projections import AsOf, Filter, Known, Moment
from timeline.schemas import write_json
from timeline.store import TILE_UNITS, Snapshot
from timeline.web.pages.languages import load_languages
from timeline.web.tiles import density_json, tile_json

SIZES = (10_000, 100_000)
ROUNDS = 200

_READER = load_languages("en").reader(None)


def _tile(level: dates.Level, wanted: Filter | None = None) -> Ask:
    """Any tile of *level* in the time of the story."""
    first, last = (
        dates.unit_of(level, dates.parse(year).lo) // TILE_UNITS
        for year in ("1905", "2025")
    )

    def ask(snapshot: Snapshot, dice: random.Random) -> object:
        x = dice.randint(first, last)
        return write_json(tile_json(snapshot, wanted or Filter(), level, x, _READER))

    return ask


def _density(wanted: Filter) -> Ask:
    return lambda snapshot, _: write_json(density_json(snapshot, wanted, bars=100))


def _position(first: float, last: float) -> When:
    """Any position between these parts of the log."""
    return lambda dice, head: AsOf(int(head * dice.uniform(first, last)))


def _recent(dice: random.Random, head: int) -> Moment:
    """One of the last hundred positions: a link that was sent a while ago."""
    return AsOf(max(head - dice.randrange(100), 0))


def _day(dice: random.Random, _: int) -> Moment:
    start, end = dates.parse("1905").lo, dates.parse("2026").hi
    return Known(dice.randrange(start // DAY_S, end // DAY_S))


_CATEGORY = Filter(category=(story.CATEGORIES[3],))
_FAMOUS, _SOMEBODY = (Filter(actor=(story.ACTORS[n],)) for n in (0, 40))
_WINDOW = Filter(start=dates.parse("1950"), end=dates.parse("1959"))
_SEARCH = Filter(q=story.COMMON_WORD)
_ANY, _EARLY = _position(0, 1), _position(0, 0.02)

QUESTIONS: Mapping[str, Question] = {
    "(the machine itself)": Question(nothing),
    **{level: Question(_tile(level)) for level in dates.LEVELS},
    "month, category": Question(_tile("month", _CATEGORY)),
    "decade, category": Question(_tile("decade", _CATEGORY)),
    "month, known to all": Question(_tile("month", _FAMOUS)),
    "decade, known to all": Question(_tile("decade", _FAMOUS)),
    "decade, an actor": Question(_tile("decade", _SOMEBODY)),
    "year, ten years": Question(_tile("year", _WINDOW)),
    "year, common word": Question(_tile("year", _SEARCH)),
    "density": Question(_density(Filter())),
    "density, category": Question(_density(_CATEGORY)),
    "recent position, month": Question(_tile("month"), _recent),
    "recent position, decade": Question(_tile("decade"), _recent),
    "position, day": Question(_tile("day"), _ANY),
    "position, month": Question(_tile("month"), _ANY),
    "position, year": Question(_tile("year"), _ANY),
    "position, decade": Question(_tile("decade"), _ANY),
    "early position, decade": Question(_tile("decade"), _EARLY),
    "position, an actor": Question(_tile("decade", _SOMEBODY), _ANY),
    "known, month": Question(_tile("month"), _day),
    "known, decade": Question(_tile("decade"), _day),
}

SLOW = frozenset(
    {
        "year, common word",
        "position, year",
        "position, decade",
        "known, decade",
    }
)
"""Searched or counted by hand, so asked less often."""


def main(arguments: Sequence[str]) -> None:
    """Print how long each tile takes at each size."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench tiles")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    story.add_options(parser)
    options = parser.parse_args(arguments)

    with story.open_models(options) as stores:
        with stores[options.sizes[-1]].snapshot() as snapshot:
            for name, steps in snapshot.explain_tile(Filter(), "month", 0).items():
                print(f"plan of {name}: {'; '.join(dict.fromkeys(steps))}")
        table(ask_all(stores, QUESTIONS, rounds=options.rounds, seldom=SLOW))
