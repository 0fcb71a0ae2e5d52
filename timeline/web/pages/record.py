"""An entry's page: what is known, how it came to be known, what it belongs to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from markupsafe import Markup

from events import dates
from events.model import (
    EntryCancelled,
    EntryCorrected,
    EntryFulfilled,
    EntryPostponed,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    Event,
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
from timeline.feeds import web_address
from timeline.projections import Change, Entry, State, corrected_versions
from timeline.store import Backlink
from timeline.tellings import (
    InForce,
    between_words,
    called_off_words,
    due_words,
    force_label,
)
from timeline.web.pages.cards import (
    Category,
    category_of,
    notes_of,
    rendered,
    shape_of,
)
from timeline.web.pages.words import (
    DateWords,
    Named,
    Note,
    Reader,
    Text,
    change_words,
    field_word,
    kept,
    language_name,
    move_word,
    own_lang,
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
    """One event of the entry's history.

    Attributes:
        href: Where the history tells it.
        day: On which the world learned of it; of what we did, when we recorded it.
        what: It in a few words, such as "was 16 November 2023".
        corrects: The version that a correction is about.
        clock: The scheduler recorded it when its time came, and no person did.
    """

    version: int
    position: int
    recorded_at: str
    recorded_day: str
    author: str
    kind: str
    label: str
    href: str = ""
    what: str = ""
    day: str = ""
    corrects: int | None = None
    clock: bool = False
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
class ForceLine:
    """Whether a measure is in force: *kind* of chip, words, and what says so."""

    kind: str
    words: str
    by: Sequence[Related]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that an entry's page lays out.

    Attributes:
        own_lang: Of what is not translated, empty if it is the page's.
        others: Its words in other languages; ``chosen`` is the original.
        force: Whether it is in force; None if it is no measure.
    """

    id: str
    date: DateWords
    title: Text
    summary: Markup
    summary_lang: str
    own_lang: str
    category: Category
    category_href: str
    shape: str
    struck: bool
    notes: Sequence[Note]
    force: ForceLine | None
    promise: Promise | None
    actors: Sequence[Named]
    places: Sequence[Named]
    tags: Sequence[Named]
    scope: str
    sources: Sequence[SourceLine]
    media: Sequence[tuple[str, str, str]]
    related: Mapping[str, Sequence[Related]]
    others: Sequence[Named]
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
    in_force: InForce | None = None,
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
        own_lang=own_lang(entry, reader),
        category=category_of(entry, reader, marks),
        category_href=reader.href("/", [("category", entry.category)]),
        shape=shape_of(entry),
        struck=entry.state is State.RETRACTED,
        notes=notes_of(entry, reader),
        force=make_force(in_force, reader) if in_force else None,
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
        others=make_others(entry, reader),
        history=make_history(entry, events, reader),
        version=entry.version,
        position=entry.position,
        said=told_date(entry.said, reader),
        recorded_at=instant(entry.recorded_at),
        recorded_day=reader.day(entry.recorded_at),
        updated_at=instant(entry.updated_at),
        updated_day=reader.day(entry.updated_at),
    )


def make_others(entry: Entry, reader: Reader) -> list[Named]:
    """Links to the words of *entry* in each language but the one shown.

    The original comes first, so that it is one step away from every translation.
    """
    own = entry.lang or reader.site
    known = [own, *sorted(lang for lang in entry.translations if lang != own)]
    shown = next(
        (lang for lang in known if same_language(lang, reader.reads or reader.lang)),
        own,
    )
    return [
        Named(
            language_name(lang),
            reader.href_in(lang, f"/entries/{entry.id}"),
            lang=lang,
            chosen=lang == own,
        )
        for lang in known
        if lang and lang != shown
    ]


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


