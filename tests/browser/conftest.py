"""A browser and a service with the bundled story, both started once."""

import shutil
import threading
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright
from werkzeug.serving import make_server

from tests.builders import FixedClock
from timeline.app import create_app, open_timeline
from timeline.config import Settings
from timeline.schemas import parse_append

CHROMIUM = "/usr/bin/chromium"

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
)

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Origin of the service."""
    settings = Settings(
        data=tmp_path_factory.mktemp("site"), title="AI hardware and export rules"
    )
    timeline = open_timeline(settings, clock=FixedClock())
    story = files("events") / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")
    server = make_server("127.0.0.1", 0, create_app(timeline=timeline), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()
    timeline.close()


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Opens a path in a window of its own; the options are those of the context.

    Console messages and requests to anywhere else fail the test.
    """
    contexts = []
    complaints: list[str] = []

    def check(request: Request) -> None:
        if not request.url.startswith(f"{site}/"):
            complaints.append(f"asked {request.url}")

    def open_page(path: str, **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", check)
        page.goto(f"{site}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
