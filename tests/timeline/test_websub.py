"""A hub is told of what changed: soon, once, and without keeping anybody waiting."""

import json
import logging
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from events.model import NewEvent
from events.sqlite import utc_now
from tests import servers
from tests.builders import (
    corrected,
    recorded,
    retracted,
    view_defined,
    view_removed,
)
from tests.hubs import Hub, hub_running
from tests.servers import Served, free_port, serving
from tests.waiting import eventually
from timeline.app import create_app, open_timeline
from timeline.config import Settings, SettingsError
from timeline.scheduler import Scheduler
from timeline.schemas import Wanted
from timeline.service import Timeline
from timeline.websub import Announcer

ORIGIN = "https://timeline.example"
FORMATS = ("feed.atom", "feed.rss", "feed.json")


def addresses(*pages: str) -> list[str]:
    """Of the feed of changes and of those below *pages*, in both languages."""
    names = ["changes.atom", *(f"{page}{feed}" for page in pages for feed in FORMATS)]
    return [f"{ORIGIN}/{name}{lang}" for name in names for lang in ("", "?lang=it")]


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether anybody appended, where the announcer runs in this process."""
    monkeypatch.setattr("timeline.websub._LOOK_S", 0.02)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_running() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, hub: Hub) -> Settings:
    return Settings(data=tmp_path, base_url=ORIGIN, hub=hub.url)


@pytest.fixture
def timeline(settings: Settings) -> Iterator[Timeline]:
    """One by the system's clock."""
    with closing(open_timeline(settings)) as opened:
        yield opened


def announcer_of(timeline: Timeline) -> Announcer:
    """In a hurry."""
    assert timeline.settings.hub is not None
    return Announcer(
        timeline, hub=timeline.settings.hub, pause_s=0.05, first_retry_s=0.1
    )


@contextmanager
def announcing(timeline: Timeline) -> Iterator[None]:
    """Tell the hub of what is appended from now on."""
    with announcer_of(timeline).running():
        eventually(lambda: told_upto(timeline) == timeline.head())
        yield


def told_upto(timeline: Timeline) -> int:
    """The checkpoint; -1: there is none that can be used."""
    try:
        kept = json.loads((timeline.settings.data / "websub.json").read_bytes())
        return int(kept["position"]) if kept["hub"] == timeline.settings.hub else -1
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return -1


def append(timeline: Timeline, *events: NewEvent) -> None:
    """All at once."""
    wanted = [
        Wanted(id=new.id, entry=new.entry, event=new.event, expected_version=None)
        for new in events
    ]
    timeline.append(wanted, author="tester")


def all_told(timeline: Timeline) -> None:
    eventually(lambda: told_upto(timeline) == timeline.head())


# -- settings -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "hub.example.org",
        "ftp://hub.example.org/",
        "https:///publish",
        "https://hub.example.org:port/",
        "https://hub.example.org:0/",
        "https://[::1/",
        "https://me:secret@hub.example.org/",
        "https://hub.example.org/#top",
        "https://hub.example.org/a b",
        "https://hub.example.org/\r\nX-Evil: 1",
        "https://hub.example.org/>; rel=next",
        "https://hüb.example.org/",
    ],
)
def test_what_is_no_address_of_a_hub_is_refused(address):
    with pytest.raises(SettingsError, match="TIMELINE_HUB must be like https://hub"):
        Settings.from_env({"TIMELINE_HUB": address, "TIMELINE_BASE_URL": ORIGIN})


def test_a_hub_has_to_know_where_the_feeds_are():
    with pytest.raises(SettingsError, match="TIMELINE_HUB needs TIMELINE_BASE_URL"):
        Settings.from_env({"TIMELINE_HUB": "https://hub.example.org/"})

    settings = Settings.from_env(
        {
            "TIMELINE_HUB": "https://hub.example.org:8443/hub?for=us",
            "TIMELINE_BASE_URL": ORIGIN,
        }
    )

    assert settings.hub == "https://hub.example.org:8443/hub?for=us"


# -- which feeds --------------------------------------------------------------------


