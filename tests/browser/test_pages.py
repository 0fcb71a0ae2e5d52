"""The pages in a real browser, without a line of script."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open, follow

pytestmark = pytest.mark.browser

SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

PATHS = pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?actor=Huawei&from=2019&order=asc",
        "/?actor=Nobody",
        "/views",
        "/views/sanctions",
        "/entries/quark-ai-glasses-release",
        "/entries/cloudmatrix-384-shown?lang=it",
        "/?as_of=31&lang=it",
        "/entries/quark-ai-glasses-release?known=2025-08-01",
    ],
)

CONTRASTS = """() => {
  const paint = document.createElement("canvas").getContext(
    "2d", {willReadFrequently: true});
  const rgb = colour => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => [r, g, b]
    .map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const background = element => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
  };
  return [...document.querySelectorAll("body *")]
    .filter(one => one.checkVisibility()
      && [...one.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(one => {
      const pair = [rgb(getComputedStyle(one).color), background(one)].map(luminance);
      const [dark, light] = pair.sort((a, b) => a - b);
      return [(light + .05) / (dark + .05), one.className + ": " + one.textContent];
    });
}"""


def scrolls_sideways(page: Page) -> bool:
    wider: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wider


def too_faint(page: Page) -> list[str]:
    """Words below 4.5:1 (WCAG 2.2, 1.4.3), each with its contrast."""
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 10
    return [
        f"{contrast:.2f}: {words}" for contrast, words in contrasts if contrast < 4.5
    ]


def test_a_reader_follows_an_entry_and_comes_back(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)

    follow(page.get_by_role("link", name="The Quark AI Glasses go on sale in China"))
    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text() == "The Quark AI Glasses go on sale in China"
    assert page.get_by_text("34 days before the window closed").first.is_visible()

    follow(page.get_by_role("link", name="Alibaba announces the Quark AI Glasses"))
    follow(page.get_by_role("link", name="Back to the timeline"))

    assert page.url.endswith("/#e-quark-ai-glasses-announced")
    assert page.locator("#e-quark-ai-glasses-announced").is_visible()


def test_a_reader_filters_with_the_form(open_page: Open) -> None:
    """Without script, as everything here."""
    page = open_page("/", java_script_enabled=False)

    page.get_by_text("Filter and sort").click()
    page.get_by_label("Export controls", exact=True).check()
    page.get_by_label("Actor", exact=True).fill("Huawei")
    page.get_by_label("From", exact=True).fill("2019-05-16")
    page.get_by_label("To", exact=True).fill("2019-05")
    page.get_by_label("Order", exact=True).select_option("asc")
    follow(page.get_by_role("button", name="Show"))

    assert page.locator("article h4").all_inner_texts() == [
        "Huawei and 68 affiliates are put on the US Entity List",
        "A temporary licence softens the listing of Huawei",
        "The Huawei listing is printed in the Federal Register",
    ]
    follow(page.get_by_role("link", name="Remove: Actor: Huawei"))
    assert "actor" not in page.url


@PATHS
def test_a_feed_reader_finds_the_feed_of_the_page(open_page: Open, path: str) -> None:
    page = open_page(path)
    link = page.locator('head > link[type="application/atom+xml"]').first

    address = link.evaluate("one => one.href")
    feed = page.request.get(address)

    assert feed.status == 200
    assert feed.headers["content-type"].startswith("application/atom+xml")
    follow(page.get_by_role("link", name=re.compile("^(Subscribe|Abbonati)$")).first)
    shown = page.get_by_role("link", name=re.compile("feed itself|feed così")).first
    assert shown.evaluate("one => one.href") == address


@PATHS
def test_nothing_but_chips_scrolls_sideways(open_page: Open, path: str) -> None:
    page = open_page(path)

    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert not scrolls_sideways(page), width


@PATHS
def test_words_can_be_read_in_light_and_in_dark(open_page: Open, path: str) -> None:
    page = open_page(path, reduced_motion="reduce")

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert too_faint(page) == [], scheme


def test_the_page_follows_the_systems_dark_mode(open_page: Open) -> None:
    page = open_page("/")
    backgrounds = []

    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        backgrounds.append(
            page.evaluate("getComputedStyle(document.body).backgroundColor")
        )

    assert backgrounds == ["rgb(251, 251, 249)", "rgb(21, 24, 29)"]


@pytest.mark.parametrize(("width", "least_px"), [(1280, 36), (390, 44)])
def test_targets_are_large_enough_to_hit(
    open_page: Open, width: int, least_px: int
) -> None:
    """Links within text excepted, as in WCAG 2.2, 2.5.8."""
    page = open_page("/?actor=Huawei", viewport={"width": width, "height": 800})
    page.get_by_text("Filter and sort").click()

    boxes = page.locator(
        ".pill, .tools > a, .views a, button, select, .field input, .check"
    ).evaluate_all(
        "all => all.filter(one => one.checkVisibility())"
        ".map(one => [one.offsetHeight, one.textContent.trim()])"
    )

    assert len(boxes) > 10
    assert [one for one in boxes if one[0] < least_px] == []


def test_every_entry_is_reached_by_tab_with_visible_focus(open_page: Open) -> None:
    page = open_page("/views/quark-release")
    focused = []

    for _ in range(30):
        page.keyboard.press("Tab")
        focused.append(
            page.evaluate(
                "[document.activeElement.textContent.trim(),"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
        )

    titles = page.locator("h4").all_inner_texts()
    assert len(titles) == 4
    assert all([title, "solid"] in focused for title in titles)


def test_year_and_month_stay_in_sight(open_page: Open) -> None:
    page = open_page("/", reduced_motion="reduce")

    page.locator("#e-metax-c550-supernode").evaluate("one => one.scrollIntoView()")

    tops = page.evaluate(
        "['2025', 'July 2025'].map(words => [...document.querySelectorAll('h2, h3')]"
        ".find(one => one.textContent === words).getBoundingClientRect().top)"
    )
    assert all(0 <= top < 80 for top in tops)


def test_paper_shows_addresses_and_no_controls(open_page: Open) -> None:
    page = open_page("/entries/us-chip-rule-2023-effective")
    page.emulate_media(media="print")

    shown = page.locator(".plain a").first.evaluate(
        "one => getComputedStyle(one, '::after').content"
    )

    assert "attr(href)" in shown or "https://" in shown
    assert not page.get_by_role("link", name="Subscribe").is_visible()


def test_a_stranger_on_a_phone_finds_which_rules_hit_huawei_in_three_clicks(
    open_page: Open,
) -> None:
    """What, when, and on whose word."""
    page = open_page(
        "/", viewport={"width": 390, "height": 800}, java_script_enabled=False
    )

    page.get_by_role("searchbox").first.fill("huawei rule")
    follow(page.get_by_role("button", name="Search"))  # one
    pill = page.get_by_role("navigation", name="Categories").get_by_role("link")
    follow(pill.filter(has_text="Export controls"))  # two
    cards = page.locator("article", has=page.locator("mark"))
    assert cards.count() > 1
    assert all(
        re.search(r"[0-9]{4}", date)
        for date in cards.locator(".when").all_inner_texts()
    )
    follow(cards.locator("h4 a").first)  # three

    assert re.search(r"[0-9]{4}", page.locator(".entry .when").inner_text())
    sources = page.locator("section", has=page.get_by_role("heading", name="Sources"))
    assert sources.locator("a").count() > 0


def test_keys_walk_the_list(open_page: Open) -> None:
    page = open_page("/views/quark-release")
    titles = page.locator("h4").all_inner_texts()

    def focused() -> str:
        text: str = page.evaluate("document.activeElement.textContent.trim()")
        return text

    walked = []
    for key in ("j", "j", "ArrowDown", "k", "End", "Home"):
        page.keyboard.press(key)
        walked.append(focused())
    assert walked == [titles[place] for place in (0, 1, 2, 1, 3, 0)]

    page.keyboard.press("Enter")
    page.wait_for_url("**/entries/*")


def test_keys_search_and_tell_of_themselves(open_page: Open) -> None:
    page = open_page("/")
    box = page.get_by_role("searchbox").first
    keys = page.get_by_role("dialog")

    page.keyboard.press("/")
    page.keyboard.type("j?/k")
    assert box.input_value() == "j?/k"
    assert not keys.is_visible()

    box.blur()
    page.keyboard.press("?")
    assert keys.is_visible()
    page.keyboard.press("Escape")
    assert not keys.is_visible()

    page.keyboard.press("?")
    assert keys.is_visible()
    page.keyboard.press("Escape")
    page.evaluate("""() => {  // as fast as it goes: what had the focus has it still
      const dialog = document.querySelector("dialog");
      dialog.showModal();
      dialog.close();
      document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", {key: "?", bubbles: true}));
    }""")
    assert keys.is_visible()
    page.get_by_label("Use single keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert not box.evaluate("one => one === document.activeElement")
