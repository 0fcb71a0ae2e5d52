"""Feeds as bytes: what they say, what they hold to, and what readers make of them.

After a wanted change of the golden files: ``UPDATE_GOLDEN=1 pytest tests/timeline/
test_feeds.py``, and read the difference.
"""

import json
import locale
import os
import subprocess
import sys
from calendar import timegm
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from events.model import NewEvent, RecordedEvent
from tests.builders import (
    IDENTITY,
    NOON,
    cancelled,
    corrected,
    fulfilled,
    history,
    postponed,
    recorded,
    retracted,
    revised,
)
from tests.timeline.test_moments import stories
from timeline.feeds import (
    Deleted,
    Feed,
    entry_id,
    feed_id,
    made_on,
    make_feed,
    render_atom,
    render_json,
    render_rss,
    summary_html,
    text,
    web_address,
    xml_text,
)
from timeline.projections import Entry, Media, Source, State, Translation, fold
from timeline.tellings import dump_date

GOLDEN = Path(__file__).parents[1] / "golden" / "feeds"

NS = {"a": "http://www.w3.org/2005/Atom"}
RENDERINGS = pytest.mark.parametrize("render", [render_atom, render_rss])
Render = Callable[[Feed], bytes]


# -- making them ----------------------------------------------------------------------


def told(*events: NewEvent, begin: datetime = NOON) -> list[RecordedEvent]:
    """The history of one entry, an hour between its events and before the first."""
    return history(*events, start=begin + timedelta(hours=1))


def entry_of(*events: NewEvent, begin: datetime = NOON) -> Entry:
    entry = fold(told(*events, begin=begin))
    assert entry is not None
    return entry


def feed_of(
    *entries: Entry,
    lang: str = "en",
    origin: str = "https://timeline.example",
    name: str = "feed.atom",
) -> Feed:
    return make_feed(
        entries,
        identity=IDENTITY,
        id=feed_id(IDENTITY, "timeline"),
        title="Chips & glasses",
        subtitle="",
        author="Chips & glasses",
        self_url=f"{origin}/{name}",
        page_url=f"{origin}/",
        entry_url=lambda entry: f"{origin}/entries/{entry}",
        lang=lang,
        site_lang="en",
        since=made_on(IDENTITY),
    )


def archive_of(*entries: Entry, name: str = "feed.atom") -> Feed:
    """What stands in the second archive; the licence has left the feed."""
    address = f"https://timeline.example/{name}"
    made = make_feed(
        [entry for entry in entries if entry.id != "licence"],
        identity=IDENTITY,
        id=feed_id(IDENTITY, "timeline"),
        title="Chips & glasses",
        author="Chips & glasses",
        self_url=f"{address}?archive=2",
        page_url="https://timeline.example/",
        entry_url=lambda entry: f"https://timeline.example/entries/{entry}",
        lang="en",
        site_lang="en",
        since=made_on(IDENTITY),
        left=[
            (entry, NOON + timedelta(days=9))
            for entry in entries
            if entry.id == "licence"
        ],
        archived=True,
    )
    return replace(made, current_url=address, older_url=f"{address}?archive=1")


def content_of(entry: Entry, lang: str = "en") -> str:
    """What a reader sees of the content, as text."""
    content = feed_of(entry, lang=lang).items[0].content
    text: str = html_of(content).text_content()
    return text


def html_of(fragment: str) -> Any:
    return html.fromstring(f"<main>{fragment}</main>")


