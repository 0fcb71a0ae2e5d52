"""The picture in Chromium, beside vis-timeline and beside what tiles cost at least.

All three show the same story in the same run, in turn: how long it takes from asking
for the page until everything is drawn, how long frames take while a mouse pans and a
wheel zooms, and what is then in memory.  ``floor.html`` fetches the same tiles and
draws nothing but bars; ``vis.html`` gives vis-timeline all entries, as it wants them.
vis-timeline is fetched from npm, by its pinned version, when it is not there yet.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

from events import dates
from tests.bench import story
from tests.browser.conftest import ARGS, CHROMIUM
from tests.servers import serving
from timeline.projections import Filter
from timeline.store import ViewStore

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 3
WARM = 1
"""Visits that do not count: a server that has just started loads what it needs."""

LIMIT_S = 60
"""Who has drawn nothing by then is not asked for more."""

VIS = "vis-timeline@8.5.4"
MOVE_S = 8
"""Who takes seconds for a frame is not moved for minutes."""

_PACKAGES = Path(".venv", "node")
_HERE = Path(__file__).parent
_WIDE = {"width": 1280, "height": 900}
STEPS = 90
"""Of a pan, and of a zoom: those of a second and a half."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A page that shows the story.

    Attributes:
        mark: Name of the performance mark that it sets when all is drawn.
        picture: Selector of what the mouse pans.
        most: Entries up to which it is asked.
    """

    name: str
    mark: str
    picture: str
    address: Callable[[str, str], str]
    most: int = 10**9


@dataclass(frozen=True, slots=True)
class Measured:
    """What a contender did in one visit; None: it did not come so far."""

    drawn_ms: float | None
    frame_p50_ms: float | None = None
    frame_p95_ms: float | None = None
    heap_mb: float | None = None
    nodes: int | None = None


CONTENDERS = (
    Contender("timeline", "picture-drawn", "canvas", lambda served, _: f"{served}/"),
    Contender(
        "tiles floor",
        "drawn",
        "canvas",
        lambda served, files: f"{files}/floor.html?{urlencode({'api': served})}",
    ),
    Contender(
        "vis-timeline",
        "drawn",
        ".vis-center",
        lambda _, files: f"{files}/vis.html?items=/items.json",
        most=100_000,
    ),
    Contender(
        "vis-timeline, clustered",
        "drawn",
        ".vis-center",
        lambda _, files: f"{files}/vis.html?items=/items.json&cluster",
        most=100_000,
    ),
)


def visit(
    browser: Browser, contender: Contender, address: str, *, steps: int
) -> Measured:
    """Open the page anew, wait until it is drawn, pan and zoom."""
    context = browser.new_context(viewport=_WIDE, reduced_motion="reduce")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.set_default_timeout(LIMIT_S * 1_000)
        try:
            page.goto(address, wait_until="commit")
            drawn_ms = page.wait_for_function(
                "mark => performance.getEntriesByName(mark)[0]?.startTime",
                arg=contender.mark,
            ).json_value()
        except NotInTimeError:
            return Measured(None)
        try:
            frames_ms = _frames(page, contender.picture, steps)
        except NotInTimeError:
            return Measured(drawn_ms)
        heap, nodes = _memory(page)
        return Measured(
            drawn_ms,
            statistics.median(frames_ms),
            frames_ms[int(len(frames_ms) * 0.95)],
            heap / 2**20,
            nodes,
        )
    finally:
        context.close()


_COUNT_FRAMES = """() => {
  const frames = [];
  let before;
  window.countedFrames = frames;
  requestAnimationFrame(function next(now) {
    if (before !== undefined) frames.push(now - before);
    before = now;
    requestAnimationFrame(next);
  });
}"""


def _frames(page: Page, picture: str, steps: int) -> list[float]:
    """How long each frame took while a mouse panned and zoomed, the shortest first."""
    box = page.locator(picture).first.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(_COUNT_FRAMES)
    page.mouse.move(*middle)
    page.mouse.down()
    for step in _upto(steps):
        page.mouse.move(middle[0] - 200 + abs(step % 80 - 40) * 10, middle[1])
    page.mouse.up()
    page.keyboard.down("Control")
    for step in _upto(steps):
        page.mouse.wheel(0, -60 if step % 60 < 30 else 60)
    page.keyboard.up("Control")
    frames: list[float] = page.evaluate("() => window.countedFrames")
    return sorted(frames)


def _upto(steps: int) -> Iterator[int]:
    """So many, or as many as are done in `MOVE_S`."""
    end = time.monotonic() + MOVE_S
    for step in range(steps):
        if time.monotonic() > end:
            return
        yield step


def _memory(page: Page) -> tuple[float, int]:
    """Bytes of the heap after collecting garbage, and nodes of the document."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    return heap, page.evaluate("() => document.querySelectorAll('*').length")