def test_a_correction_is_told_for_all_feeds_that_show_the_entry(timeline, hub):
    append(timeline, recorded("moon", category="space"), recorded("chips"))
    append(timeline, view_defined("space"), view_defined("law", filter={"tag": ["x"]}))
    with announcing(timeline):
        append(timeline, corrected("moon", title="The Moon"))
        all_told(timeline)

    assert hub.told == addresses("", "views/space/", "entries/moon/")
    assert {path for path, _ in hub.asked} == {"/"}
    assert [form for _, form in hub.asked] == [
        {"hub.mode": ["publish"], "hub.url": [topic], "hub.topic": [topic]}
        for topic in hub.told
    ]


def test_a_view_is_told_of_when_it_loses_an_entry(timeline, hub):
    """Its feeds say that the entry has left them."""
    append(timeline, recorded("moon", category="space"), view_defined("space"))
    with announcing(timeline):
        append(timeline, corrected("moon", category="history"))
        all_told(timeline)
        assert hub.told == addresses("", "views/space/", "entries/moon/")
        hub.told.clear()
        append(timeline, retracted("moon"))
        all_told(timeline)

    assert hub.told == addresses("", "entries/moon/")


def test_a_view_is_told_of_when_it_is_defined_anew_and_not_when_it_is_gone(
    timeline, hub
):
    append(timeline, recorded("moon", category="space"), view_defined("space"))
    with announcing(timeline):
        append(timeline, view_defined("space", title="Out there"))
        all_told(timeline)
        assert hub.told == addresses("views/space/")
        hub.told.clear()
        append(timeline, view_removed("space"), corrected("moon", title="The Moon"))
        all_told(timeline)

    assert hub.told == addresses("", "entries/moon/")


def test_an_import_is_told_in_few_requests(timeline, hub):
    """Nobody can have subscribed to what was not there."""
    with announcing(timeline):
        append(timeline, *(recorded(f"launch-{number}") for number in range(500)))
        all_told(timeline)

    assert hub.told == addresses("")


def test_addresses_are_in_the_other_languages_too(settings, hub):
    """The site's own stands in none."""
    with (
        closing(open_timeline(replace(settings, lang="it"))) as timeline,
        announcing(timeline),
    ):
        append(timeline, recorded())
        all_told(timeline)

    assert hub.told[:2] == [f"{ORIGIN}/changes.atom", f"{ORIGIN}/changes.atom?lang=en"]


# -- from where on ------------------------------------------------------------------


def test_a_new_hub_is_not_told_of_what_was_before(timeline, hub):
    append(timeline, recorded("moon"))
    append(timeline, corrected("moon", title="The Moon"))
    with announcing(timeline):
        append(timeline, recorded("mars"))
        all_told(timeline)
    assert hub.told == addresses("")

    with hub_running() as other:
        settings = replace(timeline.settings, hub=other.url)
        append(timeline, corrected("mars", title="The Red Planet"))
        with closing(open_timeline(settings)) as again, announcing(again):
            assert told_upto(again) == 4
        assert other.asked == []


def test_what_is_appended_while_nobody_tells_is_told_later(timeline, hub):
    append(timeline, recorded("moon"))
    with announcing(timeline):
        pass
    append(timeline, corrected("moon", title="The Moon"))
    assert hub.asked == []

    with announcer_of(timeline).running():
        all_told(timeline)

    assert hub.told == addresses("", "entries/moon/")
    with announcing(timeline):
        assert len(hub.told) == len(addresses("", "entries/moon/"))


def test_a_run_that_ends_halfway_is_told_again_as_a_whole(timeline, hub):
    """Twice is harmless, never is not."""
    with announcing(timeline):
        hub.answers.extend([(202, {})] * 3 + [(503, {"Retry-After": "3000"})])
        append(timeline, recorded())
        eventually(lambda: len(hub.asked) == 4)
    assert hub.told == addresses("")[:3]

    with announcer_of(timeline).running():
        all_told(timeline)

    assert hub.told[3:] == addresses("")


@pytest.mark.parametrize(
    "kept", [b"", b"[]", b"{}", b"\xff", b'{"position": "1"}', b'{"position": 99}']
)
def test_a_checkpoint_that_cannot_be_used_means_now(timeline, hub, kept):
    """A damaged one is told of in the log of the service."""
    append(timeline, recorded("moon"))
    append(timeline, corrected("moon", title="The Moon"))
    (timeline.settings.data / "websub.json").write_bytes(kept)

    with announcing(timeline):
        append(timeline, recorded("mars"))
        all_told(timeline)

    assert hub.told == addresses("")


