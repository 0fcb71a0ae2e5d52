"""The pages over a whole service: what a browser gets, and what it must never get."""

import gzip
import json
import re
from collections.abc import Iterable
from importlib.resources import files
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from timeline.schemas import parse_append
from timeline.service import Timeline
from timeline.store import find as find_module
from timeline.store import ranges
from timeline.web.answers import PAGE_AGE_S
from timeline.web.pages import listing

Element: TypeAlias = Any
"""Of lxml, whose stubs know little of HTML."""

PAGES = pytest.mark.parametrize(
    "address",
    [
        "/",
        "/?category=product&order=asc&lang=it",
        "/?actor=Nobody",
        "/?from=never",
        "/views",
        "/views/quark-release",
        "/entries/quark-ai-glasses-release",
        "/entries/cloudmatrix-384-shown?lang=it",
        "/entries/us-chip-rule-2023-effective/history",
        "/about",
        "/changes?after=17",
        "/?q=huawei&from=2019-05&to=2019-05",
        "/entries/nope",
    ],
)


@pytest.fixture
def story(timeline: Timeline) -> None:
    """The bundled story is in the log."""
    story = files("events") / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")


def append(timeline: Timeline, *events: dict[str, Any]) -> None:
    timeline.append(parse_append(json.dumps(events).encode())[0], author="desk")


def recorded(entry: str, **fields: Any) -> dict[str, Any]:
    data = {"title": entry.capitalize(), "occurred": "2025-07-26", **fields}
    return {"type": "entry-recorded", "entry": entry, "data": data}


def page(client: FlaskClient, address: str, status: int = 200) -> Element:
    response = client.get(address)
    assert response.status_code == status
    return parsed(response)


def parsed(response: TestResponse) -> Element:
    assert response.mimetype == "text/html"
    return html.document_fromstring(response.get_data(as_text=True))


def find(tree: Element, selector: str) -> list[Element]:
    """What a CSS selector of tags, classes, `` `` and ``>`` finds."""
    path, axis = "", "//"
    for part in selector.split():
        if part == ">":
            axis = "/"
            continue
        tag, *classes = part.split(".")
        path += axis + (tag or "*")
        path += "".join(
            f"[contains(concat(' ', normalize-space(@class), ' '), ' {one} ')]"
            for one in classes
        )
        axis = "//"
    return list(tree.xpath(f".{path}"))


def words(element: Element) -> str:
    """Its text, with all white space as one space."""
    return " ".join(element.text_content().replace("\N{NO-BREAK SPACE}", " ").split())


def all_words(elements: Iterable[Element]) -> list[str]:
    return [words(one) for one in elements]


def titles(tree: Element) -> list[str]:
    return all_words(find(tree, "h4"))


def feed_links(tree: Element) -> dict[str, str]:
    """Autodiscovery of what the page shows: address by media type."""
    links = tree.xpath(
        "//head/link[@rel='alternate' and @type]"
        "[not(starts-with(@href, '/changes.atom'))]"
    )
    return {one.get("type"): one.get("href") for one in links}


# -- every page ----------------------------------------------------------------------


@PAGES
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(
    still: FlaskClient, address: str
) -> None:
    """The content security policy would stop it, and a reader would see it missing."""
    tree = parsed(still.get(address))

    assert tree.xpath("//style | //@style | //iframe | //img") == []
    # What is no script, says its type, is data: nothing runs it.
    run = tree.xpath("//script[not(starts-with(@type, 'application/'))]")
    assert {*all_words(run)} == {""}
    assert not [name for name in tree.xpath("//@*") if name.attrname.startswith("on")]
    loaded = tree.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //@src")
    assert loaded
    assert all(one.startswith("/static/") for one in loaded)


@PAGES
def test_headings_leave_out_no_level(still: FlaskClient, address: str) -> None:
    tree = parsed(still.get(address))

    levels = [int(one.tag[1]) for one in tree.xpath("//h1 | //h2 | //h3 | //h4")]

    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = pairwise(levels)
    assert all(after <= before + 1 for before, after in steps)


@PAGES
def test_every_page_has_its_landmarks_title_and_feeds(
    still: FlaskClient, address: str
) -> None:
    tree = parsed(still.get(address))

    assert tree.get("lang") in ("en", "it")
    assert words(tree.find(".//title"))
    assert len(tree.xpath("//main")) == len(tree.xpath("/html/body/header")) == 1
    assert tree.xpath("//nav[@aria-label]")
    assert feed_links(tree).keys() == {
        "application/atom+xml",
        "application/rss+xml",
        "application/feed+json",
        "text/calendar",
    }
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))


