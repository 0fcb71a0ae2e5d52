"""Entries as an iCalendar file (RFC 5545, RFC 7986) that calendars subscribe to. Pure.

What is decided here: on which days an entry stands, how sure that is, and its words.
The ``icalendar`` package writes the lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Self, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneStandard,
    vCategory,
    vDate,
    vDatetime,
    vDuration,
    vInt,
    vText,
    vUri,
    vUTCOffset,
)

from events import dates
from events.dates import DAY_S, OPEN, HistoricDate
from events.model import LogIdentity
from timeline import tellings
from timeline.feeds.ids import entry_id, tag
from timeline.feeds.text import (
    Texts,
    one_line,
    primary,
    summary_text,
    texts_of,
    web_address,
    xml_text,
)
from timeline.projections import Entry, Source, State

CALENDAR = "text/calendar"

MOST_ENTRIES = 1_000
"""In a calendar, which a client takes whole whenever it has changed.

So many make about 1 MB, and take a second of processor to write.
"""

REFRESH = timedelta(hours=1)
"""How often clients are asked to look; the larger ones do as they please."""

COLOURS = (
    "mediumvioletred",
    "darkgoldenrod",
    "saddlebrown",
    "limegreen",
    "seagreen",
    "royalblue",
    "mediumpurple",
    "thistle",
)
"""CSS3 names (RFC 7986 5.9) near the colours that the pages give to categories."""

_PRODUCT = "-//living-timeline//living-timeline//EN"
_CALLED_OFF = frozenset({State.CANCELLED, State.RETRACTED, State.POSTPONED})
_PENDING = frozenset({State.UPCOMING, State.OPEN, State.OVERDUE})

_Span: TypeAlias = tuple[date, date | None]
"""First day or instant, and the first one behind it; None: it ends as it begins."""


# -- words ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What a calendar says that nobody else does; ``{}`` is filled in.

    Attributes:
        left_out: How many entries are not in it, for one and for more.
    """

    lang: str
    window: str
    last_day: str
    promised: str
    sources: str
    capped: str
    left_out: tuple[str, str]


_ENGLISH = _Words(
    lang="en",
    window="window: {}",
    last_day="Last day: {}",
    promised="Promised: {}",
    sources="Sources:",
    capped="Only the {} entries that come next or came last.",
    left_out=(
        "1 entry is left out: no calendar can hold its date.",
        "{} entries are left out: no calendar can hold their dates.",
    ),
)
_ITALIAN = _Words(
    lang="it",
    window="periodo previsto: {}",
    last_day="Ultimo giorno: {}",
    promised="Promesso: {}",
    sources="Fonti:",
    capped="Solo le {} voci più vicine nel tempo, a cominciare da quelle future.",
    left_out=(
        "Manca 1 voce: nessun calendario può contenerne la data.",
        "Mancano {} voci: nessun calendario può contenerne le date.",
    ),
)
_WORDS = {words.lang: words for words in (_ENGLISH, _ITALIAN)}


def _words(lang: str) -> _Words:
    """As `dates.label`: English where there is no table for the language."""
    return _WORDS.get(primary(lang), _ENGLISH)


# -- the file ------------------------------------------------------------------------


def render_calendar(
    entries: Iterable[Entry],
    *,
    identity: LogIdentity,
    title: str,
    self_url: str,
    page_url: str,
    entry_url: Callable[[str], str],
    lang: str,
    site_lang: str,
    since: datetime,
    subtitle: str = "",
    pairs: Mapping[str, int] | None = None,
    capped: bool = False,
) -> bytes:
    """*entries* as an iCalendar file: the same bytes for the same values.

    Entries whose dates no calendar can hold, before year 1 or behind 9999, are left
    out and counted in its description.

    Args:
        entries: In any order, at most `MOST_ENTRIES`.
        identity: Of the log; UIDs are made of it.
        title: Of the calendar, plain text.
        self_url: The address polled.
        page_url: The page of the same entries.
        entry_url: Makes the absolute address of the page of an entry's id.
        lang: Language asked for.
        site_lang: Language of entries that do not tell theirs.
        since: It did not last change before this.
        subtitle: What it is about; empty if there is nothing to add.
        pairs: By category, which of the `COLOURS` is its.
        capped: There are more entries than these.
    """
    ordered = sorted(entries, key=lambda one: (one.sort_key, one.id))
    found = [
        list(
            _events(
                entry,
                identity=identity,
                url=entry_url(entry.id),
                lang=lang,
                texts=texts_of(entry, lang, entry.lang or site_lang),
                pair=(pairs or {}).get(entry.category),
            )
        )
        for entry in ordered
    ]
    words, about = _words(lang), [one_line(subtitle)]
    if capped:
        about.append(words.capped.format(len(ordered)))
    if left_out := found.count([]):
        about.append(words.left_out[left_out > 1].format(left_out))

    calendar = Calendar()
    calendar["VERSION"] = vText("2.0")
    calendar["PRODID"] = vText(_PRODUCT)
    calendar["CALSCALE"] = vText("GREGORIAN")
    # No METHOD: it would have to stand in the media type as well (RFC 5545 3.7.2).
    # By the names of RFC 7986, and by those that clients knew before it.
    calendar["NAME"] = calendar["X-WR-CALNAME"] = _Text(one_line(title))
    if told := " ".join(filter(None, about)):
        calendar["DESCRIPTION"] = calendar["X-WR-CALDESC"] = _Text(told)
    changed = max([since, *(entry.updated_at for entry in ordered)])
    calendar["LAST-MODIFIED"] = vDatetime(changed.astimezone(UTC))
    calendar["URL"] = vUri(page_url)
    calendar["SOURCE"] = vUri(self_url, params={"VALUE": "URI"})
    calendar["REFRESH-INTERVAL"] = vDuration(REFRESH, params={"VALUE": "DURATION"})
    calendar["X-PUBLISHED-TTL"] = vDuration(REFRESH)
    for event in chain.from_iterable(found):
        calendar.add_component(event)
    if not calendar.subcomponents:
        calendar.add_component(_utc())
    made: bytes = calendar.to_ical()
    return made


