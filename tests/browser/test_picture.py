"""The picture above the list: drawn, moved, linked to, and told in words."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import Open, follow, wait_for_rest
from tests.browser.sites import KINDS, Kind, Sites
from tests.servers import serving

pytestmark = pytest.mark.browser

HALF_YEAR = "/?from=2025-07-01&to=2025-12-31"
QUARK = "quark-ai-glasses-release"

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page with its picture."""

    page: Page

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.page.evaluate("timelinePicture.state()")
        return state

    def mark(self, entry: str) -> dict[str, Any]:
        (mark,) = [one for one in self.state()["marks"] if one["id"] == entry]
        found: dict[str, Any] = mark
        return found

    @property
    def days(self) -> float:
        """How many are seen."""
        window = self.state()["window"]
        span: float = (window["hi"] - window["lo"]) / DAY_S
        return span

    @property
    def canvas(self) -> Locator:
        return self.page.locator("canvas")

    @property
    def frame(self) -> Locator:
        return self.page.locator(".brush .frame")

    @property
    def said(self) -> Locator:
        return self.page.locator("#picture-said")

    def titles(self) -> list[str]:
        return self.page.locator("article h4").all_inner_texts()

    def middle(self) -> tuple[float, float]:
        box = self.canvas.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def at(self, entry: str) -> tuple[float, float]:
        """The middle of a mark, on the screen."""
        box = self.canvas.bounding_box()
        assert box is not None
        mark = self.mark(entry)
        return (
            box["x"] + mark["x"] + mark["width"] / 2,
            box["y"] + mark["y"] + mark["height"] / 2,
        )

    def bar(self, column: int) -> tuple[float, float]:
        """The middle of a bar of the overview, on the screen; -1: the last."""
        box = self.page.locator(".shapes").bounding_box()
        assert box is not None
        bars: int = self.page.evaluate(
            "document.querySelector('.shapes').viewBox.baseVal.width / 10"
        )
        share = (column % bars + 0.5) / bars
        return box["x"] + box["width"] * share, box["y"] + 20

    def settle(self) -> None:
        """Until the address and the list have followed, and all of it is drawn."""
        self.page.wait_for_function(
            """() => {
              const {settled, complete} = timelinePicture.state();
              return settled && complete;
            }"""
        )


def wait(page: Page) -> Drawn:
    page.locator("html[data-picture=drawn]").wait_for(state="attached")
    return Drawn(page)


def at_rest(picture: Drawn) -> Drawn:
    wait_for_rest(picture.page)
    return picture


Draw = Callable[..., Drawn]


@pytest.fixture
def draw(open_page: Open) -> Draw:
    def draw(wanted: str | Kind = "/", **options: Any) -> Drawn:
        return wait(open_page(wanted, **options))

    return draw


