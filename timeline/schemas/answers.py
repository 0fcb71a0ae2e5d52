"""What is told of events, entries and views in JSON. Pure."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields
from marshmallow.experimental.context import Context

from events import dates
from events.codec import data_of, public_type, write_instant
from events.dates import HistoricDate
from events.model import (
    EntryEvent,
    Json,
    JsonObject,
    RecordedEvent,
    Redacted,
    ViewRemoved,
)
from timeline import tellings
from timeline.projections import Change, Entry, State, View
from timeline.tellings import Force, InForce, dump_date

# What apispec cannot see: of fields that are dumped as they are.
_TRUTH = {"type": "boolean"}
_OBJECT = {"type": "object"}
_OBJECT_OR_NULL = {"type": ["object", "null"]}


class _OrNull(fields.String):
    """Text, null where none was given."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value or None

    def described(self) -> dict[str, Any]:
        """Both."""
        return {"type": ["string", "null"]}


class _Instant(fields.String):
    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return write_instant(value)

    def described(self) -> dict[str, Any]:
        """RFC 3339, in UTC."""
        return {"format": "date-time"}


class _Date(fields.Field[Any]):
    """A date, in words of the language that the context names."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if value is None:
            return None
        date = value if isinstance(value, HistoricDate) else dates.parse(value)
        return dump_date(date, lang=Context.get("en"))

    def described(self) -> dict[str, Any]:
        """As by `dump_date`."""
        date = {"$ref": "#/components/schemas/DateOut"}
        return {"anyOf": [date, {"type": "null"}]} if self.allow_none else date


class DateOut(Schema):
    """What `dump_date` makes."""

    edtf = fields.String(metadata={"format": "edtf"})
    earliest = _OrNull()
    latest = _OrNull()
    approximate = fields.Boolean()
    uncertain = fields.Boolean()
    label = fields.String()


class _SourceOut(Schema):
    url = fields.String()
    title = _OrNull()
    publisher = _OrNull()
    published = _OrNull()


class _LinkOut(Schema):
    rel = fields.String()
    entry = fields.String()


class _MediumOut(Schema):
    url = fields.String()
    alt = _OrNull()
    credit = _OrNull()


class _TranslationOut(Schema):
    title = _OrNull()
    summary = _OrNull()


class EditOut(Schema):
    """A correction or revision, as it stands with its entry."""

    kind = fields.String(metadata={"enum": ["corrected", "revised"]})
    position = fields.Integer()
    version = fields.Integer()
    recorded_at = _Instant()
    said = _Date()
    reason = _OrNull()
    before = fields.Raw(metadata=_OBJECT)
    after = fields.Raw(metadata=_OBJECT)
    label = fields.String()  # added by _dump_change


class EntryOut(Schema):
    """What `dump_entry` makes."""

    id = fields.String()
    version = fields.Integer()
    position = fields.Integer()
    title = fields.String()
    occurred = _Date()
    state = fields.Raw(metadata={"type": "string", "enum": [*map(str, State)]})
    category = _OrNull()
    summary = _OrNull()
    actors = fields.List(fields.String())
    places = fields.List(fields.String())
    tags = fields.List(fields.String())
    importance = fields.Integer()
    awaited = fields.Raw(metadata=_TRUTH)
    scope = _OrNull()
    sources = fields.Nested(_SourceOut(many=True))
    links = fields.Nested(_LinkOut(many=True))
    media = fields.Nested(_MediumOut(many=True))
    lang = _OrNull()
    translations = fields.Dict(values=fields.Nested(_TranslationOut()))
    promised = _Date(allow_none=True)
    said = _Date()
    recorded_at = _Instant()
    updated_at = _Instant()
    corrected = fields.Raw(metadata=_TRUTH)
    ending = _OrNull()
    changes = fields.Function(
        lambda entry: [_dump_change(one, entry) for one in entry.changes],
        metadata={"type": "array", "items": {"$ref": "#/components/schemas/EditOut"}},
    )
    measure = fields.Raw(metadata=_TRUTH)
    state_label = fields.Function(
        lambda entry: tellings.standing_label(entry, Context.get("en")),
        metadata={"type": "string"},
    )
    url = fields.String(metadata={"format": "uri"})  # added by dump_entry


def _dump_change(change: Change, entry: Entry) -> dict[str, Json]:
    words = tellings.change_label(change, Context.get("en"), awaited=entry.awaited)
    return {**_EDIT_OUT.dump(change), "label": words}


class ReceiptOut(Schema):
    """What `dump_receipt` makes."""

    position = fields.Integer()
    id = fields.String()
    entry = fields.String()
    version = fields.Integer()
    type = fields.Function(
        lambda recorded: public_type(recorded.event.type), metadata={"type": "string"}
    )
    recorded_at = _Instant()


class EventOut(ReceiptOut):
    """What `dump_event` makes."""

    author = fields.Raw(metadata={"type": ["string", "null"]})
    data = fields.Function(
        lambda recorded: (
            None if isinstance(recorded.event, Redacted) else data_of(recorded.event)
        ),
        metadata=_OBJECT_OR_NULL,
    )


class ChangeOut(ReceiptOut):
    """What `dump_change` makes."""

    kind = fields.String()
    label = fields.String()
    title = fields.String()
    words = fields.String()
    author = _OrNull()
    before = fields.Raw(metadata=_OBJECT_OR_NULL)
    after = fields.Raw(metadata=_OBJECT_OR_NULL)
    reason = _OrNull()
    said = _Date(allow_none=True)
    sources = fields.List(fields.Raw(metadata=_OBJECT))
    url = fields.String(metadata={"format": "uri"})


class _AheadOut(Schema):
    rel = fields.String()
    entry = fields.Function(lambda acting: acting.entry.id, metadata={"type": "string"})


class InForceOut(Schema):
    """What `dump_in_force` makes."""

    state = fields.Raw(metadata={"type": "string", "enum": [*map(str, Force)]})
    since = _Date(allow_none=True)
    until = _Date(allow_none=True)
    by = fields.Function(
        lambda found: found.by and found.by.id, metadata={"type": ["string", "null"]}
    )
    before_effect = fields.Raw(metadata=_TRUTH)
    ahead = fields.Nested(_AheadOut(), allow_none=True)
    label = fields.String()  # added by dump_in_force


class ViewOut(Schema):
    """What `dump_view` makes."""

    name = fields.String()
    title = fields.String()
    description = _OrNull()
    filter = fields.Raw(metadata=_OBJECT)
    position = fields.Integer()
    updated_at = _Instant()
    url = fields.String(metadata={"format": "uri"})  # added by dump_view


class EntryFullOut(EntryOut):
    """An entry that was asked for by its id."""

    in_force = fields.Nested(InForceOut(), allow_none=True)
    known = fields.String()


class _PageOut(Schema):
    position = fields.Integer()
    known = fields.String()
    next = _OrNull()


class EntriesOut(_PageOut):
    """A page of entries."""

    entries = fields.List(fields.Nested(EntryOut()))


class EventsOut(_PageOut):
    """A page of the log."""

    events = fields.List(fields.Nested(EventOut()))


class ChangesOut(_PageOut):
    """A page of changes."""

    changes = fields.List(fields.Nested(ChangeOut()))


class ViewsOut(_PageOut):
    """All views."""

    views = fields.List(fields.Nested(ViewOut()))


class HealthOut(Schema):
    """That the process answers."""

    status = fields.String(metadata={"enum": ["ok"]})


class ReadinessOut(Schema):
    """How far the read model is."""

    position = fields.Integer()
    head = fields.Integer()
    lag = fields.Integer()


class _FaultOut(Schema):
    pointer = fields.String(metadata={"format": "json-pointer"})
    detail = fields.String()


class ProblemOut(Schema):
    """A refusal, RFC 9457."""

    type = fields.String(metadata={"format": "uri"})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    errors = fields.List(fields.Nested(_FaultOut()))
    expected = fields.Integer()
    actual = fields.Integer()
    position = fields.Integer()
    now = fields.String()


_EDIT_OUT = EditOut()
_ENTRY_OUT = EntryOut()
_EVENT_OUT = EventOut()
_IN_FORCE_OUT = InForceOut()
_VIEW_OUT = ViewOut()


def dump_event(event: RecordedEvent) -> dict[str, Json]:
    """An event of the log; its data as it was given, null once redacted."""
    dumped: dict[str, Json] = _EVENT_OUT.dump(event)
    return dumped


def dump_receipt(event: RecordedEvent) -> dict[str, Json]:
    """What whoever appended *event* is told."""
    # By hand: this stands in the way of every append, and costs a tenth.
    return {
        "position": event.position,
        "id": event.id,
        "entry": event.entry,
        "version": event.version,
        "type": public_type(event.event.type),
        "recorded_at": write_instant(event.recorded_at),
    }


def dump_entry(
    entry: Entry, *, url_of: Callable[[str], str], lang: str = "en"
) -> dict[str, Json]:
    """An entry; its own dates as by `dump_date`, what it quotes of events as given.

    Args:
        entry: The entry.
        url_of: Makes the public address of an entry of its id.
        lang: Of the words: for dates, for how it stands and how it changed.
    """
    with Context(lang):
        return {**_ENTRY_OUT.dump(entry), "url": url_of(entry.id)}


def dump_in_force(found: InForce | None, *, lang: str = "en") -> dict[str, Json] | None:
    """Where a measure stands; None for what is no measure.

    ``by`` is the entry that says so, null if its own date does; ``ahead`` is what is
    announced to change it.
    """
    if found is None:
        return None
    with Context(lang):
        dumped: dict[str, Json] = _IN_FORCE_OUT.dump(found)
        return {**dumped, "label": tellings.force_label(found, lang)}


def dump_change(
    event: RecordedEvent,
    *,
    kind: str,
    label: str,
    title: str,
    words: str,
    before: JsonObject | None,
    after: JsonObject | None,
    url: str,
    lang: str = "en",
) -> dict[str, Json]:
    """An event as a change.

    Args:
        event: The event.
        kind: What it did, by its stable name.
        label: That in words of *lang*.
        title: Of the entry or view as it was right after.
        words: The whole change in one line.
        before: Old values of the changed fields; None: no fields changed.
        after: New values of the same fields.
        url: Where it can be seen as it was right after.
        lang: Of the words.
    """
    fact = event.event
    told = fact if isinstance(fact, EntryEvent) else None
    reason = fact.reason if isinstance(fact, EntryEvent | ViewRemoved) else ""
    return {
        **dump_receipt(event),
        "kind": kind,
        "label": label,
        "title": title,
        "words": words,
        "author": event.author,
        "before": before,
        "after": after,
        "reason": reason or None,
        "said": dump_date(dates.parse(told.said), lang=lang)
        if told and told.said
        else None,
        "sources": told.sources if told else [],
        "url": url,
    }


def dump_view(view: View, *, url_of: Callable[[str], str]) -> dict[str, Json]:
    """A view; *url_of* makes the public address of a view of its name."""
    return {**_VIEW_OUT.dump(view), "url": url_of(view.name)}
