"""Polls of a feed beside the least that the same server can answer.

One process of Granian, set up as ``timeline serve`` does it, answers for all: the
service, a Flask view that returns "hello", and a bare WSGI callable that does. Rounds
take turns. A few connections are kept; one request is sent on each before the answers
are read, so that the server always has another one waiting: what a round takes is the
server's time and not the client's, for as long as the bare callable is well ahead. What
else the machine does makes answers fewer, and the processor's time for one less so.
"""

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from tests.bench import story
from tests.servers import free_port
from timeline.app import open_timeline, served_app
from timeline.cli import make_server
from timeline.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SIZES = (10_000,)
ROUNDS = 25
POLLS = 2_000
CONNECTIONS = 8
BASELINE = 'Flask, "hello"'
FEED = "/feed.atom"
_START_S = 60

TARGETS: Mapping[str, float] = {"feed, 304": 1.0}
"""What part of `BASELINE` is wanted at least."""


# -- the server ----------------------------------------------------------------------


def contenders() -> "WSGIApplication":
    """The service, and two that say hello, by the first part of the path."""
    hello = Flask("hello")

    @hello.get("/flask")
    def say_hello() -> str:
        return "hello"

    def bare(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        start_response(
            "200 OK",
            [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "5")],
        )
        return [b"hello"]

    service = served_app()
    apps: dict[str, WSGIApplication] = {"/bare": bare, "/flask": hello}

    def chosen(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return apps.get(environ["PATH_INFO"], service)(environ, start_response)

    return chosen


def serve() -> None:
    """Answer until the process is ended; where, the ``TIMELINE_*`` variables say."""
    settings = Settings.from_env(os.environ)
    make_server(f"{contenders.__module__}:contenders", settings).serve()


@dataclass(frozen=True, slots=True)
class Server:
    """Where the contenders answer, and the process that started those who do."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Seconds of the processor that the answering process has had."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        ticks = 0
        for pid in children.split():
            # After the name, which may hold anything, utime is the 12th field.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """The contenders over the story in *data* until the block ends."""
    port = free_port()
    command = [sys.executable, "-c", "from tests.bench.polls import serve; serve()"]
    env = {**os.environ, "TIMELINE_DATA": str(data), "TIMELINE_PORT": str(port)}
    with subprocess.Popen(command, env=env) as process:
        try:
            _wait_for(port, process)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")


# -- the client ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by their names in small letters, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """A few connections to one port, kept."""

    def __init__(self, port: int, connections: int) -> None:
        self._sockets = [
            socket.create_connection(("127.0.0.1", port), timeout=60)
            for _ in range(connections)
        ]
        for one in self._sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Hang up."""
        for one in self._sockets:
            one.close()

    def ask(self, path: str, **headers: str) -> tuple[Answer, int]:
        """The answer, and how many bytes it took on the wire."""
        con = self._sockets[0]
        con.sendall(request(path, **headers))
        got = b""
        while b"\r\n\r\n" not in got:
            got += _more(con)
        head, _, body = got.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        named = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        code = int(status.split()[1])
        length = 0
        if code != HTTPStatus.NOT_MODIFIED:
            length = int(named["content-length"])
        while len(body) < length:
            body += _more(con)
        return Answer(code, named, body), len(head) + 4 + length

    def poll(self, asked: bytes, size: int, count: int) -> float:
        """Seconds until so many answers of so many bytes were read."""
        sockets = self._sockets
        began = time.perf_counter()
        for _ in range(count // len(sockets)):
            for one in sockets:
                one.sendall(asked)
            for one in sockets:
                left = size
                while left > 0:
                    left -= len(_more(one))
        return time.perf_counter() - began


def request(path: str, **headers: str) -> bytes:
    """A GET with *headers*, whose names have underscores for hyphens."""
    lines = "".join(
        f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()
    )
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


def _more(con: socket.socket) -> bytes:
    if not (received := con.recv(1 << 18)):
        raise RuntimeError("the server hung up in the middle of an answer")
    return received


# -- measuring -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """How one contender did.

    Attributes:
        per_s: Answers a second, the median of its rounds.
        of_baseline: The median, over the rounds, of its ratio to `BASELINE`.
        cpu_us: The server's time of the processor for an answer, over all rounds.
        size: Bytes of an answer with its headers.
    """

    name: str
    per_s: float
    of_baseline: float
    cpu_us: float
    size: int


def measure(
    servers: Mapping[str, Server], *, rounds: int, polls: int, connections: int
) -> dict[str, list[Measured]]:
    """All contenders of all servers in turn."""
    with ExitStack() as stack:
        polled: dict[tuple[str, str], tuple[Client, bytes, int]] = {}
        for name, server in servers.items():
            client = stack.enter_context(closing(Client(server.port, connections)))
            for contender, (asked, size) in _requests(client).items():
                polled[name, contender] = client, asked, size
        took: dict[tuple[str, str], list[float]] = {key: [] for key in polled}
        cpu_s = dict.fromkeys(polled, 0.0)
        for client, asked, size in polled.values():  # unmeasured
            client.poll(asked, size, polls)
        order = list(polled)
        for _ in range(rounds):
            random.shuffle(order)
            for key in order:
                client, asked, size = polled[key]
                before = servers[key[0]].cpu_s()
                took[key].append(client.poll(asked, size, polls))
                cpu_s[key] += servers[key[0]].cpu_s() - before
    count = polls // connections * connections
    found: dict[str, list[Measured]] = {name: [] for name in servers}
    for (name, contender), seconds in took.items():
        key, base = (name, contender), took[name, BASELINE]
        ratios = [one / own for one, own in zip(base, seconds, strict=True)]
        found[name].append(
            Measured(
                contender,
                per_s=count / statistics.median(seconds),
                of_baseline=statistics.median(ratios),
                cpu_us=cpu_s[key] / rounds / count * 1e6,
                size=polled[key][2],
            )
        )
    return found


def _requests(client: Client) -> dict[str, tuple[bytes, int]]:
    """What is asked for, and how long each answer is, which is what it should be."""

    def tag(path: str, **headers: str) -> dict[str, str]:
        found, _ = client.ask(path, **headers)
        return {**headers, "If_None_Match": found.headers["etag"]}

    gzipped = {"Accept_Encoding": "gzip"}
    asked: dict[str, tuple[int, str, dict[str, str]]] = {
        BASELINE: (200, "/flask", {}),
        "bare WSGI callable": (200, "/bare", {}),
        "feed, 304": (304, FEED, tag(FEED)),
        "feed, 304 of gzip": (304, FEED, tag(FEED, **gzipped)),
        "feed, 200 gzip": (200, FEED, gzipped),
        "feed, 200 plain": (200, FEED, {}),
        "page, 304": (304, "/", tag("/")),
    }
    requests: dict[str, tuple[bytes, int]] = {}
    for name, (status, path, headers) in asked.items():
        found, size = client.ask(path, **headers)
        if found.status != status:
            raise RuntimeError(f"{name}: {found.status} instead of {status}")
        requests[name] = request(path, **headers), size
    return requests


# -- command line --------------------------------------------------------------------


def main(arguments: Sequence[str]) -> None:
    """Measure as *arguments* say and print a table for each size."""
    parser = argparse.ArgumentParser("python -m tests.bench polls", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--polls", type=int, default=POLLS, help="in each round")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args(arguments)

    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for size in options.sizes:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            head = story.make_log(folder, size)
            # Built here, as a server has a time limit to start in.
            open_timeline(Settings(data=folder)).close()
            server = stack.enter_context(serving(folder))
            servers[f"{size:,} entries, {head:,} events"] = server
        found = measure(
            servers,
            rounds=options.rounds,
            polls=options.polls,
            connections=options.connections,
        )
    print(
        f"{options.rounds} rounds of {options.polls} polls"
        f" on {options.connections} connections"
    )
    titles = f"{'answers/s':>11}{'ratio':>7}{'wanted':>8}{'CPU, µs':>9}{'ratio':>7}"
    for name, contenders_found in found.items():
        print(f"\n{name:32}{titles}{'bytes':>9}")
        (base_us,) = (one.cpu_us for one in contenders_found if one.name == BASELINE)
        for one in contenders_found:
            wanted = TARGETS.get(one.name, "")
            of_base = base_us / one.cpu_us if one.cpu_us else 0
            print(
                f"{one.name:32}{one.per_s:>11,.0f}{one.of_baseline:>7.2f}{wanted:>8}"
                f"{one.cpu_us:>9.0f}{of_base:>7.2f}{one.size:>9,}"
            )