def _events(
    entry: Entry,
    *,
    identity: LogIdentity,
    url: str,
    lang: str,
    texts: Texts,
    pair: int | None,
) -> Iterator[Event]:
    """The event of *entry* and that of the last day of its window."""

    def event(name: str, span: _Span, status: str, summary: str, told: str) -> Event:
        made = Event()
        # A name-based UUID: RFC 7986 5.3 wants a UUID, and what has slashes, colons
        # or a host in it is trouble for clients that make a file or an address of it.
        made["UID"] = vText(str(uuid5(NAMESPACE_URL, name)))
        # Without a METHOD both say when it was last revised (RFC 5545 3.8.7.2), which
        # the log knows; the request's time would make each poll another file.
        made["DTSTAMP"] = made["LAST-MODIFIED"] = _instant(entry.updated_at)
        made["CREATED"] = _instant(entry.recorded_at)
        # Every event of an entry can change what is told here, and they are counted.
        made["SEQUENCE"] = vInt(entry.version - 1)
        made["DTSTART"] = _point(span[0])
        if span[1] is not None:
            made["DTEND"] = _point(span[1])
        made["STATUS"] = vText(status)
        # News take nobody's time.
        made["TRANSP"] = vText("TRANSPARENT")
        other = one_line(texts.title_lang) if texts.title_lang != lang else ""
        spoken = {"LANGUAGE": other} if other else None
        made["SUMMARY"] = _Text(one_line(summary), params=spoken)
        made["DESCRIPTION"] = _Text(told)
        made["URL"] = vUri(url)
        if kinds := [*filter(None, map(one_line, (entry.category, *entry.tags)))]:
            made["CATEGORIES"] = _categories(kinds)
        if pair is not None:
            made["COLOR"] = vText(COLOURS[pair])
        return made

    span = _span(entry)
    if span is None:
        return
    title = one_line(texts.title) or entry.id
    told = list(_told(entry, lang, texts))
    yield event(
        entry_id(identity, entry.id),
        span,
        _status(entry),
        _summary(entry, title, lang),
        "\n\n".join(told),
    )
    deadline = _deadline(entry)
    last = None if deadline is None else _days(deadline.hi, deadline.hi)
    if deadline is not None and last is not None:
        stands = entry.state in _PENDING and deadline == entry.occurred
        yield event(
            tag(identity, f"entries/{entry.id}/deadline"),
            last,
            "CONFIRMED" if stands else "CANCELLED",
            _deadline_summary(entry, title, lang, stands=stands),
            told[0],
        )


# -- on which days -------------------------------------------------------------------


def _span(entry: Entry) -> _Span | None:
    """Where *entry* stands in a calendar; None: nowhere.

    On all days on which it may be, as none is known better; what goes on, or began
    nobody knows when, stands on the one day that is known.
    """
    occurred, lo, hi = entry.occurred, entry.lo, entry.hi
    first, last = occurred.earliest, occurred.latest
    if lo == -OPEN:
        lo, first = hi, last
    if hi == OPEN:
        hi, last = lo, first
    if "T" in (first or "") and "T" in (last or ""):
        return _instants(lo, hi)
    return _days(lo, hi)


def _instants(lo: int, hi: int) -> _Span | None:
    try:
        first, last = (_EPOCH + timedelta(seconds=bound) for bound in (lo, hi))
    except OverflowError:  # Python ends at the years that iCalendar has digits for
        return None
    return first, last if hi > lo else None


