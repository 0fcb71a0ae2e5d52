"""What is told of events, entries and views in JSON. Pure."""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields
from marshmallow.experimental.context import Context

from events import dates
from events.codec import data_of, public_type, write_instant
from events.dates import HistoricDate
from events.model import Json, RecordedEvent, Redacted
from timeline.projections import Entry, View


class _OrNull(fields.String):
    """Text, null where none was given."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value or None


class _Instant(fields.String):
    def _serialize(self, value: Any, *_: Any, **__: Any) -> str:
        return write_instant(value)


class _Date(fields.Dict):
    """A date, in words of the language that the context names."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if value is None:
            return None
        date = value if isinstance(value, HistoricDate) else dates.parse(value)
        return dump_date(date, lang=Context.get("en"))


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


class _ChangeOut(Schema):
    kind = fields.String()
    position = fields.Integer()
    version = fields.Integer()
    recorded_at = _Instant()
    said = _Date()
    reason = _OrNull()
    before = fields.Raw()
    after = fields.Raw()


class _EntryOut(Schema):
    id = fields.String()
    version = fields.Integer()
    position = fields.Integer()
    title = fields.String()
    occurred = _Date()
    state = fields.Raw()
    category = _OrNull()
    summary = _OrNull()
    actors = fields.List(fields.String())
    places = fields.List(fields.String())
    tags = fields.List(fields.String())
    importance = fields.Integer()
    awaited = fields.Raw()
    scope = _OrNull()
    sources = fields.Nested(_SourceOut(many=True))
    links = fields.Nested(_LinkOut(many=True))
    media = fields.Nested(_MediumOut(many=True))
    lang = _OrNull()
    translations = fields.Dict(values=fields.Nested(_TranslationOut()))
    promised = _Date()
    said = _Date()
    recorded_at = _Instant()
    updated_at = _Instant()
    corrected = fields.Raw()
    ending = _OrNull()
    changes = fields.Nested(_ChangeOut(many=True))


class _Receipt(Schema):
    position = fields.Integer()
    id = fields.String()
    entry = fields.String()
    version = fields.Integer()
    type = fields.Function(lambda recorded: public_type(recorded.event.type))
    recorded_at = _Instant()


class _EventOut(_Receipt):
    author = fields.Raw()
    data = fields.Function(
        lambda recorded: (
            None if isinstance(recorded.event, Redacted) else data_of(recorded.event)
        )
    )


class _ViewOut(Schema):
    name = fields.String()
    title = fields.String()
    description = _OrNull()
    filter = fields.Raw()
    position = fields.Integer()
    updated_at = _Instant()


_ENTRY_OUT = _EntryOut()
_EVENT_OUT = _EventOut()
_VIEW_OUT = _ViewOut()


def dump_date(date: HistoricDate, *, lang: str = "en") -> dict[str, Json]:
    """A date as text, as bounds and in words of *lang*."""
    return {
        "edtf": date.edtf,
        "earliest": date.earliest,
        "latest": date.latest,
        "approximate": date.approximate,
        "uncertain": date.uncertain,
        "label": dates.label(date, lang),
    }


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
        lang: Of the words for dates.
    """
    with Context(lang):
        return {**_ENTRY_OUT.dump(entry), "url": url_of(entry.id)}


def dump_view(view: View, *, url_of: Callable[[str], str]) -> dict[str, Json]:
    """A view; *url_of* makes the public address of a view of its name."""
    return {**_VIEW_OUT.dump(view), "url": url_of(view.name)}
