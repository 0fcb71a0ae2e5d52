"""A long story for benchmarks: the same for every run of a size.

Five precisions of date over 120 years, 2 % open starts and 2 % open ends, 12
categories, 2,000 actors of uneven fame, 30 % of the entries corrected. Each was said
within a month of its date, promises up to two years before, and corrections later.
Entries are recorded in any order, as an archive is, or as they were said, as news are.
"""

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from events import dates
from events.dates import DAY_S
from events.model import NewEvent
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import FixedClock, corrected, recorded
from timeline.app import make_scheduler, open_timeline
from timeline.config import Settings
from timeline.projector import Projector
from timeline.store import ViewStore

CATEGORIES = tuple(f"category-{n:02}" for n in range(12))
ACTORS = tuple(f"Actor {n:04}" for n in range(2_000))
TAGS = tuple(f"tag {n:02}" for n in range(60))
PLACES = tuple(f"Place {n:03}" for n in range(300))
RARE_WORD = "zirconium"
COMMON_WORD = "licence"

_WORDS = ("rule", "chip", "launch", "export", "market", "ban", "model", "fair")
_BATCH = 5_000
_LAST_DAY = dates.parse("2026-06-30").lo // DAY_S


def events(entries: int, *, seed: int = 1) -> Iterator[tuple[int, NewEvent]]:
    """The day and the event of so many entries, each followed by its correction."""
    dice = random.Random(seed)
    for number in range(entries):
        slug = f"entry-{number:07}"
        words = dice.choices(_WORDS, k=3)
        rare = f" {RARE_WORD}" if number % 50_000 == 17 else ""
        common = f" {COMMON_WORD}" if number % 5 == 0 else ""
        occurred = _date(dice)
        day = _said(dice, occurred)
        yield (
            day,
            recorded(
                slug,
                event_id=f"{slug}.1",
                title=f"{' '.join(words).capitalize()} {number}{rare}",
                occurred=occurred,
                said=_text(day),
                summary=f"What the {words[0]} means for the {words[1]}.{common}",
                category=dice.choice(CATEGORIES),
                actors=[ACTORS[_uneven(dice, len(ACTORS))] for _ in range(2)],
                places=[PLACES[_uneven(dice, len(PLACES))]],
                tags=dice.sample(TAGS, 2),
                importance=dice.randrange(101),
                sources=[{"url": f"https://example.org/{number}"}],
            ),
        )
        if dice.random() < 0.3:
            day += dice.randrange(1, 400)
            yield (
                day,
                corrected(
                    slug,
                    event_id=f"{slug}.2",
                    occurred=_date(dice),
                    said=_text(day),
                    reason="wrong day",
                ),
            )


def make_log(folder: Path, entries: int, *, in_order: bool = False) -> int:
    """Append the story to a new log in *folder*; the number of its events.

    *in_order*: each event on the day on which it was said, as news are.
    """
    clock = FixedClock()
    log = SqliteEventLog(open_events_db(folder / "events.db"), clock=clock)
    story = list(events(entries))
    if in_order:
        story.sort(key=lambda one: one[0])
    for first in range(0, len(story), _BATCH):
        batch = story[first : first + _BATCH]
        if in_order:
            # When all of it was said: what is told of a day that has passed awaits
            # nothing. But not in the future, where the last corrections are said.
            day = min(batch[-1][0], _LAST_DAY)
            clock.move_to(datetime.fromtimestamp(day * DAY_S, UTC))
        log.append([event for _, event in batch])
    head = log.head()
    log.close()
    return head


def add_options(parser: argparse.ArgumentParser) -> None:
    """What benchmarks of the read model let one choose of the story."""
    parser.add_argument(
        "--in-order", action="store_true", help="recorded as it was said, as news are"
    )
    parser.add_argument(
        "--keep", type=Path, help="folder to keep stories in, for the next run"
    )


def open_model(folder: Path, entries: int, *, in_order: bool) -> ViewStore:
    """The read model of the story, made below *folder* unless it is there."""
    below = folder / f"{entries}{'-in-order' if in_order else ''}"
    if not below.exists():
        draft = below.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        make_log(draft, entries, in_order=in_order)
        draft.rename(below)
    with closing(SqliteEventLog(open_events_db(below / "events.db"))) as log:
        store = ViewStore(below)
        Projector(log, store, folder=below).start()
    return store


def settle(folder: Path) -> int:
    """Append what the clock says of the story's promises; the number of events.

    Else a server appends it while it is measured: of a million entries, for minutes.
    """
    with closing(open_timeline(Settings(data=folder))) as timeline:
        return make_scheduler(timeline).run_due()


@contextmanager
def open_models(options: argparse.Namespace) -> Iterator[dict[int, ViewStore]]:
    """The read models that *options* choose, by their number of entries."""
    with ExitStack() as stack:
        stores: dict[int, ViewStore] = {}
        for size in options.sizes:
            folder = options.keep or Path(
                stack.enter_context(tempfile.TemporaryDirectory())
            )
            store = open_model(folder, size, in_order=options.in_order)
            stack.callback(store.close)
            stores[size] = store
        yield stores


def _said(dice: random.Random, occurred: str) -> int:
    date = dates.parse(occurred)
    day = date.sort_key // DAY_S
    if occurred.startswith("../"):
        return day - dice.randrange(30, 730)
    return day + dice.randrange(30)


def _text(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_S, UTC).date().isoformat()


def _date(dice: random.Random) -> str:
    year, month, day = dice.randrange(1905, 2026), dice.randrange(1, 13), 15
    shape = dice.random()
    if shape < 0.02:
        return f"../{year}-{month:02}-{day}"
    if shape < 0.04:
        return f"{year}-{month:02}-{day}/.."
    match dice.randrange(5):
        case 0:
            return f"{year}"
        case 1:
            return f"{year}-{month:02}"
        case 2:
            return f"{year}-{month:02}-{dice.randrange(1, 29):02}"
        case 3:
            first = dice.randrange(1, 20)
            last = first + dice.randrange(9)
            return f"{year}-{month:02}-{first:02}/{year}-{month:02}-{last:02}"
        case _:
            hour, minute = dice.randrange(24), dice.randrange(60)
            return f"{year}-{month:02}-{day}T{hour:02}:{minute:02}:00Z"


def _uneven(dice: random.Random, count: int) -> int:
    """A few of *count* come up often, most seldom."""
    return min(int(dice.paretovariate(0.6)) - 1, count - 1) % count
