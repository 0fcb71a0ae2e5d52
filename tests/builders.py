"""Values that fill in what a test does not care about.

A builder takes the entry first and everything else by name: the entry's fields,
what an event tells of itself (``said``, ``sources``, ``reason``) and how it goes
into the log (``event_id``, ``author``, ``expected_version`` …).  Ids count up, so
that two events are two facts unless a test says otherwise; tests that append from
several processes name theirs.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypedDict, Unpack

from events.model import (
    VIEW_PREFIX,
    EntryCancelled,
    EntryCorrected,
    EntryFulfilled,
    EntryPostponed,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    Event,
    JsonObject,
    LogIdentity,
    NewEvent,
    RecordedEvent,
    ViewDefined,
    ViewRemoved,
    WindowClosed,
    WindowOpened,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

IDENTITY = LogIdentity(
    log_id="0b5f4b1e-7a1c-4a3f-9a53-0f6f3e9a2a11",
    origin="timeline.example/0b5f4b1e-7a1c-4a3f-9a53-0f6f3e9a2a11",
    tag_authority="timeline.example,2026-11-23",
)
"""Of a log that was made on that day."""
"""Where a `FixedClock` stands unless a test says otherwise."""

_ids = count(1)


class FixedClock:
    """A clock that stands still until a test moves it, also backwards."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Go forwards, or backwards by negative amounts."""
        self.now += timedelta(days=days, hours=hours, seconds=seconds)

    def move_to(self, now: datetime) -> None:
        """Stand at *now*, which is aware, from here on."""
        self.now = now


class Placing(TypedDict, total=False):
    """How an event goes into the log; see `NewEvent`."""

    event_id: str
    author: str
    expected_version: int | None
    entry_derived: bool
    id_derived: bool


class Told(Placing, total=False):
    """What every event of an entry may tell of itself besides."""

    said: str | None
    sources: Sequence[JsonObject]
    reason: str


class Fields(Told, total=False):
    """The entry's fields besides; None takes a field away in a merge patch."""

    title: str | None
    occurred: str | None
    summary: str | None
    category: str | None
    actors: Sequence[str] | None
    places: Sequence[str] | None
    tags: Sequence[str] | None
    importance: int | None
    awaited: bool | None
    measure: bool | None
    scope: str | None
    links: Sequence[JsonObject] | None
    media: Sequence[JsonObject] | None
    lang: str | None
    translations: JsonObject | None


_PLACING = Placing.__optional_keys__
_TOLD = Told.__optional_keys__ - _PLACING


def recorded(entry: str = "moon-landing", **given: Unpack[Fields]) -> NewEvent:
    """A happening put on the timeline."""
    defaults = {"title": title_of(entry), "occurred": "1969-07-20"}
    event = EntryRecorded(fields={**defaults, **_fields(given)}, **_told(given))
    return _new(entry, event, given)


def corrected(
    entry: str = "moon-landing",
    *,
    corrects: int | None = None,
    changes: JsonObject | None = None,
    **given: Unpack[Fields],
) -> NewEvent:
    """An entry that we had wrong.

    Args:
        entry: Which one.
        corrects: The version that was wrong.
        changes: What the keywords cannot say: ``said`` and ``sources`` of the
            corrected event.
        given: The other changes, and about the correction itself.
    """
    event = EntryCorrected(
        changes={**_fields(given), **(changes or {})},
        corrects=corrects,
        **{"reason": "a slip of the pen", **_told(given)},
    )
    return _new(entry, event, given)


def revised(entry: str = "moon-landing", **given: Unpack[Fields]) -> NewEvent:
    """An entry whose world changed; without changes, its date moves."""
    changes = _fields(given) or {"occurred": "1969-07-21"}
    return _new(entry, EntryRevised(changes=changes, **_told(given)), given)


def postponed(entry: str = "moon-landing", **given: Unpack[Told]) -> NewEvent:
    """A promise that stands without a date."""
    return _new(entry, EntryPostponed(**_told(given)), given)


def fulfilled(
    entry: str = "moon-landing", *, occurred: str = "1969-07-20", **given: Unpack[Told]
) -> NewEvent:
    """A promise that was kept."""
    return _new(entry, EntryFulfilled(occurred=occurred, **_told(given)), given)


def cancelled(entry: str = "moon-landing", **given: Unpack[Told]) -> NewEvent:
    """A promise that will not be kept."""
    return _new(entry, EntryCancelled(**_told(given)), given)


def retracted(entry: str = "moon-landing", **given: Unpack[Told]) -> NewEvent:
    """An entry that should never have been listed."""
    told = {"reason": "it was never so", **_told(given)}
    return _new(entry, EntryRetracted(**told), given)


def window_opened(
    entry: str = "moon-landing",
    *,
    bound: str = "1969-07-20",
    set_by: int = 1,
    **given: Unpack[Placing],
) -> NewEvent:
    """A window that the scheduler saw open."""
    return _new(entry, WindowOpened(bound=bound, set_by=set_by), given)


def window_closed(
    entry: str = "moon-landing",
    *,
    bound: str = "1969-07-20",
    set_by: int = 1,
    **given: Unpack[Placing],
) -> NewEvent:
    """A window that the scheduler saw close."""
    return _new(entry, WindowClosed(bound=bound, set_by=set_by), given)


def view_defined(
    name: str = "space",
    *,
    title: str | None = None,
    filter: JsonObject | None = None,  # noqa: A002 - the name in the event
    description: str = "",
    **given: Unpack[Placing],
) -> NewEvent:
    """A view and what it shows."""
    event = ViewDefined(
        name=name,
        title=title_of(name) if title is None else title,
        filter={"category": ["space"]} if filter is None else filter,
        description=description,
    )
    return _new(VIEW_PREFIX + name, event, given)


def view_removed(
    name: str = "space", *, reason: str = "", **given: Unpack[Placing]
) -> NewEvent:
    """A view that is no more."""
    return _new(VIEW_PREFIX + name, ViewRemoved(name=name, reason=reason), given)


def history(
    *events: NewEvent, start: datetime = NOON, every: timedelta = timedelta(hours=1)
) -> list[RecordedEvent]:
    """*events*, all of one entry, as a log would hold that holds no other."""
    return [
        RecordedEvent(
            position=version,
            id=new.id,
            entry=new.entry,
            version=version,
            recorded_at=start + every * (version - 1),
            author=new.author,
            event=new.event,
            leaf_hash=b"",
        )
        for version, new in enumerate(events, start=1)
    ]


def title_of(slug: str) -> str:
    """The title that the builders give to the entry or view *slug*."""
    return slug.replace("-", " ").capitalize()


def _new(entry: str, event: Event, given: Mapping[str, Any]) -> NewEvent:
    placing = {name: value for name, value in given.items() if name in _PLACING}
    event_id = placing.pop("event_id", None) or f"event-{next(_ids)}"
    return NewEvent(
        id=event_id, entry=entry, event=event, **{"author": "tester", **placing}
    )


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in _TOLD}


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in given.items()
        if name not in _PLACING and name not in _TOLD
    }
