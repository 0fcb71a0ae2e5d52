"""Feeds as Atom 1.0 (RFC 4287) and RSS 2.0."""

from collections.abc import Mapping
from email.utils import format_datetime
from functools import partial
from typing import Any

from feedgen.feed import FeedGenerator

from timeline.feeds.items import Feed, Item, Via
from timeline.feeds.text import one_line, xml_text

ATOM = "application/atom+xml"
RSS = "application/rss+xml"

_ATOM_NS = "{http://www.w3.org/2005/Atom}"
_HISTORY = "http://purl.org/syndication/history/1.0"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


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
    made.title(one_line(feed.title) or feed.id)
    if rss or feed.subtitle:  # RSS cannot do without
        made.subtitle(one_line(feed.subtitle) or one_line(feed.title) or feed.id)
    made.updated(feed.updated)
    made.language(one_line(feed.lang))
    made.author(name=one_line(feed.author) or one_line(feed.title) or feed.id)
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
        entry.title(one_line(item.title) or item.id)
        entry.updated(item.updated)
        entry.content(xml_text(item.content), type="html")
        entry.category(
            [
                # feedgen names RSS categories after a label that is there, also None.
                {"term": term, "scheme": one.scheme}
                | ({"label": label} if (label := one_line(one.label)) else {})
                for one in item.categories
                if (term := one_line(one.term))
            ]
        )
        if author := one_line(item.author):
            entry.author(name=author)
        if rss:
            entry.link(href=item.page_url, rel="alternate")
        else:
            entry.published(item.published)
        entry.register_extension("ours", partial(_ItemMarks, item, feed))
    return made


def _add(parent: Any, name: str, attributes: Mapping[str, str], text: str = "") -> None:
    element = parent.makeelement(name, attributes)
    element.text = text or None
    parent.append(element)


class _FeedMarks:
    """What feedgen does not write of a feed, or not well."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def extend_ns(self) -> dict[str, str]:
        used = {"fh": _HISTORY} if self._feed.archived else {}
        return {**used, "at": _TOMBSTONES} if self._feed.deleted else used

    def extend_atom(self, root: Any) -> Any:
        self._archive(root, "link", ATOM)
        return root

    def extend_rss(self, root: Any) -> Any:
        _add(root[0], "lastBuildDate", {}, format_datetime(self._feed.updated))
        # As Atom has it: RFC 5005, appendix B. Tombstones have no other name either.
        self._archive(root[0], f"{_ATOM_NS}link", RSS)
        return root

    def _archive(self, parent: Any, link: str, media_type: str) -> None:
        """Where the rest of the feed is, and what is gone (RFC 5005 4, RFC 6721)."""
        feed = self._feed
        for rel, href in (
            ("current", feed.current_url),
            ("prev-archive", feed.older_url),
        ):
            if href:
                _add(parent, link, {"rel": rel, "type": media_type, "href": href})
        if feed.hub:
            _add(parent, link, {"rel": "hub", "href": feed.hub})
        if feed.archived:
            _add(parent, f"{{{_HISTORY}}}archive", {})
        for one in feed.deleted:
            gone = {"ref": one.id, "when": one.when.isoformat()}
            _add(parent, f"{{{_TOMBSTONES}}}deleted-entry", gone)
            _add(parent[-1], f"{{{_TOMBSTONES}}}comment", {}, xml_text(one.why))


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
        if item.lang != self._feed.lang and (lang := one_line(item.lang)):
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
    title = one_line(via.title)
    return {"rel": "via", "href": via.url, **({"title": title} if title else {})}
