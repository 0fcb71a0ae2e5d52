"""The JSON API: events go in with a token, everything can be read without."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    NotFound,
)

from events import dates
from events.model import VIEW_PREFIX, Json, JsonObject, RecordedEvent
from timeline.projections import Filter, Moment
from timeline.schemas import (
    Query,
    dump_change,
    dump_changes_args,
    dump_entry,
    dump_event,
    dump_in_force,
    dump_moment_args,
    dump_query_args,
    dump_view,
    parse_changes_query,
    parse_density_query,
    parse_filter,
    parse_log_query,
    parse_query,
    write_cursor,
    write_json,
)
from timeline.service import Timeline
from timeline.store import TILE_UNITS, Snapshot
from timeline.tellings import in_force
from timeline.web.answers import (
    absolute,
    conditional,
    day_then,
    events_then,
    find_then,
    known_text,
    refuse_unacceptable,
    view_in,
)
from timeline.web.appending import append
from timeline.web.errors import is_for_programs
from timeline.web.pages.changes import address_of, headline, make_line
from timeline.web.pages.languages import Languages
from timeline.web.pages.moments import end_of
from timeline.web.pages.words import Reader
from timeline.web.tiles import density_json, tile_json

_JSON = "application/json"
_TILE = re.compile(r"0|-?[1-9][0-9]{0,10}")
_POSITION = re.compile(r"[1-9][0-9]{0,14}")


def make_api(
    timeline: Timeline, languages: Languages, *, document: Callable[[], JsonObject]
) -> Blueprint:
    """Build the JSON API over *timeline*; changes are told in one of *languages*.

    *document* describes it.
    """
    api = Blueprint("api", __name__)
    settings = timeline.settings

    @api.before_request
    def refuse_other_formats() -> None:
        """Before anything is stored; who asks for the health takes what there is."""
        if request.method != "OPTIONS" and request.path.startswith("/api/"):
            refuse_unacceptable(_JSON, request)

    # -- writing ---------------------------------------------------------------

    @api.post("/api/events")
    def append_events() -> ResponseReturnValue:
        """Append one event, or a list of them: all or nothing.

        201 with receipts and the address of the first; 200 with the first result
        for a repeat. After a refusal the log is as it was.
        """
        return append(timeline, request)

    # -- reading the log -------------------------------------------------------

    @api.get("/api/events")
    def list_events() -> Response:
        """Events of the log in order, behind a position."""
        after, limit = parse_log_query(request.args.items(multi=True))

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                position = snapshot.position
            events = _upto(position, timeline.events(after=after, limit=limit))
            more = len(events) == limit and events[-1].position < position
            return _page(
                {"events": [dump_event(event) for event in events]},
                position=position,
                following=url_for(
                    "api.list_events", after=events[-1].position, limit=limit
                )
                if more
                else None,
            )

        return conditional(timeline, render, max_age_s=0)

    @api.get("/api/events/<position>")
    def event(position: str) -> Response:
        """One event of the log."""

        def render() -> Response:
            # Checked here: SQLite has no integers beyond 64 bits.
            given = _POSITION.fullmatch(position)
            found = timeline.event(int(position)) if given else None
            if found is None:
                raise NotFound("The log has no event at this position.")
            return _answer(dump_event(found))

        return conditional(timeline, render, max_age_s=0, may_fail=True)

    # -- reading the views -----------------------------------------------------

    @api.get("/api/entries")
    def list_entries() -> Response:
        """Entries in timeline order, as many as a page holds."""
        query = asked()
        moment = timeline.moment(query)
        find_view(query, moment)

        def render() -> Response:
            with timeline.snapshot(moment) as snapshot:
                said = _moment_of(snapshot)
                limit = query.limit or settings.page_size
                page = snapshot.asked_page(query, _wanted(snapshot, query), limit=limit)
            following = None
            if page.next is not None:
                args = [*dump_query_args(query), ("cursor", write_cursor(page.next))]
                following = f"{url_for('api.list_entries')}?{urlencode(args)}"
            return _page(
                {
                    "entries": [
                        dump_entry(entry, url_of=entry_url, lang=lang(query.lang))
                        for entry in page.entries
                    ]
                },
                **said,
                following=following,
            )

        return conditional(timeline, render, max_age_s=0, query=query)

    @api.get("/api/entries/<entry_id>")
    def entry(entry_id: str) -> Response:
        """One entry as it stands, or stood."""
        query = asked()

        def find(snapshot: Snapshot) -> dict[str, Json]:
            found = snapshot.entry(entry_id)
            if found is None:
                raise NotFound("There is no such entry.")
            known = known_text(snapshot)
            day = day_then(timeline, snapshot)
            acting = snapshot.acting(entry_id, snapshot.backlinks(entry_id))
            measure = in_force(found, acting, day=day)
            return {
                **dump_entry(found, url_of=entry_url, lang=lang(query.lang)),
                "in_force": dump_in_force(measure, lang=lang(query.lang)),
                **({"known": known} if known else {}),
            }

        def render() -> Response:
            return _answer(find_then(timeline, timeline.moment(query), find))

        return conditional(timeline, render, max_age_s=0, query=query, may_fail=True)

    @api.get("/api/entries/<entry_id>/events")
    def entry_events(entry_id: str) -> Response:
        """All events of one entry, also when no entry is left of them.

        At a moment: those up to the position, or those the public knew of.
        """
        query = asked()

        def find(snapshot: Snapshot) -> Response:
            events = events_then(timeline, snapshot, entry_id)
            if not events or entry_id.startswith(VIEW_PREFIX):
                raise NotFound("There is no such entry.")
            return _page(
                {"events": [dump_event(event) for event in events]},
                **_moment_of(snapshot),
            )

        def render() -> Response:
            return find_then(timeline, timeline.moment(query), find)

        return conditional(timeline, render, max_age_s=0, query=query, may_fail=True)

    @api.get("/api/changes")
    def list_changes() -> Response:
        """Changes between two moments, in the order in which they were recorded."""
        query = parse_changes_query(request.args.items(multi=True), strict=True)
        after, asked_upto = timeline.between(query)
        reader = languages.reader(query.lang)

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                upto = snapshot.position
                if asked_upto is not None:
                    upto = min(upto, asked_upto)
                last = min(upto, after + (query.limit or settings.page_size))
                told = timeline.changes(snapshot, after=after, upto=last)
            changes = [make_line(event, entry, reader) for event, entry in told]
            following = None
            if last < upto:
                args = dump_changes_args(replace(query, after=last))
                if query.lang is not None:
                    args.append(("lang", query.lang))
                if query.limit is not None:
                    args.append(("limit", str(query.limit)))
                following = f"{url_for('api.list_changes')}?{urlencode(args)}"
            return _page(
                {
                    "changes": [
                        dump_change(
                            event,
                            kind=line.kind,
                            label=line.label,
                            title=line.title.words,
                            words=headline(line),
                            before=line.before,
                            after=line.after,
                            url=absolute(timeline, address_of(line, reader)),
                            lang=reader.lang,
                        )
                        for (event, _), line in zip(told, changes, strict=True)
                    ]
                },
                position=upto,
                following=following,
            )

        return conditional(timeline, render, max_age_s=0, query=query.ended)

    @api.get("/api/tiles/<level>/<x>")
    def tile(level: str, x: str) -> Response:
        """Counts and the most important entries of 64 units of a level."""
        units = _level(level)
        if units is None or not _TILE.fullmatch(x) or not _is_within(units, int(x)):
            raise NotFound(
                "There is no such tile: /api/tiles/<level>/<x> has 64 units of the "
                "level day, month, year or decade, x is a whole number and 0 begins "
                "with 1970; no date lies further than 10^8 years from the year 0."
            )
        query = asked()
        moment = timeline.moment(query)
        find_view(query, moment)

        def render() -> Response:
            with timeline.snapshot(moment) as snapshot:
                wanted = _wanted(snapshot, query)
                reader = reader_of(snapshot, query)
                found = tile_json(snapshot, wanted, units, int(x), reader)
                return _answer({**found, **_told(_moment_of(snapshot))})

        return conditional(timeline, render, max_age_s=0, query=query)

    @api.get("/api/density")
    def density() -> Response:
        """How many entries stand where, in bars of whole calendar units."""
        query, bars = parse_density_query(request.args.items(multi=True))
        moment = timeline.moment(query)
        find_view(query, moment)

        def render() -> Response:
            with timeline.snapshot(moment) as snapshot:
                found = density_json(snapshot, _wanted(snapshot, query), bars=bars)
                return _answer({**found, **_told(_moment_of(snapshot))})

        return conditional(timeline, render, max_age_s=0, query=query)

    def find_view(query: Query, moment: Moment | None) -> None:
        """Do nothing if the view that *query* names, if any, can be shown.

        RFC 9110 13.2.1: no 304 where there would be a 404 or 410.
        """
        name = query.view
        if name is not None:
            find_then(timeline, moment, lambda snapshot: view_in(snapshot, name))

    def reader_of(snapshot: Snapshot, query: Query) -> Reader:
        """Whom the words are for, and the links that keep the moment."""
        return languages.reader(
            query.lang,
            at=timeline.recorded_at(snapshot.position)
            if snapshot.known_day is None
            else end_of(snapshot.known_day),
            moment=dump_moment_args(query),
        )

    @api.get("/api/views")
    def list_views() -> Response:
        """All views in use."""
        query = asked()
        moment = timeline.moment(query)

        def render() -> Response:
            with timeline.snapshot(moment) as snapshot:
                said, views = _moment_of(snapshot), snapshot.views()
            return _page(
                {"views": [dump_view(view, url_of=view_url) for view in views]},
                **said,
            )

        return conditional(timeline, render, max_age_s=0, query=query)

    def asked() -> Query:
        return parse_query(request.args.items(multi=True), strict=True)

    def lang(asked: str | None) -> str:
        return asked or settings.lang

    def entry_url(entry_id: str) -> str:
        return absolute(timeline, f"/entries/{entry_id}")

    def view_url(name: str) -> str:
        return absolute(timeline, f"/views/{name}")

    # -- looking after it ------------------------------------------------------

    @api.get("/api/openapi.json")
    def openapi() -> Response:
        """This description, in OpenAPI 3.1."""
        return conditional(timeline, lambda: _answer(document()), max_age_s=0)

    @api.get("/healthz")
    def health() -> Response:
        """Whether the process answers."""
        return _answer({"status": "ok"}, headers={"Cache-Control": "no-store"})

    @api.get("/readyz")
    def readiness() -> Response:
        """How far the read model is behind the log."""
        with timeline.snapshot() as snapshot:
            position = snapshot.position
        head = timeline.head()
        return _answer(
            {"position": position, "head": head, "lag": max(0, head - position)},
            headers={"Cache-Control": "no-store"},
        )

    @api.after_app_request
    def share(response: Response) -> Response:
        """Let scripts of any site read; none may write (no credentials, no POST).

        Of what is not there too, or a script cannot tell a 404 from a dead network.
        """
        if not is_for_programs(request.path):
            return response
        if request.path.startswith("/api/"):
            response.vary.add("Accept")  # by which answers are refused
        if request.method != "POST":
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = (
                "Allow, ETag, Link, Location, Retry-After"
            )
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, HEAD"
            # All but Authorization, and by name for browsers older than the star.
            response.headers["Access-Control-Allow-Headers"] = (
                "*, If-None-Match, If-Modified-Since, Last-Event-ID"
            )
            response.headers["Access-Control-Max-Age"] = "86400"
        return response

    return api


def _upto(position: int, events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """What the answer's position covers: the log may have moved on meanwhile."""
    return [event for event in events if event.position <= position]


