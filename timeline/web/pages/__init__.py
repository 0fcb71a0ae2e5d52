"""The pages: each reads one snapshot and lays out what the view models decide."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.blueprints import BlueprintSetupState
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from events.dates import DateError, Sentence
from events.model import VIEW_PREFIX, JsonObject
from timeline.projections import AsOf, Entry, Filter, View
from timeline.schemas import (
    ChangesQuery,
    Query,
    QueryError,
    dump_moment_args,
    parse_changes_query,
    parse_filter,
    parse_query,
    write_cursor,
)
from timeline.service import Timeline
from timeline.store import Count, Page, Snapshot
from timeline.tellings import in_force
from timeline.web.answers import (
    MOMENTS,
    PAGE_AGE_S,
    absolute,
    conditional,
    day_then,
    events_then,
    find_then,
    refuse_unacceptable,
    view_in,
)
from timeline.web.pages.cards import mark_categories, rendered
from timeline.web.pages.changes import PATH as CHANGES
from timeline.web.pages.changes import make_changes, make_line, page_of_changes
from timeline.web.pages.cite import make_citation
from timeline.web.pages.facets import KINDS, without
from timeline.web.pages.head import make_head
from timeline.web.pages.languages import Languages
from timeline.web.pages.linked_data import data_block, make_event
from timeline.web.pages.listing import (
    filter_words,
    jump_cursor,
    length_of_list,
    list_args,
    list_href,
    make_jump,
    make_listing,
    read_date,
)
from timeline.web.pages.moments import (
    Asked,
    Banner,
    Slider,
    change_words,
    end_of,
    make_banner,
    make_chooser,
    make_slider,
)
from timeline.web.pages.overview import make_overview
from timeline.web.pages.picture import make_picture
from timeline.web.pages.record import instant, make_record
from timeline.web.pages.reference import make_reference
from timeline.web.pages.subscribe import (
    Covered,
    Way,
    make_subscribing,
    make_ways,
)
from timeline.web.pages.tally import Tally
from timeline.web.pages.words import Reader, direction

YEAR_S = 365 * 86_400

MAX_JUMP = 200
"""Characters of a date to go to; what is longer is none."""


def make_pages(
    timeline: Timeline, languages: Languages, *, document: Callable[[], JsonObject]
) -> Blueprint:
    """Build the pages over *timeline*; *document* describes its API."""
    pages = Blueprint("pages", __name__)
    settings = timeline.settings
    hashes = _asset_hashes()
    built = _built_assets()
    tally = Tally(timeline)
    everything = Covered("", Filter(), settings.title)

    @pages.record_once
    def set_up_templates(state: BlueprintSetupState) -> None:
        """Templates say all interface words with ``_()``, in the reader's language."""
        env = state.app.jinja_env
        env.trim_blocks = env.lstrip_blocks = True
        env.add_extension("jinja2.ext.i18n")
        env.install_gettext_callables(  # type: ignore[attr-defined]
            _gettext, _ngettext, newstyle=True
        )
        env.globals["dir_of"] = direction
        env.filters["data_block"] = data_block

    @pages.app_context_processor
    def site() -> dict[str, object]:
        """For error pages too."""
        return {
            "site": settings,
            "asset": asset,
            "views_in_use": views_in_use,
            "feeds_of_all": feeds_of_all,
        }

    def feeds_of_all(reader: Reader) -> list[Way]:
        return make_ways(reader, everything, origin=settings.origin)

    def views_in_use() -> list[View]:
        """For those who looked for what is not there."""
        with timeline.snapshot() as snapshot:
            return snapshot.views()

    def asset(name: str) -> str:
        name = built.get(name, name)
        return f"/static/{name}?v={hashes[name]}"

    @pages.after_app_request
    def keep_assets(response: Response) -> Response:
        """A year, as their address changes with their content."""
        name = (request.view_args or {}).get("filename", "")
        asked = request.args.get("v")
        if request.endpoint == "static" and asked and asked == hashes.get(name):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        return response

    def page(
        template: str,
        snapshot: Snapshot,
        asked: Asked,
        reader: Reader,
        *,
        path: str,
        title: str,
        description: str,
        args: Sequence[tuple[str, str]] = (),
        covered: Covered = everything,
        recorded: tuple[datetime, datetime] | None = None,
        status: int = HTTPStatus.OK,
        **shown: Any,
    ) -> Response:
        """The page at *path* with *args*; *covered*: what it offers to follow.

        *recorded*: when an entry was recorded and last changed.
        """
        banner = banner_of(snapshot, asked, reader, path=path, args=args)
        head = make_head(
            reader,
            covered,
            site=settings.title,
            origin=settings.origin,
            path=path,
            args=args,
            title=title,
            description=description,
            moment=banner.words if banner else "",
            recorded=recorded,
        )
        body = render_template(
            template,
            head=head,
            reader=reader,
            path=path,
            views=snapshot.views(),
            position=snapshot.position,
            banner=banner,
            known=snapshot.known_day is not None,
            **shown,
        )
        response = Response(body, status=status, mimetype="text/html")
        response.headers["Content-Language"] = reader.lang
        return response

    def read() -> Asked:
        """What the address asks for.

        Raises:
            QueryError: Parameters are wrong, or the log has not come so far.
        """
        query = parse_query(request.args.items(multi=True))
        return Asked(query, timeline.moment(query))

    def read_list() -> tuple[Asked, dict[str, str]]:
        """What the address of a list asks for, and what is wrong by parameter."""
        args = list(request.args.items(multi=True))
        errors: dict[str, str] = {}

        def take(error: QueryError) -> None:
            # The form comes back as it was filled in, with what is wrong beside it.
            for one in error.errors:
                errors.setdefault(one.pointer.split("/")[1], one.detail)

        while True:
            wrong = {*errors, *(MOMENTS if errors.keys() & {*MOMENTS} else ())}
            try:
                query = parse_query(one for one in args if one[0] not in wrong)
                break
            except QueryError as error:  # of a parameter that is left
                take(error)
        try:
            return Asked(query, timeline.moment(query)), errors
        except QueryError as error:
            take(error)
            return Asked(replace(query, as_of=None, known=None)), errors

    def reader_of(snapshot: Snapshot, asked: Asked) -> Reader:
        at = timeline.recorded_at(snapshot.position)
        if snapshot.known_day is not None:
            at = end_of(snapshot.known_day)
        moment = dump_moment_args(asked.query) if asked.moment is not None else ()
        return languages.reader(asked.query.lang, at=at, moment=moment)

    def answer(asked: Asked, show: Callable[[Snapshot, Reader], Response]) -> Response:
        """What *show* makes of the moment asked for."""

        def render() -> Response:
            with timeline.snapshot(asked.moment) as snapshot:
                return show(snapshot, reader_of(snapshot, asked))

        return conditional(timeline, render, max_age_s=PAGE_AGE_S, query=asked.query)

    def banner_of(
        snapshot: Snapshot,
        asked: Asked,
        reader: Reader,
        *,
        path: str,
        args: Sequence[tuple[str, str]],
    ) -> Banner | None:
        position = snapshot.position
        return make_banner(
            asked,
            reader,
            path=path,
            args=args,
            recorded_at=timeline.recorded_at(position),
            is_last=not asked.query.permanent and position == timeline.head(),
        )

    def slider_of(
        snapshot: Snapshot,
        asked: Asked,
        reader: Reader,
        *,
        path: str,
        args: Sequence[tuple[str, str]],
        view: View | None,
    ) -> Slider | None:
        first = 1
        if view is not None:
            first = timeline.entry_events(VIEW_PREFIX + view.name)[0].position

        def day_of(position: int) -> str:
            at = timeline.recorded_at(position)
            return reader.day(at) if at else ""

        return make_slider(
            asked,
            reader,
            path=path,
            args=args,
            position=snapshot.position,
            first=first,
            last=timeline.head(),
            words_of=lambda position: told(snapshot, position, reader),
            day_of=day_of,
        )

    def told(snapshot: Snapshot, position: int, reader: Reader) -> str:
        """What happened at a position, in words; empty if nothing did."""
        changes = timeline.changes(snapshot, after=position - 1, upto=position)
        return "".join(
            change_words(make_line(event, entry, reader), reader)
            for event, entry in changes
        )

    def list_page(
        snapshot: Snapshot,
        asked: Asked,
        path: str,
        view: View | None,
        errors: Mapping[str, str],
    ) -> Response:
        query = asked.query
        reader = reader_of(snapshot, asked)
        errors = {name: reader.retell(detail) for name, detail in errors.items()}
        wanted = query.filter
        if view is not None:
            wanted = replace(wanted, within=parse_filter(view.filter))
        jump = None
        if day := request.args.get("at", "").strip()[:MAX_JUMP]:
            try:
                return to_date(snapshot, reader, path, query, wanted, day)
            except DateError as error:
                jump = make_jump(
                    day,
                    error,
                    reader,
                    path=path,
                    wanted=query.filter,
                    order=query.order,
                )
        found, total = Page([], None), Count(0)
        if not errors:
            total = snapshot.count(wanted)
            limit = length_of_list(query, total, settings)
            found = snapshot.asked_page(query, wanted, limit=limit)
        categories, reach = snapshot.categories(), snapshot.reach()
        marks = mark_categories(categories, reader)

        def href_of(other: Filter) -> str:
            return list_href(reader, path, other, query.order)

        listing = make_listing(
            found,
            query,
            reader,
            path=path,
            title=settings.title,
            view=view,
            total=total,
            categories=categories,
            errors=errors,
            typed=request.args,
            facets={
                kind: snapshot.facets(without(wanted, kind), kind, limit=limit)
                for kind, limit in KINDS.items()
            },
            partly=not all(
                snapshot.counts_all(without(wanted, kind)) for kind in KINDS
            ),
            overview=make_overview(
                wanted,
                reader,
                reach=reach,
                counted=snapshot.density,
                marks=marks,
                href_of=href_of,
            ),
            jump=jump,
            count=lambda rest: snapshot.count(replace(rest, within=wanted.within)),
        )
        picture = None
        if listing.overview is not None and not errors:
            # Its lanes stay while its window moves.
            lasting = replace(wanted, start=None, end=None)
            picture = make_picture(
                wanted,
                reader,
                path=path,
                view=view,
                args=list_args(replace(lasting, within=None), query.order),
                scale=listing.overview.scale,
                reach=reach or (0, 0),
                counted=snapshot.facets(lasting, "category", limit=KINDS["category"]),
                total=snapshot.count(lasting).number,
                marks=marks,
            )
        narrowed = ", ".join(chip.words for chip in listing.chips)
        title = f"{listing.title}: {narrowed}" if narrowed else listing.title
        return page(
            "timeline.html",
            snapshot,
            asked,
            reader,
            path=path,
            title=title,
            description=listing.description
            or reader.say("What happened and what is promised, with sources."),
            args=listing.args,
            covered=Covered(path.rstrip("/"), query.filter, title),
            status=HTTPStatus.BAD_REQUEST if errors or jump else HTTPStatus.OK,
            search=listing.search,
            view=view,
            listing=listing,
            picture=picture,
            chooser=make_chooser(
                asked,
                reader,
                path=path,
                args=list_args(query.filter, query.order),
                slider=slider_of(
                    snapshot,
                    asked,
                    reader,
                    path=path,
                    args=list_args(query.filter, query.order),
                    view=view,
                ),
                errors=[errors[name] for name in MOMENTS if name in errors],
            ),
        )

    def to_date(
        snapshot: Snapshot,
        reader: Reader,
        path: str,
        query: Query,
        wanted: Filter,
        day: str,
    ) -> Response:
        """To the page that starts at the date *day*, as it was typed.

        Raises:
            DateError: It is none.
        """
        cursor = jump_cursor(read_date(day), query.order)
        args = list_args(query.filter, query.order)
        if (
            cursor is not None
            and snapshot.page_before(
                wanted, order=query.order, limit=1, end=cursor
            ).entries
        ):
            args.append(("cursor", write_cursor(cursor)))
        response = Response(status=HTTPStatus.SEE_OTHER)
        response.headers["Location"] = f"{reader.href(path, args)}#list"
        return response

    def list_answer(path: str, name: str | None = None) -> Response:
        asked, errors = read_list()

        def render() -> Response:
            with timeline.snapshot(asked.moment) as snapshot:
                view = None if name is None else view_in(snapshot, name)
                return list_page(snapshot, asked, path, view, errors)

        # RFC 9110 13.2.1: no 304 where there would be a 400, 404 or 410.
        if name is not None:
            find_then(timeline, asked.moment, lambda snapshot: view_in(snapshot, name))
        if errors:
            return render()
        return conditional(timeline, render, max_age_s=PAGE_AGE_S, query=asked.query)

    @pages.get("/")
    def front() -> Response:
        """The timeline."""
        return list_answer("/")

    @pages.get("/views/<name>")
    def view(name: str) -> Response:
        """A view; 410 if it was removed."""
        return list_answer(f"/views/{name}", name)

    @pages.get("/views")
    def views() -> Response:
        """All views."""
        asked = read()

        def show(snapshot: Snapshot, reader: Reader) -> Response:
            return page(
                "views.html",
                snapshot,
                asked,
                reader,
                path="/views",
                title=reader.say("Views"),
                description=reader.say("Parts of the timeline with their feeds."),
                lines=[
                    {
                        "title": one.title,
                        "introduction": rendered(one.description),
                        "href": reader.href(f"/views/{one.name}"),
                        "subscribe": reader.href(f"/views/{one.name}/subscribe"),
                        "filter": filter_words(parse_filter(one.filter), reader),
                        "count": snapshot.count(parse_filter(one.filter)),
                    }
                    for one in snapshot.views()
                ],
            )

        return answer(asked, show)

    @pages.get("/api/docs")
    def api_reference() -> Response:
        """The same, to be read."""
        refuse_unacceptable("text/html", request)
        asked = read()

        def show(snapshot: Snapshot, reader: Reader) -> Response:
            return page(
                "reference.html",
                snapshot,
                asked,
                reader,
                path="/api/docs",
                title=reader.say("API"),
                description=reader.say(
                    "How programs read the timeline, and append to it."
                ),
                reference=make_reference(document()),
            )

        return answer(asked, show)

    @pages.get("/about")
    def about() -> Response:
        """What this is, how it is kept, how to subscribe and append."""
        asked = read()

        def show(snapshot: Snapshot, reader: Reader) -> Response:
            identity = timeline.identity()
            changed_at = timeline.recorded_at(snapshot.position)
            return page(
                "about.html",
                snapshot,
                asked,
                reader,
                path="/about",
                title=reader.say("About"),
                description=reader.say(
                    "What this is, how it is kept, how to subscribe and append."
                ),
                about={
                    "entries": snapshot.count(Filter()).number,
                    "changed_at": instant(changed_at) if changed_at else "",
                    "changed_day": reader.day(changed_at) if changed_at else "",
                    "log_id": identity.log_id,
                    "authority": identity.tag_authority,
                    "origin": settings.origin,
                },
            )

        return answer(asked, show)

    @pages.get("/changes")
    def changes() -> Response:
        """What changed between two moments, the latest first."""
        args = list(request.args.items(multi=True))
        errors: dict[str, str] = {}
        after, upto = 0, None
        try:
            query = parse_changes_query(args)
            after, upto = timeline.between(query)
        except QueryError as error:
            # The form comes back as it was filled in, with what is wrong beside it.
            for one in error.errors:
                errors.setdefault(one.pointer.split("/")[1], one.detail)
            spoken = [one for one in args if one[0] == "lang" and "lang" not in errors]
            query = parse_changes_query(spoken)

        def render() -> Response:
            moment = AsOf(upto) if upto is not None and query.ended else None
            with timeline.snapshot(moment) as snapshot:
                return changes_page(snapshot, query, after, upto, errors)

        if errors:
            return render()
        return conditional(timeline, render, max_age_s=PAGE_AGE_S, query=query.ended)

    def changes_page(
        snapshot: Snapshot,
        query: ChangesQuery,
        after: int,
        upto: int | None,
        errors: Mapping[str, str],
    ) -> Response:
        asked = Asked(Query(lang=query.lang))
        reader = reader_of(snapshot, asked)
        upto = snapshot.position if upto is None else min(upto, snapshot.position)
        limit = query.limit or settings.page_size
        first, last = page_of_changes(query, after=after, upto=upto, limit=limit)
        marks = mark_categories(snapshot.categories(), reader)
        told = timeline.changes(snapshot, after=first, upto=last)
        shown = make_changes(
            [
                make_line(event, entry, reader, marks=marks)
                for event, entry in (() if errors else reversed(told))
            ],
            query,
            reader,
            after=after,
            upto=upto,
            recorded={at: timeline.recorded_at(at) for at in (after, upto)},
            counted=tally.count(snapshot, after=after, upto=upto),
            limit=limit,
            errors={name: reader.retell(detail) for name, detail in errors.items()},
            typed=request.args,
        )
        return page(
            "changes.html",
            snapshot,
            asked,
            reader,
            path=CHANGES,
            args=shown.args,
            title=reader.say("Changes"),
            description=reader.say("What changed, event by event."),
            status=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
            changes=shown,
        )

    @pages.get("/entries/<name>")
    def entry(name: str) -> Response:
        """One entry, and its history in short."""
        return entry_page(name, "entry.html", below="")

    @pages.get("/entries/<name>/history")
    def history(name: str) -> Response:
        """All changes of an entry."""
        return entry_page(name, "history.html", below="/history")

    def entry_page(name: str, template: str, *, below: str) -> Response:
        asked = read()
        # RFC 9110 13.2.1: no 304 where there would be a 404.
        find_then(timeline, asked.moment, lambda snapshot: _entry(snapshot, name))

        def show(snapshot: Snapshot, reader: Reader) -> Response:
            shown = _entry(snapshot, name)
            path = f"/entries/{name}{below}"
            linked = {link.entry: snapshot.entry(link.entry) for link in shown.links}
            backlinks = snapshot.backlinks(name)
            record = make_record(
                shown,
                reader,
                marks=mark_categories(snapshot.categories(), reader),
                events=events_then(timeline, snapshot, name),
                targets={name: one for name, one in linked.items() if one},
                backlinks=backlinks,
                in_force=in_force(
                    shown,
                    snapshot.acting(name, backlinks),
                    day=day_then(timeline, snapshot),
                ),
            )
            title = record.title.words
            if below:
                title = reader.say("History: {title}", title=title)
            summary = _text(record.summary)
            return page(
                template,
                snapshot,
                asked,
                reader,
                path=path,
                title=title,
                description=f"{record.date.words}. {summary}",
                cite=make_citation(
                    shown,
                    reader,
                    site=settings.title,
                    origin=settings.origin,
                    known_day=snapshot.known_day,
                ),
                covered=Covered(f"/entries/{name}", Filter(), record.title.words),
                recorded=(shown.recorded_at, shown.updated_at),
                # Of now only: a program does not read which moment this shows.
                event=None
                if below or asked.moment is not None
                else make_event(
                    shown,
                    reader,
                    url=absolute(timeline, reader.href(path)),
                    description=summary,
                ),
                entry=record,
                chooser=make_chooser(asked, reader, path=path, args=()),
            )

        return answer(asked, show)

    @pages.get("/subscribe")
    def subscribe() -> Response:
        """How to follow the timeline, or what of it the filters let through."""
        return subscribe_page("", lambda _: None)

    @pages.get("/views/<name>/subscribe")
    def subscribe_to_view(name: str) -> Response:
        """How to follow a view; 410 if it was removed."""
        return subscribe_page(f"/views/{name}", lambda found: view_in(found, name))

    @pages.get("/entries/<name>/subscribe")
    def subscribe_to_entry(name: str) -> Response:
        """How to be told when an entry changes."""
        return subscribe_page(f"/entries/{name}", lambda found: _entry(found, name))

    def subscribe_page(
        path: str, find: Callable[[Snapshot], View | Entry | None]
    ) -> Response:
        """How to follow what is at *path*: as it is now, whatever the moment asked."""
        asked = read()
        # RFC 9110 13.2.1: no 304 where there would be a 404 or 410.
        find_then(timeline, None, find)

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                reader = reader_of(snapshot, asked)
                subscribing = make_subscribing(
                    reader, find(snapshot), asked.query.filter, settings, path=path
                )
                return page(
                    "subscribe.html",
                    snapshot,
                    Asked(),
                    reader.now,
                    path=f"{path}/subscribe",
                    args=subscribing.covered.args,
                    title=reader.say(
                        "Subscribe: {title}", title=subscribing.covered.title
                    ),
                    description=reader.say(
                        "New and changed entries in a feed reader, their dates in a"
                        " calendar. There is nothing to sign up for."
                    ),
                    covered=subscribing.covered,
                    subscribing=subscribing,
                )

        return conditional(timeline, render, max_age_s=PAGE_AGE_S)

    return pages


@pass_context
def _gettext(context: Context, words: str) -> str:
    return _reader(context).catalogue.gettext(words)


@pass_context
def _ngettext(context: Context, one: str, many: str, n: int) -> str:
    return _reader(context).catalogue.ngettext(one, many, n)


def _reader(context: Context) -> Reader:
    """Whom the page is for; a macro that says anything is imported with context."""
    reader: Reader = context["reader"]
    return reader


def _entry(snapshot: Snapshot, name: str) -> Entry:
    entry = snapshot.entry(name)
    if entry is None:
        raise NotFound(Sentence("There is no entry “{name}”.", name=name))
    return entry


def _text(html: Markup) -> str:
    return html.striptags()


def _asset_hashes() -> dict[str, str]:
    """What changes in the address of a file in ``static`` with its content."""
    static = files("timeline") / "static"
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        for file in static.iterdir()
        if file.is_file()
    }


def _built_assets() -> dict[str, str]:
    """What `timeline/web/client` was built into, by the name without its hash."""
    manifest = files("timeline") / "static" / "manifest.json"
    built: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    return built
