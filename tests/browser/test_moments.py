"""Going back in time in a real browser: by hand, by keys, with and without script."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Open, follow
from tests.browser.sites import KINDS
from tests.browser.test_pages import scrolls_sideways

pytestmark = pytest.mark.browser

BACK = "Go back in time"
AFTER = "As shown here right after a change"
GLASSES = "The Quark AI Glasses go on sale in China"


def opened(page: Page) -> Locator:
    """The control, after a click on its name."""
    page.get_by_text(BACK).click()
    return page.locator("details.moments")


# -- without script ------------------------------------------------------------------


def test_a_reader_goes_back_by_the_slider_and_returns(open_page: Open) -> None:
    page = open_page("/?category=product&order=asc", java_script_enabled=False)
    everything = page.locator("article h4").all_inner_texts()
    control = opened(page)

    slider = control.get_by_label(AFTER)
    slider.focus()
    for _ in range(56 - 34):
        slider.press("ArrowLeft")
    follow(control.get_by_role("button", name="Show").first)

    assert "as_of=34" in page.url
    assert "category=product" in page.url
    titles = page.locator("article h4").all_inner_texts()
    assert 0 < len(titles) < len(everything)
    assert GLASSES in everything
    assert GLASSES not in titles
    follow(page.get_by_role("link", name="Back to now"))
    assert page.locator("article h4").all_inner_texts() == everything


def test_a_reader_steps_through_the_changes(open_page: Open) -> None:
    page = open_page("/?as_of=19", java_script_enabled=False)
    said = page.locator("output")
    card = page.locator("#e-us-chip-rule-2023-effective .when")
    opened(page)
    assert said.inner_text().startswith("19 · ")
    assert card.inner_text() == "17\N{NO-BREAK SPACE}November 2023"

    follow(page.get_by_role("link", name="One change earlier"))

    assert card.inner_text() == "16\N{NO-BREAK SPACE}November 2023"
    opened(page)
    follow(page.get_by_role("link", name="One change later"))
    opened(page)
    follow(page.get_by_role("link", name="One change later"))
    assert page.url.endswith("/?as_of=20")


def test_a_reader_takes_a_change_below_the_slider(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)

    follow(opened(page).get_by_role("link", name=re.compile("^Change 28 ")))

    assert page.url.endswith("/?as_of=28")


@pytest.mark.parametrize("path", ["/", "/entries/quark-ai-glasses-release"])
def test_a_reader_asks_what_was_known_on_a_day(open_page: Open, path: str) -> None:
    page = open_page(f"{path}?lang=en", java_script_enabled=False)
    control = opened(page)

    control.get_by_label("As the public knew it on").fill("2025-08-01")
    follow(control.get_by_role("button", name="Show").last)

    bar = page.get_by_role("complementary", name="Moment shown")
    assert "As the public knew it on 1 August 2025" in bar.inner_text()
    assert page.get_by_text("by end of 2025").first.is_visible()
    assert page.get_by_text("27\N{NO-BREAK SPACE}November 2025").count() == 0


def test_a_reader_opens_an_entry_as_it_stood_then(open_page: Open) -> None:
    page = open_page(KINDS["history"], java_script_enabled=False)

    follow(page.get_by_role("link", name="the page as of then").last)

    assert page.url.endswith("/entries/quark-ai-glasses-release?as_of=35")
    assert page.get_by_role("complementary", name="Moment shown").is_visible()
    follow(page.get_by_role("link", name="Back to the timeline"))
    assert "as_of=35" in page.url


# -- with script ---------------------------------------------------------------------


def test_the_slider_says_each_change_while_it_moves(open_page: Open) -> None:
    page = open_page("/")
    control = opened(page)
    slider, said = control.get_by_label(AFTER), control.locator("output")

    slider.focus()
    for _ in range(56 - 51):
        slider.press("ArrowLeft")

    expect(said).to_contain_text("51 · 23 November 2026 · ")
    expect(said).to_contain_text(GLASSES)
    slider.press("Home")
    expect(said).to_contain_text("Huawei will go on its Entity List")
    slider.press("End")
    expect(said).to_contain_text("56 · ")
    slider.press("ArrowLeft")
    slider.press("Enter")
    page.wait_for_url(re.compile(r"as_of=55"))


def test_the_slider_speaks_the_language_of_the_page(open_page: Open) -> None:
    page = open_page("/?lang=it")
    page.get_by_text("Torna indietro nel tempo").click()

    page.get_by_label("Come appariva qui subito dopo una modifica").press("Home")

    said = page.locator("output")
    expect(said).to_contain_text("1 · 23 novembre 2026 · ")
    expect(said).to_contain_text("Gli Stati Uniti annunciano")


def test_from_a_position_the_slider_leads_to_later_ones_as_well(
    open_page: Open,
) -> None:
    """The page does not know of them, as it stays the same for good."""
    page = open_page("/?as_of=20")
    control = opened(page)
    slider = control.get_by_label(AFTER)

    expect(slider).to_have_attribute("max", "56")
    expect(control.locator(".ticks")).to_be_hidden()
    slider.press("ArrowRight")
    expect(control.locator("output")).to_contain_text("21 · ")


def test_a_slider_that_is_moved_on_does_not_show_late_words(open_page: Open) -> None:
    page = open_page("/")
    control = opened(page)
    slider, said = control.get_by_label(AFTER), control.locator("output")
    held: list[Route] = []
    late = re.compile(r"/api/changes\?after=54")
    page.route(late, lambda route: held.append(route))

    with page.expect_request(late):
        slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    expect(said).to_contain_text("54 · 23 November 2026")
    with page.expect_response(late):
        held[0].continue_()

    expect(said).to_contain_text("54 · 23 November 2026")


# -- its looks -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["as-of", "known", "as-of-day", "bad-moment"])
@pytest.mark.parametrize("width_px", [1280, 390, 320])
def test_the_control_fits(open_page: Open, kind: str, width_px: int) -> None:
    page = open_page(KINDS[kind], viewport={"width": width_px, "height": 800})
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")

    assert not scrolls_sideways(page)


def test_the_bar_is_as_wide_as_the_window(open_page: Open) -> None:
    for width_px in (1280, 390):
        page = open_page(KINDS["as-of"], viewport={"width": width_px, "height": 800})
        bar = page.locator(".moment").bounding_box()
        assert bar is not None
        assert (bar["x"], bar["width"]) == (0, width_px)


def test_paper_says_the_moment_and_has_no_control(open_page: Open) -> None:
    page = open_page(KINDS["as-of"])

    page.emulate_media(media="print")

    assert page.get_by_text("As shown here on 23 November 2026").is_visible()
    assert not page.get_by_role("link", name="Back to now").is_visible()
    assert not page.locator("details.moments").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bar_is_seen_in_forced_colours(open_page: Open, scheme: str) -> None:
    page = open_page(KINDS["as-of"], forced_colors="active", color_scheme=scheme)

    border = page.locator(".moment").evaluate(
        "one => [getComputedStyle(one).borderTopColor,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    assert border[0] != border[1]
