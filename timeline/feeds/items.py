"""Entries as the items of a feed, whatever it is written in.

``published`` and ``updated`` tell when this service recorded a thing; when it happens
is told in words. Readers pin entries dated in the future to the top or date them anew
(miniflux/v2#2971, Ranchero-Software/NetNewsWire#2808, fossar/selfoss#1452).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from events import dates
from events.dates import HistoricDate
from events.model import Json, LogIdentity
from timeline import tellings
from timeline.feeds.ids import entry_id, tag
from timeline.feeds.text import primary, summary_html, texts_of, web_address
from timeline.projections import Change, Entry, Source, State


@dataclass(frozen=True, slots=True)
class Category:
    """A word that an entry is filed under; *scheme* tells which kind of word.

    *label* is the word for people, where it is another.
    """

    term: str
    scheme: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Via:
    """A source of an entry, at an http or https address."""

    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as one feed shows it.

    Attributes:
        title: Plain text.
        content: HTML, all its addresses absolute.
        lang: Of the title.
        author: Who answers for it, if it is not the feed's.
        state: Where the entry stands; None: it is of no entry.
        occurred: When that happened or is to happen; None: it is of no entry.
    """

    id: str
    title: str
    content: str
    lang: str
    published: datetime
    updated: datetime
    page_url: str
    author: str = ""
    via: tuple[Via, ...] = ()
    categories: tuple[Category, ...] = ()
    state: State | None = None
    occurred: HistoricDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """An item that readers are to forget (RFC 6721).

    Attributes:
        when: It went.
        why: Plain text.
    """

    id: str
    when: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What all renderings are made of.

    Attributes:
        id: tag: URI.
        author: Who answers for items whose author is not known: the site.
        self_url: The address polled, absolute.
        page_url: The page that shows the same, absolute.
        updated: When anything in it last changed.
        items: The latest change first.
        deleted: The latest first; none of them is among the items.
        archived: It will never change (RFC 5005 4).
        current_url: Of what is archived: the address to poll, absolute.
        older_url: The archive of what was before, absolute; empty: there is none.
        hub: Address of the WebSub hub that is told when it changes; empty: none is.
    """

    id: str
    title: str
    subtitle: str
    author: str
    self_url: str
    page_url: str
    lang: str
    updated: datetime
    items: tuple[Item, ...]
    deleted: tuple[Deleted, ...] = ()
    archived: bool = False
    current_url: str = ""
    older_url: str = ""
    hub: str = ""


# -- words ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What we say of an entry ourselves, in one language.

    Attributes:
        endings: Said before the title, and before the reason.
        was: By field, what it was before; ``{}`` is the old value.
        left: Why an entry is gone that is none of those wanted any more.
    """

    lang: str
    endings: Mapping[State, str]
    promised: str
    was: Mapping[str, str]
    no_category: str
    sources: str
    media: str
    left: str


_ENGLISH = _Words(
    lang="en",
    endings={State.CANCELLED: "Cancelled", State.RETRACTED: "Retracted"},
    promised="Promised",
    was={
        "title": "the title was “{}”",
        "occurred": "the date was “{}”",
        "category": "the category was “{}”",
        "summary": "the summary was reworded",
        "sources": "the sources were changed",
    },
    no_category="there was no category",
    sources="Sources",
    media="Media",
    left="It is not among the entries of this feed any more.",
)
_ITALIAN = _Words(
    lang="it",
    endings={State.CANCELLED: "Annullato", State.RETRACTED: "Ritirato"},
    promised="Promesso",
    was={
        "title": "il titolo era «{}»",
        "occurred": "la data era «{}»",
        "category": "la categoria era «{}»",
        "summary": "il testo è stato riscritto",
        "sources": "le fonti sono cambiate",
    },
    no_category="non c’era una categoria",
    sources="Fonti",
    media="Media",
    left="Non è più tra le voci di questo feed.",
)
_WORDS = {words.lang: words for words in (_ENGLISH, _ITALIAN)}


