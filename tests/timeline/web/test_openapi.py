"""The description of the API says what the API does, and nothing else."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from werkzeug.test import TestResponse

from events.dates import DateError, parse
from timeline.config import Settings
from timeline.schemas import parse_append
from timeline.service import Timeline
from timeline.web.errors import _TABLE, problem_of
from timeline.web.openapi import EXAMPLES, LINES_EXAMPLE, PROBLEMS, is_described

ROOT = "urn:test:openapi"


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.get_json()
    return described


@pytest.fixture
def story(timeline: Timeline) -> Timeline:
    """The bundled story, appended."""
    raw = (files("events") / "seed" / "story.json").read_bytes()
    timeline.append(parse_append(raw)[0], author="seed")
    return timeline


class Judge:
    """Whether answers are as the document says."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        # What the document leaves open is closed here: nothing goes undescribed.
        closed = json.loads(json.dumps(document))
        for schema in closed["components"]["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        whole = Resource.from_contents(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **closed}
        )
        self._registry = Registry().with_resource(ROOT, whole)

    def faults(self, schema: dict[str, Any], value: Any) -> list[str]:
        """What is wrong with *value*, which stands under *schema* of the document."""
        within = json.loads(
            json.dumps(schema).replace('"#/components/', f'"{ROOT}#/components/')
        )
        checks = Draft202012Validator.FORMAT_CHECKER
        validator = Draft202012Validator(
            within, registry=self._registry, format_checker=checks
        )
        return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(value)]

    def resolved(self, one: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in one:
            found: Any = self.document
            for step in one["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            one = found
        return one

    def check(self, answer: TestResponse, method: str, path: str) -> None:
        """*answer* to *method* at *path*, a template, is one of those described."""
        operation = self.document["paths"][path][method]
        status = str(answer.status_code)
        assert status in operation["responses"], (status, answer.text)
        response = self.resolved(operation["responses"][status])
        for name, header in response.get("headers", {}).items():
            header = self.resolved(header)
            given = answer.headers.get(name)
            assert given is not None or not header.get("required"), name
            if given is not None and header["schema"]["type"] == "string":
                assert self.faults(header["schema"], given) == []
        if "content" not in response:
            assert answer.data == b""
            return
        content = response["content"][answer.mimetype]
        if (answer.mimetype or "").endswith("json"):
            assert self.faults(content["schema"], answer.get_json()) == []


@pytest.fixture
def judge(document: dict[str, Any]) -> Judge:
    return Judge(document)


def is_edtf(value: object) -> bool:
    return not isinstance(value, str) or bool(parse(value))


Draft202012Validator.FORMAT_CHECKER.checks("edtf", raises=DateError)(is_edtf)


# -- whole and true ------------------------------------------------------------------


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    faults = OpenAPIV31SpecValidator(document).iter_errors()

    assert [f"{one.json_path}: {one.message}" for one in faults] == []
    assert document["openapi"].startswith("3.1")


def test_every_address_for_programs_is_described(
    app: Flask, document: dict[str, Any]
) -> None:
    """And no other: a route that is forgotten here answers no document at all."""
    served = {
        (re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if is_described(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method) for path, at in document["paths"].items() for method in at
    }

    assert described == served
    assert {"/api/events", "/api/entries/{entry_id}", "/healthz"} <= {
        path for path, _ in described
    }


def test_every_operation_has_a_name_and_words_of_its_own(
    document: dict[str, Any],
) -> None:
    operations = [one for at in document["paths"].values() for one in at.values()]

    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"] and one["tags"] for one in operations)
    assert {tag for one in operations for tag in one["tags"]} == {
        tag["name"] for tag in document["tags"]
    }


def test_only_writing_takes_a_token(document: dict[str, Any]) -> None:
    assert document["security"] == []
    for at in document["paths"].values():
        for method, operation in at.items():
            assert operation["security"] == ([{"token": []}] * (method == "post"))


def properties(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for key, one in schema.get("properties", {}).items():
            yield f"{name}.{key}", one


def test_everything_is_explained(document: dict[str, Any]) -> None:
    silent = [name for name, one in properties(document) if not one.get("description")]
    parameters = [
        one
        for at in document["paths"].values()
        for operation in at.values()
        for one in operation["parameters"]
    ]

    assert silent == []
    assert all(one["description"] for one in parameters)


def test_everything_named_is_there_and_everything_there_is_named(
    document: dict[str, Any],
) -> None:
    text = json.dumps(document)
    named = set(re.findall(r'"#/components/(\w+/[\w-]+)"', text))
    there = {
        f"{kind}/{name}"
        for kind in ("schemas", "headers", "examples", "responses")
        for name in document["components"][kind]
    }

    assert named <= there
    # Some problems are of no operation that is described, such as a wrong method.
    assert {one for one in there - named if not one.startswith("responses/")} == set()


# -- problems ------------------------------------------------------------------------


def test_every_problem_is_described_by_an_example(
    document: dict[str, Any], judge: Judge
) -> None:
    responses = document["components"]["responses"]
    assert PROBLEMS.keys() == _TABLE.keys() == responses.keys()

    for code, error in PROBLEMS.items():
        problem = problem_of(error)
        assert problem.code == code
        content = responses[code]["content"]["application/problem+json"]
        assert judge.resolved(content["examples"][code])["value"] == problem.dump()
        assert judge.faults(content["schema"], problem.dump()) == []


def test_refusals_are_as_described(
    client: FlaskClient, story: Timeline, token: str, judge: Judge
) -> None:
    gone = "/api/entries/{entry_id}"
    for path, template, status in (
        ("/api/events?after=x", "/api/events", 400),
        ("/api/events/999", "/api/events/{position}", 404),
        ("/api/entries?nonsense=1", "/api/entries", 400),
        ("/api/entries/nope", gone, 404),
        ("/api/entries/quark-ai-glasses-release?as_of=2", gone, 404),
        ("/api/changes?after=5&upto=2", "/api/changes", 400),
        ("/api/entries?view=nope", "/api/entries", 404),
        ("/api/tiles/day/0?view=sanctions&as_of=1", "/api/tiles/{level}/{x}", 404),
    ):
        answer = client.get(path)
        assert answer.status_code == status
        judge.check(answer, "get", template)

    def post(body: Any, mimetype: str = "application/json", **headers: str) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {token}", **headers}
        answer = client.post(
            "/api/events", data=raw, content_type=mimetype, headers=given
        )
        judge.check(answer, "post", "/api/events")
        return answer.status_code

    known = "quark-ai-glasses-release"
    moved = {"type": "entry-cancelled", "entry": known}
    matching = {"If-Match": '"1"'}
    assert post(b"{") == 400
    assert post(EXAMPLES["recorded"], Authorization="Bearer tl_x") == 401
    assert post({"type": "entry-cancelled", "entry": "nope"}) == 404
    assert post(EXAMPLES["recorded"], Accept="image/png") == 406
    assert post({**moved, "expected_version": 0}) == 409
    assert post(moved, **matching) == 412
    assert post(b"x" * 20_001) == 413
    assert post(b"x", "text/plain") == 415
    assert post({"type": "entry-recorded", "data": {}}) == 422


# -- answers -------------------------------------------------------------------------


def asked(story: Timeline) -> Iterator[tuple[str, str]]:
    """Addresses of the bundled story, with the paths that they are instances of."""
    with story.snapshot() as snapshot:
        entries = [event.entry for event in story.events(after=0, limit=100)]
        entries = sorted({name for name in entries if not name.startswith("view:")})
        assert snapshot.position == story.head()
    yield "/api/events?limit=1000", "/api/events"
    yield "/api/events?after=3&limit=2", "/api/events"
    for position in range(1, story.head() + 1):
        yield f"/api/events/{position}", "/api/events/{position}"
    for entry in entries:
        yield f"/api/entries/{entry}", "/api/entries/{entry_id}"
        yield f"/api/entries/{entry}?known=2025-08&lang=it", "/api/entries/{entry_id}"
        yield f"/api/entries/{entry}/events", "/api/entries/{entry_id}/events"
    yield "/api/entries?limit=200", "/api/entries"
    yield "/api/entries?limit=2&as_of=31&state=open&state=overdue", "/api/entries"
    yield "/api/entries?known=2025-08-01&order=asc", "/api/entries"
    yield "/api/changes?limit=200", "/api/changes"
    yield "/api/changes?after=2&upto=2026-11-23&lang=it&limit=2", "/api/changes"
    yield "/api/views", "/api/views"
    yield "/api/views?as_of=55", "/api/views"
    for level, x in (("day", 317), ("month", 10), ("year", 0), ("decade", -1)):
        yield f"/api/tiles/{level}/{x}", "/api/tiles/{level}/{x}"
    yield "/api/tiles/month/10?known=2025-08&lang=it", "/api/tiles/{level}/{x}"
    yield "/api/tiles/month/10?view=sanctions", "/api/tiles/{level}/{x}"
    yield "/api/entries?view=sanctions&actor=Nvidia", "/api/entries"
    yield "/api/density", "/api/density"
    yield "/api/density?from=2025&to=2026&bars=5&as_of=20", "/api/density"
    yield "/api/openapi.json", "/api/openapi.json"
    yield "/api/docs", "/api/docs"
    yield "/healthz", "/healthz"
    yield "/readyz", "/readyz"


def test_every_answer_is_as_described(
    client: FlaskClient, story: Timeline, judge: Judge
) -> None:
    """Without a field too many or too few."""
    templates = set()
    for path, template in asked(story):
        answer = client.get(path)
        if "known=" not in path:
            assert answer.status_code == 200, path
        judge.check(answer, "get", template)
        templates.add(template)
        if tag := answer.headers.get("ETag"):
            again = client.get(path, headers={"If-None-Match": tag})
            assert again.status_code == 304
            judge.check(again, "get", template)

    assert templates == {
        path for path, at in judge.document["paths"].items() if "get" in at
    }


def test_the_examples_of_answers_are_as_described(judge: Judge) -> None:
    shown = 0
    for name, schema in judge.document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            ref = {"$ref": f"#/components/schemas/{name}"}
            assert judge.faults(ref, example) == []
            shown += 1

    assert shown > 5


# -- examples ------------------------------------------------------------------------


def test_the_examples_can_be_appended(
    client: FlaskClient, timeline: Timeline, token: str, judge: Judge
) -> None:
    """One after the other, and each is what its schema takes."""
    operation = judge.document["paths"]["/api/events"]["post"]
    content = operation["requestBody"]["content"]
    bodies = [
        (media_type, one["value"])
        for media_type, media in content.items()
        for one in media["examples"].values()
    ]
    assert [value for _, value in bodies] == [*EXAMPLES.values(), LINES_EXAMPLE]

    for media_type, value in bodies:
        assert judge.faults(content[media_type]["schema"], value) == []
        answer = client.post(
            "/api/events",
            data=value if isinstance(value, str) else json.dumps(value),
            content_type=media_type,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 201, answer.text
        judge.check(answer, "post", "/api/events")
    types = {event["type"] for event in client.get("/api/events").get_json()["events"]}
    told = judge.document["components"]["schemas"]["NewEvent"]["discriminator"]

    assert types == told["mapping"].keys()


def test_the_bundled_story_is_what_the_schema_takes(judge: Judge) -> None:
    raw = (files("events") / "seed" / "story.json").read_bytes()

    assert (
        judge.faults({"$ref": "#/components/schemas/NewEvents"}, json.loads(raw)) == []
    )


@pytest.mark.parametrize(
    "event",
    [
        {"type": "window-opened", "entry": "a"},
        {"type": "entry-cancelled"},
        {
            "type": "entry-recorded",
            "expected_version": 1,
            "data": {"title": "a", "occurred": "2025"},
        },
        {"type": "entry-cancelled", "entry": "a", "more": 1},
        {"type": "entry-cancelled", "entry": "A"},
        {"type": "entry-cancelled", "entry": "a", "data": {"said": "soon"}},
        {"type": "entry-retracted", "entry": "a", "data": {"reason": " "}},
        {"type": "entry-revised", "entry": "a", "data": {"changes": {}}},
        {"type": "entry-revised", "entry": "a", "data": {"changes": {"title": None}}},
        {"type": "entry-recorded", "data": {"title": "a\u0000", "occurred": "2025"}},
        {"type": "entry-recorded", "data": {"title": "x" * 201, "occurred": "2025"}},
        {
            "type": "entry-recorded",
            "data": {"title": "a", "occurred": "2025", "translations": {"en": {}}},
        },
        {
            "type": "entry-recorded",
            "data": {
                "title": "a",
                "occurred": "2025",
                "sources": [{"url": "javascript:alert(1)"}],
            },
        },
        {
            "type": "view-defined",
            "data": {"name": "a", "title": "b", "filter": {"x": 1}},
        },
    ],
    ids=json.dumps,
)
def test_what_is_refused_is_not_described(
    client: FlaskClient, token: str, judge: Judge, event: dict[str, Any]
) -> None:
    answer = client.post(
        "/api/events", json=event, headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 422
    assert judge.faults({"$ref": "#/components/schemas/NewEvent"}, event) != []


# -- how it is served ----------------------------------------------------------------


def test_the_document_is_not_sent_twice(client: FlaskClient) -> None:
    first = client.get("/api/openapi.json")
    again = client.get(
        "/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert (again.status_code, again.data) == (304, b"")
    assert first.mimetype == "application/json"


def test_addresses_in_it_are_those_of_the_settings(
    document: dict[str, Any], settings: Settings
) -> None:
    assert document["servers"] == [{"url": settings.origin}]
    assert "localhost" not in json.dumps(document)


def test_a_route_that_is_not_described_is_noticed(app: Flask) -> None:
    """By whoever runs the tests above, not by readers of half a document."""
    app.add_url_rule("/api/forgotten", "api.forgotten", lambda: "")

    with pytest.raises(KeyError, match="forgotten"):
        app.test_client().get("/api/openapi.json")
