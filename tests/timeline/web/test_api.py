"""The JSON API over real files: what it takes, what it answers, what it refuses."""

import fcntl
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from events.model import RecordedEvent
from events.sqlite import SqliteEventLog
from tests.timeline.test_schemas import ENTRY, JSON
from timeline.config import Settings
from timeline.projections.fold import Story
from timeline.service import Timeline

MOON: dict[str, Any] = {
    "type": "entry-recorded",
    "entry": "moon",
    "data": {"title": "Moon landing", "occurred": "1969-07-20"},
}
RECEIPT = ["position", "id", "entry", "version", "type", "recorded_at"]


class Caller:
    """A program with a token."""

    def __init__(self, client: FlaskClient, timeline: Timeline, token: str) -> None:
        self.client = client
        self.timeline = timeline
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(
        self, body: Any, *, mimetype: str = "application/json", **headers: str
    ) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            "/api/events",
            data=body if isinstance(body, bytes) else json.dumps(body).encode(),
            content_type=mimetype,
            headers={**self.headers, **named},
        )

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def refused(self, answer: TestResponse, status: int, *pointers: str) -> Any:
        """The problem that *answer* tells, after which the log is as it was."""
        problem = told(answer, status)
        given = [error["pointer"] for error in problem.get("errors", [])]
        assert given == list(pointers)
        return problem


def told(answer: TestResponse, status: int) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    problem = answer.get_json()
    assert list(problem)[:4] == ["type", "title", "status", "detail"]
    assert problem["type"].startswith("urn:living-timeline:problem:")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.fixture
def caller(client: FlaskClient, timeline: Timeline, token: str) -> Caller:
    return Caller(client, timeline, token)


def moon(**data: Any) -> dict[str, Any]:
    return {**MOON, "data": {**MOON["data"], **data}}


def about(kind: str, entry: str = "moon", **data: Any) -> dict[str, Any]:
    return {"type": kind, "entry": entry, "data": data}


# -- appending -----------------------------------------------------------------


def test_an_event_is_appended_and_can_be_read(caller: Caller) -> None:
    answer = caller.post({"id": "a:1", **moon(said="1969-07-20")})

    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/events/1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json() == {
        "position": 1,
        "id": "a:1",
        "entry": "moon",
        "version": 1,
        "type": "entry-recorded",
        "recorded_at": "2026-11-23T12:00:00.000000Z",
    }
    assert list(answer.get_json()) == RECEIPT
    assert caller.get("/api/events/1") == {
        **answer.get_json(),
        "author": "editor",
        "data": {**MOON["data"], "said": "1969-07-20"},
    }
    assert caller.get("/api/entries/moon")["url"] == (
        "https://timeline.example/entries/moon"
    )


def test_a_list_is_appended_in_order(caller: Caller) -> None:
    answer = caller.post([MOON, about("entry-revised", changes={"scope": "Moon"})])

    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/events/1"
    assert [(one["position"], one["version"]) for one in answer.get_json()] == [
        (1, 1),
        (2, 2),
    ]


def test_a_list_of_one_is_answered_with_a_list(caller: Caller) -> None:
    assert [one["position"] for one in caller.post([MOON]).get_json()] == [1]


