"""What every read surface does with conditions, codings and copies that are kept.

The surfaces are read from the application's own map of addresses, so that a new one is
held to the same rules without a word here.
"""

import gzip
import shutil
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError

import brotli
import feedparser
import httpx
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import http_date
from werkzeug.test import TestResponse, run_wsgi_app
from werkzeug.test import create_environ as environ_of

from events.errors import LogUnavailableError
from events.model import NewEvent
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import (
    NOON,
    FixedClock,
    recorded,
    revised,
    view_defined,
    view_removed,
)
from tests.servers import Served, serving
from timeline.app import create_app, open_timeline
from timeline.config import Settings
from timeline.projections import AsOf
from timeline.service import Edition, Timeline
from timeline.web.answers import PAGE_AGE_S
from timeline.web.delivery import (
    SETTLED_S,
    TINY_BYTES,
    Delivery,
    Reading,
    Rendered,
    say_reading,
)

LIVE = frozenset({"/healthz", "/readyz", "/metrics", "/api/live"})
"""What tells of this very moment and of this process: nothing of it is kept."""

ARGUMENTS: Mapping[str, str] = {
    "entry": "one",
    "entry_id": "one",
    "filename": "timeline.css",
    "level": "month",
    "number": "1",
    "position": "1",
    "view": "space",
    "x": "-1",
}
"""What stands for the variable parts of an address."""


def address_of(rule: Any) -> str:
    """An address under *rule* that there is."""
    filled = rule.rule
    for part in rule.arguments:
        of_a_view = part == "name" and rule.rule.startswith("/views/")
        value = "space" if of_a_view else ARGUMENTS.get(part, "one")
        for converter in ("", "path:", "int:"):
            filled = filled.replace(f"<{converter}{part}>", value)
    assert "<" not in filled, f"say above what stands for a part of {rule.rule}"
    return str(filled)


def read_surfaces() -> list[str]:
    with TemporaryDirectory() as folder:
        timeline = open_timeline(Settings(data=Path(folder)))
        with closing(timeline):
            rules = list(create_app(timeline=timeline).url_map.iter_rules())
    reads = {address_of(rule) for rule in rules if "GET" in (rule.methods or ())}
    return sorted(reads - LIVE)


SURFACES = read_surfaces()
EVERYWHERE = pytest.mark.parametrize("address", SURFACES)
CODINGS = pytest.mark.parametrize("coding", ["", "gzip", "br"])
FEEDS = [
    one
    for one in SURFACES
    if one.endswith(("feed.atom", "feed.rss", "feed.json", ".ics"))
]
PAGES = ["/", "/entries/one", "/views/space", "/changes", "/subscribe"]

DECODED: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}


@pytest.fixture
def log(settings: Settings, timeline: Timeline, clock: FixedClock) -> Iterator[Any]:
    """The same log as another process has it open, with a short story."""
    db = open_events_db(settings.data / "events.db", deadline_s=5)
    with closing(SqliteEventLog(db, clock=clock)) as log:
        summary = "What comes of it is to be seen. " * 20
        log.append([view_defined("space"), recorded("one", summary=summary)])
        clock.move(days=1)
        yield log


