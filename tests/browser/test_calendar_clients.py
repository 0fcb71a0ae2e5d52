"""Real calendars over HTTP: khal, fed by vdirsyncer, and calcurse."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.servers import Served, serving

pytestmark = pytest.mark.calendars

RUN_S = 60

LAMP = {
    "type": "entry-recorded",
    "entry": "lamp",
    "data": {
        "title": "The lamp; goes, on sale",
        "occurred": "2031-03",
        "awaited": True,
        "said": "2025-01-05",
        "summary": "A *lamp* – 灯 – that reads aloud. " * 8,
    },
}
FAIR = {
    "type": "entry-recorded",
    "entry": "fair",
    "data": {"title": "The fair", "occurred": "2031-03-10/2031-03-12"},
}
CALL = {
    "type": "entry-recorded",
    "entry": "call",
    "data": {"title": "The call", "occurred": "2031-03-10T16:15:00+02:00"},
}
ROBOT = [
    {
        "type": "entry-recorded",
        "entry": "robot",
        "data": {"title": "The robot", "occurred": "2031-03-11", "awaited": True},
    },
    {"type": "entry-cancelled", "entry": "robot", "data": {"reason": "No money."}},
]
SOLD = {
    "type": "entry-fulfilled",
    "entry": "lamp",
    "data": {"occurred": "2025-02-03"},
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A window, a period, an instant and what was cancelled."""
    with serving(tmp_path / "data") as running:
        append(running, LAMP, FAIR, CALL, *ROBOT)
        yield running


def append(served: Served, *events: object) -> None:
    authorised = {"Authorization": f"Bearer {served.token}"}
    answer = httpx.post(
        f"{served.url}/api/events", json=list(events), headers=authorised
    )
    assert answer.status_code == 201, answer.text


def run(home: Path, *command: str) -> str:
    """What *command* prints, with a home of its own in which it is run."""
    done = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(name: str, *, install: str) -> str:
    """Where *name* is, first of all beside this Python; skips where it is nowhere."""
    beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    found = shutil.which(name, path=beside)
    if found is None:
        pytest.skip(f"{name} is missing: {install}")
    return found


class Khal:
    """A khal with a home of its own that shows what vdirsyncer keeps in step."""

    def __init__(self, home: Path, address: str) -> None:
        install = "pip install khal vdirsyncer"
        self._khal = program("khal", install=install)
        self._vdirsyncer = program("vdirsyncer", install=install)
        self._home = home
        self._kept = home / "calendar"
        self._kept.mkdir(parents=True)
        (home / "vdirsyncer.conf").write_text(
            f"""
            [general]
            status_path = "{home}/status"
            [pair timeline]
            a = "there"
            b = "here"
            collections = null
            [storage there]
            type = "http"
            url = "{address}"
            [storage here]
            type = "filesystem"
            path = "{self._kept}"
            fileext = ".ics"
            """
        )
        (home / "khal.conf").write_text(
            f"""
            [calendars]
            [[timeline]]
            path = {self._kept}
            readonly = True
            [locale]
            dateformat = %Y-%m-%d
            longdateformat = %Y-%m-%d
            datetimeformat = %Y-%m-%d %H:%M
            longdatetimeformat = %Y-%m-%d %H:%M
            timeformat = %H:%M
            local_timezone = UTC
            default_timezone = UTC
            [sqlite]
            path = {home}/khal.db
            """
        )
        self._sync("discover")

    def sync(self) -> None:
        """Poll the calendar once."""
        self._sync("sync")

    def _sync(self, command: str) -> None:
        run(self._home, self._vdirsyncer, "-c", "vdirsyncer.conf", command)

    def files(self) -> dict[str, bytes]:
        return {one.name: one.read_bytes() for one in self._kept.iterdir()}

    def shown(self, day: str) -> list[str]:
        """First and last day or time, status and title of all that is on *day*."""
        told = "{start-long}|{end-long}|{status}|{title}"
        listing = ["list", "--format", told, "--day-format", "", day, "1d"]
        lines = run(self._home, self._khal, "-c", "khal.conf", *listing).splitlines()
        return sorted(line.replace(" |", "|").strip() for line in lines if line)


