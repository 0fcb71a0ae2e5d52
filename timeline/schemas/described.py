"""What is taken and answered, in words of OpenAPI 3.1, read off the schemas. Pure.

The schemas that check and dump are the ones that are described, so this cannot say
anything else than they do; what a thing is called says `WORDS`, as one name means one
thing everywhere.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from timeline.schemas import answers, events, queries, tiles
from timeline.schemas.fields import Described, slug

OPENAPI = "3.1.1"

JsonSchema = dict[str, Any]

WORDS: Mapping[str, str] = {
    "actor": "Who acted; case does not matter.",
    "actors": "Who acted, as they are to be shown.",
    "actual": "The version that the entry has.",
    "after": "The new values of the changed fields.",
    "ahead": "The entry that is announced to change this next, and how.",
    "alt": "What the picture or recording shows, for who cannot see or hear it.",
    "approximate": "The date is said to be about right: `~`.",
    "as_of": "What this service showed right after a position, an instant or a day.",
    "at": "The second, from 1970, by which it is sorted.",
    "author": "The name of the writer's token; null once redacted.",
    "awaited": "Somebody promised it, so it has to be confirmed before it counts.",
    "bars": "One after the other, without gaps.",
    "before": "The old values of the changed fields, null where there were none.",
    "before_effect": "It was rescinded before it took effect.",
    "by": "The entry that says so; null if its own date does.",
    "capped": "There are more than were counted.",
    "categories": "Numbers by category; the empty one: of none.",
    "category": "A slug.",
    "changes": "What changed, in order.",
    "core": "First and last second of what is certainly covered; null: not fuzzy.",
    "corrected": "Something of it was wrong here, and was corrected.",
    "corrects": "The version that was wrong; else the latest that set such a field.",
    "counts": "For each unit and category that has any: `[unit, category, number]`.",
    "credit": "Whose picture or recording it is.",
    "cursor": "The place where a page begins, as the page before gave it in `next`.",
    "data": "What the event tells; null once redacted.",
    "description": "Plain text.",
    "detail": "What is wrong here, and what to do.",
    "earliest": "First day or, of an instant, first second in UTC; null if open.",
    "edtf": "The date as text: Extended Date/Time Format, ISO 8601-2.",
    "end": "The first second behind it, from 1970.",
    "ending": "The reason why it was retracted or cancelled.",
    "entries": "In timeline order.",
    "entry": "The entry's id: a slug, given or made from the title, never renamed.",
    "errors": "Which fields are wrong.",
    "events": "In the order of the log.",
    "expected": "The version that was expected.",
    "expected_version": "The entry's version that you last saw; 0: it is new.",
    "filter": "The parameters of the list, each with all of its values.",
    "from": "Only what possibly lasts until this date or begins later.",
    "ghost": "Where it stood before it was moved last.",
    "head": "The last position of the log.",
    "hi": "The last second, from 1970; null if open.",
    "id": "Of an event, what makes it the same when sent again; of an entry, its slug.",
    "importance": "From 0 to 100; 50 unless given.",
    "in_force": "Where a measure stands on the day of the answer; null: no measure.",
    "kept": "How a promise was kept: `early`, `in-time`, `late`; null: no promise.",
    "kind": "What the event did, by a name that does not change.",
    "known": "What had been said in public by the end of this date.",
    "label": "It in words of the language asked for.",
    "lag": "How many events the read model is behind the log.",
    "lang": "A language (BCP 47). Asked for: of the words of the answer.",
    "latest": "Last day or, of an instant, last second in UTC; null if open.",
    "level": "`day`, `month`, `year` or `decade`.",
    "limit": "At most so many on a page.",
    "links": "Relations to other entries, which may be recorded later.",
    "lo": "The first second, from 1970; null if open.",
    "marks": "The most important entries that touch the tile.",
    "measure": "A rule or the like, which is in force or is not.",
    "media": "Pictures and recordings elsewhere.",
    "name": "A slug, for good.",
    "next": "Path of the next page; null: this is the last.",
    "now": "Path of what is there now, but was not at the moment asked for.",
    "occurred": "When it happened or is to happen, as exactly as that is known.",
    "order": "`desc`: the newest first; `asc`: the oldest.",
    "place": "Where; case does not matter.",
    "places": "Where, as it is to be shown.",
    "pointer": "Where in the body (RFC 6901), or `/` and the parameter's name.",
    "position": "A place in the log: 1, 2, 3 …; of a page, what it reflects.",
    "promised": "The dates that were promised for what has been fulfilled.",
    "published": "When the source was published.",
    "publisher": "Who published the source.",
    "q": 'All of these words, the last one also as a beginning; "phrases" too.',
    "reason": "Why, in plain text.",
    "recorded_at": "When this service recorded it.",
    "rel": "`amends`, `suspends`, `rescinds`, `resumes`, `follows`, `part-of` …",
    "said": "The day on which it was made public; else the day of recording.",
    "scope": "The market or area it is about.",
    "shape": "`instant`, `period`, `fuzzy`, `deadline` or `ongoing`.",
    "since": "The date since which it stands so.",
    "sources": "Who made it public, and where.",
    "start": "The first second, from 1970.",
    "state": "Where the entry, or the measure, stands.",
    "state_label": "Where the entry stands, and how a promise was kept, in words.",
    "status": "`ok`, or the HTTP status.",
    "step": "How many units of the level a bar has.",
    "summary": "CommonMark.",
    "tag": "A tag; case does not matter.",
    "tags": "Free words that group entries.",
    "title": "One line of plain text.",
    "to": "Only what possibly begins by this date.",
    "total": "How many entries there are.",
    "translations": "Title and summary by language.",
    "type": "Of an event, what it says; of a problem, which one it is.",
    "uncertain": "The source is not sure of the date: `?`.",
    "until": "The last date on which it is to stand so.",
    "updated_at": "When it last changed in what a reader sees.",
    "upto": "Only what was recorded by then: a position, an instant or a day.",
    "url": "An absolute address.",
    "version": "The number of events of the entry so far.",
    "view": "Only what this view shows, as it is or, at a moment, was defined.",
    "views": "All views in use.",
    "window": "The dates that were promised.",
    "words": "The whole change in one line.",
    "x": "The number of the tile: 0 begins with 1970.",
}
"""What each name means, as field and as parameter."""

_OWN_WORDS: Mapping[tuple[str, str], str] = {
    ("ChangeOut", "id"): "The event's id.",
    ("ChangeOut", "version"): "Of the entry, made by this event.",
    ("EventOut", "version"): "Of the entry, made by this event.",
    ("EventOut", "type"): "What it says.",
    ("MarkOut", "id"): "The entry's slug.",
    ("EventOut", "id"): "The event's id.",
    ("EntryOut", "id"): "The entry's slug, for good.",
    ("ProblemOut", "status"): "The HTTP status.",
    ("HealthOut", "status"): "`ok`.",
    ("ProblemOut", "title"): "The problem in a few words.",
    ("ProblemOut", "position"): "Where the id stands in the log.",
    (
        "ProblemOut",
        "type",
    ): "Which problem it is: `urn:living-timeline:problem:<code>`, stable.",
    ("BarOut", "to"): "The last date of the bar.",
    ("BarOut", "from"): "The first date of the bar.",
    ("GhostOut", "kind"): "`corrected`: it was wrong; `revised`: the world changed.",
    ("MarkOut", "url"): "Path of its page.",
    ("SourceOut", "title"): "As its publisher calls it.",
    ("MarkOut", "sources"): "How many sources it has.",
    ("LogQuery", "after"): "Only events behind this position.",
    ("ChangesQuery", "after"): (
        "Only what was recorded later than a position, an instant or the end of a day."
    ),
    ("Query", "before"): "The place where a page ends, in the form of a cursor.",
    ("Query", "limit"): "At most so many entries on a page.",
    ("ReceiptOut", "id"): "The event's id.",
    ("ReceiptOut", "version"): "Of the entry, made by this event.",
    ("EditOut", "version"): "Of the entry, made by this event.",
}


_ANSWERS = (
    answers.DateOut,
    answers.EditOut,
    answers.EntryFullOut,
    answers.EntriesOut,
    answers.ReceiptOut,
    answers.EventsOut,
    answers.ChangesOut,
    answers.ViewsOut,
    answers.HealthOut,
    answers.ReadinessOut,
    answers.ProblemOut,
    tiles.TileOut,
    tiles.DensityOut,
)

_SOMETIMES: Mapping[str, Container[str]] = {
    "EntryFullOut": {"known"},
    "EntriesOut": {"known"},
    "EventsOut": {"known"},
    "ChangesOut": {"known"},
    "ViewsOut": {"known"},
    "TileOut": {"known"},
    "DensityOut": {"known"},
    "MarkOut": {"lang"},
    "ProblemOut": {"errors", "expected", "actual", "position", "now"},
}
"""What an answer need not have."""


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What the schemas say.

    Attributes:
        schemas: By name, for ``#/components/schemas/``.
        parameters: By name of the query, those that its address may have.
    """

    schemas: Mapping[str, JsonSchema]
    parameters: Mapping[str, list[dict[str, Any]]]


