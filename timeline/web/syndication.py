"""The feeds over HTTP: which entries, at which address, and how long they keep."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.exceptions import Gone, NotFound

from timeline.feeds import (
    ATOM,
    RSS,
    Feed,
    feed_id,
    made_on,
    make_feed,
    render_atom,
    render_rss,
)
from timeline.projections import Entry
from timeline.schemas import (
    Query,
    dump_filter_args,
    dump_moment_args,
    parse_changes_query,
    parse_filter,
    parse_query,
)
from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.web.answers import absolute, conditional, find_then
from timeline.web.pages.changes import PATH as CHANGES
from timeline.web.pages.changes import make_changes_feed, make_line
from timeline.web.pages.languages import Languages

MAX_AGE_S = 300
"""How long a reader that heeds it (NetNewsWire, CommaFeed) does not ask again."""

KEPT_BYTES = 16 * 1024 * 1024
"""Of rendered feeds in memory; a feed of the seed story has about 100 kB."""


@dataclass(frozen=True, slots=True)
class _Format:
    """One way to write a feed, and the last part of its addresses."""

    name: str
    media_type: str
    render: Callable[[Feed], bytes]


_FORMATS = (
    _Format("feed.atom", ATOM, render_atom),
    _Format("feed.rss", RSS, render_rss),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What a feed is of.

    Attributes:
        path: Of its page, without a final slash; its feeds are below.
        name: In its id.
        args: Parameters that choose its entries, as the pages link to it.
        since: When it last changed if it has no entries.
    """

    path: str
    name: str
    title: str
    args: Sequence[tuple[str, str]]
    entries: Callable[[], Sequence[Entry]]
    since: datetime
    subtitle: str = ""


_ScopeOf = Callable[[Snapshot, Query], _Scope]