def _page(
    listed: dict[str, Json],
    *,
    position: int,
    known: str | None = None,
    following: str | None = None,
) -> Response:
    """*position* and *known* say at which moment *listed* is so."""
    link = {"Link": f'<{following}>; rel="next"'} if following else {}
    moment = _told({"position": position, "known": known})
    return _answer({**listed, **moment, "next": following}, headers=link)


class _Said(TypedDict):
    """What a list says of its moment."""

    position: int
    known: str | None


def _wanted(snapshot: Snapshot, query: Query) -> Filter:
    """What *query* lets through of the view that it names, if any."""
    if query.view is None:
        return query.filter
    view = view_in(snapshot, query.view)
    return replace(query.filter, within=parse_filter(view.filter))


def _moment_of(snapshot: Snapshot) -> _Said:
    return {"position": snapshot.position, "known": known_text(snapshot)}


def _told(said: _Said) -> dict[str, Json]:
    """A moment as it stands in an answer."""
    known = said["known"]
    told: dict[str, Json] = {"position": said["position"]}
    return told if known is None else {**told, "known": known}


def _level(text: str) -> dates.Level | None:
    return next((level for level in dates.LEVELS if level == text), None)


def _is_within(level: dates.Level, x: int) -> bool:
    """Whether a date can lie in a tile."""
    first, last = (dates.unit_of(level, second) for second in dates.REACH)
    return first <= (x + 1) * TILE_UNITS - 1 and x * TILE_UNITS <= last


def _answer(
    content: Json, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    return Response(write_json(content), status=status, mimetype=_JSON, headers=headers)
