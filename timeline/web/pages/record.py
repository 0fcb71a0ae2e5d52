"""An entry's page: what is known, how it came to be known, what it belongs to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from markupsafe import Markup

from events.model import (
    EntryCancelled,
    EntryCorrected,
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
from timeline.feeds import web_address
from timeline.projections import Change, Entry, State
from timeline.store import Backlink
from timeline.web.pages.cards import (
    Category,
    category_of,
    notes_of,
    rendered,
    shape_of,
)
from timeline.web.pages.listing import make_languages
from timeline.web.pages.words import (
    DateWords,
    Named,
    Note,
    Reader,
    Text,
    field_word,
    language_name,
    move_word,
    plain_words,
    same_language,
    state_note,
    texts,
    told_date,
    value_words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A source; *href* is empty unless it is an address that a browser may open."""

    href: str
    title: str
    publisher: str
    published: str
    published_day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """An entry that this one is linked to; *href* is empty if it is not listed."""

    title: Text
    href: str = ""
    date: DateWords | None = None
    struck: bool = False
    category: Category | None = None
    shape: str = "solid"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after; empty where there was or is nothing.

    *lang* is that of the values, empty if it is the page's.
    """

    name: str
    before: str
    after: str
    lang: str = ""

    @property
    def long(self) -> bool:
        """Whether old and new want lines of their own."""
        return len(self.before) + len(self.after) > 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of the entry's history."""

    version: int
    position: int
    recorded_at: str
    recorded_day: str
    author: str
    kind: str
    label: str
    said: str = ""
    reason: str = ""
    differences: Sequence[Difference] = ()
    sources: Sequence[SourceLine] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was promised, and what came of it."""

    window: DateWords
    said: str
    outcome: Note | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that an entry's page lays out."""

    id: str
    date: DateWords
    title: Text
    summary: Markup
    summary_lang: str
    category: Category
    category_href: str
    shape: str
    struck: bool
    notes: Sequence[Note]
    promise: Promise | None
    actors: Sequence[Named]
    places: Sequence[Named]
    tags: Sequence[Named]
    scope: str
    sources: Sequence[SourceLine]
    media: Sequence[tuple[str, str, str]]
    related: Mapping[str, Sequence[Related]]
    languages: Sequence[Named]
    history: Sequence[Step]
    version: int
    position: int
    said: str
    recorded_at: str
    recorded_day: str
    updated_at: str
    updated_day: str


def make_record(
    entry: Entry,
    reader: Reader,
    *,
    marks: Mapping[str, Category],
    events: Sequence[RecordedEvent],
    targets: Mapping[str, Entry],
    backlinks: Sequence[Backlink],
) -> Record:
    """The page of *entry*, told by its *events* up to the version shown.

    *targets* are the entries that it links to, as far as there are any.
    """
    title, summary = texts(entry, reader)
    return Record(
        id=entry.id,
        date=reader.date(entry.occurred),
        title=title,
        summary=rendered(summary.words),
        summary_lang=summary.lang,
        category=category_of(entry, marks),
        category_href=reader.href("/", [("category", entry.category)]),
        shape=shape_of(entry),
        struck=entry.state is State.RETRACTED,
        notes=notes_of(entry, reader),
        promise=make_promise(entry, reader),
        actors=_named("actor", entry.actors, reader),
        places=_named("place", entry.places, reader),
        tags=_named("tag", entry.tags, reader),
        scope=entry.scope,
        sources=[
            make_source(one.url, one.title, one.publisher, one.published, reader)
            for one in entry.sources
        ],
        media=[
            (web_address(one.url) or "", one.alt or one.url, one.credit)
            for one in entry.media
        ],
        related=make_related(
            entry, reader, marks=marks, targets=targets, backlinks=backlinks
        ),
        languages=make_languages(
            [entry.lang, *entry.translations], reader, f"/entries/{entry.id}"
        ),
        history=make_history(entry, events, reader),
        version=entry.version,
        position=entry.position,
        said=told_date(entry.said, reader),
        recorded_at=instant(entry.recorded_at),
        recorded_day=reader.day(entry.recorded_at),
        updated_at=instant(entry.updated_at),
        updated_day=reader.day(entry.updated_at),
    )


def make_promise(entry: Entry, reader: Reader) -> Promise | None:
    """What was promised; None for what is no promise."""
    if not entry.awaited:
        return None
    window = entry.promised or entry.occurred
    return Promise(
        window=reader.date(window),
        said=told_date(entry.said, reader),
        outcome=state_note(entry, reader),
    )


def make_source(
    url: str, title: str, publisher: str, published: str | None, reader: Reader
) -> SourceLine:
    """A source as a reader sees it."""
    return SourceLine(
        href=web_address(url) or "",
        title=title or publisher or url,
        publisher=publisher if title else "",
        published=told_date(published, reader) if published else "",
        published_day=published or "",
    )


def instant(at: datetime) -> str:
    """For a ``datetime`` attribute."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# -- links between entries -----------------------------------------------------------


def rel_words(rel: str, reader: Reader, *, backwards: bool) -> str:
    """A relation as a heading: of this entry's own link, or of one to it."""
    forth, back = {
        "amends": ("Amends", "Amended by"),
        "follows": ("Follows", "Followed by"),
        "part-of": ("Part of", "Includes"),
        "rescinds": ("Rescinds", "Rescinded by"),
        "suspends": ("Suspends", "Suspended by"),
    }.get(rel, (plain_words(rel), f"{plain_words(rel)} (of this)"))
    return reader.say(back if backwards else forth)