def test_khal_shows_what_is_on_a_day_and_how_sure_that_is(
    served: Served, tmp_path: Path
) -> None:
    khal = Khal(tmp_path / "home", f"{served.url}/calendar.ics")
    khal.sync()

    lamp = "2031-03-01|2031-03-31|TENTATIVE|The lamp; goes, on sale"
    lamp += " (window: March 2031)"
    last = "2031-03-31|2031-03-31|CONFIRMED|Last day: The lamp; goes, on sale"
    fair = "2031-03-10|2031-03-12|CONFIRMED|The fair"
    robot = "2031-03-11|2031-03-11|CANCELLED|Cancelled: The robot"
    assert khal.shown("2031-02-28") == []
    assert khal.shown("2031-03-01") == [lamp]
    assert khal.shown("2031-03-11") == sorted([lamp, fair, robot])
    assert khal.shown("2031-03-13") == [lamp]
    assert khal.shown("2031-03-31") == sorted([lamp, last])
    assert khal.shown("2031-04-01") == []
    (call,) = (line for line in khal.shown("2031-03-10") if "The call" in line)
    assert call.startswith("2031-03-10 14:15|")


def test_a_second_poll_changes_what_changed_and_nothing_else(
    served: Served, tmp_path: Path
) -> None:
    """As vdirsyncer 0.21.0 sends no validator, it finds out by comparing events."""
    khal = Khal(tmp_path / "home", f"{served.url}/calendar.ics")
    khal.sync()
    before = khal.files()

    khal.sync()
    same = khal.files()
    append(served, SOLD)
    khal.sync()
    after = khal.files()

    assert same == before
    assert len(after) == len(before)
    new = {name: text for name, text in after.items() if name not in before}
    assert sorted(b"Last day" in text for text in new.values()) == [False, True]
    sold = "2025-02-03|2025-02-03|CONFIRMED|The lamp; goes, on sale"
    last = "2031-03-31|2031-03-31|CANCELLED|Last day: The lamp; goes, on sale"
    assert sold in khal.shown("2025-02-03")
    assert khal.shown("2031-03-31") == [f"{last} (fulfilled)"]


def test_khal_shows_the_whole_story(served: Served, tmp_path: Path) -> None:
    """With what is in no year that people keep calendars of."""
    ancient = {"title": "Rome is founded", "occurred": "0001-01-01"}
    far = {"title": "The lease ends", "occurred": "9999-12-30"}
    append(
        served,
        {"type": "entry-recorded", "data": ancient},
        {"type": "entry-recorded", "data": far},
    )
    address = f"{served.url}/calendar.ics"
    number = httpx.get(address).content.count(b"BEGIN:VEVENT")

    khal = Khal(tmp_path / "home", address)
    khal.sync()

    assert len(khal.files()) == number > 44
    glasses = "2025-11-27|2025-11-27|CONFIRMED|The Quark AI Glasses go on sale in China"
    assert glasses in khal.shown("2025-11-27")


class Calcurse:
    """A calcurse with a home of its own that was given one calendar."""

    def __init__(self, home: Path, calendar: bytes) -> None:
        self._calcurse = program("calcurse", install="apt-get install calcurse")
        self._home = home
        home.mkdir()
        (home / "calendar.ics").write_bytes(calendar)
        assert " 0 skipped" in self._run("-i", "calendar.ics")

    def _run(self, *arguments: str) -> str:
        return run(self._home, self._calcurse, "-D", "kept", *arguments)

    def shown(self, day: str) -> Sequence[str]:
        """Titles of all that is on *day*, a line with the day before them."""
        year, month, in_month = day.split("-")
        ask = ["-Q", "--from", f"{month}/{in_month}/{year}", "--days", "1"]
        _, *listed = self._run(*ask, "--format-event", "%m\n").splitlines() or [""]
        return sorted(line.removeprefix(" * ") for line in listed if line)


def test_calcurse_shows_what_is_on_a_day(served: Served, tmp_path: Path) -> None:
    """It knows no status: what was called off says so in its title."""
    calendar = httpx.get(f"{served.url}/calendar.ics").content
    lamp = "The lamp; goes, on sale (window: March 2031)"

    calcurse = Calcurse(tmp_path / "home", calendar)

    assert calcurse.shown("2031-02-28") == []
    assert calcurse.shown("2031-03-01") == [lamp]
    assert calcurse.shown("2031-03-11") == ["Cancelled: The robot", "The fair", lamp]
    assert calcurse.shown("2031-03-12") == ["The fair", lamp]
    assert calcurse.shown("2031-03-13") == [lamp]
    assert calcurse.shown("2031-03-31") == ["Last day: The lamp; goes, on sale", lamp]
    assert calcurse.shown("2031-04-01") == []


def test_a_client_that_asks_with_a_validator_is_told_that_nothing_changed(
    served: Served,
) -> None:
    address = f"{served.url}/calendar.ics"
    first = httpx.get(address)
    known = {"If-None-Match": first.headers["ETag"]}

    again = httpx.get(address, headers=known)
    append(served, SOLD)
    changed = httpx.get(address, headers=known)

    assert (again.status_code, again.content) == (304, b"")
    assert changed.status_code == 200
    assert changed.content != first.content
