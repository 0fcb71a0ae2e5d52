"""The fold: what an entry or a view is after its events. Pure.

A correction patches the event it corrects and the entry is folded again, so that
correcting an early promise does not undo a later slip (DESIGN.md, section 4).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from events import dates
from events.dates import HistoricDate
from events.model import (
    EntryCancelled,
    EntryCorrected,
    EntryEvent,
    EntryFulfilled,
    EntryPostponed,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    Json,
    JsonObject,
    RecordedEvent,
    Redacted,
    ViewDefined,
    ViewRemoved,
)

VERSION = 1
"""Of these projections: rows made by another version are rebuilt, not read."""

CLOSING_S = 12 * 3600
"""A day has ended everywhere 12 hours after it ended in UTC."""


class State(StrEnum):
    """Where an entry stands, as of the last event that its view has seen."""

    UPCOMING = "upcoming"
    OPEN = "open"
    HAPPENED = "happened"
    OVERDUE = "overdue"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who made it public, and where."""

    url: str
    title: str = ""
    publisher: str = ""
    published: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation to another entry, such as ``amends`` or ``part-of``."""

    rel: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture or recording elsewhere."""

    url: str
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Title and summary in another language; empty where not translated."""

    title: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event that changed what an entry said before.

    Attributes:
        kind: ``corrected`` (we had it wrong) or ``revised`` (the world changed).
        position: Of the event in the log.
        version: Of the entry, made by the event.
        said: Day the source of the change made it public, EDTF.
        before: Old values of the changed fields; None where there was none.
        after: New values of the same fields.
    """

    kind: str
    position: int
    version: int
    recorded_at: datetime
    said: str
    reason: str
    before: JsonObject
    after: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dated happening: the fold of its events up to a position.

    Attributes:
        position: Of its last event.
        occurred: When it happened or is to happen.
        lo, hi: Bounds in seconds from 1970, inclusive; the open start of a promise
            is the day it was said.
        promised: The window that `EntryFulfilled` closed, else None.
        said: Day a source first made it public, EDTF.
        recorded_at: When this service first recorded it.
        updated_at: When it last changed in what a reader sees of it.
        sources: Of all its events in order, each address once.
        changes: Its corrections and revisions, in order.
        ending: Reason of its retraction or cancellation, empty if not given.
        fields: The folded JSON fields, for patching and validation.
    """

    id: str
    version: int
    position: int
    title: str
    occurred: HistoricDate
    lo: int
    hi: int
    state: State
    said: str
    recorded_at: datetime
    updated_at: datetime
    summary: str = ""
    category: str = ""
    actors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    importance: int = 50
    awaited: bool = False
    scope: str = ""
    sources: tuple[Source, ...] = ()
    links: tuple[Link, ...] = ()
    media: tuple[Media, ...] = ()
    lang: str = ""
    translations: Mapping[str, Translation] = field(default_factory=dict)
    promised: HistoricDate | None = None
    changes: tuple[Change, ...] = ()
    ending: str = ""
    fields: JsonObject = field(default_factory=dict)

    @property
    def sort_key(self) -> int:
        """Where it stands on the timeline: dates.md, "Keys, order, overlap"."""
        return self.occurred.sort_key

    @property
    def corrected(self) -> bool:
        """Whether we once had it wrong."""
        return any(change.kind == "corrected" for change in self.changes)

    def words(self) -> tuple[str, str, str]:
        """What a search looks at, in all languages: titles, summaries, names."""
        others = self.translations.values()
        publishers = (source.publisher for source in self.sources)
        return (
            "\n".join((self.title, *(other.title for other in others))),
            "\n".join((self.summary, *(other.summary for other in others))),
            "\n".join((*self.actors, *self.places, *self.tags, *publishers)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A named filter over entries.

    Attributes:
        filter: As it was defined: lists by key.
        removed: It was there once and is no more.
    """

    name: str
    title: str
    description: str
    filter: JsonObject
    position: int
    updated_at: datetime
    removed: bool = False


