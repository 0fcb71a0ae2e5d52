"""The feeds over HTTP: which entries, at which address, and how long they keep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from timeline.feeds import (
    ATOM,
    CALENDAR,
    JSON_FEED,
    RSS,
    Feed,
    feed_id,
    is_topic,
    made_on,
    make_feed,
    render_atom,
    render_calendar,
    render_json,
    render_rss,
)
from timeline.projections import Moment
from timeline.schemas import (
    Archive,
    Query,
    dump_archive_args,
    dump_moment_args,
    parse_archive,
    parse_changes_query,
    parse_query,
)
from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.web.answers import absolute, conditional, find_then
from timeline.web.delivery import Rendered
from timeline.web.pages.cards import pairs_of
from timeline.web.pages.changes import PATH as CHANGES
from timeline.web.pages.changes import make_changes_feed, make_line
from timeline.web.pages.languages import Languages
from timeline.web.pages.words import Reader
from timeline.web.syndication.archives import (
    complete_at,
    first_after,
    held_by,
    last_of,
)
from timeline.web.syndication.calendars import listed_in
from timeline.web.syndication.scopes import (
    Scope,
    ScopeOf,
    scope_of_all,
    scope_of_entry,
    scope_of_view,
)

MAX_AGE_S = 300
"""How long a reader that heeds it (NetNewsWire, CommaFeed) does not ask again."""

KEPT_BYTES = 16 * 1024 * 1024
"""Of rendered feeds in memory; a feed of the seed story has about 100 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks of a format.

    Attributes:
        query: With the moment of what is archived as its moment.
        address: Where this is polled, without an origin.
        kept: Parameters that its links keep: moment and language.
    """

    query: Query
    archive: Archive | None
    address: str
    kept: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write what a scope holds, and the last part of its addresses.

    Attributes:
        archived: There are archives of it.
    """

    name: str
    content_type: str
    write: Callable[[Snapshot, Scope, Asked], bytes]
    archived: bool = True


