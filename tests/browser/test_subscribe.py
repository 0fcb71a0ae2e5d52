"""From a page to a feed reader or a calendar, and from a feed to the page."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, follow

pytestmark = pytest.mark.browser

FORMATS = {
    "feed.atom": "application/atom+xml",
    "feed.rss": "application/rss+xml",
    "feed.json": "application/feed+json",
    "calendar.ics": "text/calendar",
}


@pytest.fixture
def from_elsewhere(browser: Browser) -> Iterator[Page]:
    """A window that shows no page of ours."""
    with browser.new_context() as context:
        yield context.new_page()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("path", ["/", "/views/sanctions/", "/entries/{entry}/"])
def test_a_feed_opened_in_a_browser_leads_to_the_page_that_explains_it(
    from_elsewhere: Page, site: str, path: str, name: str
) -> None:
    """Typed, or followed from another site; feed readers get the feed all the same."""
    below = path.format(entry="quark-ai-glasses-release")
    feed = f"{site}{below}{name}"

    from_elsewhere.goto(feed)
    typed = from_elsewhere.url
    from_elsewhere.goto(site.replace("127.0.0.1", "localhost"))
    from_elsewhere.evaluate(
        "feed => { const link = document.createElement('a'); link.href = feed;"
        " document.body.append(link); link.click() }",
        feed,
    )
    from_elsewhere.wait_for_url(lambda url: url.startswith(site))

    assert {typed.partition("#")[0], from_elsewhere.url.partition("#")[0]} == {
        f"{site}{below}subscribe"
    }
    for accept in ("*/*", "text/html,application/xhtml+xml,application/xml;q=0.9"):
        answer = httpx.get(feed, headers={"Accept": accept})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(FORMATS[name])


def test_the_page_shows_the_feed_itself_to_those_who_want_it(
    from_elsewhere: Page, site: str
) -> None:
    """The same bytes that a reader gets, and going back leads back."""
    page = from_elsewhere
    page.goto(f"{site}/subscribe?actor=Huawei")
    link = page.get_by_role("link", name="Show the feed itself").first
    address = link.evaluate("one => one.href")

    with page.expect_response(address) as opened:
        link.click()

    assert opened.value.status == 200
    assert opened.value.headers["content-type"].startswith("application/atom+xml")
    expect(page).to_have_url(address)
    assert opened.value.body() == httpx.get(address).content
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Subscribe")


def test_the_page_gives_the_calendar_as_a_file(open_page: Open) -> None:
    page = open_page("/views/waic-2025/subscribe")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download it once").click()

    assert download.value.suggested_filename.endswith(".ics")
    assert download.value.path().read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_a_button_copies_the_address(open_page: Open) -> None:
    page = open_page("/subscribe", permissions=["clipboard-read", "clipboard-write"])
    field = page.get_by_label("Address for feed readers (Atom)", exact=True)

    page.get_by_role("button", name="Copy").first.click()

    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == field.input_value() == "https://timeline.example/feed.atom"


def test_what_may_not_be_copied_is_selected(open_page: Open) -> None:
    page = open_page("/subscribe")
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(Error()) }"
    )

    page.get_by_role("button", name="Copy").first.click()

    assert page.evaluate("getSelection().toString()") == (
        "https://timeline.example/feed.atom"
    )
    assert not page.get_by_text("Copied").is_visible()


def test_without_a_script_the_addresses_are_there_and_the_buttons_are_not(
    open_page: Open,
) -> None:
    page = open_page("/subscribe", java_script_enabled=False)

    field = page.get_by_label("Address for feed readers (Atom)", exact=True)
    assert field.input_value() == "https://timeline.example/feed.atom"
    assert page.get_by_role("button", name="Copy").count() == 0


def test_a_stranger_follows_a_topic_in_two_clicks(open_page: Open) -> None:
    """From what a search found, on a phone."""
    page = open_page("/?q=huawei", viewport={"width": 390, "height": 800})

    follow(page.get_by_role("link", name="Subscribe", exact=True))  # one

    calendar = page.get_by_role("link", name="Open in my calendar")  # two
    assert calendar.get_attribute("href") == (
        "webcal://timeline.example/calendar.ics?q=huawei"
    )


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_long_addresses_do_not_widen_the_page(open_page: Open, width: int) -> None:
    page = open_page(
        "/subscribe?q=one+two+three&actor=Huawei&category=export-controls&from=2019",
        viewport={"width": width, "height": 800},
    )
    page.get_by_text("Other formats").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width
