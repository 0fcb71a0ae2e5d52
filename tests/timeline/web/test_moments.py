"""Pages, feeds and the API as they were shown, or as the public knew it."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.resources import files
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from events.errors import LogUnavailableError
from tests.builders import FixedClock
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.projections import AsOf, fold
from timeline.schemas import dump_entry, parse_append
from timeline.service import Timeline

Element: TypeAlias = Any
"""Of lxml, whose stubs know little of HTML."""

STORY = files("events") / "seed" / "story.json"

FULFILLED = 51
"""Position of the event that the Quark AI Glasses went on sale."""

CORRECTED = 19
"""Position of the correction of the date of the rule of 2023."""

RULE = "us-chip-rule-2023-effective"
GLASSES = "quark-ai-glasses-release"

EVERYWHERE = pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=huawei&category=product&actor=Huawei&order=asc&lang=it",
        "/?state=happened&from=2019&to=2025",
        "/views",
        "/views/sanctions",
        f"/entries/{GLASSES}",
        f"/entries/{GLASSES}?lang=it",
        f"/entries/{GLASSES}/history",
        "/about",
        "/feed.atom",
        "/feed.rss?category=product",
        "/views/sanctions/feed.atom",
        f"/entries/{GLASSES}/feed.rss",
        "/api/entries",
        "/api/entries?q=quark&limit=1",
        f"/api/entries/{GLASSES}",
        f"/api/entries/{GLASSES}/events",
        "/api/views",
    ],
)

PAGES = pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=a&category=product&order=asc&lang=it",
        "/?limit=3",
        "/?actor=Nobody",
        "/views",
        "/views/sanctions",
        f"/entries/{GLASSES}",
        f"/entries/{GLASSES}?lang=it",
        f"/entries/{GLASSES}/history",
        "/about",
    ],
)

MOMENTS = pytest.mark.parametrize(
    ("moment", "value"),
    [("as_of", "56"), ("as_of", "2026-11-23"), ("known", "2025-12-01")],
)


@pytest.fixture
def timeline(settings: Settings, clock: FixedClock) -> Iterator[Timeline]:
    """With the story."""
    with closing(open_timeline(settings, clock=clock)) as opened:
        opened.append(parse_append(STORY.read_bytes())[0], author="seed")
        yield opened


def append(timeline: Timeline, *events: dict[str, Any]) -> None:
    timeline.append(parse_append(json.dumps(events).encode())[0], author="desk")


def event(kind: str, entry: str, **data: Any) -> dict[str, Any]:
    return {"type": f"entry-{kind}", "entry": entry, "data": data}


def at(path: str, moment: str, value: object) -> str:
    """*path* at a moment."""
    return f"{path}{'&' if '?' in path else '?'}{moment}={value}"


def get(client: FlaskClient, address: str, status: int = 200) -> TestResponse:
    response = client.get(address)
    assert response.status_code == status, address
    return response


def page(client: FlaskClient, address: str, status: int = 200) -> Element:
    response = get(client, address, status)
    assert response.mimetype == "text/html"
    return html.document_fromstring(response.get_data(as_text=True))


def words(element: Element) -> str:
    """Its text, with all white space as one space."""
    return " ".join(element.text_content().replace("\N{NO-BREAK SPACE}", " ").split())


def titles(tree: Element) -> list[str]:
    return [words(one) for one in tree.iter("h4")]


def card(tree: Element, entry: str) -> str:
    (found,) = tree.xpath(f"//li[@id='e-{entry}']")
    return words(found)


def banner(tree: Element) -> Element:
    (found,) = tree.xpath("//aside[@class='moment']")
    return found


def links(tree: Element) -> dict[str, str]:
    """The banner's links by their words."""
    return {words(one): one.get("href") for one in banner(tree).iter("a")}


def query_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def every_entry(client: FlaskClient, moment: str) -> dict[str, Any]:
    """The entries that the API tells at a moment, by id."""
    found: dict[str, Any] = {}
    address = f"/api/entries?limit=200&{moment}"
    while address:
        answer = get(client, address).get_json()
        found |= {one["id"]: one for one in answer["entries"]}
        address = answer["next"]
    return found


# -- the story at three moments ------------------------------------------------------


