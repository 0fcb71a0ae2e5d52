"""What changed between two moments, told event by event. Pure.

The words of a change are made of its event and of the entry right after it, so they
stay what they are, whatever is appended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from itertools import groupby
from typing import assert_never

from events.model import (
    VIEW_PREFIX,
    EntryCancelled,
    EntryCorrected,
    EntryFulfilled,
    EntryPostponed,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    JsonObject,
    LogIdentity,
    RecordedEvent,
    Redacted,
    ViewDefined,
    ViewRemoved,
    WindowClosed,
    WindowOpened,
)
from timeline.feeds import Category as Term
from timeline.feeds import Feed, Item, Via, change_id, kinds_scheme, summary_html
from timeline.projections import Change, Entry, State
from timeline.schemas import ChangesQuery, dump_changes_args, parse_filter, write_moment
from timeline.tellings import between_words, revision_of, standing_words, was_words
from timeline.web.pages.cards import Category, category_of, shape_of
from timeline.web.pages.listing import filter_words
from timeline.web.pages.record import (
    Difference,
    SourceLine,
    differences_of,
    instant,
    source_of,
)
from timeline.web.pages.words import (
    Reader,
    Text,
    field_word,
    own_lang,
    texts,
    told_date,
)

PATH = "/changes"

KINDS = (
    "added",
    "slipped",
    "brought-forward",
    "narrowed",
    "widened",
    "extended",
    "shortened",
    "moved-later",
    "moved-earlier",
    "revised",
    "corrected",
    "postponed",
    "fulfilled",
    "opened",
    "begun",
    "over",
    "overdue",
    "cancelled",
    "retracted",
    "redacted",
    "view-defined",
    "view-changed",
    "view-removed",
)
"""What an event does to what is shown, in the order in which a summary counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event as a change of what is shown.

    Attributes:
        kind: One of `KINDS`.
        label: It in a word or two.
        title: Of the entry or view right after the event; its name where it has none.
        what: What became of it, in a few words; may be empty.
        reason: Why, in *reason_lang*, which is empty if it is the page's.
        path, args: Where it can be seen as it was right after; without a path, only
            on a page of its own.
        summary: Of what was added, CommonMark.
        before, after: The changed fields as JSON; None where no fields changed.
    """

    position: int
    kind: str
    label: str
    title: Text
    what: str
    at: datetime
    time: str
    author: str
    path: str = ""
    args: Sequence[tuple[str, str]] = ()
    category: Category | None = None
    shape: str = "solid"
    struck: bool = False
    said: str = ""
    reason: str = ""
    reason_lang: str = ""
    differences: Sequence[Difference] = ()
    summary: Text | None = None
    sources: Sequence[SourceLine] = ()
    before: JsonObject | None = None
    after: JsonObject | None = None

    @property
    def alone(self) -> list[tuple[str, str]]:
        """Parameters of the page that has just this change."""
        return [("after", str(self.position - 1)), ("upto", str(self.position))]

    @property
    def recorded_at(self) -> str:
        """For a ``datetime`` attribute."""
        return instant(self.at)


@dataclass(frozen=True, slots=True)
class Day:
    """The changes that were recorded on one day of UTC."""

    label: str
    datetime: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class End:
    """One of the two moments: in words, and the timeline as it was then."""

    words: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that the page of changes lays out.

    Attributes:
        args: Parameters of this very page, without its language.
        summary: What changed, counted by kind; empty if that is too much.
        total: Changes on all pages.
        after, upto: What stands in the form.
        errors: What is wrong with each parameter, if the address was not understood.
        kept: Parameters that the form has no field for.
        start_href: The first page, unless it is this.
        older_href, newer_href: The pages beside it, as far as there are any.
        all_href: All changes, whatever was asked for.
    """

    args: Sequence[tuple[str, str]]
    first: End
    last: End
    total: int
    summary: Sequence[str]
    days: Sequence[Day]
    after: str
    upto: str
    errors: Mapping[str, str]
    kept: Sequence[tuple[str, str]]
    start_href: str
    older_href: str
    newer_href: str
    all_href: str


