"""From any page to a subscription: the page that explains, and who is led to it."""

from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.timeline.web.test_pages import (
    Element,
    all_words,
    append,
    feed_links,
    find,
    page,
    recorded,
    words,
)
from timeline.schemas import parse_append
from timeline.service import Timeline

ORIGIN = "https://timeline.example"

PAGES = pytest.mark.parametrize(
    ("address", "subscribe"),
    [
        ("/", "/subscribe"),
        ("/?category=product&order=asc", "/subscribe?category=product"),
        ("/?q=huawei&from=2019&lang=it", "/subscribe?q=huawei&from=2019&lang=it"),
        ("/views", "/subscribe"),
        ("/views/waic-2025", "/views/waic-2025/subscribe"),
        (
            "/views/sanctions?actor=Huawei",
            "/views/sanctions/subscribe?actor=Huawei",
        ),
        (
            "/entries/quark-ai-glasses-release",
            "/entries/quark-ai-glasses-release/subscribe",
        ),
        (
            "/entries/quark-ai-glasses-release/history",
            "/entries/quark-ai-glasses-release/subscribe",
        ),
        ("/about", "/subscribe"),
        ("/changes?after=17", "/subscribe#changes"),
        ("/subscribe?category=product", "/subscribe?category=product"),
        ("/entries/nope", "/subscribe"),
    ],
)

FORMATS = ("feed.atom", "feed.rss", "feed.json", "calendar.ics")

