"""No failure that axe-core can find, on any kind of page in any dress."""

from collections.abc import Sequence
from importlib.resources import files

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open
from tests.browser.sites import KINDS
from tests.browser.test_pages import SCHEMES, too_faint

pytestmark = pytest.mark.browser

WIDTHS_PX = (1280, 390)

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
"""The package is pinned for this file: another axe-core has other rules."""

# All rules that are on by default, best practices included, and one that is not:
# targets of at least 24 px (WCAG 2.2, 2.5.8).
RUN = """async without => {
  const disabled = without.map(rule => [rule, {enabled: false}]);
  const result = await axe.run(document, {
    resultTypes: ["violations"],
    rules: {"target-size": {enabled: true}, ...Object.fromEntries(disabled)},
    iframes: false,
  });
  if (!result.passes.length) throw new Error("axe looked at nothing");
  return result.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 200)}: ${node.failureSummary}`));
}"""

# Their templates, in the same dress, are those of other kinds; a long list takes long.
SAME = {"many", "front-it"}


# Three quarters of the time go into comparing colours. So axe, which looks at what lies
# on what, compares those of each scheme once, and once those of each width.
AXE_COMPARES = {("light", 1280), ("dark", 390)}


def violations(page: Page, *, without: Sequence[str] = ()) -> list[str]:
    """What axe finds wrong, each with the element and why."""
    found: list[str] = page.evaluate(RUN, [*without])
    return found


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in SAME])
def test_axe_finds_nothing(open_page: Open, kind: str) -> None:
    """Light and dark, on a desk and on a phone, with the filter form open."""
    page = open_page(KINDS[kind], reduced_motion="reduce")
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    # Not a script element: the page's policy would refuse it, and stays in force.
    page.evaluate(AXE)

    found = {}
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width_px in WIDTHS_PX:
            page.set_viewport_size({"width": width_px, "height": 844})
            if (scheme, width_px) in AXE_COMPARES:
                found[scheme, width_px] = violations(page)
            else:
                wrong = violations(page, without=["color-contrast"])
                found[scheme, width_px] = [*wrong, *too_faint(page)]

    assert found == {dress: [] for dress in found}


def test_axe_sees_what_is_wrong(open_page: Open) -> None:
    """Otherwise finding nothing would mean nothing."""
    page = open_page(KINDS["entry"])
    page.evaluate(AXE)

    page.evaluate("document.querySelector('.home a').replaceChildren()")
    page.evaluate("document.querySelector('h1').style.color = '#aaa'")

    rules = {one.partition(":")[0] for one in violations(page)}
    assert rules >= {"link-name", "color-contrast"}
    assert too_faint(page)