Row: TypeAlias = Entry | View
"""What the read model keeps, each from its position on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries are wanted: any value of one key, all of different keys.

    Attributes:
        q: Words to be found in title, summary or names: all of them, the last one
            also as a beginning, and those in double quotes side by side.
        start, end: Bounds of a window; an entry is in it if it possibly overlaps
            it (dates.md, "Overlap").
        within: Another filter that has to want the entry as well.
    """

    q: str = ""
    category: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    state: tuple[State, ...] = ()
    start: HistoricDate | None = None
    end: HistoricDate | None = None
    within: "Filter | None" = None

    @property
    def words(self) -> tuple["Words", ...]:
        """What *q* asks for."""
        return words_of(self.q)

    def matches(self, entry: Entry) -> bool:
        """Whether *entry* is wanted."""
        return (
            all(_said(words, entry) for words in self.words)
            and (not self.category or entry.category in self.category)
            and _any(self.actor, entry.actors)
            and _any(self.place, entry.places)
            and _any(self.tag, entry.tags)
            and (not self.state or entry.state in self.state)
            and (self.start is None or entry.hi >= self.start.lo)
            and (self.end is None or entry.lo <= self.end.hi)
            and (self.within is None or self.within.matches(entry))
        )


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand side by side in a text, as they are searched for.

    Attributes:
        tokens: Folded: without case and accents.
        begun: The last one may go on.
    """

    tokens: tuple[str, ...]
    begun: bool = False


_QUOTED = re.compile(r'"([^"]*)"?|([^\s"]+)')


def words_of(q: str) -> tuple[Words, ...]:
    """The words and quoted phrases of a search; its last bare word may go on."""
    found: list[Words] = []
    for quoted, bare in _QUOTED.findall(q):
        if tokens := tokens_of(quoted or bare):
            found.append(Words(tokens))
    if found and q[-1:].strip(' "'):
        found[-1] = replace(found[-1], begun=True)
    return tuple(found)


def tokens_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded as the index of the read model folds them.

    https://sqlite.org/fts5.html#unicode61_tokenizer
    """
    plain = unicodedata.normalize("NFD", text)
    return tuple(
        "".join(
            char if unicodedata.category(char)[0] in "LN" else " "
            for char in plain
            if unicodedata.category(char) != "Mn"
        )
        .lower()
        .split()
    )


def _said(words: Words, entry: Entry) -> bool:
    return any(_stands(words, tokens_of(text)) for text in entry.words())


def _stands(words: Words, tokens: Sequence[str]) -> bool:
    length = len(words.tokens)
    for at in range(len(tokens) - length + 1):
        if tuple(tokens[at : at + length]) == words.tokens:
            return True
        if (
            words.begun
            and tuple(tokens[at : at + length - 1]) == words.tokens[:-1]
            and tokens[at + length - 1].startswith(words.tokens[-1])
        ):
            return True
    return False


def match_key(text: str) -> str:
    """Actors, places and tags with the same key are the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _any(wanted: Sequence[str], found: Sequence[str]) -> bool:
    return not wanted or not {*map(match_key, wanted)}.isdisjoint(map(match_key, found))


class RefusedError(Exception):
    """The event makes no sense for the entry as it stands; nothing was stored.

    Attributes:
        code: ``no-such-entry``, ``no-such-view``, ``not-possible`` or ``bad-field``.
        detail: Why, and what to do instead.
        pointer: JSON pointer of what is wrong, below the event.
        index: Place of the event in its batch, from 0.
    """

    def __init__(self, code: str, detail: str, *, pointer: str, index: int = 0) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.index = index

    def at(self, index: int) -> "RefusedError":
        """The same refusal of an event at *index* of its batch."""
        return RefusedError(self.code, self.detail, pointer=self.pointer, index=index)


def merge_patch(target: Json, patch: Json) -> Json:
    """RFC 7396 section 2."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


# -- entries -------------------------------------------------------------------


@dataclass(slots=True)
class _Told:
    """One event as the fold keeps it: what it tells, as corrected so far.

    Attributes:
        said: As told or, if it was not, the day of recording.
        patch: What it sets of the entry's fields; empty for a correction, whose
            changes are in the patch of the event it corrects.
        corrects: The version that a correction has patched, else None.
        window_set: It set the bounds, of its own or by correcting them.
    """

    version: int
    recorded_at: datetime
    event: EntryEvent
    said: str
    sources: Sequence[JsonObject]
    patch: dict[str, Json]
    corrects: int | None = None
    window_set: bool = False


