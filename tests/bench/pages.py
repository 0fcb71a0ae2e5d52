"""Pages of the read model, by what is asked and by how many entries there are.

Times are of `Snapshot`'s methods, from the query to the folded entries. Each is asked
in turn, at one size after the other, so that what else the machine does hits all
alike. The rebuild is measured beside its floor: reading and decoding the log, and a
bare ``executemany`` of as many rows of the same size.
"""

import argparse
import gc
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from events import dates
from events.sqlite import SqliteEventLog, open_events_db
from tests.bench import story
from timeline.projections import Filter
from timeline.projector import Projector
from timeline.schemas import Cursor, Order
from timeline.store import Snapshot, ViewStore

SIZES = (10_000, 100_000)
ROUNDS = 200
WARM = 20
"""Rounds before the first that counts: the file is read for the first time in them."""

PAGE = 100
ORDERS: tuple[Order, Order] = ("asc", "desc")

Ask = Callable[[Snapshot, random.Random], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """How long one kind of question took, in milliseconds."""

    name: str
    p50_ms: float
    p99_ms: float


def _page(wanted: Filter, *, deep: bool = False) -> Ask:
    def ask(snapshot: Snapshot, dice: random.Random) -> object:
        start = None
        if deep:
            year = dice.randrange(1910, 2020)
            start = Cursor(dates.parse(f"{year}-06").lo, 0, "m")
        order: Order = dice.choice(ORDERS)
        return snapshot.page(wanted, order=order, limit=PAGE, start=start)

    return ask


def _any_page(make: Callable[[random.Random], Filter]) -> Ask:
    def ask(snapshot: Snapshot, dice: random.Random) -> object:
        order: Order = dice.choice(ORDERS)
        return snapshot.page(make(dice), order=order, limit=PAGE)

    return ask


def _window(years: int, months: int) -> Callable[[random.Random], Filter]:
    def make(dice: random.Random) -> Filter:
        year = dice.randrange(1910, 2010)
        if months:
            month = dates.parse(f"{year}-{dice.randrange(1, 13):02}")
            return Filter(start=month, end=month)
        return Filter(
            start=dates.parse(f"{year}"), end=dates.parse(f"{year + years - 1}")
        )

    return make


def nothing(_: Snapshot, __: random.Random) -> object:
    """As long as a page takes, but no page: its p99 is the machine's own."""
    return sum(range(200_000))


def _overview(snapshot: Snapshot, _: random.Random) -> object:
    reach = snapshot.reach()
    assert reach is not None
    first, last = (dates.unit_of("year", second) for second in reach)
    return snapshot.density(Filter(), "year", first, last)


QUESTIONS: Mapping[str, Ask] = {
    "(the machine itself)": nothing,
    "first page": _page(Filter()),
    "a deep page": _page(Filter(), deep=True),
    "category, first page": _any_page(
        lambda dice: Filter(category=(dice.choice(story.CATEGORIES),))
    ),
    "category, deep": _page(Filter(category=(story.CATEGORIES[3],)), deep=True),
    "actor, known to all": _page(Filter(actor=(story.ACTORS[0],)), deep=True),
    "actor, any": _any_page(lambda dice: Filter(actor=(dice.choice(story.ACTORS),))),
    "two categories and a tag": _page(
        Filter(category=story.CATEGORIES[:2], tag=(story.TAGS[5],)), deep=True
    ),
    "window of a month": _any_page(_window(0, 1)),
    "window of ten years": _any_page(_window(10, 0)),
    "search, rare word": _page(Filter(q=story.RARE_WORD)),
    "search, common word": _page(Filter(q=story.COMMON_WORD)),
    "facets of everything": lambda snapshot, _: snapshot.facets(
        Filter(), "actor", limit=20
    ),
    "facets of a category": lambda snapshot, dice: snapshot.facets(
        Filter(category=(dice.choice(story.CATEGORIES),)), "actor", limit=20
    ),
    "count of a window": lambda snapshot, dice: snapshot.count(_window(10, 0)(dice)),
    "overview by year": _overview,
    "newest changes": lambda snapshot, _: snapshot.newest(Filter(), limit=50),
    "newest of an actor": lambda snapshot, dice: snapshot.newest(
        Filter(actor=(dice.choice(story.ACTORS),)), limit=50
    ),
}

SLOW = frozenset({"search, common word", "facets of a category", "count of a window"})
"""Capped by hand-sorting or counting up to 10,000 entries: asked less often."""


def freeze() -> None:
    """As `served_app` does."""
    gc.collect()
    gc.freeze()


def ask_all(
    stores: Mapping[int, ViewStore], *, rounds: int
) -> dict[int, list[Measured]]:
    """All questions to all stores in turn, *rounds* times."""
    freeze()
    dice = {size: random.Random(7) for size in stores}
    took: dict[tuple[int, str], list[float]] = {
        (size, name): [] for size in stores for name in QUESTIONS
    }
    for round_ in range(-WARM, rounds):
        for (name, ask), (size, store) in product(QUESTIONS.items(), stores.items()):
            if name in SLOW and round_ % 10:
                continue
            start = time.perf_counter()
            with store.snapshot() as snapshot:
                ask(snapshot, dice[size])
            if round_ >= 0:
                took[size, name].append((time.perf_counter() - start) * 1_000)
    return {
        size: [measured(name, took[size, name]) for name in QUESTIONS]
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


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Seconds that a rebuild took, and its floor."""

    rebuild_s: float
    read_s: float
    insert_s: float

    @property
    def of_floor(self) -> float:
        """How many times the floor."""
        return self.rebuild_s / (self.read_s + self.insert_s)


def rebuild(folder: Path) -> Rebuilt:
    """Build the model of the log in *folder*, and what cannot be saved of it."""
    with closing(SqliteEventLog(open_events_db(folder / "events.db"))) as log:
        store = ViewStore(folder)
        start = time.perf_counter()
        Projector(log, store, folder=folder).start()
        rebuild_s = time.perf_counter() - start

        start = time.perf_counter()
        after = 0
        while events := log.read(after=after, limit=500):
            after = events[-1].position
        read_s = time.perf_counter() - start

        with store.snapshot() as snapshot:
            rows = snapshot._con.execute("SELECT * FROM entries").fetchall()
        store.close()
    with closing(sqlite3.connect(folder / "floor.db")) as con:
        marks = ", ".join("?" * len(rows[0]))
        names = ", ".join(f"c{n}" for n in range(len(rows[0])))
        con.execute(f"CREATE TABLE entries ({names})")
        start = time.perf_counter()
        with con:
            con.executemany(f"INSERT INTO entries VALUES ({marks})", rows)
        insert_s = time.perf_counter() - start
    (folder / "floor.db").unlink()
    return Rebuilt(rebuild_s, read_s, insert_s)


def plans(store: ViewStore) -> dict[str, list[str]]:
    """SQLite's plans for the kinds of pages."""
    month = dates.parse("1980-07")
    kinds = {
        "everything": Filter(),
        "category": Filter(category=(story.CATEGORIES[0],)),
        "actor": Filter(actor=(story.ACTORS[0],)),
        "window": Filter(start=month, end=month),
        "search": Filter(q=story.RARE_WORD),
    }
    with store.snapshot() as snapshot:
        return {name: snapshot.explain(wanted) for name, wanted in kinds.items()}


def main(arguments: Sequence[str]) -> None:
    """Print how long each question takes at each size."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench pages")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    story.add_options(parser)
    options = parser.parse_args(arguments)

    with ExitStack() as stack:
        stores: dict[int, ViewStore] = {}
        for size in options.sizes:
            if options.keep:
                store = story.open_model(options.keep, size, in_order=options.in_order)
            else:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                head = story.make_log(folder, size, in_order=options.in_order)
                rebuilt = rebuild(folder)
                print(
                    f"{size:,} entries, {head:,} events: rebuilt in"
                    f" {rebuilt.rebuild_s:.1f} s, {rebuilt.of_floor:.1f} times the"
                    f" floor (read and decode {rebuilt.read_s:.1f} s,"
                    f" executemany {rebuilt.insert_s:.1f} s)",
                    flush=True,
                )
                store = ViewStore(folder)
            stack.callback(store.close)
            stores[size] = store
        for kind, steps in plans(stores[options.sizes[0]]).items():
            print(f"plan of {kind}: {'; '.join(dict.fromkeys(steps))}")
        table(ask_all(stores, rounds=options.rounds))
