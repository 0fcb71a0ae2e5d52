"""What programs read of pages: events as data, addresses, sitemaps, robots.txt."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from tests.builders import FixedClock
from tests.timeline.web.test_pages import append, page, recorded, titles
from timeline.config import LANGUAGES
from timeline.schemas import parse_append
from timeline.service import Timeline
from timeline.web import sitemap as sitemap_module
from timeline.web.pages.head import locale
from timeline.web.pages.linked_data import data_block, dates_of

ORIGIN = "https://timeline.example"
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture
def story(timeline: Timeline) -> None:
    """The bundled story is in the log."""
    story = files("events") / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")


def event_of(client: FlaskClient, entry: str, args: str = "") -> dict[str, Any]:
    """The Event that an entry's page tells programs of."""
    (block,) = page(client, f"/entries/{entry}{args}").xpath(
        "//script[@type='application/ld+json']/text()"
    )
    told: dict[str, Any] = json.loads(block)
    return told


def changed(kind: str, entry: str, **data: Any) -> dict[str, Any]:
    return {"type": f"entry-{kind}", "entry": entry, "data": data}


# -- an entry as data ----------------------------------------------------------------


def test_an_entry_is_an_event_with_its_sources(
    client: FlaskClient, timeline: Timeline, clock: FixedClock
) -> None:
    """Actors and places are left out: nobody said who organised what, and where."""
    append(
        timeline,
        recorded(
            "fair",
            title="A fair",
            occurred="2025-07-26/2025-07-28",
            summary="With *robots*.",
            tags=["robots"],
            actors=["Somebody"],
            places=["Shanghai"],
            sources=[
                {
                    "url": "https://news.example/1",
                    "title": "It opens",
                    "publisher": "The News",
                    "published": "2025-07",
                },
                {"url": "https://news.example/2"},
            ],
        ),
    )
    clock.move(days=1)
    append(
        timeline,
        changed("corrected", "fair", changes={"title": "The fair"}, reason="Wrong"),
    )

    assert event_of(client, "fair") == {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": "The fair",
        "description": "With robots.",
        "url": f"{ORIGIN}/entries/fair",
        "inLanguage": "en",
        "startDate": "2025-07-26",
        "endDate": "2025-07-28",
        "eventStatus": "https://schema.org/EventScheduled",
        "keywords": ["robots"],
        "subjectOf": [
            {
                "@type": "CreativeWork",
                "name": "It opens",
                "url": "https://news.example/1",
                "publisher": {"@type": "Organization", "name": "The News"},
                "datePublished": "2025-07",
            },
            {"@type": "CreativeWork", "url": "https://news.example/2"},
        ],
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": f"{ORIGIN}/entries/fair",
            "datePublished": "2026-11-23T12:00:00Z",
            "dateModified": "2026-11-24T12:00:00Z",
        },
    }


@pytest.mark.parametrize(
    ("occurred", "start", "end"),
    [
        ("2025-07-26", "2025-07-26", None),
        ("2025-10", "2025-10", None),
        ("2025", "2025", None),
        ("2019-05-16T16:15:00-04:00", "2019-05-16T16:15:00-04:00", None),
        ("2025-07-26/2025-07-28", "2025-07-26", "2025-07-28"),
        ("2025-07/2025-09", "2025-07", "2025-09"),
        ("2025-10-01/..", "2025-10-01", None),
        ("2025-10-01/", "2025-10-01", None),
        ("/2025-10-01", None, "2025-10-01"),
        ("2022~/2025", None, "2025"),
        ("../2025-12-31", None, None),
        ("2022~", None, None),
        ("2025-07-26?", None, None),
        ("2025-36", None, None),
        ("201X", None, None),
        ("[2025-07-26,2025-07-27]", None, None),
        ("-0044", None, None),
        ("0000", None, None),
        ("Y17000", None, None),
    ],
)
def test_a_date_is_told_as_exactly_as_it_was_said(
    client: FlaskClient,
    timeline: Timeline,
    occurred: str,
    start: str | None,
    end: str | None,
) -> None:
    append(timeline, recorded("it", occurred=occurred))

    told = event_of(client, "it")

    assert (told.get("startDate"), told.get("endDate")) == (start, end)