def test_a_long_absence_is_told_in_rounds(timeline, hub, monkeypatch):
    """So that what waits in memory has a bound."""
    monkeypatch.setattr("timeline.websub._ROUND", 3)
    with announcing(timeline):
        pass
    append(timeline, *(recorded(f"launch-{number}") for number in range(7)))

    with announcer_of(timeline).running():
        all_told(timeline)

    assert hub.told == addresses("") * 3


# -- when the hub fails ---------------------------------------------------------------


def test_a_busy_hub_is_asked_again_when_it_said(timeline, hub, caplog):
    hub.answers.append((503, {"Retry-After": "2"}))
    with announcing(timeline):
        append(timeline, recorded())
        eventually(lambda: len(hub.asked) == 1)
        before = time.monotonic()
        eventually(lambda: len(hub.asked) > 1)
        assert time.monotonic() - before > 1.5
        all_told(timeline)

    assert Counter(hub.told) == Counter(addresses(""))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "the hub was not told of '/changes.atom': '503 Service Unavailable'; "
        "next try in 2 s"
    )


@pytest.mark.parametrize("status", [408, 429, 500, 502, 504])
@pytest.mark.parametrize("retry_after", [None, "0", "-1", "soon", "\xfc"])
def test_a_hub_that_fails_once_is_told_all_the_same(timeline, hub, status, retry_after):
    hub.answers.append((status, {"Retry-After": retry_after} if retry_after else {}))
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)

    assert Counter(hub.told) == Counter(addresses(""))


def test_retry_after_may_be_a_date(timeline, hub):
    until = format_datetime(utc_now() + timedelta(seconds=3), usegmt=True)
    hub.answers.append((503, {"Retry-After": until}))
    with announcing(timeline):
        append(timeline, recorded())
        eventually(lambda: len(hub.asked) == 1)
        before = time.monotonic()
        all_told(timeline)
        assert time.monotonic() - before > 1


def test_a_hub_that_is_not_there_is_told_when_it_is(settings, caplog):
    """And all changes meanwhile are told together."""
    port = free_port()
    settings = replace(settings, hub=f"http://127.0.0.1:{port}/")
    with closing(open_timeline(settings)) as timeline, announcing(timeline):
        append(timeline, recorded("moon"))
        eventually(lambda: len(caplog.records) > 2)
        for number in range(20):
            append(timeline, corrected("moon", title=f"Moon {number}"))
        with hub_running(port) as hub:
            all_told(timeline)

    first = Counter(addresses(""))
    assert Counter(hub.told) == first + Counter(addresses("", "entries/moon/"))
    assert "Connection refused" in caplog.text


def test_waits_grow_and_differ(timeline):
    announcer = announcer_of(timeline)
    waits = [announcer._backoff_s(failures) for failures in (*range(12), 4000)]

    for failures, (wait, longer) in enumerate(pairwise(waits[:10])):
        assert 0.05 * 2**failures <= wait <= 0.1 * 2**failures
        assert wait <= longer
    assert 150 <= waits[-1] <= 300
    assert len(set(waits)) == len(waits)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 303, 304])
def test_a_refusal_is_told_and_not_asked_again(timeline, hub, caplog, status):
    """For this time: the next change is told anew."""
    hub.answers.append((status, {}))
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)
        assert hub.told == addresses("")[1:]
        append(timeline, corrected(title="The Moon"))
        all_told(timeline)

    assert hub.told[7:] == addresses("", "entries/moon-landing/")
    (record,) = caplog.records
    assert "refused to be told of 1 of 8 feeds, '/changes.atom' first: '" in (
        record.getMessage()
    )


@pytest.mark.parametrize("status", [500, 503])
def test_one_feed_at_which_the_hub_fails_does_not_stop_the_others(
    timeline, hub, caplog, monkeypatch, status
):
    """It is given up after some tries: the hub does take others."""
    monkeypatch.setattr("timeline.websub._TRIES", 3)
    hub.refusing[f"{ORIGIN}/feed.atom"] = (status, {})
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)

    left = [topic for topic in addresses("") if topic not in hub.refusing]
    assert hub.told == left
    assert len(hub.asked) == len(left) + 3
    assert "refused to be told of 1 of 8 feeds, '/feed.atom' first" in caplog.text


def test_a_hub_that_is_down_is_not_given_up(timeline, hub, monkeypatch):
    """However often it was tried."""
    monkeypatch.setattr("timeline.websub._TRIES", 2)
    monkeypatch.setattr("timeline.websub._LONGEST_RETRY_S", 0.02)
    hub.answers.extend([(503, {})] * 50)
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)

    assert Counter(hub.told) == Counter(addresses(""))