def entry_versions(events: Sequence[RecordedEvent]) -> Iterator[Entry]:
    """The entry after each of its *events*, which are all of them from the first.

    A redacted event tells nothing, so nothing is yielded for it; an entry whose
    first event was redacted begins where a later one gives it a title and a date.
    """
    told: list[_Told] = []
    changes: list[Change] = []
    before: Entry | None = None
    for recorded in events:
        event = recorded.event
        if isinstance(event, Redacted | ViewDefined | ViewRemoved):
            continue
        fact = _tell(told, recorded, event)
        target = next((one for one in told if one.version == fact.corrects), None)
        if (change := _change(fact, target, recorded, before)) is not None:
            changes.append(change)
        if target is not None and isinstance(event, EntryCorrected):
            _correct(target, event.changes)
        told.append(fact)
        entry = _entry_of(told, recorded, tuple(changes))
        if entry is None:
            continue
        if before is not None:
            entry = replace(
                entry,
                recorded_at=before.recorded_at,
                updated_at=before.updated_at
                if _seen(before) == _seen(entry)
                else entry.updated_at,
            )
        before = entry
        yield entry


def corrected_versions(events: Sequence[RecordedEvent]) -> dict[int, int]:
    """By version of a correction, the version that it is about."""
    told: list[_Told] = []
    found: dict[int, int] = {}
    for recorded in events:
        event = recorded.event
        if isinstance(event, Redacted | ViewDefined | ViewRemoved):
            continue
        fact = _tell(told, recorded, event)
        if fact.corrects is not None:
            found[recorded.version] = fact.corrects
            target = next(one for one in told if one.version == fact.corrects)
            if isinstance(event, EntryCorrected):
                _correct(target, event.changes)
        told.append(fact)
    return found


def fold(events: Sequence[RecordedEvent]) -> Entry | None:
    """The entry after all of its *events*; None if they make none."""
    entry = None
    for entry in entry_versions(events):  # noqa: B007 (the last one is wanted)
        pass
    return entry


def _tell(
    earlier: Sequence[_Told], recorded: RecordedEvent, event: EntryEvent
) -> _Told:
    told = _Told(
        version=recorded.version,
        recorded_at=recorded.recorded_at,
        event=event,
        said=event.said or dates.from_instant(recorded.recorded_at).edtf,
        sources=event.sources,
        patch={},
    )
    match event:
        case EntryRecorded(fields=fields):
            told.patch = dict(fields)
        case EntryRevised(changes=changes):
            told.patch = dict(changes)
        case EntryFulfilled(occurred=occurred):
            told.patch = {"occurred": occurred}
        case EntryCorrected(changes=changes):
            told.window_set = "occurred" in changes or "said" in changes
            if (target := _corrected(earlier, event)) is not None:
                told.corrects = target.version
        case EntryPostponed() | EntryCancelled() | EntryRetracted():
            pass
        case unreachable:
            assert_never(unreachable)
    told.window_set = told.window_set or "occurred" in told.patch
    return told


def _corrected(earlier: Sequence[_Told], event: EntryCorrected) -> _Told | None:
    """The event that a correction is about; None if there is no such version."""
    by_version = {told.version: told for told in earlier}
    if event.corrects is not None:
        named = by_version.get(event.corrects)
        if named is not None and named.corrects is not None:
            return by_version[named.corrects]
        return named
    facts = [told for told in earlier if told.corrects is None]
    for told in reversed(facts):
        if not event.changes.keys().isdisjoint(told.patch):
            return told
    return facts[0] if facts else None


def _change(
    fact: _Told, target: _Told | None, recorded: RecordedEvent, entry: Entry | None
) -> Change | None:
    """What *fact* changes; a correction changes what *target* has told."""
    shown = entry.fields if entry is not None else {}
    match fact.event:
        case EntryCorrected(changes=changes) if target is not None:
            kind = "corrected"
            told = {**shown, **target.patch}
            before = {name: told.get(name) for name in changes}
            if "said" in changes:
                before["said"] = target.said
            if "sources" in changes:
                before["sources"] = target.sources
        case EntryRevised(changes=changes):
            kind = "revised"
            before = {name: shown.get(name) for name in changes}
        case _:
            return None
    return Change(
        kind=kind,
        position=recorded.position,
        version=recorded.version,
        recorded_at=recorded.recorded_at,
        said=fact.said,
        reason=fact.event.reason,
        before=before,
        after=dict(changes),
    )


