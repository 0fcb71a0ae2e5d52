"""Events come in: ``POST /api/events``."""

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug import Request
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    RequestEntityTooLarge,
    Unauthorized,
    UnsupportedMediaType,
)

from events.errors import IdTakenError, WrongExpectedVersionError
from events.model import Json, Token
from timeline.projections import RefusedError
from timeline.schemas import (
    FieldError,
    FieldsError,
    Wanted,
    dump_receipt,
    parse_append,
    write_json,
)
from timeline.service import Timeline
from timeline.web.answers import refuse_unacceptable
from timeline.web.errors import SECURITY, NotAppendedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/events"

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_WRITERS = frozenset({"append", "admin"})
_VERSION = re.compile(r'"(0|[1-9][0-9]{0,14})"')

_REFUSAL = "timeline.refusal"


class Appending:
    """A layer around *app* that appends without it.

    Flask's routing, contexts and hooks take longer than to check an event
    (``python -m tests.bench append``), and who imports waits for each. What is refused
    goes on to the application, which has the words for it.
    """

    def __init__(self, app: "WSGIApplication", timeline: Timeline) -> None:
        self._app = app
        self._timeline = timeline

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Append, or ask the application."""
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != PATH:
            return self._app(environ, start_response)
        try:
            body, status, headers = append(self._timeline, Request(environ))
        except Exception as refusal:
            environ[_REFUSAL] = refusal
            return self._app(environ, start_response)
        # Not by a `Response`, which takes a tenth of the time of an append.
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{status.value} {status.phrase}", [*headers, *SECURITY.items()])
        return [body]


def append(
    timeline: Timeline, request: Request
) -> tuple[bytes, HTTPStatus, list[tuple[str, str]]]:
    """Append the events of *request*, all or none, and answer with their receipts.

    Returns:
        Body, status and headers.

    Raises:
        HTTPException: It may not, or its body cannot be read.
        FieldsError: Fields are wrong.
        NotAppendedError: The events make no sense as things stand.
        LogUnavailableError: As `EventLog.append`.
    """
    if (refusal := request.environ.pop(_REFUSAL, None)) is not None:
        raise refusal
    refuse_unacceptable(_JSON, request)
    writer = _authenticated(timeline, request)  # before anything of the body is read
    wanted, listed = parse_append(
        _body(timeline, request), lines=request.mimetype == _NDJSON
    )
    if_match = request.headers.get("If-Match")
    if if_match is not None:
        wanted = [_expecting(if_match, wanted, listed=listed)]
    try:
        appended = timeline.append(wanted, author=writer.name)
    except (
        RefusedError,
        FieldsError,
        IdTakenError,
        WrongExpectedVersionError,
    ) as error:
        raise NotAppendedError(
            error, listed=listed, conditional=if_match is not None
        ) from error
    receipts: list[Json] = [dump_receipt(event) for event in appended.events]
    position = appended.events[0].position
    return (
        write_json(receipts if listed else receipts[0]),
        HTTPStatus.OK if appended.repeated else HTTPStatus.CREATED,
        [
            ("Content-Type", _JSON),
            ("Location", f"{quote(request.script_root)}{PATH}/{position}"),
            ("Cache-Control", "no-store"),
        ],
    )


def _authenticated(timeline: Timeline, request: Request) -> Token:
    given = request.authorization
    # Never from the query string: addresses end up in logs and histories.
    if given is None or given.type != "bearer" or not given.token:
        raise Unauthorized("Send a token: Authorization: Bearer tl_….")
    token = timeline.writer(given.token)
    if token is None:
        raise Unauthorized("The token is unknown or was revoked.")
    if token.scope not in _WRITERS:
        raise Forbidden("Appending takes a token of the scope append or admin.")
    return token


def _body(timeline: Timeline, request: Request) -> bytes:
    settings = timeline.settings
    limits = {_JSON: settings.body_limit_bytes, _NDJSON: settings.ndjson_limit_bytes}
    limit = limits.get(request.mimetype)
    if limit is None:
        raise UnsupportedMediaType(f"Send {_JSON} or {_NDJSON}.")
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    # One more, as Werkzeug cuts a chunked body at its limit without a word, and
    # what is left of lines may well be lines (werkzeug.wsgi.LimitedStream).
    request.max_content_length = limit + 1
    raw = request.get_data(cache=False)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw


def _too_large(limit: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"At most {limit:,} bytes are taken at once.")


def _expecting(if_match: str, wanted: list[Wanted], *, listed: bool) -> Wanted:
    """The one wanted event, with the version that ``If-Match`` expects."""
    version = _VERSION.fullmatch(if_match.strip())
    if listed or version is None:
        raise BadRequest(
            'If-Match holds the version of the one event\'s entry: If-Match: "3".'
        )
    expected = int(version[1])
    if wanted[0].expected_version not in (None, expected):
        detail = "If-Match expects another version: give one of the two."
        raise FieldsError([FieldError("/expected_version", detail)])
    return replace(wanted[0], expected_version=expected)
