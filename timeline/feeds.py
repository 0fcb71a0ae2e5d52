"""Entries as Atom 1.0 (RFC 4287) and RSS 2.0, and their summaries as HTML. Pure.

``published`` and ``updated`` tell when this service recorded a thing; when it happens
is told in words. Readers pin entries dated in the future to the top or date them anew
(miniflux/v2#2971, Ranchero-Software/NetNewsWire#2808, fossar/selfoss#1452).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from html import escape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import nh3
from feedgen.feed import FeedGenerator
from markdown_it import MarkdownIt

from events import dates
from events.model import Json, LogIdentity
from timeline import tellings
from timeline.projections import Change, Entry, Source, State

ATOM = "application/atom+xml"
RSS = "application/rss+xml"

_ATOM_NS = "{http://www.w3.org/2005/Atom}"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What both renderings are made of.

    Attributes:
        id: tag: URI.
        author: Who answers for items whose author is not known: the site.
        self_url: The address polled, absolute.
        page_url: The page that shows the same, absolute.
        updated: When anything in it last changed.
        items: The latest change first.
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


# -- names for good ------------------------------------------------------------------


def feed_id(
    identity: LogIdentity, path: str, args: Sequence[tuple[str, str]] = ()
) -> str:
    """The id of the feed of *path*, such as ``timeline`` or ``views/space``.

    Args:
        identity: Of the log.
        path: An entry's own id ends in its slug, so its feed is ``entries/<id>/feed``.
        args: The parameters that make it another feed, in a normal order.
    """
    return _tag(identity, path) + (f"?{urlencode(args)}" if args else "")


def entry_id(identity: LogIdentity, entry: str) -> str:
    """The id of an entry in every feed, whatever the host, the path or the title.

    A change of the scheme alone made every item unread (ForNeVeR/fornever.me#3).
    """
    return _tag(identity, f"entries/{entry}")


def change_id(identity: LogIdentity, position: int) -> str:
    """The id of the event at *position* in the feed of changes."""
    return _tag(identity, f"changes/{position}")


def kinds_scheme(identity: LogIdentity) -> str:
    """What tells that a category's term is a kind of change."""
    return _tag(identity, "kinds")


def made_on(identity: LogIdentity) -> datetime:
    """First instant of the day on which the log was made (RFC 4151 2.1)."""
    day = identity.tag_authority.rpartition(",")[2]
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _tag(identity: LogIdentity, specific: str) -> str:
    return f"tag:{identity.tag_authority}:{identity.log_id}/{specific}"


# -- text ----------------------------------------------------------------------------

_NONCHARACTERS = "".join(
    f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17)
)
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
    f"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{_NONCHARACTERS}]"
)


def xml_text(text: str) -> str:
    """*text* without what XML cannot hold or advises against (XML 1.0 2.2).

    lxml raises on the former, so one such event would take every feed down that has
    it (ckan/ckan#6378, dgtlmoon/changedetection.io#1766).
    """
    return _UNFIT.sub("", text)


_markdown = MarkdownIt("commonmark", {"html": False})
# Each chain of rules is put together on first use and is seen half made by other
# threads, which would render without the missing rules, and keep that.
_markdown.render("now")
_sanitiser = nh3.Cleaner(
    tags={"p", "br", "hr", "em", "strong", "code", "pre", "blockquote"}
    | {"ul", "ol", "li", "a"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel="nofollow noopener",
)


@lru_cache(maxsize=1024)
def summary_html(markdown: str) -> str:
    """CommonMark as HTML that is safe in a page and in a feed.

    Raw HTML shows as text, pictures are left out, links are http or https. Headings
    become paragraphs: a summary must not take part in the outline of a page.
    """
    tokens = _markdown.parse(xml_text(markdown))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
    html: str = _markdown.renderer.render(tokens, _markdown.options, {})
    return xml_text(_sanitiser.clean(html)).strip()


# What no address may hold as it stands: RFC 3987 2.2 has none of these.
_UNFIT_IN_ADDRESS = re.compile(r'[\x00-\x20"<>\\^`{|}\x7f]')


def web_address(text: str) -> str | None:
    """*text* as an absolute http or https address; None if it is none."""
    text = xml_text(text).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return _UNFIT_IN_ADDRESS.sub(lambda found: quote(found[0]), text)


# -- words ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What we say of an entry ourselves, in one language.

    Attributes:
        endings: Said before the title, and before the reason.
        was: By field, what it was before; ``{}`` is the old value.
    """

    lang: str
    endings: Mapping[State, str]
    promised: str
    was: Mapping[str, str]
    no_category: str
    sources: str
    media: str


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
)
_WORDS = {words.lang: words for words in (_ENGLISH, _ITALIAN)}


def _primary(lang: str) -> str:
    return lang.partition("-")[0].lower()


def _words(lang: str) -> _Words:
    """As `dates.label`: English where there is no table for the language."""
    return _WORDS.get(_primary(lang), _ENGLISH)


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
        since: When a feed without entries last changed.
        subtitle: What the feed is about; empty if there is nothing to add.
    """
    newest = sorted(entries, key=lambda e: (e.updated_at, e.position), reverse=True)
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
        updated=newest[0].updated_at if newest else since,
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
    )


