"""Pages at any moment beside the page as it stands, by how many entries there are.

Times are of `Snapshot`, from its making to the folded entries. Each is asked in turn,
at one size after the other, so that what else the machine does hits all alike.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from events import dates
from events.dates import DAY_S
from tests.bench import story
from tests.bench.pages import (
    ORDERS,
    PAGE,
    Measured,
    freeze,
    measured,
    nothing,
    table,
)
from timeline.projections import AsOf, Filter, Known, Moment
from timeline.schemas import Cursor, Order
from timeline.store import Snapshot, ViewStore

SIZES = (10_000, 100_000)
ROUNDS = 300
WARM = 30
"""Rounds before the first that counts: the file is read for the first time in them."""

When = Callable[[random.Random, int], Moment | None]
"""A moment, for a log with so many events."""

Ask = Callable[[Snapshot, random.Random], object]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at which moment."""

    when: When
    ask: Ask


def _page(wanted: Filter, *, deep: bool = False) -> Ask:
    def ask(snapshot: Snapshot, dice: random.Random) -> object:
        start = None
        if deep:
            day = dates.parse(f"{dice.randrange(1910, 2020)}-06")
            start = Cursor(day.lo, 0, "m")
        order: Order = dice.choice(ORDERS)
        return snapshot.page(wanted, order=order, limit=PAGE, start=start)

    return ask


def _now(_: random.Random, __: int) -> None:
    return None


def _position(first: float, last: float) -> When:
    """Any position between these parts of the log."""
    return lambda dice, head: AsOf(int(head * dice.uniform(first, last)))


def _day(first: int, last: int) -> When:
    """Any day of these years."""

    def when(dice: random.Random, _: int) -> Moment:
        start, end = dates.parse(f"{first}").lo, dates.parse(f"{last}").hi
        return Known(dice.randrange(start // DAY_S, end // DAY_S))

    return when


_FIRST, _DEEP = _page(Filter()), _page(Filter(), deep=True)
_ANY, _EARLY = _position(0, 1), _position(0, 0.02)
_ANY_DAY, _EARLY_DAY = _day(1905, 2026), _day(1905, 1907)
_CATEGORY = Filter(category=(story.CATEGORIES[3],))
_ACTOR = Filter(actor=(story.ACTORS[40],))
_WINDOW = Filter(start=dates.parse("1950"), end=dates.parse("1959"))

QUESTIONS: Mapping[str, Question] = {
    "(the machine itself)": Question(_now, nothing),
    "now, first page": Question(_now, _FIRST),
    "now, deep": Question(_now, _DEEP),
    "position, first page": Question(_ANY, _FIRST),
    "position, deep": Question(_ANY, _DEEP),
    "early position, first": Question(_EARLY, _FIRST),
    "early position, deep": Question(_EARLY, _DEEP),
    "known, first page": Question(_ANY_DAY, _FIRST),
    "known, deep": Question(_ANY_DAY, _DEEP),
    "known early, first": Question(_EARLY_DAY, _FIRST),
    "known early, deep": Question(_EARLY_DAY, _DEEP),
    "position, category": Question(_ANY, _page(_CATEGORY)),
    "known, category": Question(_ANY_DAY, _page(_CATEGORY)),
    "position, actor": Question(_ANY, _page(_ACTOR)),
    "known, actor": Question(_ANY_DAY, _page(_ACTOR)),
    "position, ten years": Question(_ANY, _page(_WINDOW)),
    "position, rare word": Question(_ANY, _page(Filter(q=story.RARE_WORD))),
    "position, count": Question(_ANY, lambda snapshot, _: snapshot.count(Filter())),
}


def ask_all(
    stores: Mapping[int, ViewStore], *, rounds: int
) -> dict[int, list[Measured]]:
    """All questions to all stores in turn, *rounds* times."""
    freeze()
    dice = {size: random.Random(7) for size in stores}
    heads = {size: store.checkpoint().position for size, store in stores.items()}
    took: dict[tuple[int, str], list[float]] = {
        (size, name): [] for size in stores for name in QUESTIONS
    }
    for round_ in range(-WARM, rounds):
        for (name, asked), (size, store) in product(QUESTIONS.items(), stores.items()):
            moment = asked.when(dice[size], heads[size])
            start = time.perf_counter()
            with store.snapshot(moment) as snapshot:
                asked.ask(snapshot, dice[size])
            if round_ >= 0:
                took[size, name].append((time.perf_counter() - start) * 1_000)
    return {
        size: [measured(name, took[size, name]) for name in QUESTIONS]
        for size in stores
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

    with ExitStack() as stack:
        stores: dict[int, ViewStore] = {}
        for size in options.sizes:
            folder = options.keep or Path(
                stack.enter_context(tempfile.TemporaryDirectory())
            )
            store = story.open_model(folder, size, in_order=options.in_order)
            stack.callback(store.close)
            stores[size] = store
            for kind, steps in plans(store).items():
                print(f"{size:,}: plan {kind}: {'; '.join(dict.fromkeys(steps))}")
        found = ask_all(stores, rounds=options.rounds)

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
