"""What a page tells of itself to programs: names, addresses, dates, feeds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from timeline.web.pages.record import instant
from timeline.web.pages.subscribe import Covered, Way, make_ways, subscribe_href
from timeline.web.pages.words import Reader

# Open Graph wants a region too; both interfaces write dates as in these.
_LOCALES: Mapping[str, str] = {"en": "en_GB", "it": "it_IT"}

MAX_DESCRIPTION = 200
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a page tells of itself to programs.

    Attributes:
        title: With the name of the site.
        name: Without it.
        canonical: Absolute address of just this page, its parameters in a fixed order.
        kind: What Open Graph takes it for: an entry is an article.
        published, modified: When an entry was recorded and last changed; empty for
            what is no entry.
        locale, other_locales: Of this page, and those that it is offered in besides.
        feeds: Ways to follow what is shown, whatever the moment: as it is now.
        subscribe: Address of the page that explains them.
        alternates: By language, the absolute address of the page in it.
    """

    title: str
    name: str
    description: str
    canonical: str
    kind: Literal["website", "article"]
    published: str
    modified: str
    locale: str
    other_locales: Sequence[str]
    feeds: Sequence[Way]
    subscribe: str
    alternates: Mapping[str, str]


def make_head(
    reader: Reader,
    covered: Covered,
    *,
    site: str,
    origin: str,
    path: str,
    args: Sequence[tuple[str, str]],
    title: str,
    description: str,
    moment: str = "",
    recorded: tuple[datetime, datetime] | None = None,
) -> Head:
    """The head of the page at *path* with *args*.

    Args:
        reader: For whom.
        covered: What a subscription from that page is to.
        site: Its name.
        origin: Start of absolute addresses.
        path: Of the page.
        args: Its parameters but for moment and language.
        title: Without the name of the site.
        description: Of any length.
        moment: What the page says of the moment it shows; empty: it is now.
        recorded: When an entry was recorded and last changed.
    """
    # The same list whatever the order in which its filters were chosen.
    own = sorted({*args})
    name = f"{title} – {moment}" if moment else title
    full = title if title == site else f"{title} – {site}"
    return Head(
        title=f"{full} – {moment}" if moment else full,
        name=name,
        description=_shortened(description),
        canonical=origin + reader.href(path, own),
        kind="website" if recorded is None else "article",
        published=instant(recorded[0]) if recorded else "",
        modified=instant(recorded[1]) if recorded else "",
        locale=locale(reader.lang),
        other_locales=[locale(one) for one in reader.offered if one != reader.lang],
        feeds=make_ways(reader, covered, origin=origin),
        subscribe=subscribe_href(reader, covered),
        alternates={
            lang: origin + reader.href_in(lang, path, own) for lang in reader.offered
        },
    )


def locale(lang: str) -> str:
    """*lang* with the region whose dates it writes, as Open Graph has it."""
    return _LOCALES.get(lang, lang)


def _shortened(text: str, limit: int = MAX_DESCRIPTION) -> str:
    """At most *limit* characters of *text*, cut between words."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0] + "…"
