"""The API as OpenAPI 3.1: the schemas, the addresses and the table of errors in one.

Everything stands elsewhere and is read from there: what is taken and answered in
`timeline.schemas`, where in the URL map, in which words in the docstrings of the
views, what is refused and how in `timeline.web.errors`. Examples of answers are made
by the code that answers, of the events that stand here as examples of what to append.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from importlib.metadata import version as version_of
from typing import Any

from flask import Flask
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    Gone,
    InternalServerError,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    RequestEntityTooLarge,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from werkzeug.routing import Rule

from events.dates import Sentence
from events.errors import (
    IdTakenError,
    LogFullError,
    LogLockedError,
    LogReadOnlyError,
    LogUnavailableError,
    WrongExpectedVersionError,
)
from events.model import VIEW_PREFIX, Json, RecordedEvent
from timeline.config import Settings
from timeline.projections import RefusedError, fold, view_of
from timeline.schemas import (
    MAX_EVENTS,
    BodyError,
    FieldError,
    FieldsError,
    dump_change,
    dump_entry,
    dump_event,
    dump_receipt,
    dump_view,
    parse_append,
    refuse_moment,
)
from timeline.schemas.described import OPENAPI, JsonSchema, describe
from timeline.web.errors import PROBLEM_TYPE, NotAppendedError, problem_of
from timeline.web.pages.changes import headline, make_line
from timeline.web.pages.words import Reader

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_HTML = "text/html"

# -- examples ------------------------------------------------------------------------

EXAMPLES: Mapping[str, Json] = {
    "recorded": {
        "id": "moon-base:1",
        "type": "entry-recorded",
        "entry": "moon-base",
        "expected_version": 0,
        "data": {
            "title": "The first base on the Moon opens",
            "occurred": "../2035-12-31",
            "awaited": True,
            "category": "space",
            "actors": ["Example Space Agency"],
            "places": ["Moon"],
            "said": "2026-03-02",
            "sources": [
                {
                    "url": "https://space.example/plans/moon-base",
                    "title": "A base by the end of 2035",
                    "publisher": "Example Space Agency",
                    "published": "2026-03-02",
                }
            ],
        },
    },
    "corrected": {
        "type": "entry-corrected",
        "entry": "moon-base",
        "data": {
            "changes": {"actors": ["Example Space Agency", "Lunar Works"]},
            "reason": "The report names two builders.",
        },
    },
    "revised": {
        "type": "entry-revised",
        "entry": "moon-base",
        "data": {
            "changes": {"occurred": "../2036-12-31"},
            "said": "2026-09",
            "reason": "The launcher is late.",
        },
    },
    "postponed": {
        "type": "entry-postponed",
        "entry": "moon-base",
        "data": {"reason": "The launcher was grounded."},
    },
    "fulfilled": {
        "type": "entry-fulfilled",
        "entry": "moon-base",
        "data": {"occurred": "2026-10-05"},
    },
    "retracted": {
        "type": "entry-retracted",
        "entry": "moon-base",
        "data": {"reason": "It was an advertisement."},
    },
    "view": {
        "type": "view-defined",
        "data": {
            "name": "space",
            "title": "Space",
            "description": "Everything beyond the atmosphere.",
            "filter": {"category": ["space"]},
        },
    },
    "view-removed": {"type": "view-removed", "data": {"name": "space"}},
    "list": [
        {
            "type": "entry-recorded",
            "entry": "moon-hotel",
            "data": {
                "title": "The first hotel on the Moon opens",
                "occurred": "2040~",
                "awaited": True,
                "category": "space",
            },
        },
        {
            "type": "entry-cancelled",
            "entry": "moon-hotel",
            "data": {"reason": "Nobody paid for it."},
        },
    ],
}
"""What may be appended, in this order to an empty log."""

LINES_EXAMPLE = (
    '{"type": "entry-recorded", "entry": "apollo-11", '
    '"data": {"title": "Apollo 11 lands on the Moon", "occurred": "1969-07-20"}}\n'
    '{"type": "entry-recorded", "entry": "apollo-12", '
    '"data": {"title": "Apollo 12 lands on the Moon", "occurred": "1969-11-19"}}\n'
)

_WRONG = FieldError("/data/occurred", "Not a date: write 2025-07-26, or ../2025-12-31.")
PROBLEMS: Mapping[str, Exception] = {
    "bad-body": BodyError("Not JSON: Expecting value, line 1, column 1."),
    "bad-query": refuse_moment(56),
    "bad-request": BadRequest(
        'If-Match holds the version of the one event\'s entry: If-Match: "3".'
    ),
    "unauthorized": Unauthorized("Send a token: Authorization: Bearer tl_…."),
    "forbidden": Forbidden("Appending takes a token of the scope append or admin."),
    "not-found": NotFound("There is no such entry."),
    "no-such-entry": RefusedError(
        "no-such-entry", "There is no entry moon-bas.", pointer="/entry"
    ),
    "no-such-view": RefusedError(
        "no-such-view", "There is no view spac.", pointer="/data/name"
    ),
    "method-not-allowed": MethodNotAllowed(),
    "not-acceptable": NotAcceptable("There is application/json here."),
    "gone": Gone(Sentence("The view “{title}” was removed.", title="Space")),
    "not-possible": RefusedError(
        "not-possible", "moon-base is not awaited: nothing to fulfil.", pointer="/type"
    ),
    "id-taken": IdTakenError("moon-base:1", position=1, index=0),
    "wrong-expected-version": WrongExpectedVersionError(
        "moon-base", expected=1, actual=2, index=0
    ),
    "precondition-failed": NotAppendedError(
        WrongExpectedVersionError("moon-base", expected=1, actual=2, index=0),
        listed=False,
        conditional=True,
    ),
    "too-large": RequestEntityTooLarge("At most 1,048,576 bytes are taken at once."),
    "unsupported-media-type": UnsupportedMediaType(f"Send {_JSON} or {_NDJSON}."),
    "bad-field": FieldsError([_WRONG]),
    "too-many-requests": TooManyRequests("Ask again later."),
    "internal": InternalServerError(),
    "log-locked": LogLockedError(),
    "log-read-only": LogReadOnlyError(),
    "log-unavailable": LogUnavailableError(),
    "log-full": LogFullError(),
}
"""An error of every kind that a program may be told of."""


def _recorded_examples() -> list[RecordedEvent]:
    """The examples as a log holds them that holds no others."""
    started = datetime(2026, 3, 2, 12, tzinfo=UTC)
    listed = [
        one
        for given in EXAMPLES.values()
        for one in parse_append(json.dumps(given).encode())[0]
    ]
    recorded: list[RecordedEvent] = []
    for position, one in enumerate(listed, start=1):
        if one.entry is None:
            raise ValueError("an example names its entry")
        version = 1 + sum(event.entry == one.entry for event in recorded)
        recorded.append(
            RecordedEvent(
                position=position,
                id=one.id or f"{one.entry}:{version}",
                entry=one.entry,
                version=version,
                recorded_at=started + timedelta(days=position - 1),
                author="newsroom",
                event=one.event,
                leaf_hash=b"",
            )
        )
    return recorded


def _answer_examples(origin: str) -> dict[str, Json]:
    """An answer of each schema, made as all answers are."""
    log = _recorded_examples()
    of_entry = [event for event in log if event.entry == "moon-base"][:3]
    slipped = of_entry[-1]
    entry = fold(of_entry)
    defined = next(event for event in log if event.entry == f"{VIEW_PREFIX}space")
    view = view_of(defined, None)
    if entry is None or view is None:
        raise ValueError("the examples make an entry and a view")
    line = make_line(slipped, entry, Reader(lang="en"))
    dumped = dump_entry(entry, url_of=lambda name: f"{origin}/entries/{name}")
    change = dump_change(
        slipped,
        kind=line.kind,
        label=line.label,
        title=line.title.words,
        words=headline(line),
        before=line.before,
        after=line.after,
        url=f"{origin}/entries/{entry.id}?as_of={slipped.position}",
    )
    page: dict[str, Json] = {"position": slipped.position, "next": None}
    return {
        "ReceiptOut": dump_receipt(slipped),
        "EventOut": dump_event(slipped),
        "EventsOut": {"events": [dump_event(slipped)], **page},
        "EntryFullOut": {**dumped, "in_force": None},
        "EntriesOut": {"entries": [dumped], **page},
        "ChangesOut": {"changes": [change], **page},
        "ViewsOut": {
            "views": [dump_view(view, url_of=lambda name: f"{origin}/views/{name}")],
            **page,
            "position": view.position,
        },
        "HealthOut": {"status": "ok"},
        "ReadinessOut": {"position": 3, "head": 3, "lag": 0},
    }


# -- operations ----------------------------------------------------------------------

_TAGS: Mapping[str, str] = {
    "Write": "With a token.",
    "Log": "What was appended, as it was appended.",
    "Timeline": "What the log makes, as it stands or stood.",
    "Service": "How the service is, and what it can do.",
}

_DOWN = ("log-locked", "log-unavailable")
_ALL = ("not-acceptable", "internal")
_APPENDING = (
    "bad-body",
    "bad-request",
    "unauthorized",
    "forbidden",
    "no-such-entry",
    "no-such-view",
    "not-possible",
    "id-taken",
    "wrong-expected-version",
    "precondition-failed",
    "too-large",
    "unsupported-media-type",
    "bad-field",
    *_DOWN,
    "log-read-only",
    "log-full",
    *_ALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """What the schemas and the URL map do not tell of a read.

    Attributes:
        answers: Name of the schema; None: the document itself.
        query: Whose parameters its address may have.
        only: Those of them; none: all.
        paged: More of it may be behind a link.
        problems: Codes of what it may refuse.
    """

    tag: str
    answers: str | None = None
    media_type: str = _JSON
    query: str = ""
    only: Sequence[str] = ()
    paged: bool = False
    kept: bool = True
    problems: Sequence[str] = (*_ALL, *_DOWN)


_READ = (*_ALL, *_DOWN)
_ASKED = ("bad-query", *_READ)
_FOUND = ("bad-query", "not-found", *_READ)
_OF_VIEW = ("gone", *_FOUND)
_AT = ("as_of", "known")
_WITHIN = (
    *("q", "category", "actor", "place", "tag", "state", "from", "to", "view"),
    *(*_AT, "lang"),
)
_OPERATIONS: Mapping[str, _Operation] = {
    "api.list_events": _Operation(
        tag="Log", answers="EventsOut", query="LogQuery", paged=True, problems=_ASKED
    ),
    "api.event": _Operation(
        tag="Log", answers="EventOut", problems=("not-found", *_READ)
    ),
    "api.entry_events": _Operation(
        tag="Log", answers="EventsOut", query="Query", only=_AT, problems=_FOUND
    ),
    "api.list_entries": _Operation(
        tag="Timeline",
        answers="EntriesOut",
        query="Query",
        paged=True,
        problems=_OF_VIEW,
    ),
    "api.entry": _Operation(
        tag="Timeline",
        answers="EntryFullOut",
        query="Query",
        only=(*_AT, "lang"),
        problems=_FOUND,
    ),
    "api.list_changes": _Operation(
        tag="Timeline",
        answers="ChangesOut",
        query="ChangesQuery",
        paged=True,
        problems=_ASKED,
    ),
    "api.list_views": _Operation(
        tag="Timeline", answers="ViewsOut", query="Query", only=_AT, problems=_ASKED
    ),
    "api.tile": _Operation(
        tag="Timeline",
        answers="TileOut",
        query="Query",
        only=_WITHIN,
        problems=_OF_VIEW,
    ),
    "api.density": _Operation(
        tag="Timeline",
        answers="DensityOut",
        query="DensityQuery",
        only=(*_WITHIN, "bars"),
        problems=_OF_VIEW,
    ),
    "api.openapi": _Operation(tag="Service", problems=_ALL),
    "pages.api_reference": _Operation(tag="Service", media_type=_HTML, problems=_READ),
    "api.health": _Operation(
        tag="Service", answers="HealthOut", kept=False, problems=("internal",)
    ),
    "api.readiness": _Operation(
        tag="Service",
        answers="ReadinessOut",
        kept=False,
        problems=("internal", *_DOWN),
    ),
}

_PLACES: Mapping[str, tuple[str, JsonSchema, Json]] = {
    "position": (
        "The event's position in the log.",
        {"type": "integer", "minimum": 1},
        1,
    ),
    "entry_id": (
        "The entry's slug.",
        {"type": "string", "pattern": "^[a-z0-9-]{1,80}$"},
        "moon-base",
    ),
    "level": (
        "Of the units of the tile.",
        {"type": "string", "enum": ["day", "month", "year", "decade"]},
        "month",
    ),
    "x": (
        "The number of the tile: its units are 64x to 64x + 63; unit 0 begins 1970.",
        {"type": "integer", "minimum": -39_062_500, "maximum": 39_062_500},
        10,
    ),
}
"""Parts of paths."""

_HEADERS: Mapping[str, JsonSchema] = {
    "ETag": {
        "description": "Changes when the answer does: send it as `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^(W/)?"[!#-~]+"$'},
        "required": True,
    },
    "Cache-Control": {
        "description": (
            "How long a copy may be used unasked: a day for what was shown at a "
            "position, else not at all."
        ),
        "schema": {"type": "string"},
        "required": True,
    },
    "Link": {
        "description": 'The next page: `</api/…>; rel="next"`. The last has none.',
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Path of the first event as the log has it.",
        "schema": {"type": "string", "pattern": "/api/events/[1-9][0-9]*$"},
        "required": True,
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 0},
        "required": True,
    },
    "WWW-Authenticate": {
        "description": "The scheme to use.",
        "schema": {"type": "string"},
        "required": True,
    },
    "Allow": {
        "description": "The methods that are allowed here.",
        "schema": {"type": "string"},
        "required": True,
    },
}
_OF_STATUS: Mapping[int, str] = {
    401: "WWW-Authenticate",
    405: "Allow",
    503: "Retry-After",
}

_ABOUT = """\
Dated events about the world, kept in an append-only log and told as a timeline: as it
stands, as this service showed it at any earlier moment (`as_of`), and as the public
knew it on any day (`known`).

