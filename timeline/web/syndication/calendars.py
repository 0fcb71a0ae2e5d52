"""Which entries a calendar holds: what is still to come first, then what was last."""

from dataclasses import dataclass

from events import dates
from events.dates import DAY_S, OPEN
from timeline.feeds import MOST_ENTRIES
from timeline.projections import Entry, Filter
from timeline.schemas import Cursor
from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.web.answers import day_then
from timeline.web.syndication.scopes import Scope


@dataclass(frozen=True, slots=True)
class Listed:
    """Entries of a calendar; *capped*: there are more than these."""

    entries: list[Entry]
    capped: bool = False


def listed_in(
    scope: Scope, snapshot: Snapshot, timeline: Timeline, *, most: int = MOST_ENTRIES
) -> Listed:
    """What a calendar of *scope* lists on the day of *snapshot*.

    What is open or to come, the nearest first, and as much of what came last as there
    is room for: two pages of the read model, whatever the number of entries.
    """
    if scope.entry is not None:
        return Listed([scope.entry])
    today = day_then(timeline, snapshot) * DAY_S
    ahead = snapshot.page(
        Filter(start=dates.parse(dates.day_of(today)), within=scope.wanted),
        order="asc",
        limit=most,
    )
    if ahead.next is not None:
        return Listed([*ahead.entries], capped=True)
    # Behind all that stands on this day: what is ahead and begins before is listed
    # there already, so that this page has no fewer than there is room for.
    past = snapshot.page(
        scope.wanted, order="desc", limit=most, start=Cursor(today, -OPEN, "")
    )
    known = {entry.id for entry in ahead.entries}
    before = [entry for entry in past.entries if entry.id not in known]
    room = most - len(ahead.entries)
    return Listed(
        [*ahead.entries, *before[:room]],
        capped=past.next is not None or len(before) > room,
    )