def make_syndication(timeline: Timeline, languages: Languages) -> Blueprint:
    """Build the feeds over *timeline*; that of changes speaks one of *languages*."""
    syndication = Blueprint("syndication", __name__)
    settings, identity = timeline.settings, timeline.identity()
    rendered = _Rendered(limit_bytes=KEPT_BYTES)

    def whole(snapshot: Snapshot, query: Query) -> _Scope:
        return _Scope(
            path="",
            name="timeline",
            title=settings.title,
            args=dump_filter_args(query.filter),
            entries=lambda: snapshot.newest(query.filter, limit=settings.feed_size),
            since=made_on(identity),
        )

    def of_view(name: str) -> _ScopeOf:
        def scope(snapshot: Snapshot, query: Query) -> _Scope:
            view = snapshot.view(name)
            if view is None:
                raise NotFound(f"There is no view {name!r}.")
            if view.removed:
                raise Gone(f"The view {name!r} was removed.")
            wanted = replace(query.filter, within=parse_filter(view.filter))
            return _Scope(
                path=f"/views/{view.name}",
                name=f"views/{view.name}",
                title=f"{view.title} – {settings.title}",
                subtitle=view.description,
                args=dump_filter_args(query.filter),
                entries=lambda: snapshot.newest(wanted, limit=settings.feed_size),
                since=view.updated_at,
            )

        return scope

    def of_entry(entry_id: str) -> _ScopeOf:
        def scope(snapshot: Snapshot, _: Query) -> _Scope:
            entry = snapshot.entry(entry_id)
            if entry is None:
                raise NotFound(f"There is no entry {entry_id!r}.")
            return _Scope(
                path=f"/entries/{entry.id}",
                name=f"entries/{entry.id}/feed",
                title=f"{entry.title} – {settings.title}",
                args=(),
                entries=lambda: [entry],
                since=entry.updated_at,
            )

        return scope

    def answer(made: _Format, scope_of: _ScopeOf) -> Response:
        query = parse_query(request.args.items(multi=True))
        moment = timeline.moment(query)
        # RFC 9110 13.2.1: no 304 where there would be a 404 or 410.
        scope = find_then(timeline, moment, lambda snapshot: scope_of(snapshot, query))
        kept = dump_moment_args(query) if moment is not None else []
        kept += [("lang", query.lang)] if query.lang else []
        address = _address(f"{scope.path}/{made.name}", [*scope.args, *kept])

        def render() -> Response:
            with timeline.snapshot(moment) as snapshot:
                body = rendered.get(
                    address,
                    snapshot.position,
                    lambda: made.render(feed(scope_of(snapshot, query), query)),
                )
            return Response(body, content_type=f"{made.media_type}; charset=utf-8")

        def feed(scope: _Scope, query: Query) -> Feed:
            return make_feed(
                scope.entries(),
                identity=identity,
                id=feed_id(identity, scope.name, [*sorted({*scope.args}), *kept]),
                title=scope.title,
                subtitle=scope.subtitle,
                author=settings.title,
                self_url=absolute(timeline, address),
                page_url=absolute(
                    timeline, _address(scope.path or "/", [*scope.args, *kept])
                ),
                entry_url=lambda entry_id: absolute(
                    timeline, _address(f"/entries/{entry_id}", kept)
                ),
                lang=query.lang or settings.lang,
                site_lang=settings.lang,
                since=scope.since,
            )

        response = conditional(timeline, render, max_age_s=MAX_AGE_S, query=query)
        response.headers["Link"] = f'<{absolute(timeline, address)}>; rel="self"'
        return response

    def add(made: _Format) -> None:
        def timeline_feed() -> Response:
            """The entries that changed last."""
            return answer(made, whole)

        def view_feed(view: str) -> Response:
            """The entries of a view that changed last; 410 if it was removed."""
            return answer(made, of_view(view))

        def entry_feed(entry: str) -> Response:
            """One entry, to be told when it changes."""
            return answer(made, of_entry(entry))

        for path, view_func in (
            ("", timeline_feed),
            ("/views/<view>", view_feed),
            ("/entries/<entry>", entry_feed),
        ):
            syndication.add_url_rule(
                f"{path}/{made.name}",
                endpoint=f"{view_func.__name__}_{made.name.partition('.')[2]}",
                view_func=view_func,
            )

    for made in _FORMATS:
        add(made)

    @syndication.get("/changes.atom")
    def changes() -> Response:
        """The last events, one item each, which never changes."""
        reader = languages.reader(
            parse_changes_query(request.args.items(multi=True)).lang
        )
        address = reader.href("/changes.atom")

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                body = rendered.get(
                    address, snapshot.position, lambda: render_atom(feed(snapshot))
                )
            return Response(body, content_type=f"{ATOM}; charset=utf-8")

        def feed(snapshot: Snapshot) -> Feed:
            upto = snapshot.position
            after = max(0, upto - settings.feed_size)
            told = timeline.changes(snapshot, after=after, upto=upto)
            return make_changes_feed(
                [make_line(event, entry, reader) for event, entry in reversed(told)],
                reader,
                identity=identity,
                id=feed_id(identity, "changes", reader.kept),
                title=reader.say("Changes: {title}", title=settings.title),
                author=settings.title,
                self_url=absolute(timeline, address),
                page_url=absolute(timeline, reader.href(CHANGES)),
                url_of=lambda path: absolute(timeline, path),
                since=made_on(identity),
            )

        response = conditional(timeline, render, max_age_s=MAX_AGE_S)
        response.headers["Link"] = f'<{absolute(timeline, address)}>; rel="self"'
        return response

    @syndication.after_request
    def allow_every_origin(response: Response) -> Response:
        """Refusals too, or a script cannot tell a 404 from a dead network."""
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "ETag, Link, Retry-After"
        if request.method == "OPTIONS":
            # Not among the headers that a script may send unasked.
            response.headers["Access-Control-Allow-Headers"] = "If-None-Match"
        return response

    return syndication


def _address(path: str, args: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(args)}" if args else path


class _Rendered:
    """The last rendering of each address, those used last up to *limit_bytes*."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._rendering = threading.Lock()

    def get(self, address: str, position: int, render: Callable[[], bytes]) -> bytes:
        """The feed of *address* at *position*, rendered if it is not there.

        Of many who ask at once one renders; rendering is work for the processor, so
        taking turns costs the others nothing.
        """
        if (body := self._find(address, position)) is not None:
            return body
        with self._rendering:
            if (body := self._find(address, position)) is None:
                body = render()
                self._keep(address, position, body)
        return body

    def _find(self, address: str, position: int) -> bytes | None:
        with self._lock:
            kept = self._kept.get(address)
            if kept is None or kept[0] != position:
                return None
            self._kept.move_to_end(address)
            return kept[1]

    def _keep(self, address: str, position: int, body: bytes) -> None:
        with self._lock:
            _, replaced = self._kept.pop(address, (0, b""))
            self._kept[address] = (position, body)
            self._bytes += len(body) - len(replaced)
            while self._bytes > self._limit_bytes:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._bytes -= len(dropped)
