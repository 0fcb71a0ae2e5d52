"""Two servers and the command line on one data folder."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from events.sqlite import SqliteEventLog, open_events_db
from tests.servers import Served, serving
from timeline.projections import fold

APPENDS = 500

Pair = tuple[Served, Served]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    data = tmp_path / "data"
    with serving(data, "--empty") as one, serving(data, "--empty") as two:
        yield one, two


def append_all(served: Served, token: str, name: str) -> list[int]:
    """Status codes of as many appends, one after another, with a read after each."""
    codes: list[int] = []
    with httpx.Client(
        base_url=served.url, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        for number in range(APPENDS):
            slug = f"{name}-{number // 2}"
            event = (
                {
                    "type": "entry-recorded",
                    "entry": slug,
                    "data": {"title": slug, "occurred": f"20{number % 90 + 10}"},
                }
                if number % 2 == 0
                else {
                    "type": "entry-corrected",
                    "entry": slug,
                    "data": {"changes": {"category": "x"}, "reason": "forgotten"},
                }
            )
            codes.append(client.post("/api/events", json=event).status_code)
            if number % 10 == 0:
                codes.append(client.get("/?limit=5").status_code)
                codes.append(client.get(f"/entries/{slug}").status_code)
    return codes


def all_entries(served: Served) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    path: str | None = "/api/entries?limit=200&order=asc"
    while path:
        page = httpx.get(f"{served.url}{path}").json()
        entries += page["entries"]
        path = page["next"]
    return entries


def rebuild(data: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-c", "from timeline.app import main; main()"),
            *("rebuild", "--data", str(data)),
        ],
        check=True,
        capture_output=True,
    )


def test_two_servers_append_while_the_model_is_rebuilt(pair, tmp_path):
    """No request fails, no position is missing, and both show what a fold shows."""
    one, two = pair
    data = tmp_path / "data"
    with ThreadPoolExecutor(3) as threads:
        runs = [
            threads.submit(append_all, one, one.token, "a"),
            threads.submit(append_all, two, one.token, "b"),
        ]
        rebuilds = 0
        while not all(run.done() for run in runs):
            rebuild(data)
            rebuilds += 1
        codes = [code for run in runs for code in run.result()]

    assert set(codes) == {200, 201}
    assert rebuilds >= 1
    log = SqliteEventLog(open_events_db(data / "events.db"))
    events = log.read(after=0, limit=10 * APPENDS)
    histories = {event.entry: log.entry_events(event.entry) for event in events}
    log.close()
    assert [event.position for event in events] == list(range(1, 2 * APPENDS + 1))
    entries = all_entries(one)
    assert without_address(all_entries(two)) == without_address(entries)
    folded = {entry: fold(history) for entry, history in histories.items()}
    assert {
        (str(entry["id"]), entry["position"], entry["category"]) for entry in entries
    } == {
        (entry.id, entry.position, entry.category)
        for entry in folded.values()
        if entry is not None
    }
    assert len(entries) == len(folded)


def without_address(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    """Each server starts its addresses with its own port."""
    return [{**entry, "url": ""} for entry in entries]


def test_what_one_server_takes_the_other_shows_on_the_next_request(pair):
    one, two = pair
    event = {
        "type": "entry-recorded",
        "entry": "moon",
        "data": {"title": "Moon landing", "occurred": "1969-07-20"},
    }

    posted = httpx.post(
        f"{one.url}/api/events",
        json=event,
        headers={"Authorization": f"Bearer {one.token}"},
    )

    assert posted.status_code == 201
    shown = httpx.get(f"{two.url}/api/entries/moon")
    assert shown.status_code == 200
    assert httpx.get(f"{two.url}/api/entries").json()["position"] == 1
