"""A real ``timeline serve`` for tests to talk to; it ends with the test."""

import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_START_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A running server.

    Attributes:
        url: Its address without a final slash, also if it calls itself otherwise.
        token: The one it printed; empty if it printed none.
    """

    url: str
    token: str
    process: subprocess.Popen[str]

    def append(self, *events: object) -> None:
        """All of *events*, or none, through the API."""
        answer = httpx.post(
            f"{self.url}/api/events",
            json=events,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text


def free_port() -> int:
    """A port on the loopback address that nobody listens on.

    Below those that the system gives out: a client that tries such a port before the
    server listens can be connected to itself.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@contextmanager
def serving(
    data: Path, *options: str, port: int | None = None, **env: str
) -> Iterator[Served]:
    """Run ``timeline serve`` over *data* until the block ends; by default anywhere."""
    command = [sys.executable, "-c", MAIN]
    port = port or free_port()
    with subprocess.Popen(
        [*command, "serve", "--data", str(data), "--port", str(port), *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    ) as process:
        try:
            said = _banner(process)
            assert "The timeline is at http" in said, said
            token = re.search(r"tl_\S+", said)
            yield Served(f"http://127.0.0.1:{port}", token[0] if token else "", process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _banner(process: subprocess.Popen[str]) -> str:
    """What the server prints when it is ready."""
    assert process.stdout is not None
    said = ""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready:
            said += os.read(process.stdout.fileno(), 65_536).decode()
        elif "The timeline is at" in said:
            break
    return said


MAIN = "from timeline.app import main; main()"
"""What the command runs."""


@contextmanager
def scheduling(
    data: Path, *, code: str = MAIN, **env: str
) -> Iterator[subprocess.Popen[str]]:
    """``timeline schedule`` over *data* until the block ends, from when it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", code, "schedule", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Windows in")
            yield process
        finally:
            process.kill()
