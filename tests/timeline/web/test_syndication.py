"""Feeds over HTTP: addresses, validators, refusals, and what is rendered how often."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from events.model import NewEvent
from events.sqlite import SqliteEventLog, SqliteTokens, open_events_db
from tests.builders import (
    FixedClock,
    corrected,
    recorded,
    retracted,
    revised,
    view_defined,
    view_removed,
)
from timeline.config import Settings
from timeline.feeds import Feed, xml
from timeline.service import Timeline
from timeline.store import ViewStore
from timeline.web.delivery import Rendered
from timeline.web.pages.languages import load_languages
from timeline.web.syndication import KEPT_BYTES, archives, make_syndication

NS = {"a": "http://www.w3.org/2005/Atom"}
FEEDS = pytest.mark.parametrize("feed", ["/feed.atom", "/feed.rss", "/feed.json"])


@dataclass(frozen=True, slots=True)
class Site:
    """A service with its feeds only, over a real log."""

    settings: Settings
    clock: FixedClock
    log: SqliteEventLog
    timeline: Timeline
    client: FlaskClient

    def append(self, *events: NewEvent) -> None:
        """Put into the log, a minute after the last."""
        self.clock.move(seconds=60)
        self.log.append(events)

    def get(self, address: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(address, headers=named)

    def read(self, address: str) -> Any:
        response = self.get(address)
        assert response.status_code == 200
        read = feedparser.parse(response.data)
        assert not read.bozo
        return read

    def json(self, address: str) -> Any:
        response = self.get(address)
        assert response.status_code == 200
        return json.loads(response.data)

    def slugs(self, address: str) -> list[str]:
        """Entries of a feed in order."""
        if ".json" in address:
            items = self.json(address)["items"]
            return [one["id"].rpartition("/")[2] for one in items]
        return [one.id.rpartition("/")[2] for one in self.read(address).entries]


def open_site(settings: Settings, clock: FixedClock) -> Site:
    settings.data.mkdir(exist_ok=True)
    db = open_events_db(settings.data / "events.db", deadline_s=5)
    log = SqliteEventLog(db, tag_authority=settings.authority, clock=clock)
    timeline = Timeline(
        log,
        SqliteTokens(db, clock=clock),
        ViewStore(settings.data),
        settings=settings,
        clock=clock,
    )
    app = Flask("feeds")
    app.register_blueprint(make_syndication(timeline, load_languages("en")))
    return Site(settings, clock, log, timeline, app.test_client())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data",
        base_url="https://timeline.example",
        title="Chips",
        feed_size=3,
    )


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    site = open_site(settings, FixedClock())
    yield site
    site.timeline.close()


# -- which entries -----------------------------------------------------------------


@FEEDS
def test_a_feed_has_the_entries_that_changed_last(
    site: Site, feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are in archives."""
    monkeypatch.setattr(archives, "ARCHIVE_EVENTS", 5)
    for entry in ("one", "two", "three", "four"):
        site.append(recorded(entry))
    site.append(revised("two", title="Two, moved"))

    assert site.slugs(feed) == ["two", "four", "three"]


@FEEDS
def test_an_append_is_in_the_feed_on_the_next_request(site: Site, feed: str) -> None:
    site.append(recorded("one"))
    before = site.get(feed)
    site.append(recorded("two"))
    after = site.get(feed, If_None_Match=before.headers["ETag"])

    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert site.slugs(feed) == ["two", "one"]


@FEEDS
def test_the_filters_of_the_page_are_those_of_the_feed(site: Site, feed: str) -> None:
    site.append(
        recorded("one", category="space", tags=["Moon & stars"]),
        recorded("two", category="space"),
        recorded("three", category="product"),
    )
    assert site.slugs(f"{feed}?category=space") == ["two", "one"]
    assert site.slugs(f"{feed}?tag=moon+%26+stars") == ["one"]
    assert site.slugs(f"{feed}?category=space&category=product&from=2000") == []


@FEEDS
def test_a_view_has_a_feed_of_its_own(site: Site, feed: str) -> None:
    """A filter in the address narrows it further."""
    site.append(
        view_defined("space", filter={"category": ["space"]}, description="Up there."),
        recorded("one", category="space", tags=["moon"]),
        recorded("two", category="space"),
        recorded("three"),
    )
    address = f"/views/space{feed}"

    assert site.slugs(address) == ["two", "one"]
    assert site.slugs(f"{address}?tag=moon") == ["one"]
    assert site.slugs(f"{address}?category=product") == []
    if feed == "/feed.json":
        told = site.json(address)
        assert (told["title"], told["description"]) == ("Space – Chips", "Up there.")
    else:
        read = site.read(address)
        assert read.feed.title == "Space – Chips"
        assert read.feed.subtitle == "Up there."


