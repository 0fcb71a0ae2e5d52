"""Archives of feeds: what they hold, that they stay, and that nothing is missing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import feedparser
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import etree

from events.model import NewEvent, RecordedEvent
from tests.builders import (
    FixedClock,
    corrected,
    recorded,
    retracted,
    revised,
    view_defined,
    view_removed,
    window_opened,
)
from tests.timeline.test_moments import stories
from tests.timeline.web.test_syndication import Site, open_site
from timeline.app import create_app
from timeline.config import Settings
from timeline.projections import Entry, Filter, State, fold
from timeline.schemas import parse_query
from timeline.web.syndication import archives

FORMATS = ("atom", "rss", "json")
SITE = "https://timeline.example"
NS = {
    "a": "http://www.w3.org/2005/Atom",
    "fh": "http://purl.org/syndication/history/1.0",
    "at": "http://purl.org/atompub/tombstones/1.0",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What any format says of a feed."""

    items: Mapping[str, tuple[str, datetime]]
    deleted: Mapping[str, tuple[datetime, str]]
    updated: datetime
    links: Mapping[str, str]
    archived: bool


def read(body: bytes, form: str) -> Document:
    if form == "json":
        return read_json(json.loads(body))
    root: Any = etree.fromstring(body)
    channel = root if form == "atom" else root[0]
    link = channel.findall("a:link", NS)
    if form == "atom":
        updated = channel.findtext("a:updated", namespaces=NS)
        items = [
            [one.findtext(f"a:{name}", namespaces=NS) for name in ITEM]
            for one in channel.findall("a:entry", NS)
        ]
    else:
        updated = feed_date(channel.findtext("lastBuildDate"))
        items = [
            [
                one.findtext("guid"),
                one.findtext("title"),
                one.findtext("a:updated", namespaces=NS),
            ]
            for one in channel.findall("item")
        ]
    ids = [one[0] for one in items]
    assert len({*ids}) == len(ids)
    return Document(
        {one: (title, at(moved)) for one, title, moved in items},
        {
            one.get("ref"): (at(one.get("when")), one.findtext("at:comment", "", NS))
            for one in channel.findall("at:deleted-entry", NS)
        },
        at(updated),
        {one.get("rel"): one.get("href").removeprefix(SITE) for one in link},
        channel.find("fh:archive", NS) is not None,
    )


ITEM = ("id", "title", "updated")


def read_json(feed: dict[str, Any]) -> Document:
    links = {"self": feed["feed_url"]}
    if "next_url" in feed:
        links["prev-archive"] = feed["next_url"]
    ours = feed["_timeline"]
    if "current_url" in ours:
        links["current"] = ours["current_url"]
    return Document(
        {one["id"]: (one["title"], at(one["date_modified"])) for one in feed["items"]},
        {one["id"]: (at(one["when"]), one["why"]) for one in ours.get("deleted", ())},
        at(ours["updated"]),
        {rel: href.removeprefix(SITE) for rel, href in links.items()},
        ours.get("archive", False),
    )


def at(text: str | None) -> datetime:
    return datetime.fromisoformat(text or "")