NAVIGATION = {
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
"""What a browser says of an address that was typed."""


@pytest.fixture
def story(timeline: Timeline) -> None:
    """The bundled story is in the log."""
    story = files("events") / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")


def addresses(tree: Element) -> list[str]:
    """What can be copied from the page, in order."""
    return list(tree.xpath("//input[@readonly]/@value"))


# -- the page ------------------------------------------------------------------------


@PAGES
def test_a_subscription_is_two_clicks_away_from_any_page(
    still: FlaskClient, address: str, subscribe: str
) -> None:
    """And it is to just what the page shows."""
    tree = page(still, address, 404 if "nope" in address else 200)
    (first,) = find(tree, "header a.subscribe")
    assert first.get("href") == subscribe

    offered = page(still, subscribe.partition("#")[0])

    path, _, query = subscribe.partition("#")[0].partition("?")
    below = path.removesuffix("/subscribe")
    wanted = [f"{below}/{name}" + (f"?{query}" if query else "") for name in FORMATS]
    links = offered.xpath("//main//a/@href")
    assert {*wanted} < {*links}
    assert f"webcal://timeline.example{wanted[-1]}" in links
    assert addresses(offered)[:4] == [ORIGIN + one for one in wanted]
    for one in wanted:
        assert still.get(one, buffered=True).status_code == 200, one


def test_the_page_says_what_is_followed_and_leads_back(still: FlaskClient) -> None:
    tree = page(still, "/views/sanctions/subscribe?actor=Huawei&from=2019")

    followed = find(tree, ".entry > section")[0]
    assert words(followed).startswith("What you follow View: US chip sanctions")
    chips = find(followed, "a.pill")
    assert all_words(chips) == [
        "Remove: Actor: Huawei ×",
        "Remove: From: 2019 ×",
    ]
    assert chips[1].get("href") == "/views/sanctions/subscribe?actor=Huawei"
    back = "/views/sanctions?actor=Huawei&from=2019"
    assert followed.xpath(".//a/@href")[0] == back
    assert find(tree, "p.back a")[0].get("href") == back
    assert words(tree.find(".//title")) == (
        "Subscribe: US chip sanctions: Huawei, 2019 – Timeline"
    )


def test_an_entry_is_followed_whole_under_its_title_in_the_readers_language(
    still: FlaskClient,
) -> None:
    tree = page(
        still, "/entries/quark-ai-glasses-release/subscribe?lang=it&actor=Nobody"
    )

    assert "Voce: I Quark AI Glasses arrivano" in words(find(tree, "main")[0])
    assert addresses(tree)[0] == (
        f"{ORIGIN}/entries/quark-ai-glasses-release/feed.atom?lang=it"
    )
    assert not find(tree, "main a.pill")


@pytest.mark.parametrize(
    ("moment", "value"), [("as_of", "56"), ("as_of", "2026-11-23"), ("known", "2025")]
)
def test_a_subscription_is_to_now_whatever_the_moment(
    still: FlaskClient, moment: str, value: str
) -> None:
    """The page says so, and the way back leads to the moment."""
    came_from = page(still, f"/views/sanctions?{moment}={value}")
    tree = page(still, find(came_from, "a.subscribe")[0].get("href"))

    assert "You come from an earlier moment" in words(find(tree, "main")[0])
    assert find(tree, "p.back a")[0].get("href") == (
        f"/views/sanctions?{moment}={value}"
    )
    assert not find(tree, "aside.moment")
    assert tree.xpath("//link[@rel='canonical']/@href") == [
        f"{ORIGIN}/views/sanctions/subscribe"
    ]
    followed = [*addresses(tree), *feed_links(came_from).values()]
    assert not any(moment in one for one in followed)


def test_what_came_later_can_be_followed_from_an_earlier_moment(
    client: FlaskClient, timeline: Timeline, story: None
) -> None:
    append(timeline, recorded("late"))

    tree = page(client, "/entries/late/subscribe?as_of=3")

    assert addresses(tree)[0] == f"{ORIGIN}/entries/late/feed.atom"


def test_what_is_not_there_cannot_be_followed(
    client: FlaskClient, timeline: Timeline, story: None
) -> None:
    append(timeline, {"type": "view-removed", "data": {"name": "waic-2025"}})

    page(client, "/entries/nope/subscribe", 404)
    page(client, "/views/nope/subscribe", 404)
    page(client, "/views/waic-2025/subscribe", 410)
    page(client, "/subscribe?from=never", 400)


def test_without_a_script_no_button_promises_to_copy(still: FlaskClient) -> None:
    tree = page(still, "/subscribe")

    buttons = tree.xpath("//main//button")
    fields = tree.xpath("//input[@readonly]/@id")
    assert [one.get("data-copies") for one in buttons] == fields
    assert len(fields) == 5
    assert all("hidden" in one.attrib for one in buttons)
    assert len(tree.xpath("//script[contains(@src, '/subscribe.js')]")) == 1
    assert not page(still, "/").xpath("//script[contains(@src, '/subscribe.js')]")


def test_the_page_is_not_sent_twice(
    client: FlaskClient, timeline: Timeline, story: None
) -> None:
    first = client.get("/views/waic-2025/subscribe?as_of=31")
    known = {"If-None-Match": first.headers["ETag"]}

    again = client.get("/views/waic-2025/subscribe?as_of=31", headers=known)
    append(timeline, recorded("late"))
    changed = client.get("/views/waic-2025/subscribe?as_of=31", headers=known)

    assert (first.status_code, again.status_code, changed.status_code) == (
        200,
        304,
        200,
    )


# -- a browser that opens a feed -----------------------------------------------------


@pytest.mark.parametrize("site", ["none", "cross-site", "same-site"])
@pytest.mark.parametrize(
    ("feed", "led_to"),
    [
        ("/feed.atom", "/subscribe"),
        ("/feed.rss?category=product&q=a%26b", "/subscribe?category=product&q=a%26b"),
        ("/feed.json?lang=it", "/subscribe?lang=it"),
        ("/calendar.ics", "/subscribe#calendar"),
        ("/views/waic-2025/feed.atom", "/views/waic-2025/subscribe"),
        ("/entries/moon/calendar.ics", "/entries/moon/subscribe#calendar"),
        ("/changes.atom?lang=it", "/subscribe?lang=it#changes"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_that_opens_a_feed_is_led_to_its_page(
    still: FlaskClient, feed: str, led_to: str, site: str, method: str
) -> None:
    """And no cache gives that answer to anybody else."""
    answer = still.open(
        feed, method=method, headers={**NAVIGATION, "Sec-Fetch-Site": site}
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, led_to)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert {*answer.vary} >= {"Sec-Fetch-Dest", "Sec-Fetch-Site"}
    assert "ETag" not in answer.headers


BROWSERS_ACCEPT = NAVIGATION["Accept"]


@pytest.mark.parametrize("feed", ["/feed.atom", "/views/waic-2025/feed.rss"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept": "*/*"},
        {"Accept": "application/atom+xml, text/html;q=0.2"},
        {"Accept": BROWSERS_ACCEPT},
        {"Accept": BROWSERS_ACCEPT, "User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"},
        {"Accept": BROWSERS_ACCEPT, "Sec-Fetch-Mode": "navigate"},
        {"Accept": "text/html"},
        {**NAVIGATION, "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
        {**NAVIGATION, "Sec-Fetch-Dest": ""},
        {**NAVIGATION, "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_all_others_get_the_feed(
    still: FlaskClient, feed: str, headers: dict[str, str]
) -> None:
    """Whatever they accept and call themselves; the page's own link gets it too."""
    plain = still.get(feed)

    answer = still.get(feed, headers=headers)
    again = still.get(feed, headers={**headers, "If-None-Match": plain.headers["ETag"]})

    assert answer.status_code == 200
    assert answer.get_data() == plain.get_data()
    assert again.status_code == 304
    for one in (answer, again):
        assert {"Sec-Fetch-Dest", "Sec-Fetch-Site"} <= {*one.vary}
        assert "Accept" not in one.vary


def test_who_is_led_finds_what_the_feed_is_of(still: FlaskClient) -> None:
    """Whatever its filters."""
    for feed in feed_links(
        page(still, "/?category=product&from=2025&q=quark")
    ).values():
        led_to = still.get(feed, headers=NAVIGATION).headers["Location"]
        tree = page(still, led_to.partition("#")[0])
        assert feed in tree.xpath("//main//a/@href")
        assert parse_qs(urlsplit(led_to).query) == parse_qs(urlsplit(feed).query)


def test_no_path_leads_to_another_site(still: FlaskClient) -> None:
    for path in ("//evil.example/feed.atom", "/%2Fevil.example/feed.atom"):
        answer = still.get("/", environ_overrides={"PATH_INFO": path})
        assert answer.status_code == 404

        led = still.get(f"/entries/{path}", headers=NAVIGATION)
        assert not led.headers.get("Location", "").startswith("//")