def test_a_long_list_about_one_entry_folds_each_event_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the start for each, the time would grow as the cube of the list."""
    folded: list[RecordedEvent] = []
    add = Story.add

    def counting(story: Story, recorded: RecordedEvent) -> bool:
        folded.append(recorded)
        return add(story, recorded)

    monkeypatch.setattr(Story, "add", counting)
    corrections = [
        about("entry-corrected", changes={"title": f"Moon {n}"}, reason="a typo")
        for n in range(50)
    ]

    caller.timeline.follow()  # so that deciding is all that is folded for
    answer = caller.post([MOON, *corrections])

    assert answer.status_code == 201
    assert len(folded) <= 2 * len(corrections)


def test_lines_are_appended_like_a_list(caller: Caller) -> None:
    lines = "\n".join(
        json.dumps({**MOON, "entry": f"moon-{number}"}) for number in range(200)
    )

    answer = caller.post(lines.encode(), mimetype="application/x-ndjson")

    assert answer.status_code == 201
    assert len(answer.get_json()) == 200
    assert caller.timeline.head() == 200


def test_an_entry_is_named_after_its_title(caller: Caller) -> None:
    nameless = {"type": "entry-recorded", "data": MOON["data"]}

    names = [caller.post(nameless).get_json()["entry"] for _ in range(2)]

    assert names == ["moon-landing", "moon-landing-2"]


def test_the_bundled_story_is_taken_as_it_is(caller: Caller) -> None:
    story = Path(__file__).parents[3] / "events" / "seed" / "story.json"
    events = json.loads(story.read_bytes())
    for start in range(0, len(events), 10):
        assert caller.post(events[start : start + 10]).status_code == 201
    page = caller.get("/api/entries?limit=200")
    assert page["next"] is None
    assert len(page["entries"]) == 44


def test_a_repeat_is_answered_with_the_first_result(caller: Caller) -> None:
    """Whatever version it expects: the caller did not hear the first answer."""
    event = {"id": "a", **MOON, "expected_version": 0}
    first = caller.post(event)

    second = caller.post(event)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.get_json() == first.get_json()
    assert second.headers["Location"] == "/api/events/1"
    assert caller.timeline.head() == 1


@pytest.mark.parametrize("scope", ["append", "admin"])
def test_both_scopes_append(caller: Caller, timeline: Timeline, scope: str) -> None:
    caller.headers = {
        "Authorization": f"Bearer {timeline.tokens.create('other', scope=scope)}"
    }
    assert caller.post(MOON).status_code == 201


def test_the_scheme_is_read_in_any_case(caller: Caller, token: str) -> None:
    caller.headers = {"Authorization": f"bearer {token}"}
    assert caller.post(MOON).status_code == 201


def test_if_match_is_an_expected_version(caller: Caller) -> None:
    caller.post(MOON)

    slip = about("entry-revised", changes={"occurred": "1969-07-21"})

    assert caller.post(slip, If_Match='"1"').status_code == 201
    problem = caller.refused(caller.post(slip, If_Match='"1"'), 412)
    assert (problem["expected"], problem["actual"]) == (1, 2)


@pytest.mark.parametrize(
    "given", ["*", 'W/"1"', "1", '"x"', '"1", "2"', '"' + "9" * 99]
)
def test_another_if_match_is_refused(caller: Caller, given: str) -> None:
    caller.refused(caller.post(MOON, If_Match=given), 400)
    assert caller.timeline.head() == 0


def test_if_match_is_about_one_event(caller: Caller) -> None:
    caller.refused(caller.post([MOON], If_Match='"0"'), 400)
    both = {**MOON, "expected_version": 0}
    assert caller.post(both, If_Match='"0"').status_code == 201
    caller.refused(caller.post(both, If_Match='"1"'), 422, "/expected_version")


# -- refusals ------------------------------------------------------------------

WRONG_BODIES = {
    "nothing": (b"", 400, []),
    "not JSON": (b"{'a': 1}", 400, []),
    "not UTF-8": (b'{"a": "\xff"}', 400, []),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, []),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), 400, []),
    "NaN": (b'{"a": NaN}', 400, []),
    "infinity": (b'{"a": 1e999}', 400, []),
    "duplicate keys": (b'{"type": "entry-recorded", "type": "x"}', 400, []),
    "deep nesting": (b"[" * 9_000, 400, []),
    "nesting that is closed": (b"[" * 33 + b"]" * 33, 400, []),
    "5,000 digits": (b'{"a": ' + b"9" * 5_000 + b"}", 400, []),
    "400 digits": (moon(importance=10**400), 422, ["/data/importance"]),
    "a number": (5, 422, [""]),
    "an empty list": ([], 422, [""]),
    "a list in a list": ([[MOON]], 422, ["/0"]),
    "no type": ({"data": MOON["data"]}, 422, ["/type"]),
    "an unknown type": ({**MOON, "type": "entry-deleted"}, 422, ["/type"]),
    "a type of the service": (about("event-redacted", position=1), 422, ["/type"]),
    "an unknown field": (moon(colour="red"), 422, ["/data/colour"]),
    "an unknown member": ({**MOON, "author": "me"}, 422, ["/author"]),
    "a wrong type": (moon(awaited="yes"), 422, ["/data/awaited"]),
    "no title": (
        about("entry-recorded", occurred="2025"),
        422,
        ["/data/title"],
    ),
    "no date": (moon(occurred="2025-02-30"), 422, ["/data/occurred"]),
    "a control character": (moon(title="a\x00b"), 422, ["/data/title"]),
    "a non-character": (moon(summary="a\ufffe"), 422, ["/data/summary"]),
    "a lone surrogate": (
        b'{"type": "entry-recorded", "data": {"title": "\\ud800"}}',
        422,
        ["/data/title"],
    ),
    "a lone surrogate in a name": (b'{"\\udfff": 1}', 422, [""]),
    "a script": (
        moon(sources=[{"url": "javascript:alert(1)"}]),
        422,
        ["/data/sources/0/url"],
    ),
    "a password": (
        moon(media=[{"url": "https://me:secret@example.org/"}]),
        422,
        ["/data/media/0/url"],
    ),
    "a slip of nothing": (about("entry-revised", changes={}), 422, ["/data/changes"]),
    "a correction without a reason": (
        about("entry-corrected", changes={"title": "x"}),
        422,
        ["/data/reason"],
    ),
    "no such entry": (
        about("entry-revised", "mars", changes={"title": "x"}),
        404,
        ["/entry"],
    ),
    "no such version": (
        about("entry-corrected", changes={"title": "x"}, reason="x", corrects=9),
        422,
        ["/data/corrects"],
    ),
    "no such view": (
        {"type": "view-removed", "data": {"name": "x"}},
        404,
        ["/data/name"],
    ),
    "what cannot be fulfilled": (
        about("entry-fulfilled", occurred="2025"),
        409,
        ["/type"],
    ),
    "an entry that is there": (MOON, 409, ["/entry"]),
    "a version that is taken": (
        {**about("entry-revised", changes={"title": "x"}), "expected_version": 7},
        409,
        ["/expected_version"],
    ),
    "a first event with a version": (
        {**MOON, "entry": "new", "expected_version": 1},
        422,
        ["/expected_version"],
    ),
    "an id for something else": ({"id": "a", **moon(title="Other")}, 409, ["/id"]),
    "one bad event in a list": (
        [{**MOON, "entry": "new"}, moon(occurred="x")],
        422,
        ["/1/data/occurred"],
    ),
    "one impossible event in a list": (
        [{**MOON, "entry": "new"}, about("entry-cancelled")],
        409,
        ["/1/type"],
    ),
    "a partly repeated list": (
        [{"id": "a", **MOON}, {"id": "b", **MOON, "entry": "new"}],
        409,
        ["/0/id"],
    ),
    "an id twice in a list": (
        [{"id": "b", **MOON, "entry": "x"}, {"id": "b", **MOON, "entry": "y"}],
        409,
        ["/1/id"],
    ),
    "an entry twice in a list": (
        [{**MOON, "entry": "x"}, {**MOON, "entry": "x"}],
        409,
        ["/1/entry"],
    ),
    "a change that takes too much": (
        about(
            "entry-corrected",
            reason="x",
            changes={"translations": {"it": {"title": None}}},
        ),
        422,
        ["/data/changes/translations/it"],
    ),
}


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_a_wrong_body_is_refused_and_the_log_stays_as_it_was(
    caller: Caller, name: str
) -> None:
    body, status, pointers = WRONG_BODIES[name]
    caller.post({"id": "a", **moon(translations={"it": {"title": "Luna"}})})
    if name in ("an id for something else", "a partly repeated list"):
        body = json.loads(json.dumps(body))
        one = body[0] if isinstance(body, list) else body
        one["data"] = {**one["data"], "translations": {"it": {"title": "Luna"}}}

    caller.refused(caller.post(body), status, *pointers)

    assert caller.timeline.head() == 1
    assert caller.get("/api/events")["position"] == 1


def test_a_wrong_line_is_told_by_its_number(caller: Caller) -> None:
    lines = json.dumps(MOON).encode() + b"\n\n" + json.dumps(moon(awaited=1)).encode()

    answer = caller.post(lines, mimetype="application/x-ndjson")

    problem = caller.refused(answer, 422, "/1/data/awaited")
    assert problem["errors"][0]["detail"].startswith("Line 3: ")
    caller.refused(caller.post(b"{\n", mimetype="application/x-ndjson"), 400)
    assert caller.timeline.head() == 0


def test_a_version_that_is_taken_is_told_with_the_one_there_is(caller: Caller) -> None:
    caller.post(MOON)
    slip = {**about("entry-revised", changes={"title": "x"}), "expected_version": 2}

    problem = caller.refused(caller.post(slip), 409, "/expected_version")

    assert problem["type"].endswith(":wrong-expected-version")
    assert (problem["expected"], problem["actual"]) == (2, 1)


@pytest.mark.parametrize(
    ("mimetype", "limit"),
    [("application/json", 20_000), ("application/x-ndjson", 60_000)],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(
    caller: Caller, mimetype: str, limit: int, chunked: bool
) -> None:
    """Also one that does not say how long it is."""

    def post(length: int) -> TestResponse:
        body = json.dumps(MOON).encode().ljust(length)
        if not chunked:
            return caller.post(body, mimetype=mimetype)
        return caller.client.post(
            "/api/events",
            input_stream=io.BytesIO(body),
            content_type=mimetype,
            headers={**caller.headers, "Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},
        )

    caller.refused(post(limit + 1), 413)
    assert caller.timeline.head() == 0
    assert post(limit).status_code == 201


@pytest.mark.parametrize(
    "mimetype",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/cloudevents+json",
        "application/jsonx",
    ],
)
def test_another_kind_of_body_is_refused(caller: Caller, mimetype: str) -> None:
    """A form of another site could send some of these with no question asked."""
    caller.refused(caller.post(MOON, mimetype=mimetype), 415)
    assert caller.timeline.head() == 0


def test_the_kind_of_body_may_name_its_charset(caller: Caller) -> None:
    answer = caller.post(MOON, mimetype="application/json; charset=utf-8")
    assert answer.status_code == 201


# -- who may write -------------------------------------------------------------


CREDENTIALS = {
    "none": None,
    "empty": "",
    "only a scheme": "Bearer",
    "no token": "Bearer ",
    "another scheme": "Token {token}",
    "basic": "Basic dGw6dGw=",
    "only a token": "{token}",
    "unknown": f"Bearer tl_00000000_{'x' * 43}",
    "longer": "Bearer {token}x",
    "two": "Bearer {token} {token}",
    "not ASCII": "Bearer tl_é_x",
    "controls": "Bearer tl_\x01_x",
    "revoked": "Bearer {revoked}",
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_without_a_good_token_nothing_is_read_or_stored(
    caller: Caller, token: str, case: str
) -> None:
    """The answer comes before the body is looked at."""
    tokens = caller.timeline.tokens
    revoked = tokens.create("gone", scope="admin")
    tokens.revoke("gone")
    given = CREDENTIALS[case]
    caller.headers = {}
    if given is not None:
        given = given.format(token=token, revoked=revoked)
        caller.headers = {"Authorization": given}

    for body, mimetype in ((MOON, "application/json"), (b"x" * 99_000, "text/x")):
        answer = caller.post(body, mimetype=mimetype)
        caller.refused(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="timeline"'

    assert caller.timeline.head() == 0


def test_a_token_in_the_address_is_no_token(caller: Caller, token: str) -> None:
    """Addresses end up in logs, histories and other sites' statistics."""
    for name in ("token", "access_token"):
        answer = caller.client.post(f"/api/events?{name}={token}", json=MOON)
        told(answer, 401)


