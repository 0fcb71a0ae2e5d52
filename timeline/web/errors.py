"""The one table from error to HTTP answer, and the headers that every answer has.

Programs get problem details (RFC 9457), people a page. What went wrong inside is told
to the operator's log only.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TypeVar

from flask import Flask, Response, render_template, request
from werkzeug import Response as WerkzeugResponse
from werkzeug.exceptions import HTTPException

from events.dates import Sentence
from events.errors import IdTakenError, WrongExpectedVersionError
from events.model import Json
from timeline.projections import RefusedError
from timeline.schemas import (
    FieldError,
    FieldsError,
    QueryError,
    parse_query,
    write_json,
)
from timeline.web.answers import MOMENTS, NotThenError, address_now
from timeline.web.pages.languages import Languages

_logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

# By the error's code, which is stable: status, title, and what is said where the
# error's own words are the operator's.
_TABLE: Mapping[str, tuple[int, str, str]] = {
    "bad-body": (400, Sentence("The body is not JSON as it is wanted"), ""),
    "bad-query": (400, Sentence("A parameter is wrong"), ""),
    "bad-request": (400, Sentence("The request cannot be read"), ""),
    "unauthorized": (401, Sentence("A token is needed"), ""),
    "forbidden": (403, Sentence("The token does not allow this"), ""),
    "not-found": (404, Sentence("There is nothing here"), ""),
    "no-such-entry": (404, Sentence("There is no such entry"), ""),
    "no-such-view": (404, Sentence("There is no such view"), ""),
    "method-not-allowed": (405, Sentence("The method is not allowed here"), ""),
    "not-acceptable": (406, Sentence("It is not there in this format"), ""),
    "gone": (410, Sentence("It was removed"), ""),
    "not-possible": (409, Sentence("The entry does not allow this"), ""),
    "id-taken": (409, Sentence("The id is taken"), ""),
    "wrong-expected-version": (409, Sentence("The entry has another version"), ""),
    "precondition-failed": (412, Sentence("The entry has another version"), ""),
    "too-large": (413, Sentence("The body is too large"), ""),
    "unsupported-media-type": (415, Sentence("This kind of body is not taken"), ""),
    "bad-field": (422, Sentence("A field is wrong"), ""),
    "too-many-requests": (429, Sentence("Too many requests"), ""),
    "internal": (
        500,
        Sentence("Something went wrong"),
        Sentence("The operator's log says what."),
    ),
    "log-locked": (
        503,
        Sentence("The log is busy"),
        Sentence("Nothing was stored: try again soon."),
    ),
    "log-read-only": (
        503,
        Sentence("The log is read-only"),
        Sentence("Reading still works."),
    ),
    "log-unavailable": (
        503,
        Sentence("The log is not available"),
        Sentence("Try again later."),
    ),
    "log-full": (
        507,
        Sentence("The disk is full"),
        Sentence("Nothing was stored; reading still works."),
    ),
}
_OF_HTTP: Mapping[int, str] = {
    _TABLE[code][0]: code
    for code in (
        "bad-request",
        "unauthorized",
        "forbidden",
        "not-found",
        "method-not-allowed",
        "not-acceptable",
        "gone",
        "too-large",
        "unsupported-media-type",
        "too-many-requests",
        "internal",
    )
}

SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Headers that every answer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What an error is to whoever asked.

    Attributes:
        code: Last part of the problem's type, stable.
        errors: Where fields are wrong.
        facts: More members of the problem.
    """

    code: str
    status: int
    title: str
    detail: str
    errors: Sequence[FieldError] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)

    def dump(self) -> dict[str, Json]:
        """The problem as RFC 9457 writes it."""
        problem: dict[str, Json] = {
            "type": f"urn:living-timeline:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.facts,
        }
        if self.errors:
            problem["errors"] = [
                {"pointer": one.pointer, "detail": one.detail} for one in self.errors
            ]
        return problem


class NotAppendedError(Exception):
    """An append was refused because of its cause; nothing was stored.

    Attributes:
        listed: The events came as a list, so that pointers begin with a place in it.
        conditional: The expected version came as ``If-Match``.
    """

    def __init__(self, cause: Exception, *, listed: bool, conditional: bool) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.listed = listed
        self.conditional = conditional