def story() -> list[Entry]:
    """One of each kind, as the golden files have them."""
    maker = {"url": "https://maker.example/glasses?a=1&b=2", "title": "Glasses & more"}
    paper = {
        "url": "https://paper.example/glasses",
        "publisher": "The Paper",
        "published": "2025-07-28",
    }
    return [
        entry_of(
            recorded(
                "glasses-release",
                title="The glasses go on sale",
                occurred="../2025-12-31",
                awaited=True,
                said="2025-07-26",
                summary="Promised **at the fair**, see [the maker](https://m.example).",
                category="product",
                actors=["Alibaba"],
                places=["Shanghai"],
                tags=["glasses", "fair"],
                sources=[maker],
            ),
            fulfilled(
                "glasses-release",
                occurred="2025-11-27",
                said="2025-11-27",
                sources=[paper],
            ),
        ),
        entry_of(
            recorded(
                "glasses-overseas",
                title="The glasses reach other countries",
                occurred="../2026-06",
                awaited=True,
                said="2026-01-05",
                sources=[paper],
                translations={"it": {"title": "Gli occhiali arrivano all’estero"}},
            ),
            begin=NOON + timedelta(days=1),
        ),
        entry_of(
            recorded(
                "fair",
                title="Una fiera a Sciangai",
                occurred="2025-07-25/2025-07-28",
                summary="Tre giorni, *ottocento* espositori.",
                lang="it",
                sources=[paper],
                translations={"en": {"title": "A fair in Shanghai"}},
            ),
            corrected(
                "fair",
                occurred="2025-07-26/2025-07-28",
                reason="It opened on 26 July <sic>.",
            ),
            begin=NOON + timedelta(days=2),
        ),
        entry_of(
            recorded("licence", title="A licence", occurred="2019-05-20/2019-08-19"),
            revised(
                "licence",
                occurred="2019-05-20/2019-11-18",
                said="2019-08-19",
                reason="Extended by 90 days.",
            ),
            begin=NOON + timedelta(days=3),
        ),
        entry_of(
            recorded("sequel", title="A sequel", occurred="2027", awaited=True),
            cancelled("sequel", said="2026-11-01", reason="No money."),
            begin=NOON + timedelta(days=4),
        ),
        entry_of(
            recorded("rumour", title="A rumour", occurred="2026-03", sources=[maker]),
            retracted("rumour", reason="The only source took it back."),
            begin=NOON + timedelta(days=5),
        ),
    ]


# -- golden files ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "feed", "render"),
    [
        ("story.atom", feed_of(*story()), render_atom),
        ("story.rss", feed_of(*story(), name="feed.rss"), render_rss),
        ("story.it.atom", feed_of(*story(), lang="it"), render_atom),
        ("story.it.rss", feed_of(*story(), lang="it", name="feed.rss"), render_rss),
        ("empty.atom", feed_of(), render_atom),
        ("empty.rss", feed_of(name="feed.rss"), render_rss),
        ("story.json", feed_of(*story(), name="feed.json"), render_json),
        ("story.it.json", feed_of(*story(), lang="it", name="feed.json"), render_json),
        ("empty.json", feed_of(name="feed.json"), render_json),
        ("archive.atom", archive_of(*story()), render_atom),
        ("archive.rss", archive_of(*story(), name="feed.rss"), render_rss),
        ("archive.json", archive_of(*story(), name="feed.json"), render_json),
    ],
)
def test_a_feed_is_byte_for_byte_the_golden_file(
    name: str, feed: Feed, render: Render
) -> None:
    """Readers tell a changed feed by its bytes, so we want to know first."""
    golden = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(render(feed))
    assert render(feed).decode() == golden.read_text(encoding="utf-8")


def test_another_process_renders_the_same_bytes() -> None:
    """Whatever the order of its sets: several serve one timeline."""
    script = (
        "import sys; from tests.timeline.test_feeds import *;"
        "sys.stdout.buffer.write(render_atom(feed_of(*story())))"
    )
    for seed in ("1", "2"):
        made = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        )
        assert made.stdout == render_atom(feed_of(*story()))


# -- RFC 4287 -------------------------------------------------------------------------


def atom_of(feed: Feed) -> Any:
    return etree.fromstring(render_atom(feed))


