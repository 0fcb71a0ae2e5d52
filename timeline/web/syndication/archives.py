"""Archives of feeds (RFC 5005 4): which stretch of the log each one holds.

Archive N holds what the events 100(N-1)+1 to 100N changed in a feed, in the state right
after the last of them, and is there once that is in the log. So it never changes, and
the archives together with what is polled hold every entry as it last was: of what
stands in several, the newest document tells. It does not name the next archive, as it
would change when that one comes; RFC 5005 lets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from werkzeug.exceptions import NotFound

from events.dates import Sentence
from timeline.feeds import Stretch, stretch_of
from timeline.projections import AsOf, Entry, Filter
from timeline.schemas import Archive
from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.web.syndication.scopes import Scope

ARCHIVE_EVENTS = 100
"""Of the log in one archive."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one document of a feed holds.

    Attributes:
        left: Entries that do not belong to the feed any more, and since when.
        since: The document did not last change before this.
        older: Number of the archive of what was before; 0: there is none.
    """

    entries: Sequence[Entry]
    left: Sequence[tuple[Entry, datetime]]
    since: datetime
    older: int


def last_of(archive: Archive, timeline: Timeline) -> int:
    """Position of the last event of *archive*.

    Raises:
        NotFound: The log has not come so far.
    """
    last = archive.number * ARCHIVE_EVENTS
    if last > timeline.head():
        raise NotFound(
            Sentence(
                "This archive is not complete yet: its last event is position {last}.",
                last=last,
            )
        )
    return last


def complete_at(position: int) -> int:
    """How many archives are complete there."""
    return position // ARCHIVE_EVENTS


def first_after(position: int) -> int:
    """The position behind which the events are in no archive that is complete there."""
    return complete_at(position) * ARCHIVE_EVENTS


def held_by(
    scope: Scope, snapshot: Snapshot, timeline: Timeline, archive: Archive | None
) -> Held:
    """What the *archive* holds; None: what is polled, at the moment of *snapshot*.

    That has the newest entries, and all that is in no archive yet. By the day of what
    was known there are no archives: it may have been said in any order.
    """
    limit = timeline.settings.feed_size
    if snapshot.known_day is not None:
        return Held(scope.newest(snapshot, limit=limit), (), scope.since, older=0)

    older = archive.number - 1 if archive else complete_at(snapshot.position)
    after = older * ARCHIVE_EVENTS
    stretch = _stretch(scope, snapshot, timeline, after=after)
    entries = {entry.id: entry for entry in stretch.entries}
    moved = [stretch.last]
    if archive is None:
        entries |= {one.id: one for one in scope.newest(snapshot, limit=limit)}
        # When an archive takes over what left the feed, the feed must not seem older.
        moved.append(after if _is_narrow(scope) else 0)

    def recorded_at(position: int) -> datetime:
        return (timeline.recorded_at(position) if position else None) or scope.since

    return Held(
        list(entries.values()),
        [(one.entry, recorded_at(one.position)) for one in stretch.left],
        max(scope.since, *map(recorded_at, moved)),
        older if scope.entry is None else _older_of(scope.entry, timeline, older),
    )


def _is_narrow(scope: Scope) -> bool:
    """Whether entries may leave it."""
    return scope.entry is None and scope.wanted != Filter()


def _stretch(
    scope: Scope, snapshot: Snapshot, timeline: Timeline, *, after: int
) -> Stretch:
    """What changed in a feed behind *after*, up to the moment of *snapshot*."""
    upto = snapshot.position
    versions = snapshot.versions(after=after, upto=upto, limit=upto - after)
    begun = {one.id for one in versions if one.version == 1}
    # The moment has another snapshot, but what was shown then does not change.
    with timeline.snapshot(AsOf(after)) as earlier:
        found = (earlier.entry(name) for name in {one.id for one in versions} - begun)
        before = {entry.id: entry for entry in found if entry is not None}
    return stretch_of(versions, after=after, before=before, holds=scope.holds)


def _older_of(entry: Entry, timeline: Timeline, older: int) -> int:
    """The last archive up to *older* that has an event of *entry*; 0: none has."""
    numbers = (
        -(-event.position // ARCHIVE_EVENTS)
        for event in timeline.entry_events(entry.id)
    )
    return max((number for number in numbers if number <= older), default=0)