def describe() -> Descriptions:
    """All that is taken and answered."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(title="", version="", openapi_version=OPENAPI, plugins=[plugin])
    converter = plugin.converter
    if converter is None:
        raise TypeError("an APISpec gives its plugin a converter")
    converter.add_attribute_function(_described)
    for one in _ANSWERS:
        converter.resolve_nested_schema(one)
    made = spec.components.schemas
    for name, answer in made.items():
        answer["required"] = [
            key for key in answer["properties"] if key not in _SOMETIMES.get(name, ())
        ]
        # More may be told one day: readers are to pass over what they do not know.
        del answer["additionalProperties"]
    schemas = {**_events(converter), **made}
    for name, schema in schemas.items():
        _explain(name, schema)
    parameters = {
        name: [one for part in parts for one in _parameters(converter, name, part)]
        for name, parts in _QUERIES.items()
    }
    return Descriptions(schemas, parameters)


def _name(schema: Schema | type[Schema]) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removeprefix("_")


def _described(
    converter: OpenAPIConverter, field: fields.Field[Any], **_: Any
) -> JsonSchema:
    match field:
        case Described():
            return field.described()
        case fields.Tuple():
            parts = [converter.field2property(one) for one in field.tuple_fields]
            length = {"minItems": len(parts), "maxItems": len(parts)}
            return {"type": "array", "prefixItems": parts, **length}
        case _:
            return {}


def _explain(name: str, schema: JsonSchema) -> None:
    """Say what the properties are, and leave out what is never right."""
    properties: dict[str, JsonSchema] = schema.get("properties", {})
    for key in [key for key, one in properties.items() if "not" in one]:
        del properties[key]
    for key, one in properties.items():
        words = _OWN_WORDS.get((name, key), WORDS.get(key))
        if words is not None:
            one.setdefault("description", words)


# -- what comes in -------------------------------------------------------------------

# Pages of changes are turned by a cursor, the API's by their last position.
_OF_PAGES = {("ChangesQuery", "cursor")}
_QUERIES: Mapping[str, tuple[Schema, ...]] = {
    "Query": (queries.FILTER, queries.ONCE),
    "DensityQuery": (queries.FILTER, queries.ONCE, queries.DENSITY_ONCE),
    "ChangesQuery": (queries.CHANGES_ONCE,),
    "LogQuery": (queries.LOG_ONCE,),
}


def _parameters(
    converter: OpenAPIConverter, name: str, schema: Schema
) -> list[dict[str, Any]]:
    described = converter.schema2parameters(schema, location="query")
    for one in described:
        key = one["name"]
        one["description"] = _OWN_WORDS.get((name, key), WORDS[key])
    return [one for one in described if (name, one["name"]) not in _OF_PAGES]


def _events(converter: OpenAPIConverter) -> dict[str, JsonSchema]:
    """One schema for each type of event that may be appended, and for any of them."""
    names = {kind: _camel(kind) for kind in events.DATA}
    schemas = {
        names[kind]: _event(converter, kind, data) for kind, data in events.DATA.items()
    }
    refs = {kind: f"#/components/schemas/{name}" for kind, name in names.items()}
    schemas["NewEvent"] = {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
    schemas["NewEvents"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/NewEvent"},
        "minItems": 1,
        "maxItems": events.MAX_EVENTS,
    }
    return schemas


def _event(converter: OpenAPIConverter, kind: str, data: Schema) -> JsonSchema:
    described = converter.schema2jsonschema(events.ENVELOPE)
    properties: dict[str, JsonSchema] = described["properties"]
    properties["type"] = {"const": kind}
    properties["data"] = converter.resolve_nested_schema(data)
    required = ["type"]
    if any(field.required for field in data.fields.values()):
        required.append("data")
    if kind.startswith("view-"):
        del properties["entry"]  # it follows from the name
    else:
        properties["entry"] = converter.field2property(slug())
        if kind == "entry-recorded":  # it begins the entry
            properties["expected_version"]["maximum"] = 0
        else:
            required.append("entry")
    return {**described, "required": required}


def _camel(kind: str) -> str:
    return "".join(part.title() for part in kind.split("-"))