@pytest.fixture
def rtl_page(browser: Browser, sites: Sites) -> Iterator[Callable[[str], Drawn]]:
    """Pages whose lines start on the right: a language that we do not speak yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def turn(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        if "text/html" in answer.headers["content-type"]:
            body = body.replace('dir="ltr"', 'dir="rtl"', 1)
        route.fulfill(response=answer, body=body)

    def open_rtl(path: str) -> Drawn:
        page = context.new_page()
        page.route(re.compile(r"/(\?.*)?$"), turn)
        page.goto(sites["story"] + path)
        return wait(page)

    yield open_rtl
    context.close()


# -- what is drawn -------------------------------------------------------------------


def test_the_promise_of_the_glasses_is_seen_as_a_window_that_was_met(
    draw: Draw,
) -> None:
    mark = draw(HALF_YEAR).mark(QUARK)

    assert (mark["form"], mark["kept"], mark["hollow"]) == ("glyph", True, False)
    assert "The Quark AI Glasses go on sale in China" in mark["label"]


def test_before_it_was_met_the_promise_is_a_window_that_is_open(draw: Draw) -> None:
    mark = draw(f"{HALF_YEAR}&known=2025-08-01").mark(QUARK)

    assert (mark["form"], mark["kept"], mark["hollow"]) == ("window", False, True)
    assert mark["width"] > 700
    assert mark["label"].endswith("by end of 2025")


def test_every_doubt_has_a_shape(draw: Draw) -> None:
    story = draw("/")
    cases = draw(Kind("/", "cases"))

    assert story.mark("waic-2025")["form"] == "bar"
    assert story.mark("us-chip-limits")["form"] == "ongoing"
    assert story.mark("us-chip-rule-2023-effective")["ghost"] == "corrected"
    assert story.mark("affiliates-rule-resumes")["overdue"]
    assert story.mark("quark-ai-glasses-announced")["dashed"]
    assert cases.mark("foldable-headset-sale")["struck"]
    assert cases.mark("open-weights-promise")["form"] == "window"
    assert cases.mark("hearsay")["form"] == "box"
    assert cases.mark("hearsay")["dashed"]


def test_no_name_lies_on_another(draw: Draw) -> None:
    marks = draw(HALF_YEAR).state()["marks"]

    rows: dict[tuple[int, int], list[tuple[float, str]]] = {}
    for mark in marks:
        if mark["label"] and mark["form"] == "glyph":
            rows.setdefault((mark["lane"], mark["row"]), []).append(
                (mark["x"], mark["label"])
            )
    assert rows
    for names in rows.values():
        places = sorted(x for x, _ in names)
        assert all(b - a > 12 for a, b in pairwise(places))


def test_more_than_can_be_told_apart_are_counted(draw: Draw) -> None:
    picture = draw(KINDS["many"])
    state = picture.state()

    assert state["counted"]
    assert sum(cell["number"] for cell in state["cells"]) == 10_000
    assert {mark["lane"] for mark in state["marks"]} == set(range(6))
    assert len(state["marks"]) < 120
    number = picture.page.locator(".heads .n").last.inner_text()
    assert re.fullmatch(r"1667 · \+\d+", number)


def test_heads_say_how_many_have_no_name(draw: Draw) -> None:
    picture = draw("/")
    named = [mark for mark in picture.state()["marks"] if mark["label"]]
    head = picture.page.locator(".heads li", has_text="Export controls")

    told = head.locator(".n").inner_text()

    number, rest = map(int, told.split(" · +"))
    assert number == 27
    assert number - rest == len([mark for mark in named if mark["lane"] == 4])


def test_what_is_out_of_sight_leaves_no_name_behind(draw: Draw) -> None:
    picture = draw(HALF_YEAR)
    width = picture.canvas.evaluate("one => one.clientWidth")

    for mark in picture.state()["marks"]:
        assert mark["x"] <= width
        # A promise that was kept is seen as far as it reached.
        assert mark["x"] + mark["width"] >= 0 or mark["kept"]


def test_cards_and_marks_show_the_same_doubt(draw: Draw) -> None:
    """Approximate, or on one source's word alone: dashed."""
    for picture in (draw("/"), draw(Kind("/", "cases"))):
        dashed = picture.page.locator("li:has(.glyph.dashed)").evaluate_all(
            "all => all.map(one => one.id.slice(2))"
        )
        marks = picture.state()["marks"]
        assert {one["id"] for one in marks if one["dashed"]} == set(dashed)
        assert dashed
    legend = picture.page.locator(".legend")
    legend.get_by_text("How to read the picture").click()
    expect(legend).to_contain_text("dashed: the date is approximate, or there is one")


def test_a_view_narrowed_down_by_its_own_key_is_drawn(draw: Draw) -> None:
    """It is asked for by its name, within which the page filters."""
    picture = draw("/views/sanctions?tag=sanctions&category=export-controls")

    drawn = {mark["id"] for mark in picture.state()["marks"]}
    listed = picture.page.locator("li[id^='e-']").evaluate_all(
        "all => all.map(one => one.id.slice(2))"
    )
    assert drawn == set(listed)
    assert len(drawn) == 27


def test_nothing_is_missing_in_a_hundred_thousand_years(draw: Draw) -> None:
    """Where the tiles would be too many all are counted, and closer all are drawn."""
    picture = draw(Kind("/", "deep"))
    state = picture.state()

    assert state["counted"]
    assert sum(cell["number"] for cell in state["cells"]) == state["number"] == 100
    named = len([mark for mark in state["marks"] if mark["label"]])
    head = picture.page.locator(".heads .n")
    assert head.inner_text() == f"100 · +{100 - named}"
    assert head.get_attribute("title") == (
        f"Entries here: 100. Without room for their name: {100 - named}."
    )

    seventeen = draw(Kind("/?from=Y-60000&to=Y-43001", "deep"))
    closer = seventeen.state()
    assert not closer["counted"]
    assert closer["number"] == len(seventeen.titles()) == 17
    titles = {mark["title"].split(" – ")[0] for mark in closer["marks"]}
    assert titles >= set(seventeen.titles())
    expect(seventeen.said).to_have_text(re.compile("60,001 – 43,002 BCE$"))