@PAGES
def test_all_links_of_a_page_lead_somewhere(still: FlaskClient, address: str) -> None:
    tree = parsed(still.get(address))
    # The same page in another language is as wrong as this one.
    found = tree.xpath("//*[not(@hreflang)]/@href | //form/@action")
    links = {one.partition("#")[0] for one in found}

    inside = [one for one in links if one.startswith("/")]

    assert len(inside) > 3
    for link in inside:
        assert still.get(link, buffered=True).status_code == 200, link


# -- the list ------------------------------------------------------------------------


def test_the_story_stands_under_years_and_months(still: FlaskClient) -> None:
    tree = page(still, "/?order=asc")

    assert all_words(find(tree, "h2")) == [
        "2019", "2020", "2022", "2023", "2024", "2025", "2026",
    ]  # fmt: skip
    months = all_words(find(tree, "h3"))
    assert months[:3] == ["May 2019", "October 2019", "Month not given"]
    assert len(find(tree, "ol > li > article")) == 44
    first = find(tree, "section.year ol > li")[0]
    assert first.get("id") == "e-huawei-entity-list-announced"


def test_newest_first_is_the_default_and_said(still: FlaskClient) -> None:
    forth, back = page(still, "/?order=asc"), page(still, "/")

    assert titles(back) == titles(forth)[::-1]
    assert words(find(back, ".count")[0]) == (
        "44 entries · Newest first · Oldest first"
    )
    assert find(back, ".count a")[0].get("href") == "/?order=asc"


def test_a_gap_is_told_between_entries(still: FlaskClient) -> None:
    tree = page(still, "/?order=asc")

    item = tree.get_element_by_id("e-huawei-entity-list-published")

    assert words(find(item, ".gap")[0]) == "4 months later"


def test_dates_tell_programs_what_they_tell_people(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(
        timeline,
        recorded("fair", occurred="2025-07-26/2025-07-28"),
        recorded("maybe", occurred="2025-07~"),
        recorded("season", occurred="2025-24"),
    )
    tree = page(client, "/")

    def date(entry: str) -> tuple[str, str, list[tuple[str, str]]]:
        span = find(tree.get_element_by_id(f"e-{entry}"), ".date")[0]
        times = [(one.get("datetime"), one.get("data-edtf")) for one in span]
        return words(span), span.get("data-edtf"), times

    assert date("fair") == (
        "26–28 July 2025",
        "2025-07-26/2025-07-28",
        [("2025-07-26", "2025-07-26"), ("2025-07-28", "2025-07-28")],
    )
    assert date("maybe") == ("around July 2025", "2025-07~", [("2025-07", "2025-07~")])
    assert date("season") == ("winter 2025–26", "2025-24", [])


def test_a_category_is_a_glyph_a_colour_and_a_word(still: FlaskClient) -> None:
    """Also in the row of links that is their legend."""
    tree = page(still, "/")

    pills = find(tree, ".row .pill")
    drawn = {find(one, "path")[0].get("d") for one in pills}
    coloured = {find(one, "svg")[0].get("class") for one in pills}
    assert len(pills) == len(drawn) == len(coloured) == 6
    assert words(pills[0]) == "Alliance 2"
    card = tree.get_element_by_id("e-waic-2025")
    pill = next(one for one in pills if words(one) == "Conference 2")
    glyphs = [find(one, "path")[0].get("d") for one in (card, pill)]
    assert glyphs[0] == glyphs[1]
    assert "Conference" in words(find(card, ".meta")[0])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "quark-ai-glasses-release",
            "fulfilled 27 November 2025, 34 days before the window closed",
        ),
        (
            "us-chip-rule-2023-effective",
            "corrected 23 November 2026: was 16 November 2023",
        ),
        (
            "affiliates-rule-resumes",
            "overdue was due 10 November 2026; no outcome recorded",
        ),
        ("quark-ai-glasses-overseas", "expected due around 2026"),
        (
            "huawei-temporary-licence",
            "extended 5 times, last from 15 May to 13 August 2020 on 15 May 2020",
        ),
    ],
)
def test_what_became_of_an_entry_is_told_in_the_list_and_on_its_page(
    still: FlaskClient, entry: str, said: str
) -> None:
    card = page(still, "/").get_element_by_id(f"e-{entry}")
    own = find(page(still, f"/entries/{entry}"), ".entry > header")[0]

    assert said in all_words(find(card, ".note"))
    assert said in all_words(find(own, ".note"))


