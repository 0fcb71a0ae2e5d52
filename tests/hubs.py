"""A real WebSub hub for tests, which says what a test wants it to."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx

HubAnswer = tuple[int, dict[str, str]]


@dataclass
class Hub:
    """A minimal conforming hub (https://www.w3.org/TR/websub/), and what it was asked.

    Attributes:
        url: Its address.
        answers: Given to the next notifications, one each; then 202.
        told: Topics of the notifications that it took, in order.
        asked: Path and form of every notification, also of those it did not take.
        delivered: What subscribers would get: topic, content type and content.
        refusing: Topics that it answers so, every time.
        open: While this is not set, notifications wait for their answer.
    """

    url: str = ""
    answers: deque[HubAnswer] = field(default_factory=deque)
    told: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    delivered: list[tuple[str, str, bytes]] = field(default_factory=list)
    refusing: dict[str, HubAnswer] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    open: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def subscribe(self, topic: str) -> None:
        """As a reader does: by the hub and the address that the topic itself names."""
        answer = httpx.get(topic)
        assert answer.status_code == 200
        links = {
            link["rel"]: link["url"] for link in map(_link, _links(answer.headers))
        }
        assert links["hub"] == self.url
        self.subscribed.add(links["self"])

    def answer(self, path: str, form: dict[str, list[str]]) -> HubAnswer:
        """What is said to a notification, and then done."""
        with self._turn:
            self.asked.append((path, form))
        self.open.wait()
        with self._turn:
            (topic,) = form["hub.url"]
            if topic in self.refusing:
                return self.refusing[topic]
            if self.answers:
                status, headers = self.answers.popleft()
                if status >= 300:
                    return status, headers
            self.told.append(topic)
            if topic in self.subscribed:
                fetched = httpx.get(topic)
                self.delivered.append(
                    (topic, fetched.headers["Content-Type"], fetched.content)
                )
            return 202, {}


def _links(headers: httpx.Headers) -> list[str]:
    return [one.strip() for one in headers["Link"].split(",")]


def _link(field_value: str) -> dict[str, str]:
    address, _, rel = field_value.partition(">; rel=")
    return {"url": address.removeprefix("<"), "rel": rel.strip('"')}


@contextmanager
def hub_running(port: int = 0) -> Iterator[Hub]:
    """A hub on the loopback address until the block ends.

    Args:
        port: Where it listens; 0: anywhere.
    """
    hub = Hub()
    hub.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            path = urlsplit(self.path).path
            status, headers = hub.answer(path, parse_qs(body, strict_parsing=True))
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()
            except OSError:
                pass  # who asked is gone

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hub
    finally:
        hub.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
