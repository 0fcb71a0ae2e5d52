"""A real server behind a listener that notes what clients ask and get told."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.servers import Served, free_port, serving

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "date"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what it was answered; header names in lower case."""

    method: str
    target: str
    asked: dict[str, str]
    status: int
    answered: dict[str, str]
    size: int


@dataclass
class Wire:
    """What went over it since it was last emptied."""

    served: Served
    exchanges: list[Exchange] = field(default_factory=list)

    def statuses(self, target: str) -> list[int]:
        """What those who asked for *target* were told, and from now on is forgotten."""
        told = [one.status for one in self.exchanges if one.target == target]
        self.exchanges[:] = [one for one in self.exchanges if one.target != target]
        return told


@contextmanager
def wired(data: Path, *options: str, **env: str) -> Iterator[Wire]:
    """Run ``timeline serve`` over *data* and listen in until the block ends.

    The server is reached by the address of the listener, and calls itself by it.
    """
    inner = free_port()
    exchanges: list[Exchange] = []

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = {name.lower(): value for name, value in self.headers.items()}
            onward = http.client.HTTPConnection("127.0.0.1", inner, timeout=60)
            onward.request(self.command, self.path, body or None, asked)
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            headers = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in _HOP_BY_HOP
            ]
            answered = {name.lower(): value for name, value in headers}
            exchanges.append(
                Exchange(
                    self.command,
                    self.path,
                    asked,
                    answer.status,
                    answered,
                    len(content),
                )
            )
            self.send_response_only(answer.status)
            for name, value in headers:
                self.send_header(name, value)
            if answer.status != 304 and "content-length" not in answered:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_HEAD = do_POST = do_OPTIONS = do_GET  # noqa: N815 (the names it looks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    listener.daemon_threads = True
    url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    try:
        named = {"TIMELINE_BASE_URL": url, **env}
        with serving(data, *options, port=inner, **named) as served:
            yield Wire(Served(url, served.token, served.process), exchanges)
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