@pytest.fixture
def client(app: Flask, log: SqliteEventLog) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a service that nobody writes to, for all tests that only read."""
    clock = FixedClock()
    settings = Settings(
        data=tmp_path_factory.mktemp("still"), base_url="https://timeline.example"
    )
    with closing(open_timeline(settings, clock=clock)) as timeline:
        summary = "What comes of it is to be seen. " * 20
        timeline._log.append([view_defined("space"), recorded("one", summary=summary)])
        clock.move(days=1)
        app = create_app(timeline=timeline)
        app.testing = True
        yield app.test_client()


@pytest.fixture
def anew(still: FlaskClient) -> Callable[[], None]:
    """Forgets all that is kept."""
    layer = still.application.wsgi_app
    assert isinstance(layer, Delivery)

    def forget() -> None:
        app: Any = still.application
        app.wsgi_app = Delivery(layer._app, layer._timeline)

    return forget


def get(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    """GET, or *method*, with headers that have underscores for hyphens."""
    method = headers.pop("method", "GET")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(address, method=method, headers=named)


def coded(coding: str) -> dict[str, str]:
    return {"Accept_Encoding": coding} if coding else {}


def headers_of(response: TestResponse) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in response.headers)


# -- validators ----------------------------------------------------------------------


def test_all_kinds_of_surfaces_are_held_to_the_rules() -> None:
    assert len(SURFACES) > 30
    assert {"/", "/feed.atom", "/calendar.ics", "/api/entries", "/sitemap.xml"} <= {
        *SURFACES
    }


@EVERYWHERE
@CODINGS
def test_the_second_poll_is_answered_with_304(
    still: FlaskClient, address: str, coding: str
) -> None:
    """RFC 9110 15.4.5: says how to keep the copy, and nothing of its body."""
    first = get(still, address, **coded(coding))
    tag = first.headers["ETag"]

    again = get(still, address, If_None_Match=tag, **coded(coding))

    assert first.status_code == 200
    assert (again.status_code, again.data) == (304, b"")
    assert not tag.startswith("W/")
    for name in ("ETag", "Cache-Control", "Vary", "Last-Modified", "Content-Location"):
        assert again.headers.get(name) == first.headers.get(name)
    assert {name.lower() for name, _ in again.headers} <= {
        "access-control-allow-origin",
        "access-control-expose-headers",
        "cache-control",
        "content-location",
        "etag",
        "last-modified",
        "vary",
    }


@EVERYWHERE
def test_each_coding_has_bytes_and_a_validator_of_its_own(
    still: FlaskClient, address: str
) -> None:
    """RFC 9110 8.8.3.3: a strong validator stands for the bytes as they are sent."""
    answers = {one: get(still, address, **coded(one)) for one in DECODED}

    plain = answers[""]
    assert "Content-Encoding" not in plain.headers
    assert len({answer.headers["ETag"] for answer in answers.values()}) == 3
    for coding, answer in answers.items():
        sent = answer.headers.get("Content-Encoding", "")
        assert sent in ("", coding)
        assert DECODED[sent](answer.data) == plain.data
        assert answer.headers["Content-Length"] == str(len(answer.data))
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert (sent == "") == (coding == "" or len(plain.data) < TINY_BYTES)


@EVERYWHERE
@CODINGS
def test_what_is_kept_and_what_is_new_have_the_same_headers(
    still: FlaskClient, anew: Callable[[], None], address: str, coding: str
) -> None:
    """Also HEAD, which has those of GET (RFC 9110 9.3.2), and no body."""
    known = {"If_None_Match": get(still, address, **coded(coding)).headers["ETag"]}

    for asked in ({}, known):
        anew()
        new = get(still, address, **asked, **coded(coding))
        kept = get(still, address, **asked, **coded(coding))
        head = get(still, address, method="HEAD", **asked, **coded(coding))
        anew()
        new_head = get(still, address, method="HEAD", **asked, **coded(coding))

        assert kept.data == new.data
        assert headers_of(kept) == headers_of(new)
        assert headers_of(head) == headers_of(new_head) == headers_of(new)
        assert head.data == new_head.data == b""
        assert "Set-Cookie" not in kept.headers


KNOWN: Mapping[str, int] = {
    "{}": 304,
    "W/{}": 304,
    '"other", {}': 304,
    'W/"other" , W/{},"more"': 304,
    "*": 304,
    '"other"': 200,
    '"other", W/"more"': 200,
    "": 200,
    '"': 200,
    "nonsense": 200,
}


@EVERYWHERE
def test_copies_are_compared_weakly_and_may_be_many(
    still: FlaskClient, anew: Callable[[], None], address: str
) -> None:
    """RFC 9110 13.1.2, new and from what is kept."""
    tag = get(still, address).headers["ETag"]
    for known, status in KNOWN.items():
        anew()
        for _ in range(2):
            answer = get(still, address, If_None_Match=known.format(tag))
            assert answer.status_code == status, known


@EVERYWHERE
def test_a_copy_in_another_coding_is_not_the_one_that_is_asked_for(
    still: FlaskClient, address: str
) -> None:
    """RFC 9110 13.1.2: compared with the representation that would be sent."""
    gzipped = get(still, address, Accept_Encoding="gzip").headers["ETag"]
    plain = get(still, address).headers["ETag"]

    assert get(still, address, If_None_Match=gzipped).status_code == 200
    both = get(still, address, If_None_Match=f"{gzipped}, {plain}")
    assert (both.status_code, both.headers["ETag"]) == (304, plain)
    asked = {"Accept_Encoding": "gzip", "If_None_Match": plain}
    assert get(still, address, **asked).status_code == 200


@EVERYWHERE
def test_another_validator_wins_over_a_date(still: FlaskClient, address: str) -> None:
    """RFC 9110 13.1.3: whoever sends both is told by the validator."""
    date = http_date(datetime(2100, 1, 1, tzinfo=UTC))

    given = {"If_None_Match": '"other"', "If_Modified_Since": date}
    for _ in range(2):
        assert get(still, address, **given).status_code == 200


@EVERYWHERE
def test_parts_are_not_sent(still: FlaskClient, address: str) -> None:
    """RFC 9110 14.2: a server may ignore ``Range``; none is offered."""
    whole = get(still, address)
    given = {"Range": "bytes=0-9", "If_Range": whole.headers["ETag"]}
    answer = get(still, address, **given)

    assert (answer.status_code, answer.data) == (200, whole.data)
    assert "Accept-Ranges" not in answer.headers


@EVERYWHERE
def test_whoever_wants_another_version_is_refused(
    still: FlaskClient, address: str
) -> None:
    """RFC 9110 13.1.1, 13.2.2: strongly compared, before all other conditions."""
    tag = get(still, address).headers["ETag"]

    def status(**given: str) -> int:
        return get(still, address, **given).status_code

    assert status(If_Match='"other"') == 412
    assert status(If_Match=f"W/{tag}") == 412
    assert status(If_Match=f'"other", {tag}') == 200
    assert status(If_Match="*") == 200
    assert status(If_Match=tag, If_None_Match=tag) == 304
    assert status(If_Match='"other"', If_None_Match=tag) == 412


# -- dates ---------------------------------------------------------------------------

DATED = pytest.mark.parametrize(
    "address", ["/", "/feed.atom", "/calendar.ics", "/api/entries", "/?as_of=2"]
)


@DATED
@pytest.mark.parametrize(
    ("form", "seconds", "status"),
    [
        ("%a, %d %b %Y %H:%M:%S GMT", 0, 304),
        ("%a, %d %b %Y %H:%M:%S GMT", 1, 304),
        ("%a, %d %b %Y %H:%M:%S GMT", -1, 200),
        ("%A, %d-%b-%y %H:%M:%S GMT", 0, 304),
        ("%A, %d-%b-%y %H:%M:%S GMT", -1, 200),
        ("%a %b %d %H:%M:%S %Y", 0, 304),
        ("%a %b %d %H:%M:%S %Y", -1, 200),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 0, 304),
        ("Wed, 01 Jan 1800 00:00:00 GMT", 0, 200),
        ("%Y-%m-%dT%H:%M:%SZ", 0, 200),
        ("%a, %d %b %Y %H:%M:%S +0000", 0, 200),
        ("%a, %d %b %Y %H:%M:%S GMT, %a, %d %b %Y %H:%M:%S GMT", 0, 200),
        ("", 0, 200),
        ("yesterday", 0, 200),
    ],
)
def test_a_date_is_compared_if_it_can_be_read(
    still: FlaskClient, address: str, form: str, seconds: int, status: int
) -> None:
    """RFC 9110 13.1.3, 5.6.7; Nextcloud News sent the year 1800 (news#2079)."""
    changed = get(still, address).headers["Last-Modified"]
    assert changed == http_date(NOON)
    since = (NOON + timedelta(seconds=seconds)).strftime(form)

    for _ in range(2):
        assert get(still, address, If_Modified_Since=since).status_code == status
    unmodified = get(still, address, If_Unmodified_Since=since).status_code
    late = since and status == 200 and "%S GMT, " not in form
    readable = "T%H" not in form and "+0000" not in form and form != "yesterday"
    assert unmodified == (412 if late and readable else 200)


@DATED
def test_no_change_hides_behind_another_in_its_second(
    client: FlaskClient, log: SqliteEventLog, clock: FixedClock, address: str
) -> None:
    """RFC 9110 8.8.2.2: a date does not tell two changes in one second apart.

    So the date of the last change is told once its second is over for so long that
    nothing can have been recorded in it and not be there yet.
    """
    polled: list[tuple[str, bytes]] = []
    for number in range(3):
        clock.move(seconds=0.2)
        log.append([recorded(f"new-{number}")])
        for waited_s in (0, 1, SETTLED_S):
            clock.move(seconds=waited_s)
            answer = get(client, address)
            for date, seen in polled:
                again = get(client, address, If_Modified_Since=date)
                assert again.status_code == 200 or seen == answer.data
            polled.append((answer.headers["Last-Modified"], answer.data))
            clock.move(seconds=-waited_s)

    clock.move(seconds=SETTLED_S + 2)
    last = get(client, address)
    date = last.headers["Last-Modified"]
    assert get(client, address, If_Modified_Since=date).status_code == 304


def test_what_changed_just_now_has_the_date_of_the_second_before(
    client: FlaskClient, log: SqliteEventLog, clock: FixedClock
) -> None:
    """A reader that has no validator, but a date, gets it once more and then a 304."""
    log.append([recorded("new")])
    first = get(client, "/feed.atom").headers["Last-Modified"]
    assert first == http_date(clock() - timedelta(seconds=1))

    clock.move(seconds=SETTLED_S + 1)
    again = get(client, "/feed.atom", If_Modified_Since=first)
    assert again.status_code == 200
    date = again.headers["Last-Modified"]
    assert get(client, "/feed.atom", If_Modified_Since=date).status_code == 304


# -- freshness -----------------------------------------------------------------------


@pytest.mark.parametrize("address", FEEDS)
def test_a_reader_asks_for_a_feed_every_five_minutes(
    still: FlaskClient, address: str
) -> None:
    assert get(still, address).headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_fresh_for_seconds(still: FlaskClient, address: str) -> None:
    said = get(still, address).headers["Cache-Control"]
    assert said == f"public, max-age={PAGE_AGE_S}"
    assert PAGE_AGE_S <= 60


@pytest.mark.parametrize(
    "address", [one for one in SURFACES if one.startswith("/api/e")]
)
def test_a_program_asks_each_time(still: FlaskClient, address: str) -> None:
    assert get(still, address).headers["Cache-Control"] == "public, no-cache"


AT_A_POSITION = pytest.mark.parametrize(
    "address",
    [
        "/?as_of=2",
        "/entries/one?as_of=2",
        "/feed.atom?as_of=2",
        "/calendar.ics?as_of=2",
        "/api/entries?as_of=2",
        "/api/entries/one?as_of=2",
    ],
)


@AT_A_POSITION
def test_what_was_shown_at_a_position_is_kept_for_a_day_whatever_comes(
    client: FlaskClient, log: SqliteEventLog, address: str
) -> None:
    first = get(client, address)
    assert first.headers["Cache-Control"] == "public, max-age=86400"

    log.append([revised("one", occurred="2027")])

    assert get(client, address, If_None_Match=first.headers["ETag"]).status_code == 304
    assert headers_of(get(client, address)) == headers_of(first)


@AT_A_POSITION
def test_its_validator_counts_what_was_erased(
    client: FlaskClient, log: SqliteEventLog, settings: Settings, address: str
) -> None:
    """Copies of what the law wants gone are not told to be right, by date or tag."""
    first = get(client, address)
    date = first.headers["Last-Modified"]
    log.append([recorded("secret")])
    get(client, "/")
    with closing(sqlite3.connect(settings.data / "events.db")) as con, con:
        con.execute("UPDATE events SET payload = NULL, salt = NULL WHERE position = 3")
    log.append([recorded("after")])  # as a redaction is an event itself

    tag = first.headers["ETag"]
    again = get(client, address, If_None_Match=tag, If_Modified_Since=date)

    assert again.status_code == 200
    assert again.headers["ETag"] != tag
    assert get(client, address, If_Modified_Since=date).status_code == 200


def test_what_was_erased_is_not_in_an_archive_that_was_kept(
    client: FlaskClient, log: SqliteEventLog, settings: Settings
) -> None:
    """Its position is the same as before, its content is not."""
    log.append([recorded(f"named-{number}") for number in range(98)])
    address = "/changes.atom?archive=1"
    assert "Added: Named 7:" in get(client, address).get_data(as_text=True)

    with closing(sqlite3.connect(settings.data / "events.db")) as con, con:
        con.execute(
            "UPDATE events SET payload = NULL, salt = NULL WHERE entry = 'named-7'"
        )
    log.append([recorded("after")])  # as a redaction is an event itself

    told = get(client, address).get_data(as_text=True)
    assert "Added: Named 7:" not in told
    assert "Redacted: " in told


def test_a_style_sheet_is_kept_for_a_year(still: FlaskClient) -> None:
    head = get(still, "/").get_data(as_text=True)
    address = head.partition('rel="stylesheet" href="')[2].partition('"')[0]
    sheet = get(still, address)

    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = get(still, address, If_None_Match=sheet.headers["ETag"])
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == sheet.headers["Cache-Control"]


# -- what is not there ---------------------------------------------------------------

MISSING = [
    ("/entries/never", 404),
    ("/entries/never/history", 404),
    ("/entries/never/feed.atom", 404),
    ("/entries/never/calendar.ics", 404),
    ("/views/never", 404),
    ("/views/removed", 410),
    ("/views/removed/feed.atom", 410),
    ("/views/removed/calendar.ics", 410),
    ("/api/entries/never", 404),
    ("/api/entries/never/events", 404),
    ("/api/events/99", 404),
    ("/api/entries?as_of=99", 400),
    ("/api/entries/one?as_of=99", 400),
    ("/feed.atom?as_of=99", 400),
    ("/static/never.css", 404),
    ("/never", 404),
]


@pytest.mark.parametrize(("address", "status"), MISSING)
def test_no_copy_is_right_of_what_is_not_there(
    client: FlaskClient,
    log: SqliteEventLog,
    timeline: Timeline,
    address: str,
    status: int,
) -> None:
    """RFC 9110 13.2.1; and nobody keeps the refusal."""
    log.append([view_defined("removed"), view_removed("removed")])
    tags = f'"{timeline.tag()}", "{timeline.tag(AsOf(99))}"'
    date = http_date(datetime(2100, 1, 1, tzinfo=UTC))

    for given in (
        {},
        {"If_None_Match": tags},
        {"If_None_Match": "*"},
        {"If_Modified_Since": date},
    ):
        refusal = get(client, address, **given)
        assert refusal.status_code == status
        assert refusal.headers["Cache-Control"] == "no-store"
        assert "ETag" not in refusal.headers
        assert "Last-Modified" not in refusal.headers


def test_a_view_that_is_removed_is_gone_for_those_who_poll_it(
    client: FlaskClient, log: SqliteEventLog
) -> None:
    tag = get(client, "/views/space/feed.atom").headers["ETag"]
    log.append([view_removed("space")])

    answer = get(client, "/views/space/feed.atom", If_None_Match=tag)

    assert answer.status_code == 410


# -- codings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, ""),
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0.5, identity", ""),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=0, *", "br"),
        ("*", "br"),
        ("*;q=0.1", "br"),
        ("br;q=0, *;q=0.3", "gzip"),
        ("deflate", ""),
        ("deflate, identity;q=0.5, *;q=0", ""),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=nonsense", ""),
        (", ,", ""),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(
    still: FlaskClient, accepted: str | None, coding: str
) -> None:
    """RFC 9110 12.5.3."""
    given = {} if accepted is None else {"Accept_Encoding": accepted}
    for _ in range(2):
        answer = get(still, "/feed.atom", **given)
        assert answer.status_code == 200
        assert answer.headers.get("Content-Encoding", "") == coding


