"""Real feed readers, and what they were told when they asked: sfeed, rss2email, reader.

newsboat, the fourth, has tests of its own: of the four it alone asks without a
validator when it is started anew (newsboat/newsboat#2734).
"""

import email
import email.policy
import os
import shutil
import subprocess
from calendar import timegm
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest

from tests.wire import Wire, wired

pytestmark = pytest.mark.readers

RUN_S = 60

ATOM_AND_RSS = pytest.mark.parametrize(
    "feed",
    [
        "/feed.atom",
        "/feed.rss",
        "/feed.rss?lang=it",
        "/feed.atom?category=rockets",
        "/feed.atom?archive=1",
        "/feed.rss?archive=1",
        "/changes.atom",
        "/views/rockets/feed.atom",
        "/entries/rocket-3/feed.rss",
    ],
)

ROCKETS: list[dict[str, Any]] = [
    {
        "type": "view-defined",
        "data": {
            "name": "rockets",
            "title": "Rockets & more",
            "filter": {"category": ["rockets"]},
        },
    },
    *(
        {
            "type": "entry-recorded",
            "entry": f"rocket-{number}",
            "data": {
                "title": f"Rocket {number} & its payload – 灯",
                "occurred": f"2031-{number % 12 + 1:02}",
                "category": "rockets",
                "sources": [{"url": "https://news.example/?a=1&b=2"}],
            },
        }
        for number in range(60)
    ),
]


def retraction(entry: str) -> dict[str, Any]:
    return {"type": "entry-retracted", "entry": entry, "data": {"reason": "A hoax."}}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The bundled story and so much more that the first archive is there.

    Of all tests: what one appends does not matter to the others.
    """
    with wired(tmp_path_factory.mktemp("wire") / "data") as running:
        running.served.append(*ROCKETS[:20], retraction("rocket-1"), *ROCKETS[20:])
        yield running


def told(wire: Wire, feed: str) -> list[Any]:
    """The entries of *feed*, read by feedparser; not counted as a poll."""
    parsed = feedparser.parse(httpx.get(wire.served.url + feed).content)
    assert not parsed.bozo
    assert parsed.entries
    wire.statuses(feed)
    return list(parsed.entries)


def run(home: Path, *command: str) -> None:
    """Run *command* with a home of its own."""
    if shutil.which(command[0]) is None:
        package = {"sfeed_update": "sfeed", "r2e": "rss2email"}[command[0]]
        pytest.skip(f"{command[0]} is missing: apt-get install {package}")
    done = subprocess.run(
        command,
        cwd=home,
        env={
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "XDG_DATA_HOME": str(home),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stderr.lower(), done.stderr


# -- sfeed ---------------------------------------------------------------------------


class Sfeed:
    """An sfeed that asks as its manual says one should, by curl and with an ETag."""

    def __init__(self, home: Path, address: str) -> None:
        self._home = home
        (home / "etags").mkdir(parents=True)
        (home / "sfeedrc").write_text(
            f"""
            sfeedpath="{home}/feeds"
            fetch() {{
                etag="{home}/etags/$1"
                curl -L --max-redirs 0 -f -s -m 15 --compressed \\
                    --etag-save "$etag" --etag-compare "$etag" -z "$etag" "$2"
            }}
            feeds() {{
                feed timeline "{address}"
            }}
            """
        )

    def update(self) -> None:
        run(self._home, "sfeed_update", "sfeedrc")

    def items(self) -> set[tuple[str, str, str, int]]:
        """Id, title, address and time of all that it keeps."""
        lines = (self._home / "feeds" / "timeline").read_text().splitlines()
        rows = (line.split("\t") for line in lines)
        return {(row[5], row[1], row[2], int(row[0])) for row in rows}


@ATOM_AND_RSS
def test_sfeed_keeps_every_entry_and_fetches_it_once(
    wire: Wire, tmp_path: Path, feed: str
) -> None:
    sfeed = Sfeed(tmp_path / "home", wire.served.url + feed)
    expected = {
        (one.id, one.title, one.link, timegm(one.published_parsed))
        for one in told(wire, feed)
    }

    sfeed.update()
    first = sfeed.items()
    sfeed.update()

    assert first == expected
    assert sfeed.items() == first
    assert wire.statuses(feed) == [200, 304]


# -- rss2email -----------------------------------------------------------------------


class Rss2Email:
    """An rss2email that puts what is new into a folder of mails."""

    def __init__(self, home: Path, address: str) -> None:
        self._home = home
        (home / "mail").mkdir(parents=True)
        (home / "rss2email.cfg").write_text(
            f"""