def test_in_august_2025_the_glasses_are_awaited(still: FlaskClient) -> None:
    tree = page(still, "/?known=2025-08-01")
    entry = get(still, f"/api/entries/{GLASSES}?known=2025-08-01").get_json()

    assert entry["state"] == "open"
    assert entry["occurred"]["edtf"] == "../2025-12-31"
    assert entry["promised"] is None
    assert "by end of 2025" in card(tree, GLASSES)
    assert not tree.xpath("//li[@id='e-quark-s1-g1']")


def test_in_december_2025_the_glasses_are_on_sale(still: FlaskClient) -> None:
    tree = page(still, "/?known=2025-12-01")
    entry = get(still, f"/api/entries/{GLASSES}?known=2025-12-01").get_json()

    assert entry["state"] == "happened"
    assert entry["occurred"]["edtf"] == "2025-11-27"
    assert entry["promised"]["edtf"] == "../2025-12-31"
    assert "27 November 2025" in card(tree, GLASSES)
    assert "34 days before the window closed" in card(tree, GLASSES)


def test_in_2022_the_public_knew_of_the_listings_and_no_more(
    still: FlaskClient,
) -> None:
    entries = every_entry(still, "known=2022-01-01")

    assert entries.keys() == {
        "huawei-entity-list-announced",
        "huawei-entity-list",
        "huawei-temporary-licence",
        "huawei-entity-list-published",
        "sensetime-entity-list-announced",
        "sensetime-entity-list",
        "sensetime-listing-narrowed",
    }
    assert all(one["said"]["latest"] <= "2022-01-01" for one in entries.values())


@pytest.mark.parametrize("known", ["2019-05-14", "2023-10-17", "2025-08-01", "2026"])
def test_nothing_said_later_is_told(still: FlaskClient, known: str) -> None:
    """Neither entries nor changes; what we had wrong is corrected from the start."""
    entries = every_entry(still, f"known={known}")
    end = known if len(known) == 10 else f"{known}-12-31"

    for one in entries.values():
        assert one["said"]["latest"] <= end
        for change in one["changes"]:
            assert change["kind"] == "corrected" or change["said"]["latest"] <= end


# -- corrections ---------------------------------------------------------------------


def test_a_correction_is_seen_from_its_position_on(still: FlaskClient) -> None:
    before = get(still, f"/api/entries/{RULE}?as_of={CORRECTED - 1}").get_json()
    after = get(still, f"/api/entries/{RULE}?as_of={CORRECTED}").get_json()

    assert before["occurred"]["edtf"] == "2023-11-16"
    assert not before["corrected"]
    assert after["occurred"]["edtf"] == "2023-11-17"
    assert after["corrected"]
    tree = page(still, f"/entries/{RULE}?as_of={CORRECTED - 1}")
    assert "17 November 2023" not in words(tree)


def test_what_was_known_is_corrected_from_the_start(still: FlaskClient) -> None:
    """The rule was made public on 17 October, the correction on 25 October."""
    known = get(still, f"/api/entries/{RULE}?known=2023-10-17").get_json()

    assert known["occurred"]["edtf"] == "2023-11-17"
    assert known["corrected"]


# -- any position --------------------------------------------------------------------


def test_every_position_shows_the_log_cut_there(
    client: FlaskClient, timeline: Timeline
) -> None:
    events = timeline.events(after=0, limit=1_000)

    for position in range(len(events) + 1):
        by_entry: dict[str, list[Any]] = {}
        for one in events[:position]:
            by_entry.setdefault(one.entry, []).append(one)
        folded = {
            entry: dump_entry(
                shown, url_of="https://timeline.example/entries/{}".format
            )
            for entry, told in by_entry.items()
            if not entry.startswith("view:") and (shown := fold(told))
        }
        assert every_entry(client, f"as_of={position}") == json.loads(
            json.dumps(folded)
        )


def test_an_instant_means_the_last_position_by_then(
    client: FlaskClient, timeline: Timeline, clock: FixedClock
) -> None:
    head = timeline.head()
    clock.move(days=10)
    append(timeline, event("recorded", "moon", title="Moon", occurred="1969-07-20"))

    def position(as_of: str) -> int:
        answer = get(client, f"/api/entries?as_of={as_of}").get_json()
        shown: int = answer["position"]
        return shown

    assert position("2026-11-23T11:59:59Z") == 0
    assert position("2026-11-23T12:00:00Z") == head
    assert position("2026-11-23") == head
    assert position("2026-12-02T23:59:59%2B00:00") == head
    assert position("2026-12-03") == head + 1
    assert position("2099-01-01") == head + 1