def test_the_page_says_what_is_shown_in_its_language(draw: Draw) -> None:
    english, italian = draw(HALF_YEAR), draw(f"{HALF_YEAR}&lang=it")

    expect(english.said).to_have_text("Showing 18 of 18 entries, July – December 2025")
    # Unicode changes its mind about the spaces around a dash.
    expect(italian.said).to_have_text(
        re.compile("^18 di 18 voci, luglio.?–.?dicembre 2025$")
    )


def test_dates_before_our_era_are_in_their_place(draw: Draw) -> None:
    """In the astronomers' year -43, which is 44 BCE."""
    picture = draw(Kind("/", "ancient"))
    start = picture.page.get_by_role("slider", name="Start of what is shown")

    window, mark = picture.state()["window"], picture.mark("caesar")
    width = picture.canvas.evaluate("one => one.clientWidth")
    ides = -63_517_824_000 + DAY_S / 2
    share = (ides - window["lo"]) / (window["hi"] - window["lo"])
    assert mark["x"] + mark["width"] / 2 == pytest.approx(share * width, abs=1)
    ticks = picture.state()["ticks"]
    assert {"9000 BCE", "1000 BCE", "1 CE", "1000 CE"} <= set(ticks)
    assert re.fullmatch(r".* 9\d\d\d BCE", start.get_attribute("aria-valuetext") or "")
    for _ in range(9):
        start.press("PageUp")
    picture.settle()
    assert re.search(r"from=-\d{4}&", picture.page.url)
    expect(picture.said).to_have_text(re.compile(r"\d BCE – \d+ CE$"))


# -- moving --------------------------------------------------------------------------


def test_the_wheel_scrolls_the_page(draw: Draw) -> None:
    picture = draw("/")
    before = picture.state()["window"]
    picture.page.mouse.move(*picture.middle())

    picture.page.mouse.wheel(0, 400)

    picture.page.wait_for_function("() => scrollY > 100")
    assert picture.state()["window"] == before


def test_the_wheel_zooms_with_ctrl(draw: Draw) -> None:
    picture = draw("/")
    before = picture.days
    picture.page.mouse.move(*picture.middle())

    picture.page.keyboard.down("Control")
    picture.page.mouse.wheel(0, -300)
    picture.page.keyboard.up("Control")
    picture.settle()

    assert picture.days < before / 1.3
    assert picture.page.evaluate("scrollY") == 0
    assert picture.page.evaluate("visualViewport.scale") == 1


def test_the_wheel_moves_sideways_with_shift(draw: Draw) -> None:
    picture = draw(HALF_YEAR)
    before = picture.state()["window"]
    picture.page.mouse.move(*picture.middle())

    picture.page.keyboard.down("Shift")
    picture.page.mouse.wheel(0, 200)
    picture.page.keyboard.up("Shift")
    picture.settle()

    after = picture.state()["window"]
    assert after["lo"] > before["lo"]
    assert picture.days == pytest.approx(184, abs=2)


def test_dragging_moves_and_the_list_follows(draw: Draw) -> None:
    picture = draw(HALF_YEAR)
    x, y = picture.middle()

    picture.page.mouse.move(x, y)
    picture.page.mouse.down()
    picture.page.mouse.move(x + 400, y, steps=5)
    picture.page.mouse.up()
    picture.settle()

    assert "from=2025-04-" in picture.page.url
    expect(picture.page.locator("#e-ai-diffusion-rule-rescinded")).to_be_attached()


