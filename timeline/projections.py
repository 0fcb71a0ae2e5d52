"""The fold: what an entry or a view is after its events. Pure.

A correction patches the event it corrects and the entry is folded again, so that
correcting an early promise does not undo a later slip (DESIGN.md, section 4).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
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
    WindowClosed,
    WindowEvent,
    WindowOpened,
)

VERSION = 2
"""Of these projections: rows made by another version are rebuilt, not read."""

CLOSING_S = 12 * 3600
"""A day has ended everywhere 12 hours after it ended in UTC."""


class State(StrEnum):
    """Where an entry stands at the moment of its view."""

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
        settled: An event says how it stands, whatever its window.
        measure: A rule or the like, which is in force or is not.
        set_by: Version of the event that set its window.
        promised: The window that `EntryFulfilled` closed, else None.
        said: Day a source first made it public, EDTF.
        recorded_at: When this service first recorded it.
        updated_at: When it last changed in what a reader sees of it.
        updated_position: Of the event by which it did.
        sources: Of all its events in order, each address once.
        changes: Its corrections and revisions, in order.
        ending: Reason of its retraction or cancellation, empty if not given.
        ended: Day on which its cancellation or postponement was said, EDTF; else empty.
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
    settled: bool
    set_by: int
    said: str
    recorded_at: datetime
    updated_at: datetime
    updated_position: int
    summary: str = ""
    category: str = ""
    actors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    importance: int = 50
    awaited: bool = False
    measure: bool = False
    scope: str = ""
    sources: tuple[Source, ...] = ()
    links: tuple[Link, ...] = ()
    media: tuple[Media, ...] = ()
    lang: str = ""
    translations: Mapping[str, Translation] = field(default_factory=dict)
    promised: HistoricDate | None = None
    changes: tuple[Change, ...] = ()
    ending: str = ""
    ended: str = ""
    fields: JsonObject = field(default_factory=dict)

    @property
    def sort_key(self) -> int:
        """Where it stands on the timeline: dates.md, "Keys, order, overlap"."""
        return self.occurred.sort_key

    @property
    def corrected(self) -> bool:
        """Whether we once had it wrong."""
        return any(change.kind == "corrected" for change in self.changes)

    @property
    def due(self) -> int | None:
        """Second from 1970 at which its window opens or closes next.

        None for what has been closed or resolved, or never closes.
        """
        match self.state:
            case State.UPCOMING:
                return self.lo
            case State.OPEN if self.hi != dates.OPEN:
                return _closes_s(self.occurred, self.hi)
            case _:
                return None

    def due_event(self) -> WindowEvent:
        """What is to be appended when it is `due`."""
        if self.state is State.UPCOMING:
            first = self.occurred.earliest or dates.day_of(self.lo)
            return WindowOpened(bound=first, set_by=self.set_by)
        return WindowClosed(bound=self.occurred.latest or "", set_by=self.set_by)

    def state_on(self, day: int) -> State:
        """Where it stands for those who know what was said up to *day*, from 1970.

        A window is closed if its last day is before that day, open if it is in it.
        """
        if self.settled:
            return self.state
        if (day + 1) * dates.DAY_S <= self.lo:
            return State.UPCOMING
        if day * dates.DAY_S <= self.hi:
            return State.OPEN
        return State.OVERDUE if self.awaited else State.HAPPENED

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


@dataclass(frozen=True, slots=True)
class Version:
    """What an entry is from one moment to another.

    Attributes:
        days: [from, to) of the days from 1970 on which the public knew just this;
            None if it never did: said out of order, or corrected since.
    """

    entry: Entry
    days: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Versions:
    """All that the read model keeps of one entry.

    Attributes:
        shown: After each of its events, in order.
        known: What was known on some days, but was never shown just so.
    """

    shown: Sequence[Version]
    known: Sequence[Version]


Row: TypeAlias = Versions | View
"""What the read model keeps."""

NEVER = 2**62
"""Day or position at which that ends which is still so."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment right after the event at *position*: what this service showed."""

    position: int


