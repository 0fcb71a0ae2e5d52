"""How to follow what a page shows, in words and addresses. Pure.

A subscription is to what is now and comes, so no address here asks for a moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from timeline.config import Settings
from timeline.projections import Entry, Filter, View
from timeline.web.pages.listing import Chip, list_args, make_chips
from timeline.web.pages.words import Reader, Text, foreign, texts

CHANGES_FEED = "/changes.atom"
"""Of all events, whatever a page shows."""

_FORMATS = (
    ("feed.atom", "application/atom+xml", "Atom"),
    ("feed.rss", "application/rss+xml", "RSS"),
    ("feed.json", "application/feed+json", "JSON Feed"),
    ("calendar.ics", "text/calendar", "iCalendar"),
)


@dataclass(frozen=True, slots=True)
class Covered:
    """What a subscription is to.

    Attributes:
        path: Of its page, without a final slash; its feeds are below.
        wanted: What of that page.
        title: In words.
    """

    path: str
    wanted: Filter
    title: str

    @property
    def args(self) -> list[tuple[str, str]]:
        """The parameters that choose it."""
        return list_args(self.wanted, "desc")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to follow it.

    Attributes:
        name: Of the format.
        media_type: Of the format.
        title: Of what is followed, and the format.
        href: Without an origin.
        address: With the public one.
    """

    name: str
    media_type: str
    title: str
    href: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribing:
    """The page that explains how to subscribe.

    Attributes:
        kind: ``timeline``, ``view`` or ``entry``.
        title: Of what it is to, before it is narrowed down.
        chips: What that is narrowed down to; each leads to this page without it.
        back: The page it came from, at the moment that this showed.
        back_then: Whether that was an earlier one.
        feeds: Atom first.
        webcal: The calendar's address for programs that keep calendars.
        changes: The feed of all events.
    """

    covered: Covered
    kind: str
    title: Text
    chips: Sequence[Chip]
    back: str
    back_then: bool
    feeds: Sequence[Way]
    calendar: Way
    webcal: str
    changes: Way


def subscribe_href(reader: Reader, covered: Covered) -> str:
    """The address of the page that explains how to follow *covered*."""
    return reader.href(f"{covered.path}/subscribe", covered.args)


def make_ways(reader: Reader, covered: Covered, *, origin: str) -> list[Way]:
    """All ways to follow *covered*: Atom first, the calendar last."""

    def way(file: str, media_type: str, name: str) -> Way:
        href = reader.now.href(f"{covered.path}/{file}", covered.args)
        return Way(name, media_type, f"{covered.title} ({name})", href, origin + href)

    return [way(*one) for one in _FORMATS]


def make_subscribing(
    reader: Reader,
    found: View | Entry | None,
    wanted: Filter,
    settings: Settings,
    *,
    path: str,
) -> Subscribing:
    """The page that explains how to follow what is at *path*.

    Args:
        reader: Came from a page at the moment that his links keep.
        found: What is there; None: the timeline.
        wanted: What of it; an entry is followed whole.
        settings: Of the site.
        path: Of its page, without a final slash.
    """
    match found:
        case None:
            kind, title = "timeline", Text(words=settings.title, lang=_own(reader))
        case View():
            kind, title = "view", Text(words=found.title, lang=_own(reader))
        case Entry():
            kind, title = "entry", texts(found, reader)[0]
            wanted = Filter()
        case unreachable:
            assert_never(unreachable)
    now = reader.now
    chips = make_chips(now, f"{path}/subscribe", wanted, "desc")
    narrowed = ", ".join(chip.words for chip in chips)
    covered = Covered(
        path, wanted, f"{title.words}: {narrowed}" if narrowed else title.words
    )
    *feeds, calendar = make_ways(reader, covered, origin=settings.origin)
    news = now.href(CHANGES_FEED)
    return Subscribing(
        covered=covered,
        kind=kind,
        title=title,
        chips=chips,
        back=reader.href(path or "/", covered.args),
        back_then=bool(reader.moment),
        feeds=feeds,
        calendar=calendar,
        webcal="webcal:" + calendar.address.partition(":")[2],
        changes=Way("Atom", feeds[0].media_type, "", news, settings.origin + news),
    )


def _own(reader: Reader) -> str:
    """The language of the site's own words, where it is not the page's."""
    return foreign(reader.site, reader)