def test_another_scope_may_not_append(caller: Caller, timeline: Timeline) -> None:
    """No other is given out today; one that a later release made is not enough."""
    reader = timeline.tokens.create("reader", scope="append")
    with closing(sqlite3.connect(timeline.settings.data / "events.db")) as con, con:
        con.execute("PRAGMA ignore_check_constraints = ON")
        con.execute("UPDATE tokens SET scope = 'read' WHERE name = 'reader'")
    caller.headers = {"Authorization": f"Bearer {reader}"}

    caller.refused(caller.post(MOON), 403)


# -- a log that cannot be written ----------------------------------------------


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    with (settings.data / "events.db.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_a_locked_log_asks_to_try_again(caller: Caller, settings: Settings) -> None:
    with locked(settings):
        answer = caller.post(MOON)
        problem = caller.refused(answer, 503)
        assert caller.get("/api/events")["events"] == []  # reading goes on

    assert answer.headers["Retry-After"] == "1"
    assert problem["type"].endswith(":log-locked")
    assert caller.post(MOON).status_code == 201


def test_a_full_disk_is_told_and_heals(caller: Caller, timeline: Timeline) -> None:
    log = timeline._log
    assert isinstance(log, SqliteEventLog)
    with log._db.write() as con:
        (pages,) = con.execute("PRAGMA page_count").fetchone()
        con.execute(f"PRAGMA max_page_count = {pages}")
    fat = moon(summary="x" * 10_000)

    for _ in range(2):
        problem = caller.refused(caller.post(fat), 507)
        assert problem["type"].endswith(":log-full")
        assert timeline.head() == 0
    assert caller.get("/api/events")["events"] == []

    with log._db.write() as con:
        con.execute("PRAGMA max_page_count = 1000000")
    assert caller.post(fat).status_code == 201


def test_what_is_stored_is_acknowledged_though_the_views_lag(
    caller: Caller, settings: Settings
) -> None:
    """The events are durable; the next read catches up."""
    views = next(settings.data.glob("views-*.db.lock"))
    with views.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert caller.post(MOON).status_code == 201
        ready = caller.get("/readyz")
        assert ready == {"position": 0, "head": 1, "lag": 1}
        assert caller.get("/api/events")["events"] == []
        assert caller.get("/api/events/1")["position"] == 1

    assert caller.get("/readyz") == {"position": 1, "head": 1, "lag": 0}
    assert caller.get("/api/entries")["position"] == 1


# -- reading the log -----------------------------------------------------------


@pytest.fixture
def five(caller: Caller) -> Caller:
    caller.post(
        [
            {
                **moon(
                    occurred=f"200{number}", category="even" if number % 2 else "odd"
                ),
                "entry": f"e{number}",
            }
            for number in range(1, 6)
        ]
    )
    return caller


def walk(caller: Caller, path: str, kind: str) -> list[Any]:
    """All pages from *path* on, as a program follows them."""
    found: list[Any] = []
    following: str | None = path
    while following is not None:
        answer = caller.client.get(following)
        assert answer.status_code == 200
        page = answer.get_json()
        assert list(page) == [kind, "position", "next"]
        assert page["position"] == 5
        found += page[kind]
        following = page["next"]
        link = answer.headers.get("Link")
        assert link == (f'<{following}>; rel="next"' if following else None)
    return found


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_the_log_is_read_page_by_page(five: Caller, limit: int) -> None:
    events = walk(five, f"/api/events?limit={limit}", "events")

    assert [event["position"] for event in events] == [1, 2, 3, 4, 5]


def test_the_log_is_read_from_a_position_on(five: Caller) -> None:
    page = five.get("/api/events?after=3")

    assert [event["position"] for event in page["events"]] == [4, 5]
    assert five.get("/api/events?after=5")["events"] == []
    assert five.get("/api/events?after=999999999999999")["events"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("after=-1", "/after"),
        ("after=1.5", "/after"),
        ("after=" + "9" * 5_000, "/after"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("before=3", "/before"),
    ],
)
def test_a_wrong_page_of_the_log_is_refused(
    caller: Caller, query: str, pointer: str
) -> None:
    caller.refused(caller.client.get(f"/api/events?{query}"), 400, pointer)


@pytest.mark.parametrize(
    "position", ["2", "0", "-1", "01", "1.0", "x", "9" * 19, "9" * 5_000, "１"]
)
def test_what_is_no_position_is_not_found(caller: Caller, position: str) -> None:
    caller.post(MOON)
    caller.refused(caller.client.get(f"/api/events/{position}"), 404)


# -- reading the views ---------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_entries_are_read_page_by_page(five: Caller, order: str, limit: int) -> None:
    path = f"/api/entries?order={order}&limit={limit}"

    entries = walk(five, path, "entries")

    ids = [entry["id"] for entry in entries]
    assert ids == sorted(ids, reverse=order == "desc")
    assert len(ids) == 5


def test_the_next_page_keeps_the_filter(five: Caller) -> None:
    path = "/api/entries?limit=1&order=asc&category=even&from=2001&to=2004&lang=it"

    entries = walk(five, path, "entries")

    assert [entry["id"] for entry in entries] == ["e1", "e3"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("category=A", "/category"),
        ("state=gone", "/state"),
        ("from=soon", "/from"),
        ("limit=201", "/limit"),
        ("cursor=x", "/cursor"),
        ("order=up", "/order"),
        ("as_of=3", "/as_of"),
        ("as_of=soon", "/as_of"),
        ("known=2025/..", "/known"),
        ("as_of=0&known=2025", "/known"),
        ("colour=red", "/colour"),
        ("%3Cb%3E=1", "/<b>"),
    ],
)
def test_a_wrong_parameter_is_refused(caller: Caller, query: str, pointer: str) -> None:
    """Not ignored: the caller would take another answer for its own."""
    caller.refused(caller.client.get(f"/api/entries?{query}"), 400, pointer)


