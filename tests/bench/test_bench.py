"""Every benchmark runs once, at a tiny size, so that none can rot."""

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.bench import append
from tests.bench.__main__ import BENCHMARKS, main
from tests.browser.conftest import CHROMIUM
from timeline.app import open_timeline
from timeline.config import Settings
from timeline.projections import Filter

TINY: dict[str, Sequence[str]] = {
    "append": ["--sizes", "0", "7", "--rounds", "2", "--appends", "3"],
    "asof": ["--sizes", "20", "30", "--rounds", "2"],
    "pages": ["--sizes", "20", "30", "--rounds", "2"],
    "polls": ["--sizes", "20", "--rounds", "2", "--polls", "16"],
    "tiles": ["--sizes", "20", "30", "--rounds", "2"],
    "view": ["--sizes", "20", "--rounds", "1", "--steps", "3"],
}

PROGRAMS: dict[str, Sequence[str]] = {"view": [CHROMIUM, "npm"]}
"""What a benchmark drives beside Python."""


class Accepting(BaseHTTPRequestHandler):
    """Answers 201 to who has the token, on a connection that it keeps."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[list[bytes]] = []
    connections: ClassVar[set[object]] = set()

    def do_POST(self) -> None:
        assert self.path == "/under/api/events"
        known = self.headers["Authorization"] == "Bearer tl_token"
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.connections.add(self.client_address)
        self.send_response(201 if known else 401)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def accepting() -> Iterator[str]:
    Accepting.bodies.clear()
    Accepting.connections.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Accepting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/under/"
        server.shutdown()
        thread.join()


def test_every_benchmark_has_a_tiny_size() -> None:
    assert TINY.keys() == BENCHMARKS.keys()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for program in PROGRAMS.get(name, ()):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt-get install chromium npm")

    assert main([name, *TINY[name]]) == 0

    assert len(capsys.readouterr().out.splitlines()) > 3


def test_without_a_name_the_benchmarks_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.split() == list(BENCHMARKS)

    assert main(["nonsense"]) == 2
    assert "append" in capsys.readouterr().err


def test_appends_are_measured_for_every_contender(tmp_path: Path) -> None:
    found = append.measure(tmp_path, size=5, rounds=2, appends=3)

    assert [each.name for each in found] == [*append.CONTENDERS, append.READ_TOO]
    assert all(each.per_s > 0 for each in found)
    assert found[0].of_baseline == 1


def test_a_client_keeps_its_connection_for_a_round(accepting: str) -> None:
    with closing(append.Client(accepting, "tl_token")) as client:
        for start in (0, 4):
            client.prepare(append.new_events(4, start=start))()

    assert len(Accepting.connections) == 2
    bodies = [json.loads(body) for body in Accepting.bodies]
    assert [body["type"] for body in bodies] == ["entry-recorded"] * 8
    assert len({body["id"] for body in bodies}) == 8


def test_a_client_tells_an_append_that_was_refused(accepting: str) -> None:
    """Otherwise refusals would be measured, which are quick."""
    with closing(append.Client(accepting, "tl_revoked")) as client:
        append_all = client.prepare(append.new_events(1))

        with pytest.raises(RuntimeError, match=r"^401: "):
            append_all()


def test_over_http_the_events_are_stored_and_shown(tmp_path: Path) -> None:
    """What is measured includes the read model."""
    path = tmp_path / "log.db"
    append.preload(path, 3)
    with append.the_service(path) as prepare:
        prepare(append.new_events(2, start=3))()

    timeline = open_timeline(Settings(data=path.with_suffix(".data")))
    with closing(timeline), timeline.snapshot() as snapshot:
        assert timeline.head() == snapshot.position == 5
        assert snapshot.count(Filter()).number == 5