def problem_of(error: Exception) -> Problem:
    """What *error* is to whoever asked; ``internal`` if it is none of their doing."""
    listed = conditional = False
    if isinstance(error, NotAppendedError):
        listed, conditional = error.listed, error.conditional
        error = error.cause

    def at(pointer: str, index: int | None) -> str:
        return pointer if index is None or not listed else f"/{index}{pointer}"

    match error:
        case NotThenError():
            return replace(_http_problem(error), facts={"now": error.now})
        case HTTPException():
            return _http_problem(error)
        case FieldsError():
            fields = [
                FieldError(at(one.pointer, error.index), one.detail)
                for one in error.errors
            ]
            more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
            return _problem(error.code, fields[0].detail + more, errors=fields)
        case RefusedError():
            wrong = FieldError(at(error.pointer, error.index), error.detail)
            return _problem(error.code, error.detail, errors=[wrong])
        case WrongExpectedVersionError(expected=0):
            detail = (
                f"There is an entry {error.entry} already, at version {error.actual}: "
                "change it, or give the new one another name."
            )
            return _moved_on(
                error, detail, at("/entry", error.index), conditional=conditional
            )
        case WrongExpectedVersionError():
            detail = (
                f"{error.entry} is at version {error.actual}, not {error.expected}: "
                "read it again and decide again."
            )
            pointer = at("/expected_version", error.index)
            return _moved_on(error, detail, pointer, conditional=conditional)
        case IdTakenError():
            detail = (
                f"{error}. An id names one event for good; a list is repeated whole."
            )
            wrong = FieldError(at("/id", error.index), detail)
            return _problem(
                error.code,
                detail,
                errors=[wrong],
                facts={"position": error.position} if error.position else {},
            )
        case _:
            code = getattr(error, "code", "internal")
            return _problem(code if code in _TABLE else "internal", str(error))


def _moved_on(
    error: WrongExpectedVersionError, detail: str, pointer: str, *, conditional: bool
) -> Problem:
    return _problem(
        "precondition-failed" if conditional else error.code,
        detail,
        errors=[] if conditional else [FieldError(pointer, detail)],
        facts={"expected": error.expected, "actual": error.actual},
    )


def _problem(
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    facts: Mapping[str, Json] | None = None,
) -> Problem:
    status, title, instead = _TABLE[code]
    return Problem(
        code=code,
        status=status,
        title=title,
        detail=instead or detail,
        errors=errors,
        facts=facts or {},
    )


def _http_problem(error: HTTPException) -> Problem:
    status = error.code or 500
    if (code := _OF_HTTP.get(status)) is not None:
        return _problem(code, error.description or "")
    return Problem(
        code=f"http-{status}",
        status=status,
        title=HTTPStatus(status).phrase,
        detail=error.description or "",
    )


def register_errors(app: Flask, languages: Languages) -> None:
    """Answer every error of *app* from the table, and secure every answer."""

    def answer(error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            if problem.code == "internal" and app.testing:
                raise error
            _log(error, problem)
        if is_for_programs(request.path):
            response = Response(write_json(problem.dump()), mimetype=PROBLEM_TYPE)
        else:
            response = Response(_page_of(problem, error, languages))
        response.status_code = problem.status
        if isinstance(error, HTTPException):
            # Allow of a 405, RFC 9110 15.5.6.
            for name, value in error.get_headers():
                if name != "Content-Type":
                    response.headers.add(name, value)
        if problem.status == HTTPStatus.UNAUTHORIZED:
            # RFC 6750 3: the scheme comes with at least one parameter.
            response.headers["WWW-Authenticate"] = 'Bearer realm="timeline"'
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "1"
        response.headers["Cache-Control"] = "no-store"
        return response

    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, answer)
    app.after_request(secure)


def _page_of(problem: Problem, error: Exception, languages: Languages) -> str:
    """The problem for a person, in the language that the address asks for.

    Where something is there now only, links keep the moment, and one leads to now; and
    where it is the moment that is wrong.
    """
    try:
        asked = parse_query([("lang", request.args.get("lang", ""))]).lang
    except QueryError:
        asked = None
    moment: list[tuple[str, str]] = []
    now_href = ""
    if isinstance(error, NotThenError):
        moment = [
            (name, request.args[name]) for name in MOMENTS if name in request.args
        ]
        now_href = error.now
    elif any(one.pointer.strip("/") in MOMENTS for one in problem.errors):
        now_href = address_now()
    reader = languages.reader(asked, moment=moment)
    detail = problem.errors[0].detail if problem.errors else problem.detail
    if isinstance(error, HTTPException) and detail == type(error).description:
        detail = ""  # Werkzeug's own words say no more than ours, and that in English
    return render_template(
        "error.html",
        reader=reader,
        status=problem.status,
        title=reader.retell(problem.title),
        detail=reader.retell(detail),
        now_href=now_href,
    )


def is_for_programs(path: str) -> bool:
    """Whether what goes wrong at *path* is told as a problem, not as a page."""
    return path == "/api" or path.startswith(("/api/", "/healthz", "/readyz"))


def _log(error: Exception, problem: Problem) -> None:
    # Escaped: a path may hold line breaks.
    words = ("%s: %a %a", problem.code, request.method, request.path)
    if problem.code == "internal":
        _logger.error(*words, exc_info=error)
    else:
        _logger.warning(f"{words[0]}: %a", *words[1:], str(error))  # noqa: G004


_Answer = TypeVar("_Answer", bound=WerkzeugResponse)


def secure(response: _Answer) -> _Answer:
    """*response* with `SECURITY`, where it says nothing else."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response
