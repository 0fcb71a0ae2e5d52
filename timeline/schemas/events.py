"""The events that may be appended: what each says and how it is told. Pure."""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields
from slugify import slugify

from events.codec import CURRENT_TYPES, event_of
from events.model import (
    VIEW_PREFIX,
    EntryRecorded,
    Event,
    Json,
    JsonObject,
    ViewDefined,
    ViewRemoved,
)
from timeline.schemas.body import parse_json
from timeline.schemas.fields import (
    MESSAGES,
    Checked,
    Edtf,
    Flag,
    Lang,
    Matching,
    Names,
    Nested,
    Object,
    OneOf,
    Text,
    Url,
    Whole,
    load,
    objects,
    slug,
)
from timeline.schemas.queries import FILTER
from timeline.schemas.refusals import MAX_ERRORS, BodyError, FieldError, FieldsError

MAX_EVENTS = 10_000
"""Events of one append: they share one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An event that somebody wants in the log; see `NewEvent`.

    Attributes:
        id: None: any.
        entry: None: to be made from the title.
    """

    id: str | None
    entry: str | None
    event: Event
    expected_version: int | None


_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_STREAM = re.compile(rf"(?:{VIEW_PREFIX})?[a-z0-9-]{{1,80}}")


class _Source(Object):
    url = Url(required=True)
    title = Text(500)
    publisher = Text(200)
    published = Edtf()


class _Link(Object):
    rel = slug(required=True)
    entry = slug(required=True)


class _Medium(Object):
    url = Url(required=True)
    alt = Text(1_000)
    credit = Text(200)


class _Translation(Object):
    title = Text(200, empty=False)
    summary = Text(10_000, lines=True)


def _nullable(original: fields.Field[Any], *, keep: bool = False) -> fields.Field[Any]:
    """The same field in a merge patch; unless it is to be kept, null removes it."""
    patch = copy.copy(original)
    patch.required = False
    patch.allow_none = not keep
    if keep:
        patch.error_messages = {
            **patch.error_messages,
            "null": "This field cannot be removed.",
        }
    return patch


_TRANSLATION = _Translation()
_TRANSLATION_PATCH = Object.from_dict(
    {name: _nullable(one) for name, one in _Translation._declared_fields.items()},
    name="TranslationPatch",
)()


class _WholeTranslation(Nested):
    """A translation that is no patch."""

    def described(self) -> dict[str, Any]:
        """Not empty."""
        return {"minProperties": 1}


class _Translations(Checked, fields.Dict):
    """Title, summary or both, by language.

    Args:
        patch: It is a merge patch: null removes a language, or a part of it.
    """

    def __init__(self, *, patch: bool = False, **options: Any) -> None:
        part = Nested(_TRANSLATION_PATCH, allow_none=True)
        super().__init__(
            values=part if patch else _WholeTranslation(_TRANSLATION), **options
        )
        self._patch = patch

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError(MESSAGES["type"])
        if len(value) > 50:
            raise ValidationError(f"At most 50 languages, not {len(value):,}.")
        translations: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for lang, one in value.items():
            try:
                tag = str(_LANG_FIELD.deserialize(lang))
                if tag in translations:
                    raise ValidationError(f"{tag} stands here twice.")
                translations[tag] = self._one(one)
            except ValidationError as error:
                wrong[lang] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return translations

    def _one(self, value: Any) -> Any:
        if self._patch:
            return None if value is None else _TRANSLATION_PATCH.load(value)
        translation = _TRANSLATION.load(value)
        if not translation:
            raise ValidationError("A title, a summary or both are wanted here.")
        return translation

    def described(self) -> dict[str, Any]:
        """Languages by their tags."""
        return {"propertyNames": _LANG_FIELD.described(), "maxProperties": 50}


_LANG_FIELD = Lang()


class _Beside(Checked):
    """Belongs to the event, not to what it changes."""

    def _deserialize(self, *_: Any, **__: Any) -> None:
        raise ValidationError(
            "This tells of the event itself: put it beside changes, not into them."
        )

    def described(self) -> dict[str, Any]:
        """Nothing is right."""
        return {"not": {}}


