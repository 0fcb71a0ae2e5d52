"""Which feeds a WebSub hub is told about. Pure.

A feed names the hub only if the hub is told of its changes: readers ask less often for
a feed that does (FreshRSS once a day, FreshRSS/FreshRSS#4448). Those with a filter
cannot be counted, and those at a moment and archives do not change.
"""

from collections.abc import Iterator

from timeline.config import LANGUAGES

CHANGES_FEED = "changes.atom"
PAGE_FEEDS = ("feed.atom", "feed.rss", "feed.json")
"""Last parts of the addresses of the feeds that a page has below it."""


def topics(name: str, *, site_lang: str) -> Iterator[str]:
    """The addresses, without an origin, of the feed *name* that a hub is told about.

    Args:
        name: Path without a slash before it, such as ``views/space/feed.atom``.
        site_lang: Language in which it is if none is asked for.
    """
    for query in _queries(site_lang):
        yield f"/{name}?{query}" if query else f"/{name}"


def is_topic(address: str, *, site_lang: str) -> bool:
    """Whether *address*, as the feed there names itself, is one of them."""
    path, _, query = address.partition("?")
    name = path.rpartition("/")[2]
    return name in (CHANGES_FEED, *PAGE_FEEDS) and query in _queries(site_lang)


def _queries(site_lang: str) -> list[str]:
    return ["", *(f"lang={lang}" for lang in LANGUAGES if lang != site_lang)]