def test_the_answer_says_its_moment(client: FlaskClient, timeline: Timeline) -> None:
    head = timeline.head()

    for path in ("/api/entries", f"/api/entries/{GLASSES}/events", "/api/views"):
        shown = get(client, f"{path}?as_of=54").get_json()
        known = get(client, f"{path}?known=2025-08").get_json()
        assert shown["position"] == 54
        assert "known" not in shown
        assert (known["position"], known["known"]) == (head, "2025-08-31")
    entry = get(client, f"/api/entries/{GLASSES}?known=2025-08").get_json()
    assert entry["known"] == "2025-08-31"


def test_what_is_still_to_come_is_not_known(still: FlaskClient) -> None:
    answer = get(still, "/api/entries?known=2099").get_json()

    assert answer["known"] == "2026-11-23"
    assert "23 November 2026" in words(banner(page(still, "/?known=2099")))


# -- histories, feeds, search --------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "versions"),
    [
        ("as_of=7", [3, 5]),
        ("as_of=9", [3, 5, 8, 9]),
        ("known=2019-11-17", [3, 5]),
        ("known=2020-02-13", [3, 5, 8, 9]),
    ],
)
def test_a_history_ends_at_its_moment(
    still: FlaskClient, moment: str, versions: Sequence[int]
) -> None:
    """By position in the log; of the licence of 2019, which was extended again."""
    path = "entries/huawei-temporary-licence"
    told = get(still, f"/api/{path}/events?{moment}").get_json()
    tree = page(still, f"/{path}/history?{moment}")

    assert [one["position"] for one in told["events"]] == versions
    assert len(tree.xpath("//ol[@class='history']/li")) == len(versions)
    assert f"{len(versions)} events" in words(tree)


def test_feeds_and_search_are_those_of_the_moment(still: FlaskClient) -> None:
    def feed(moment: str) -> str:
        return get(still, f"/feed.atom?category=product&{moment}").get_data(True)

    def found(moment: str) -> set[str]:
        answer = get(still, f"/api/entries?q=quark&{moment}").get_json()
        return {one["id"] for one in answer["entries"]}

    assert "Quark AI Glasses" not in feed("as_of=33")
    assert "by end of 2025" in feed(f"as_of={FULFILLED - 1}")
    assert "27 November 2025" in feed(f"as_of={FULFILLED}")
    assert "27 November 2025" not in feed("known=2025-08-01")
    assert found("as_of=33") == set()
    assert found("as_of=35") == {"quark-ai-glasses-announced", GLASSES}
    assert found("known=2025-08-01") == {"quark-ai-glasses-announced", GLASSES}
    assert "quark-s1-g1" in found("known=2025-12-01")


def test_a_feed_at_a_moment_is_another_feed_of_the_same_entries(
    still: FlaskClient,
) -> None:
    now = get(still, "/feed.atom").get_data(as_text=True)
    then = get(still, "/feed.atom?as_of=54&lang=it").get_data(as_text=True)
    ids = [re.findall("<id>(.*?)</id>", feed) for feed in (now, then)]

    assert ids[0][0] != ids[1][0]
    assert ids[0][1:] == ids[1][1:]
    assert 'href="https://timeline.example/feed.atom?as_of=54&amp;lang=it"' in then
    assert f"/entries/{GLASSES}?as_of=54&amp;lang=it" in then


# -- refusals ------------------------------------------------------------------------


@EVERYWHERE
@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("as_of=57", "The log has come as far as position 56."),
        ("as_of=5&known=2025", "Ask for what was shown or for what was known"),
        ("as_of=yesterday", "A position of the log, a day or an instant is wanted"),
        ("known=2025/..", ""),
    ],
)
def test_a_moment_that_cannot_be_is_refused(
    still: FlaskClient, path: str, moment: str, said: str
) -> None:
    response = get(still, at(path.replace("lang=it", ""), *moment.split("=", 1)), 400)

    assert said in response.get_data(as_text=True)
    assert "max-age" not in response.headers.get("Cache-Control", "")
    if path.startswith("/api/"):
        assert response.mimetype == "application/problem+json"
        (wrong,) = response.get_json()["errors"]
        assert wrong["pointer"] in ("/as_of", "/known")
    else:
        assert response.mimetype == "text/html"
        tree: Element = html.document_fromstring(response.get_data(as_text=True))
        assert not tree.xpath("//li[starts-with(@id, 'e-')]")
        (back,) = tree.xpath("//a[text()='Back to now']")
        assert not query_of(back.get("href")).keys() & {"as_of", "known"}


