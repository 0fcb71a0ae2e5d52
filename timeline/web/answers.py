"""What all reads share: validator, freshness, moment, absolute address."""

import hashlib
import mimetypes
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

from flask import Flask, Response, request
from werkzeug import Request
from werkzeug.exceptions import Gone, NotAcceptable, NotFound, PreconditionFailed
from werkzeug.http import parse_accept_header
from werkzeug.security import safe_join

from events import dates
from events.dates import Sentence
from events.model import RecordedEvent
from timeline.projections import AsOf, Moment, View, told_by
from timeline.schemas import Query
from timeline.service import Edition, Timeline
from timeline.store import Snapshot
from timeline.web.delivery import (
    OFTEN_S,
    Reading,
    coded_tag,
    coding_of,
    knows_whatever_there_is,
    precondition,
    say_reading,
    settled,
    validators_of,
)

Render = Callable[[], Response]
_Found = TypeVar("_Found")

PERMANENT_AGE_S = 86_400
"""What was shown at a position changes only if the law wants something erased."""

PAGE_AGE_S = 10
"""How old a page from a cache may be: a storm meets the cache, an editor waits so long.

Whoever reloads gets the page as it is.
"""

MOMENTS = ("as_of", "known")
"""Parameters that ask for a moment."""

_OF_ARCHIVES = ("archive", "defined")


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
    position: int | None = None,
    may_fail: bool = False,
) -> Response:
    """The answer that *render* makes, or 304 while the caller's copy is right.

    What decides the answer beside the address and the log stands in ``Vary``, also of
    the 304.

    Args:
        timeline: Asked for the validator before the rows are read.
        render: Called only if the caller needs the body.
        max_age_s: How long a cache may use the answer unasked; 0: never. An answer
            that stays the same for good may be used for a day.
        query: What it answers, if that can be at a moment.
        position: Where the answer stays the same for good, if *query* does not say.
        may_fail: *render* raises where there is nothing. No precondition holds then
            (RFC 9110 13.2.1), so it is called whatever the caller has.

    Raises:
        PreconditionFailed: The caller wants another version.
        NotAcceptable: The caller takes none of the codings, and no answer without.
    """
    if query is not None and isinstance(query.as_of, int):
        position = query.as_of
    moment = None if position is None else AsOf(position)
    if moment is not None:
        max_age_s = PERMANENT_AGE_S
    edition = timeline.edition(moment)

    def is_exact() -> bool:
        return timeline.edition(moment).tag == edition.tag

    response = _answer(
        Reading(edition=edition, moment=moment, often=max_age_s >= OFTEN_S),
        render,
        now_s=timeline.now().timestamp(),
        is_exact=is_exact,
        may_fail=may_fail,
    )
    if response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        freshness = f"max-age={max_age_s}" if max_age_s else "no-cache"
        response.headers["Cache-Control"] = f"public, {freshness}"
    return response


def _answer(
    reading: Reading,
    render: Render,
    *,
    now_s: float,
    is_exact: Callable[[], bool],
    may_fail: bool = False,
) -> Response:
    edition, environ = reading.edition, request.environ
    coding = coding_of(environ)
    if coding is None:
        raise NotAcceptable(Sentence("Take gzip, Brotli or no coding at all."))
    verdict = precondition(
        environ, coded_tag(edition.tag, coding), settled(edition, now_s=now_s)
    )
    if verdict == HTTPStatus.PRECONDITION_FAILED:
        raise PreconditionFailed
    if verdict is None or may_fail or knows_whatever_there_is(environ):
        response = render()
        if response.status_code != HTTPStatus.OK:
            return response
        if not is_exact():
            reading = replace(reading, exact=False)
    if verdict is not None:
        response = Response(status=verdict)
    response.headers.extend(
        validators_of(edition, coding, now_s=now_s, exact=reading.exact)
    )
    say_reading(environ, reading)
    return response


def static_answer(app: Flask, filename: str) -> Response:
    """A file of *app*, with a validator made of its content.

    Flask's own is made of the file's time, which is another one on each machine.

    Raises:
        NotFound: There is none of that name.
    """
    path = safe_join(str(app.static_folder), filename)
    if path is None or not (file := Path(path)).is_file():
        raise NotFound
    content = file.read_bytes()
    kind, _ = mimetypes.guess_type(file.name)
    made = Response(content, mimetype=kind or "application/octet-stream")
    edition = Edition(hashlib.sha256(content).hexdigest()[:20], None, None)
    answer = _answer(
        Reading(edition=edition, often=True),
        lambda: made,
        now_s=0,
        is_exact=lambda: True,
    )
    answer.headers["Cache-Control"] = "public, no-cache"
    return answer


def absolute(timeline: Timeline, path: str) -> str:
    """The public address of *path*: from the settings, never from the Host header."""
    return timeline.settings.origin + path


def refuse_unacceptable(media_type: str, request: Request) -> None:
    """Do nothing if *request* takes answers of *media_type*; RFC 9110 12.5.1.

    Parameters of what it takes are passed over, as there is one form of each type.

    Raises:
        NotAcceptable: It says that it does not.
    """
    # Java says "*; q=.2", which Werkzeug passes over as no number.
    said = request.headers.get("Accept", "").replace("q=.", "q=0.")
    taken: dict[str, float] = {}
    for one, quality in parse_accept_header(said):
        name = one.partition(";")[0].strip().lower().replace("*/*", "*")
        if name == "*" or "/" in name:
            taken[name] = max(quality, taken.get(name, 0))
    if not taken:
        return
    # What says most of the type decides, however much else is taken.
    for name in (media_type, f"{media_type.partition('/')[0]}/*", "*"):
        if name in taken:
            if taken[name] > 0:
                return
            break
    raise NotAcceptable(f"There is {media_type} here.")


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


def view_in(snapshot: Snapshot, name: str) -> View:
    """The view as *snapshot* has it.

    Raises:
        NotFound: There is none.
        Gone: It was removed.
    """
    view = snapshot.view(name)
    if view is None:
        raise NotFound(Sentence("There is no view “{name}”.", name=name))
    if view.removed:
        raise Gone(Sentence("The view “{title}” was removed.", title=view.title))
    return view


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
    fixed = {*MOMENTS, *_OF_ARCHIVES}
    args = [one for one in request.args.items(multi=True) if one[0] not in fixed]
    # "//evil.example" would lead to another site.
    path = quote(f"/{request.path.lstrip('/')}")
    return f"{path}?{urlencode(args)}" if args else path