def make_syndication(timeline: Timeline, languages: Languages) -> Blueprint:
    """Build the feeds over *timeline*; that of changes speaks one of *languages*."""
    syndication = Blueprint("syndication", __name__)
    settings, identity = timeline.settings, timeline.identity()
    rendered = Rendered(limit_bytes=KEPT_BYTES)

    def answer(made: Format, scope_of: ScopeOf, archive: Archive | None) -> Response:
        query = parse_query(request.args.items(multi=True))
        kept = [("lang", query.lang)] if query.lang else []
        if archive is not None:
            query = replace(query, as_of=last_of(archive, timeline))
        moment = timeline.moment(query)
        # RFC 9110 13.2.1: no 304 where there would be a 404 or 410.
        scope = find_then(timeline, moment, lambda snapshot: scope_of(snapshot, query))
        if archive is not None:
            archive = replace(archive, defined=scope.defined or None)
        elif moment is not None:
            kept = dump_moment_args(query) + kept
        address = _feed_address(made.name, scope, kept, archive)
        asked = Asked(query=query, archive=archive, address=address, kept=kept)

        def render() -> Response:
            body = kept_or_made(
                address,
                moment,
                lambda snapshot: made.write(snapshot, scope_of(snapshot, query), asked),
            )
            return Response(body, content_type=made.content_type)

        response = conditional(timeline, render, max_age_s=MAX_AGE_S, query=query)
        return addressed(response, address)

    def kept_or_made(
        address: str, moment: Moment | None, make: Callable[[Snapshot], bytes]
    ) -> bytes:
        """What *address* has at *moment*."""
        # Before the rows, and beside their position: that stays as it is when what
        # was recorded up to it is erased.
        tag = timeline.edition(moment).tag
        with timeline.snapshot(moment) as snapshot:
            version = tag, snapshot.position
            return rendered.get(address, version, lambda: make(snapshot))

    def page_url(scope: Scope, asked: Asked) -> str:
        """The page that shows the same."""
        args = [*scope.args, *asked.kept]
        return absolute(timeline, _address(scope.path or "/", args))

    def entry_url(asked: Asked) -> Callable[[str], str]:
        """What makes the addresses of the pages of entries."""
        return lambda entry_id: absolute(
            timeline, _address(f"/entries/{entry_id}", asked.kept)
        )

    def feed(name: str, snapshot: Snapshot, scope: Scope, asked: Asked) -> Feed:
        held = held_by(scope, snapshot, timeline, asked.archive)
        args, kept = scope.args, asked.kept
        made = make_feed(
            held.entries,
            identity=identity,
            id=feed_id(identity, scope.name, [*sorted({*args}), *kept]),
            title=scope.title,
            subtitle=scope.subtitle,
            author=settings.title,
            self_url=absolute(timeline, asked.address),
            page_url=page_url(scope, asked),
            entry_url=entry_url(asked),
            lang=asked.query.lang or settings.lang,
            site_lang=settings.lang,
            since=held.since,
            left=held.left,
            archived=asked.archive is not None,
        )
        lang = [one for one in kept if one[0] == "lang"]
        older = Archive(held.older, scope.defined or None) if held.older else None
        return _linked(
            made,
            current=_feed_address(name, scope, lang) if asked.archive else "",
            older=_feed_address(name, scope, lang, older) if older else "",
        )

    def _linked(made: Feed, *, current: str, older: str) -> Feed:
        """*made* with the addresses of its other documents."""
        return replace(
            made,
            archived=bool(current),
            current_url=absolute(timeline, current) if current else "",
            older_url=absolute(timeline, older) if older else "",
            hub=hub_of(made.self_url),
        )

    def hub_of(address: str) -> str:
        """The hub that is told when the feed at *address* changes; empty: none is."""
        told = is_topic(address, site_lang=settings.lang)
        return settings.hub if settings.hub and told else ""

    def addressed(response: Response, address: str) -> Response:
        """*response*, which says where it is polled and which hub is told of it."""
        links = f'<{absolute(timeline, address)}>; rel="self"'
        if hub := hub_of(address):
            links += f', <{hub}>; rel="hub"'
            # A hub asks as soon as it is told: no cache between may answer it.
            response.headers["Cache-Control"] += ", s-maxage=0"
        response.headers["Link"] = links
        return response

    def add(made: Format) -> None:
        def archive() -> Archive | None:
            if not made.archived:
                return None
            return parse_archive(request.args.items(multi=True))

        def timeline_feed() -> Response:
            """The entries that changed last."""
            return answer(made, scope_of_all(timeline), archive())

        def view_feed(view: str) -> Response:
            """The entries of a view that changed last; 410 if it was removed."""
            asked = archive()
            defined = asked.defined if asked else None
            return answer(made, scope_of_view(timeline, view, defined=defined), asked)

        def entry_feed(entry: str) -> Response:
            """One entry, to be told when it changes."""
            return answer(made, scope_of_entry(timeline, entry), archive())

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

    def add_feed(name: str, media_type: str, render: Callable[[Feed], bytes]) -> None:
        def write(snapshot: Snapshot, scope: Scope, asked: Asked) -> bytes:
            return render(feed(name, snapshot, scope, asked))

        add(Format(name, media_type, write))

    add_feed("feed.atom", f"{ATOM}; charset=utf-8", render_atom)
    add_feed("feed.rss", f"{RSS}; charset=utf-8", render_rss)
    # Always UTF-8, and no charset is defined for it: RFC 8259 8.1, 11.
    add_feed("feed.json", JSON_FEED, render_json)

    def calendar(snapshot: Snapshot, scope: Scope, asked: Asked) -> bytes:
        listed = listed_in(scope, snapshot, timeline)
        return render_calendar(
            listed.entries,
            identity=identity,
            title=scope.title,
            subtitle=scope.subtitle,
            self_url=absolute(timeline, asked.address),
            page_url=page_url(scope, asked),
            entry_url=entry_url(asked),
            lang=asked.query.lang or settings.lang,
            site_lang=settings.lang,
            since=scope.since,
            pairs=pairs_of(snapshot.categories()),
            capped=listed.capped,
        )

    add(Format("calendar.ics", f"{CALENDAR}; charset=utf-8", calendar, archived=False))

    @syndication.get("/changes.atom")
    def changes() -> Response:
        """The last events, one item each, which never changes."""
        args = list(request.args.items(multi=True))
        reader = languages.reader(parse_changes_query(args).lang)
        archive = parse_archive(args)
        query = None
        if archive is not None:
            archive = Archive(archive.number)
            query = Query(as_of=last_of(archive, timeline))
        moment = timeline.moment(query) if query else None
        address = changes_address(reader, archive)

        def render() -> Response:
            body = kept_or_made(
                address, moment, lambda snapshot: render_atom(feed(snapshot))
            )
            return Response(body, content_type=f"{ATOM}; charset=utf-8")

        def feed(snapshot: Snapshot) -> Feed:
            upto = snapshot.position
            if archive is not None:
                older = archive.number - 1
                after = first_after(upto - 1)
            else:
                older = complete_at(upto)
                after = max(0, min(upto - settings.feed_size, first_after(upto)))
            told = timeline.changes(snapshot, after=after, upto=upto)
            made = make_changes_feed(
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
            return _linked(
                made,
                current=changes_address(reader) if archive else "",
                older=changes_address(reader, Archive(older)) if older else "",
            )

        response = conditional(timeline, render, max_age_s=MAX_AGE_S, query=query)
        return addressed(response, address)

    def changes_address(reader: Reader, archive: Archive | None = None) -> str:
        args = dump_archive_args(archive) if archive else []
        return _address("/changes.atom", [*reader.kept, *args])

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


def _feed_address(
    name: str,
    scope: Scope,
    kept: Sequence[tuple[str, str]],
    archive: Archive | None = None,
) -> str:
    args = dump_archive_args(archive) if archive else []
    return _address(f"{scope.path}/{name}", [*scope.args, *kept, *args])


def _address(path: str, args: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(args)}" if args else path
