"""What all reads share: validator, freshness, moment, absolute address."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote, urlencode

from flask import Response, request
from werkzeug.exceptions import Gone, NotFound

from events import dates
from events.dates import Sentence
from events.model import RecordedEvent
from timeline.projections import AsOf, Moment, told_by
from timeline.schemas import Query
from timeline.service import Timeline
from timeline.store import Snapshot

Render = Callable[[], Response]
_Found = TypeVar("_Found")

PERMANENT_AGE_S = 86_400
"""What was shown at a position changes only if the law wants something erased."""

MOMENTS = ("as_of", "known")
"""Parameters that ask for a moment."""


class NotThenError(NotFound):
    """What is asked for is there now, but was not at the moment asked for.

    Attributes:
        now: Its address now, without an origin.
    """

    def __init__(self) -> None:
        super().__init__(
            Sentence("This was not here yet at that moment: it came later.")
        )
        self.now = address_now()


def conditional(
    timeline: Timeline,
    render: Render,
    *,
    max_age_s: int,
    query: Query | None = None,
) -> Response:
    """The answer that *render* makes, or 304 while the caller's copy is right.

    Args:
        timeline: Asked for the validator before the rows are read.
        render: Called only if the caller needs the body.
        max_age_s: How long a cache may use the answer unasked; 0: never. An answer
            that stays the same for good may be used for a day.
        query: What it answers, if that can be at a moment.
    """
    tag = timeline.tag()
    if query is not None and isinstance(query.as_of, int):
        tag = timeline.tag(AsOf(query.as_of))
        max_age_s = PERMANENT_AGE_S
    wanted = request.if_none_match
    # Weak comparison, RFC 9110 13.1.2: proxies that compress weaken the tag.
    if wanted.contains_weak(tag) and not wanted.star_tag:
        response = Response(status=304)
    else:
        response = render()
        if wanted.star_tag and response.status_code == 200:  # it does exist
            response = Response(status=304)
    if response.status_code in (200, 304):
        response.set_etag(tag)
        freshness = f"max-age={max_age_s}" if max_age_s else "no-cache"
        response.headers["Cache-Control"] = f"public, {freshness}"
    return response


def absolute(timeline: Timeline, path: str) -> str:
    """The public address of *path*: from the settings, never from the Host header."""
    return timeline.settings.origin + path


# -- moments -------------------------------------------------------------------------


def find_then(
    timeline: Timeline, moment: Moment | None, find: Callable[[Snapshot], _Found]
) -> _Found:
    """What *find* finds at the moment; None: now.

    Raises:
        NotThenError: It finds something now only.
        NotFound: It finds nothing now either.
    """
    try:
        with timeline.snapshot(moment) as snapshot:
            return find(snapshot)
    except NotFound:
        if moment is None:
            raise
    with timeline.snapshot() as snapshot, suppress(Gone):  # it was here in between
        find(snapshot)
    raise NotThenError


def events_then(
    timeline: Timeline, snapshot: Snapshot, entry_id: str
) -> list[RecordedEvent]:
    """The events of an entry that its state in *snapshot* rests on."""
    # The log may be ahead of the snapshot.
    events = [
        event
        for event in timeline.entry_events(entry_id)
        if event.position <= snapshot.position
    ]
    if snapshot.known_day is None:
        return events
    return told_by(events, snapshot.known_day)


def day_then(timeline: Timeline, snapshot: Snapshot) -> int:
    """The day, from 1970, on which *snapshot* shows things; of UTC."""
    if snapshot.known_day is not None:
        return snapshot.known_day
    last = timeline.recorded_at(snapshot.position)
    return 0 if last is None else int(last.timestamp()) // dates.DAY_S


def known_text(snapshot: Snapshot) -> str | None:
    """The day of what was known, in EDTF; None if that is not asked for."""
    day = snapshot.known_day
    return None if day is None else dates.day_of(day * dates.DAY_S)


def address_now() -> str:
    """The address that is asked for, without its moment and its origin."""
    args = [one for one in request.args.items(multi=True) if one[0] not in MOMENTS]
    # "//evil.example" would lead to another site.
    path = quote(f"/{request.path.lstrip('/')}")
    return f"{path}?{urlencode(args)}" if args else path
