"""Durable appends: the log beside a bare sqlite3 loop and another event store.

All store the same facts, one commit each, WAL and ``synchronous=FULL``, in files on
the same disk, and take turns in rounds, so that what else the machine does hits all
alike.  The loop inserts finished rows into the same table and does nothing else: it is
the most that SQLite gives, and `TARGETS` are parts of it.  Over HTTP one client waits
for each answer of a real ``timeline serve``, which takes the events into its read model
meanwhile; and then until the last of them can be read, so that no work is left out.
"""

import argparse
import hashlib
import json
import os
import secrets
import shutil
import socket
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import uuid_utils
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from events import codec
from events.model import NewEvent
from events.sqlite import SqliteEventLog, open_events_db, utc_now
from tests.builders import recorded
from tests.servers import serving
from timeline.app import open_timeline
from timeline.config import Settings

SIZES = (0, 10_000, 100_000)
ROUNDS = 15
APPENDS = 200
BASELINE = "stdlib sqlite3 loop"
_PRELOAD_BATCH = 10_000

_INSERT = (
    "INSERT INTO events (position, id, entry, version, type, recorded_at,"
    " payload, salt, leaf, leaf_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

Prepare: TypeAlias = Callable[[Sequence[NewEvent]], Callable[[], float | None]]
"""Makes ready what can be made before; the result appends the events one by one.

If it does more than that, it returns the seconds that the appends alone have taken.
"""

Contender: TypeAlias = Callable[[Path], AbstractContextManager[Prepare]]
"""Opens a copy of the preloaded log."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a contender did at one size of the log.

    Attributes:
        size: Events in the log before.
        per_s: Appends a second, the median of its rounds.
        of_baseline: The median, over the rounds, of its ratio to `BASELINE`.
    """

    size: int
    name: str
    per_s: float
    of_baseline: float


def new_events(count: int, *, start: int = 0) -> list[NewEvent]:
    """Facts as they come: ids in order of time, names in none, half a kilobyte."""
    return [
        recorded(
            f"{hashlib.sha256(str(number).encode()).hexdigest()[:8]}-{number}",
            event_id=str(uuid_utils.uuid7()),
            expected_version=0,
            title=f"Rule {number} takes effect",
            occurred="2025-07-26",
            summary="Licences are needed from now on for what is listed. " * 4,
            category="sanctions",
            actors=["BIS", "Nvidia"],
            tags=["chips"],
            sources=[{"url": f"https://example.org/{number}", "title": "Notice"}],
        )
        for number in range(start, start + count)
    ]


# -- contenders --------------------------------------------------------------


@contextmanager
def the_log(path: Path) -> Iterator[Prepare]:
    """`SqliteEventLog`, as the service uses it."""
    with closing(SqliteEventLog(open_events_db(path))) as log:

        def prepare(events: Sequence[NewEvent]) -> Callable[[], None]:
            def append() -> None:
                for event in events:
                    log.append([event])

            return append

        yield prepare


@contextmanager
def stdlib_loop(path: Path) -> Iterator[Prepare]:
    """Rows made before, into the log's own table, and nothing around it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("PRAGMA journal_mode = WAL")
        con.execute("PRAGMA synchronous = FULL")
        (head,) = con.execute("SELECT ifnull(max(position), 0) FROM events").fetchone()

        def prepare(events: Sequence[NewEvent]) -> Callable[[], None]:
            nonlocal head
            rows = [row_of(event, head + n) for n, event in enumerate(events, start=1)]
            head += len(rows)

            def append() -> None:
                for row in rows:
                    con.execute(_INSERT, row)

            return append

        yield prepare


def row_of(new: NewEvent, position: int) -> tuple[Any, ...]:
    """What the log would store for *new* at *position*."""
    recorded_at = codec.write_instant(utc_now())
    payload = codec.payload_of(
        author=new.author,
        data=codec.canonical(codec.data_of(new.event)),
        entry=new.entry,
        version=1,
    )
    salt = secrets.token_bytes(codec.SALT_BYTES)
    leaf = codec.leaf_of(
        position=position,
        event_id=new.id,
        stored_type=new.event.type,
        recorded_at=recorded_at,
        commit=codec.commitment(salt, payload),
    )
    of_event = (position, new.id, new.entry, 1, new.event.type, recorded_at)
    return (*of_event, payload, salt, leaf, codec.leaf_hash(leaf))


@contextmanager
def eventsourcing_recorder(path: Path) -> Iterator[Prepare]:
    """``insert_events`` of the eventsourcing package, one event a call.

    It leaves ``synchronous`` as SQLite was built, and offers no way to set it;
    refuses to run where that is not FULL.
    """
    with closing(sqlite3.connect(path)) as con:
        stored = con.execute("SELECT type, payload FROM events ORDER BY position")
        preloaded = [_stored(kind, payload) for kind, payload in stored]
    datastore = SQLiteDatastore(str(path.with_suffix(".eventsourcing")))
    with closing(datastore):
        recorder = SQLiteApplicationRecorder(datastore)
        recorder.create_table()
        with datastore.transaction(commit=False) as cursor:
            cursor.execute("PRAGMA synchronous")
            if (level := cursor.fetchone()[0]) != 2:
                raise RuntimeError(f"eventsourcing runs with synchronous={level}")
        recorder.insert_events(preloaded)
        del preloaded

        def prepare(events: Sequence[NewEvent]) -> Callable[[], None]:
            stored = [
                _stored(
                    new.event.type,
                    codec.payload_of(
                        author=new.author,
                        data=codec.canonical(codec.data_of(new.event)),
                        entry=new.entry,
                        version=1,
                    ),
                )
                for new in events
            ]

            def append() -> None:
                for event in stored:
                    recorder.insert_events([event])

            return append

        yield prepare


def _stored(kind: str, payload: bytes) -> StoredEvent:
    return StoredEvent(
        originator_id=uuid4(), originator_version=1, topic=kind, state=payload
    )


@contextmanager
def the_service(path: Path) -> Iterator[Prepare]:
    """``POST /api/events`` of ``timeline serve``, over a connection that is kept."""
    data = path.with_suffix(".data")
    data.mkdir()
    path.rename(data / "events.db")
    # The read model is built here, as a server has a time limit to start in.
    with closing(open_timeline(Settings(data=data))) as timeline:
        token = timeline.tokens.create("benchmark", scope="append")
    with serving(data, "--empty") as served, closing(Client(served.url, token)) as api:

        def prepare(events: Sequence[NewEvent]) -> Callable[[], float]:
            append = api.prepare(events)

            def append_and_read() -> float:
                began = time.perf_counter()
                append()
                took_s = time.perf_counter() - began
                api.read()
                return took_s

            return append_and_read

        yield prepare


class Client:
    """Appends through the API at *base_url*, one request after the other.

    Over a bare socket: `http.client` writes head and body in two pieces and parses
    answers as mail, which takes 0.2 ms of a request and is none of the service's
    doing.
    """

    def __init__(self, base_url: str, token: str) -> None:
        address = urlsplit(base_url)
        if address.hostname is None or address.port is None:
            raise ValueError(f"no host and port in {base_url!r}")
        self._address = (address.hostname, address.port)
        self._socket: socket.socket | None = None
        path = address.path.rstrip("/")
        self._read = (
            f"GET {path}/readyz HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n"
        ).encode()
        self._head = (
            f"POST {path}/api/events HTTP/1.1\r\n"
            f"Host: {address.netloc}\r\n"
            f"Authorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\n"
        ).encode()

    def prepare(self, events: Sequence[NewEvent]) -> Callable[[], None]:
        """Write the requests and connect; a `Prepare`.

        The result raises RuntimeError if an append is not answered with 201.
        """
        requests = [self._request(body_of(new)) for new in events]
        # While the others had their turn the server may have hung up.
        self.close()
        connection = socket.create_connection(self._address, timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection

        def append() -> None:
            for request in requests:
                _ask(connection, request, HTTPStatus.CREATED)

        return append

    def read(self) -> None:
        """Wait until the read model has all events, as every read does."""
        if self._socket is not None:
            _ask(self._socket, self._read, HTTPStatus.OK)

    def _request(self, body: bytes) -> bytes:
        return b"%bContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body)

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _ask(connection: socket.socket, request: bytes, wanted: HTTPStatus) -> None:
    connection.sendall(request)
    status, told = _answer(connection)
    if status != wanted:
        raise RuntimeError(f"{status}: {told[:500]!r}")


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and whole body of the next answer, which tells its length."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    length = next(
        int(value)
        for name, _, value in (line.partition(b":") for line in lines)
        if name.lower() == b"content-length"
    )
    while len(body) < length:
        body += _more(connection)
    return int(status.split(b" ", 2)[1]), body


def _more(connection: socket.socket) -> bytes:
    if not (received := connection.recv(65_536)):
        raise RuntimeError("the server hung up in the middle of an answer")
    return received


def body_of(new: NewEvent) -> bytes:
    """The request that appends *new*."""
    return json.dumps(
        {
            "id": new.id,
            "type": codec.public_type(new.event.type),
            "entry": new.entry,
            "expected_version": new.expected_version,
            "data": codec.data_of(new.event),
        }
    ).encode()


CONTENDERS: Mapping[str, Contender] = {
    BASELINE: stdlib_loop,
    "SqliteEventLog": the_log,
    "eventsourcing recorder": eventsourcing_recorder,
    "HTTP, timeline serve": the_service,
}

READ_TOO = "  until they are read"
"""Told below a contender that does more than to append."""

TARGETS: Mapping[str, float] = {"SqliteEventLog": 0.6, "HTTP, timeline serve": 0.25}
"""What part of `BASELINE` is wanted at least."""


# -- measuring ---------------------------------------------------------------


def measure(
    folder: Path, *, size: int, rounds: int = ROUNDS, appends: int = APPENDS
) -> list[Measured]:
    """All contenders on copies of one log of *size* events, turn and turn about."""
    source = folder / f"{size}.db"
    preload(source, size)
    rates: dict[str, list[float]] = {name: [] for name in (*CONTENDERS, READ_TOO)}
    with ExitStack() as stack:
        prepares: list[tuple[str, Prepare]] = []
        for name, contender in CONTENDERS.items():
            copy = folder / f"{size}-{len(prepares)}.db"
            shutil.copyfile(source, copy)
            prepares.append((name, stack.enter_context(contender(copy))))
        # What preloading left to be written would slow the first rounds.
        os.sync()
        for number in range(rounds):
            events = new_events(appends, start=size + number * appends)
            # Another one begins each round, so that none is always behind the same.
            first = number % len(prepares)
            for name, prepare in prepares[first:] + prepares[:first]:
                append = prepare(events)
                began = time.perf_counter()
                alone_s = append()
                took_s = time.perf_counter() - began
                if alone_s is not None:
                    rates[READ_TOO].append(appends / took_s)
                rates[name].append(appends / (alone_s or took_s))
    return [
        Measured(
            size,
            name,
            per_s=statistics.median(found),
            of_baseline=statistics.median(
                rate / base for rate, base in zip(found, rates[BASELINE], strict=True)
            ),
        )
        for name, found in rates.items()
    ]


def preload(path: Path, size: int) -> None:
    """A closed log of *size* events at *path*, appended in big batches."""
    with closing(SqliteEventLog(open_events_db(path))) as log:
        for start in range(0, size, _PRELOAD_BATCH):
            log.append(new_events(min(_PRELOAD_BATCH, size - start), start=start))


# -- command line ------------------------------------------------------------


def main(arguments: Sequence[str]) -> None:
    """Measure as *arguments* say and print a table."""
    parser = argparse.ArgumentParser(
        "python -m tests.bench append", description=__doc__
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--appends", type=int, default=APPENDS, help="in each round")
    parser.add_argument(
        "--dir", type=Path, help="where the files go (default: a temporary folder)"
    )
    options = parser.parse_args(arguments)

    print(f"SQLite {sqlite3.sqlite_version}, synchronous=FULL, WAL")
    print(f"{options.rounds} rounds of {options.appends} appends")
    print(f"{'events before':>13}  {'':24}{'appends/s':>10}{'ratio':>8}{'wanted':>8}")
    for size in options.sizes:
        with _folder(options.dir) as folder:
            found = measure(
                folder, size=size, rounds=options.rounds, appends=options.appends
            )
        for each in found:
            wanted = TARGETS.get(each.name)
            print(
                f"{each.size:>13,}  {each.name:24}"
                f"{each.per_s:>10,.0f}{each.of_baseline:>8.2f}"
                f"{'' if wanted is None else wanted:>8}".rstrip()
            )


def _folder(given: Path | None) -> AbstractContextManager[Path]:
    if given is None:
        return _temporary_folder()
    return nullcontext(given)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
