"""A long story for benchmarks: the same for every run of a size.

Five precisions of date over 120 years, 2 % open starts and 2 % open ends, 12
categories, 2,000 actors of uneven fame, 30 % of the entries corrected.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from events.model import NewEvent
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import FixedClock, corrected, recorded

CATEGORIES = tuple(f"category-{n:02}" for n in range(12))
ACTORS = tuple(f"Actor {n:04}" for n in range(2_000))
TAGS = tuple(f"tag {n:02}" for n in range(60))
PLACES = tuple(f"Place {n:03}" for n in range(300))
RARE_WORD = "zirconium"
COMMON_WORD = "licence"

_WORDS = ("rule", "chip", "launch", "export", "market", "ban", "model", "fair")
_BATCH = 5_000


def events(entries: int, *, seed: int = 1) -> Iterator[NewEvent]:
    """The events of so many entries, each followed by its correction if it has one."""
    dice = random.Random(seed)
    for number in range(entries):
        slug = f"entry-{number:07}"
        words = dice.choices(_WORDS, k=3)
        rare = f" {RARE_WORD}" if number % 50_000 == 17 else ""
        common = f" {COMMON_WORD}" if number % 5 == 0 else ""
        yield recorded(
            slug,
            event_id=f"{slug}.1",
            title=f"{' '.join(words).capitalize()} {number}{rare}",
            occurred=_date(dice),
            said="1900-01-01",
            summary=f"What the {words[0]} means for the {words[1]}.{common}",
            category=dice.choice(CATEGORIES),
            actors=[ACTORS[_uneven(dice, len(ACTORS))] for _ in range(2)],
            places=[PLACES[_uneven(dice, len(PLACES))]],
            tags=dice.sample(TAGS, 2),
            importance=dice.randrange(101),
            sources=[{"url": f"https://example.org/{number}"}],
        )
        if dice.random() < 0.3:
            yield corrected(
                slug, event_id=f"{slug}.2", occurred=_date(dice), reason="wrong day"
            )


def make_log(folder: Path, entries: int) -> int:
    """Append the story to a new log in *folder*; the number of its events."""
    log = SqliteEventLog(open_events_db(folder / "events.db"), clock=FixedClock())
    batch: list[NewEvent] = []
    for event in events(entries):
        batch.append(event)
        if len(batch) >= _BATCH:
            log.append(batch)
            batch = []
    if batch:
        log.append(batch)
    head = log.head()
    log.close()
    return head


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
