"""Real readers of the feeds: newsboat, and feedparser over HTTP."""

import calendar
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from tests.servers import Served, serving

pytestmark = pytest.mark.newsboat

RELOAD_S = 60

FEEDS = pytest.mark.parametrize("feed", ["/feed.atom", "/feed.rss"])

_ITEMS = "SELECT guid, title, url, pubDate, unread FROM rss_item"

MOON: dict[str, Any] = {
    "type": "entry-recorded",
    "entry": "moon-landing",
    "data": {
        "title": "Apollo 11 lands on the Moon & returns",
        "occurred": "1969-07-20",
        "summary": "Two people walk on it.",
        "sources": [{"url": "https://news.example/moon"}],
    },
}


class Newsboat:
    """A newsboat with a home of its own that reads one feed.

    One, because it knows an item by its id alone, which both our formats share.
    """

    def __init__(self, home: Path, feed: str) -> None:
        self._home = home
        home.mkdir()
        (home / "urls").write_text(f"{feed}\n")
        (home / "config").touch()

    def reload(self) -> None:
        """Read the feed again."""
        if shutil.which("newsboat") is None:
            pytest.skip("newsboat is missing: apt-get install newsboat")
        options = {
            "--url-file": "urls",
            "--config-file": "config",
            "--cache-file": "cache.db",
            "--execute": "reload",
        }
        run = subprocess.run(
            ["newsboat", *chain.from_iterable(options.items())],
            cwd=self._home,
            env={**os.environ, "HOME": str(self._home), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=RELOAD_S,
        )
        assert run.returncode == 0, run.stdout + run.stderr

    def items(self) -> dict[str, dict[str, Any]]:
        """What it keeps, by id."""
        with closing(sqlite3.connect(self._home / "cache.db")) as cache:
            cache.row_factory = sqlite3.Row
            return {row["guid"]: dict(row) for row in cache.execute(_ITEMS)}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The bundled story, under the address that it calls itself by."""
    with serving(tmp_path / "data") as running:
        yield running


@FEEDS
def test_newsboat_shows_every_entry(served: Served, tmp_path: Path, feed: str) -> None:
    """With the title, id, date and link that the feed gives it."""
    newsboat = Newsboat(tmp_path / "home", served.url + feed)
    told = feedparser.parse(httpx.get(served.url + feed).content).entries

    newsboat.reload()

    assert newsboat.items() == {
        one.id: {
            "guid": one.id,
            "title": one.title,
            "url": one.link,
            "pubDate": calendar.timegm(one.get("published_parsed")),
            "unread": 1,
        }
        for one in told
    }
    titles = {one["title"] for one in newsboat.items().values()}
    assert "The Quark AI Glasses go on sale in China" in titles
    assert len(titles) == 44


@FEEDS
def test_newsboat_finds_what_was_appended_and_keeps_the_rest(
    served: Served, tmp_path: Path, feed: str
) -> None:
    """The old ones under their ids, so that nothing read turns up as new again."""
    newsboat = Newsboat(tmp_path / "home", served.url + feed)
    newsboat.reload()
    before = newsboat.items()

    served.append(MOON)
    newsboat.reload()

    after = newsboat.items()
    (new,) = after.keys() - before.keys()
    assert after[new]["title"] == MOON["data"]["title"]
    assert after[new]["url"] == f"{served.url}/entries/moon-landing"
    assert {guid: after[guid] for guid in before} == before


def test_newsboat_shows_every_change_once(served: Served, tmp_path: Path) -> None:
    """What is said of an entry later is news of its own and alters no old news."""
    newsboat = Newsboat(tmp_path / "home", f"{served.url}/changes.atom")
    served.append(MOON)
    newsboat.reload()
    before = newsboat.items()

    retraction = {"reason": "It was staged."}
    served.append(
        {"type": "entry-retracted", "entry": "moon-landing", "data": retraction}
    )
    newsboat.reload()

    after = newsboat.items()
    (new,) = after.keys() - before.keys()
    title = MOON["data"]["title"]
    assert after[new]["title"] == f"Retracted: {title}: 20 July 1969"
    assert after[new]["url"].startswith(f"{served.url}/entries/moon-landing?as_of=")
    assert {guid: after[guid] for guid in before} == before


@FEEDS
def test_newsboat_reads_an_archive_without_what_was_retracted(
    served: Served, tmp_path: Path, feed: str
) -> None:
    """There it is a tombstone; where it is polled, it says that it was retracted."""
    served.append(MOON)
    served.append(
        {"type": "entry-retracted", "entry": "moon-landing", "data": {"reason": "No."}}
    )
    for number in range(45):
        later = {"title": f"Rocket {number}", "occurred": "2031"}
        served.append({"type": "entry-recorded", "data": later})
    archive = f"{served.url}{feed}?archive=1"
    told = feedparser.parse(httpx.get(archive).content).entries
    assert b"deleted-entry" in httpx.get(archive).content

    of_archive = Newsboat(tmp_path / "archive", archive)
    of_archive.reload()
    polled = Newsboat(tmp_path / "polled", served.url + feed)
    polled.reload()

    titles = {guid: one["title"] for guid, one in of_archive.items().items()}
    assert titles == {one.id: one.title for one in told}
    gone = {guid for guid in polled.items() if guid.endswith("/moon-landing")}
    assert not gone & titles.keys()
    assert [polled.items()[guid]["title"] for guid in gone] == [
        f"Retracted: {MOON['data']['title']}"
    ]


@FEEDS
def test_a_reader_that_asks_again_is_told_that_nothing_changed(
    served: Served, feed: str
) -> None:
    """Until something did."""
    address = served.url + feed

    first = feedparser.parse(address)
    again = feedparser.parse(address, etag=first.etag)
    served.append(MOON)
    changed = feedparser.parse(address, etag=first.etag)

    assert (first.status, bool(first.bozo)) == (200, False)
    assert (again.status, again.entries) == (304, [])
    assert changed.status == 200
    assert changed.etag != first.etag
    assert len(changed.entries) == len(first.entries) + 1