def test_an_entry_has_one_alternate_and_a_via_for_each_source() -> None:
    """By itself feedgen writes each as one more alternate (python-feedgen#135)."""
    for entry in atom_of(feed_of(*story())).findall("a:entry", NS):
        links = entry.findall("a:link", NS)
        rels = [link.get("rel") for link in links]
        assert rels.count("alternate") == 1
        assert set(rels) <= {"alternate", "via"}
        page = next(link for link in links if link.get("rel") == "alternate")
        assert page.get("type") == "text/html"

    first = story()[0]
    vias = atom_of(feed_of(first)).findall("a:entry/a:link[@rel='via']", NS)
    assert [(via.get("href"), via.get("title")) for via in vias] == [
        ("https://maker.example/glasses?a=1&b=2", "Glasses & more"),
        ("https://paper.example/glasses", "The Paper"),
    ]


def test_a_feed_has_what_rfc_4287_asks_of_it() -> None:
    feed = atom_of(feed_of(*story()))

    self_link, *more = feed.findall("a:link[@rel='self']", NS)
    assert not more
    assert self_link.get("href") == "https://timeline.example/feed.atom"
    assert self_link.get("type") == "application/atom+xml"
    assert len(feed.findall("a:link[@rel='alternate']", NS)) == 1
    assert feed.findtext("a:author/a:name", namespaces=NS) == "Chips & glasses"
    ids = [one.text for one in feed.iterfind(".//a:id", NS)]
    assert len(ids) == 7 == len(set(ids))
    for one in [feed, *feed.findall("a:entry", NS)]:
        assert datetime.fromisoformat(one.findtext("a:updated", namespaces=NS)).tzinfo
        assert one.findtext("a:title", namespaces=NS)
    assert not feed.findall(".//a:title[@type='html']", NS)


@RENDERINGS
def test_all_addresses_are_absolute_in_content_too(render: Render) -> None:
    """Readers resolve relative ones against anything (yang991178/fluent-reader#692)."""
    entry = entry_of(
        recorded(
            summary="[a](/relative) [b](https://x.example/b) [c](#c) ![d](/d.png)",
            media=[{"url": "https://x.example/e.mp4", "alt": "E", "credit": "Me"}],
            sources=[{"url": "https://x.example/s"}],
        )
    )
    root: Any = etree.fromstring(render(feed_of(entry)))
    content = root.findtext(".//a:content", namespaces=NS) or root.findtext(
        ".//item/description"
    )
    links = html_of(content).xpath(".//@href | .//@src")

    addresses = [*links, *root.xpath(".//@href")]
    assert {"https://x.example/b", "https://x.example/e.mp4"} <= set(links)
    for address in addresses:
        assert urlsplit(address).scheme == "https"
        assert urlsplit(address).netloc


def test_a_feed_without_entries_is_as_old_as_the_log() -> None:
    """A feed dated by the clock differs at each poll."""
    assert feed_of().updated == datetime(2026, 11, 23, tzinfo=UTC)
    assert feedparser.parse(render_atom(feed_of())).entries == []


# -- what stays and what moves --------------------------------------------------------


def test_ids_stay_when_title_host_and_port_change() -> None:
    """Else every item is unread again (ForNeVeR/fornever.me#3, feedbin/support#515)."""
    before = feed_of(entry_of(recorded("moon", title="Moon")))
    after = feed_of(
        entry_of(recorded("moon", title="Moon"), revised("moon", title="The Moon")),
        origin="http://127.0.0.1:8000",
    )

    assert before.items[0].title != after.items[0].title
    assert before.items[0].page_url != after.items[0].page_url
    assert before.items[0].id == after.items[0].id == entry_id(IDENTITY, "moon")
    assert before.id == after.id


def test_each_feed_has_an_id_of_its_own() -> None:
    """The feed of an entry must not be taken for the entry."""
    ids = [
        feed_id(IDENTITY, "timeline"),
        feed_id(IDENTITY, "timeline", [("tag", "glasses & more")]),
        feed_id(IDENTITY, "views/moon"),
        feed_id(IDENTITY, "entries/moon/feed"),
        entry_id(IDENTITY, "moon"),
    ]
    assert len(set(ids)) == len(ids)
    for one in ids:
        assert one.startswith(
            "tag:timeline.example,2026-11-23:0b5f4b1e-7a1c-4a3f-9a53-0f6f3e9a2a11/"
        )
        assert one.isascii()
        assert " " not in one