class _Entry(Object):
    title = Text(200, empty=False, required=True)
    occurred = Edtf(required=True)
    summary = Text(10_000, lines=True)
    category = slug()
    actors = Names()
    places = Names()
    tags = Names()
    importance = Whole(0, 100)
    awaited = Flag()
    measure = Flag()
    scope = Text(200)
    links = objects(_Link)
    media = objects(_Medium)
    lang = Lang()
    translations = _Translations()


_KEPT = frozenset({"title", "occurred"})
_PATCH: dict[str, fields.Field[Any]] = {
    **{
        name: _nullable(one, keep=name in _KEPT)
        for name, one in _Entry._declared_fields.items()
    },
    "translations": _Translations(patch=True, allow_none=True),
}


class _Told(Object):
    said = Edtf()
    sources = objects(_Source)
    reason = Text(2_000, lines=True)


class _Changes(Nested):
    def __init__(self, name: str, **more: fields.Field[Any]) -> None:
        changes = Object.from_dict({**_PATCH, **more}, name=name)
        super().__init__(changes(), required=True)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> Any:
        if value == {}:
            raise ValidationError("Nothing is changed: say what is.")
        return super()._deserialize(value, *args, **options)

    def described(self) -> dict[str, Any]:
        """Not empty."""
        return {"minProperties": 1}


def _required_reason() -> Text:
    return Text(2_000, lines=True, empty=False, required=True)


class _Recorded(_Entry, _Told):
    pass


class _Corrected(_Told):
    reason = _required_reason()
    # The fold cannot take back a day that was said; only give another.
    changes = _Changes(
        "Correction",
        said=_nullable(Edtf(), keep=True),
        sources=objects(_Source, allow_none=True),
        reason=_Beside(),
    )
    corrects = Whole(1)


class _Revised(_Told):
    changes = _Changes("Revision", said=_Beside(), sources=_Beside(), reason=_Beside())


class _Fulfilled(_Told):
    occurred = Edtf(required=True)


class _Retracted(_Told):
    reason = _required_reason()


class _Defined(Object):
    name = slug(required=True)
    title = Text(200, empty=False, required=True)
    description = Text(2_000, lines=True)
    filter = Nested(FILTER, required=True)  # the page's own parameters as lists


class _Removed(Object):
    name = slug(required=True)
    reason = Text(2_000, lines=True)


DATA: Mapping[str, Schema] = {
    "entry-recorded": _Recorded(),
    "entry-corrected": _Corrected(),
    "entry-revised": _Revised(),
    "entry-postponed": _Told(),
    "entry-fulfilled": _Fulfilled(),
    "entry-cancelled": _Told(),
    "entry-retracted": _Retracted(),
    "view-defined": _Defined(),
    "view-removed": _Removed(),
}
_OF_THE_SERVICE = frozenset({"window-opened", "window-closed", "event-redacted"})


class _Type(OneOf):
    def _deserialize(self, value: Any, *args: Any, **options: Any) -> str:
        if isinstance(value, str) and value in _OF_THE_SERVICE:
            raise ValidationError(f"{value} is appended by the service itself only.")
        return super()._deserialize(value, *args, **options)


class _Envelope(Object):
    id = Matching(_ID, "An id has 1 to 128 of A-Z, a-z, 0-9 and . _ : -")
    type = _Type(tuple(DATA), required=True)
    entry = Matching(_STREAM, "An entry is a slug: 1 to 80 of a-z, 0-9 and hyphen.")
    expected_version = Whole(0)
    data = fields.Raw(allow_none=True)  # the schema of its type reads it


ENVELOPE = _Envelope()
_ENTRY = _Entry()


def parse_append(raw: bytes, *, lines: bool = False) -> tuple[list[Wanted], bool]:
    """The events that a body asks to append, and whether they came as a list.

    Args:
        raw: The body.
        lines: It is NDJSON: one event a line, blank lines aside; always a list.

    Raises:
        BodyError: It is not JSON.
        FieldsError: Events are wrong; pointers start with the event's place in the
            list, from 0, if it was one.
    """
    if lines:
        numbered = _numbered_lines(raw)
        given: Json = [value for _, value in numbered]
        words = [f"Line {number}: " for number, _ in numbered]
    else:
        given = parse_json(raw)
        words = []
    if not isinstance(given, list):
        wanted, errors = _parse_event(given)
        if wanted is None:
            raise FieldsError(errors)
        return [wanted], False
    if not 0 < len(given) <= MAX_EVENTS:
        raise FieldsError(
            [
                FieldError(
                    "", f"1 to {MAX_EVENTS:,} events are wanted, not {len(given):,}."
                )
            ]
        )
    batch: list[Wanted] = []
    wrong: list[FieldError] = []
    for index, one in enumerate(given):
        wanted, errors = _parse_event(one)
        if wanted is not None:
            batch.append(wanted)
        line = words[index] if words else ""
        wrong += (FieldError(f"/{index}{e.pointer}", line + e.detail) for e in errors)
        if len(wrong) >= MAX_ERRORS:
            break
    if wrong:
        raise FieldsError(wrong[:MAX_ERRORS])
    return batch, True