def make_related(
    entry: Entry,
    reader: Reader,
    *,
    marks: Mapping[str, Category],
    targets: Mapping[str, Entry],
    backlinks: Sequence[Backlink],
) -> dict[str, list[Related]]:
    """What the entry links to by relation, and then what links to it."""

    def related(other: Entry) -> Related:
        return Related(
            title=texts(other, reader)[0],
            href=reader.href(f"/entries/{other.id}"),
            date=reader.date(other.occurred),
            struck=other.state is State.RETRACTED,
            category=category_of(other, marks),
            shape=shape_of(other),
        )

    lines: dict[str, list[Related]] = {}
    for link in entry.links:
        target = targets.get(link.entry)
        missing = Related(title=Text(words=link.entry))
        words = rel_words(link.rel, reader, backwards=False)
        lines.setdefault(words, []).append(related(target) if target else missing)
    for backlink in backlinks:
        words = rel_words(backlink.rel, reader, backwards=True)
        lines.setdefault(words, []).append(related(backlink.entry))
    return lines


# -- history -------------------------------------------------------------------------


def make_history(
    entry: Entry, events: Sequence[RecordedEvent], reader: Reader
) -> list[Step]:
    """The entry's events as changes, the latest first."""
    changes = {change.version: change for change in entry.changes}
    return [
        _step(recorded, changes.get(recorded.version), entry, reader)
        for recorded in reversed(events)
    ]


def _step(
    recorded: RecordedEvent, change: Change | None, entry: Entry, reader: Reader
) -> Step:
    event = recorded.event
    told = None if isinstance(event, Redacted | ViewDefined | ViewRemoved) else event
    kind, label = _kind(recorded, change, entry, reader)
    differences = differences_of(change, entry, reader) if change else []
    if isinstance(event, EntryFulfilled) and entry.promised is not None:
        window = reader.label(entry.promised)
        happened = told_date(event.occurred, reader)
        differences = [Difference(field_word("occurred", reader), window, happened)]
    return Step(
        version=recorded.version,
        position=recorded.position,
        recorded_at=instant(recorded.recorded_at),
        recorded_day=reader.day(recorded.recorded_at),
        author=recorded.author or "",
        kind=kind,
        label=label,
        said=told_date(told.said, reader) if told and told.said else "",
        reason=told.reason if told else "",
        differences=differences,
        sources=[_source_of(one, reader) for one in told.sources] if told else [],
    )


def _kind(
    recorded: RecordedEvent, change: Change | None, entry: Entry, reader: Reader
) -> tuple[str, str]:
    match recorded.event:
        case EntryRecorded():
            return "recorded", reader.say("Recorded")
        case EntryCorrected():
            return "corrected", reader.say("Corrected")
        case EntryRevised():
            if change is not None and "occurred" in change.after:
                word = move_word(change, reader, awaited=entry.awaited)
                return "revised", word[:1].upper() + word[1:]
            return "revised", reader.say("Revised")
        case EntryPostponed():
            return "postponed", reader.say("Postponed")
        case EntryFulfilled():
            return "fulfilled", reader.say("Fulfilled")
        case EntryCancelled():
            return "cancelled", reader.say("Cancelled")
        case EntryRetracted():
            return "retracted", reader.say("Retracted")
        case Redacted():
            return "redacted", reader.say("Redacted")
        case ViewDefined() | ViewRemoved():
            return "view", reader.say("View")
        case unreachable:
            assert_never(unreachable)


_FIRST = ("title", "occurred", "said", "summary")


def differences_of(change: Change, entry: Entry, reader: Reader) -> list[Difference]:
    """Each changed field, the weightiest first, translations one by one."""
    lines = _differences(change.before, change.after, reader, lang=entry.lang)
    before = _mapping(change.before.get("translations"))
    for lang, after in _mapping(change.after.get("translations")).items():
        old = _mapping(before.get(lang))
        new = _mapping(after) or dict.fromkeys(old)
        lines += [
            replace(line, name=f"{line.name} ({language_name(lang)})")
            for line in _differences(old, new, reader, lang=lang)
        ]
    return lines


def _differences(
    before: JsonObject, after: JsonObject, reader: Reader, *, lang: str
) -> list[Difference]:
    foreign = "" if same_language(lang, reader.lang) else lang
    names = [name for name in _FIRST if name in after]
    names += [name for name in after if name not in (*_FIRST, "translations")]
    return [
        Difference(
            name=field_word(name, reader),
            before=value_words(name, before.get(name), reader),
            after=value_words(name, after[name], reader),
            lang=foreign if name in ("title", "summary", "scope") else "",
        )
        for name in names
    ]


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _named(key: str, values: Sequence[str], reader: Reader) -> list[Named]:
    return [Named(one, reader.href("/", [(key, one)])) for one in values]


def _source_of(one: JsonObject, reader: Reader) -> SourceLine:
    def text(name: str) -> str:
        value = one.get(name)
        return value if isinstance(value, str) else ""

    return make_source(
        text("url"), text("title"), text("publisher"), text("published"), reader
    )
