"""What the read model keeps: entries, views, and when they were so. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from events import dates
from events.dates import HistoricDate
from events.model import (
    JsonObject,
    WindowClosed,
    WindowEvent,
    WindowOpened,
)

CLOSING_S = 12 * 3600
"""A day has ended everywhere 12 hours after it ended in UTC."""


class State(StrEnum):
    """Where an entry stands at the moment of its view."""

    UPCOMING = "upcoming"
    OPEN = "open"
    HAPPENED = "happened"
    OVERDUE = "overdue"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who made it public, and where."""

    url: str
    title: str = ""
    publisher: str = ""
    published: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation to another entry, such as ``amends`` or ``part-of``."""

    rel: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture or recording elsewhere."""

    url: str
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Title and summary in another language; empty where not translated."""

    title: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event that changed what an entry said before.

    Attributes:
        kind: ``corrected`` (we had it wrong) or ``revised`` (the world changed).
        position: Of the event in the log.
        version: Of the entry, made by the event.
        said: Day the source of the change made it public, EDTF.
        before: Old values of the changed fields; None where there was none.
        after: New values of the same fields.
    """

    kind: str
    position: int
    version: int
    recorded_at: datetime
    said: str
    reason: str
    before: JsonObject
    after: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One dated happening: the fold of its events up to a position.

    Attributes:
        position: Of its last event.
        occurred: When it happened or is to happen.
        lo, hi: Bounds in seconds from 1970, inclusive; the open start of a promise
            is the day it was said.
        settled: An event says how it stands, whatever its window.
        measure: A rule or the like, which is in force or is not.
        set_by: Version of the event that set its window.
        promised: The window that `EntryFulfilled` closed, else None.
        said: Day a source first made it public, EDTF.
        recorded_at: When this service first recorded it.
        updated_at: When it last changed in what a reader sees of it.
        updated_position: Of the event by which it did.
        sources: Of all its events in order, each address once.
        changes: Its corrections and revisions, in order.
        ending: Reason of its retraction or cancellation, empty if not given.
        ended: Day on which its cancellation or postponement was said, EDTF; else empty.
        fields: The folded JSON fields, for patching and validation.
    """

    id: str
    version: int
    position: int
    title: str
    occurred: HistoricDate
    lo: int
    hi: int
    state: State
    settled: bool
    set_by: int
    said: str
    recorded_at: datetime
    updated_at: datetime
    updated_position: int
    summary: str = ""
    category: str = ""
    actors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    importance: int = 50
    awaited: bool = False
    measure: bool = False
    scope: str = ""
    sources: tuple[Source, ...] = ()
    links: tuple[Link, ...] = ()
    media: tuple[Media, ...] = ()
    lang: str = ""
    translations: Mapping[str, Translation] = field(default_factory=dict)
    promised: HistoricDate | None = None
    changes: tuple[Change, ...] = ()
    ending: str = ""
    ended: str = ""
    fields: JsonObject = field(default_factory=dict)

    @property
    def sort_key(self) -> int:
        """Where it stands on the timeline: dates.md, "Keys, order, overlap"."""
        return self.occurred.sort_key

    @property
    def corrected(self) -> bool:
        """Whether we once had it wrong."""
        return any(change.kind == "corrected" for change in self.changes)

    @property
    def due(self) -> int | None:
        """Second from 1970 at which its window opens or closes next.

        None for what has been closed or resolved, or never closes.
        """
        match self.state:
            case State.UPCOMING:
                return self.lo
            case State.OPEN if self.hi != dates.OPEN:
                return closes_s(self.occurred, self.hi)
            case _:
                return None

    def due_event(self) -> WindowEvent:
        """What is to be appended when it is `due`."""
        if self.state is State.UPCOMING:
            first = self.occurred.earliest or dates.day_of(self.lo)
            return WindowOpened(bound=first, set_by=self.set_by)
        return WindowClosed(bound=self.occurred.latest or "", set_by=self.set_by)

    def state_on(self, day: int) -> State:
        """Where it stands for those who know what was said up to *day*, from 1970.

        A window is closed if its last day is before that day, open if it is in it.
        """
        if self.settled:
            return self.state
        if (day + 1) * dates.DAY_S <= self.lo:
            return State.UPCOMING
        if day * dates.DAY_S <= self.hi:
            return State.OPEN
        return State.OVERDUE if self.awaited else State.HAPPENED

    def words(self) -> tuple[str, str, str]:
        """What a search looks at, in all languages: titles, summaries, names."""
        others = self.translations.values()
        publishers = (source.publisher for source in self.sources)
        return (
            "\n".join((self.title, *(other.title for other in others))),
            "\n".join((self.summary, *(other.summary for other in others))),
            "\n".join((*self.actors, *self.places, *self.tags, *publishers)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A named filter over entries.

    Attributes:
        filter: As it was defined: lists by key.
        removed: It was there once and is no more.
    """

    name: str
    title: str
    description: str
    filter: JsonObject
    position: int
    updated_at: datetime
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """What an entry is from one moment to another.

    Attributes:
        days: [from, to) of the days from 1970 on which the public knew just this;
            None if it never did: said out of order, or corrected since.
    """

    entry: Entry
    days: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Versions:
    """All that the read model keeps of one entry.

    Attributes:
        shown: After each of its events, in order.
        known: What was known on some days, but was never shown just so.
    """

    shown: Sequence[Version]
    known: Sequence[Version]


Row: TypeAlias = Versions | View
"""What the read model keeps."""

NEVER = 2**62
"""Day or position at which that ends which is still so."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment right after the event at *position*: what this service showed."""

    position: int


@dataclass(frozen=True, slots=True)
class Known:
    """A *day*, from 1970: what the public knew when it ended."""

    day: int


Moment: TypeAlias = AsOf | Known


def closes_s(occurred: HistoricDate, hi: int) -> int:
    """When a window that ends with *hi* has ended everywhere.

    A day ends in the last time zone `CLOSING_S` after it ended in UTC; an instant is
    the same everywhere.
    """
    to_the_instant = "T" in (occurred.latest or "")
    return hi + 1 + (0 if to_the_instant else CLOSING_S)