def _words(lang: str) -> _Words:
    """As `dates.label`: English where there is no table for the language."""
    return _WORDS.get(primary(lang), _ENGLISH)


def _date_in_words(edtf: str, lang: str) -> str:
    try:
        return dates.label(dates.parse(edtf), lang)
    except dates.DateError:
        return edtf


# -- items ---------------------------------------------------------------------------


def make_feed(
    entries: Iterable[Entry],
    *,
    identity: LogIdentity,
    id: str,  # noqa: A002 (the field's name)
    title: str,
    author: str,
    self_url: str,
    page_url: str,
    entry_url: Callable[[str], str],
    lang: str,
    site_lang: str,
    since: datetime,
    subtitle: str = "",
    left: Iterable[tuple[Entry, datetime]] = (),
    archived: bool = False,
) -> Feed:
    """The feed of *entries*, the one that changed last first.

    Args:
        entries: In any order.
        identity: Of the log; ids are made of it.
        id: See `feed_id`.
        title: Of the feed, plain text.
        author: The site's name.
        self_url: The address polled.
        page_url: The page of the same entries.
        entry_url: Makes the absolute address of the page of an entry's id.
        lang: Language asked for.
        site_lang: Language of entries that do not tell theirs.
        since: It did not last change before this.
        subtitle: What the feed is about; empty if there is nothing to add.
        left: Entries that do not belong to it any more, and since when.
        archived: It will never change. What was retracted is deleted there, whereas
            who polls is told so by an item: few readers know deletions.
    """
    newest = sorted(entries, key=lambda e: (e.updated_at, e.position), reverse=True)
    gone = list(left)
    if archived:
        gone += [(e, e.updated_at) for e in newest if e.state is State.RETRACTED]
        newest = [entry for entry in newest if entry.state is not State.RETRACTED]
    gone.sort(key=lambda one: (one[1], one[0].position), reverse=True)
    return Feed(
        id=id,
        title=title,
        subtitle=subtitle,
        author=author,
        self_url=self_url,
        page_url=page_url,
        lang=lang,
        # Never now(): a feed dated by the clock differs at each poll
        # (jpmonette/feed#14).
        updated=max([since, *(e.updated_at for e in newest), *(at for _, at in gone)]),
        items=tuple(
            _item(
                entry,
                identity=identity,
                page_url=entry_url(entry.id),
                lang=lang,
                own=entry.lang or site_lang,
            )
            for entry in newest
        ),
        deleted=tuple(
            Deleted(
                id=entry_id(identity, entry.id), when=at, why=_why(entry, _words(lang))
            )
            for entry, at in gone
        ),
        archived=archived,
    )


def _why(entry: Entry, words: _Words) -> str:
    """Why *entry* is not in a feed any more."""
    if entry.state is State.RETRACTED:
        return entry.ending or words.endings[State.RETRACTED]
    return words.left


def _item(
    entry: Entry, *, identity: LogIdentity, page_url: str, lang: str, own: str
) -> Item:
    """*entry* in *lang* as far as it was translated; *own* is its first language."""
    texts = texts_of(entry, lang, own)
    title, title_lang = texts.title, texts.title_lang
    if ending := _words(title_lang).endings.get(entry.state):
        title = f"{ending}: {title}"
    words = _words(lang)
    pieces = [
        (words.lang, "\n".join(_told(entry, words))),
        (texts.summary_lang, summary_html(texts.summary)),
        (words.lang, "\n".join(_lists(entry, words))),
    ]
    # Said only where it matters, to keep ordinary content plain.
    spoken = {title_lang, *(one for one, html in pieces if html)}
    mixed = {*map(primary, spoken)} != {primary(lang)}
    return Item(
        id=entry_id(identity, entry.id),
        title=title,
        content="\n".join(
            f'<div lang="{escape(one)}">{html}</div>' if mixed else html
            for one, html in pieces
            if html
        ),
        lang=title_lang,
        published=entry.recorded_at,
        updated=entry.updated_at,
        page_url=page_url,
        via=tuple(
            Via(address, source.title or source.publisher)
            for source in entry.sources
            if (address := web_address(source.url))
        ),
        categories=tuple(
            Category(term, tag(identity, kind))
            for kind, terms in (
                ("categories", (entry.category,)),
                ("actors", entry.actors),
                ("places", entry.places),
                ("tags", entry.tags),
            )
            for term in terms
            if term
        ),
        state=entry.state,
        occurred=entry.occurred,
    )