@FEEDS
def test_an_entry_has_a_feed_of_its_own(site: Site, feed: str) -> None:
    site.append(recorded("one"), recorded("two"))
    site.append(corrected("one", title="The one"))

    address = f"/entries/one{feed}?category=ignored"

    if feed == "/feed.json":
        told = site.json(address)
        assert [one["title"] for one in told["items"]] == ["The one"]
        assert told["title"] == "The one – Chips"
    else:
        read = site.read(address)
        assert [one.title for one in read.entries] == ["The one"]
        assert read.feed.title == "The one – Chips"


def test_a_retracted_entry_stays_and_says_so(site: Site) -> None:
    site.append(recorded("one", title="One"))
    site.append(retracted("one", reason="A hoax."))

    (entry,) = site.read("/feed.atom").entries
    assert entry.title == "Retracted: One"
    assert "A hoax." in entry.content[0].value


def test_a_feed_comes_in_the_language_asked_for(site: Site) -> None:
    site.append(recorded("one", title="One", translations={"it": {"title": "Uno"}}))

    read = site.read("/feed.atom?lang=it")

    assert read.feed.language == "it"
    assert [(one.title, one.link) for one in read.entries] == [
        ("Uno", "https://timeline.example/entries/one?lang=it")
    ]
    assert site.read("/feed.atom").entries[0].title == "One"


# -- addresses ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polled", "address", "page"),
    [
        ("/feed.atom", "/feed.atom", "/"),
        ("/feed.atom?utm=x&order=asc", "/feed.atom", "/"),
        (
            "/feed.atom?tag=b&lang=it&tag=a+%26&category=c&q=",
            "/feed.atom?category=c&tag=b&tag=a+%26&lang=it",
            "/?category=c&tag=b&tag=a+%26&lang=it",
        ),
        ("/views/space/feed.atom", "/views/space/feed.atom", "/views/space"),
        ("/entries/one/feed.atom?tag=x", "/entries/one/feed.atom", "/entries/one"),
    ],
)
def test_a_feed_names_its_own_address_and_its_page(
    site: Site, polled: str, address: str, page: str
) -> None:
    """From the settings, never from the Host header."""
    site.append(view_defined("space"), recorded("one"))

    response = site.get(polled, Host="evil.example")

    root = etree.fromstring(response.data)
    links = {link.get("rel"): link.get("href") for link in root.findall("a:link", NS)}
    assert links == {
        "self": f"https://timeline.example{address}",
        "alternate": f"https://timeline.example{page}",
    }
    assert response.headers["Link"] == (
        f'<https://timeline.example{address}>; rel="self"'
    )
    assert b"evil.example" not in response.data


def test_ids_are_the_same_on_another_host_and_port(
    site: Site, settings: Settings
) -> None:
    """The log's name is made once, whatever the service is called later."""
    site.append(recorded("one", title="One"))
    before = site.read("/feed.atom")
    site.timeline.close()

    moved = replace(settings, base_url=None, port=9000, tag_authority="moved.example")
    again = open_site(moved, FixedClock())
    after = again.read("/feed.atom")
    again.timeline.close()

    assert after.entries[0].link == "http://127.0.0.1:9000/entries/one"
    assert after.entries[0].id == before.entries[0].id
    assert after.feed.id == before.feed.id


def test_no_two_feeds_and_no_entry_share_an_id(site: Site) -> None:
    site.append(view_defined("space"), recorded("one", category="space"))
    reads = [
        site.read(address)
        for address in (
            "/feed.atom",
            "/feed.atom?category=space",
            "/views/space/feed.atom",
            "/entries/one/feed.atom",
        )
    ]
    ids = {read.feed.id for read in reads}
    assert len(ids) == 4
    order = [f"/feed.atom?tag={one}&tag={other}" for one, other in ("ab", "ba")]
    assert len({site.read(address).feed.id for address in order}) == 1
    (entry_id,) = {one.id for read in reads for one in read.entries}
    assert entry_id not in ids


# -- HTTP --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feed", "content_type"),
    [
        ("/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json"),
    ],
)
def test_the_headers_of_a_feed(site: Site, feed: str, content_type: str) -> None:
    response = site.get(feed)

    assert response.headers["Content-Type"] == content_type
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    exposed = response.headers["Access-Control-Expose-Headers"]
    assert {"ETag", "Link"} <= set(exposed.split(", "))
    assert "Set-Cookie" not in response.headers


@FEEDS
@pytest.mark.parametrize(
    "known", ["{}", "W/{}", '"other", {}', 'W/"other" , W/{}', "*"]
)
def test_a_copy_that_is_right_is_not_sent_again(
    site: Site, feed: str, known: str
) -> None:
    """RFC 9110 13.1.2, 15.4.5: compared weakly; the 304 repeats the validator."""
    site.append(recorded("one"))
    first = site.get(feed)
    tag = first.headers["ETag"]

    again = site.get(feed, If_None_Match=known.format(tag))

    assert again.status_code == 304
    assert again.data == b""
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert again.headers[name] == first.headers[name]


@FEEDS
@pytest.mark.parametrize(
    "known",
    ['"other"', "", "nonsense", '"'],
)
def test_any_other_validator_gets_the_feed(site: Site, feed: str, known: str) -> None:
    assert site.get(feed, If_None_Match=known).status_code == 200