def test_the_window_of_a_promise_is_not_when_it_begins_and_ends() -> None:
    """What comes between July and September does not last from July to September."""
    assert dates_of("2025-07/2025-09", promised=True) == ("", "")
    assert dates_of("2025-07", promised=True) == ("2025-07", "")


STATUS = pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ({"occurred": "2027-05"}, [], ("EventScheduled", "2027-05", None)),
        ({"occurred": "2025-05"}, [], ("EventScheduled", "2025-05", None)),
        (
            {"occurred": "2027-05"},
            [("revised", {"changes": {"occurred": "2027-09"}})],
            ("EventRescheduled", "2027-09", "2027-05"),
        ),
        (
            {"occurred": "2027-05", "awaited": True},
            [
                ("revised", {"changes": {"occurred": "2027-09"}}),
                ("revised", {"changes": {"occurred": "2027-12"}}),
            ],
            ("EventRescheduled", "2027-12", ["2027-05", "2027-09"]),
        ),
        (  # that is no other date
            {"occurred": "2027", "awaited": True},
            [("revised", {"changes": {"occurred": "2027-09"}})],
            ("EventScheduled", "2027-09", None),
        ),
        (  # it was never to be in May
            {"occurred": "2027-05"},
            [("corrected", {"changes": {"occurred": "2027-09"}, "reason": "Typo"})],
            ("EventScheduled", "2027-09", None),
        ),
        (
            {"occurred": "2027-05", "awaited": True},
            [("postponed", {})],
            ("EventPostponed", None, "2027-05"),
        ),
        (
            {"occurred": "2027-05", "awaited": True},
            [("cancelled", {})],
            ("EventCancelled", "2027-05", None),
        ),
        (
            {"occurred": "2026-11", "awaited": True},
            [("fulfilled", {"occurred": "2026-11-20"})],
            ("EventScheduled", "2026-11-20", None),
        ),
        (  # it took place, but not as it was scheduled
            {"occurred": "2027-05", "awaited": True},
            [("fulfilled", {"occurred": "2026-11-20"})],
            (None, "2026-11-20", None),
        ),
        (  # overdue: nobody has told us that it took place
            {"occurred": "2025-05", "awaited": True},
            [],
            (None, "2025-05", None),
        ),
    ],
)


@STATUS
def test_how_a_plan_fared_is_told_in_the_words_of_schema_org(
    client: FlaskClient,
    timeline: Timeline,
    first: dict[str, Any],
    then: list[tuple[str, dict[str, Any]]],
    told: tuple[str | None, str | None, Any],
) -> None:
    append(timeline, recorded("it", **first))
    for kind, data in then:
        append(timeline, changed(kind, "it", **data))

    event = event_of(client, "it")

    status = told[0] and f"https://schema.org/{told[0]}"
    found = [event.get(n) for n in ("eventStatus", "startDate", "previousStartDate")]
    assert found == [status, *told[1:]]


def test_what_was_retracted_is_no_event_and_neither_is_a_past_state(
    client: FlaskClient, timeline: Timeline
) -> None:
    """A program would not read that it was wrong, or how it was then."""
    append(timeline, recorded("hoax"), recorded("fact"))
    append(timeline, changed("retracted", "hoax", reason="Never so"))

    for address in (
        "/entries/hoax",
        "/entries/fact?as_of=2",
        "/entries/fact?known=2027",
        "/entries/fact/history",
        "/",
    ):
        assert not page(client, address).xpath("//script[@type='application/ld+json']")