@pytest.mark.parametrize(
    ("path", "moment"),
    [
        (f"/entries/{GLASSES}", "as_of=34"),
        (f"/entries/{GLASSES}/history", "as_of=34"),
        (f"/entries/{GLASSES}/feed.atom", "as_of=34"),
        (f"/entries/{GLASSES}", "known=2025-07-25"),
        (f"/entries/{GLASSES}?lang=en", "as_of=2020-01-01"),
        ("/views/sanctions", "as_of=50"),
        ("/views/sanctions/feed.rss", "as_of=50"),
    ],
)
def test_what_was_not_there_yet_is_not_found_and_is_a_link_away(
    still: FlaskClient, path: str, moment: str
) -> None:
    name, value = moment.split("=")
    tree = page(still, at(path, name, value), 404)

    assert "This was not here yet at that moment" in words(tree)
    (back,) = tree.xpath("//a[text()='Back to now']/@href")
    assert back == path
    get(still, back)
    (home,) = tree.xpath("//a[text()='To the timeline']/@href")
    assert query_of(home)[name] == [value]


@pytest.mark.parametrize("below", ["", "/events"])
def test_a_program_is_told_where_it_is_now(still: FlaskClient, below: str) -> None:
    path = f"/api/entries/{GLASSES}{below}"
    problem = get(still, f"{path}?as_of=34", 404).get_json()

    assert problem["now"] == path
    assert "not here yet" in problem["detail"]
    assert "now" not in get(still, "/api/entries/nope?as_of=34", 404).get_json()


def test_what_never_was_is_just_not_found(still: FlaskClient) -> None:
    tree = page(still, "/entries/nope?as_of=34", 404)

    assert "There is no entry “nope”." in words(tree)
    assert tree.xpath("//a[text()='Back to now']") == []


def test_a_view_that_was_removed_since_is_shown_at_its_moment(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(timeline, {"type": "view-removed", "data": {"name": "sanctions"}})

    assert titles(page(client, "/views/sanctions?as_of=56"))
    page(client, "/views/sanctions?as_of=57", 410)
    page(client, "/views/sanctions", 410)


# -- caching -------------------------------------------------------------------------


@EVERYWHERE
def test_a_position_is_a_permanent_link(
    client: FlaskClient, timeline: Timeline, clock: FixedClock, path: str
) -> None:
    """Also that of the head, which is the head no more when something is appended."""
    append(timeline, event("corrected", GLASSES, changes={"category": "x"}, reason="a"))
    append(
        timeline,
        event("corrected", GLASSES, changes={"category": "product"}, reason="b"),
    )
    address = at(path, "as_of", timeline.head())
    before = get(client, address)

    clock.move(days=40)
    append(
        timeline,
        event("recorded", "new", title="Quark", occurred="1901", category="new"),
        event("recorded", "far", title="Far", occurred="2400", actors=["HUAWEI"]),
        event("recorded", "old", title="Old", occurred="1950", tags=["Sanctions"]),
        event("corrected", "huawei-entity-list", changes={"title": "X"}, reason="c"),
        event("retracted", GLASSES, reason="d"),
        {
            "type": "view-defined",
            "data": {"name": "sanctions", "title": "Y", "filter": {"tag": ["y"]}},
        },
        {"type": "view-removed", "data": {"name": "waic-2025"}},
    )
    after = get(client, address)

    assert after.headers["Cache-Control"] == "public, max-age=86400"
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.get_data(as_text=True) == before.get_data(as_text=True)
    tag = {"If-None-Match": before.headers["ETag"]}
    assert client.get(address, headers=tag).status_code == 304
    assert get(client, path).headers["ETag"] != before.headers["ETag"]


@EVERYWHERE
@pytest.mark.parametrize(
    ("moment", "value"), [("as_of", "2026-11-23"), ("known", "2025-12-01")]
)
def test_an_instant_and_what_was_known_are_asked_for_again(
    client: FlaskClient, timeline: Timeline, path: str, moment: str, value: str
) -> None:
    """More may be recorded within the day, and said to have been known before."""
    address = at(path, moment, value)
    before = get(client, address)
    tag = {"If-None-Match": before.headers["ETag"]}
    assert client.get(address, headers=tag).status_code == 304

    append(timeline, event("recorded", "new", title="New", occurred="2025"))

    again = client.get(address, headers=tag)
    assert again.status_code == 200
    assert "86400" not in again.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/?as_of=5&from=never", 400),
        (f"/entries/{GLASSES}?as_of=5", 404),
        ("/views/sanctions?as_of=5", 404),
    ],
)
def test_a_refusal_is_not_taken_for_what_the_caller_has(
    still: FlaskClient, address: str, status: int
) -> None:
    """RFC 9110 13.2.1."""
    tag = {"If-None-Match": get(still, "/?as_of=5").headers["ETag"]}

    assert still.get(address, headers=tag).status_code == status