def test_what_the_hub_says_cannot_forge_a_line_of_the_log(timeline, hub, caplog):
    hub.answers.append((308, {"Location": "ftp://evil\x1b[2Jexample/\x85WARNING"}))
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)

    (record,) = caplog.records
    assert record.getMessage().isascii()
    assert record.getMessage().isprintable()
    assert "it leads to ftp://evil" in record.getMessage()


# -- where it leads -----------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_hub_that_has_moved_is_told_there(timeline, hub, status):
    with hub_running() as moved_to:
        hub.answers.append((status, {"Location": f"{moved_to.url}new?place=1"}))
        with announcing(timeline):
            append(timeline, recorded())
            all_told(timeline)

    assert hub.told == addresses("")[1:]
    assert moved_to.told == addresses("")[:1]
    assert moved_to.asked[0][0] == "/new"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("/", "it leads on more than 3 times"),
        ("ftp://hub.example/", "it leads to ftp://hub.example/"),
        ("file:///etc/passwd", "it leads to file:///etc/passwd"),
        ("http://[", "it leads to http://["),
        ("", "302 Found"),
    ],
)
def test_a_hub_that_leads_nowhere_is_followed_a_few_steps_at_most(
    timeline, hub, caplog, location, why
):
    hub.refusing = {
        topic: (302, {"Location": location} if location else {})
        for topic in addresses("")
    }
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)

    assert hub.told == []
    assert len(hub.asked) == 8 * (4 if location == "/" else 1)
    (record,) = caplog.records
    assert record.getMessage().endswith(
        f"refused to be told of 8 of 8 feeds, '/changes.atom' first: '{why}'"
    )


# -- beside everything else -----------------------------------------------------------


def scheduler_of(timeline: Timeline) -> Scheduler:
    return Scheduler(timeline, clock=utc_now, beside=announcer_of(timeline).running)


def test_a_slow_hub_delays_neither_appends_nor_windows(timeline, hub):
    with scheduler_of(timeline).running():
        eventually(lambda: told_upto(timeline) == 0)
        hub.open.clear()
        append(timeline, recorded("moon"))
        eventually(lambda: len(hub.asked) == 1)

        before = time.monotonic()
        start = (utc_now() + timedelta(seconds=2)).replace(microsecond=0, tzinfo=None)
        append(timeline, recorded("launch", occurred=f"{start.isoformat()}Z/.."))
        assert time.monotonic() - before < 1
        eventually(lambda: timeline.head() == 3)

        opened = timeline.event(3)
        assert opened is not None
        assert opened.entry == "launch"
        assert opened.recorded_at.replace(tzinfo=None) - start < timedelta(seconds=2)
        assert len(hub.asked) == 1
        hub.open.set()
        all_told(timeline)


def test_it_ends_at_once_while_the_hub_does_not_answer(timeline, hub):
    with scheduler_of(timeline).running():
        eventually(lambda: told_upto(timeline) == 0)
        hub.open.clear()
        append(timeline, recorded())
        eventually(lambda: len(hub.asked) == 1)
        before = time.monotonic()
    assert time.monotonic() - before < 2
    timeline.close()

    hub.open.set()
    eventually(lambda: "announcer" not in {one.name for one in threading.enumerate()})
    assert len(hub.asked) == 1


def test_bursts_are_told_together(timeline, hub):
    announcer = Announcer(timeline, hub=hub.url, pause_s=1.5)
    append(timeline, recorded("moon"))
    with announcer.running():
        eventually(lambda: told_upto(timeline) == 1)
        for number in range(30):
            append(timeline, corrected("moon", title=f"Moon {number}"))
            time.sleep(0.01)
        all_told(timeline)

    rounds = len(hub.told) / len(addresses("", "entries/moon/"))
    assert rounds <= 2


def test_a_mistake_of_ours_does_not_end_it(timeline, hub, caplog, monkeypatch):
    mistakes = [ZeroDivisionError("a mistake")]
    read = timeline.events

    def fail(*, after: int, limit: int):
        if mistakes:
            raise mistakes.pop()
        return read(after=after, limit=limit)

    monkeypatch.setattr(timeline, "events", fail)
    with announcing(timeline):
        append(timeline, recorded())
        all_told(timeline)

    assert "ZeroDivisionError: a mistake" in caplog.text
    assert hub.told == addresses("")


