"""Every page looks as it did when a person last looked at it and approved.

``UPDATE_SCREENS=1 pytest tests/browser/test_screens.py`` renews the pictures; look at
each that changed before you commit it.
"""

import os
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open, wait_for_rest
from tests.browser.pictures import LIMIT, read, worst_difference, write
from tests.browser.sites import KINDS

pytestmark = pytest.mark.browser

GOLDEN = Path(__file__).parents[1] / "golden" / "screens"
GOLDEN_LIMIT_BYTES = 4 * 1024 * 1024

TODAY = "2026-11-23T12:00:00Z"
"""Where the line of the pictures stands."""

Scheme: TypeAlias = Literal["light", "dark"]

SCHEMES: tuple[Scheme, ...] = ("light", "dark")
DEVICES = {"desktop": (1280, 900), "phone": (390, 844)}

SHOWN = {
    "front": "front",
    "entry": "entry",
    "history": "history",
    "changes": "changes",
    "view": "view",
    "search": "search",
    "no-results": "no-results",
    "empty": "empty",
    "many": "many",
    "long-title": "long-title",
    "no-sources": "no-sources",
    "retracted": "retracted",
    "error": "not-found",
    "window": "window",
    "subscribe": "subscribe",
}
"""What the pictures are called, and the kinds of page they are of."""

SCREENS: dict[str, tuple[str, str, Scheme]] = {
    f"{name}-{device}-{scheme}{suffix}": (kind + suffix, device, scheme)
    for suffix, names in {"": SHOWN, "-it": ("front", "entry")}.items()
    for name in names
    for kind in [SHOWN[name]]
    for device in DEVICES
    for scheme in SCHEMES
}


def picture_of(page: Page) -> bytes:
    """What a reader sees of *page* first, without scrolling."""
    return page.screenshot(animations="disabled", caret="hide", scale="css")


def show(open_page: Open, screen: str) -> Page:
    kind, device, scheme = SCREENS[screen]
    width, height = DEVICES[device]
    page = open_page(
        KINDS[kind],
        at=TODAY,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    if page.locator("#picture").count():
        page.locator("[role=slider]").first.wait_for(state="attached")
        page.wait_for_load_state("networkidle")  # the bars of all, beside a window's
        if device == "desktop":  # a phone has no lanes
            wait_for_rest(page)
    return page


@pytest.mark.parametrize("screen", SCREENS)
def test_the_page_looks_as_approved(
    open_page: Open, tmp_path: Path, screen: str
) -> None:
    approved = GOLDEN / f"{screen}.png"
    actual = picture_of(show(open_page, screen))

    if os.environ.get("UPDATE_SCREENS"):
        write(actual, approved)
    assert approved.exists(), "no approved picture: see the top of this file"
    worst = worst_difference(read(approved), read(actual))

    seen = tmp_path / approved.name
    seen.write_bytes(actual)
    assert worst.amount < LIMIT, f"{worst}: compare {approved} with {seen}"


@pytest.mark.skipif("UPDATE_SCREENS" in os.environ, reason="they are being renewed")
def test_no_picture_is_left_over_and_all_are_small() -> None:
    pictures = {file.stem: file.stat().st_size for file in GOLDEN.glob("*")}

    assert pictures.keys() == SCREENS.keys()
    assert sum(pictures.values()) < GOLDEN_LIMIT_BYTES


# -- what is seen and what is not ----------------------------------------------------


def difference_after(page: Page, rule: str) -> float:
    """How much *page* seems to change by a rule of CSS."""
    before = read(picture_of(page))
    page.evaluate(
        "rule => { const sheet = document.styleSheets[0];"
        " sheet.insertRule(rule, sheet.cssRules.length) }",
        rule,
    )
    after = read(picture_of(page))
    assert after != before, "the rule does nothing"
    return worst_difference(before, after).amount


@pytest.mark.parametrize(
    "rule",
    [
        "main { padding-top: 20px }",
        "main { padding-inline: 20px }",
        "main h3 { visibility: hidden }",
        ":root { --date: 9rem }",
        "body { background: #f6f6ee }",
        "article .meta { color: #9aa2ab }",
        "article .chip.overdue { color: #1c6b3a }",
        "article h4 a { font-size: 1.1em }",
        "article .glyph { visibility: hidden }",
    ],
)
def test_a_changed_page_is_seen(open_page: Open, rule: str) -> None:
    page = show(open_page, "front-desktop-light")
    page.evaluate("() => document.querySelector('article').scrollIntoView()")

    assert difference_after(page, rule) > LIMIT


@pytest.mark.parametrize("screen", ["front-desktop-light", "front-phone-dark"])
@pytest.mark.parametrize(
    "rule",
    [
        "body { transform: translate(.4px, .3px) }",
        "body { -webkit-text-stroke: .08px }",
    ],
)
def test_letters_drawn_otherwise_are_not_seen(
    open_page: Open, screen: str, rule: str
) -> None:
    """Between pixels or heavier, as by another version of Chromium or FreeType."""
    page = show(open_page, screen)

    assert difference_after(page, rule) < LIMIT