def _item(
    entry: Entry, *, identity: LogIdentity, page_url: str, lang: str, own: str
) -> Item:
    """*entry* in *lang* as far as it was translated; *own* is its first language."""
    chosen = _nearest(lang, [own, *entry.translations])
    translation = None if chosen == own else entry.translations[chosen]
    title, title_lang = entry.title, own
    summary, summary_lang = entry.summary, own
    if translation and translation.title:
        title, title_lang = translation.title, chosen
    if translation and translation.summary:
        summary, summary_lang = translation.summary, chosen

    if ending := _words(title_lang).endings.get(entry.state):
        title = f"{ending}: {title}"
    words = _words(lang)
    pieces = [
        (words.lang, "\n".join(_told(entry, words))),
        (summary_lang, summary_html(summary)),
        (words.lang, "\n".join(_lists(entry, words))),
    ]
    # Said only where it matters, to keep ordinary content plain.
    spoken = {title_lang, *(one for one, html in pieces if html)}
    mixed = {*map(_primary, spoken)} != {_primary(lang)}
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
            Category(term, _tag(identity, kind))
            for kind, terms in (
                ("categories", (entry.category,)),
                ("actors", entry.actors),
                ("places", entry.places),
                ("tags", entry.tags),
            )
            for term in terms
            if term
        ),
    )


def _nearest(lang: str, available: Sequence[str]) -> str:
    """The first of *available* that is *lang*, or some kind of it, or the first."""
    for sameness in (str.lower, _primary):
        for one in available:
            if sameness(one) == sameness(lang):
                return one
    return available[0]


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


# -- rendering -----------------------------------------------------------------------


def render_atom(feed: Feed) -> bytes:
    """*feed* in Atom 1.0: the same bytes for the same feed."""
    made: bytes = _generator(feed, ATOM).atom_str(pretty=True)
    return made


def render_rss(feed: Feed) -> bytes:
    """*feed* in RSS 2.0: the same bytes for the same feed."""
    made: bytes = _generator(feed, RSS).rss_str(pretty=True)
    return made


# What feedgen 1.0.0 gets wrong is written by extensions of ours: of an entry's links
# it drops rel, type and title, which makes each of them an alternate (python-feedgen
# #135; RFC 4287 4.1.2 allows one); it knows no xml:lang on entries; and for a date in
# RSS it switches the locale of the whole process and back, which other threads see.


def _generator(feed: Feed, media_type: str) -> Any:
    rss = media_type == RSS
    made = FeedGenerator()
    made.id(feed.id)
    made.title(_line(feed.title) or feed.id)
    if rss or feed.subtitle:  # RSS cannot do without
        made.subtitle(_line(feed.subtitle) or _line(feed.title) or feed.id)
    made.updated(feed.updated)
    made.language(_line(feed.lang))
    made.author(name=_line(feed.author) or _line(feed.title) or feed.id)
    # The channel's link in RSS becomes the last one added.
    made.link(href=feed.self_url, rel="self", type=media_type)
    made.link(href=feed.page_url, rel="alternate", type="text/html")
    made.generator("living-timeline")
    made.docs("https://www.rssboard.org/rss-specification")
    made.register_extension("ours", partial(_FeedMarks, feed))
    # No setter takes None; without this the locale is switched once a feed.
    made._FeedGenerator__rss_lastBuildDate = None
    for item in feed.items:
        entry = made.add_entry(order="append")  # or else the oldest comes first
        entry.id(item.id)
        entry.title(_line(item.title) or item.id)
        entry.updated(item.updated)
        entry.content(xml_text(item.content), type="html")
        entry.category(
            [
                # feedgen names RSS categories after a label that is there, also None.
                {"term": term, "scheme": one.scheme}
                | ({"label": label} if (label := _line(one.label)) else {})
                for one in item.categories
                if (term := _line(one.term))
            ]
        )
        if author := _line(item.author):
            entry.author(name=author)
        if rss:
            entry.link(href=item.page_url, rel="alternate")
        else:
            entry.published(item.published)
        entry.register_extension("ours", partial(_ItemMarks, item, feed))
    return made


def _line(text: str) -> str:
    """Plain text on one line."""
    return " ".join(xml_text(text).split())


def _add(parent: Any, name: str, attributes: Mapping[str, str], text: str = "") -> None:
    element = parent.makeelement(name, attributes)
    element.text = text or None
    parent.append(element)


class _FeedMarks:
    """What feedgen does not write of a feed, or not well."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def extend_ns(self) -> dict[str, str]:
        return {}

    def extend_atom(self, root: Any) -> Any:
        return root

    def extend_rss(self, root: Any) -> Any:
        _add(root[0], "lastBuildDate", {}, format_datetime(self._feed.updated))
        return root


class _ItemMarks:
    """What feedgen does not write of an entry, or not well."""

    def __init__(self, item: Item, feed: Feed) -> None:
        self._item = item
        self._feed = feed

    def extend_ns(self) -> dict[str, str]:
        return {}

    def extend_atom(self, entry: Any) -> Any:
        """In no namespace, as all that feedgen writes; the root has an ``xmlns``."""
        item = self._item
        if item.lang != self._feed.lang and (lang := _line(item.lang)):
            entry.set(_XML_LANG, lang)
        page = {"rel": "alternate", "type": "text/html", "href": item.page_url}
        _add(entry, "link", page)
        for via in item.via:
            _add(entry, "link", _via(via))
        return entry

    def extend_rss(self, entry: Any) -> Any:
        item = self._item
        _add(entry, "pubDate", {}, format_datetime(item.published))
        # RSS has no word of its own for either; readers take Atom's.
        _add(entry, f"{_ATOM_NS}updated", {}, item.updated.isoformat())
        for via in item.via:
            _add(entry, f"{_ATOM_NS}link", _via(via))
        return entry


def _via(via: Via) -> dict[str, str]:
    title = _line(via.title)
    return {"rel": "via", "href": via.url, **({"title": title} if title else {})}