# -- off by default -------------------------------------------------------------------

WATCHED = """
import sys

def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("CONNECTS", event, args, file=sys.stderr, flush=True)

sys.addaudithook(watch)
from timeline.app import main
main()
"""


def scheduling(
    data: Path, *, code: str = WATCHED, **env: str
) -> AbstractContextManager[subprocess.Popen[str]]:
    """``timeline schedule`` over *data*, which says to whom it connects."""
    return servers.scheduling(data, code=code, **env)


def hub_env(hub: Hub) -> dict[str, str]:
    return {"TIMELINE_HUB": hub.url, "TIMELINE_BASE_URL": ORIGIN}


def ended(process: subprocess.Popen[str]) -> str:
    """What it complained of until it ended by itself."""
    process.send_signal(signal.SIGTERM)
    _, complaints = process.communicate(timeout=10)
    assert process.returncode == 0
    return complaints


def test_without_a_hub_nothing_is_sent_to_anybody(tmp_path):
    with (
        closing(open_timeline(Settings(data=tmp_path))) as timeline,
        scheduling(tmp_path) as process,
    ):
        start = (utc_now() + timedelta(seconds=2)).replace(microsecond=0, tzinfo=None)
        append(timeline, recorded(occurred=f"{start.isoformat()}Z/.."))
        append(timeline, corrected(title="The Moon"))
        eventually(lambda: timeline.head() == 3)
        assert ended(process) == ""

    assert not (tmp_path / "websub.json").exists()


def test_with_a_hub_the_hub_is_all_that_it_connects_to(timeline, hub, settings):
    """And so the test before this one would notice."""
    append(timeline, recorded())
    with scheduling(settings.data, **hub_env(hub)) as process:
        all_told(timeline)
        append(timeline, corrected(title="The Moon"))
        all_told(timeline)
        complaints = ended(process).splitlines()

    assert hub.told == addresses("", "entries/moon-landing/")
    port = hub.url.rpartition(":")[2].strip("/")
    assert complaints
    assert all(line.startswith("CONNECTS socket.") for line in complaints)
    assert all("'127.0.0.1'" in line and port in line for line in complaints)


# -- processes ----------------------------------------------------------------------


def test_of_several_processes_one_tells_and_another_takes_over(timeline, hub, settings):
    """What the first was told to tell and did not, too."""
    append(timeline, recorded("moon"))
    with scheduling(settings.data, **hub_env(hub)) as first:
        all_told(timeline)
        with scheduling(settings.data, **hub_env(hub)) as second:
            append(timeline, corrected("moon", title="The Moon"))
            all_told(timeline)
            assert hub.told == addresses("", "entries/moon/")
            hub.told.clear()
            hub.open.clear()
            append(timeline, recorded("mars"))
            eventually(lambda: len(hub.asked) == 15)
            first.kill()
            first.wait()
            hub.open.set()
            all_told(timeline)
            ended(second)

    # The hub had read the request of the one that was killed.
    assert hub.told == ["https://timeline.example/changes.atom", *addresses("")]


def test_a_child_of_a_fork_tells_nobody(timeline, hub, settings):
    """Its parent's threads are not its own."""
    append(timeline, recorded("moon"))
    with scheduling(settings.data, code=FORKING, **hub_env(hub)) as parent:
        all_told(timeline)
        append(timeline, corrected("moon", title="The Moon"))
        all_told(timeline)
        parent.kill()

    assert hub.told == addresses("", "entries/moon/")


FORKING = """
import os, sys, threading
from timeline.app import main
from timeline.scheduler import Scheduler

lead = Scheduler._lead

def lead_and_fork(self):
    threading.Timer(0.5, fork).start()
    lead(self)

def fork():
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)

Scheduler._lead = lead_and_fork
main()
"""


# -- from an append to a subscriber ---------------------------------------------------


@contextmanager
def served_with(hub: Hub, data: Path) -> Iterator[Served]:
    """``timeline serve`` with *hub*, at an address that it can fetch from."""
    port = free_port()
    env = {**hub_env(hub), "TIMELINE_BASE_URL": f"http://127.0.0.1:{port}"}
    with serving(data, "--empty", port=port, **env) as served:
        yield served