def _days(lo: int, hi: int) -> _Span | None:
    """The days of these seconds, and the day behind them: RFC 5545 3.6.1."""
    try:
        first, behind = (
            _EPOCH.date() + timedelta(days=day)
            for day in (lo // DAY_S, hi // DAY_S + 1)
        )
    except OverflowError:
        return None
    return first, behind


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _is_exact(occurred: HistoricDate) -> bool:
    """Whether the days are known on which it began and, if it did, ended."""
    if occurred.approximate or occurred.uncertain:
        return False
    inside = occurred.latest_start, occurred.earliest_end
    return inside == (occurred.lo, occurred.hi)


def _deadline(entry: Entry) -> HistoricDate | None:
    """The window, now or once, of a promise; None: it never had a last day.

    Nobody can be held to a day that was only roughly said.
    """
    if not entry.awaited:
        return None
    before = (tellings.date_in(change.before) for change in reversed(entry.changes))
    for window in (entry.promised or entry.occurred, *before):
        if (
            window is not None
            and window.hi - window.lo >= DAY_S
            and window.hi != OPEN
            and not (window.approximate or window.uncertain)
        ):
            return window
    return None


def _status(entry: Entry) -> str:
    if entry.state in _CALLED_OFF:  # a postponed one has no date either
        return "CANCELLED"
    awaited = entry.awaited and entry.state in _PENDING
    return "CONFIRMED" if _is_exact(entry.occurred) and not awaited else "TENTATIVE"


# -- what is told --------------------------------------------------------------------


def _summary(entry: Entry, title: str, lang: str) -> str:
    """The title, and what the days alone would not tell of it."""
    word = tellings.standing_word(tellings.standing_of(entry), lang)
    if entry.state in _CALLED_OFF:
        return f"{_capital(word)}: {title}"
    beside = []
    label = dates.label(entry.occurred, lang, now=_now(entry))
    if entry.awaited and entry.state in _PENDING:
        window = entry.hi - entry.lo >= DAY_S
        if entry.state is State.OVERDUE or not window:
            beside.append(word)
        if window:
            beside.append(_words(lang).window.format(label))
    elif entry.hi == OPEN or not _is_exact(entry.occurred):
        beside.append(label)
    return f"{title} ({', '.join(beside)})" if beside else title


def _deadline_summary(entry: Entry, title: str, lang: str, *, stands: bool) -> str:
    summary = _words(lang).last_day.format(title)
    if stands and entry.state is not State.OVERDUE:
        return summary
    if entry.state in _PENDING and not stands:  # it has another date by now
        return f"{summary} ({tellings.due_words(entry.occurred, lang)})"
    word = tellings.standing_word(tellings.standing_of(entry), lang)
    return f"{summary} ({word})"


def _told(entry: Entry, lang: str, texts: Texts) -> Iterator[str]:
    """Paragraphs: when and how it stands; what was said before, and by whom."""
    words = _words(lang)
    label = dates.label(entry.occurred, words.lang, now=_now(entry))
    standing = tellings.standing_label(entry, words.lang, now=_now(entry))
    if label in standing:
        yield _capital(standing)
    elif tellings.standing_of(entry).plain:
        yield _capital(label)
    else:
        yield f"{_capital(label)} ({standing})"
    if entry.ending:
        yield xml_text(entry.ending)
    if entry.promised is not None:
        yield words.promised.format(dates.label(entry.promised, words.lang))
    for change in entry.changes:
        if not {"title", "occurred"}.isdisjoint(change.after):
            changed = tellings.change_label(change, words.lang, awaited=entry.awaited)
            yield xml_text(f"{_capital(changed)}. {change.reason}").strip()
    if summary := summary_text(texts.summary):
        yield summary
    if sources := [_source(one, words.lang) for one in entry.sources]:
        yield "\n".join((words.sources, *sources))


def _now(entry: Entry) -> int:
    """As of the last change: "since" or "from" must not change by themselves."""
    return int(entry.updated_at.timestamp())


def _source(source: Source, lang: str) -> str:
    named = [source.title, source.publisher]
    if source.published:
        named.append(dates.label(dates.parse(source.published), lang))
    told = one_line(", ".join(filter(None, named)))
    return ": ".join(filter(None, (told, web_address(source.url))))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# -- values --------------------------------------------------------------------------


def _instant(at: datetime) -> vDatetime:
    return vDatetime(at.astimezone(UTC))


def _point(at: date) -> vDate | vDatetime:
    if isinstance(at, datetime):
        return vDatetime(at)
    return vDate(at, params={"VALUE": "DATE"})


def _categories(kinds: Iterable[str]) -> vCategory:
    made = vCategory([])
    made.cats = [_Text(kind) for kind in kinds]
    return made


def _utc() -> Timezone:
    """What an empty calendar has: RFC 5545 3.6 wants at least one component."""
    made, always = Timezone(), TimezoneStandard()
    made["TZID"] = vText("Etc/UTC")
    always["DTSTART"] = vDatetime(datetime(1970, 1, 1))  # noqa: DTZ001 (local time)
    always["TZOFFSETFROM"] = always["TZOFFSETTO"] = vUTCOffset(timedelta())
    made.add_component(always)
    return made


class _Text(vText):
    """Text from outside; icalendar 7.3.0 writes a backslash before an N as a new line.

    It also writes what no line may hold (RFC 5545 3.1: no control characters but
    the tab), or fails on it.
    """

    def __new__(cls, text: str, params: dict[str, str] | None = None) -> Self:
        return super().__new__(cls, xml_text(text), params=params)

    def to_ical(self) -> bytes:
        pieces = (vText(piece).to_ical() for piece in self.split("\\N"))
        return b"\\\\N".join(pieces)
