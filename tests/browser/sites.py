"""Services whose logs make every look that a page can have, and its address."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from tests.builders import FixedClock
from timeline.app import create_app, open_timeline
from timeline.config import Settings
from timeline.schemas import parse_append
from timeline.service import Timeline


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of page.

    Attributes:
        path: One page of it, with its query.
        site: On which of the `Sites`.
    """

    path: str
    site: str = "story"
    status: int = 200


KINDS = {
    "front": Kind("/"),
    "front-it": Kind("/?lang=it"),
    "filtered": Kind("/?category=export-controls&actor=Huawei&from=2019&order=asc"),
    "window": Kind("/?from=2025-07&to=2026-01"),
    "search": Kind("/?q=licence"),
    "no-results": Kind("/?q=zeppelin&from=1900&to=1937"),
    "empty": Kind("/", "empty"),
    "many": Kind("/", "many"),
    "entry": Kind("/entries/quark-ai-glasses-release"),
    "entry-it": Kind("/entries/quark-ai-glasses-release?lang=it"),
    "corrected": Kind("/entries/us-chip-rule-2023-effective"),
    "retracted": Kind("/entries/foldable-headset-sale", "cases"),
    "overdue": Kind("/entries/open-weights-promise", "cases"),
    "long-title": Kind("/entries/long-title", "cases"),
    "no-sources": Kind("/entries/hearsay", "cases"),
    "history": Kind("/entries/quark-ai-glasses-release/history"),
    "changes": Kind("/changes?after=17"),
    "changes-it": Kind("/changes?after=17&lang=it"),
    "changes-cases": Kind("/changes", "cases"),
    "no-changes": Kind("/changes?after=2090-01-01"),
    "bad-changes": Kind("/changes?after=99&upto=30", status=400),
    "views": Kind("/views"),
    "view": Kind("/views/sanctions"),
    "about": Kind("/about"),
    "api": Kind("/api/docs"),
    "api-it": Kind("/api/docs?lang=it"),
    "subscribe": Kind("/subscribe?category=export-controls&actor=Huawei"),
    "subscribe-it": Kind("/entries/quark-ai-glasses-release/subscribe?lang=it"),
    "subscribe-then": Kind("/views/sanctions/subscribe?as_of=40"),
    "as-of": Kind("/?as_of=31"),
    "as-of-day": Kind("/views/sanctions?as_of=2027-01-01&lang=it"),
    "known": Kind("/entries/quark-ai-glasses-release?known=2025-08-01"),
    "known-history": Kind("/entries/huawei-temporary-licence/history?known=2020"),
    "before-all": Kind("/?as_of=0"),
    "bad-moment": Kind("/?as_of=1000", status=400),
    "not-then": Kind("/entries/quark-ai-glasses-release?as_of=2", status=404),
    "bad-query": Kind("/?from=never", status=400),
    "not-found": Kind("/entries/nope", status=404),
    "gone": Kind("/views/rumours", "cases", status=410),
}

MANY = 10_000

_LONG_TITLE = (
    "Bureau of Industry and Security amends the Export Administration Regulations: "
    "Foreign-Produced Direct Product Rule, Advanced Computing, Semiconductor "
    "Items; Donaudampfschifffahrtsgesellschaft"
)