@pytest.mark.parametrize(
    "accepted", ["*;q=0", "identity;q=0", "deflate, *;q=0", "identity;q=0, br;q=0"]
)
def test_a_client_that_takes_nothing_gets_nothing(
    still: FlaskClient, accepted: str
) -> None:
    """RFC 9110 15.5.7."""
    get(still, "/feed.atom")
    assert get(still, "/feed.atom", Accept_Encoding=accepted).status_code == 406


def test_what_is_tiny_is_coded_only_for_those_who_take_nothing_else(
    still: FlaskClient,
) -> None:
    plain = get(still, "/robots.txt")
    assert len(plain.data) < TINY_BYTES

    as_it_is = get(still, "/robots.txt", Accept_Encoding="gzip")
    assert (as_it_is.data, as_it_is.headers.get("Content-Encoding")) == (
        plain.data,
        None,
    )
    refusing = get(still, "/robots.txt", Accept_Encoding="br, identity;q=0")
    assert refusing.headers["Content-Encoding"] == "br"
    assert brotli.decompress(refusing.data) == plain.data


def test_gzip_says_nothing_of_the_time_or_the_machine(still: FlaskClient) -> None:
    """RFC 1952 2.3.1: MTIME; otherwise no two processes have the same bytes."""
    data = get(still, "/feed.atom", Accept_Encoding="gzip").data
    assert data[4:8] == bytes(4)