# -- what is shown -------------------------------------------------------------------


def write_items(store: ViewStore, path: Path) -> None:
    """All entries as vis-timeline takes them."""
    items: list[dict[str, object]] = []
    start = None
    with store.snapshot() as snapshot:
        while True:
            page = snapshot.page(Filter(), order="asc", limit=1_000, start=start)
            for entry in page.entries:
                ends = {} if entry.hi == dates.OPEN else {"end": entry.hi * 1_000}
                items.append(
                    {
                        "id": entry.id,
                        "content": entry.title,
                        "group": entry.category,
                        "start": entry.lo * 1_000,
                        **(ends if entry.hi - entry.lo > 1 else {}),
                    }
                )
            start = page.next
            if start is None:
                break
    path.write_text(json.dumps(items))


class _Files(SimpleHTTPRequestHandler):
    """The pages here, vis-timeline below ``/vis/``, and the items."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def _serving_files(folder: Path) -> Iterator[str]:
    handler = partial(_Files, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def vis_timeline() -> Path:
    """The folder of the package; fetched from npm if it is not there."""
    found = _PACKAGES / "node_modules" / "vis-timeline"
    version = VIS.rpartition("@")[2]
    manifest = found / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
        _PACKAGES.mkdir(parents=True, exist_ok=True)
        options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
        subprocess.run(
            ["npm", "install", "--prefix", _PACKAGES, "--silent", *options, VIS],
            check=True,
        )
    return found


@contextmanager
def _shown(folder: Path, size: int, stories: Path) -> Iterator[tuple[str, str]]:
    """Origins of the service over the story, and of the pages beside it."""
    with closing(story.open_model(stories, size, in_order=True)) as store:
        story.settle(stories / f"{size}-in-order")
        below = folder / str(size)
        below.mkdir()
        for name in ("floor.html", "vis.html"):
            shutil.copy(_HERE / name, below)
        (below / "vis").symlink_to(vis_timeline().absolute())
        if size <= max(one.most for one in CONTENDERS if one.most < 10**9):
            write_items(store, below / "items.json")
    with (
        serving(stories / f"{size}-in-order", "--empty") as served,
        _serving_files(below) as files,
    ):
        yield served.url, files


# -- command line --------------------------------------------------------------------


def main(arguments: Sequence[str]) -> None:
    """Measure as *arguments* say and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench view", description="The picture, in Chromium."
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N")
    parser.add_argument(
        "--keep", type=Path, help="folder to keep stories in, for the next run"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        stories = chosen.keep or Path(scratch, "stories")
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        print(f"Chromium {browser.version}, {_WIDE['width']} x {_WIDE['height']}")
        print(
            f"{'entries':>10}  {'':24}{'drawn ms':>10}{'floor':>7}"
            f"{'frame p50':>11}{'p95 ms':>8}{'heap MB':>9}{'nodes':>9}"
        )
        for size in chosen.sizes:
            with _shown(Path(scratch), size, stories) as origins:
                _compare(
                    browser, size, origins, rounds=chosen.rounds, steps=chosen.steps
                )
        browser.close()


def _compare(
    browser: Browser,
    size: int,
    origins: tuple[str, str],
    *,
    rounds: int,
    steps: int,
) -> None:
    found: dict[str, list[Measured]] = {}
    for round_ in range(-WARM, rounds):
        for contender in CONTENDERS:
            visits = found.setdefault(contender.name, [])
            if size > contender.most or any(one.nodes is None for one in visits):
                continue
            address = contender.address(*origins)
            seen = visit(browser, contender, address, steps=steps)
            if round_ >= 0 or seen.nodes is None:
                visits.append(seen)
    floor = _middle(found["tiles floor"], "drawn_ms")
    for name, visits in found.items():
        drawn = _middle(visits, "drawn_ms")
        cells = [
            _cell(drawn, 10, 0) if visits and drawn else f"{f'over {LIMIT_S} s':>10}",
            _cell(drawn / floor if drawn and floor else None, 7, 1),
            _cell(_middle(visits, "frame_p50_ms"), 11, 1),
            _cell(_middle(visits, "frame_p95_ms"), 8, 1),
            _cell(_middle(visits, "heap_mb"), 9, 1),
            _cell(_middle(visits, "nodes"), 9, 0),
        ]
        if visits:
            print(f"{size:>10,}  {name:24}{''.join(cells)}", flush=True)


def _middle(visits: Sequence[Measured], name: str) -> float | None:
    values = [getattr(one, name) for one in visits]
    return None if not values or None in values else statistics.median(values)


def _cell(value: float | None, width: int, digits: int) -> str:
    return f"{'–':>{width}}" if value is None else f"{value:{width},.{digits}f}"