def test_dates_are_told_in_the_language_asked_for(caller: Caller) -> None:
    caller.post(MOON)

    (entry,) = caller.get("/api/entries?lang=it")["entries"]

    assert entry["occurred"]["label"] == "20 luglio 1969"
    assert caller.get("/api/entries/moon")["occurred"]["label"] == "20 July 1969"


def test_the_events_of_an_entry_are_listed(caller: Caller) -> None:
    caller.post([MOON, {**MOON, "entry": "mars"}])
    caller.post(about("entry-retracted", reason="never so"))

    page = caller.get("/api/entries/moon/events")

    assert [event["type"] for event in page["events"]] == [
        "entry-recorded",
        "entry-retracted",
    ]
    assert (page["position"], page["next"]) == (3, None)
    entry = caller.get("/api/entries/moon")
    assert (entry["state"], entry["ending"]) == ("retracted", "never so")


@pytest.mark.parametrize("entry", ["mars", "view:space", "Moon", "%00", "é"])
def test_an_entry_that_is_not_there_is_not_found(caller: Caller, entry: str) -> None:
    caller.post(
        {"type": "view-defined", "data": {"name": "space", "title": "S", "filter": {}}}
    )
    caller.refused(caller.client.get(f"/api/entries/{entry}"), 404)
    caller.refused(caller.client.get(f"/api/entries/{entry}/events"), 404)