def feed_date(text: str | None) -> str:
    return datetime.strptime(text or "", "%a, %d %b %Y %H:%M:%S %z").isoformat()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", base_url=SITE, title="Chips", feed_size=2)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    site = open_site(settings, FixedClock())
    yield site
    site.timeline.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives of four events."""
    monkeypatch.setattr(archives, "ARCHIVE_EVENTS", 4)


def document(site: Site, address: str) -> Document:
    response = site.get(address)
    assert response.status_code == 200, (address, response.data)
    form = address.partition("?")[0].rpartition(".")[2]
    found = read(response.data, form)
    assert found.items.keys().isdisjoint(found.deleted)
    assert found.archived == ("archive=" in address)
    return found


def chain(site: Site, address: str) -> list[Document]:
    """The documents that the polled one leads to, the oldest first; itself at last."""
    polled = found = document(site, address)
    documents = [found]
    while older := found.links.get("prev-archive"):
        found = document(site, older)
        assert found.links["self"] == older
        assert found.links["current"] == polled.links["self"]
        assert "next-archive" not in found.links
        documents.insert(0, found)
    return documents


def together(documents: Sequence[Document]) -> dict[str, tuple[str, datetime]]:
    """The items of a whole feed by slug: the newest document tells."""
    held: dict[str, tuple[str, datetime]] = {}
    for one in documents:
        held |= one.items
        for gone in one.deleted:
            held.pop(gone, None)
    return {slug(one): item for one, item in held.items()}


def slug(item_id: str) -> str:
    return item_id.rpartition("/")[2]


def slugs(found: Mapping[str, object]) -> list[str]:
    return [slug(one) for one in found]


# -- what an archive holds -----------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.usefixtures("short")
def test_an_archive_holds_what_changed_last_in_its_events(
    site: Site, form: str
) -> None:
    """In the state after the last of them, whatever became of it since."""
    site.append(recorded("one"), recorded("two"), recorded("three"), recorded("four"))
    site.append(revised("two", title="Two, later"), recorded("five"))
    site.append(revised("two", title="Two, moved"), revised("three", tags=["x"]))
    site.append(recorded("six"))

    first, second, polled = chain(site, f"/feed.{form}")

    assert slugs(first.items) == ["four", "three", "two", "one"]
    assert [title for title, _ in first.items.values()][2] == "Two"
    assert slugs(second.items) == ["two", "five"]
    assert next(title for title, _ in second.items.values()) == "Two, moved"
    assert slugs(polled.items) == ["six", "two"]
    assert {
        "self": f"/feed.{form}?archive=2",
        "current": f"/feed.{form}",
        "prev-archive": f"/feed.{form}?archive=1",
    }.items() <= second.links.items()
    assert "prev-archive" not in first.links
    assert second.updated == max(moved for _, moved in second.items.values())


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.usefixtures("short")
def test_what_was_retracted_is_a_tombstone_in_an_archive_and_an_item_where_it_is_news(
    site: Site, form: str
) -> None:
    """RFC 6721; few readers act on it, so whoever polls reads it as well."""
    site.append(recorded("one", title="One"), recorded("two"))
    site.append(retracted("one", reason="A hoax."))
    (polled,) = chain(site, f"/feed.{form}")
    assert [title for title, _ in polled.items.values()] == ["Retracted: One", "Two"]
    assert not polled.deleted

    gone_at = site.clock.now
    site.append(revised("two", title="The second"))
    archive, polled = chain(site, f"/feed.{form}")

    assert slugs(archive.items) == ["two"]
    ((gone, told),) = archive.deleted.items()
    assert slug(gone) == "one"
    assert told == (gone_at, "A hoax.")
    assert "Retracted: One" in [title for title, _ in polled.items.values()]
    assert archive.updated == site.clock.now


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.usefixtures("short")
def test_what_left_a_filter_is_a_tombstone(site: Site, form: str) -> None:
    """Also before an archive takes it over, or who polls would keep it for good."""
    address = f"/feed.{form}?tag=glasses"
    site.append(recorded("one", tags=["glasses"]), recorded("two", tags=["glasses"]))
    site.append(recorded("three"), recorded("four"))
    site.append(revised("one", tags=[]))
    left_at = site.clock.now

    first, polled = chain(site, address)
    assert slugs(first.items) == ["two", "one"]
    assert slugs(polled.items) == ["two"]
    assert [(slug(one), when) for one, (when, _) in polled.deleted.items()] == [
        ("one", left_at)
    ]
    assert polled.updated == left_at

    site.append(recorded("five"), recorded("six"))
    site.append(revised("three", tags=["glasses"]))
    _, second, again = chain(site, address)
    assert slugs(second.deleted) == ["one"]
    assert slugs(second.items) == ["three"]
    assert not again.deleted
    assert again.updated >= polled.updated
    assert [why for _, why in second.deleted.values()] == [
        "It is not among the entries of this feed any more."
    ]
    italian = document(site, f"{address}&lang=it&archive=2")
    assert [why for _, why in italian.deleted.values()] == [
        "Non è più tra le voci di questo feed."
    ]


@pytest.mark.usefixtures("short")
def test_what_is_no_news_moves_no_entry_into_an_archive(site: Site) -> None:
    site.append(recorded("one"), recorded("two"), recorded("three", occurred="2027"))
    site.append(recorded("four"))
    site.append(revised("one", tags=["x"]), revised("two", importance=7))
    site.append(window_opened("three", bound="2027-01-01"), recorded("five"))

    _, second, _ = chain(site, "/feed.atom")

    assert slugs(second.items) == ["five"]
    assert not second.deleted


@pytest.mark.usefixtures("short")
def test_what_is_polled_has_all_that_is_in_no_archive_yet(site: Site) -> None:
    """However few entries a feed has otherwise."""
    site.append(*[recorded(f"entry-{number}") for number in range(7)])

    assert slugs(document(site, "/feed.atom").items) == [
        "entry-6",
        "entry-5",
        "entry-4",
    ]
    site.append(recorded("entry-7"))
    assert slugs(document(site, "/feed.atom").items) == ["entry-7", "entry-6"]


@pytest.mark.usefixtures("short")
def test_archives_of_a_view_are_those_of_its_definition(site: Site) -> None:
    """A view over what was there before, and one that was defined anew."""
    site.append(recorded("one", category="space"), recorded("two", category="product"))
    site.append(recorded("three"), recorded("four"), recorded("five"))
    site.append(view_defined("some", filter={"category": ["space"]}, title="Space"))
    earlier = document(site, "/views/some/feed.atom").links["prev-archive"]
    assert earlier == "/views/some/feed.atom?archive=1&defined=6"
    before = site.get(earlier).data
    assert slugs(read(before, "atom").items) == ["one"]
    assert site.get("/views/some/feed.atom?archive=1").status_code == 404

    site.append(view_defined("some", filter={"category": ["product"]}))
    site.append(recorded("six", category="product"))
    documents = chain(site, "/views/some/feed.atom")

    assert [slugs(one.items) for one in documents] == [["two"], ["six"], ["six", "two"]]
    assert site.get(earlier).data == before
    by_then = document(site, "/views/some/feed.atom?archive=2")
    assert by_then.links["self"] == "/views/some/feed.atom?archive=2&defined=7"
    assert slugs(by_then.items) == ["six"]
    for wrong in (5, 8, 99):
        refusal = site.get(f"/views/some/feed.atom?archive=1&defined={wrong}")
        assert refusal.status_code == 404

    site.append(view_removed("some"))
    assert site.get("/views/some/feed.atom").status_code == 410
    assert site.get(earlier).data == before


@pytest.mark.usefixtures("short")
def test_the_archives_of_an_entry_are_those_with_its_events(site: Site) -> None:
    """An old log has thousands of others."""
    site.append(*[recorded(f"entry-{number}") for number in range(4)])
    site.append(*[recorded(f"other-{number}") for number in range(4)])
    site.append(retracted("entry-1", reason="A hoax."))
    site.append(*[recorded(f"more-{number}") for number in range(4)])

    first, third, polled = chain(site, "/entries/entry-1/feed.json")

    assert [slugs(one.items) for one in (first, third, polled)] == [
        ["entry-1"],
        [],
        ["entry-1"],
    ]
    assert slugs(third.deleted) == ["entry-1"]
    assert "Retracted: Entry 1" in str(polled.items)


# -- addresses, refusals and freshness -------------------------------------------------


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("feed", ["/feed.atom", "/feed.rss", "/feed.json"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("archive=1", 200),
        ("archive=", 200),  # as in a form that was not filled in
        ("archive=2", 404),
        ("archive=99999999999", 404),
        ("archive=0", 400),
        ("archive=-1", 400),
        ("archive=one", 400),
        ("archive=1.0", 400),
        ("archive=1&archive=2", 400),
        ("archive=1&as_of=4", 400),
        ("archive=1&known=2026", 400),
        ("archive=1&defined=x", 400),
    ],
)
def test_an_archive_is_refused_until_it_is_complete(
    site: Site, feed: str, query: str, status: int
) -> None:
    site.append(*[recorded(f"entry-{number}") for number in range(7)])
    client = create_app(timeline=site.timeline).test_client()

    response = client.get(f"{feed}?{query}")

    assert response.status_code == status
    if status != 200:
        assert "ETag" not in response.headers


def test_an_archive_has_a_hundred_events(site: Site) -> None:
    site.append(*[recorded(f"entry-{number}") for number in range(200)])

    first, second, polled = chain(site, "/feed.json")

    assert slugs(second.items) == [f"entry-{number}" for number in range(199, 99, -1)]
    assert len(first.items) == 100
    assert len(polled.items) == 2


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "feed", ["/feed.atom", "/feed.rss", "/feed.json", "/changes.atom"]
)
def test_an_archive_keeps_for_a_day_and_its_validator_for_good(
    site: Site, feed: str
) -> None:
    site.append(*[recorded(f"entry-{number}") for number in range(4)])
    first = site.get(f"{feed}?archive=1")
    site.append(revised("entry-1", title="Other"), recorded("more"))
    again = site.get(f"{feed}?archive=1", If_None_Match=first.headers["ETag"])

    assert first.headers["Cache-Control"] == "public, max-age=86400"
    assert again.status_code == 304
    assert site.get(f"{feed}?archive=1").data == first.data


@pytest.mark.usefixtures("short")
def test_a_feed_at_a_position_leads_to_the_archives_of_its_time(site: Site) -> None:
    """What was known on a day has none: it may have been said in any order."""
    site.append(*[recorded(f"entry-{number}") for number in range(9)])

    then = document(site, "/feed.atom?as_of=7")

    assert then.links["prev-archive"] == "/feed.atom?archive=1"
    assert slugs(then.items) == ["entry-6", "entry-5", "entry-4"]
    assert "prev-archive" not in document(site, "/feed.atom?known=2026-12-01").links


@pytest.mark.usefixtures("short")
def test_readers_of_rss_and_atom_take_an_archive_for_a_feed(site: Site) -> None:
    site.append(*[recorded(f"entry-{number}") for number in range(3)])
    site.append(retracted("entry-1"))
    for form in ("atom", "rss"):
        found = feedparser.parse(site.get(f"/feed.{form}?archive=1").data)
        assert not found.bozo
        assert [slug(one.id) for one in found.entries] == ["entry-2", "entry-0"]


# -- the feed of changes ---------------------------------------------------------------


@pytest.mark.usefixtures("short")
def test_the_changes_have_archives_too(site: Site) -> None:
    """Every event once in all of them and what is polled, but for the newest."""
    site.append(recorded("one"), view_defined("space"), revised("one", title="New"))
    site.append(recorded("two"), retracted("two"), recorded("three"))
    site.append(recorded("four"), recorded("five"), recorded("six"))

    documents = chain(site, "/changes.atom")
    assert [slugs(one.items) for one in documents] == [
        ["4", "3", "2", "1"],
        ["8", "7", "6", "5"],
        ["9", "8"],
    ]
    italian = chain(site, "/changes.atom?lang=it")
    assert [one.links["self"] for one in italian] == [
        "/changes.atom?lang=it&archive=1",
        "/changes.atom?lang=it&archive=2",
        "/changes.atom?lang=it",
    ]
    before = site.get("/changes.atom?archive=2").data
    site.append(revised("four", title="Fourth"))
    assert site.get("/changes.atom?archive=2").data == before
    site.append(recorded("seven"))
    assert slugs(document(site, "/changes.atom").items) == ["11", "10", "9"]
    client = create_app(timeline=site.timeline).test_client()
    for query, status in (
        ("archive=3", 404),
        ("archive=x", 400),
        ("archive=1&as_of=4", 400),
    ):
        assert client.get(f"/changes.atom?{query}").status_code == status


# -- for any history -----------------------------------------------------------------


QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"category": "x"},
    {"actor": "Nvidia"},
    {"state": "happened"},
    {"q": "chips"},
    {"from": "2025"},
    {"state": "retracted"},
)
QUIET = hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def wanted_now(site: Site, query: Mapping[str, str]) -> dict[str, Entry]:
    """The entries that a feed is of, folded from the log."""
    told: dict[str, list[RecordedEvent]] = {}
    for event in site.log.read(after=0, limit=1_000):
        told.setdefault(event.entry, []).append(event)
    wanted: Filter = parse_query(query.items()).filter
    found = (fold(events) for events in told.values())
    return {one.id: one for one in found if one is not None and wanted.matches(one)}


@QUIET
@given(
    events=stories(),
    size=st.integers(1, 6),
    query=st.sampled_from(QUERIES),
    form=st.sampled_from(FORMATS),
)
def test_archives_and_what_is_polled_hold_every_entry_as_it_last_was(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    events: list[NewEvent],
    size: int,
    query: Mapping[str, str],
    form: str,
) -> None:
    monkeypatch.setattr(archives, "ARCHIVE_EVENTS", size)
    folder = tmp_path_factory.mktemp("site")
    site = open_site(Settings(data=folder, base_url=SITE, feed_size=2), FixedClock())
    try:
        for event in events:
            site.append(event)
        documents = chain(site, f"/feed.{form}?{urlencode(query)}")
        expected = wanted_now(site, query)
    finally:
        site.timeline.close()

    assert len(documents) == len(events) // size + 1
    held = together(documents)
    retractions = {
        name for name, one in expected.items() if one.state is State.RETRACTED
    }
    assert expected.keys() - retractions <= held.keys() <= expected.keys()
    for name, (title, updated) in held.items():
        assert updated == expected[name].updated_at
        assert title.endswith(expected[name].title)
    for archive in documents[:-1]:
        assert not [one for one in archive.items.values() if "Retracted" in one[0]]
    # Who polled before any of this knows what is gone: by a tombstone or by words.
    seen = {slug(one) for each in documents for one in each.items}
    gone = {slug(one) for each in documents for one in each.deleted}
    assert seen - held.keys() <= gone


@QUIET
@given(
    events=stories(),
    cut=st.integers(1, 18),
    size=st.integers(1, 4),
    query=st.sampled_from(QUERIES),
    form=st.sampled_from(FORMATS),
)
def test_a_complete_archive_stays_byte_for_byte_what_it_is(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    events: list[NewEvent],
    cut: int,
    size: int,
    query: Mapping[str, str],
    form: str,
) -> None:
    """Whatever is appended, and for another process."""
    monkeypatch.setattr(archives, "ARCHIVE_EVENTS", size)
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(data=folder, base_url=SITE, feed_size=2)
    clock = FixedClock()
    begun = min(cut, len(events))
    paths = (
        f"/feed.{form}",
        f"/entries/{events[0].entry}/feed.{form}",
        "/views/late/feed.atom",
        "/changes.atom",
    )
    addresses = [
        f"{path}?{urlencode({**query, 'archive': number})}"
        for path in paths
        for number in range(1, begun // size + 1)
    ]

    def all_of(site: Site, addresses: Sequence[str]) -> dict[str, bytes]:
        found = {address: site.get(address) for address in addresses}
        return {
            one: each.data for one, each in found.items() if each.status_code == 200
        }

    site = open_site(settings, clock)
    try:
        site.append(view_defined("late", filter={"category": ["x", "y"]}))
        for event in events[: begun - 1]:
            site.append(event)
        before = all_of(site, addresses)  # an entry may not be there yet
        for event in events[begun - 1 :]:
            site.append(event)
        site.append(view_defined("late", filter={"category": ["x"]}))
        assert all_of(site, [*before]) == before
    finally:
        site.timeline.close()
    again = open_site(settings, clock)
    try:
        assert all_of(again, [*before]) == before
    finally:
        again.timeline.close()


# -- step by step --------------------------------------------------------------------


@pytest.mark.usefixtures("short")
def test_a_feed_through_its_history(site: Site, settings: Settings) -> None:
    """Ids, dates, order, validators and tombstones, and what a restart leaves alone."""
    clock = site.clock
    tags: list[str] = []
    ids: dict[str, str] = {}
    updated: list[datetime] = []

    def step(*events: NewEvent) -> Document:
        """What is polled right after; the copy from before is not right any more."""
        site.append(*events)
        if tags:
            fresh = site.get("/feed.atom", If_None_Match=f'"{tags[-1]}"')
            assert fresh.status_code == 200
        response = site.get("/feed.atom")
        tags.append(response.headers["ETag"].strip('"'))
        known = site.get("/feed.atom", If_None_Match=response.headers["ETag"])
        assert known.status_code == 304
        found = document(site, "/feed.atom")
        for one in [*found.items, *found.deleted]:
            assert ids.setdefault(slug(one), one) == one
        dates = [moved for _, moved in found.items.values()]
        assert dates == sorted(dates, reverse=True)
        assert found.updated == max(dates)
        updated.append(found.updated)
        return found

    def titles(found: Document) -> list[str]:
        return [title for title, _ in found.items.values()]

    first = step(recorded("one", title="One"))
    begun = clock.now
    assert titles(first) == ["One"]
    assert titles(step(recorded("two", title="Two"))) == ["Two", "One"]
    assert titles(step(corrected("one", title="The one"))) == ["The one", "Two"]
    assert titles(step(revised("two", occurred="1969-07-22"))) == ["Two", "The one"]
    same = step(revised("one", tags=["x"], importance=90))
    assert titles(same) == ["Two", "The one"]
    assert updated[-1] == updated[-2]
    gone = step(retracted("two", reason="A hoax."))
    assert titles(gone) == ["Retracted: Two", "The one"]
    step(recorded("three", title="Three"))
    last = step(recorded("four", title="Four"))
    assert titles(last) == ["Four", "Three"]
    assert last.links["prev-archive"] == "/feed.atom?archive=2"
    assert slugs(document(site, "/feed.atom?archive=1").items) == ["two", "one"]
    second = document(site, "/feed.atom?archive=2")
    assert slugs(second.items) == ["four", "three"]
    assert [why for _, why in second.deleted.values()] == ["A hoax."]
    assert len({*tags}) == len(tags)
    assert updated == sorted(updated)

    addresses = ["/feed.atom", "/feed.atom?archive=1", "/feed.atom?archive=2"]
    addresses += ["/entries/one/feed.json", "/feed.rss", "/feed.json", "/changes.atom"]
    before = [site.get(address) for address in addresses]
    site.timeline.close()
    clock.move(days=40)
    again = open_site(settings, clock)
    try:
        after = [again.get(address) for address in addresses]
        assert [one.data for one in after] == [one.data for one in before]
        tags_of = [[one.headers["ETag"] for one in each] for each in (before, after)]
        assert tags_of[0] == tags_of[1]
        (item,) = json.loads(after[3].data)["items"]
        assert at(item["date_published"]) == begun
        assert item["id"] == ids["one"]
    finally:
        again.timeline.close()