@pytest.mark.parametrize("address", sorted(LIVE & {"/healthz", "/readyz"}))
def test_what_tells_of_this_moment_is_not_kept(
    still: FlaskClient, address: str
) -> None:
    answer = get(still, address, Accept_Encoding="gzip", If_None_Match="*")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in answer.headers


# -- kept ----------------------------------------------------------------------------


class Counting:
    """A WSGI application that answers *body* and counts how often it is asked."""

    def __init__(self, body: bytes = b"x" * 1_000, **headers: str) -> None:
        self.asked = 0
        self.body = body
        self.headers = [
            (name.replace("_", "-"), value) for name, value in headers.items()
        ]
        self.reading: Callable[[], Reading] | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        if self.reading is not None:
            say_reading(environ, self.reading())
        self.meanwhile()
        start_response("200 OK", self.headers)
        return iter([self.body])


@pytest.fixture
def counting(timeline: Timeline, log: SqliteEventLog) -> Counting:
    made = Counting(Content_Type="text/plain")
    made.reading = lambda: Reading(edition=timeline.edition())
    return made


def ask(
    layer: Delivery, path: str = "/", method: str = "GET", **headers: str
) -> tuple[bytes, str, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = environ_of(path, method=method, headers=named)
    body, status, answered = run_wsgi_app(layer, environ, buffered=True)
    return b"".join(body), status, dict(answered)


def test_nothing_is_asked_of_the_application_while_the_log_ends_where_it_did(
    timeline: Timeline, log: SqliteEventLog, counting: Counting
) -> None:
    layer = Delivery(counting, timeline)
    _, _, headers = ask(layer)
    for _ in range(3):
        ask(layer, Accept_Encoding="gzip")
        ask(layer, method="HEAD")
        _, status, _ = ask(layer, If_None_Match=headers["ETag"])
        assert status == "304 Not Modified"
    assert counting.asked == 1

    log.append([recorded("two")])
    assert ask(layer, If_None_Match=headers["ETag"])[1] == "200 OK"
    assert counting.asked == 2


def test_of_many_who_ask_at_once_one_makes_the_answer(
    timeline: Timeline, counting: Counting
) -> None:
    layer = Delivery(counting, timeline)

    def poll(_: int) -> bytes:
        return ask(layer, Accept_Encoding="br")[0]

    with ThreadPoolExecutor(8) as readers:
        assert len(set(readers.map(poll, range(40)))) == 1
    assert counting.asked == 1


def test_answers_used_last_are_kept_up_to_a_number_of_bytes(
    timeline: Timeline, counting: Counting
) -> None:
    layer = Delivery(counting, timeline, limit_bytes=6_500)
    for path in ("/a", "/b", "/c", "/a", "/d", "/a", "/b"):
        assert len(ask(layer, path)[0]) == 1_000
    assert counting.asked == 5  # "/a" was used when "/d" came, "/b" had to go

    counting.body = b"x" * 10_000
    assert len(ask(layer, "/huge")[0]) == 10_000
    assert ask(layer, "/a")[1] == "200 OK"


def test_what_is_asked_counts_among_the_bytes_that_are_kept(
    timeline: Timeline, counting: Counting
) -> None:
    """Else whoever asks for long addresses that mean nothing fills the memory."""
    layer = Delivery(counting, timeline, limit_bytes=6_500)
    for path in ("/a", "/b", "/a"):
        assert len(ask(layer, f"{path}?{'x' * 3_000}")[0]) == 1_000
    assert counting.asked == 3


def test_what_decides_an_answer_is_part_of_what_is_kept(
    timeline: Timeline, counting: Counting
) -> None:
    counting.headers.append(("Vary", "Accept, Accept-Encoding"))
    layer = Delivery(counting, timeline)
    for accept in ("text/html", "text/plain", "text/html", "text/plain"):
        _, _, headers = ask(layer, Accept=accept)
        assert headers["Vary"] == "Accept, Accept-Encoding"
    assert counting.asked == 2


def test_what_varies_by_everything_is_not_kept(
    timeline: Timeline, counting: Counting
) -> None:
    counting.headers.append(("Vary", "*"))
    layer = Delivery(counting, timeline)
    for _ in range(2):
        ask(layer)
    assert counting.asked == 2


def test_what_does_not_say_what_it_was_read_from_is_passed_on(
    timeline: Timeline, log: SqliteEventLog
) -> None:
    """As a stream is, piece by piece and without a coding."""
    stream = Counting(Content_Type="text/event-stream")
    layer = Delivery(stream, timeline)
    for _ in range(2):
        body, _, headers = ask(layer, Accept_Encoding="gzip")
        assert (body, headers) == (stream.body, dict(stream.headers))
    assert ask(layer, method="HEAD")[0] == b""
    assert ask(layer, method="POST")[0] == stream.body
    assert stream.asked == 4


def test_a_change_while_an_answer_is_made_makes_its_validator_weak(
    client: FlaskClient,
    timeline: Timeline,
    log: SqliteEventLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may show more than it is named after: others may have other bytes."""
    snapshot, numbers = timeline.snapshot, iter(range(2))

    def busy(*moment: Any) -> Any:
        if (number := next(numbers, None)) is not None:
            log.append([recorded(f"new-{number}")])
        return snapshot(*moment)

    monkeypatch.setattr(timeline, "snapshot", busy)
    first = get(client, "/api/views")
    while next(numbers, None) is not None:
        pass

    assert first.headers["ETag"].startswith("W/")
    again = get(client, "/api/views", If_None_Match=first.headers["ETag"])
    assert again.status_code == 200
    assert not again.headers["ETag"].startswith("W/")


def test_a_log_that_cannot_be_read_is_told_of_and_not_hidden_by_what_is_kept(
    client: FlaskClient, timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(client, "/feed.atom")

    def gone() -> int:
        raise LogUnavailableError("the disk is gone")

    monkeypatch.setattr(timeline._log, "head", gone)
    monkeypatch.setattr(timeline._store, "checkpoint", gone)
    assert get(client, "/feed.atom").status_code == 503


def test_a_rendering_is_kept_by_its_address_and_version() -> None:
    rendered, made = Rendered(limit_bytes=100), []

    def body() -> bytes:
        made.append(1)
        return b"x" * 4

    for version in (1, 1, 2, 2):
        assert rendered.get("/feed.atom", version, body) == b"xxxx"
    assert len(made) == 2


def test_an_edition_without_a_date_is_told_by_its_tag_alone(
    timeline: Timeline, counting: Counting
) -> None:
    counting.reading = lambda: Reading(edition=Edition("tag", None, None))
    layer = Delivery(counting, timeline)

    _, _, headers = ask(layer)

    assert "Last-Modified" not in headers
    date = http_date(datetime(2100, 1, 1, tzinfo=UTC))
    assert ask(layer, If_Modified_Since=date)[1] == "200 OK"


# -- processes -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose last change is long past."""
    folder = tmp_path_factory.mktemp("served")
    clock = FixedClock(datetime(2025, 1, 1, 12, tzinfo=UTC))
    with closing(open_timeline(Settings(data=folder), clock=clock)) as timeline:
        events: list[NewEvent] = [view_defined("space"), recorded("one")]
        timeline._log.append(events)
    return folder


def everything(served: Served) -> dict[tuple[str, str], tuple[bytes, Any]]:
    """Body and headers of all surfaces in all codings, as they come."""
    found = {}
    with httpx.Client(base_url=served.url, timeout=30) as client:
        for address in SURFACES:
            for coding in ("identity", "gzip", "br"):
                with client.stream(
                    "GET", address, headers={"Accept-Encoding": coding}
                ) as answer:
                    body = b"".join(answer.iter_raw())
                assert answer.status_code == 200
                said = {**answer.headers}
                assert said.pop("date")
                found[address, coding] = body, said
    return found


def test_answers_are_the_same_in_every_process_and_after_a_restart(
    story: Path,
) -> None:
    """Bodies and headers, but for Date: a copy from one is good for all."""
    name = "https://timeline.example"
    with (
        serving(story, TIMELINE_BASE_URL=name) as one,
        serving(story, TIMELINE_BASE_URL=name) as other,
    ):
        first = everything(one)
        assert everything(other) == first
    with serving(story, TIMELINE_BASE_URL=name) as later:
        assert everything(later) == first


@pytest.fixture(scope="module")
def served(story: Path) -> Iterator[Served]:
    with serving(story) as served:
        yield served


def test_a_writer_reads_his_own_write_through_another_process(
    story: Path, tmp_path: Path
) -> None:
    """No copy is kept a moment longer than it is right."""
    data = tmp_path / "data"
    shutil.copytree(story, data)
    with (
        serving(data) as served,
        httpx.Client(base_url=served.url) as client,
        closing(open_timeline(Settings(data=data))) as timeline,
    ):
        for number in range(20):
            tag = client.get("/feed.atom").headers["ETag"]
            again = client.get("/feed.atom", headers={"If-None-Match": tag})
            assert again.status_code == 304
            timeline._log.append([recorded(f"written-{number}")])
            after = client.get("/feed.atom", headers={"If-None-Match": tag})
            assert after.status_code == 200
            assert f"/entries/written-{number}" in after.text


# -- clients -------------------------------------------------------------------------


def by_httpx(url: str) -> tuple[int, int]:
    with httpx.Client() as client:
        first = client.get(url)
        headers = {"If-None-Match": first.headers["ETag"]}
        return first.status_code, client.get(url, headers=headers).status_code


def by_requests(url: str) -> tuple[int, int]:
    with requests.Session() as session:
        first = session.get(url, timeout=30)
        headers = {"If-None-Match": first.headers["ETag"]}
        return first.status_code, session.get(
            url, headers=headers, timeout=30
        ).status_code


def by_requests_and_date(url: str) -> tuple[int, int]:
    with requests.Session() as session:
        first = session.get(url, timeout=30)
        headers = {"If-Modified-Since": first.headers["Last-Modified"]}
        return first.status_code, session.get(
            url, headers=headers, timeout=30
        ).status_code


def by_urllib(url: str) -> tuple[int, int]:
    with urllib.request.urlopen(url) as first:
        tag = first.headers["ETag"]
    asked = urllib.request.Request(url, headers={"If-None-Match": tag})
    try:
        with urllib.request.urlopen(asked) as again:
            return first.status, again.status
    except HTTPError as answer:
        with answer:
            return first.status, answer.code


def by_feedparser(url: str) -> tuple[int, int]:
    """As most Python readers poll: both validators at once."""
    first = feedparser.parse(url)
    again = feedparser.parse(url, etag=first.etag, modified=first.modified)
    assert first.entries
    assert not again.entries
    return first.status, again.status


def by_curl(url: str, *options: str) -> tuple[int, int]:
    """With the validator in a file, as scripts do it."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    with TemporaryDirectory() as folder:
        tag = Path(folder) / "tag"
        command = [
            *(curl, "--silent", "--output", str(Path(folder) / "body")),
            *("--write-out", "%{http_code}", "--etag-save", str(tag)),
            *("--etag-compare", str(tag), *options, url),
        ]
        first, again = (
            int(subprocess.run(command, capture_output=True, check=True).stdout)
            for _ in range(2)
        )
    return first, again


def by_curl_compressed(url: str) -> tuple[int, int]:
    return by_curl(url, "--compressed")


def by_curl_head(url: str) -> tuple[int, int]:
    return by_curl(url, "--head")


@pytest.mark.parametrize(
    "poll",
    [
        by_httpx,
        by_requests,
        by_requests_and_date,
        by_urllib,
        by_feedparser,
        by_curl,
        by_curl_compressed,
        by_curl_head,
    ],
)
@pytest.mark.parametrize("address", ["/feed.atom", "/feed.rss"])
def test_polling_twice_gives_304(
    served: Served, poll: Callable[[str], tuple[int, int]], address: str
) -> None:
    assert poll(f"{served.url}{address}") == (200, 304)


@pytest.mark.parametrize("poll", [by_httpx, by_requests, by_urllib, by_curl])
@pytest.mark.parametrize("address", ["/", "/calendar.ics", "/api/entries"])
def test_polling_twice_gives_304_for_more_than_feeds(
    served: Served, poll: Callable[[str], tuple[int, int]], address: str
) -> None:
    assert poll(f"{served.url}{address}") == (200, 304)