def test_a_translated_entry_says_in_which_language_it_is(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(
        timeline,
        recorded(
            "it",
            title="It",
            summary="A thing.",
            lang="en",
            translations={"it": {"title": "Esso"}},
        ),
    )

    told = event_of(client, "it", "?lang=it")

    assert (told["name"], told["description"]) == ("Esso", "A thing.")
    assert told["inLanguage"] == ["it", "en"]
    assert told["url"] == f"{ORIGIN}/entries/it?lang=it"


@given(text=st.text() | st.from_regex(r"(</script|<!--|]]>|&lt;|\u2028|\\){1,3}"))
def test_no_text_ends_the_data(text: str) -> None:
    """Nor begins a comment in it, and what was said is what is read."""
    block = data_block({"name": text})

    assert not re.search("[<>&\u2028\u2029\ud800-\udfff]", block)
    assert json.loads(block) == {"name": text}
    element = html.fragment_fromstring(
        f'<div><script type="application/ld+json">{block}</script><p>after</p></div>'
    )
    assert [one.tag for one in element] == ["script", "p"]


# -- what the head says --------------------------------------------------------------


def og(tree: Any) -> dict[str, list[str]]:
    """Open Graph's properties, in order."""
    found: dict[str, list[str]] = {}
    for one in tree.xpath("//meta[@property]"):
        found.setdefault(one.get("property"), []).append(one.get("content"))
    return found


def test_a_page_tells_open_graph_what_it_is(
    client: FlaskClient, timeline: Timeline, clock: FixedClock
) -> None:
    """An entry is an article with the dates of the log, all else is of the site."""
    append(timeline, recorded("moon", title="Moon", occurred="1969-07-20"))
    clock.move(days=2)
    append(
        timeline, changed("corrected", "moon", changes={"summary": "Ok."}, reason="x")
    )

    entry = og(page(client, "/entries/moon?lang=it"))
    front = og(page(client, "/?actor=NASA"))

    assert entry == {
        "og:title": ["Moon"],
        "og:type": ["article"],
        "og:url": [f"{ORIGIN}/entries/moon?lang=it"],
        "og:description": ["20 luglio 1969. Ok."],
        "og:site_name": ["Timeline"],
        "og:locale": ["it_IT"],
        "og:locale:alternate": ["en_GB"],
        "article:published_time": ["2026-11-23T12:00:00Z"],
        "article:modified_time": ["2026-11-25T12:00:00Z"],
    }
    assert front["og:type"] == ["website"]
    assert front["og:title"] == ["Timeline: NASA"]
    assert front["og:url"] == [f"{ORIGIN}/?actor=NASA"]
    assert not [name for name in front if name.startswith("article:")]


def test_every_language_has_a_region_for_open_graph() -> None:
    for lang in LANGUAGES:
        assert re.fullmatch(rf"{lang}_[A-Z]{{2}}", locale(lang))


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("/", "/"),
        ("/?utm_source=x&q=", "/"),
        ("/?lang=en", "/"),
        ("/?tag=b&tag=a&tag=b&actor=Huawei", "/?actor=Huawei&tag=a&tag=b"),
        ("/?order=asc&category=product", "/?category=product&order=asc"),
        ("/?as_of=31&actor=Huawei", "/?actor=Huawei&as_of=31"),
        ("/?known=2025-07-30&lang=it", "/?known=2025-07-30&lang=it"),
        ("/views/waic-2025?from=2025", "/views/waic-2025?from=2025"),
        ("/entries/metax-c550-supernode?q=x", "/entries/metax-c550-supernode"),
        ("/changes?after=17&limit=5", "/changes?after=17&limit=5"),
        ("/subscribe?tag=b&tag=a&order=asc", "/subscribe?tag=a&tag=b"),
        ("/about?q=x", "/about"),
    ],
)
def test_one_page_has_one_address(
    client: FlaskClient, story: None, address: str, canonical: str
) -> None:
    """Whatever way led to it; and that address gives the same page."""
    tree = page(client, address)
    own = tree.xpath("//link[@rel='canonical']/@href")

    again = page(client, own[0].removeprefix(ORIGIN))

    assert own == [ORIGIN + canonical]
    assert again.xpath("//link[@rel='canonical']/@href") == own
    assert titles(again) == titles(tree)
    assert tree.xpath("//meta[@property='og:url']/@content") == own
    alternates = {
        one.get("hreflang"): one.get("href") for one in tree.xpath("//link[@hreflang]")
    }
    assert alternates[tree.get("lang")] == own[0]
    assert alternates.keys() == {*LANGUAGES, "x-default"}


