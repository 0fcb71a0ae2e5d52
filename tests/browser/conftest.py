"""A browser and the sites it looks at, all started once."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    sync_playwright,
)

from tests.browser.sites import Kind, Sites

CHROMIUM = "/usr/bin/chromium"

# Chromium heeds the last list only, so what Playwright switches off is here again. The
# rest are pages below the address bar, which take a third of the time of a window that
# nobody sees.
WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
)

# Nothing but our pages: Chromium phones home from a fresh profile.
ARGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(WITHOUT)}",
    # The same picture from every machine, as far as Chromium can.
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--disable-lcd-text",
)

FONTS = Path(__file__).with_name("fonts.conf")
FONT_FOLDERS = tuple(
    Path("/usr/share/fonts/truetype", name) for name in ("liberation", "dejavu")
)

Open = Callable[..., Page]


def follow(link: Locator) -> None:
    """Click, and wait until all of the page that it leads to is there.

    A click alone ends when that page begins: what does not wait by itself, such as
    counting, would read what has come of it by then, or the page before.
    """
    with link.page.expect_navigation():
        link.click()


def wait_for_rest(page: Page) -> None:
    """Until the picture places nothing anew, as it does once all names can be drawn."""
    page.locator("html[data-picture=drawn]").wait_for(state="attached")
    page.wait_for_function(
        """() => {
          const now = JSON.stringify(timelinePicture.state().marks);
          const rests = now === globalThis.placedBefore;
          globalThis.placedBefore = now;
          return rests;
        }""",
        polling=300,
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    for folder in FONT_FOLDERS:
        if not folder.exists():
            pytest.skip(f"{folder} is missing: apt-get install fonts-{folder.name}*")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=list(ARGS),
            env={**os.environ, "FONTCONFIG_FILE": str(FONTS)},
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    started = Sites(tmp_path_factory.mktemp("sites"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def site(sites: Sites) -> str:
    """Origin of the service with the bundled story."""
    return sites["story"]


@pytest.fixture
def open_page(browser: Browser, sites: Sites) -> Iterator[Open]:
    """Opens a page in a window of its own; the options are those of the context.

    *at* is the instant that its clock shows for good. A path is one of the story's
    site. Console messages and requests to anywhere else fail the test, and so does a
    page that answers with another status than its kind.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(wanted: str | Kind, *, at: str | None = None, **options: Any) -> Page:
        kind = Kind(wanted) if isinstance(wanted, str) else wanted
        address = sites.address(kind)

        def hear(message: ConsoleMessage) -> None:
            # Chromium tells of every error page; below it is asked what it is.
            if not (isinstance(wanted, Kind) and message.location["url"] == address):
                complaints.append(message.text)

        def check(request: Request) -> None:
            if not request.url.startswith(f"{sites[kind.site]}/"):
                complaints.append(f"asked {request.url}")

        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        contexts.append(context)
        page = context.new_page()
        if at is not None:
            page.clock.set_fixed_time(at)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", check)
        response = page.goto(address)
        assert response is not None
        if isinstance(wanted, Kind):
            assert response.status == kind.status, address
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