def test_published_stays_and_updated_moves_with_what_a_reader_sees() -> None:
    """A moved date without a change makes an item unread (NetNewsWire#895)."""
    first = [recorded("moon", title="Moon", tags=["space"])]
    unseen = [*first, revised("moon", tags=["space", "nasa"])]
    seen = [*unseen, corrected("moon", summary="Two people landed.")]
    items = [feed_of(entry_of(*events)).items[0] for events in (first, unseen, seen)]

    recorded_at = NOON + timedelta(hours=1)
    assert {item.published for item in items} == {recorded_at}
    assert [item.updated for item in items] == [
        recorded_at,
        recorded_at,
        NOON + timedelta(hours=3),
    ]
    assert items[0].content == items[1].content != items[2].content
    assert feed_of(entry_of(*seen)).updated == NOON + timedelta(hours=3)


@RENDERINGS
def test_the_latest_change_comes_first_whatever_the_order(render: Render) -> None:
    one, other = feed_of(*story()), feed_of(*reversed(story()))
    assert render(one) == render(other)
    titles = [item.title for item in feedparser.parse(render(one)).entries]
    assert titles[0] == "Retracted: A rumour"
    assert titles[-1] == "The glasses go on sale"


def test_the_date_of_the_happening_is_in_words_only() -> None:
    """Readers pin the future to the top of the list (miniflux/v2#2971)."""
    promise = entry_of(recorded(occurred="../2031-12-31", awaited=True))
    feed = atom_of(feed_of(promise))

    assert "Due by end of 2031" in content_of(promise)
    assert "2031" not in "".join(feed.xpath("//*[contains(name(), 'ed')]/text()"))
    assert b"2031" not in render_rss(feed_of(promise)).split(b"<pubDate>")[1]


