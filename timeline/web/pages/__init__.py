"""The pages: each reads one snapshot and lays out what the view models decide."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import Markup
from werkzeug.exceptions import Gone, NotFound

from timeline.projections import Entry, View
from timeline.schemas import (
    QueryError,
    dump_filter_args,
    parse_filter,
    parse_query,
)
from timeline.service import Timeline
from timeline.store import Page, Snapshot
from timeline.web.answers import absolute, conditional
from timeline.web.pages.cards import mark_categories, rendered
from timeline.web.pages.listing import make_listing
from timeline.web.pages.record import make_record
from timeline.web.pages.words import Reader

YEAR_S = 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a page tells of itself to programs.

    Attributes:
        canonical: Absolute address of just this page.
        feed_title: Of the feeds of just what is shown.
        atom, rss: Their addresses.
    """

    title: str
    description: str
    canonical: str
    feed_title: str
    atom: str
    rss: str


def make_pages(timeline: Timeline) -> Blueprint:
    """Build the pages over *timeline*."""
    pages = Blueprint("pages", __name__)
    settings = timeline.settings
    hashes = _asset_hashes()

    @pages.record_once
    def set_up_templates(state: BlueprintSetupState) -> None:
        """Templates say all interface words with ``_()``, so a catalogue can follow."""
        env = state.app.jinja_env
        env.trim_blocks = env.lstrip_blocks = True
        env.add_extension("jinja2.ext.i18n")
        env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]

    @pages.app_context_processor
    def site() -> dict[str, object]:
        """For error pages too."""
        return {"site": settings, "asset": asset}

    def asset(name: str) -> str:
        return f"/static/{name}?v={hashes[name]}"

    @pages.after_app_request
    def keep_assets(response: Response) -> Response:
        """A year, as their address changes with their content."""
        name = (request.view_args or {}).get("filename", "")
        if request.endpoint == "static" and request.args.get("v") == hashes.get(name):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return response

    def page(
        template: str,
        snapshot: Snapshot,
        reader: Reader,
        *,
        path: str,
        title: str,
        description: str,
        args: Sequence[tuple[str, str]] = (),
        feed: tuple[str, Sequence[tuple[str, str]], str],
        status: int = HTTPStatus.OK,
        **shown: Any,
    ) -> Response:
        """The page at *path* with *args*; *feed*: path, parameters and title."""
        below, feed_args, feed_title = feed
        full_title = title if title == settings.title else f"{title} – {settings.title}"
        head = Head(
            title=full_title,
            description=_shortened(description),
            canonical=absolute(timeline, reader.href(path, args)),
            feed_title=feed_title,
            atom=reader.href(f"{below}/feed.atom", feed_args),
            rss=reader.href(f"{below}/feed.rss", feed_args),
        )
        body = render_template(
            template,
            head=head,
            reader=reader,
            path=path,
            views=snapshot.views(),
            position=snapshot.position,
            **shown,
        )
        response = Response(body, status=status, mimetype="text/html")
        response.headers["Content-Language"] = reader.lang
        return response

    def reader_of(snapshot: Snapshot, lang: str | None) -> Reader:
        last = timeline.event(snapshot.position) if snapshot.position else None
        return Reader(
            lang=lang or settings.lang,
            asked=lang not in (None, settings.lang),
            at=last.recorded_at if last else None,
        )

    def list_page(snapshot: Snapshot, path: str, view: View | None) -> Response:
        args = list(request.args.items(multi=True))
        errors: dict[str, str] = {}
        try:
            query = parse_query(args)
        except QueryError as error:
            # The form comes back as it was filled in, with what is wrong beside it.
            for one in error.errors:
                errors.setdefault(one.pointer.split("/")[1], one.detail)
            query = parse_query(one for one in args if one[0] not in errors)
        reader = reader_of(snapshot, query.lang)
        wanted = query.filter
        if view is not None:
            wanted = replace(wanted, within=parse_filter(view.filter))
        found, total = Page([], None), 0
        if not errors:
            found = snapshot.page(
                wanted,
                order=query.order,
                limit=min(query.limit or settings.page_size, settings.page_size),
                start=query.cursor,
            )
            total = snapshot.count(wanted).number
        listing = make_listing(
            found,
            query,
            reader,
            path=path,
            title=settings.title,
            view=view,
            total=total,
            categories=snapshot.categories(),
            errors=errors,
            typed=request.args,
        )
        narrowed = ", ".join(chip.words for chip in listing.chips)
        return page(
            "timeline.html",
            snapshot,
            reader,
            path=path,
            title=f"{listing.title}: {narrowed}" if narrowed else listing.title,
            description=listing.description
            or reader.say("What happened and what is promised, with sources."),
            args=listing.args,
            feed=(
                path.rstrip("/"),
                dump_filter_args(query.filter),
                f"{listing.title}: {narrowed}" if narrowed else listing.title,
            ),
            status=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
            view=view,
            listing=listing,
            languages=listing.languages,
        )

    @pages.get("/")
    def front() -> Response:
        """The timeline."""

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                return list_page(snapshot, "/", None)

        return conditional(timeline, render, max_age_s=0)

    @pages.get("/views/<name>")
    def view(name: str) -> Response:
        """A view; 410 if it was removed."""

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                return list_page(snapshot, f"/views/{name}", _view(snapshot, name))

        return _if_there(timeline, lambda snapshot: _view(snapshot, name), render)

    @pages.get("/views")
    def views() -> Response:
        """All views."""

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                query = parse_query(request.args.items(multi=True))
                reader = reader_of(snapshot, query.lang)
                return page(
                    "views.html",
                    snapshot,
                    reader,
                    path="/views",
                    title=reader.say("Views"),
                    description=reader.say("Parts of the timeline with their feeds."),
                    feed=("", (), settings.title),
                    lines=[
                        {
                            "title": one.title,
                            "introduction": rendered(one.description),
                            "href": reader.href(f"/views/{one.name}"),
                            "atom": reader.href(f"/views/{one.name}/feed.atom"),
                            "count": snapshot.count(parse_filter(one.filter)).number,
                        }
                        for one in snapshot.views()
                    ],
                )

        return conditional(timeline, render, max_age_s=0)

    @pages.get("/entries/<name>")
    def entry(name: str) -> Response:
        """One entry and its history."""

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                shown = _entry(snapshot, name)
                query = parse_query(request.args.items(multi=True))
                reader = reader_of(snapshot, query.lang)
                linked = {
                    link.entry: snapshot.entry(link.entry) for link in shown.links
                }
                events = timeline.entry_events(name)
                record = make_record(
                    shown,
                    reader,
                    marks=mark_categories(snapshot.categories()),
                    # The log may be ahead of the snapshot.
                    events=[one for one in events if one.version <= shown.version],
                    targets={name: one for name, one in linked.items() if one},
                    backlinks=snapshot.backlinks(name),
                )
                return page(
                    "entry.html",
                    snapshot,
                    reader,
                    path=f"/entries/{name}",
                    title=record.title.words,
                    description=f"{record.date.words}. {_text(record.summary)}",
                    feed=(f"/entries/{name}", (), record.title.words),
                    entry=record,
                    languages=record.languages,
                )

        return _if_there(timeline, lambda snapshot: _entry(snapshot, name), render)

    return pages


def _if_there(
    timeline: Timeline,
    find: Callable[[Snapshot], object],
    render: Callable[[], Response],
) -> Response:
    """No 304 where there would be a 404 or 410: RFC 9110 13.2.1."""
    with timeline.snapshot() as snapshot:
        find(snapshot)
    return conditional(timeline, render, max_age_s=0)


def _view(snapshot: Snapshot, name: str) -> View:
    view = snapshot.view(name)
    if view is None:
        raise NotFound(f"There is no view “{name}”.")
    if view.removed:
        raise Gone(f"The view “{view.title}” was removed.")
    return view


def _entry(snapshot: Snapshot, name: str) -> Entry:
    entry = snapshot.entry(name)
    if entry is None:
        raise NotFound(f"There is no entry “{name}”.")
    return entry


def _text(html: Markup) -> str:
    return html.striptags()


def _shortened(text: str, limit: int = 200) -> str:
    """At most *limit* characters of *text*, cut between words."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0] + "…"


def _asset_hashes() -> dict[str, str]:
    """What changes in the address of a file in ``static`` with its content."""
    static = files("timeline") / "static"
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        for file in static.iterdir()
        if file.is_file()
    }
