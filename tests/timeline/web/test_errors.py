"""Every error has one answer, and tells nothing that it should not."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import DictLoader
from werkzeug.exceptions import NotFound, TooManyRequests

from events.errors import (
    IdTakenError,
    LogDamagedError,
    LogError,
    LogFullError,
    LogLockedError,
    LogReadOnlyError,
    LogUnavailableError,
    WrongExpectedVersionError,
)
from timeline.projections import RefusedError
from timeline.schemas import BodyError, FieldError, FieldsError, QueryError
from timeline.web.errors import NotAppendedError, problem_of, register_errors
from timeline.web.pages.languages import load_languages

ERRORS: list[tuple[Exception, int, str]] = [
    (BodyError("x"), 400, "bad-body"),
    (QueryError([FieldError("/q", "x")]), 400, "bad-query"),
    (FieldsError([FieldError("/id", "x")]), 422, "bad-field"),
    (RefusedError("bad-field", "x", pointer="/data"), 422, "bad-field"),
    (RefusedError("not-possible", "x", pointer="/type"), 409, "not-possible"),
    (RefusedError("no-such-entry", "x", pointer="/entry"), 404, "no-such-entry"),
    (RefusedError("no-such-view", "x", pointer="/data/name"), 404, "no-such-view"),
    (IdTakenError("a", position=3, index=0), 409, "id-taken"),
    (
        WrongExpectedVersionError("a", expected=1, actual=2, index=0),
        409,
        "wrong-expected-version",
    ),
    (LogLockedError("secret"), 503, "log-locked"),
    (LogReadOnlyError("secret"), 503, "log-read-only"),
    (LogUnavailableError("secret"), 503, "log-unavailable"),
    (LogFullError("secret"), 507, "log-full"),
    (LogDamagedError("secret"), 500, "internal"),
    (ValueError("secret"), 500, "internal"),
    (NotFound(), 404, "not-found"),
    (TooManyRequests("x"), 429, "too-many-requests"),
]


def serve(error: Exception) -> FlaskClient:
    app = Flask("errors")
    app.jinja_loader = DictLoader(
        {"error.html": "<h1>{{ status }} {{ title }}</h1><p>{{ detail }}</p>"}
    )
    register_errors(app, load_languages("en"))

    @app.get("/api/it")
    @app.get("/it")
    @app.get("/<path:name>")
    def fail(**_: Any) -> str:
        raise error

    return app.test_client()


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda one: str(one))
def test_every_error_is_a_problem_of_a_stable_type(
    error: Exception, status: int, code: str
) -> None:
    answer = serve(error).get("/api/it")

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    problem = answer.get_json()
    assert list(problem)[:4] == ["type", "title", "status", "detail"]
    assert problem["type"] == f"urn:living-timeline:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert "secret" not in answer.text
    assert answer.headers.get("Retry-After") == ("1" if status == 503 else None)


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda one: str(one))
def test_people_get_a_page(error: Exception, status: int, code: str) -> None:
    answer = serve(error).get("/it")

    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert answer.text.startswith(f"<h1>{status} {problem_of(error).title}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "secret" not in answer.text


def every_log_error(base: type[LogError] = LogError) -> list[type[LogError]]:
    return [
        kind for one in base.__subclasses__() for kind in (one, *every_log_error(one))
    ]


def test_no_error_of_a_busy_log_is_forgotten() -> None:
    """A new kind of unavailable would be a 500 else."""
    for kind in every_log_error():
        if issubclass(kind, LogUnavailableError):
            assert problem_of(kind("x")).status in (503, 507)


def test_a_list_is_pointed_into() -> None:
    refused = RefusedError("not-possible", "x", pointer="/type", index=2)
    changed = FieldsError([FieldError("/data/changes/title", "x")], index=1)
    parsed = FieldsError([FieldError("/1/data/title", "x")])

    def pointers(error: Exception, *, listed: bool) -> list[str]:
        whole = NotAppendedError(error, listed=listed, conditional=False)
        return [one.pointer for one in problem_of(whole).errors]

    assert pointers(refused, listed=True) == ["/2/type"]
    assert pointers(refused, listed=False) == ["/type"]
    assert pointers(changed, listed=True) == ["/1/data/changes/title"]
    assert pointers(changed, listed=False) == ["/data/changes/title"]
    assert pointers(parsed, listed=True) == ["/1/data/title"]


def test_a_precondition_has_a_status_of_its_own() -> None:
    error = WrongExpectedVersionError("a", expected=1, actual=2, index=0)

    problem = problem_of(NotAppendedError(error, listed=False, conditional=True))

    assert problem.status == 412
    assert problem.facts == {"expected": 1, "actual": 2}


def test_a_mistake_of_ours_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        serve(ValueError("secret")).get("/api/a%1b[31m%c2%85b")

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.getMessage().isprintable()
    assert record.getMessage().isascii()


def test_a_busy_log_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        serve(LogFullError("no space\nleft")).get("/it")

    (record,) = caplog.records
    assert record.exc_info is None
    assert record.getMessage() == "log-full: 'GET' '/it': 'no space\\nleft'"


def test_under_test_mistakes_of_ours_are_raised() -> None:
    client = serve(ValueError("seen"))
    client.application.testing = True
    with pytest.raises(ValueError, match="seen"):
        client.get("/api/it")


def test_a_method_that_is_not_allowed_names_those_that_are() -> None:
    """RFC 9110 15.5.6."""
    answer = serve(ValueError()).put("/api/it")

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/nothing", "/api", "/entries/x%0d%0aX-Evil:1", "/%3Cb%3E"]
)
def test_a_wrong_address_does_not_come_back_in_the_answer(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path, headers={"X-Forwarded-Host": "evil.example"})

    assert answer.status_code == 404
    assert "X-Evil" not in str(answer.headers)
    assert "<b>" not in answer.text
    assert "evil.example" not in answer.text


def test_every_answer_is_secured(client: FlaskClient) -> None:
    for path in ("/api/events", "/api/nothing", "/healthz"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"]
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_a_page_may_have_a_policy_of_its_own() -> None:
    app = Flask("errors")
    register_errors(app, load_languages("en"))
    respond: Callable[[], tuple[str, dict[str, str]]] = lambda: (  # noqa: E731
        "x",
        {"Content-Security-Policy": "default-src 'self'"},
    )
    app.add_url_rule("/x", view_func=respond, endpoint="x")

    headers = app.test_client().get("/x").headers

    assert headers.getlist("Content-Security-Policy") == ["default-src 'self'"]
    assert headers["X-Content-Type-Options"] == "nosniff"