_OF_THE_EVENT = frozenset({"said", "sources"})


def _correct(target: _Told, changes: JsonObject) -> None:
    said, sources = changes.get("said"), changes.get("sources")
    if isinstance(said, str):
        target.said = said
    if "sources" in changes:
        target.sources = _objects(sources)
    fields = {k: v for k, v in changes.items() if k not in _OF_THE_EVENT}
    target.patch = _compose(target.patch, fields)


def _compose(patch: JsonObject, later: JsonObject) -> dict[str, Json]:
    """One merge patch that does what *patch* and then *later* would do."""
    composed = dict(patch)
    for name, value in later.items():
        earlier = composed.get(name)
        if isinstance(earlier, Mapping) and isinstance(value, Mapping):
            composed[name] = _compose(earlier, value)
        else:
            composed[name] = value
    return composed


def _entry_of(
    told: Sequence[_Told], recorded: RecordedEvent, changes: tuple[Change, ...]
) -> Entry | None:
    fields: dict[str, Json] = {}
    promised: str | None = None
    resolution: State | None = None
    ending = ""
    window_said = told[0].said
    window_at = told[0].recorded_at
    for one in told:
        if one.window_set:
            window_at = one.recorded_at
        if "occurred" in one.patch:
            window_said = one.said
        match one.event:
            case EntryFulfilled():
                promised = str(fields["occurred"]) if "occurred" in fields else None
                resolution = State.HAPPENED
            case EntryRevised() if "occurred" in one.patch:
                resolution = None  # a new date takes back a postponement
            case EntryPostponed():
                resolution = State.POSTPONED
            case EntryCancelled(reason=ending):
                resolution = State.CANCELLED
            case EntryRetracted(reason=ending):
                resolution = State.RETRACTED
        patched = merge_patch(fields, one.patch)
        fields = patched if isinstance(patched, dict) else {}
    if "title" not in fields or "occurred" not in fields:
        return None

    got = _Fields(fields)
    occurred = dates.parse(got.text("occurred"))
    lo, hi = occurred.window(dates.parse(window_said))
    awaited = got.flag("awaited")
    return Entry(
        id=recorded.entry,
        version=recorded.version,
        position=recorded.position,
        title=got.text("title"),
        occurred=occurred,
        lo=lo,
        hi=hi,
        state=resolution or _state(lo, hi, window_at, awaited=awaited),
        said=told[0].said,
        recorded_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
        summary=got.text("summary"),
        category=got.text("category"),
        actors=got.texts("actors"),
        places=got.texts("places"),
        tags=got.texts("tags"),
        importance=got.number("importance", default=50),
        awaited=awaited,
        scope=got.text("scope"),
        sources=_sources(source for one in told for source in one.sources),
        links=tuple(
            Link(rel=link.text("rel"), entry=link.text("entry"))
            for link in got.objects("links")
        ),
        media=tuple(
            Media(url=one.text("url"), alt=one.text("alt"), credit=one.text("credit"))
            for one in got.objects("media")
        ),
        lang=got.text("lang"),
        translations={
            lang: Translation(title=one.text("title"), summary=one.text("summary"))
            for lang, one in got.named_objects("translations")
        },
        promised=dates.parse(promised) if promised else None,
        changes=changes,
        ending=ending,
        fields=fields,
    )


def _state(lo: int, hi: int, at: datetime, *, awaited: bool) -> State:
    """Against the window, as of the instant at which its bounds were set."""
    now_s = at.timestamp()
    if now_s < lo:
        return State.UPCOMING
    if hi == dates.OPEN or now_s <= hi + CLOSING_S:
        return State.OPEN
    return State.OVERDUE if awaited else State.HAPPENED


def _seen(entry: Entry) -> tuple[object, ...]:
    """What has to change for a subscriber to be told (RFC 4287 4.2.15)."""
    return (
        entry.title,
        entry.occurred,
        entry.state,
        entry.summary,
        entry.category,
        entry.sources,
        entry.ending,
        entry.translations,
    )