# -- one change ----------------------------------------------------------------------


def kind_of(recorded: RecordedEvent, entry: Entry | None) -> str:
    """What the event did; *entry* is what it led to, None if that is no entry."""
    event = recorded.event
    match event:
        case EntryRecorded():
            return "added"
        case EntryCorrected():
            return "corrected"
        case EntryRevised():
            change = _change(recorded, entry)
            if entry is None or change is None or "occurred" not in change.after:
                return "revised"
            return revision_of(change, awaited=entry.awaited)
        case EntryPostponed():
            return "postponed"
        case EntryFulfilled():
            return "fulfilled"
        case EntryCancelled():
            return "cancelled"
        case EntryRetracted():
            return "retracted"
        case WindowOpened():
            return "opened" if entry is not None and entry.awaited else "begun"
        case WindowClosed():
            return "overdue" if entry is not None and entry.awaited else "over"
        case Redacted():
            return "redacted"
        case ViewDefined():
            return "view-defined" if recorded.version == 1 else "view-changed"
        case ViewRemoved():
            return "view-removed"
        case unreachable:
            assert_never(unreachable)


def make_line(
    recorded: RecordedEvent,
    entry: Entry | None,
    reader: Reader,
    *,
    marks: Mapping[str, Category] | None = None,
) -> Line:
    """The event as a change, told as of when it was recorded.

    Args:
        recorded: The event.
        entry: As it was right after; None if there was none, or it is of a view.
        reader: Of the line.
        marks: Of categories, where they are shown.
    """
    reader = replace(reader, at=recorded.recorded_at)
    event = recorded.event
    kind = kind_of(recorded, entry)
    change = _change(recorded, entry)
    line = Line(
        position=recorded.position,
        kind=kind,
        label=label_of(kind, reader),
        title=Text(words=recorded.entry.removeprefix(VIEW_PREFIX)),
        what="",
        at=recorded.recorded_at,
        time=recorded.recorded_at.strftime("%H:%M UTC"),
        author=recorded.author or "",
        before=change.before if change else None,
        after=change.after if change else None,
    )
    as_of = [("as_of", str(recorded.position))]
    match event:
        case Redacted():
            return replace(line, what=reader.say("what this event said was erased"))
        case ViewDefined():
            return replace(
                line,
                title=Text(words=event.title, lang=_of_site(reader)),
                what=filter_words(parse_filter(event.filter), reader),
                summary=Text(words=event.description, lang=_of_site(reader)),
                path=f"/views/{event.name}",
                args=as_of,
            )
        case ViewRemoved():
            return replace(line, reason=event.reason, reason_lang=_of_site(reader))
        case WindowOpened() | WindowClosed():
            pass
        case _:
            line = replace(
                line,
                said=told_date(event.said, reader) if event.said else "",
                reason=event.reason,
                reason_lang=own_lang(entry, reader) if entry else "",
                sources=[source_of(one, reader) for one in event.sources],
            )
    if entry is None:
        return line
    title, summary = texts(entry, reader)
    promised = entry.promised if isinstance(event, EntryFulfilled) else None
    if promised is not None:
        line = replace(
            line,
            before={"occurred": promised.edtf},
            after={"occurred": entry.occurred.edtf},
        )
    return replace(
        line,
        title=title,
        what=_what(entry, change, reader),
        path=f"/entries/{entry.id}",
        args=as_of,
        category=category_of(entry, reader, marks or {}),
        shape=shape_of(entry),
        struck=entry.state is State.RETRACTED,
        summary=summary if isinstance(event, EntryRecorded) else None,
        differences=_differences(change, entry, reader),
    )