def test_a_page_behind_a_cursor_is_a_page_of_its_own(
    client: FlaskClient, story: None
) -> None:
    """It shows what no other page shows in the same way."""
    (following,) = page(client, "/?limit=5").xpath("//nav/a[@rel='next']/@href")

    tree = page(client, following)

    assert tree.xpath("//link[@rel='canonical']/@href") == [ORIGIN + following]


@pytest.mark.parametrize("address", ["/", "/entries/metax-c550-supernode", "/about"])
def test_every_page_describes_itself_in_a_line(
    client: FlaskClient, story: None, address: str
) -> None:
    (description,) = page(client, address).xpath("//meta[@name='description']/@content")

    assert 10 < len(description) <= 201
    assert "\n" not in description


# -- sitemap and robots.txt ----------------------------------------------------------


def listed(client: FlaskClient, address: str) -> dict[str, str]:
    """Addresses of a sitemap or of an index, each with when it last changed."""
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    tree = etree.fromstring(answer.get_data())
    return {
        one.findtext("s:loc", "", SITEMAP).removeprefix(ORIGIN): one.findtext(
            "s:lastmod", "", SITEMAP
        )
        for one in tree
    }


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """A part has three positions."""
    monkeypatch.setattr(sitemap_module, "PART", 3)


def test_the_sitemap_lists_every_entry_once_with_its_last_change(
    client: FlaskClient, timeline: Timeline, clock: FixedClock, small: None
) -> None:
    """In parts by where it was first recorded; what was retracted keeps its page."""
    first = "2026-11-23T12:00:00Z"
    append(timeline, *(recorded(name) for name in ("a", "b", "c", "d")))
    clock.move(days=1)
    append(
        timeline,
        changed("corrected", "b", changes={"title": "New"}, reason="Wrong"),
        changed("retracted", "c", reason="Never so"),
        changed("corrected", "b", changes={"importance": 3}, reason="Dull"),
    )
    later = "2026-11-24T12:00:00Z"
    clock.move(days=1)
    append(timeline, recorded("e"))
    last = "2026-11-25T12:00:00Z"

    assert listed(client, "/sitemap.xml") == {
        "/sitemap-0.xml": last,
        "/sitemap-1.xml": later,
        "/sitemap-2.xml": first,
        "/sitemap-3.xml": last,
    }
    assert listed(client, "/sitemap-1.xml") == {
        "/entries/a": first,
        "/entries/b": later,
        "/entries/c": later,
    }
    assert listed(client, "/sitemap-2.xml") == {"/entries/d": first}
    assert listed(client, "/sitemap-3.xml") == {"/entries/e": last}
    assert client.get("/sitemap-4.xml").status_code == 404


def test_an_entry_stays_in_its_part_and_the_index_tells_which_part_changed(
    client: FlaskClient, timeline: Timeline, clock: FixedClock, small: None
) -> None:
    """Also after it has been asked once, and for what leaves no entry behind it."""
    append(timeline, *(recorded(name) for name in ("a", "b", "c", "d")))
    before = listed(client, "/sitemap.xml")
    clock.move(days=1)
    append(
        timeline,
        {"type": "view-defined", "data": {"name": "v", "title": "V", "filter": {}}},
    )
    append(timeline, changed("corrected", "a", changes={"title": "New"}, reason="x"))

    after = listed(client, "/sitemap.xml")

    told = {name for name in after if after[name] != before.get(name)}
    assert told == {"/sitemap-0.xml", "/sitemap-1.xml"}
    assert [*listed(client, "/sitemap-1.xml")] == [
        "/entries/a",
        "/entries/b",
        "/entries/c",
    ]