def _numbered_lines(raw: bytes) -> list[tuple[int, Json]]:
    numbered: list[tuple[int, Json]] = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip(b" \t\r"):
            continue
        try:
            numbered.append((number, parse_json(line)))
        except BodyError as error:
            raise BodyError(f"Line {number}: {error}") from None
        except FieldsError as error:
            raise FieldsError(
                [
                    FieldError(
                        f"/{len(numbered)}{one.pointer}", f"Line {number}: {one.detail}"
                    )
                    for one in error.errors
                ]
            ) from None
    return numbered


def _parse_event(given: Json) -> tuple[Wanted | None, list[FieldError]]:
    """The event, or all that is wrong with it."""
    envelope, errors = load(ENVELOPE, given)
    kind = envelope.get("type")
    if kind is None:
        return None, errors
    data, wrong = load(DATA[kind], envelope.get("data", {}), at="/data")
    errors += wrong
    entry = envelope.get("entry")
    if kind.startswith("view-"):
        if isinstance(data.get("name"), str):
            stream = VIEW_PREFIX + data["name"]
            if entry not in (None, stream):
                errors.append(FieldError("/entry", f"Leave it out, or give {stream}."))
            entry = stream
    elif entry is None:
        if kind != "entry-recorded" and "entry" not in _mapping(given):
            errors.append(FieldError("/entry", "Say which entry it is about."))
    elif entry.startswith(VIEW_PREFIX):
        errors.append(FieldError("/entry", f"{kind} is about an entry, not a view."))
    else:
        errors += _links_to(entry, data, at="/data")
        errors += _links_to(entry, _mapping(data.get("changes")), at="/data/changes")
    if errors:
        return None, sorted(errors, key=lambda error: error.pointer)[:MAX_ERRORS]
    return (
        Wanted(
            id=envelope.get("id"),
            entry=entry,
            event=event_of(CURRENT_TYPES[kind], data),
            expected_version=envelope.get("expected_version"),
        ),
        [],
    )


def _links_to(entry: str, fields: JsonObject, *, at: str) -> list[FieldError]:
    """The links among *fields* that lead back to *entry* itself.

    A link to an entry that is not there is let through: it may be recorded later.
    """
    links = fields.get("links")
    if not isinstance(links, list):
        return []
    return [
        FieldError(f"{at}/links/{index}/entry", "An entry is not linked to itself.")
        for index, link in enumerate(links)
        if isinstance(link, Mapping) and link.get("entry") == entry
    ]


def _mapping(given: Json) -> JsonObject:
    return given if isinstance(given, Mapping) else {}


def check_fields(fields: JsonObject, *, index: int) -> None:
    """Refuse what a change would leave an entry with, if it makes no entry.

    Args:
        fields: Of the entry after the change.
        index: Of the change in its batch.

    Raises:
        FieldsError: Pointers start from the change: ``/data/changes/title``.
    """
    _, errors = load(_ENTRY, fields, at="/data/changes")
    if errors:
        raise FieldsError(errors, index=index)


def entry_name(event: Event) -> str:
    """The stream of an event that came without one: from its title.

    Raises:
        FieldsError: The event is about an entry that is there, so it has to say
            which.
    """
    match event:
        case EntryRecorded(fields={"title": str(title)}):
            return slugify(title, max_length=76, word_boundary=True) or "entry"
        case ViewDefined(name=name) | ViewRemoved(name=name):
            return VIEW_PREFIX + name
        case _:
            raise FieldsError([FieldError("/entry", "Say which entry it is about.")])