Reading takes no key and is open to scripts of any site (CORS). Every answer to a read
has an `ETag`, and a read that sends it back as `If-None-Match` is answered with 304
and no body while the answer is still the same. Pages of results link to the next one,
in the header `Link` and as `next`; parameters that are not known are refused.

Writing takes a token, `Authorization: Bearer tl_…`. Send an `id` with each event: if
no answer comes, send the same again; it is stored once, and the answer is the first
one, with 200. What is refused leaves the log as it was.

Dates are EDTF (ISO 8601-2): `2025-07-26`, `2025-07`, `2025-07-26/2025-07-28`,
`../2025-12-31` for "by the end of 2025", `2022~` for "around 2022". They stay as exact
as they are given.

Refusals are problem details (RFC 9457) whose `type` never changes its meaning. Answers
may get more fields one day: pass over those that you do not know.
"""


def make_document(app: Flask, settings: Settings) -> dict[str, Any]:
    """The description of all of *app* that programs are meant for.

    Raises:
        KeyError: Something of it is not described here.
    """
    described = describe()
    examples = _answer_examples(settings.origin)
    paths: dict[str, dict[str, JsonSchema]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not is_described(rule.rule):
            continue
        view = app.view_functions[rule.endpoint]
        at = paths.setdefault(
            re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule), {}
        )
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            at[method.lower()] = (
                _append(view, settings)
                if method == "POST"
                else _read(rule, view, described.parameters, examples)
            )
    problems = {code: problem_of(error) for code, error in PROBLEMS.items()}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": settings.title,
            "summary": "A timeline to check, subscribe to and cite.",
            "description": _ABOUT,
            "version": version_of("living-timeline"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.origin}],
        "externalDocs": {
            "description": "To be read",
            "url": f"{settings.origin}/api/docs",
        },
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "security": [],
        "paths": paths,
        "components": {
            "schemas": {
                name: {**schema, "examples": [examples[name]]}
                if name in examples
                else schema
                for name, schema in described.schemas.items()
            },
            "headers": dict(_HEADERS),
            "examples": {
                code: {"summary": str(problem.title), "value": problem.dump()}
                for code, problem in problems.items()
            },
            "responses": {code: _refusal([code]) for code in problems},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": (
                        "A token of the scope append or admin: `timeline token create "
                        "NAME` prints one. Never in the address."
                    ),
                }
            },
        },
    }


def is_described(path: str) -> bool:
    """Whether *path* is meant for programs."""
    return path.startswith("/api/") or path in ("/healthz", "/readyz")


def _read(
    rule: Rule,
    view: Callable[..., Any],
    parameters: Mapping[str, Sequence[JsonSchema]],
    examples: Mapping[str, Json],
) -> JsonSchema:
    operation = _OPERATIONS[rule.endpoint]
    content: JsonSchema = {"schema": {"type": "object"}}
    if operation.answers is not None:
        content = {"schema": _ref("schemas", operation.answers)}
        if operation.answers in examples:
            content["example"] = examples[operation.answers]
    elif operation.media_type == _HTML:
        content = {"schema": {"type": "string"}}
    headers = ["Cache-Control"]
    taken = [_in_path(name) for name in sorted(rule.arguments)]
    taken += [
        one
        for one in parameters.get(operation.query, ())
        if not operation.only or one["name"] in operation.only
    ]
    answers: JsonSchema = {}
    if operation.kept:
        headers.append("ETag")
        taken.append(
            {
                "in": "header",
                "name": "If-None-Match",
                "description": "The `ETag` of your copy.",
                "schema": {"type": "string"},
            }
        )
        answers["304"] = {
            "description": "Your copy is right.",
            "headers": _headers("Cache-Control", "ETag"),
        }
    if operation.paged:
        headers.append("Link")
    answers["200"] = {
        "description": _summary(view),
        "headers": _headers(*headers),
        "content": {operation.media_type: content},
    }
    return {
        **_named(rule.endpoint, view),
        "tags": [operation.tag],
        "security": [],
        "parameters": taken,
        "responses": dict(sorted({**answers, **_refusals(operation.problems)}.items())),
    }


def _append(view: Callable[..., Any], settings: Settings) -> JsonSchema:
    receipt = _ref("schemas", "ReceiptOut")
    receipts = {"type": "array", "items": receipt, "minItems": 1}
    answer = {
        "headers": _headers("Location", "Cache-Control"),
        "content": {_JSON: {"schema": {"oneOf": [receipt, receipts]}}},
    }
    return {
        **_named("api.append_events", view),
        "tags": ["Write"],
        "security": [{"token": []}],
        "parameters": [
            {
                "in": "header",
                "name": "If-Match",
                "description": (
                    "The version of the one event's entry, as `expected_version` in "
                    'the body would say it: `"3"`. Not with a list.'
                ),
                "schema": {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,14})"$'},
            }
        ],
        "requestBody": {
            "required": True,
            "description": (
                f"One event, or 1 to {MAX_EVENTS:,} in a list or one a line, which "
                "are stored all or not at all. At most "
                f"{settings.body_limit_bytes:,} bytes of JSON, or "
                f"{settings.ndjson_limit_bytes:,} of lines."
            ),
            "content": {
                _JSON: {
                    "schema": {
                        "oneOf": [
                            _ref("schemas", "NewEvent"),
                            _ref("schemas", "NewEvents"),
                        ]
                    },
                    "examples": {
                        name: {"value": value} for name, value in EXAMPLES.items()
                    },
                },
                _NDJSON: {
                    "schema": {
                        "type": "string",
                        "format": "ndjson",
                        "description": "On each line an event: `NewEvent`.",
                    },
                    "examples": {"lines": {"value": LINES_EXAMPLE}},
                },
            },
        },
        "responses": {
            "200": {
                "description": "They were stored before: the first result.",
                **answer,
            },
            "201": {"description": "They are stored for good.", **answer},
            **_refusals(_APPENDING),
        },
    }


def _named(endpoint: str, view: Callable[..., Any]) -> JsonSchema:
    """What the view says of itself."""
    first, _, rest = (view.__doc__ or "").partition("\n")
    words = {"summary": first.strip().rstrip(".")}
    if described := " ".join(rest.split()):
        words["description"] = described
    return {"operationId": endpoint.rpartition(".")[2], **words}


def _summary(view: Callable[..., Any]) -> str:
    return (view.__doc__ or "").partition("\n")[0].strip()


def _in_path(name: str) -> JsonSchema:
    words, schema, example = _PLACES[name]
    return {
        "in": "path",
        "name": name,
        "required": True,
        "description": words,
        "schema": schema,
        "example": example,
    }


def _refusals(codes: Iterable[str]) -> JsonSchema:
    """Answers by status: one status may stand for several problems."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(problem_of(PROBLEMS[code]).status, []).append(code)
    return {
        str(status): _ref("responses", same[0]) if len(same) == 1 else _refusal(same)
        for status, same in sorted(by_status.items())
    }


def _refusal(codes: Sequence[str]) -> JsonSchema:
    problems = [problem_of(PROBLEMS[code]) for code in codes]
    status = problems[0].status
    names = ["Cache-Control"]
    if status in _OF_STATUS:
        names.append(_OF_STATUS[status])
    types = [problem.dump()["type"] for problem in problems]
    return {
        "description": f"{HTTPStatus(status).phrase}: "
        + "; ".join(str(problem.title).lower() for problem in problems),
        "headers": _headers(*names),
        "content": {
            PROBLEM_TYPE: {
                "schema": {
                    "allOf": [_ref("schemas", "ProblemOut")],
                    "properties": {
                        "type": {"enum": types},
                        "status": {"const": status},
                    },
                },
                "examples": {code: _ref("examples", code) for code in codes},
            }
        },
    }


def _headers(*names: str) -> JsonSchema:
    return {name: _ref("headers", name) for name in names}


def _ref(kind: str, name: str) -> JsonSchema:
    return {"$ref": f"#/components/{kind}/{name}"}