[DEFAULT]
from = timeline@example.org
to = reader@example.org
email-protocol = maildir
maildir-path = {home}/mail
maildir-mailbox = inbox
date-header = True
date-header-order = issued, modified

[feed.timeline]
url = {address}
"""
        )

    def run(self) -> list[email.message.EmailMessage]:
        """Ask once; the mails that this brought."""
        run(self._home, "r2e", "-c", "rss2email.cfg", "-d", "seen.json", "run")
        files = [one for one in (self._home / "mail").rglob("*") if one.is_file()]
        mails = [
            email.message_from_bytes(one.read_bytes(), policy=email.policy.default)
            for one in files
        ]
        for one in files:
            one.unlink()
        return mails


@ATOM_AND_RSS
def test_rss2email_mails_what_is_new_once(
    wire: Wire, tmp_path: Path, feed: str
) -> None:
    r2e = Rss2Email(tmp_path / "home", wire.served.url + feed)
    expected = sorted(
        (one.title, timegm(one.published_parsed)) for one in told(wire, feed)
    )

    first = r2e.run()
    again = r2e.run()

    assert (
        sorted(
            (mail["Subject"], int(mail["Date"].datetime.timestamp())) for mail in first
        )
        == expected
    )
    assert again == []
    assert wire.statuses(feed) == [200, 304]


@pytest.mark.parametrize("feed", ["/feed.atom", "/feed.rss"])
def test_rss2email_mails_what_is_appended_later(
    wire: Wire, tmp_path: Path, feed: str
) -> None:
    r2e = Rss2Email(tmp_path / "home", wire.served.url + feed)
    r2e.run()

    happened = {"title": "Apollo 11 lands", "occurred": "1969-07-20"}
    entry = f"moon-in-{feed.rpartition('.')[2]}"
    wire.served.append({"type": "entry-recorded", "entry": entry, "data": happened})
    (mail,) = r2e.run()

    assert mail["Subject"] == "Apollo 11 lands"
    body = mail.get_body()
    assert body is not None
    assert "20 July 1969" in body.get_content()
    assert f"{wire.served.url}/entries/{entry}" in body.get_content()


# -- reader --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "feed",
    [
        "/feed.atom",
        "/feed.rss",
        "/feed.json",
        "/feed.json?lang=it",
        "/feed.json?archive=1",
        "/feed.json?category=rockets",
        "/views/rockets/feed.json",
        "/entries/rocket-3/feed.json",
        "/changes.atom",
    ],
)
def test_reader_keeps_every_entry_and_fetches_it_once(wire: Wire, feed: str) -> None:
    """Also in JSON Feed, which the others do not read."""
    library = pytest.importorskip("reader", reason="pip install reader sgmllib3k")
    address = wire.served.url + feed
    expected = {
        (
            one.id,
            one.title,
            one.link,
            datetime.fromtimestamp(timegm(one.published_parsed), UTC),
        )
        for one in told(wire, feed.replace(".json", ".atom"))
    }
    with closing(library.make_reader(":memory:")) as reader:
        reader.add_feed(address)

        first = reader.update_feed(address)
        again = reader.update_feed(address)

        assert (first.new, again) == (len(expected), None)
        assert {
            (one.id, one.title, one.link, one.published.replace(microsecond=0))
            for one in reader.get_entries()
        } == expected
        assert reader.get_feed(address).last_exception is None
    assert wire.statuses(feed) == [200, 304]