def post(served: Served, *events: dict[str, object]) -> None:
    httpx.post(
        f"{served.url}/api/events",
        json=list(events),
        headers={"Authorization": f"Bearer {served.token}"},
    ).raise_for_status()


def test_a_subscriber_gets_a_correction_without_asking(hub, tmp_path):
    """Every feed names the hub and itself, and is fetched anew when it changed."""
    moon = {"title": "Apollo 11", "occurred": "1969-07-20", "category": "space"}
    space = {"name": "space", "title": "Space", "filter": {"category": ["space"]}}
    with served_with(hub, tmp_path) as served:
        post(
            served,
            {"type": "entry-recorded", "entry": "moon", "data": moon},
            {"type": "view-defined", "data": space},
        )
        feeds = [
            f"{served.url}/{name}{lang}"
            for name in (
                "changes.atom",
                *(
                    f"{page}{feed}"
                    for page in ("", "views/space/", "entries/moon/")
                    for feed in FORMATS
                ),
            )
            for lang in ("", "?lang=it")
        ]
        for feed in feeds:
            hub.subscribe(feed)
        assert hub.subscribed == set(feeds)

        correction = {"changes": {"title": "Apollo 11 lands"}, "reason": "It landed."}
        post(
            served,
            {"type": "entry-corrected", "entry": "moon", "data": correction},
        )
        eventually(
            lambda: (
                {feed for feed, _, body in hub.delivered if b"Apollo 11 lands" in body}
                == set(feeds)
            )
        )

    for feed, content_type, body in hub.delivered:
        if content_type.startswith("application/feed+json"):
            named = json.loads(body)
            assert named["feed_url"] == feed
            assert named["hubs"] == [{"type": "WebSub", "url": hub.url}]
        else:
            links = {
                link.get("rel"): link.get("href")
                for link in ElementTree.fromstring(body).iter(
                    "{http://www.w3.org/2005/Atom}link"
                )
                if link.get("rel") in ("hub", "self")
            }
            assert links == {"hub": hub.url, "self": feed}


@pytest.mark.parametrize(
    "address",
    [
        "/feed.atom?category=space",
        "/feed.json?as_of=2",
        "/feed.rss?known=2026-01-01",
        "/feed.atom?lang=en",
        "/feed.atom?archive=1",
        "/views/space/feed.rss?tag=x",
        "/changes.atom?archive=1",
        "/calendar.ics",
        "/entries/moon/calendar.ics",
    ],
)
def test_what_the_hub_is_not_told_of_does_not_name_it(settings, address):
    """Readers would wait for news that never come."""
    with closing(open_timeline(settings)) as timeline:
        append(timeline, recorded("moon", category="space"), view_defined("space"))
        append(timeline, *(recorded(f"n-{n}", category="space") for n in range(210)))
        answer = create_app(timeline=timeline).test_client().get(address)

    assert answer.status_code == 200
    assert answer.headers["Link"].count("rel=") == 1
    assert b"hub" not in answer.data
    assert "s-maxage" not in answer.headers["Cache-Control"]


def test_every_feed_that_names_the_hub_is_told_of(settings, hub):
    """So a format that is added is not forgotten."""
    with closing(open_timeline(settings)) as timeline:
        append(timeline, recorded("moon", category="space"), view_defined("space"))
        app = create_app(timeline=timeline)
        naming = set()
        for rule in app.url_map.iter_rules():
            if not rule.endpoint.startswith("syndication."):
                continue
            path = rule.rule.replace("<view>", "space").replace("<entry>", "moon")
            for lang in ("", "?lang=it"):
                answer = app.test_client().get(path + lang)
                if f'<{hub.url}>; rel="hub"' in answer.headers["Link"]:
                    naming.add(f"{ORIGIN}{path}{lang}")
                    assert "max-age=300, s-maxage=0" in answer.headers["Cache-Control"]

    assert naming == set(addresses("", "views/space/", "entries/moon/"))


def test_answers_are_others_with_a_hub(settings, tmp_path):
    """Or a copy from before would be confirmed by a 304."""
    tags = set()
    for hub in (settings.hub, None, "https://hub.example.org/"):
        with closing(open_timeline(replace(settings, hub=hub))) as timeline:
            answer = create_app(timeline=timeline).test_client().get("/feed.atom")
            assert ('rel="hub"' in answer.headers["Link"]) is (hub is not None)
            tags.add(answer.headers["ETag"])

    assert len(tags) == 3