@dataclass(frozen=True, slots=True)
class Known:
    """A *day*, from 1970: what the public knew when it ended."""

    day: int


Moment: TypeAlias = AsOf | Known


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
        correction: What it changed, if it is a correction.
        window_set: It set the bounds, of its own or by correcting them.
    """

    position: int
    version: int
    recorded_at: datetime
    event: EntryEvent | WindowEvent
    said: str
    sources: Sequence[JsonObject]
    patch: dict[str, Json]
    corrects: int | None = None
    correction: Change | None = None
    window_set: bool = False

    @property
    def said_day(self) -> int:
        """Last day, from 1970, on which it was made public."""
        return dates.parse(self.said).hi // dates.DAY_S


_OF_THE_EVENT = frozenset({"said", "sources"})
_OF_THE_WINDOW = frozenset({"said", "occurred"})


def _is_fact(one: _Told) -> bool:
    """Whether it tells of the world, not of what we had wrong or of the clock."""
    return not isinstance(
        one.event, EntryCorrected | EntryRetracted | WindowOpened | WindowClosed
    )


class _Story:
    """All that the events of one entry have told."""

    def __init__(self) -> None:
        self.told: list[_Told] = []
        self._fold = _Fold()

    def add(self, recorded: RecordedEvent) -> bool:
        """Take in the next event; False if it tells nothing, as it was redacted."""
        event = recorded.event
        if isinstance(event, Redacted | ViewDefined | ViewRemoved):
            return False
        fact = _tell(recorded, event)
        if (
            isinstance(event, EntryCorrected)
            and (target := _corrected(self.told, event)) is not None
        ):
            fact.corrects = target.version
            fact.correction = _correction(fact, event, target, self._fold.fields)
            _correct(target, event.changes)
            self._fold = _Fold()
            for earlier in self.told:
                self._fold.add(earlier)
        self.told.append(fact)
        self._fold.add(fact)
        return True

    def entry(self, entry_id: str) -> Entry | None:
        """The entry after the last event; None if they make none."""
        return self._fold.entry(entry_id)

    def known(self, entry_id: str) -> Iterator[tuple[int, Entry]]:
        """From which day, from 1970, the public knew what; in order.

        Each event counts from the day it was said, as corrected since. What was
        retracted should never have been listed, so it is struck from the start.
        """
        facts = [one for one in self.told if _is_fact(one)]
        hindsight = [
            one
            for one in self.told
            if isinstance(one.event, EntryCorrected | EntryRetracted)
        ]
        facts.sort(key=lambda one: (one.said_day, one.version))
        fold = _Fold()
        for day, said_then in groupby(facts, key=lambda one: one.said_day):
            for one in said_then:
                fold.add(one)
            seen = fold.copy()
            for one in hindsight:
                if one.corrects is None or one.corrects in fold.versions:
                    seen.add(one)
            entry = seen.entry(entry_id)
            if entry is not None:
                yield day, entry


def entry_versions(events: Sequence[RecordedEvent]) -> Iterator[Entry]:
    """The entry after each of its *events*, which are all of them from the first.

    A redacted event tells nothing, so nothing is yielded for it; an entry whose
    first event was redacted begins where a later one gives it a title and a date.
    """
    return _shown(_Story(), events)


def _shown(story: _Story, events: Sequence[RecordedEvent]) -> Iterator[Entry]:
    before: Entry | None = None
    for recorded in events:
        if not story.add(recorded):
            continue
        entry = story.entry(recorded.entry)
        if entry is None:
            continue
        if before is not None and _seen(before) == _seen(entry):
            entry = replace(
                entry,
                updated_at=before.updated_at,
                updated_position=before.updated_position,
            )
        before = entry
        yield entry


def versions_of(events: Sequence[RecordedEvent]) -> Versions:
    """What the read model keeps of an entry after all of its *events*."""
    story = _Story()
    shown = list(_shown(story, events))
    if len(shown) == len(story.told) == 1:  # most entries, and nothing to find out
        return Versions([Version(shown[0], (story.told[0].said_day, NEVER))], [])
    known = list(story.known(shown[-1].id)) if shown else []
    ends = [day for day, _ in known[1:]] + [NEVER]
    # What was known is mostly what was shown as well, so it needs no row of its own.
    days: dict[int, tuple[int, int]] = {}
    others: list[Version] = []
    for (first, entry), end in zip(known, ends, strict=True):
        same = next(
            (
                one
                for one in reversed(shown)
                if one.version not in days and _is_known_as(entry, one)
            ),
            None,
        )
        if same is None:
            others.append(Version(entry, (first, end)))
        else:
            days[same.version] = (first, end)
    return Versions([Version(one, days.get(one.version)) for one in shown], others)


def _is_known_as(known: Entry, shown: Entry) -> bool:
    """Whether both tell the same, but for when it was recorded and the clock."""
    if known.settled != shown.settled or len(known.changes) != len(shown.changes):
        return False
    return shown == replace(
        known,
        version=shown.version,
        position=shown.position,
        state=known.state if known.settled else shown.state,
        set_by=shown.set_by,
        recorded_at=shown.recorded_at,
        updated_at=shown.updated_at,
        updated_position=shown.updated_position,
    )


def told_by(events: Sequence[RecordedEvent], day: int) -> list[RecordedEvent]:
    """Those of an entry's *events* that the public knew of on *day*, from 1970.

    In the order they were said in; corrections stand where they were recorded, with
    what they correct, and the scheduler's events do not count.
    """
    story = _Story()
    for recorded in events:
        story.add(recorded)
    told = {one.version: one for one in story.told}

    def known_from(one: _Told) -> int:
        if one.corrects is not None:
            return told[one.corrects].said_day
        if isinstance(one.event, EntryRetracted):
            return min(other.said_day for other in story.told if _is_fact(other))
        return one.said_day

    found = [
        (known_from(told[recorded.version]), recorded)
        for recorded in events
        if recorded.version in told
        and not isinstance(recorded.event, WindowOpened | WindowClosed)
    ]
    found.sort(key=lambda one: (one[0], one[1].version))
    return [recorded for known, recorded in found if known <= day]


def corrected_versions(events: Sequence[RecordedEvent]) -> dict[int, int]:
    """By version of a correction, the version that it is about."""
    story = _Story()
    for recorded in events:
        story.add(recorded)
    return {one.version: one.corrects for one in story.told if one.corrects is not None}


def fold(events: Sequence[RecordedEvent]) -> Entry | None:
    """The entry after all of its *events*; None if they make none."""
    entry = None
    for entry in entry_versions(events):  # noqa: B007 (the last one is wanted)
        pass
    return entry


def _tell(recorded: RecordedEvent, event: EntryEvent | WindowEvent) -> _Told:
    told = _Told(
        position=recorded.position,
        version=recorded.version,
        recorded_at=recorded.recorded_at,
        event=event,
        said="",
        sources=(),
        patch={},
    )
    match event:
        case WindowOpened() | WindowClosed():
            return told
        case EntryRecorded(fields=fields):
            told.patch = dict(fields)
        case EntryRevised(changes=changes):
            told.patch = dict(changes)
        case EntryFulfilled(occurred=occurred):
            told.patch = {"occurred": occurred}
        case EntryCorrected(changes=changes):
            told.window_set = not _OF_THE_WINDOW.isdisjoint(changes)
        case EntryPostponed() | EntryCancelled() | EntryRetracted():
            pass
        case unreachable:
            assert_never(unreachable)
    told.window_set = told.window_set or "occurred" in told.patch
    told.said = event.said or dates.from_instant(recorded.recorded_at).edtf
    told.sources = event.sources
    return told


def _corrected(earlier: Sequence[_Told], event: EntryCorrected) -> _Told | None:
    """The event that a correction is about; None if there is no such version."""
    told = [
        one for one in earlier if not isinstance(one.event, WindowOpened | WindowClosed)
    ]
    if event.corrects is not None:
        by_version = {one.version: one for one in told}
        named = by_version.get(event.corrects)
        if named is not None and named.corrects is not None:
            return by_version[named.corrects]
        return named
    facts = [one for one in told if one.corrects is None]
    for one in reversed(facts):
        if not event.changes.keys().isdisjoint(one.patch):
            return one
    return facts[0] if facts else None


def _correction(
    fact: _Told, event: EntryCorrected, target: _Told, shown: JsonObject
) -> Change:
    """What *fact* changes of what *target* has told."""
    told = {**shown, **target.patch}
    before = {name: told.get(name) for name in event.changes}
    if "said" in event.changes:
        before["said"] = target.said
    if "sources" in event.changes:
        before["sources"] = target.sources
    return _change("corrected", fact, event, before)


def _change(
    kind: str,
    fact: _Told,
    event: EntryCorrected | EntryRevised,
    before: JsonObject,
) -> Change:
    return Change(
        kind=kind,
        position=fact.position,
        version=fact.version,
        recorded_at=fact.recorded_at,
        said=fact.said,
        reason=event.reason,
        before=before,
        after=dict(event.changes),
    )


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


@dataclass(slots=True)
class _Fold:
    """What an entry is after some of its events, in the order they were added.

    Attributes:
        phase: What the scheduler said of the window since it was set.
    """

    first: _Told | None = None
    last: _Told | None = None
    versions: set[int] = field(default_factory=set)
    fields: dict[str, Json] = field(default_factory=dict)
    sources: list[JsonObject] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    promised: str | None = None
    resolution: State | None = None
    ending: str = ""
    ended: str = ""
    window_said: str = ""
    window_set: _Told | None = None
    phase: State | None = None

    def copy(self) -> "_Fold":
        """One that goes its own way."""
        return replace(
            self,
            versions=set(self.versions),
            sources=list(self.sources),
            changes=list(self.changes),
        )

    def add(self, one: _Told) -> None:
        """Take in the next event."""
        if self.first is None:
            self.first, self.window_said = one, one.said
        if self.last is None or one.version > self.last.version:
            self.last = one
        self.versions.add(one.version)
        self.sources += one.sources
        if one.correction is not None:
            self.changes.append(one.correction)
        if one.window_set or self.window_set is None:
            self.window_set, self.phase = one, None
        if "occurred" in one.patch:
            self.window_said = one.said
        match one.event:
            case EntryFulfilled():
                occurred = self.fields.get("occurred")
                self.promised = occurred if isinstance(occurred, str) else None
                self.resolution, self.ended = State.HAPPENED, ""
            case EntryRevised() as event:
                before = {name: self.fields.get(name) for name in one.patch}
                self.changes.append(_revision(one, event, before))
                if "occurred" in one.patch:  # a new date takes back a postponement
                    self.resolution, self.ended = None, ""
            case EntryPostponed():
                self.resolution, self.ended = State.POSTPONED, one.said
            case EntryCancelled(reason=reason):
                self.resolution, self.ending = State.CANCELLED, reason
                self.ended = one.said
            case EntryRetracted(reason=reason):
                self.resolution, self.ending = State.RETRACTED, reason
            case WindowOpened(set_by=version) if version == self.window_set.version:
                self.phase = State.OPEN
            case WindowClosed(set_by=version) if version == self.window_set.version:
                self.phase = State.OVERDUE
        patched = merge_patch(self.fields, one.patch)
        self.fields = patched if isinstance(patched, dict) else {}

    def entry(self, entry_id: str) -> Entry | None:
        """The entry; None if nothing has given it a title and a date."""
        first, last, window_set = self.first, self.last, self.window_set
        if first is None or last is None or window_set is None:
            return None
        if "title" not in self.fields or "occurred" not in self.fields:
            return None
        got = _Fields(self.fields)
        occurred = dates.parse(got.text("occurred"))
        lo, hi = occurred.window(dates.parse(self.window_said))
        awaited = got.flag("awaited")
        state = self.resolution
        if state is None:
            state = self._phase(occurred, lo, hi, at=window_set.recorded_at)
            if state is State.OVERDUE and not awaited:
                state = State.HAPPENED
        return Entry(
            id=entry_id,
            version=last.version,
            position=last.position,
            title=got.text("title"),
            occurred=occurred,
            lo=lo,
            hi=hi,
            state=state,
            settled=self.resolution is not None,
            set_by=window_set.version,
            said=first.said,
            recorded_at=first.recorded_at,
            updated_at=last.recorded_at,
            updated_position=last.position,
            summary=got.text("summary"),
            category=got.text("category"),
            actors=got.texts("actors"),
            places=got.texts("places"),
            tags=got.texts("tags"),
            importance=got.number("importance", default=50),
            awaited=awaited,
            measure=got.flag("measure"),
            scope=got.text("scope"),
            sources=_sources(self.sources),
            links=tuple(
                Link(rel=link.text("rel"), entry=link.text("entry"))
                for link in got.objects("links")
            ),
            media=tuple(
                Media(
                    url=one.text("url"), alt=one.text("alt"), credit=one.text("credit")
                )
                for one in got.objects("media")
            ),
            lang=got.text("lang"),
            translations={
                lang: Translation(title=one.text("title"), summary=one.text("summary"))
                for lang, one in got.named_objects("translations")
            },
            promised=dates.parse(self.promised) if self.promised else None,
            changes=tuple(sorted(self.changes, key=lambda one: one.version)),
            ending=self.ending,
            ended=self.ended,
            fields=self.fields,
        )

    def _phase(
        self, occurred: HistoricDate, lo: int, hi: int, *, at: datetime
    ) -> State:
        """Against the window: as it was set, and what the scheduler said since."""
        now_s = at.timestamp()
        if now_s < lo:
            first = State.UPCOMING
        elif hi == dates.OPEN or now_s < _closes_s(occurred, hi):
            first = State.OPEN
        else:
            first = State.OVERDUE
        if self.phase is None or first is State.OVERDUE:
            return first
        return self.phase


def _revision(fact: _Told, event: EntryRevised, before: JsonObject) -> Change:
    """What *fact* changes, as corrected since."""
    return replace(_change("revised", fact, event, before), after=dict(fact.patch))


def _closes_s(occurred: HistoricDate, hi: int) -> int:
    """When a window that ends with *hi* has ended everywhere.

    A day ends in the last time zone `CLOSING_S` after it ended in UTC; an instant is
    the same everywhere.
    """
    to_the_instant = "T" in (occurred.latest or "")
    return hi + 1 + (0 if to_the_instant else CLOSING_S)


def _seen(entry: Entry) -> tuple[object, ...]:
    """What has to change for a subscriber to be told (RFC 4287 4.2.15).

    That a day has come and gone is news of what was promised only.
    """
    by_the_clock = not entry.settled and not entry.awaited
    return (
        entry.title,
        entry.occurred,
        None if by_the_clock else entry.state,
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


_FURTHEST_AHEAD = timedelta(hours=14)
"""Where a day begins first, it has begun so long before it does in UTC."""


def check(history: Sequence[RecordedEvent], event: EntryEvent, *, at: datetime) -> None:
    """Whether *event* makes sense after *history*.

    Args:
        history: All events of its entry, from the first.
        event: The next one.
        at: When it is to be recorded.

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
            _check_correction(history, event, at=at)
        case EntryFulfilled():
            if not entry.awaited:
                raise RefusedError(
                    "not-possible",
                    "Only what is awaited can be fulfilled; to give another date "
                    "use entry-revised or entry-corrected.",
                    pointer="/type",
                )
            _check_unresolved(entry)
            _check_past(event.occurred, at=at, pointer="/data/occurred")
        case EntryPostponed():
            _check_unresolved(entry)
            if entry.state is State.POSTPONED:
                raise RefusedError(
                    "not-possible",
                    "It is postponed already; to give it a date use entry-revised.",
                    pointer="/type",
                )
            if not entry.awaited and entry.state is State.OPEN and _has_a_start(entry):
                raise RefusedError(
                    "not-possible",
                    "It has begun, so it is not postponed; if it ends at another time "
                    "use entry-revised.",
                    pointer="/type",
                )
        case EntryCancelled():
            _check_unresolved(entry)
        case EntryRevised(changes=changes):
            if "occurred" in changes and entry.promised is not None:
                raise RefusedError(
                    "not-possible",
                    "What was awaited has happened, so its date cannot be revised; "
                    "if it was wrong, use entry-corrected.",
                    pointer="/data/changes/occurred",
                )
            if entry.awaited and not changes.get("awaited", True):
                raise RefusedError(
                    "not-possible",
                    "A promise is closed by entry-fulfilled or entry-cancelled; if it "
                    "was none, use entry-corrected.",
                    pointer="/data/changes/awaited",
                )
        case EntryRetracted():
            pass
        case unreachable:
            assert_never(unreachable)


