"""What an entry or a view is after its events. Pure.

A correction patches the event it corrects and the entry is folded again, so that
correcting an early promise does not undo a later slip (DESIGN.md, section 4).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import assert_never

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
from timeline.projections.entries import (
    NEVER,
    Change,
    Entry,
    Link,
    Media,
    Source,
    State,
    Translation,
    Version,
    Versions,
    View,
    closes_s,
)


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
        """Last day, from 1970, on which it was made public.

        That was no later than it was recorded here, whatever month or year is given.
        """
        recorded_on = dates.from_instant(self.recorded_at)
        return min(dates.parse(self.said).hi, recorded_on.hi) // dates.DAY_S


OF_THE_EVENT = frozenset({"said", "sources"})
_OF_THE_WINDOW = frozenset({"said", "occurred"})


def _is_fact(one: _Told) -> bool:
    """Whether it tells of the world, not of what we had wrong or of the clock."""
    return not isinstance(one.event, EntryCorrected | EntryRetracted | WindowEvent)


class Story:
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
            and (target := corrected_event(self.told, event)) is not None
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


def story_of(events: Iterable[RecordedEvent]) -> Story:
    """All that *events* have told."""
    story = Story()
    for recorded in events:
        story.add(recorded)
    return story


def entry_versions(events: Sequence[RecordedEvent]) -> Iterator[Entry]:
    """The entry after each of its *events*, which are all of them from the first.

    A redacted event tells nothing, so nothing is yielded for it; an entry whose
    first event was redacted begins where a later one gives it a title and a date.
    """
    return _shown(Story(), events)


def _shown(story: Story, events: Sequence[RecordedEvent]) -> Iterator[Entry]:
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
    story = Story()
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
    story = story_of(events)
    told = {one.version: one for one in story.told}

    def known_from(one: _Told) -> int:
        if one.corrects is not None:
            return told[one.corrects].said_day
        if isinstance(one.event, EntryRetracted):
            facts = (other.said_day for other in story.told if _is_fact(other))
            return min(facts, default=one.said_day)
        return one.said_day

    found = [
        (known_from(told[recorded.version]), recorded)
        for recorded in events
        if recorded.version in told and not isinstance(recorded.event, WindowEvent)
    ]
    found.sort(key=lambda one: (one[0], one[1].version))
    return [recorded for known, recorded in found if known <= day]


def corrected_versions(events: Sequence[RecordedEvent]) -> dict[int, int]:
    """By version of a correction, the version that it is about."""
    return {
        one.version: one.corrects
        for one in story_of(events).told
        if one.corrects is not None
    }


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


def corrected_event(earlier: Sequence[_Told], event: EntryCorrected) -> _Told | None:
    """The event that a correction is about; None if there is no such version."""
    told = [one for one in earlier if not isinstance(one.event, WindowEvent)]
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
    fields = {k: v for k, v in changes.items() if k not in OF_THE_EVENT}
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
                    self.resolution, self.ended, self.ending = None, "", ""
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
        elif hi == dates.OPEN or now_s < closes_s(occurred, hi):
            first = State.OPEN
        else:
            first = State.OVERDUE
        if self.phase is None or first is State.OVERDUE:
            return first
        return self.phase


def _revision(fact: _Told, event: EntryRevised, before: JsonObject) -> Change:
    """What *fact* changes, as corrected since."""
    return replace(_change("revised", fact, event, before), after=dict(fact.patch))


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