@RENDERINGS
def test_rendering_leaves_the_locale_of_the_process_alone(
    render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself feedgen switches it for each date in RSS, and all threads with it."""
    switched: list[object] = []
    monkeypatch.setattr(locale, "setlocale", lambda *given: switched.append(given))

    render(feed_of(*story()))

    assert switched == []


# -- what it says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "lang", "words"),
    [
        (
            entry_of(recorded(occurred="2030", awaited=True)),
            "en",
            "Due 2030",
        ),
        (entry_of(recorded(occurred="2030")), "en", "2030 (upcoming)"),
        (
            entry_of(recorded(occurred="2026-11-22/2026-11-24")),
            "it",
            "22–24 novembre 2026 (in corso)",
        ),
        (entry_of(recorded(occurred="2026-11-23")), "en", "23 November 2026"),
        (
            entry_of(recorded(occurred="../2025", awaited=True, said="2024-01-01")),
            "en",
            "Overdue: was due by end of 2025; no outcome recorded",
        ),
        (
            entry_of(recorded(occurred="2030", awaited=True), postponed()),
            "en",
            "Postponed without a date; was due 2030",
        ),
        (
            entry_of(recorded(occurred="2030"), cancelled(reason="No <money>.")),
            "en",
            (
                "2030 (cancelled 23 November 2026, 1135 days before the window opened)"
                "\nCancelled: No <money>."
            ),
        ),
        (
            entry_of(recorded(), retracted(reason="A hoax.")),
            "it",
            "20 luglio 1969 (ritirato)\nRitirato: A hoax.",
        ),
        (
            entry_of(
                recorded(occurred="../2025", awaited=True, said="2024-01-01"),
                fulfilled(occurred="2025-11-27"),
            ),
            "en",
            (
                "Fulfilled 27 November 2025, 34 days before the window closed\n"
                "Promised: by end of 2025"
            ),
        ),
        (
            entry_of(
                recorded(title="Old", occurred="1969-07-21"),
                corrected(title="New", occurred="1969-07-20", reason="Oh."),
            ),
            "en",
            """20 July 1969
Corrected 23 November 2026: the title was “Old”; the date was “21 July 1969”. Oh.""",
        ),
        (
            entry_of(
                recorded(occurred="1969-07-20"),
                revised(occurred="1969-07-21", said="1969-07-19", category="space"),
            ),
            "it",
            """21 luglio 1969
Posticipato dal 20 al 21 luglio 1969 il 19 luglio 1969; non c’era una categoria.""",
        ),
    ],
)
def test_content_begins_with_the_date_the_state_and_what_was_said_before(
    entry: Entry, lang: str, words: str
) -> None:
    text = content_of(entry, lang)
    assert text.startswith(words)
    assert (text + "\n")[len(words)] == "\n"


def test_a_title_says_that_there_is_nothing_to_it_any_more() -> None:
    """Few readers act on tombstones (kurtmckee/feedparser#149): so in words."""
    gone = [
        entry_of(recorded(title="Moon"), retracted()),
        entry_of(recorded(title="Moon", occurred="2030"), cancelled()),
    ]
    assert [feed_of(one).items[0].title for one in gone] == [
        "Retracted: Moon",
        "Cancelled: Moon",
    ]
    gone.append(replace(gone[0], translations={"it": Translation(title="Luna")}))
    assert [feed_of(one, lang="it").items[0].title for one in gone] == [
        "Retracted: Moon",
        "Cancelled: Moon",
        "Ritirato: Luna",
    ]


def test_a_cancelled_promise_that_gets_a_new_date_is_no_longer_told_as_cancelled() -> (
    None
):
    entry = entry_of(
        recorded(title="Moon", occurred="2030", awaited=True),
        cancelled(reason="No money."),
        revised(occurred="2031"),
    )
    assert entry.state is State.UPCOMING
    assert feed_of(entry).items[0].title == "Moon"
    assert "No money" not in content_of(entry)


def test_categories_tell_which_kind_of_word_they_are() -> None:
    entry = entry_of(
        recorded(category="space", actors=["NASA"], places=["Moon"], tags=["apollo"])
    )
    (read,) = feedparser.parse(render_atom(feed_of(entry))).entries
    assert [(tag.term, tag.scheme.rpartition("/")[2]) for tag in read.tags] == [
        ("space", "categories"),
        ("NASA", "actors"),
        ("Moon", "places"),
        ("apollo", "tags"),
    ]


# -- languages ------------------------------------------------------------------------


def in_two_languages() -> Entry:
    return entry_of(
        recorded(
            title="Moon landing",
            summary="Two people.",
            lang="en",
            translations={"it": {"title": "Allunaggio", "summary": "Due persone."}},
        )
    )


@pytest.mark.parametrize(
    ("lang", "title", "summary"),
    [
        ("en", "Moon landing", "Two people."),
        ("it", "Allunaggio", "Due persone."),
        ("it-CH", "Allunaggio", "Due persone."),
        ("fr", "Moon landing", "Two people."),
    ],
)
def test_title_and_summary_come_in_the_language_asked_for_if_they_can(
    lang: str, title: str, summary: str
) -> None:
    entry = in_two_languages()
    assert feed_of(entry, lang=lang).items[0].title == title
    assert summary in content_of(entry, lang)


def test_the_exact_variety_of_a_language_wins() -> None:
    entry = replace(
        in_two_languages(),
        lang="zh-Hans",
        translations={"zh-Hant": Translation(title="登月")},
    )
    assert feed_of(entry, lang="zh-Hant").items[0].title == "登月"
    assert feed_of(entry, lang="zh").items[0].title == "Moon landing"


def test_an_entry_in_another_language_than_the_feed_says_so() -> None:
    """Also where only a part of it is: speech needs the right voice."""
    partly = replace(
        in_two_languages(), translations={"it": Translation(title="Allunaggio")}
    )
    feed = atom_of(feed_of(in_two_languages(), partly, lang="it"))
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert feed.get(lang) == "it"
    assert [one.get(lang) for one in feed.findall("a:entry", NS)] == [None, None]
    contents = [one.text for one in feed.iterfind("a:entry/a:content", NS)]
    assert "lang=" not in contents[0]
    assert '<div lang="en"><p>Two people.</p></div>' in contents[1]

    english = atom_of(feed_of(replace(partly, translations={}), lang="it"))
    assert english.find("a:entry", NS).get(lang) == "en"


# -- readers read it back -------------------------------------------------------------


@RENDERINGS
def test_feedparser_reads_the_same_entries_back(render: Render) -> None:
    feed = feed_of(*story())
    read = feedparser.parse(render(feed))

    assert not read.bozo
    assert read.feed.title == feed.title
    assert read.feed.link == feed.page_url
    assert read.feed.language == "en"
    assert timegm(read.feed.updated_parsed) == feed.updated.timestamp()
    assert [link.href for link in read.feed.links if link.rel == "self"] == [
        feed.self_url
    ]
    for one, item in zip(read.entries, feed.items, strict=True):
        assert one.id == item.id
        assert one.title == item.title
        assert one.link == item.page_url
        assert timegm(one.published_parsed) == item.published.timestamp()
        assert timegm(one.updated_parsed) == item.updated.timestamp()
        assert {(link.rel, link.href) for link in one.links} == {
            ("alternate", item.page_url),
            *(("via", via.url) for via in item.via),
        }
        assert [(tag.term, tag.scheme) for tag in one.get("tags", ())] == [
            (category.term, category.scheme) for category in item.categories
        ]


def test_json_feed_is_read_back_as_the_same_entries() -> None:
    """https://www.jsonfeed.org/version/1.1/ with the ids that Atom has."""
    feed = feed_of(*story(), lang="it", name="feed.json")
    read = json.loads(render_json(feed))

    assert read["version"] == "https://jsonfeed.org/version/1.1"
    assert read["title"] == feed.title
    assert read["home_page_url"] == "https://timeline.example/"
    assert read["feed_url"] == "https://timeline.example/feed.json"
    assert read["authors"] == [{"name": "Chips & glasses"}]
    assert read["language"] == "it"
    assert "author" not in read
    assert "next_url" not in read
    for one, item in zip(read["items"], feed.items, strict=True):
        assert one["id"] == item.id
        assert one["url"] == item.page_url
        assert one["title"] == item.title
        assert one["content_html"] == item.content
        assert at(one["date_published"]) == item.published
        assert at(one["date_modified"]) == item.updated
        assert one["tags"] == [category.term for category in item.categories]
        assert one.get("language", "it") == item.lang
        assert one["_timeline"]["state"] == item.state
    retractions = [one["_timeline"].get("retracted", False) for one in read["items"]]
    assert retractions == [True, False, False, False, False, False]
    assert {one.get("language") for one in read["items"]} == {"en", None}


at = datetime.fromisoformat


@pytest.mark.parametrize("lang", ["en", "it", "fr"])
def test_dates_in_json_feed_are_those_of_the_api(lang: str) -> None:
    """Though neither of the two knows the other."""
    for entry in story():
        (read,) = json.loads(render_json(feed_of(entry, lang=lang)))["items"]
        assert read["_timeline"]["occurred"] == dump_date(entry.occurred, lang=lang)


def test_the_same_word_as_category_and_tag_stands_once_in_json_feed() -> None:
    entry = entry_of(recorded(category="space", tags=["space", "moon"]))
    (read,) = json.loads(render_json(feed_of(entry)))["items"]
    assert read["tags"] == ["space", "moon"]


def test_an_archive_has_what_rfc_5005_and_6721_ask_of_it() -> None:
    feed = atom_of(archive_of(*story()))
    archive_ns = {
        **NS,
        "fh": "http://purl.org/syndication/history/1.0",
        "at": "http://purl.org/atompub/tombstones/1.0",
    }
    links = {one.get("rel"): one.get("href") for one in feed.findall("a:link", NS)}

    assert len(feed.findall("fh:archive", archive_ns)) == 1
    assert links["current"] == "https://timeline.example/feed.atom"
    assert links["prev-archive"] == "https://timeline.example/feed.atom?archive=1"
    assert links["self"] == "https://timeline.example/feed.atom?archive=2"
    gone = feed.findall("at:deleted-entry", archive_ns)
    told = [
        (one.get("ref").rpartition("/")[2], one.findtext("at:comment", "", archive_ns))
        for one in gone
    ]
    assert told == [
        ("licence", "It is not among the entries of this feed any more."),
        ("rumour", "The only source took it back."),
    ]
    ids = {one.text for one in feed.iterfind("a:entry/a:id", NS)}
    assert ids.isdisjoint({one.get("ref") for one in gone})
    dated = [at(one.get("when")) for one in gone]
    assert at(feed.findtext("a:updated", namespaces=NS)) == max(dated)


def entries_of(events: Sequence[NewEvent]) -> list[Entry]:
    """What any events, each an hour after the one before, make of their entries."""
    told: dict[str, list[RecordedEvent]] = {}
    for number, new in enumerate(events):
        start = NOON + timedelta(hours=number)
        version = len(told.setdefault(new.entry, [])) + 1
        (event,) = history(new, start=start)
        told[new.entry].append(replace(event, version=version, position=number + 1))
    return [entry for one in told.values() if (entry := fold(one)) is not None]


@given(events=stories(), lang=st.sampled_from(["en", "it"]))
@settings(max_examples=100, deadline=None)
def test_any_history_is_read_back_as_the_same_entries(
    events: list[NewEvent], lang: str
) -> None:
    entries = entries_of(events)
    feed = feed_of(*entries, lang=lang)
    expected = [(item.id, item.title, item.updated) for item in feed.items]
    assert {entry_id(IDENTITY, one.id): one.updated_at for one in entries} == {
        name: updated for name, _, updated in expected
    }

    for render in (render_atom, render_rss):
        body = render(feed)
        etree.fromstring(body)
        read = feedparser.parse(body)
        assert not read.bozo
        assert [
            (one.id, one.title, at(one.updated)) for one in read.entries
        ] == expected
    assert [
        (one["id"], one["title"], at(one["date_modified"]))
        for one in json.loads(render_json(feed))["items"]
    ] == expected


def test_rss_says_that_its_guid_is_no_address() -> None:
    root = etree.fromstring(render_rss(feed_of(*story())))
    guids = root.findall(".//guid")
    assert len(guids) == 6
    assert {guid.get("isPermaLink") for guid in guids} == {"false"}
    assert root.findtext("channel/link") == "https://timeline.example/"


ANY_TEXT = st.lists(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from("<>&\"'`[](){}!*_#\\\r\n\t\x00\x0b\x85\u2028\ufffe\ud800"),
        st.sampled_from(["]]>", "<b>", "&amp;", "&#0;", "<!--", "<?xml", "http://"]),
    ),
    max_size=30,
).map("".join)
ANY_SOURCE = st.builds(
    Source,
    url=st.one_of(ANY_TEXT, ANY_TEXT.map("https://x.example/".__add__)),
    title=ANY_TEXT,
    publisher=ANY_TEXT,
    published=st.none() | ANY_TEXT,
)


@given(
    title=ANY_TEXT,
    summary=ANY_TEXT,
    sources=st.lists(ANY_SOURCE, max_size=2),
    words=st.lists(ANY_TEXT, max_size=2),
    reason=ANY_TEXT,
)
@example(title="\x0b", summary="\ud800", sources=[], words=["\x00"], reason="\ufffe")
@RENDERINGS
def test_whatever_a_text_holds_the_feed_can_be_read(
    render: Render,
    title: str,
    summary: str,
    sources: Sequence[Source],
    words: Sequence[str],
    reason: str,
) -> None:
    """One bad event must not take a feed down (ckan/ckan#6378, linkding#552)."""
    entry = replace(
        entry_of(recorded("odd"), retracted("odd")),
        title=title,
        summary=summary,
        sources=tuple(sources),
        tags=tuple(words),
        media=tuple(Media(url=s.url, alt=s.title, credit=s.publisher) for s in sources),
        ending=reason,
    )
    feed = feed_of(entry, entry_of(recorded("fine")))
    feed = replace(feed, deleted=(Deleted(id="gone", when=NOON, why=reason),))
    body = render(feed)

    read_json = json.loads(render_json(feed))
    assert all(one["title"] for one in read_json["items"])
    for text_read in texts_in(read_json):
        assert xml_text(text_read) == text_read

    etree.fromstring(body)
    read = feedparser.parse(body)
    assert not read.bozo, read.get("bozo_exception")
    assert {one.id for one in read.entries} == {
        entry_id(IDENTITY, "odd"),
        entry_id(IDENTITY, "fine"),
    }
    assert all(one.title for one in read.entries)


def texts_in(read: Any) -> list[str]:
    """All texts of what was read from JSON."""
    match read:
        case str():
            return [read]
        case dict():
            return [text for one in read.items() for text in texts_in([*one])]
        case list():
            return [text for one in read for text in texts_in(one)]
        case _:
            return []


@given(ANY_TEXT)
def test_xml_text_takes_away_only_what_xml_cannot_hold(text: str) -> None:
    kept = xml_text(text)
    assert kept == xml_text(kept)
    etree.Element("x").text = kept
    gone = set(text) - set(kept)
    assert not any(one.isprintable() or one in "\t\n\r\x85" for one in gone)


# -- summaries ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Plain & *simple*.", "<p>Plain &amp; <em>simple</em>.</p>"),
        (
            "[a](https://x.example/?b&c)",
            '<p><a href="https://x.example/?b&amp;c" rel="nofollow noopener">a</a></p>',
        ),
        ("[a](/b)", '<p><a rel="nofollow noopener">a</a></p>'),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](mailto:x@y.example)", '<p><a rel="nofollow noopener">a</a></p>'),
        ("a ![pixel](https://x.example/p.png) b", "<p>a  b</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ('a <img src=x onerror="alert(1)">', None),
        ("# Loud", "<p>Loud</p>"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>'),
        ("a\x0bb\x00", "<p>ab</p>"),
        ("", ""),
    ],
)
def test_summaries_are_plain_and_safe(markdown: str, expected: str | None) -> None:
    made = summary_html(markdown)
    if expected is None:
        assert "<img" not in made
    else:
        assert made == expected