def label_of(kind: str, reader: Reader) -> str:
    """A kind of change in a word or two."""
    say = reader.say
    match kind:
        case "added":
            return say("Added")
        case "slipped":
            return say("Slipped")
        case "brought-forward":
            return say("Brought forward")
        case "narrowed":
            return say("Narrowed")
        case "widened":
            return say("Widened")
        case "extended":
            return say("Extended")
        case "shortened":
            return say("Shortened")
        case "moved-later":
            return say("Moved later")
        case "moved-earlier":
            return say("Moved earlier")
        case "corrected":
            return say("Corrected")
        case "postponed":
            return say("Postponed")
        case "fulfilled":
            return say("Fulfilled")
        case "opened":
            return say("Window opened")
        case "begun":
            return say("Begun")
        case "over":
            return say("Over")
        case "overdue":
            return say("Overdue")
        case "cancelled":
            return say("Cancelled")
        case "retracted":
            return say("Retracted")
        case "redacted":
            return say("Redacted")
        case "view-defined":
            return say("View defined")
        case "view-changed":
            return say("View changed")
        case "view-removed":
            return say("View removed")
        case _:
            return say("Revised")


def count_words(kind: str, n: int, reader: Reader) -> str:
    """How many changes of one kind there are."""
    count = reader.count
    match kind:
        case "added":
            return count("{n} added", "{n} added", n)
        case "slipped":
            return count("{n} slipped", "{n} slipped", n)
        case "brought-forward":
            return count("{n} brought forward", "{n} brought forward", n)
        case "narrowed":
            return count("{n} narrowed", "{n} narrowed", n)
        case "widened":
            return count("{n} widened", "{n} widened", n)
        case "extended":
            return count("{n} extended", "{n} extended", n)
        case "shortened":
            return count("{n} shortened", "{n} shortened", n)
        case "moved-later":
            return count("{n} moved later", "{n} moved later", n)
        case "moved-earlier":
            return count("{n} moved earlier", "{n} moved earlier", n)
        case "corrected":
            return count("{n} corrected", "{n} corrected", n)
        case "postponed":
            return count("{n} postponed", "{n} postponed", n)
        case "fulfilled":
            return count("{n} fulfilled", "{n} fulfilled", n)
        case "opened":
            return count("{n} window opened", "{n} windows opened", n)
        case "begun":
            return count("{n} begun", "{n} begun", n)
        case "over":
            return count("{n} over", "{n} over", n)
        case "overdue":
            return count("{n} overdue", "{n} overdue", n)
        case "cancelled":
            return count("{n} cancelled", "{n} cancelled", n)
        case "retracted":
            return count("{n} retracted", "{n} retracted", n)
        case "redacted":
            return count("{n} redacted", "{n} redacted", n)
        case "view-defined":
            return count("{n} view defined", "{n} views defined", n)
        case "view-changed":
            return count("{n} view changed", "{n} views changed", n)
        case "view-removed":
            return count("{n} view removed", "{n} views removed", n)
        case _:
            return count("{n} revised", "{n} revised", n)


def address_of(line: Line, reader: Reader) -> str:
    """Where a change can be seen for good."""
    if line.path:
        return reader.href(line.path, line.args)
    return reader.href(PATH, line.alone)


def headline(line: Line) -> str:
    """The whole change in one line of plain text."""
    said = f"{line.label}: {line.title.words}"
    if line.what and not line.kind.startswith("view-"):
        return f"{said}: {line.what}"
    return said


def _change(recorded: RecordedEvent, entry: Entry | None) -> Change | None:
    changes = entry.changes if entry else ()
    return next((one for one in changes if one.version == recorded.version), None)


def _what(entry: Entry, change: Change | None, reader: Reader) -> str:
    if change is not None:
        return _change_words(change, reader)
    now = int(reader.at.timestamp()) if reader.at else None
    return standing_words(entry, reader.lang, now=now) or reader.label(entry.occurred)