def _sources(objects: Iterable[JsonObject]) -> tuple[Source, ...]:
    """Each address once, in the order of the events."""
    sources: dict[str, Source] = {}
    for one in map(_Fields, objects):
        sources.setdefault(
            one.text("url"),
            Source(
                url=one.text("url"),
                title=one.text("title"),
                publisher=one.text("publisher"),
                published=one.text("published") or None,
            ),
        )
    return tuple(sources.values())


def _objects(value: Json) -> list[JsonObject]:
    if not isinstance(value, list | tuple):
        return []
    return [one for one in value if isinstance(one, Mapping)]


class _Fields:
    """JSON that was checked at the door, read with its types."""

    __slots__ = ("_fields",)

    def __init__(self, fields: JsonObject) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return self._fields.get(name) is True

    def number(self, name: str, *, default: int) -> int:
        value = self._fields.get(name)
        return value if isinstance(value, int) else default

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._fields.get(name)
        if not isinstance(value, list | tuple):
            return ()
        return tuple(one for one in value if isinstance(one, str))

    def objects(self, name: str) -> "list[_Fields]":
        return [_Fields(one) for one in _objects(self._fields.get(name))]

    def named_objects(self, name: str) -> "list[tuple[str, _Fields]]":
        value = self._fields.get(name)
        if not isinstance(value, Mapping):
            return []
        return [
            (key, _Fields(one)) for key, one in value.items() if isinstance(one, dict)
        ]


# -- what makes sense ------------------------------------------------------------

_UNRESOLVED = frozenset({State.UPCOMING, State.OPEN, State.OVERDUE, State.POSTPONED})


def check(history: Sequence[RecordedEvent], event: EntryEvent) -> None:
    """Whether *event* makes sense after *history*, all events of its entry.

    Raises:
        RefusedError: It does not; the detail says why and what to do.
    """
    if isinstance(event, EntryRecorded):
        return  # the log itself refuses a second first event
    entry = fold(history)
    if entry is None:
        raise RefusedError(
            "no-such-entry",
            "There is no such entry: record it first with entry-recorded.",
            pointer="/entry",
        )
    if entry.state is State.RETRACTED and not isinstance(event, EntryCorrected):
        raise RefusedError(
            "not-possible",
            "The entry was retracted, so it can only be corrected.",
            pointer="/type",
        )
    match event:
        case EntryCorrected():
            known = [r for r in history if not isinstance(r.event, Redacted)]
            if event.corrects is not None and event.corrects not in {
                recorded.version for recorded in known
            }:
                raise RefusedError(
                    "bad-field",
                    f"There is no version {event.corrects} to correct; "
                    f"the entry is at version {entry.version}.",
                    pointer="/data/corrects",
                )
        case EntryFulfilled():
            if not entry.awaited:
                raise RefusedError(
                    "not-possible",
                    "Only what is awaited can be fulfilled; to give another date "
                    "use entry-revised or entry-corrected.",
                    pointer="/type",
                )
            if entry.state not in _UNRESOLVED:
                raise RefusedError(
                    "not-possible",
                    f"The entry is resolved already (state: {entry.state}). "
                    "If that was wrong, use entry-corrected.",
                    pointer="/type",
                )
        case EntryPostponed() | EntryCancelled():
            if entry.state not in _UNRESOLVED:
                raise RefusedError(
                    "not-possible",
                    f"The entry is resolved already (state: {entry.state}).",
                    pointer="/type",
                )
        case EntryRevised() | EntryRetracted():
            pass
        case unreachable:
            assert_never(unreachable)


# -- rows ------------------------------------------------------------------------


def view_of(recorded: RecordedEvent, earlier: View | None) -> View | None:
    """The view after an event of its stream; None if the event tells nothing."""
    match recorded.event:
        case ViewDefined(name=name, title=title, filter=selected):
            return View(
                name=name,
                title=title,
                description=recorded.event.description,
                filter=selected,
                position=recorded.position,
                updated_at=recorded.recorded_at,
            )
        case ViewRemoved() if earlier is not None:
            return replace(
                earlier,
                position=recorded.position,
                updated_at=recorded.recorded_at,
                removed=True,
            )
        case _:
            return None
