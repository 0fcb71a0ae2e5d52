"""Pages at any moment beside the page as it stands, by how many entries there are.

Times are of `Snapshot`, from its making to the folded entries.
"""

import argparse
import random
from collections.abc import Mapping, Sequence

from events import dates
from events.dates import DAY_S
from tests.bench import story
from tests.bench.asking import (
    Question,
    When,
    ask_all,
    nothing,
    page,
    table,
)
from timeline.projections import AsOf, Filter, Known, Moment
from timeline.store import ViewStore

SIZES = (10_000, 100_000)
ROUNDS = 300


def _position(first: float, last: float) -> When:
    """Any position between these parts of the log."""
    return lambda dice, head: AsOf(int(head * dice.uniform(first, last)))


def _day(first: int, last: int) -> When:
    """Any day of these years."""

    def when(dice: random.Random, _: int) -> Moment:
        start, end = dates.parse(f"{first}").lo, dates.parse(f"{last}").hi
        return Known(dice.randrange(start // DAY_S, end // DAY_S))

    return when


_FIRST, _DEEP = page(Filter()), page(Filter(), deep=True)
_ANY, _EARLY = _position(0, 1), _position(0, 0.02)
_ANY_DAY, _EARLY_DAY = _day(1905, 2026), _day(1905, 1907)
_CATEGORY = Filter(category=(story.CATEGORIES[3],))
_ACTOR = Filter(actor=(story.ACTORS[40],))
_WINDOW = Filter(start=dates.parse("1950"), end=dates.parse("1959"))

QUESTIONS: Mapping[str, Question] = {
    "(the machine itself)": Question(nothing),
    "now, first page": Question(_FIRST),
    "now, deep": Question(_DEEP),
    "position, first page": Question(_FIRST, _ANY),
    "position, deep": Question(_DEEP, _ANY),
    "early position, first": Question(_FIRST, _EARLY),
    "early position, deep": Question(_DEEP, _EARLY),
    "known, first page": Question(_FIRST, _ANY_DAY),
    "known, deep": Question(_DEEP, _ANY_DAY),
    "known early, first": Question(_FIRST, _EARLY_DAY),
    "known early, deep": Question(_DEEP, _EARLY_DAY),
    "position, category": Question(page(_CATEGORY), _ANY),
    "known, category": Question(page(_CATEGORY), _ANY_DAY),
    "position, actor": Question(page(_ACTOR), _ANY),
    "known, actor": Question(page(_ACTOR), _ANY_DAY),
    "position, ten years": Question(page(_WINDOW), _ANY),
    "position, rare word": Question(page(Filter(q=story.RARE_WORD)), _ANY),
    "position, count": Question(lambda snapshot, _: snapshot.count(Filter()), _ANY),
}


def plans(store: ViewStore) -> dict[str, list[str]]:
    """SQLite's plans of the page at kinds of moments."""
    head = store.checkpoint().position
    early, late = dates.parse("1905-01-02"), dates.parse("1990")
    kinds: Mapping[str, Moment | None] = {
        "now": None,
        "a position": AsOf(head // 2),
        "an early position": AsOf(min(head // 2, 100)),
        "a day": Known(late.hi // DAY_S),
        "an early day": Known(early.hi // DAY_S),
    }
    found: dict[str, list[str]] = {}
    for name, moment in kinds.items():
        with store.snapshot(moment) as snapshot:
            found[name] = snapshot.explain(Filter(), order="desc")
    return found


def main(arguments: Sequence[str]) -> None:
    """Print how long the page takes at each kind of moment, at each size."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench asof")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    story.add_options(parser)
    options = parser.parse_args(arguments)

    with story.open_models(options) as stores:
        for size, store in stores.items():
            for kind, steps in plans(store).items():
                print(f"{size:,}: plan {kind}: {'; '.join(dict.fromkeys(steps))}")
        found = ask_all(stores, QUESTIONS, rounds=options.rounds)

    table(found)
    print(f"\n{'p50, of now':26}", *(f"{size:>17,}" for size in found))
    for row in zip(*found.values(), strict=True):
        name = row[0].name
        same = "now, deep" if name.endswith("deep") else "now, first page"
        base = [
            next(m.p50_ms for m in all_ if m.name == same) for all_ in found.values()
        ]
        ratios = (f"{one.p50_ms / of:17.2f}" for one, of in zip(row, base, strict=True))
        print(f"{name:26}", *ratios)