def make_force(found: InForce, reader: Reader) -> ForceLine:
    """Whether a measure is in force, with the entries that say so."""
    by = [found.by] if found.by else []
    if found.ahead is not None and found.ahead.entry not in by:
        by.append(found.ahead.entry)
    return ForceLine(
        kind=found.state,
        words=force_label(found, reader.lang),
        by=[
            Related(
                title=texts(one, reader)[0],
                href=reader.href(f"/entries/{one.id}"),
            )
            for one in by
        ],
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
    say = reader.say
    match rel:
        case "amends":
            return say("Amended by") if backwards else say("Amends")
        case "follows":
            return say("Followed by") if backwards else say("Follows")
        case "part-of":
            return say("Includes") if backwards else say("Part of")
        case "rescinds":
            return say("Rescinded by") if backwards else say("Rescinds")
        # Of what is only planned, so no word may say that it came about.
        case "resumes":
            return say("Resumes with") if backwards else say("Return of")
        case "brings-into-force":
            return say("Takes effect with") if backwards else say("Effective date of")
        case "suspends":
            return say("Suspended by") if backwards else say("Suspends")
        case _:
            words = plain_words(rel)
            return say("{relation} (of this)", relation=words) if backwards else words


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
            category=category_of(other, reader, marks),
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
    about = corrected_versions(events)
    path = reader.href(f"/entries/{entry.id}/history")
    return [
        replace(
            _step(recorded, changes.get(recorded.version), entry, reader),
            href=f"{path}#v{recorded.version}",
            corrects=about.get(recorded.version),
        )
        for recorded in reversed(events)
    ]


def _step(
    recorded: RecordedEvent, change: Change | None, entry: Entry, reader: Reader
) -> Step:
    event = recorded.event
    told = (
        None
        if isinstance(event, Redacted | ViewDefined | ViewRemoved | WindowEvent)
        else event
    )
    kind, label = _kind(recorded, change, entry, reader)
    differences = differences_of(change, entry, reader) if change else []
    if isinstance(event, EntryRecorded):
        differences = first_fields(event.fields, entry, reader)
    if isinstance(event, EntryFulfilled) and entry.promised is not None:
        window = reader.label(entry.promised)
        label_now = reader.label(dates.parse(event.occurred))
        differences = [Difference(field_word("occurred", reader), window, label_now)]
    said = told_date(told.said, reader) if told and told.said else ""
    ours = kind in ("recorded", "corrected", "retracted", "redacted")
    return Step(
        what=_what(event, change, entry, reader),
        day=reader.day(recorded.recorded_at) if ours or not said else said,
        version=recorded.version,
        position=recorded.position,
        recorded_at=instant(recorded.recorded_at),
        recorded_day=reader.day(recorded.recorded_at),
        author=recorded.author or "",
        clock=isinstance(event, WindowEvent),
        kind=kind,
        label=label,
        said=said,
        reason=told.reason if told else "",
        differences=differences,
        sources=[source_of(one, reader) for one in told.sources] if told else [],
    )


def _what(
    event: Event | Redacted, change: Change | None, entry: Entry, reader: Reader
) -> str:
    """What became of the entry by *event*, in a few words; may be empty."""
    match event:
        case EntryRecorded(fields={"occurred": str(occurred)}):
            date = told_date(occurred, reader)
            if event.fields.get("awaited"):
                date = due_words(dates.parse(occurred), reader.lang)
            if event.said in (None, occurred):
                return date
            day = told_date(event.said or "", reader)
            return reader.say("{date}; made public {day}", date=date, day=day)
        case EntryFulfilled(occurred=occurred) if entry.promised is not None:
            happened = dates.parse(occurred)
            how = kept(entry.promised, happened, reader)
            return ", ".join(filter(None, [reader.label(happened), how]))
        case EntryCancelled() if entry.state is State.CANCELLED:
            return called_off_words(entry, reader.lang)
        case WindowOpened(bound=bound) if entry.awaited:
            return reader.say(
                "{date} is the first day of its window", date=told_date(bound, reader)
            )
        case WindowOpened(bound=bound):
            return reader.say("its date, {date}, came", date=told_date(bound, reader))
        case WindowClosed(bound=bound) if entry.awaited:
            return reader.say(
                "{date} passed without a recorded outcome",
                date=told_date(bound, reader),
            )
        case WindowClosed(bound=bound):
            return reader.say("{date} has passed", date=told_date(bound, reader))
        case _ if change is not None:
            return between_words(change, reader.lang) or change_words(change, reader)
        case _:
            return ""


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
        case WindowOpened() if entry.awaited:
            return "opened", reader.say("Window open")
        case WindowOpened():
            return "opened", reader.say("Begun")
        case WindowClosed() if entry.awaited:
            return "overdue", reader.say("Overdue")
        case WindowClosed():
            return "closed", reader.say("Over")
        case Redacted():
            return "redacted", reader.say("Redacted")
        case ViewDefined() | ViewRemoved():
            return "view", reader.say("View")
        case unreachable:
            assert_never(unreachable)


def first_fields(fields: JsonObject, entry: Entry, reader: Reader) -> list[Difference]:
    """What an entry was first recorded with, but for its longest fields."""
    told = {name: value for name, value in fields.items() if name in _AT_FIRST}
    return _differences({}, told, reader, lang=entry.lang)


_AT_FIRST = frozenset({"title", "occurred", "awaited", "category", "actors", "places"})
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


def source_of(one: JsonObject, reader: Reader) -> SourceLine:
    """A source of an event as a reader sees it."""

    def text(name: str) -> str:
        value = one.get(name)
        return value if isinstance(value, str) else ""

    return make_source(
        text("url"), text("title"), text("publisher"), text("published"), reader
    )