def test_views_are_listed(caller: Caller) -> None:
    defined = {"name": "space", "title": "Space", "filter": {"category": ["space"]}}
    assert caller.post({"type": "view-defined", "data": defined}).status_code == 201

    assert caller.get("/api/views") == {
        "views": [
            {
                **defined,
                "description": None,
                "position": 1,
                "updated_at": "2026-11-23T12:00:00.000000Z",
                "url": "https://timeline.example/views/space",
            }
        ],
        "position": 1,
        "next": None,
    }
    caller.post({"type": "view-removed", "data": {"name": "space"}})
    assert caller.get("/api/views")["views"] == []


READS = [
    "/api/events",
    "/api/events/1",
    "/api/entries",
    "/api/entries/e1",
    "/api/entries/e1/events",
    "/api/views",
]


@pytest.mark.parametrize("path", READS)
def test_a_copy_is_right_until_something_is_appended(five: Caller, path: str) -> None:
    first = five.client.get(path)
    tag = {"If-None-Match": first.headers["ETag"]}

    assert first.headers["Cache-Control"] == "public, no-cache"
    again = five.client.get(path, headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    five.post(MOON)
    assert five.client.get(path, headers=tag).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_scripts_of_any_site_may_read(five: Caller, path: str) -> None:
    asked = five.client.options(path)
    for answer in (five.client.get(path), five.client.head(path), asked):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert asked.headers["Access-Control-Allow-Headers"] == (
        "*, If-None-Match, If-Modified-Since, Last-Event-ID"
    )


def test_scripts_of_other_sites_may_not_write(caller: Caller) -> None:
    """A browser asks first, as the token and the type are no simple headers."""
    asked = caller.client.options(
        "/api/events",
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert "POST" not in asked.headers["Access-Control-Allow-Methods"]
    assert "authorization" not in asked.headers["Access-Control-Allow-Headers"].lower()
    for answer in (caller.post(MOON), caller.post(b"{")):
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_health_is_told(caller: Caller) -> None:
    caller.post(MOON)

    assert caller.get("/healthz") == {"status": "ok"}
    assert caller.get("/readyz") == {"position": 1, "head": 1, "lag": 0}
    for path in ("/healthz", "/readyz"):
        assert caller.client.get(path).headers["Cache-Control"] == "no-store"


# -- whatever is posted --------------------------------------------------------

EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["entry-recorded", "entry-revised", "view-defined", "x"])},
    optional={
        "id": st.sampled_from(["a", "b", "c", "?"]),
        "entry": st.sampled_from(["moon", "mars", "view:x"]),
        "expected_version": st.integers(-1, 3),
        "data": ENTRY
        | st.fixed_dictionaries({"changes": ENTRY})
        | st.fixed_dictionaries(
            {"name": st.just("x"), "title": st.text(), "filter": JSON}
        )
        | JSON,
    },
)