def test_a_position_that_is_not_taken_in_yet_is_not_answered_from_an_earlier_one(
    timeline: Timeline,
) -> None:
    """It would be kept for good under the name of the position."""
    with (
        pytest.raises(LogUnavailableError),
        timeline.snapshot(AsOf(timeline.head() + 1)),
    ):
        pass


# -- what a page says ----------------------------------------------------------------


def test_a_position_says_what_is_shown_and_leads_on(still: FlaskClient) -> None:
    tree = page(still, "/?category=product&as_of=40&lang=it")

    assert words(banner(tree)).startswith("Come appariva qui in data 23 novembre 2026")
    assert "(posizione 40)" in words(banner(tree))
    assert "Le modifiche successive sono nascoste" in words(banner(tree))
    assert links(tree) == {
        "Che cosa è cambiato da allora": "/changes?after=40&lang=it",
        "Torna a oggi": "/?category=product&lang=it",
    }
    get(still, "/changes?after=40&lang=it")


def test_an_instant_says_its_day_and_has_a_permanent_link(
    client: FlaskClient, timeline: Timeline, clock: FixedClock
) -> None:
    clock.move(days=10)
    append(timeline, event("recorded", "moon", title="Moon", occurred="1969-07-20"))

    tree = page(client, "/?as_of=2026-11-30")
    before = page(client, "/?as_of=2020-01-01")
    later = page(client, "/?as_of=2099-01-01")

    assert "on 30 November 2026 (position 56)" in words(banner(tree))
    assert links(tree)["Permanent link"] == "/?as_of=56"
    assert "on 1 January 2020 (position 0)" in words(banner(before))
    assert "There was nothing here yet" in words(before)
    # What may still be recorded by then is not known.
    assert "on 3 December 2026 (position 57)" in words(banner(later))


def test_what_was_known_says_its_day(still: FlaskClient) -> None:
    tree = page(still, "/entries/waic-2025?known=2025-08")

    assert words(banner(tree)) == "As the public knew it on 31 August 2025 Back to now"
    assert links(tree) == {"Back to now": "/entries/waic-2025"}


def test_before_the_first_change_nothing_is_shown(still: FlaskClient) -> None:
    tree = page(still, "/?as_of=0")

    assert "As shown here before the first change" in words(banner(tree))
    assert titles(tree) == []
    page(still, "/?known=-9999")
    page(still, "/?known=Y-17000000")


@PAGES
@MOMENTS
def test_search_engines_are_told_of_now_only(
    still: FlaskClient, path: str, moment: str, value: str
) -> None:
    robots = "//meta[@name='robots']/@content"

    assert page(still, at(path, moment, value)).xpath(robots) == ["noindex"]
    assert page(still, path).xpath(robots) == []


@PAGES
@MOMENTS
def test_one_browses_inside_the_moment(
    still: FlaskClient, path: str, moment: str, value: str
) -> None:
    """Every link and form keeps it but those that lead to another on purpose."""
    tree = page(still, at(path, moment, value))
    for away in (
        "//aside[@class='moment']",
        "//details[contains(@class, 'moments')]",
        "//a[starts-with(@href, '/changes')]",
        "//head/link[@rel='alternate' and @type]",  # feeds tell what comes
        "//link[starts-with(@href, '/static/')]",
        "//a[starts-with(@href, '/api/events') or @href='/api/changes']",
        "//a[starts-with(@href, '#')]",
        "//a[text()='the page as of then']",
        "//a[contains(@class, 'button') and text()='Back to now']",
        "//a[contains(@rel, 'external')]",
    ):
        for one in tree.xpath(away):
            one.drop_tree()

    addresses = tree.xpath(
        "//a/@href | //link/@href | //meta[@property='og:url']/@content"
    )
    lost = [one for one in addresses if query_of(one).get(moment) != [value]]
    assert len(addresses) > 10
    assert lost == []
    for form in tree.iter("form"):
        if form.get("method") == "get":
            assert form.xpath(f".//input[@name='{moment}']/@value") == [value]


