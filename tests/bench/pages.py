"""Pages of the read model, by what is asked and by how many entries there are.

Times are of `Snapshot`, from its making to the folded entries. The rebuild is measured
beside its floor: reading and decoding the log, and a bare ``executemany`` of as many
rows of the same size.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from events import dates
from events.sqlite import SqliteEventLog, open_events_db
from tests.bench import story
from tests.bench.asking import (
    ORDERS,
    PAGE,
    Ask,
    Question,
    ask_all,
    nothing,
    page,
    table,
)
from timeline.projections import Filter
from timeline.projector import Projector
from timeline.schemas import Order
from timeline.store import Snapshot, ViewStore

SIZES = (10_000, 100_000)
ROUNDS = 200


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


def _overview(snapshot: Snapshot, _: random.Random) -> object:
    reach = snapshot.reach()
    assert reach is not None
    first, last = (dates.unit_of("year", second) for second in reach)
    return snapshot.density(Filter(), "year", first, last)


QUESTIONS: Mapping[str, Ask] = {
    "(the machine itself)": nothing,
    "first page": page(Filter()),
    "a deep page": page(Filter(), deep=True),
    "category, first page": _any_page(
        lambda dice: Filter(category=(dice.choice(story.CATEGORIES),))
    ),
    "category, deep": page(Filter(category=(story.CATEGORIES[3],)), deep=True),
    "actor, known to all": page(Filter(actor=(story.ACTORS[0],)), deep=True),
    "actor, any": _any_page(lambda dice: Filter(actor=(dice.choice(story.ACTORS),))),
    "two categories and a tag": page(
        Filter(category=story.CATEGORIES[:2], tag=(story.TAGS[5],)), deep=True
    ),
    "window of a month": _any_page(_window(0, 1)),
    "window of ten years": _any_page(_window(10, 0)),
    "search, rare word": page(Filter(q=story.RARE_WORD)),
    "search, common word": page(Filter(q=story.COMMON_WORD)),
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
        questions = {name: Question(ask) for name, ask in QUESTIONS.items()}
        table(ask_all(stores, questions, rounds=options.rounds, seldom=SLOW))