@hypothesis_settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(JSON | EVENT | st.lists(EVENT, max_size=3), st.booleans())
def test_whatever_json_is_posted_is_taken_or_refused(
    caller: Caller, body: Any, lines: bool
) -> None:
    """Never a 500, and the log moves only with a 201."""
    before = caller.timeline.head()
    raw = json.dumps(body).encode()

    answer = caller.post(
        raw, mimetype="application/x-ndjson" if lines else "application/json"
    )

    moved = caller.timeline.head() - before
    if answer.status_code == 201:
        assert moved == (
            len(answer.get_json()) if isinstance(answer.get_json(), list) else 1
        )
        assert caller.client.get(answer.headers["Location"]).status_code == 200
        assert caller.client.get("/api/entries").status_code == 200
    else:
        assert moved == 0
        if answer.status_code != 200:
            told(answer, answer.status_code)
            assert answer.status_code in (400, 404, 409, 422)


def test_what_was_read_can_be_appended_elsewhere(five: Caller) -> None:
    """The same ids and contents: to the same log, a repeat."""
    events = [
        {name: event[name] for name in ("id", "type", "entry", "data")}
        for event in five.get("/api/events")["events"]
    ]
    assert five.post(events).status_code == 200


def test_new_events_are_told_apart_by_ids_of_their_own(caller: Caller) -> None:
    ids = [caller.post({**MOON, "entry": f"e{n}"}).get_json()["id"] for n in range(3)]
    assert len(set(ids)) == 3
    assert ids == sorted(ids)