def _check_unresolved(entry: Entry) -> None:
    if entry.state in _UNRESOLVED:
        return
    advice = "if its date was wrong, use entry-corrected"
    if entry.state is State.CANCELLED:
        advice = "to take that back, give it a date with entry-revised"
    raise RefusedError(
        "not-possible",
        f"The entry is resolved already (state: {entry.state}); {advice}.",
        pointer="/type",
    )


def _check_past(occurred: str, *, at: datetime, pointer: str) -> None:
    """What was fulfilled has happened, wherever on Earth."""
    if dates.parse(occurred).lo > (at + _FURTHEST_AHEAD).timestamp():
        raise RefusedError(
            "bad-field",
            "What is still to come is not fulfilled; to give the promise another "
            "date use entry-revised.",
            pointer=pointer,
        )


def _check_correction(
    history: Sequence[RecordedEvent], event: EntryCorrected, *, at: datetime
) -> None:
    story = _Story()
    for recorded in history:
        story.add(recorded)
    told = [
        one
        for one in story.told
        if not isinstance(one.event, WindowOpened | WindowClosed)
    ]
    if event.corrects is not None and event.corrects not in {
        one.version for one in told
    }:
        versions = ", ".join(str(one.version) for one in told)
        raise RefusedError(
            "bad-field",
            f"Version {event.corrects} cannot be corrected; those that can: "
            f"{versions}.",
            pointer="/data/corrects",
        )
    target = _corrected(told, event)
    if target is None:
        return
    fields = event.changes.keys() - _OF_THE_EVENT
    if isinstance(target.event, EntryPostponed | EntryCancelled | EntryRetracted):
        if fields:
            raise RefusedError(
                "bad-field",
                f"Version {target.version} sets no fields, so only its said and its "
                f"sources can be corrected, not {', '.join(sorted(fields))}.",
                pointer="/data/corrects",
            )
    elif isinstance(target.event, EntryFulfilled):
        occurred = event.changes.get("occurred")
        if isinstance(occurred, str):
            _check_past(occurred, at=at, pointer="/data/changes/occurred")


def _has_a_start(entry: Entry) -> bool:
    """Whether its date tells when it began, so that its window is no time to begin."""
    edtf = entry.occurred.edtf
    return "/" in edtf and not edtf.startswith("..")


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