def _told(entry: Entry, words: _Words) -> Iterator[str]:
    """Paragraphs: when, how it stands, and what we said before."""
    # "since" or "from" as of the last change: content must not change by itself.
    now = int(entry.updated_at.timestamp())
    date = dates.label(entry.occurred, words.lang, now=now)
    standing = tellings.standing_of(entry)
    told = tellings.standing_label(entry, words.lang, now=now)
    if date in told:
        yield f"<p><strong>{escape(_capital(told))}</strong></p>"
    else:
        behind = "" if standing.plain else f" ({told})"
        yield f"<p><strong>{escape(date)}</strong>{escape(behind)}</p>"
    if entry.state in words.endings and entry.ending:
        yield f"<p>{words.endings[entry.state]}: {escape(entry.ending)}</p>"
    if entry.promised is not None:
        label = escape(dates.label(entry.promised, words.lang))
        yield f"<p>{words.promised}: {label}</p>"
    for change in entry.changes:
        if changed := _changed(change, words, awaited=entry.awaited):
            yield f"<p>{escape(f'{_capital(changed)}. {change.reason}'.strip())}</p>"


def _changed(change: Change, words: _Words, *, awaited: bool) -> str:
    """What *change* changed of what a reader sees; empty if that is nothing."""
    seen = [
        name
        for name in words.was
        if name in change.after and change.before.get(name) != change.after[name]
    ]
    if not seen:
        return ""
    whole = tellings.change_label(change, words.lang, awaited=awaited)
    if seen in (["title"], ["occurred"]):
        return whole
    if tellings.moved(change):
        others = (_was(name, change, words) for name in seen if name != "occurred")
        return "; ".join((whole, *others))
    changed = tellings.changed_label(change, words.lang, awaited=awaited)
    return f"{changed}: {'; '.join(_was(name, change, words) for name in seen)}"


def _was(name: str, change: Change, words: _Words) -> str:
    """What a field was before."""
    old: Json = change.before.get(name)
    if name == "category" and not old:
        return words.no_category
    if name == "occurred":
        old = _date_in_words(str(old), words.lang)
    return words.was[name].format(old)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lists(entry: Entry, words: _Words) -> Iterator[str]:
    """Sources and media, as lists of links."""
    sources = [_source(source, words.lang) for source in entry.sources]
    media = [
        ", ".join(
            [_link(one.url, one.alt or _host(one.url)), *filter(None, [one.credit])]
        )
        for one in entry.media
    ]
    for heading, items in ((words.sources, sources), (words.media, media)):
        if items:
            listed = "".join(f"<li>{item}</li>" for item in items)
            yield f"<p>{heading}:</p><ul>{listed}</ul>"


def _source(source: Source, lang: str) -> str:
    name = source.title or source.publisher or _host(source.url)
    behind = [source.publisher] if source.title and source.publisher else []
    if source.published:
        behind.append(_date_in_words(source.published, lang))
    return ", ".join([_link(source.url, name), *map(escape, behind)])


def _link(url: str, text: str) -> str:
    address = web_address(url)
    if address is None:
        return escape(text)
    return f'<a href="{escape(address)}" rel="nofollow noopener">{escape(text)}</a>'


def _host(url: str) -> str:
    address = web_address(url)
    return urlsplit(address).hostname or url if address else url
