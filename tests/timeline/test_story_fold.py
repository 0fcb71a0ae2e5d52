"""The stored fold of the bundled story, at every position and on every day."""

import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from events.dates import DAY_S, parse
from tests.builders import FixedClock
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.projections import NEVER, AsOf, Filter, Known
from timeline.schemas import parse_append
from timeline.service import Timeline

STORY = files("events") / "seed" / "story.json"
GOLDEN = Path(__file__).parents[1] / "golden" / "folds" / "story.jsonl"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timeline]:
    """The story as it is after the clock has done what was due."""
    clock = FixedClock()
    timeline = open_timeline(
        Settings(data=tmp_path_factory.mktemp("story")), clock=clock
    )
    wanted, _ = parse_append(STORY.read_bytes())
    timeline.append(wanted, author="Timeline")
    clock.move(days=60)
    while timeline.append_due(upto=clock()):
        pass
    yield timeline
    timeline.close()


def stored(timeline: Timeline) -> list[dict[str, Any]]:
    """Every row of an entry, with when it was shown and when it was known."""
    with timeline.snapshot() as snapshot:
        rows = snapshot._con.execute(
            "SELECT from_position, to_position, from_day, to_day, sort_key, hi_desc,"
            " state, settled, category, importance, due, body FROM entries"
            " ORDER BY from_position < 0, from_position, id"
        )
        names = [column[0] for column in rows.description]
        found = [dict(zip(names, row, strict=True)) for row in rows]
    for row in found:
        row["body"] = json.loads(row["body"])
        for name in ("to_position", "to_day"):
            row[name] = None if row[name] == NEVER else row[name]
    return found


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(
        json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows
    )


def test_the_fold_of_the_story_is_as_approved(story):
    """Read the difference, then renew it: ``UPDATE_GOLDEN=1 pytest`` this file."""
    found = lines(stored(story))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(found, encoding="utf-8")

    assert found == GOLDEN.read_text(encoding="utf-8")


def test_each_position_shows_the_rows_that_hold_there(story):
    rows = [row for row in stored(story) if row["from_position"] > 0]
    for position in range(story.head() + 1):
        expected = {
            (row["body"]["id"], row["body"]["version"], row["state"])
            for row in rows
            if row["from_position"] <= position < (row["to_position"] or NEVER)
        }
        with story.snapshot(AsOf(position)) as snapshot:
            page = snapshot.page(Filter(), order="asc", limit=200)
        found = {(one.id, one.version, str(one.state)) for one in page.entries}
        assert found == expected


@pytest.mark.parametrize(
    ("day", "quark"),
    [
        ("2019-01-01", None),
        ("2022-01-01", None),
        ("2025-08-01", "open"),
        ("2025-12-01", "happened"),
    ],
)
def test_a_day_shows_what_had_been_said_by_then(story, day, quark):
    """The Quark promise stands in August 2025 and is kept in December."""
    with story.snapshot(Known(parse(day).hi // DAY_S)) as snapshot:
        entries = snapshot.page(Filter(), order="asc", limit=200).entries
    states = {entry.id: str(entry.state) for entry in entries}
    told = json.loads(STORY.read_bytes())
    assert states.get("quark-ai-glasses-release") == quark
    assert states.keys() == {
        event["entry"]
        for event in told
        if event["type"] == "entry-recorded" and event["data"]["said"] <= day
    }