def _change_words(change: Change, reader: Reader) -> str:
    """Old and new of what matters most; else the names of the fields."""
    if change.kind == "corrected":
        old, new = change.before.get("occurred"), change.after.get("occurred")
        if isinstance(old, str) and isinstance(new, str):
            named = {"old": told_date(old, reader), "new": told_date(new, reader)}
            return reader.say("{new}, not {old}", **named)
    fields = reader.listed(field_word(name, reader) for name in change.after)
    between = between_words(change, reader.lang)
    return between or was_words(change, reader.lang) or fields


def _differences(
    change: Change | None, entry: Entry, reader: Reader
) -> list[Difference]:
    """Old and new of each field, unless the line has said it all."""
    if change is None or change.after.keys() == {"occurred"}:
        return []
    return differences_of(change, entry, reader)


def _of_site(reader: Reader) -> str:
    """The language of views, empty if it is the page's."""
    return "" if reader.site == reader.lang else reader.site


# -- the page ------------------------------------------------------------------------


def page_of_changes(
    query: ChangesQuery, *, after: int, upto: int, limit: int
) -> tuple[int, int]:
    """The positions behind which and up to which a page lies, as no position is free.

    The latest *limit* changes before the cursor of *query*.
    """
    last = min(upto, query.cursor - 1) if query.cursor else upto
    return min(max(last - limit, after), last), last