@MOMENTS
def test_the_addresses_to_subscribe_to_are_those_of_now(
    still: FlaskClient, moment: str, value: str
) -> None:
    tree = page(still, at("/about", moment, value))

    addresses = [words(one) for one in tree.xpath("//dl[@class='addresses']//code")]
    assert len(addresses) > 4
    assert not any(moment in one for one in addresses)


def test_now_in_words_is_when_the_last_event_was_recorded(
    client: FlaskClient, timeline: Timeline, clock: FixedClock
) -> None:
    """A promise "from" a day turns into "since" it only for those who saw that day."""
    append(
        timeline,
        event(
            "recorded",
            "fair",
            title="Fair",
            occurred="2026-12-01/..",
            said="2026-11-01",
        ),
    )
    clock.move(days=30)
    append(timeline, event("recorded", "other", title="Other", occurred="2026-12-20"))

    assert "from 1 December 2026" in card(page(client, "/?as_of=57"), "fair")
    assert "since 1 December 2026" in card(page(client, "/?as_of=58"), "fair")
    assert "from 1 December 2026" in card(page(client, "/?known=2026-11-30"), "fair")
    assert "since 1 December 2026" in card(page(client, "/?known=2026-12-02"), "fair")


# -- citing --------------------------------------------------------------------------


def cited(tree: Element) -> tuple[str, str]:
    (address,) = tree.xpath("//section[contains(@class, 'cite')]/div/p/code")
    (bibtex,) = tree.xpath("//section[contains(@class, 'cite')]//pre")
    return words(address), bibtex.text_content()


def test_an_entry_is_cited_at_its_position(
    client: FlaskClient, timeline: Timeline
) -> None:
    """Which is that of its last event, so that it does not change with others."""
    address, bibtex = cited(page(client, f"/entries/{GLASSES}?lang=it"))

    assert address == f"https://timeline.example/entries/{GLASSES}?as_of=51&lang=it"
    assert f"url = {{{address}}}" in bibtex
    append(timeline, event("retracted", GLASSES, reason="Never so"))
    shown = page(client, address.removeprefix("https://timeline.example"))
    assert "27 novembre 2025" in words(shown)
    assert "Never so" not in words(shown)
    assert cited(shown) == (address, bibtex)


def test_what_was_known_is_cited_by_its_day(still: FlaskClient) -> None:
    """It was shown at no position."""
    tree = page(still, f"/entries/{GLASSES}?known=2025-08-01")
    address, bibtex = cited(tree)

    assert address == f"https://timeline.example/entries/{GLASSES}?known=2025-08-01"
    assert f"@misc{{{GLASSES}-known-2025-08-01," in bibtex
    assert "as the public knew it on 1 August 2025" in words(tree)


# -- choosing ------------------------------------------------------------------------


def chooser(tree: Element) -> Element:
    (found,) = tree.xpath("//details[contains(@class, 'moments')]")
    return found


def test_the_slider_reaches_over_all_changes(still: FlaskClient) -> None:
    control = chooser(page(still, "/?category=product&order=asc&lang=it"))
    (slider,) = control.xpath(".//input[@type='range']")

    assert (slider.get("min"), slider.get("max"), slider.get("value")) == (
        "1",
        "56",
        "56",
    )
    assert slider.get("name") == "as_of"
    for form in control.iter("form"):
        assert form.get("action") == "/"
        assert form.xpath("./input[@type='hidden']/@name") == [
            "category",
            "order",
            "lang",
        ]
    hrefs = control.xpath(".//ol//a/@href")
    assert [query_of(one)["as_of"] for one in hrefs] == [
        ["1"],
        ["14"],
        ["28"],
        ["42"],
        ["56"],
    ]
    assert all(query_of(one)["category"] == ["product"] for one in hrefs)


