"""What a feed or calendar is of: the whole timeline, a view or one entry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from werkzeug.exceptions import Gone, NotFound

from timeline.feeds import made_on
from timeline.projections import AsOf, Entry, Filter, View
from timeline.schemas import Query, dump_filter_args, parse_filter
from timeline.service import Timeline
from timeline.store import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a feed is of.

    Attributes:
        path: Of its page, without a final slash; its feeds are below.
        name: In its id.
        args: Parameters that choose its entries, as the pages link to it.
        since: It did not last change before this.
        wanted: Which entries belong to it.
        entry: The only one that does; None: all that are wanted do.
        defined: Position at which its view was defined; 0: it is of none.
    """

    path: str
    name: str
    title: str
    args: Sequence[tuple[str, str]]
    since: datetime
    wanted: Filter
    entry: Entry | None = None
    subtitle: str = ""
    defined: int = 0

    def holds(self, entry: Entry) -> bool:
        """Whether *entry*, as it is at any moment, belongs to it."""
        if self.entry is not None:
            return entry.id == self.entry.id
        return self.wanted.matches(entry)

    def newest(self, snapshot: Snapshot, *, limit: int) -> Sequence[Entry]:
        """Its entries in *snapshot* that changed last."""
        if self.entry is not None:
            return [self.entry]
        return snapshot.newest(self.wanted, limit=limit)


ScopeOf: TypeAlias = Callable[[Snapshot, Query], Scope]
"""Finds it, or raises `NotFound` or `Gone`."""


def scope_of_all(timeline: Timeline) -> ScopeOf:
    """All entries that the address wants."""
    since = made_on(timeline.identity())

    def scope(_: Snapshot, query: Query) -> Scope:
        return Scope(
            path="",
            name="timeline",
            title=timeline.settings.title,
            args=dump_filter_args(query.filter),
            since=since,
            wanted=query.filter,
        )

    return scope


def scope_of_view(
    timeline: Timeline, name: str, *, defined: int | None = None
) -> ScopeOf:
    """The entries of the view *name*, of which the address may want fewer.

    Args:
        timeline: With the view.
        name: Of the view.
        defined: The position of its definition; None: it is as in the snapshot.
    """

    def scope(snapshot: Snapshot, query: Query) -> Scope:
        view = snapshot.view(name) if defined is None else definition(defined)
        if view is None:
            raise NotFound(f"There is no view {name!r}.")
        if view.removed:
            raise Gone(f"The view {name!r} was removed.")
        return Scope(
            path=f"/views/{view.name}",
            name=f"views/{view.name}",
            title=f"{view.title} – {timeline.settings.title}",
            subtitle=view.description,
            args=dump_filter_args(query.filter),
            since=view.updated_at,
            wanted=replace(query.filter, within=parse_filter(view.filter)),
            defined=view.position,
        )

    def definition(position: int) -> View | None:
        if position > timeline.head():
            return None
        with timeline.snapshot(AsOf(position)) as then:
            view = then.view(name)
        return view if view is not None and view.position == position else None

    return scope


def scope_of_entry(timeline: Timeline, entry_id: str) -> ScopeOf:
    """One entry, whatever else the address wants."""

    def scope(snapshot: Snapshot, _: Query) -> Scope:
        entry = snapshot.entry(entry_id)
        if entry is None:
            raise NotFound(f"There is no entry {entry_id!r}.")
        return Scope(
            path=f"/entries/{entry.id}",
            name=f"entries/{entry.id}/feed",
            title=f"{entry.title} – {timeline.settings.title}",
            args=(),
            since=entry.updated_at,
            wanted=Filter(),
            entry=entry,
        )

    return scope