def make_changes(
    lines: Sequence[Line],
    query: ChangesQuery,
    reader: Reader,
    *,
    after: int,
    upto: int,
    recorded: Mapping[int, datetime | None],
    counted: Mapping[str, int],
    limit: int,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Changes:
    """The page of *lines*, which are some of the changes that *query* asks for.

    Args:
        lines: The latest first.
        query: What was asked for.
        reader: Of the page.
        after: Position behind which all changes lie.
        upto: Position of the last of them.
        recorded: When the events at the two positions were recorded.
        counted: How many of each kind there are; empty: nobody has counted.
        limit: How many lines a page has.
        errors: What is wrong with each parameter; then there are no lines.
        typed: Parameters as they came in, for the form.
    """
    args = dump_changes_args(query)
    if query.limit is not None:
        args.append(("limit", str(query.limit)))
    total = max(upto - after, 0)
    bottom, top = page_of_changes(query, after=after, upto=upto, limit=limit)

    def at(cursor: int) -> str:
        place = [("cursor", str(cursor))] if cursor <= upto else []
        return reader.href(PATH, [*args, *place])

    return Changes(
        args=[*args, *([("cursor", str(query.cursor))] if query.cursor else [])],
        first=_end(
            query.after, after, recorded, reader, nothing=reader.say("the beginning")
        ),
        last=_end(query.upto, upto, recorded, reader, nothing=reader.say("now")),
        total=total,
        summary=[
            count_words(kind, counted[kind], reader)
            for kind in KINDS
            if counted.get(kind)
        ],
        days=_days(lines, reader),
        after=_typed("after", query.after, typed),
        upto=_typed("upto", query.upto, typed),
        errors=errors or {},
        kept=reader.kept,
        start_href=reader.href(PATH, args) if top < upto else "",
        older_href=at(bottom + 1) if bottom > after else "",
        newer_href=at(min(top + limit, upto) + 1) if top < upto else "",
        all_href=reader.href(PATH),
    )


def _typed(
    name: str, moment: int | datetime | None, typed: Mapping[str, str] | None
) -> str:
    if typed and name in typed:
        return typed[name]
    return "" if moment is None else write_moment(moment)


def _end(
    asked: int | datetime | None,
    position: int,
    recorded: Mapping[int, datetime | None],
    reader: Reader,
    *,
    nothing: str,
) -> End:
    if asked is None or (asked == 0 and position == 0):
        return End(nothing if asked is None else reader.say("the beginning"), "")
    href = reader.href("/", [("as_of", write_moment(asked))])
    if isinstance(asked, datetime):
        text = write_moment(asked)
        if "T" not in text:
            day = told_date(text, reader)
            return End(reader.say("the end of {day}", day=day), href)
        at_second = told_date(f"{asked:%Y-%m-%dT%H:%M:%SZ}", reader)
        return End(reader.say("the instant {instant}", instant=at_second), href)
    number = reader.number(asked)
    at = recorded[position]
    day = reader.day(at) if at else ""
    return End(reader.say("position {number} ({day})", number=number, day=day), href)


def _days(lines: Sequence[Line], reader: Reader) -> list[Day]:
    return [
        Day(reader.day(of_day[0].at), f"{of_day[0].at:%Y-%m-%d}", of_day)
        for of_day in (
            list(one) for _, one in groupby(lines, key=lambda line: line.at.date())
        )
    ]


# -- the feed ------------------------------------------------------------------------


def make_changes_feed(
    lines: Iterable[Line],
    reader: Reader,
    *,
    identity: LogIdentity,
    id: str,  # noqa: A002 (the field's name)
    title: str,
    author: str,
    self_url: str,
    page_url: str,
    url_of: Callable[[str], str],
    since: datetime,
) -> Feed:
    """The feed of *lines*: one item each, which never changes.

    Args:
        lines: The latest first.
        reader: In whose language they are told.
        identity: Of the log; ids are made of it.
        id: See `feed_id`.
        title: Of the feed, plain text.
        author: The site's name.
        self_url: The address polled.
        page_url: The page of the same changes.
        url_of: Makes an address of this site absolute.
        since: When a feed without lines last changed.
    """
    lines = list(lines)
    return Feed(
        id=id,
        title=title,
        subtitle=reader.say("What changed, event by event."),
        author=author,
        self_url=self_url,
        page_url=page_url,
        lang=reader.lang,
        updated=lines[0].at if lines else since,
        items=tuple(
            Item(
                id=change_id(identity, line.position),
                title=headline(line),
                content="\n".join(_paragraphs(line, reader)),
                lang=reader.lang,
                author=line.author,
                published=line.at,
                updated=line.at,
                page_url=url_of(address_of(line, reader)),
                via=tuple(Via(one.href, one.title) for one in line.sources if one.href),
                categories=(Term(line.kind, kinds_scheme(identity), label=line.label),),
            )
            for line in lines
        ),
    )


def _paragraphs(line: Line, reader: Reader) -> Iterator[str]:
    """All that a page tells of a change, as HTML for a feed."""
    if line.what:
        yield f"<p><strong>{escape(line.what)}</strong></p>"
    if line.reason:
        why = reader.say("Why:")
        yield f"<p>{escape(why)} {_in(line.reason_lang, escape(line.reason))}</p>"
    if line.differences:
        listed = "".join(
            f"<li>{escape(one.name)}: {_in(one.lang, _difference(one))}</li>"
            for one in line.differences
        )
        yield f"<ul>{listed}</ul>"
    if line.summary and (html := summary_html(line.summary.words)):
        lang = line.summary.lang
        yield f'<div lang="{escape(lang)}">{html}</div>' if lang else html
    if line.sources:
        listed = "".join(f"<li>{_source(one)}</li>" for one in line.sources)
        heading = reader.say("Sources")
        yield f"<p>{escape(heading)}:</p><ul>{listed}</ul>"
    if line.said:
        made_public = reader.say("Made public {day}", day=line.said)
        yield f"<p>{escape(made_public)}</p>"


def _difference(one: Difference) -> str:
    old = f"<del>{escape(one.before)}</del>" if one.before else ""
    new = f"<ins>{escape(one.after)}</ins>" if one.after else ""
    return " → ".join(filter(None, (old, new))) or "–"


def _source(one: SourceLine) -> str:
    name = escape(one.title)
    if one.href:
        href = escape(one.href)
        name = f'<a href="{href}" rel="nofollow noopener">{name}</a>'
    behind = filter(None, (one.publisher, one.published))
    return ", ".join((name, *map(escape, behind)))


def _in(lang: str, html: str) -> str:
    return f'<span lang="{escape(lang)}">{html}</span>' if lang else html