@FEEDS
def test_a_reader_with_dates_of_its_own_gets_the_feed(site: Site, feed: str) -> None:
    """FreshRSS makes some up, and Nextcloud News sent the year 1800 (news#2079)."""
    for date in ("Fri, 01 Jan 2100 00:00:00 GMT", "Wed, 01 Jan 1800 00:00:00 GMT", "?"):
        assert site.get(feed, If_Modified_Since=date).status_code == 200


@FEEDS
def test_head_says_what_get_says(site: Site, feed: str) -> None:
    site.append(recorded("one"))
    got, head = site.get(feed), site.client.head(feed)

    assert head.status_code == 200
    assert head.data == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Link"):
        assert head.headers[name] == got.headers[name]


@FEEDS
def test_another_method_is_refused_with_what_is_allowed(site: Site, feed: str) -> None:
    refusal = site.client.post(feed)
    assert refusal.status_code == 405
    assert {"GET", "HEAD", "OPTIONS"} == set(refusal.headers["Allow"].split(", "))


@FEEDS
def test_a_script_elsewhere_may_poll_with_a_validator(site: Site, feed: str) -> None:
    asked = site.client.options(feed)
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert asked.headers["Access-Control-Allow-Headers"] == "If-None-Match"


@FEEDS
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/views/never", 404),
        ("/entries/never", 404),
        ("/entries/view:space", 404),
        ("/views/removed", 410),
    ],
)
@pytest.mark.parametrize("known", [None, "*"])
def test_what_is_not_there_is_refused_whatever_the_reader_knows(
    site: Site, feed: str, path: str, status: int, known: str | None
) -> None:
    """RFC 9110 13.2.1; readers unsubscribe on 410, so it is not said lightly."""
    site.append(view_defined("removed"))
    site.append(view_removed("removed"))
    headers = {} if known is None else {"If_None_Match": known}

    refusal = site.get(path + feed, **headers)

    assert refusal.status_code == status
    assert refusal.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" not in refusal.headers


# -- rendered once -----------------------------------------------------------------


@pytest.fixture
def renderings(monkeypatch: pytest.MonkeyPatch) -> Sequence[Feed]:
    """Each feed that was rendered, in order."""
    made: list[Feed] = []
    original = xml._generator

    def counting(feed: Feed, media_type: str) -> Any:
        made.append(feed)
        return original(feed, media_type)

    monkeypatch.setattr(xml, "_generator", counting)
    return made


def test_a_feed_is_rendered_once_at_each_position(
    site: Site, renderings: Sequence[Feed]
) -> None:
    site.append(recorded("one"))
    first = site.get("/feed.atom")
    again = site.get("/feed.atom?utm_source=x")
    assert again.data == first.data
    assert len(renderings) == 1

    site.append(recorded("two"))
    assert site.get("/feed.atom").data != first.data
    site.get("/feed.atom")
    assert len(renderings) == 2


def test_a_copy_that_is_right_costs_no_rendering(
    site: Site, renderings: Sequence[Feed]
) -> None:
    tag = site.timeline.tag()
    assert site.get("/feed.atom", If_None_Match=f'"{tag}"').status_code == 304
    assert not renderings


def test_many_at_once_wait_for_one_rendering(
    site: Site, renderings: Sequence[Feed]
) -> None:
    site.append(*[recorded(f"entry-{number}") for number in range(20)])
    app = site.client.application

    def poll(_: int) -> bytes:
        body: bytes = app.test_client().get("/feed.rss").data
        return body

    with ThreadPoolExecutor(8) as readers:
        bodies = set(readers.map(poll, range(24)))

    assert len(bodies) == 1
    assert len(renderings) == 1


def test_renderings_take_no_more_than_their_share_of_memory() -> None:
    kept = Rendered(limit_bytes=10)
    made: list[str] = []

    def render(address: str, size: int = 4, position: int = 1) -> bytes:
        def body() -> bytes:
            made.append(address)
            return b"x" * size

        return kept.get(address, position, body)

    for address in ("a", "b", "a", "c", "a", "b"):
        assert render(address) == b"xxxx"
    assert made == ["a", "b", "c", "b"]  # "a" was used last when "c" came

    assert len(render("huge", size=11)) == 11
    render("a", size=2, position=2)
    render("a", size=3, position=2)
    assert made[4:] == ["huge", "a"]
    assert KEPT_BYTES < 100_000_000


def test_feeds_are_dated_by_the_log_alone(site: Site) -> None:
    """The clock going on changes nothing: polls are byte for byte the same."""
    empty = site.get("/feed.atom")
    assert b"<updated>2026-11-23T00:00:00+00:00</updated>" in empty.data

    site.append(recorded("one"))
    first = site.get("/feed.rss")
    site.clock.move(days=400)
    assert site.get("/feed.rss").data == first.data
    assert b"Mon, 23 Nov 2026 12:01:00 +0000" in first.data
