"""The description of the API, laid out to be read. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from timeline.web.pages.cards import rendered

_SCHEMAS = "#/components/schemas/"
_NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is, in a few words; some lead to where they are explained."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, a header, or a member of an object."""

    name: str
    kind: Kind
    where: str
    needed: bool
    words: Markup


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of JSON, or of lines of it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back, and how it looks."""

    status: str
    words: str
    kind: Kind | None
    example: str
    headers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The problems of one status."""

    status: str
    codes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method at a path.

    Attributes:
        call: A command that does it.
        bodies: What may be sent.
    """

    id: str
    method: str
    path: str
    summary: str
    words: Markup
    secured: bool
    call: str
    parameters: Sequence[Field]
    bodies: Sequence[Example]
    answers: Sequence[Answer]
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Group:
    """Operations of one kind."""

    name: str
    words: str
    operations: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema: an object and its members."""

    name: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of refusal."""

    code: str
    type: str
    status: int
    title: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The page's content.

    Attributes:
        events: What may be appended, by type.
        taken: What those have in them.
        answered: What answers have in them.
    """

    about: Markup
    groups: Sequence[Group]
    events: Sequence[Shape]
    taken: Sequence[Shape]
    answered: Sequence[Shape]
    problems: Sequence[Problem]


def make_reference(document: Mapping[str, Any]) -> Reference:
    """The page of the API that *document* describes."""
    components = document["components"]
    schemas: Mapping[str, Mapping[str, Any]] = components["schemas"]
    origin: str = document["servers"][0]["url"]
    operations = [
        (operation["tags"][0], _operation(origin, path, method, operation, components))
        for path, at in document["paths"].items()
        for method, operation in at.items()
    ]
    appended = {
        ref.removeprefix(_SCHEMAS)
        for ref in schemas["NewEvent"]["discriminator"]["mapping"].values()
    }
    objects = {name: one for name, one in schemas.items() if "properties" in one}
    return Reference(
        about=rendered(document["info"]["description"]),
        groups=[
            Group(
                tag["name"],
                tag["description"],
                [operation for name, operation in operations if name == tag["name"]],
            )
            for tag in document["tags"]
        ],
        events=_shapes(objects, lambda name: name in appended),
        taken=_shapes(
            objects, lambda name: name not in appended and not name.endswith("Out")
        ),
        answered=_shapes(objects, lambda name: name.endswith("Out")),
        problems=[
            Problem(
                code,
                one["value"]["type"],
                one["value"]["status"],
                one["value"]["title"],
                _pretty(one["value"]),
            )
            for code, one in components["examples"].items()
        ],
    )


def _operation(
    origin: str,
    path: str,
    method: str,
    operation: Mapping[str, Any],
    components: Mapping[str, Any],
) -> Operation:
    parameters: list[Mapping[str, Any]] = operation["parameters"]
    content = operation.get("requestBody", {}).get("content", {})
    bodies = [
        Example(
            name,
            one["value"] if isinstance(one["value"], str) else _pretty(one["value"]),
        )
        for media in content.values()
        for name, one in media["examples"].items()
    ]
    address = origin + path
    for one in parameters:
        if one["in"] == "path":
            told = quote(str(one["example"]))
            address = address.replace(f"{{{one['name']}}}", told)
    call = f"curl {address}"
    if bodies:
        call = (
            f"curl {address} \\\n  -H 'Authorization: Bearer tl_…' \\\n"
            f"  -H 'Content-Type: application/json' \\\n  -d '{bodies[0].text}'"
        )
    answers, refusals = [], []
    for status, response in operation["responses"].items():
        whole = _resolved(response, components)
        if int(status) < 400:
            answers.append(_answer(status, whole))
        else:
            (problem,) = whole["content"].values()
            refusals.append(Refusal(status, [*problem["examples"]]))
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=rendered(operation.get("description", "")),
        secured=bool(operation["security"]),
        call=call,
        parameters=[
            Field(
                one["name"],
                _kind(one["schema"]),
                one["in"],
                one.get("required", False),
                rendered(one["description"]),
            )
            for one in parameters
        ],
        bodies=bodies,
        answers=answers,
        refusals=refusals,
    )


def _answer(status: str, response: Mapping[str, Any]) -> Answer:
    kind, example = None, ""
    for media_type, media in response.get("content", {}).items():
        kind = _kind(media["schema"])
        if not kind.href:
            kind = Kind(media_type)
        if "example" in media:
            example = _pretty(media["example"])
    headers = [*response.get("headers", {})]
    return Answer(status, response["description"], kind, example, headers)


def _resolved(
    response: Mapping[str, Any], components: Mapping[str, Any]
) -> Mapping[str, Any]:
    if "$ref" not in response:
        return response
    named: Mapping[str, Any] = components["responses"][
        response["$ref"].rpartition("/")[2]
    ]
    return named


def _shapes(schemas: Mapping[str, Mapping[str, Any]], wanted: Any) -> list[Shape]:
    return [
        Shape(
            name,
            [
                Field(
                    key,
                    _kind(one),
                    "",
                    key in schema.get("required", ()),
                    rendered(one.get("description", "")),
                )
                for key, one in schema["properties"].items()
            ],
        )
        for name, schema in schemas.items()
        if wanted(name)
    ]


def _kind(schema: Mapping[str, Any]) -> Kind:
    match schema:
        case {"$ref": ref}:
            name = ref.removeprefix(_SCHEMAS)
            return Kind(name, f"#schema-{name}")
        case {"const": value}:
            return Kind(str(value))
        case {"enum": values}:
            return Kind(" | ".join(map(str, values)))
        case {"anyOf": parts} | {"oneOf": parts}:
            kinds = [_kind(one) for one in parts]
            href = next((one.href for one in kinds if one.href), "")
            return Kind(" | ".join(one.words for one in kinds), href)
        case {"prefixItems": _}:
            return Kind("array")
        case {"type": "array", "items": items}:
            kind = _kind(items)
            return Kind(f"array of {kind.words}", kind.href)
        case {"additionalProperties": dict(inner), "type": _}:
            kind = _kind(inner)
            return Kind(f"object of {kind.words}", kind.href)
        case _:
            return Kind(_plain(schema))


def _plain(schema: Mapping[str, Any]) -> str:
    given = schema.get("type", "any")
    words = " | ".join([given] if isinstance(given, str) else given)
    if "format" in schema:
        words += f" ({schema['format']})"
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is not None and most < 2**53 - 1:
        return f"{words}, {least} to {most}"
    if least is not None:
        return f"{words}, {least} or more"
    if "maxLength" in schema:
        return f"{words}, at most {schema['maxLength']:,} characters"
    return words


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
