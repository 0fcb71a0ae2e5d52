"""The pages on paper, in forced colours, at rest, without script and locked down."""

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open, follow
from tests.browser.pictures import read
from tests.browser.sites import KINDS, Sites

pytestmark = pytest.mark.browser

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


# -- paper ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["front", "view", "search", "entry", "history"])
def test_paper_has_no_controls_and_says_where_it_is_from(
    open_page: Open, kind: str
) -> None:
    page = open_page(KINDS[kind])
    assert page.locator(".tools").is_visible()

    page.emulate_media(media="print")

    left = page.locator("nav, form, button, details, .skip, dialog")
    assert [one.inner_text() for one in left.all() if one.is_visible()] == []
    assert page.locator("h1").is_visible()
    assert page.get_by_text("https://timeline.example/").first.is_visible()


@pytest.mark.parametrize(
    ("kind", "links"), [("front", ".month h4 a"), ("entry", ".plain a")]
)
def test_paper_shows_where_links_lead(open_page: Open, kind: str, links: str) -> None:
    page = open_page(KINDS[kind])
    page.emulate_media(media="print")

    said = page.locator(links).evaluate_all(
        "all => all.map(one => getComputedStyle(one, '::after').content)"
    )

    assert said
    assert all("attr(href)" in one or "/" in one for one in said)


# -- forced colours and motion -------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_glyphs_are_seen_in_forced_colours(open_page: Open, scheme: str) -> None:
    page = open_page(KINDS["front"], forced_colors="active", color_scheme=scheme)
    glyphs = page.locator("article .glyph")
    page.wait_for_load_state("load")

    for number in range(6):
        greys = read(glyphs.nth(number).screenshot()).convert("L").tobytes()
        assert max(greys) - min(greys) > 100, number


@EVERY_KIND
def test_nothing_moves_for_those_who_asked_for_rest(open_page: Open, kind: str) -> None:
    page = open_page(KINDS[kind], reduced_motion="reduce")

    assert moving(page) == []


def test_moving_is_seen(open_page: Open) -> None:
    """Otherwise finding nothing would mean nothing."""
    assert moving(open_page(KINDS["front"], reduced_motion="no-preference"))


def moving(page: Page) -> list[str]:
    """Elements with a transition, an animation or smooth scrolling."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(one => {
          const style = getComputedStyle(one);
          return style.transitionDuration !== "0s"
            || style.animationName !== "none"
            || style.scrollBehavior === "smooth";
        }).map(one => one.outerHTML.slice(0, 80))"""
    )
    return found


# -- without script ------------------------------------------------------------------


def test_a_reader_searches_and_opens_what_was_found(open_page: Open) -> None:
    page = open_page(KINDS["about"], java_script_enabled=False)

    page.get_by_role("searchbox").fill("supernode")
    with page.expect_navigation():
        page.get_by_role("searchbox").press("Enter")

    assert "q=supernode" in page.url
    assert page.locator("article mark").count() > 0
    assert 0 < page.locator("article h4").count() < 10
    title = page.locator("article h4").first.inner_text()
    follow(page.locator("article h4 a").first)
    assert page.get_by_role("heading", level=1).inner_text() == title


def test_a_reader_filters_by_a_category_and_takes_it_off_again(open_page: Open) -> None:
    page = open_page(KINDS["front"], java_script_enabled=False)
    everything = page.locator("article").count()

    categories = page.get_by_role("navigation", name="Categories")
    follow(categories.get_by_role("link").first)

    narrowed = page.locator("article").count()
    assert 0 < narrowed < everything
    follow(page.get_by_role("link", name="Remove all"))
    assert page.locator("article").count() == everything


def test_a_reader_pages_on_and_back_through_many(open_page: Open) -> None:
    page = open_page(KINDS["many"], java_script_enabled=False)
    pages = [page.locator("article h4").all_inner_texts()]

    for _ in range(2):
        follow(page.locator("a[rel=next]"))
        pages.append(page.locator("article h4").all_inner_texts())

    seen = [title for titles in pages for title in titles]
    assert len(seen) == len(set(seen)) == 3 * 40
    for titles in reversed(pages[:-1]):
        follow(page.locator("a[rel=prev]"))
        assert page.locator("article h4").all_inner_texts() == titles


def test_a_reader_looks_up_the_history_of_an_entry(open_page: Open) -> None:
    page = open_page(KINDS["entry"], java_script_enabled=False)
    address = page.url

    follow(page.locator("a[href*='/history']").first)
    assert page.locator(".history > li").count() == 2
    follow(page.get_by_role("link", name="Back to the entry"))

    assert page.url == address


# -- locked down ---------------------------------------------------------------------


@EVERY_KIND
def test_a_page_loads_without_a_complaint(open_page: Open, kind: str) -> None:
    """None of the console, and no request to anywhere else: the fixture asks."""
    page = open_page(KINDS[kind], viewport={"width": 390, "height": 844})

    page.mouse.wheel(0, 2_000)
    page.wait_for_load_state("networkidle")


@EVERY_KIND
def test_every_answer_is_locked_down(sites: Sites, kind: str) -> None:
    answer = httpx.get(sites.address(KINDS[kind]))

    assert answer.status_code == KINDS[kind].status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    allowed = {source for sources in policy.values() for source in sources.split()}
    assert allowed == {"'none'", "'self'"}


def test_the_policy_stops_script_and_style_in_the_page(browser, sites: Sites) -> None:
    """As the browser reads the header, not as we do."""
    page = browser.new_page()
    page.goto(sites["story"])

    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'scripted'";
          document.head.append(script);
          const style = document.createElement("style");
          style.textContent = "body { color: rgb(1, 2, 3) }";
          document.head.append(style);
        }"""
    )

    assert page.title() != "scripted"
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(1, 2, 3)"
    page.close()