def test_a_retracted_entry_stays_struck_through_with_its_reason(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(
        timeline,
        recorded("hoax"),
        {"type": "entry-retracted", "entry": "hoax", "data": {"reason": "A hoax."}},
    )

    card = page(client, "/").get_element_by_id("e-hoax")
    own = page(client, "/entries/hoax")

    assert words(find(card, "h4 del")[0]) == "Hoax"
    assert all_words(find(card, ".note")) == ["retracted A hoax."]
    assert words(find(own, "h1 del")[0]) == "Hoax"


def test_an_empty_log_says_what_to_do(client: FlaskClient) -> None:
    tree = page(client, "/")

    assert words(find(tree, ".empty h2")[0]) == "Nothing has been recorded yet"
    assert "/subscribe" in tree.xpath("//main//@href")
    assert not find(tree, "form")
    assert not find(tree, "svg.overview")


# -- filters -------------------------------------------------------------------------


def test_filters_narrow_the_list_and_its_feeds(still: FlaskClient) -> None:
    tree = page(still, "/?actor=huawei&category=export-controls&from=2020&lang=it")

    assert len(titles(tree)) == 1
    query = "category=export-controls&actor=huawei&from=2020&lang=it"
    assert feed_links(tree) == {
        "application/atom+xml": f"/feed.atom?{query}",
        "application/rss+xml": f"/feed.rss?{query}",
        "application/feed+json": f"/feed.json?{query}",
        "text/calendar": f"/calendar.ics?{query}",
    }
    assert find(tree, "a.subscribe")[0].get("href") == f"/subscribe?{query}"
    feed = still.get(f"/feed.atom?{query}")
    assert feed.get_data().count(b"<entry") == 1


def test_active_filters_can_be_removed_one_by_one(still: FlaskClient) -> None:
    tree = page(still, "/?actor=Huawei&from=2020")

    chips = find(tree, ".active .pill")

    assert all_words(chips) == ["Remove: Actor: Huawei ×", "Remove: From: 2020 ×"]
    assert [one.get("href") for one in chips] == ["/?from=2020", "/?actor=Huawei"]


def test_a_category_link_adds_to_the_filter_and_takes_away(still: FlaskClient) -> None:
    tree = page(still, "/?category=product")

    pills = {words(one).rpartition(" ")[0]: one for one in find(tree, ".row .pill")}

    assert pills["Product"].get("aria-current") == "true"
    assert pills["Product"].get("href") == "/"
    both = pills["Conference"].get("href")
    assert both == "/?category=conference&category=product"
    assert len(titles(page(still, both))) == 11


def test_the_form_comes_back_as_it_was_sent(still: FlaskClient) -> None:
    tree = page(still, "/?category=product&tag=qwen&actor=Alibaba&to=2025&order=asc")
    form, *_ = find(tree, ".filter form")

    sent = [(name, value) for name, value in form.form_values() if value]

    assert sent == [
        ("tag", "qwen"),
        ("category", "product"),
        ("actor", "Alibaba"),
        ("to", "2025"),
        ("order", "asc"),
    ]


def test_a_list_without_results_says_how_to_get_some(still: FlaskClient) -> None:
    tree = page(still, "/?actor=Nobody&lang=it")

    (empty,) = find(tree, ".empty")

    assert "Nessuna voce corrisponde ai filtri" in words(empty)
    assert empty.xpath(".//a/@href") == ["/?lang=it", "/?lang=it"]
    assert all_words(find(empty, ".ways li")) == ["Senza Protagonista: Nobody 44 voci"]


def test_a_date_that_is_none_comes_back_with_advice(still: FlaskClient) -> None:
    """What was understood stays; an error page would lose all that was typed."""
    tree = page(still, "/?from=2025-13-01&category=product", 400)

    start = tree.get_element_by_id("f-from")
    assert start.get("value") == "2025-13-01"
    assert start.get("aria-invalid") == "true"
    advice = tree.get_element_by_id(start.get("aria-describedby"))
    assert "There is no month 13" in words(advice)
    assert all_words(tree.xpath("//form//label[input[@checked]]")) == ["Product"]


def test_pages_follow_each_other_without_gap_or_overlap(
    client: FlaskClient, timeline: Timeline
) -> None:
    events = [recorded(f"e{n:03}", occurred=f"{1800 + n}") for n in range(230)]
    append(timeline, *events)
    forth: list[list[str]] = []
    back: list[list[str]] = []
    address = "/?from=1800"

    while address:
        tree = page(client, address)
        forth.append(titles(tree))
        address = "".join(tree.xpath("//a[@rel='next']/@href"))
    assert "30 of 230 entries" in words(find(tree, ".count")[0])
    assert "Back to the start" in words(find(tree, ".count")[0])
    back.append(titles(tree))
    while address := "".join(tree.xpath("//a[@rel='prev']/@href")):
        tree = page(client, address)
        back.append(titles(tree))

    assert [one for page in forth for one in page] == [
        f"E{n:03}" for n in reversed(range(230))
    ]
    assert back == forth[::-1]


# -- finding -------------------------------------------------------------------------


def test_a_search_marks_what_it_found_whatever_its_accents(
    client: FlaskClient, timeline: Timeline
) -> None:
    """In the title, and in an excerpt of the summary."""
    summary = "Nothing. " * 60 + "At last the *café* opened. " + "And on. " * 60
    append(timeline, recorded("a", title="A CAFÉ opens", summary=summary))

    tree = page(client, "/?q=cafe")

    assert all_words(find(tree, "h4 mark")) == ["CAFÉ"]
    (excerpt,) = find(tree, ".excerpt")
    assert all_words(find(excerpt, "mark")) == ["café"]
    assert words(excerpt).startswith("… ")
    assert words(excerpt).endswith(" …")
    assert {*tree.xpath("//input[@name='q']/@value")} == {"cafe"}


def test_a_search_that_matches_hostile_text_marks_it_as_text(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(timeline, recorded("a", title=HOSTILE, summary=HOSTILE, tags=[HOSTILE]))

    tree = page(client, "/?q=script+onload")

    assert all_words(find(tree, "h4 mark")) == ["script", "script", "onload"]
    assert tree.xpath("//script[not(@src)] | //b[@onload]") == []


def test_a_search_says_where_it_found_what_a_card_does_not_show(
    still: FlaskClient,
) -> None:
    tree = page(still, "/?q=porter+wright")

    card = tree.get_element_by_id("e-huawei-temporary-licence")
    assert all_words(find(card, ".meta mark")) == ["Porter", "Wright"]


def test_each_value_says_how_many_entries_it_would_leave(still: FlaskClient) -> None:
    """And its link leads to just as many."""
    tree = page(still, "/?category=export-controls")

    links = find(tree, ".facets .pill")
    assert len(links) > 10
    for link in links[:10]:
        number = int(words(find(link, ".n")[0]))
        assert len(titles(page(still, link.get("href")))) == number, words(link)


def test_a_chosen_value_is_marked_and_its_link_takes_it_away(
    still: FlaskClient,
) -> None:
    tree = page(still, "/?actor=huawei&q=licence")

    (chosen,) = tree.xpath("//dl[@class='facets']//a[@aria-current]")

    assert words(chosen).startswith("Huawei ")
    assert chosen.get("href") == "/?q=licence"


def test_no_results_say_which_filter_to_remove(still: FlaskClient) -> None:
    tree = page(still, "/?q=zebra&category=product&actor=Alibaba")

    (way,) = find(tree, ".ways li")
    number = int(words(way).rpartition(": zebra ")[2].split()[0])
    found = page(still, find(way, "a")[0].get("href"))
    assert len(titles(found)) == number > 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting and sorting stop at 3 instead of 10,000."""
    for module in (find_module, ranges, listing):
        monkeypatch.setattr(module, "CAP", 3)


@pytest.mark.parametrize("lang", ["en", "it"])
@pytest.mark.parametrize(
    ("address", "count", "hints"),
    [
        (
            "/?q=chips",
            {"en": "3 of more than 3 entries", "it": "3 di oltre 3 voci"},
            {
                "en": "More was found than can be sorted: these are of the 3 entries "
                "recorded last. Add a word or a filter to find others.",
                "it": "Si è trovato più di quanto si possa ordinare: queste sono "
                "tra le 3 voci registrate per ultime. Aggiungi una parola o un filtro "
                "per trovarne altre.",
            },
        ),
        (
            "/?from=2025&to=2025",
            {"en": "6 of more than 3 entries", "it": "6 di oltre 3 voci"},
            {
                "en": "The numbers are those of 3 of these entries.",
                "it": "I numeri si riferiscono a 3 di queste voci.",
            },
        ),
    ],
)
def test_what_is_more_than_is_counted_or_sorted_says_so(
    client: FlaskClient,
    timeline: Timeline,
    few: None,
    lang: str,
    address: str,
    count: dict[str, str],
    hints: dict[str, str],
) -> None:
    """Nobody takes a part for the whole."""
    append(
        timeline,
        *(
            recorded(f"e{n}", title=f"Chips {n}", occurred=f"2025-07-0{n}")
            for n in range(1, 7)
        ),
    )

    tree = page(client, f"{address}&lang={lang}")

    assert count[lang] in words(find(tree, ".count")[0])
    assert hints[lang] in all_words(find(tree, ".hint"))


def test_what_is_counted_to_its_end_says_no_more(
    client: FlaskClient, timeline: Timeline, few: None
) -> None:
    append(timeline, *(recorded(f"e{n}", title=f"Chips {n}") for n in range(3)))

    for address in ("/", "/?q=chips", "/?from=2025&to=2025"):
        tree = page(client, address)
        assert words(find(tree, ".count")[0]).startswith("3 entries")
        assert not [hint for hint in all_words(find(tree, ".hint")) if " 3 " in hint]


@pytest.mark.parametrize(
    "typed", ["2025-07", "July 2025", "luglio 2025", "summer 2025", "Q3 2025"]
)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_date_in_words_leads_to_the_page_that_starts_there(
    still: FlaskClient, typed: str, order: str
) -> None:
    asked = {"at": typed, "order": order, "category": "product"}
    response = still.get("/", query_string=asked)

    assert response.status_code == 303
    address = response.headers["Location"]
    assert address.startswith("/?category=product")
    assert "at=" not in address
    tree = page(still, address.partition("#")[0])
    everything = titles(page(still, f"/?order={order}&category=product"))
    shown = titles(tree)
    assert 0 < len(shown) < len(everything)
    assert shown == everything[-len(shown) :]
    back = page(still, "".join(tree.xpath("//a[@rel='prev']/@href")))
    assert titles(back) == everything[: -len(shown)]


def test_a_date_beyond_the_first_entry_leads_to_the_start(still: FlaskClient) -> None:
    assert still.get("/?at=2100").headers["Location"] == "/#list"


@pytest.mark.parametrize(
    ("typed", "advice"), [("2025-13", "Did you mean December 2025?"), ("soon", "year")]
)
def test_what_is_no_date_gets_advice_above_the_list(
    still: FlaskClient, typed: str, advice: str
) -> None:
    tree = page(still, f"/?at={typed}", 400)

    field = tree.get_element_by_id("f-at")
    assert field.get("value") == typed
    assert advice in words(tree.get_element_by_id(field.get("aria-describedby")))
    assert len(titles(tree)) == 44


def test_a_window_says_that_it_shows_what_possibly_overlaps(still: FlaskClient) -> None:
    assert "possibly overlaps" in words(find(page(still, "/?from=2025"), "main")[0])


@pytest.mark.parametrize(("number", "shown"), [(60, 60), (61, 40)])
def test_a_list_a_little_longer_than_a_page_is_shown_whole(
    client: FlaskClient, timeline: Timeline, number: int, shown: int
) -> None:
    append(timeline, *(recorded(f"entry-{one}") for one in range(number)))

    tree = page(client, "/")

    assert len(titles(tree)) == shown
    assert bool(tree.xpath("//a[@rel='next']")) == (shown < number)
    assert len(titles(page(client, "/?limit=50"))) == 50
    assert len(titles(page(client, "/?limit=200"))) == number


# -- the overview --------------------------------------------------------------------


def bars(tree: Element) -> dict[str, int]:
    names = tree.xpath("//figure[@class='overview']//a/@aria-label")
    return {name.rpartition(": ")[0]: int(name.split()[-2]) for name in names}


@pytest.mark.parametrize(
    "address", ["/", "/?category=product", "/?q=huawei", "/views/sanctions"]
)
def test_the_bars_sum_to_the_number_of_entries(
    still: FlaskClient, address: str
) -> None:
    tree = page(still, address)

    assert sum(bars(tree).values()) == len(titles(tree)) > 1


def test_a_category_is_drawn_once_in_each_bar_that_holds_it(
    client: FlaskClient, timeline: Timeline
) -> None:
    for day, category in ((1, "a"), (2, "a"), (3, "a"), (3, "b")):
        fields = {"occurred": f"2025-07-{day:02}", "category": category}
        append(timeline, recorded(f"{category}-{day}", **fields))

    (svg,) = page(client, "/").xpath("//*[@class='shapes']")
    *drawn, _gaps = (
        re.findall(r"M(\d+) ([\d.]+)h10v([\d.]+)h-10z", path.get("d")) for path in svg
    )

    assert drawn == [
        # sqrt(1/2) of the height of the fullest, the third, which both share
        [("0", "16.4", "39.6"), ("10", "16.4", "39.6"), ("20", "28", "28")],
        [("20", "0", "28")],
    ]


def test_a_bar_leads_to_its_window_and_back(still: FlaskClient) -> None:
    tree = page(still, "/?category=export-controls")
    assert bars(tree)["May 2019"] > 1
    (bar,) = tree.xpath("//a[starts-with(@aria-label, 'May 2019: ')]")
    assert bar.get("href") == "/?category=export-controls&from=2019-05&to=2019-05"

    near = page(still, bar.get("href"))

    assert "15 May 2019" in bars(near)
    assert near.xpath("//*[local-name()='rect'][@class='window']")
    (everything,) = near.xpath("//a[text()='All dates']/@href")
    assert everything == "/?category=export-controls"


def test_one_entry_needs_no_overview(client: FlaskClient, timeline: Timeline) -> None:
    append(timeline, recorded("one"))

    assert bars(page(client, "/")) == {}


# -- history, about ------------------------------------------------------------------


def test_the_history_tells_what_a_correction_corrected_and_why(
    still: FlaskClient,
) -> None:
    tree = page(still, "/entries/us-chip-rule-2023-effective/history")

    latest = tree.get_element_by_id("v2")
    told = words(latest)
    assert words(find(latest, "h2")[0]).startswith("Corrected")
    assert "16 November 2023 → 17 November 2023" in told
    assert "Why:" in told
    assert "by seed" in told
    assert latest.xpath(".//a[@href='#v1']")
    assert latest.xpath(".//a[starts-with(@href, '/api/events/')]")
    assert tree.get_element_by_id("v1").get("class") == "recorded"


def test_the_history_tells_each_extension_with_its_source(still: FlaskClient) -> None:
    tree = page(still, "/entries/huawei-temporary-licence/history")

    steps = find(tree, ".history > li")
    assert [one.get("id") for one in steps] == [f"v{n}" for n in range(6, 0, -1)]
    assert all_words(find(tree, ".history h2"))[0] == "Extended 15 May 2020"
    assert "20 May 2019 – 15 May 2020 → 20 May 2019 – 13 August 2020" in words(steps[0])
    assert all(find(one, ".plain a") for one in steps)


def test_about_says_how_to_subscribe_and_append_at_the_public_address(
    client: FlaskClient, timeline: Timeline, story: None
) -> None:
    told = words(find(page(client, "/about"), "main")[0])

    assert "curl https://timeline.example/api/events" in told
    assert "https://timeline.example/views/sanctions/feed.atom" in told
    assert timeline.identity().log_id in told
    assert "Entries 44" in told


def test_an_entry_can_be_cited_as_it_stands(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(timeline, recorded("odd", title="100 % {of} A&B_C"))

    cite = words(find(page(client, "/entries/odd"), ".cite")[0])

    assert "version 1 at position 1 of the log" in cite
    assert "https://timeline.example/entries/odd" in cite
    assert r"title = {{100 \% \{of\} A\&B\_C}}," in cite


# -- views ---------------------------------------------------------------------------


def test_a_view_is_a_list_with_feeds_of_its_own(still: FlaskClient) -> None:
    tree = page(still, "/views/quark-release")

    assert words(find(tree, "h1")[0]) == "Quark AI Glasses"
    assert len(titles(tree)) == 4
    assert feed_links(tree)["application/atom+xml"] == "/views/quark-release/feed.atom"
    current = tree.xpath("//nav[@class='views']//*[@aria-current='page']")
    assert all_words(current) == ["Quark AI Glasses"]


def test_a_view_can_be_narrowed_down_further(still: FlaskClient) -> None:
    tree = page(still, "/views/sanctions?actor=Nvidia")

    assert 0 < len(titles(tree)) < 10
    assert feed_links(tree)["application/atom+xml"] == (
        "/views/sanctions/feed.atom?actor=Nvidia"
    )


def test_what_a_view_and_a_filter_exclude_together_is_empty(still: FlaskClient) -> None:
    assert titles(page(still, "/views/sanctions?tag=quark-glasses")) == []


def test_all_views_are_listed(still: FlaskClient) -> None:
    tree = page(still, "/views")

    assert all_words(find(tree, "main h2")) == [
        "Quark AI Glasses",
        "US chip sanctions",
        "WAIC 2025",
    ]
    quark = words(find(tree, ".viewlist li")[0])
    assert "Tag: quark-glasses" in quark
    assert "4 entries" in quark
    subscribe = find(tree, ".viewlist li .meta a")[0]
    assert subscribe.get("href") == "/views/quark-release/subscribe"
    assert subscribe.get("aria-label") == "Subscribe to Quark AI Glasses"


def test_a_removed_view_is_gone(client: FlaskClient, timeline: Timeline) -> None:
    view = {"name": "old", "title": "Old", "filter": {"tag": ["x"]}}
    append(timeline, {"type": "view-defined", "data": view})
    tag = client.get("/views/old").headers["ETag"]
    append(timeline, {"type": "view-removed", "data": {"name": "old"}})

    tree = page(client, "/views/old", 410)

    assert "still on the timeline" in words(tree.find(".//main"))
    again = client.get("/views/old", headers={"If-None-Match": tag})
    assert again.status_code == 410
    assert "Old" not in words(page(client, "/").find(".//body/header"))


@pytest.mark.parametrize("address", ["/entries/nope", "/views/nope", "/nope"])
def test_what_was_never_there_is_not_found(
    client: FlaskClient, timeline: Timeline, address: str
) -> None:
    """Also for a client that has a copy of something else."""
    tree = page(client, address, 404)

    assert "/" in tree.xpath("//main//a/@href")
    headers = {"If-None-Match": f'"{timeline.tag()}"'}
    assert client.get(address, headers=headers).status_code == 404


# -- an entry ------------------------------------------------------------------------


def test_an_entry_tells_its_promise_history_and_record(still: FlaskClient) -> None:
    tree = page(still, "/entries/quark-ai-glasses-release")

    promise = words(find(tree, ".promise")[0])
    assert "Promised by end of 2025" in promise
    assert "34 days before the window closed" in promise
    steps = all_words(find(tree, ".history h3"))
    assert steps == ["Fulfilled 27 November 2025", "Recorded 23 November 2026"]
    short = find(tree, ".history li")[0]
    assert "27 November 2025, 34 days before the window closed" in words(short)
    assert find(short, "a")[0].get("href") == (
        "/entries/quark-ai-glasses-release/history#v2"
    )
    assert feed_links(tree)["application/atom+xml"] == (
        "/entries/quark-ai-glasses-release/feed.atom"
    )


def test_an_entry_leads_to_what_it_follows_and_what_follows_it(
    still: FlaskClient,
) -> None:
    tree = page(still, "/entries/quark-ai-glasses-release")

    related = find(tree, ".related")[0]

    assert related.xpath("./*/text()[normalize-space()] | .//a/@href") == [
        "Follows",
        "/entries/quark-ai-glasses-announced",
        "Followed by",
        "/entries/quark-s1-g1",
    ]


def test_sources_are_links_with_publisher_and_day(still: FlaskClient) -> None:
    tree = page(still, "/entries/us-chip-rule-2023-effective")

    links = find(tree, "section > .plain a")

    assert {one.get("rel") for one in links} == {"nofollow noopener external"}
    assert words(links[1].getparent()).endswith(", DIGITIMES Asia, 18 October 2023")


def test_a_translation_is_shown_where_there_is_one(still: FlaskClient) -> None:
    tree = page(still, "/entries/waic-2025?lang=it")

    assert tree.get("lang") == "it"
    assert words(find(tree, "h1")[0]).startswith("Si tiene a Shanghai")
    assert words(find(tree, ".when")[0]) == "26–28 luglio 2025"
    languages = {words(a): a.get("href") for a in find(tree, ".languages a")}
    assert languages["English"] == "/entries/waic-2025"
    # Whoever reads Italian goes on reading it.
    inside = tree.xpath(
        "//main//a[starts-with(@href, '/entries/') and not(@hreflang)]/@href"
    )
    assert inside
    assert all("lang=it" in one for one in inside)


def test_what_is_not_translated_says_in_which_language_it_is(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(timeline, recorded("moon", lang="fr", summary="Une *lune*."))

    tree = page(client, "/entries/moon?lang=it")

    assert tree.xpath("//h1/*[@lang]")[0].get("lang") == "fr"
    assert find(tree, ".summary")[0].get("lang") == "fr"


# -- hostile input -------------------------------------------------------------------


HOSTILE = "<script>alert(1)</script><b onload=x>\"'&amp;{{ 7*7 }}%(x)s"


def test_hostile_words_are_shown_as_words(
    client: FlaskClient, timeline: Timeline
) -> None:
    append(
        timeline,
        recorded(
            "hostile",
            title=HOSTILE,
            summary=f"{HOSTILE} [x](javascript:alert(1)) ![y](https://evil.example/z)",
            actors=[HOSTILE],
            places=[HOSTILE],
            tags=[HOSTILE],
            scope=HOSTILE,
            importance=100,
            sources=[{"url": "https://e.example/?x=%22%3E&y=1", "title": HOSTILE}],
            links=[{"rel": "follows", "entry": "nowhere"}],
        ),
        {
            "type": "entry-retracted",
            "entry": "hostile",
            "data": {"reason": HOSTILE},
        },
        {
            "type": "view-defined",
            "data": {
                "name": "v",
                "title": HOSTILE,
                "description": HOSTILE,
                "filter": {"tag": [HOSTILE]},
            },
        },
    )

    for address in (
        "/",
        "/entries/hostile",
        "/entries/hostile/history",
        "/views/v",
        "/views",
        "/about",
        "/?q=script+alert",
    ):
        tree = page(client, address)
        assert tree.xpath("//script[not(@src)] | //b[@onload] | //img") == []
        assert not tree.xpath("//a[starts-with(@href, 'javascript:')]")
        assert "<script>alert(1)</script>" in words(tree.find(".//main"))


@pytest.mark.parametrize(
    "name", ["actor", "from", "order", "lang", "cursor", "before", "tag", "q", "at"]
)
def test_a_hostile_address_is_shown_as_words(still: FlaskClient, name: str) -> None:
    response = still.get("/", query_string={name: HOSTILE})

    assert response.status_code in (200, 400)
    assert b"<script>" not in response.data
    assert not parsed(response).xpath("//b[@onload]")


# -- HTTP ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/", "/views", "/views/waic-2025", "/entries/waic-2025"]
)
def test_a_page_is_not_sent_twice(
    client: FlaskClient, timeline: Timeline, story: None, address: str
) -> None:
    first = client.get(address)
    copy = {"If-None-Match": first.headers["ETag"]}

    assert client.get(address, headers=copy).status_code == 304
    append(timeline, recorded("news"))
    assert client.get(address, headers=copy).status_code == 200
    assert first.headers["Cache-Control"] == f"public, max-age={PAGE_AGE_S}"


def test_addresses_are_public_ones_whatever_the_host_header_says(
    still: FlaskClient,
) -> None:
    response = still.get("/?order=asc", headers={"Host": "evil.example"})

    (canonical,) = parsed(response).xpath("//link[@rel='canonical']/@href")
    assert canonical == "https://timeline.example/?order=asc"
    assert b"evil.example" not in response.data


def test_assets_keep_for_a_year_at_the_address_that_pages_use(
    client: FlaskClient,
) -> None:
    tree = page(client, "/")
    (sheet,) = tree.xpath("//link[@rel='stylesheet']/@href")

    def caching(address: str) -> str:
        response = client.get(address, buffered=True)
        assert response.status_code == 200
        return response.headers["Cache-Control"]

    assert re.fullmatch(r"/static/timeline\.css\?v=[0-9a-f]{12}", sheet)
    assert caching(sheet) == "public, max-age=31536000, immutable"
    assert "immutable" not in caching("/static/timeline.css")
    assert "immutable" not in caching("/static/timeline.css?v=old")


def test_the_style_sheet_keeps_to_its_budget() -> None:
    sheet = (files("timeline") / "static" / "timeline.css").read_bytes()

    assert len(gzip.compress(sheet)) <= 8_000


def test_categories_are_those_in_use(timeline: Timeline) -> None:
    append(
        timeline,
        recorded("a", category="space"),
        recorded("b", category="art"),
        recorded("c", category="gone"),
        recorded("d"),
        {
            "type": "entry-corrected",
            "entry": "c",
            "data": {"changes": {"category": "art"}, "reason": "Wrong."},
        },
    )

    with timeline.snapshot() as snapshot:
        assert snapshot.categories() == ["art", "space"]