class Fingers:
    """On the screen of *page*, as the system tells of them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._client = page.context.new_cdp_session(page)

    def move(self, *steps: Sequence[tuple[float, float]]) -> None:
        """Put fingers down where the first step says, move them, and lift them."""
        first, *others = steps
        self._send("touchStart", first)
        for step in others:
            self._send("touchMove", step)
        self._send("touchEnd", ())

    def scroll(self, x: float, y: float, by: float) -> None:
        """Pull the page up by *by* px, wait until it rests, and put it back."""
        self.move(*([(x, y - by * share / 5)] for share in range(6)))
        self._page.wait_for_function("least => scrollY > least", arg=by / 2)
        self._page.wait_for_function(
            """() => {
              const rests = scrollY === globalThis.scrolledBefore;
              globalThis.scrolledBefore = scrollY;
              return rests;
            }""",
            polling=100,
        )
        self._page.evaluate("scrollTo({top: 0, behavior: 'instant'})")

    def _send(self, kind: str, places: Sequence[tuple[float, float]]) -> None:
        points = [
            {"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)
        ]
        self._client.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )


def test_two_fingers_zoom(draw: Draw) -> None:
    picture = draw("/", has_touch=True)
    before = picture.days
    x, y = picture.middle()

    Fingers(picture.page).move(
        *([(x - apart, y), (x + apart, y)] for apart in (50, 80, 120, 160))
    )
    picture.settle()

    assert picture.days < before / 2


def test_a_finger_moves_the_picture_sideways_and_the_page_down(draw: Draw) -> None:
    picture = draw(HALF_YEAR, has_touch=True, viewport={"width": 900, "height": 700})
    x, y = picture.middle()
    before = picture.state()["window"]
    fingers = Fingers(picture.page)

    fingers.scroll(x, y, 250)
    assert picture.state()["window"] == before

    fingers.move(*([(x + 40 * step, y)] for step in range(6)))
    picture.settle()
    assert picture.state()["window"]["lo"] < before["lo"]


# -- the brush -----------------------------------------------------------------------


def brush(picture: Drawn, start: float, end: float) -> None:
    """Drag over the overview, in shares of its width."""
    box = picture.page.locator(".brush").bounding_box()
    assert box is not None
    y = box["y"] + 40
    picture.page.mouse.move(box["x"] + start * box["width"], y)
    picture.page.mouse.down()
    picture.page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    picture.page.mouse.up()


def test_a_stretch_of_the_overview_becomes_the_window(draw: Draw) -> None:
    picture = draw("/")

    brush(picture, 0.5, 0.75)
    picture.settle()

    assert picture.days == pytest.approx(0.25 * 91 * 30.4, rel=0.05)
    frame, whole = picture.frame.bounding_box(), picture.page.locator(".brush")
    box = whole.bounding_box()
    assert frame is not None
    assert box is not None
    assert frame["width"] == pytest.approx(box["width"] / 4, rel=0.05)


def test_the_frame_is_moved_and_its_ends_are_drawn(draw: Draw) -> None:
    picture = draw("/?from=2023&to=2024")
    expect(picture.page.locator(".overview text").first).to_have_text("2020")
    before = picture.state()["window"]

    brush(picture, 0.6, 0.7)
    picture.settle()
    moved = picture.state()["window"]
    assert moved["lo"] > before["lo"]
    assert moved["hi"] - moved["lo"] == pytest.approx(
        before["hi"] - before["lo"], rel=0.1
    )

    box = picture.page.locator(".handle.start").bounding_box()
    assert box is not None
    picture.page.mouse.move(box["x"] + 12, box["y"] + 30)
    picture.page.mouse.down()
    picture.page.mouse.move(box["x"] - 100, box["y"] + 30, steps=3)
    picture.page.mouse.up()
    picture.settle()
    drawn = picture.state()["window"]
    assert drawn["lo"] < moved["lo"]
    assert drawn["hi"] == pytest.approx(moved["hi"], abs=DAY_S)


def test_a_click_on_a_bar_shows_it_and_two_show_everything(draw: Draw) -> None:
    picture = draw("/")
    place = picture.bar(-3)

    picture.page.mouse.click(*place)
    picture.settle()
    assert 28 <= picture.days <= 31

    picture.page.mouse.dblclick(*place)
    picture.settle()
    assert picture.state()["whole"]
    assert picture.page.url.endswith("/")


def test_sliders_move_by_a_bar(draw: Draw) -> None:
    picture = draw("/")
    start = picture.page.get_by_role("slider", name="Start of what is shown")
    end = picture.page.get_by_role("slider", name="End of what is shown")

    start.press("ArrowRight")
    start.press("ArrowRight")
    end.press("ArrowLeft")
    picture.settle()

    assert "from=2019-07-01&to=2026-10-31" in picture.page.url
    assert start.get_attribute("aria-valuetext") == "1 July 2019"
    assert end.get_attribute("aria-valuetext") == "31 October 2026"
    start.press("Home")
    end.press("End")
    picture.settle()
    assert "from=2019-05-01&to=2026-11-30" in picture.page.url


# -- keys ----------------------------------------------------------------------------


def test_keys_zoom_and_show_everything(draw: Draw) -> None:
    picture = draw("/")
    whole = picture.days

    picture.page.keyboard.press("+")
    picture.settle()
    assert picture.days == pytest.approx(whole / 2, rel=0.01)
    picture.page.keyboard.press("-")
    picture.settle()
    assert picture.days == pytest.approx(whole, rel=0.01)
    picture.page.keyboard.press("+")
    picture.settle()
    picture.page.keyboard.press("0")
    picture.settle()
    assert picture.state()["whole"]


def test_a_key_goes_to_today(draw: Draw) -> None:
    picture = draw("/?from=2019&to=2020")
    expect(picture.page.locator(".overview text").first).to_have_text("2020")

    picture.page.keyboard.press("t")
    picture.settle()

    window = picture.state()["window"]
    now = picture.page.evaluate("Date.now() / 1000")
    assert window["lo"] < min(now, picture.state()["limits"]["hi"]) <= window["hi"]


def test_arrows_go_from_event_to_event_and_outline_their_marks(draw: Draw) -> None:
    picture = draw(f"{HALF_YEAR}&order=asc")
    page = picture.page
    entries = page.locator("li[id^='e-']").evaluate_all("all => all.map(one => one.id)")

    page.keyboard.press("ArrowRight")
    focused = "() => document.activeElement.closest('li')?.id"
    assert page.evaluate(focused) == entries[0]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == entries[2]
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == entries[1]
    page.keyboard.press("End")
    assert page.evaluate(focused) == entries[-1]
    page.keyboard.press("Home")
    assert page.evaluate(focused) == entries[0]
    assert "e-" + picture.state()["chosen"] == entries[0]
    page.keyboard.press("Escape")
    assert page.evaluate(focused) is None
    assert picture.state()["chosen"] is None


def test_enter_opens_the_event(draw: Draw) -> None:
    picture = draw(HALF_YEAR)
    picture.page.keyboard.press("ArrowRight")
    title = picture.page.evaluate("document.activeElement.textContent")

    picture.page.keyboard.press("Enter")

    expect(picture.page.locator("h1")).to_have_text(title)


def test_escape_leads_from_an_event_back_to_its_list(draw: Draw) -> None:
    """As it was left: its filter, its window, its place."""
    picture = draw(f"{HALF_YEAR}&category=product")
    page, address = picture.page, picture.page.url
    page.locator(f"#e-{QUARK} h4 a").click()
    expect(page.locator("article.entry")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page).to_have_url(address)


def test_escape_leads_from_an_event_to_the_timeline_for_who_came_otherwise(
    open_page: Open,
) -> None:
    """Not from a field or a dialog, where it does something else."""
    page = open_page(f"/entries/{QUARK}?lang=it")

    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("input[type=range], input:not([type=checkbox])").first.evaluate(
        """one => one.dispatchEvent(
             new KeyboardEvent("keydown", {key: "Escape", bubbles: true}))"""
    )
    assert f"/entries/{QUARK}" in page.url

    page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile(rf"/\?lang=it#e-{QUARK}$"))


def test_the_newest_first_is_gone_through_in_time_as_well(draw: Draw) -> None:
    """The key that points forward goes forward in time, which is up in the list."""
    picture = draw(HALF_YEAR)
    page = picture.page
    entries = page.locator("li[id^='e-']").evaluate_all("all => all.map(one => one.id)")
    page.locator("article h4 a").nth(3).focus()

    page.keyboard.press("ArrowRight")

    focused = "() => document.activeElement.closest('li')?.id"
    assert page.evaluate(focused) == entries[2]


def test_keys_are_listed_and_can_be_switched_off(draw: Draw) -> None:
    picture = draw("/")
    page = picture.page
    before = picture.days

    page.keyboard.press("?")
    help_of_keys = page.get_by_role("dialog")
    for words in ("earlier and later entry", "closer, further away", "today"):
        expect(help_of_keys).to_contain_text(words)
    page.get_by_label("Use single keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("+")
    page.keyboard.press("0")

    assert picture.days == before
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") != "search"


# -- the list is its twin ------------------------------------------------------------


def test_a_click_on_a_mark_goes_to_its_card(draw: Draw) -> None:
    picture = draw(HALF_YEAR)

    picture.page.mouse.click(*picture.at(QUARK))

    card = picture.page.locator(f"#e-{QUARK} h4 a")
    expect(card).to_be_focused()
    expect(card).to_be_in_viewport()
    expect(picture.page).to_have_url(re.compile(f"#e-{QUARK}$"))
    assert picture.state()["chosen"] == QUARK


def test_a_click_on_a_mark_brings_its_card_from_another_page(draw: Draw) -> None:
    picture = at_rest(draw(KINDS["many"]))
    mark = picture.state()["marks"][0]
    assert picture.page.locator(f"#e-{mark['id']}").count() == 0

    picture.page.mouse.click(*picture.at(mark["id"]))

    expect(picture.page.locator(f"#e-{mark['id']} h4 a")).to_be_focused()
    expect(picture.page).to_have_url(re.compile(f"#e-{mark['id']}$"))
    picture.settle()
    expect(picture.page).to_have_url(re.compile(f"#e-{mark['id']}$"))
    expect(picture.page.locator(f"#e-{mark['id']} h4 a")).to_be_focused()


def test_a_hand_that_trembles_clicks(draw: Draw) -> None:
    picture = at_rest(draw(HALF_YEAR))
    before = picture.state()["window"]
    x, y = picture.at(QUARK)
    mouse = picture.page.mouse

    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 3, y + 1)
    mouse.up()

    expect(picture.page).to_have_url(re.compile(f"#e-{QUARK}$"))
    picture.settle()
    assert picture.state()["window"] == before
    expect(picture.page).to_have_url(re.compile(f"#e-{QUARK}$"))


def test_the_list_stays_on_its_page_until_the_window_is_another(draw: Draw) -> None:
    picture = at_rest(draw(KINDS["many"]))
    mark = picture.state()["marks"][0]
    x, y = picture.middle()
    mouse = picture.page.mouse

    mouse.click(*picture.at(mark["id"]))
    expect(picture.page.locator(f"#e-{mark['id']} h4 a")).to_be_focused()
    turned = picture.page.url
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 40, y)  # nowhere: all there is is seen
    mouse.up()
    picture.settle()

    assert picture.page.url == turned
    expect(picture.page.locator(f"#e-{mark['id']} h4 a")).to_have_count(1)

    picture.page.keyboard.press("+")
    expect(picture.page).to_have_url(re.compile("[?&]from="))
    assert "cursor=" not in picture.page.url


def test_focus_on_a_card_outlines_its_mark(draw: Draw) -> None:
    picture = draw(HALF_YEAR)

    picture.page.locator(f"#e-{QUARK} h4 a").focus()
    assert picture.state()["chosen"] == QUARK

    picture.page.get_by_role("searchbox").focus()
    assert picture.state()["chosen"] is None


def test_what_is_shown_is_told_once_movement_has_ended(draw: Draw) -> None:
    picture = draw("/")
    expect(picture.said).to_have_attribute("aria-live", "polite")
    picture.page.evaluate(
        """() => {
          window.told = [];
          new MutationObserver(() => told.push(
            document.getElementById("picture-said").textContent
          )).observe(document.getElementById("picture-said"), {childList: true});
        }"""
    )

    for _ in range(3):
        picture.page.keyboard.press("+")
    picture.settle()

    expect(picture.said).to_have_text(re.compile(r"^Showing \d+ of \d+ entries, .*20"))
    picture.page.wait_for_function("() => told.length")
    assert len(picture.page.evaluate("told")) == 1
    shown = len(picture.titles())
    assert picture.said.inner_text().startswith(f"Showing {shown} of {shown} entries")


# -- links ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "&as_of=40", "&category=product&lang=it"])
def test_a_copied_link_shows_the_same(draw: Draw, open_page: Open, suffix: str) -> None:
    """In another browser, with script and without."""
    picture = draw(f"/?order=asc{suffix}")
    picture.page.keyboard.press("+")
    brush(picture, 0.7, 0.9)
    picture.settle()
    seen, titles = picture.state()["window"], picture.titles()
    link = re.sub(r"https?://[^/]+", "", picture.page.url)
    assert "from=" in link

    again = draw(link)
    plain = open_page(link, java_script_enabled=False)

    assert again.state()["window"] == seen
    assert again.titles() == titles
    assert plain.locator("article h4").all_inner_texts() == titles
    expect(again.page).to_have_title(picture.page.title())


def test_back_and_forward(draw: Draw) -> None:
    picture = draw("/")
    everything = picture.titles()
    brush(picture, 0.7, 0.9)
    picture.settle()
    first, titles = picture.state()["window"], picture.titles()
    picture.page.keyboard.press("+")
    picture.settle()

    picture.page.go_back()
    expect(picture.page.locator("article h4")).to_have_count(len(titles))
    assert picture.state()["window"] == first
    picture.page.go_back()
    expect(picture.page.locator("article h4")).to_have_count(len(everything))
    assert picture.state()["whole"]
    picture.page.go_forward()
    expect(picture.page.locator("article h4")).to_have_count(len(titles))
    assert picture.state()["window"] == first


def test_a_filter_keeps_the_window_and_is_drawn(draw: Draw) -> None:
    picture = draw("/")
    brush(picture, 0.7, 0.9)
    picture.settle()
    window = picture.state()["window"]

    categories = picture.page.get_by_role("navigation", name="Categories")
    follow(categories.get_by_role("link", name="Product"))

    narrowed = wait(picture.page)
    assert narrowed.state()["window"] == window
    assert {mark["lane"] for mark in narrowed.state()["marks"]} == {0}
    assert "from=" in picture.page.url


def test_what_cannot_be_loaded_is_said_and_tried_again(open_page: Open) -> None:
    page = open_page("/about")
    page.route("**/api/tiles/**", lambda route: route.fulfill(status=200, body="{"))
    page.get_by_role("link", name="AI hardware and export rules").first.click()
    expect(page.get_by_text("The picture could not be loaded.")).to_be_visible()

    page.unroute("**/api/tiles/**")
    page.get_by_role("button", name="Try again").click()

    wait(page)
    expect(page.get_by_text("The picture could not be loaded.")).to_be_hidden()


def test_what_is_no_list_is_not_shown_as_one(draw: Draw) -> None:
    """Such as the answer of a server that is too busy."""
    picture = draw("/")
    title, titles = picture.page.title(), picture.titles()
    picture.page.route(
        re.compile(r"/\?from="),
        lambda route: route.fulfill(
            status=200, content_type="text/html", body="<title>Busy</title>"
        ),
    )

    picture.page.keyboard.press("+")

    expect(picture.page.get_by_text("The picture could not be loaded.")).to_have_count(
        2
    )
    assert (picture.page.title(), picture.titles()) == (title, titles)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_the_page_loads(open_page: Open, width: int) -> None:
    page = open_page(HALF_YEAR, viewport={"width": width, "height": 844})
    page.wait_for_function("() => globalThis.timelinePicture")
    page.wait_for_load_state("networkidle")

    shifted = page.evaluate(
        """() => new Promise(done => {
          let sum = 0;
          new PerformanceObserver(list => {
            for (const one of list.getEntries()) sum += one.value;
          }).observe({type: "layout-shift", buffered: true});
          requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
        })"""
    )

    assert shifted < 0.1


# -- everyone ------------------------------------------------------------------------


def test_time_runs_leftwards_where_lines_do(
    rtl_page: Callable[[str], Drawn], draw: Draw
) -> None:
    mirrored, plain = rtl_page(HALF_YEAR), draw(HALF_YEAR)
    width = plain.canvas.evaluate("one => one.clientWidth")

    there, here = mirrored.mark(QUARK), plain.mark(QUARK)
    assert there["x"] + there["width"] == pytest.approx(width - here["x"], abs=1)

    x, y = mirrored.middle()
    mirrored.page.mouse.move(x, y)
    mirrored.page.mouse.down()
    mirrored.page.mouse.move(x - 400, y, steps=5)
    mirrored.page.mouse.up()
    mirrored.settle()
    assert "from=2025-04-" in mirrored.page.url

    slider = mirrored.page.get_by_role("slider", name="Start of what is shown")
    before = mirrored.state()["window"]["lo"]
    slider.press("ArrowLeft")
    assert mirrored.state()["window"]["lo"] > before


def test_nothing_moves_for_those_who_asked_for_rest(draw: Draw) -> None:
    picture = draw("/", reduced_motion="reduce")
    frames = """async () => {
      const seen = new Set();
      dispatchEvent(new Event("start"));
      document.body.dispatchEvent(new KeyboardEvent(
        "keydown", {key: "+", bubbles: true}));
      for (let frame = 0; frame < 20; frame += 1) {
        seen.add(timelinePicture.state().window.lo);
        await new Promise(requestAnimationFrame);
      }
      return seen.size;
    }"""

    assert picture.page.evaluate(frames) == 1
    assert draw("/", reduced_motion="no-preference").page.evaluate(frames) > 2


def test_forced_colours_reach_the_canvas(draw: Draw) -> None:
    picture = draw(HALF_YEAR, forced_colors="active", color_scheme="dark")

    colours = picture.canvas.evaluate(
        """one => {
          const {data} = one.getContext("2d").getImageData(0, 0, one.width, one.height);
          const seen = new Map();
          for (let at = 0; at < data.length; at += 4) {
            const key = data.slice(at, at + 3).join();
            seen.set(key, (seen.get(key) ?? 0) + 1);
          }
          return [...seen].sort((a, b) => b[1] - a[1]).slice(0, 2).map(one => one[0]);
        }"""
    )

    assert colours == ["0,0,0", "255,255,255"]


def test_paper_has_the_overview_and_no_lanes(draw: Draw) -> None:
    picture = draw(HALF_YEAR)

    picture.page.emulate_media(media="print")

    assert not picture.page.locator(".lanes").is_visible()
    assert not picture.page.locator(".brush").is_visible()
    assert picture.page.locator(".overview .shapes").is_visible()


@pytest.mark.parametrize("address", ["/", HALF_YEAR, "/?category=product", "/?to=2020"])
def test_the_page_names_the_tiles_that_its_picture_asks_for(
    open_page: Open, address: str
) -> None:
    page = open_page("/about")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))

    page.goto(urljoin(page.url, address))
    wait(page)

    named = page.locator("link[rel=preload]").evaluate_all(
        "all => all.map(a => a.href)"
    )
    assert sorted(one for one in asked if "/api/tiles/" in one) == sorted(named)
    assert len(set(named)) == len(named) > 0


def test_without_script_the_overview_is_a_list_of_links(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)
    assert not page.locator(".lanes").is_visible()
    assert page.locator(".overview a").count() > 10

    follow(page.get_by_role("link", name="July 2025: 10 entries"))

    assert "from=2025-07&to=2025-07" in page.url
    assert not page.locator("#picture-said").is_visible()
    assert page.locator("article").count() > 9


def test_on_a_phone_there_is_the_brush_and_the_list(open_page: Open) -> None:
    page = open_page(
        "/", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    assert not page.locator(".lanes").is_visible()
    box = page.locator(".brush").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 30

    fingers = Fingers(page)

    fingers.scroll(x, y, 150)
    assert "from=" not in page.url

    fingers.move(*([(x + 25 * step, y)] for step in range(6)))
    expect(page).to_have_url(re.compile("from="))


@pytest.mark.parametrize("script", [True, False])
def test_a_stranger_learns_whether_the_promise_was_kept(
    open_page: Open, script: bool
) -> None:
    """On a phone, in at most four taps; and the link shows it to anybody."""
    page = open_page(
        "/",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        java_script_enabled=script,
    )

    with page.expect_navigation():
        page.get_by_role("link", name="Quark AI Glasses", exact=True).tap()
    with page.expect_navigation():
        page.get_by_role("link", name="The Quark AI Glasses go on sale in China").tap()

    expect(page.get_by_text("34 days before the window closed").first).to_be_visible()
    link = re.sub(r"https?://[^/]+", "", page.url)
    for with_script in (True, False):
        again = open_page(link, java_script_enabled=with_script)
        expect(
            again.get_by_text("34 days before the window closed").first
        ).to_be_visible()


def test_a_link_at_a_position_shows_the_same_after_a_hundred_appends(
    browser: Browser, tmp_path: Path
) -> None:
    """With script and without; at no position the hundred are there."""

    def seen(link: str, *, script: bool = True) -> tuple[object, list[str]]:
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(link)
        marks = None
        if script:
            state = at_rest(wait(page)).state()
            marks = state["window"], state["marks"], state["number"]
        titles = page.locator("article h4").all_inner_texts()
        context.close()
        return marks, titles

    with serving(tmp_path) as served:
        window = "from=2025-07-01&to=2025-12-31"
        position = httpx.get(f"{served.url}/api/entries").json()["position"]
        link = f"{served.url}/?{window}&as_of={position}"
        before, (_, plain) = seen(link), seen(link, script=False)

        added = [
            {
                "type": "entry-recorded",
                "entry": f"later-{number}",
                "data": {"title": f"Later {number}", "occurred": "2025-08-15"},
            }
            for number in range(100)
        ]
        served.append(*added)

        assert seen(link) == before
        assert seen(link, script=False) == (None, plain)
        assert plain == before[1]
        _, now = seen(f"{served.url}/?{window}")
        assert sum(title.startswith("Later ") for title in now) > 20


# -- the promise to whoever measures -------------------------------------------------


def test_the_first_full_drawing_is_marked(draw: Draw) -> None:
    page = draw(KINDS["many"]).page

    marks = page.evaluate(
        "performance.getEntriesByName('picture-drawn').map(one => one.startTime)"
    )

    assert len(marks) == 1
    assert marks[0] > 0


def test_frames_cease_when_nothing_moves(draw: Draw) -> None:
    page = draw("/").page

    asked = page.evaluate(
        """async () => {
          const real = requestAnimationFrame;
          let count = 0;
          window.requestAnimationFrame = act => { count += 1; return real(act); };
          await new Promise(done => setTimeout(done, 300));
          window.requestAnimationFrame = real;
          return count;
        }"""
    )

    assert asked == 0