class Sites:
    """The services, each started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._origins: dict[str, str] = {}
        self._running = ExitStack()

    def __getitem__(self, name: str) -> str:
        """The origin of the service called *name*."""
        if name not in self._origins:
            self._origins[name] = self._running.enter_context(
                _running(self._folder / name, _FILL[name])
            )
        return self._origins[name]

    def address(self, kind: Kind) -> str:
        """Where a page of that kind is."""
        return self[kind.site] + kind.path

    def close(self) -> None:
        """Stop all of them."""
        self._running.close()


@contextmanager
def _running(
    folder: Path, fill: Callable[[Timeline, FixedClock], None]
) -> Iterator[str]:
    # Its own address stands on the pages, so it must not change with the port.
    settings = Settings(
        data=folder,
        title="AI hardware and export rules",
        base_url="https://timeline.example",
    )
    clock = FixedClock()
    timeline = open_timeline(settings, clock=clock)
    fill(timeline, clock)
    server = make_server("127.0.0.1", 0, create_app(timeline=timeline), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
        timeline.close()


def _append(timeline: Timeline, *events: dict[str, Any]) -> None:
    timeline.append(parse_append(json.dumps(events).encode())[0], author="desk")


def _event(kind: str, entry: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "entry": entry, "data": data}


def _nothing(timeline: Timeline, clock: FixedClock) -> None:
    """The log stays empty."""


def _story(timeline: Timeline, clock: FixedClock) -> None:
    story = files("events") / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")


def _cases(timeline: Timeline, clock: FixedClock) -> None:
    source = {"url": "https://news.example/1", "publisher": "The Example News"}
    clock.move_to(datetime(2025, 3, 3, 9, tzinfo=UTC))
    _append(
        timeline,
        _event(
            "entry-recorded",
            "long-title",
            title=_LONG_TITLE,
            occurred="2025-01-15",
            category="export-controls",
            actors=["US Bureau of Industry and Security"],
            sources=[source],
        ),
        _event(
            "entry-recorded",
            "hearsay",
            title="A second assembly line is said to have started",
            occurred="2025-02~",
            category="production",
            summary="Nobody has been found who says so under their own name.",
        ),
        _event(
            "entry-recorded",
            "foldable-headset-sale",
            title="The foldable headset goes on sale",
            occurred="2025-02-28",
            category="product",
            actors=["Example Devices"],
            summary="It costs 499 dollars, in two colours.",
            sources=[source],
        ),
        _event(
            "entry-recorded",
            "open-weights-promise",
            title="Example Labs opens the weights of its next model",
            occurred="../2025-06-30",
            awaited=True,
            category="model",
            actors=["Example Labs"],
            said="2025-03-01",
            sources=[source],
        ),
        {
            "type": "view-defined",
            "data": {
                "name": "rumours",
                "title": "Rumours",
                "filter": {"category": ["production"]},
            },
        },
    )
    clock.move_to(datetime(2025, 9, 1, 9, tzinfo=UTC))
    _append(
        timeline,
        _event(
            "entry-retracted",
            "foldable-headset-sale",
            reason="The report was a parody; the device does not exist.",
        ),
        {"type": "view-removed", "data": {"name": "rumours"}},
    )


def _many(timeline: Timeline, clock: FixedClock) -> None:
    topics = ("export rule", "chip", "model", "fair", "headset", "data centre")
    first = date(1998, 1, 1)
    for start in range(0, MANY, 1_000):
        events = []
        for number in range(start, start + 1_000):
            day = first + timedelta(days=number)
            topic = topics[number * 7 % len(topics)]
            events.append(
                _event(
                    "entry-recorded",
                    f"entry-{number:05}",
                    title=f"Note {number} on the {topic}",
                    occurred=(f"{day:%Y-%m}" if number % 11 == 0 else f"{day}"),
                    said="1998-01-01",
                    category=topic.replace(" ", "-"),
                    actors=[f"Actor {number % 97:02}"],
                    importance=number * 13 % 101,
                    sources=[{"url": f"https://news.example/{number}"}],
                )
            )
        _append(timeline, *events)


def _ancient(timeline: Timeline, clock: FixedClock) -> None:
    """Eleven thousand years."""
    source = {"url": "https://history.example/1", "publisher": "The Annals"}
    other = {"url": "https://history.example/2", "publisher": "The Chronicle"}
    for name, occurred in {
        "farming": "-9000",
        "writing": "-3100~",
        "rome": "-0752-04-21",
        "caesar": "-0043-03-15",
        "fall": "0476-09-04",
        "armada": "1588-07/1588-08",
        "moon": "1969-07-20",
    }.items():
        event = _event(
            "entry-recorded", name, title=name.title(), occurred=occurred,
            category="history", sources=[source, other],
        )  # fmt: skip
        _append(timeline, event)


def _deep(timeline: Timeline, clock: FixedClock) -> None:
    """A hundred thousand years: one entry in each thousand."""
    events = []
    for number in range(100):
        year = (number - 100) * 1_000 - 1
        events.append(
            _event(
                "entry-recorded",
                f"layer-{number:02}",
                title=f"Layer {number}",
                # EDTF says years of more than four digits with a letter.
                occurred=f"Y{year}" if year < -9_999 else str(year),
                category="layer",
            )
        )
    _append(timeline, *events)


_FILL = {
    "story": _story,
    "empty": _nothing,
    "cases": _cases,
    "many": _many,
    "ancient": _ancient,
    "deep": _deep,
}