def test_the_slider_says_what_the_change_was(still: FlaskClient) -> None:
    control = chooser(page(still, f"/?as_of={FULFILLED}"))
    (said,) = control.iter("output")

    assert words(said).startswith("51 · 23 November 2026 · ")
    assert "The Quark AI Glasses go on sale in China" in words(said)
    assert control.xpath(".//a[text()='One change earlier']/@href") == ["/?as_of=50"]
    assert control.xpath(".//a[text()='One change later']/@href") == ["/?as_of=52"]


def test_a_page_at_a_position_does_not_know_how_far_the_log_has_come(
    still: FlaskClient,
) -> None:
    (slider,) = chooser(page(still, "/?as_of=20")).xpath(".//input[@type='range']")

    assert slider.get("max") == slider.get("value") == "20"


@pytest.mark.parametrize(
    "path", ["/", f"/entries/{GLASSES}", f"/entries/{GLASSES}/history"]
)
def test_the_fields_say_the_day_that_is_shown(still: FlaskClient, path: str) -> None:
    def fields(address: str) -> dict[str, str]:
        days = chooser(page(still, address)).xpath(".//input[@type='date']")
        return {one.get("name"): one.get("value") for one in days}

    assert fields(path) == {"as_of": "", "known": ""}
    assert fields(f"{path}?known=2025-12") == {"as_of": "", "known": "2025-12-31"}
    assert fields(f"{path}?as_of=2026-11-23") == {"as_of": "2026-11-23", "known": ""}


def test_a_wrong_moment_is_told_beside_the_control(still: FlaskClient) -> None:
    tree = page(still, "/?category=product&as_of=999", 400)

    assert chooser(tree).get("open") is not None
    assert "The log has come as far as position 56." in words(chooser(tree))
    assert "This moment cannot be shown" in words(tree)
    (other,) = tree.xpath("//details[@class='filter']")
    assert other.get("open") is None


def test_an_empty_log_has_no_slider(client: FlaskClient, timeline: Timeline) -> None:
    """Where there is one change at most there is nothing to choose."""
    assert len(chooser(page(client, "/?as_of=0")).xpath(".//input[@type='range']")) == 1
    assert (
        chooser(page(client, "/entries/waic-2025")).xpath(".//input[@type='range']")
        == []
    )


def test_two_things_wrong_that_show_one_after_the_other_bring_the_form_back(
    still: FlaskClient,
) -> None:
    """That a window ends before it begins is seen once all else is read."""
    tree = page(still, "/?as_of=yesterday&from=2025&to=2020", 400)

    assert "This ends before it begins." in words(tree)
    assert "This moment cannot be shown" in words(tree)


@pytest.mark.parametrize(
    "path",
    [f"/entries/{RULE}/history", f"/api/entries/{RULE}", "/changes", "/api/views"],
)
def test_a_model_built_anew_gives_the_same_bytes(
    client: FlaskClient, timeline: Timeline, path: str
) -> None:
    """The log keeps the names of fields in an order of its own."""
    fields = {"tags": ["chips"], "scope": "EU", "importance": 3, "actors": ["Huawei"]}
    append(timeline, event("revised", RULE, changes=fields))
    named = {"name": "chips", "title": "Chips"}
    wanted = {"tag": ["chips"], "category": ["product"], "actor": ["Huawei"]}
    view = {"type": "view-defined", "data": {**named, "filter": wanted}}
    append(timeline, view)
    upto = "upto" if path == "/changes" else "as_of"
    shown = get(client, at(path, upto, timeline.head())).get_data()

    timeline.rebuild()

    assert get(client, at(path, upto, timeline.head())).get_data() == shown


@pytest.mark.parametrize("said", ["2026-11", "2026", "2026-11-01/.."])
def test_what_was_said_some_time_in_a_month_is_known_once_it_is_recorded(
    client: FlaskClient, timeline: Timeline, said: str
) -> None:
    """Public it was no later than here; a day behind the head's means the head."""
    append(
        timeline, event("recorded", "moon", title="Moon", occurred="2026", said=said)
    )

    for day in ("2026-11-23", "2030"):
        get(client, f"/entries/moon?known={day}")
    get(client, "/entries/moon?known=2026-10-31", status=404)


def test_a_view_that_is_gone_was_not_gone_before_it_came(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(timeline, {"type": "view-removed", "data": {"name": "sanctions"}})

    get(client, "/views/sanctions", status=410)
    get(client, "/views/sanctions?as_of=8", status=404)
    get(client, "/views/sanctions?as_of=56")