def test_the_first_summary_may_be_many_threads_first() -> None:
    """The rules of markdown-it are put together once, not while others read them."""
    rules = text._markdown
    for ruler in (
        rules.core.ruler,
        rules.block.ruler,
        rules.inline.ruler,
        rules.inline.ruler2,
    ):
        assert ruler.__cache__ is not None


ALLOWED = {"main", "p", "blockquote", "pre", "ul", "ol", "li", "hr"}
ALLOWED |= {"a", "br", "code", "em", "strong"}


@given(ANY_TEXT)
def test_a_summary_holds_only_the_few_tags_and_links_it_may(markdown: str) -> None:
    for one in html_of(summary_html(markdown)).iter():
        assert one.tag in ALLOWED
        assert set(one.attrib) <= {"href", "rel", "start"}
        assert urlsplit(one.get("href", "https:")).scheme in ("http", "https")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://x.example/a", "https://x.example/a"),
        ("HTTPS://x.example", "HTTPS://x.example"),
        (" https://x.example/a b\x0b", "https://x.example/a%20b"),
        ("https://x.example/é?q=\"<'", "https://x.example/é?q=%22%3C'"),
        ("https://x.example/%41", "https://x.example/%41"),
        ("javascript:alert(1)", None),
        ("//x.example/", None),
        ("/a", None),
        ("https://", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_only_http_addresses_become_links(text: str, address: str | None) -> None:
    assert web_address(text) == address