def test_the_first_part_has_the_pages_and_the_views_in_use(
    client: FlaskClient, story: None, timeline: Timeline, clock: FixedClock
) -> None:
    """A view changes with its entries, all else with the log."""
    before = listed(client, "/sitemap-0.xml")
    clock.move(days=1)
    append(
        timeline,
        recorded("new", tags=["quark-glasses"]),
        {"type": "view-removed", "data": {"name": "sanctions"}},
    )

    after = listed(client, "/sitemap-0.xml")

    assert before.keys() - after.keys() == {"/views/sanctions"}
    assert {path: after[path] != before[path] for path in after} == {
        "/": True,
        "/views": True,
        "/changes": True,
        "/about": True,
        "/subscribe": True,
        "/views/quark-release": True,
        "/views/waic-2025": False,
    }
    for path in after:
        assert client.get(path).status_code == 200


def test_an_empty_timeline_has_a_sitemap_of_its_pages(client: FlaskClient) -> None:
    assert listed(client, "/sitemap.xml") == {"/sitemap-0.xml": ""}
    assert "/" in listed(client, "/sitemap-0.xml")
    assert client.get("/sitemap-1.xml").status_code == 404


@pytest.mark.parametrize(
    "address", ["/sitemap.xml", "/sitemap-0.xml", "/sitemap-1.xml", "/robots.txt"]
)
def test_what_robots_read_is_not_sent_twice(
    client: FlaskClient, story: None, address: str
) -> None:
    first = client.get(address)

    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "public, max-age=3600"
    assert (again.status_code, again.get_data()) == (304, b"")


def allowed(rules: str, path: str) -> bool:
    """Whether robots may ask for *path*: the longest rule decides (RFC 9309 2.2.2)."""
    deciding = (0, True)
    for line in rules.splitlines():
        name, _, rule = line.partition(": ")
        pattern = re.escape(rule).replace(r"\*", ".*").replace(r"\$", "$")
        if name in ("Allow", "Disallow") and re.match(pattern, path):
            deciding = max(deciding, (len(rule), name == "Allow"))
    return deciding[1]


def test_robots_are_led_to_pages_and_kept_off_their_mixtures(
    client: FlaskClient, story: None
) -> None:
    answer = client.get("/robots.txt")
    rules = answer.get_data(as_text=True)

    assert answer.mimetype == "text/plain"
    assert f"Sitemap: {ORIGIN}/sitemap.xml" in rules.splitlines()
    for path in (
        "/",
        "/?lang=it",
        "/entries/moon",
        "/entries/moon?lang=it",
        "/views/waic-2025",
        "/changes",
        "/subscribe",
        "/feed.atom",
        "/static/timeline.css?v=1234",
        *listed(client, "/sitemap-0.xml"),
        *listed(client, "/sitemap-1.xml"),
    ):
        assert allowed(rules, path), path
    for path in (
        "/?category=product",
        "/?lang=it&category=product",
        "/?category=product&lang=it",
        "/entries/moon?as_of=31",
        "/?cursor=abc",
        "/changes?after=3",
        "/subscribe?tag=a",
        "/entries/moon/subscribe",
        "/api/entries",
    ):
        assert not allowed(rules, path), path


def test_the_sitemap_is_read_by_indexes(timeline: Timeline, story: None) -> None:
    """A million entries are listed part by part, and looked through once."""
    steps: list[str] = []
    with timeline.snapshot() as snapshot:
        con = snapshot._con
        con.set_trace_callback(steps.append)
        assert len(snapshot.first_recorded(after=0, upto=99)) == 44
        assert snapshot.last_changed(after=0, size=100).keys() == {0}
        con.set_trace_callback(None)
        plans = [
            row[3]
            for step in steps
            for row in con.execute(f"EXPLAIN QUERY PLAN {step}")
        ]
    scans = [one for one in plans if one.startswith("SCAN")]
    assert len(plans) >= 5
    assert scans == []
