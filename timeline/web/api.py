"""The JSON API: events go in with a token, everything can be read without."""

import re
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    NotFound,
    RequestEntityTooLarge,
    Unauthorized,
    UnsupportedMediaType,
)

from events.errors import IdTakenError, WrongExpectedVersionError
from events.model import VIEW_PREFIX, Json, RecordedEvent, Token
from timeline.projections import RefusedError
from timeline.schemas import (
    FieldError,
    FieldsError,
    Query,
    Wanted,
    dump_change,
    dump_changes_args,
    dump_entry,
    dump_event,
    dump_in_force,
    dump_query_args,
    dump_receipt,
    dump_view,
    parse_append,
    parse_changes_query,
    parse_log_query,
    parse_query,
    write_cursor,
    write_json,
)
from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.tellings import in_force
from timeline.web.answers import (
    absolute,
    conditional,
    day_then,
    events_then,
    find_then,
    known_text,
)
from timeline.web.errors import NotAppendedError
from timeline.web.pages.changes import address_of, headline, make_line
from timeline.web.pages.languages import Languages

_JSON = "application/json"
_NDJSON = "application/x-ndjson"
_WRITERS = frozenset({"append", "admin"})
_POSITION = re.compile(r"[1-9][0-9]{0,14}")
_VERSION = re.compile(r'"(0|[1-9][0-9]{0,14})"')


def make_api(timeline: Timeline, languages: Languages) -> Blueprint:
    """Build the JSON API over *timeline*; changes are told in one of *languages*."""
    api = Blueprint("api", __name__)
    settings = timeline.settings
    limits = {_JSON: settings.body_limit_bytes, _NDJSON: settings.ndjson_limit_bytes}

    # -- writing ---------------------------------------------------------------

    @api.post("/api/events")
    def append_events() -> Response:
        """Append one event, or a list of them: all or nothing.

        201 with receipts and the address of the first; 200 with the first result
        for a repeat. After a refusal the log is as it was.
        """
        writer = authenticated()  # before anything of the body is read
        wanted, listed = parse_append(body(), lines=request.mimetype == _NDJSON)
        if_match = request.headers.get("If-Match")
        if if_match is not None:
            wanted = [_expecting(if_match, wanted, listed=listed)]
        try:
            appended = timeline.append(wanted, author=writer.name)
        except (
            RefusedError,
            FieldsError,
            IdTakenError,
            WrongExpectedVersionError,
        ) as error:
            raise NotAppendedError(
                error, listed=listed, conditional=if_match is not None
            ) from error
        receipts: list[Json] = [dump_receipt(event) for event in appended.events]
        position = appended.events[0].position
        return _answer(
            receipts if listed else receipts[0],
            HTTPStatus.OK if appended.repeated else HTTPStatus.CREATED,
            {
                "Location": f"{quote(request.script_root)}/api/events/{position}",
                "Cache-Control": "no-store",
            },
        )

    def authenticated() -> Token:
        given = request.authorization
        # Never from the query string: addresses end up in logs and histories.
        if given is None or given.type != "bearer" or not given.token:
            raise Unauthorized("Send a token: Authorization: Bearer tl_….")
        token = timeline.writer(given.token)
        if token is None:
            raise Unauthorized("The token is unknown or was revoked.")
        if token.scope not in _WRITERS:
            raise Forbidden("Appending takes a token of the scope append or admin.")
        return token

    def body() -> bytes:
        limit = limits.get(request.mimetype)
        if limit is None:
            raise UnsupportedMediaType(f"Send {_JSON} or {_NDJSON}.")
        if (request.content_length or 0) > limit:
            raise _too_large(limit)
        # One more, as Werkzeug cuts a chunked body at its limit without a word, and
        # what is left of lines may well be lines (werkzeug.wsgi.LimitedStream).
        request.max_content_length = limit + 1
        raw = request.get_data(cache=False)
        if len(raw) > limit:
            raise _too_large(limit)
        return raw

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

        return conditional(timeline, render, max_age_s=0)

    # -- reading the views -----------------------------------------------------

    @api.get("/api/entries")
    def list_entries() -> Response:
        """Entries in timeline order, as many as a page holds."""
        query = asked()
        moment = timeline.moment(query)

        def render() -> Response:
            with timeline.snapshot(moment) as snapshot:
                said = _moment_of(snapshot)
                limit = query.limit or settings.page_size
                page = snapshot.asked_page(query, query.filter, limit=limit)
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

        return conditional(timeline, render, max_age_s=0, query=query)

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

        return conditional(timeline, render, max_age_s=0, query=query)

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

    @api.after_request
    def share(response: Response) -> Response:
        """Let scripts of any site read; none may write (no credentials, no POST)."""
        if request.method != "POST":
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = (
                "ETag, Link, Location, Retry-After"
            )
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, HEAD"
            response.headers["Access-Control-Allow-Headers"] = "If-None-Match"
        return response

    return api


def _too_large(limit: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"At most {limit:,} bytes are taken at once.")


def _expecting(if_match: str, wanted: list[Wanted], *, listed: bool) -> Wanted:
    """The one wanted event, with the version that ``If-Match`` expects."""
    version = _VERSION.fullmatch(if_match.strip())
    if listed or version is None:
        raise BadRequest(
            'If-Match holds the version of the one event\'s entry: If-Match: "3".'
        )
    expected = int(version[1])
    if wanted[0].expected_version not in (None, expected):
        detail = "If-Match expects another version: give one of the two."
        raise FieldsError([FieldError("/expected_version", detail)])
    return replace(wanted[0], expected_version=expected)


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
    moment: dict[str, Json] = {"position": position}
    if known is not None:
        moment["known"] = known
    return _answer({**listed, **moment, "next": following}, headers=link)


class _Said(TypedDict):
    """What a list says of its moment."""

    position: int
    known: str | None


def _moment_of(snapshot: Snapshot) -> _Said:
    return {"position": snapshot.position, "known": known_text(snapshot)}


def _answer(
    content: Json, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    return Response(write_json(content), status=status, mimetype=_JSON, headers=headers)
