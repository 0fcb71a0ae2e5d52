"""The main job, end to end, as the README tells it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded
from tests.servers import Served, free_port, serving
from tests.waiting import eventually
from timeline.store import ViewStore

MOON = {
    "id": "moon-1",
    "type": "entry-recorded",
    "entry": "moon-landing",
    "data": {"title": "Apollo 11 lands on the Moon", "occurred": "1969-07-20"},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "data"


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Served]:
    with serving(data) as server:
        yield server


def append(served: Served, event: object, token: str | None = None) -> httpx.Response:
    return httpx.post(
        f"{served.url}/api/events",
        json=event,
        headers={"Authorization": f"Bearer {token or served.token}"},
    )


def test_the_first_start_shows_the_story_and_prints_a_token(served):
    page = httpx.get(f"{served.url}/").text

    assert "Quark AI" in page
    assert served.token.startswith("tl_")


def test_an_appended_event_is_on_the_page_and_in_the_feeds_at_once(served):
    assert append(served, MOON).status_code == 201

    entry = httpx.get(f"{served.url}/entries/moon-landing")
    assert "Apollo 11 lands on the Moon" in entry.text
    for feed in ("feed.atom", "feed.rss"):
        assert "Apollo 11" in httpx.get(f"{served.url}/{feed}").text
    assert "Apollo 11" in httpx.get(f"{served.url}/?from=1969&to=1969").text


def test_the_same_request_again_changes_nothing(served):
    first = append(served, MOON)
    head = httpx.get(f"{served.url}/api/entries?limit=1").json()["position"]

    again = append(served, MOON)

    assert again.status_code == 200
    assert again.json() == first.json()
    after = httpx.get(f"{served.url}/api/entries?limit=1").json()["position"]
    assert after == head


def test_a_token_made_and_revoked_beside_the_server_counts_at_once(served, data):
    def command(*words: str) -> str:
        program = [sys.executable, "-c", "from timeline.app import main; main()"]
        return subprocess.run(
            [*program, *words, "--data", str(data)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    token = command("token", "create", "desk").strip()
    assert append(served, {**MOON, "id": "m2", "entry": "m2"}, token).status_code == 201

    command("token", "revoke", "desk")
    refused = append(served, {**MOON, "id": "m3", "entry": "m3"}, token)
    assert refused.status_code == 401
    assert "Bearer" in refused.headers["WWW-Authenticate"]


def test_an_event_appended_by_the_command_line_is_served_on_the_next_request(
    served, data
):
    event = '{"type": "entry-recorded", "entry": "cli", "data": '
    event += '{"title": "From the shell", "occurred": "2026"}}'
    subprocess.run(
        [
            *(sys.executable, "-c", "from timeline.app import main; main()"),
            *("append", "-", "--data", str(data)),
        ],
        input=event,
        check=True,
        capture_output=True,
        text=True,
    )

    assert httpx.get(f"{served.url}/entries/cli").status_code == 200


def test_a_server_takes_in_what_others_appended_without_being_asked(served, data):
    """Whoever appends here leaves the read model alone."""
    store = ViewStore(data)
    with closing(SqliteEventLog(open_events_db(data / "events.db"))) as log:
        position = log.append([recorded("unasked")]).events[-1].position

    eventually(lambda: store.checkpoint().position >= position)

    store.close()


def test_a_second_start_keeps_the_log_and_prints_no_token(tmp_path):
    with serving(tmp_path / "data") as first:
        append(first, MOON)
        assert first.token
    assert first.process.returncode == 0

    with serving(tmp_path / "data") as second:
        assert second.token == ""
        assert httpx.get(f"{second.url}/entries/moon-landing").status_code == 200


def test_an_empty_start_has_no_story(tmp_path):
    with serving(tmp_path / "data", "--empty") as server:
        assert httpx.get(f"{server.url}/api/entries").json()["entries"] == []


def test_a_port_in_use_is_told_in_a_sentence(served, tmp_path):
    port = served.url.rpartition(":")[2]
    result = subprocess.run(
        [
            *(sys.executable, "-c", "from timeline.app import main; main()"),
            *("serve", "--data", str(tmp_path / "data"), "--port", port),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert result.returncode == 1
    assert f"port {port}" in result.stderr
    assert "Traceback" not in result.stderr


def test_addresses_come_from_the_settings_and_not_from_the_host_header(tmp_path):
    with serving(
        tmp_path / "data", TIMELINE_BASE_URL="https://timeline.example.org"
    ) as server:
        feed = httpx.get(
            f"{server.url}/feed.atom", headers={"Host": "evil.example"}
        ).text

    assert "https://timeline.example.org/feed.atom" in feed
    assert "evil.example" not in feed
    assert "127.0.0.1" not in feed


def test_any_wsgi_server_can_serve_wsgi_app(tmp_path):
    """Here the standard library's."""
    root = Path(__file__).parents[2]
    program = (
        "from wsgiref.simple_server import make_server\n"
        "from wsgi import app\n"
        f"server = make_server('127.0.0.1', {(port := free_port())}, app)\n"
        "print('ready', flush=True)\n"
        "server.handle_request()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=root,
        env={"TIMELINE_DATA": str(tmp_path / "data"), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        page = httpx.get(f"http://127.0.0.1:{port}/")

    assert page.status_code == 200
    assert re.search(r"<html[^>]* lang=\"en\"", page.text)
