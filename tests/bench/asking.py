"""Asking the read models of stories of several sizes, and telling how long it took.

Each question is asked in turn, at one size after the other, so that what else the
machine does hits all alike.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from events import dates
from timeline.app import spare_collector
from timeline.projections import Filter, Moment
from timeline.schemas import Cursor, Order
from timeline.store import Snapshot, ViewStore

PAGE = 100
ORDERS: tuple[Order, Order] = ("asc", "desc")

WARM = 25
"""Rounds before the first that counts: the file is read for the first time in them."""

Ask: TypeAlias = Callable[[Snapshot, random.Random], object]
When: TypeAlias = Callable[[random.Random, int], Moment | None]
"""A moment, None being now, for a log with so many events."""


def now(_: random.Random, __: int) -> None:
    """The timeline as it stands."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at which moment."""

    ask: Ask
    when: When = now


@dataclass(frozen=True, slots=True)
class Measured:
    """How long one kind of question took, in milliseconds."""

    name: str
    p50_ms: float
    p99_ms: float


def page(wanted: Filter, *, deep: bool = False) -> Ask:
    """A page of *wanted* in either order: the first, or one from a random year on."""

    def ask(snapshot: Snapshot, dice: random.Random) -> object:
        start = None
        if deep:
            year = dice.randrange(1910, 2020)
            start = Cursor(dates.parse(f"{year}-06").lo, 0, "m")
        order: Order = dice.choice(ORDERS)
        return snapshot.page(wanted, order=order, limit=PAGE, start=start)

    return ask


def nothing(_: Snapshot, __: random.Random) -> object:
    """As long as a page takes, but no page: its p99 is the machine's own."""
    return sum(range(200_000))


def ask_all(
    stores: Mapping[int, ViewStore],
    questions: Mapping[str, Question],
    *,
    rounds: int,
    seldom: frozenset[str] = frozenset(),
) -> dict[int, list[Measured]]:
    """All *questions* to all stores in turn, *rounds* times; *seldom* a tenth of it."""
    spare_collector()
    dice = {size: random.Random(7) for size in stores}
    heads = {size: store.checkpoint().position for size, store in stores.items()}
    took: dict[tuple[int, str], list[float]] = {
        (size, name): [] for size in stores for name in questions
    }
    for round_ in range(-WARM, rounds):
        for (name, asked), (size, store) in product(questions.items(), stores.items()):
            if name in seldom and round_ % 10:
                continue
            moment = asked.when(dice[size], heads[size])
            start = time.perf_counter()
            with store.snapshot(moment) as snapshot:
                asked.ask(snapshot, dice[size])
            if round_ >= 0:
                took[size, name].append((time.perf_counter() - start) * 1_000)
    return {
        size: [measured(name, took[size, name]) for name in questions]
        for size in stores
    }


def measured(name: str, took_ms: Sequence[float]) -> Measured:
    """Median and 99th percentile."""
    in_order = sorted(took_ms)
    p99_ms = in_order[int(len(in_order) * 0.99)]
    return Measured(name, statistics.median(in_order), p99_ms)


def table(found: Mapping[int, Sequence[Measured]]) -> None:
    """Print a line for each question, a column for each size."""
    sizes = list(found)
    print(f"\n{'p50 / p99, ms':26}", *(f"{size:>17,}" for size in sizes), "   ratio")
    for row in zip(*found.values(), strict=True):
        cells = (f"{each.p50_ms:8.2f} /{each.p99_ms:7.2f}" for each in row)
        print(f"{row[0].name:26}", *cells, f"{row[-1].p50_ms / row[0].p50_ms:8.2f}")
