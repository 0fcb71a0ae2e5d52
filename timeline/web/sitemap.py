"""What search engines are told: which pages there are, and which to leave alone.

A sitemap holds at most 50,000 addresses (sitemaps.org), so entries are listed in parts
by where in the log they were first recorded. An entry never changes its part, and a
part that is full never grows.
"""

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import escape

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from timeline.schemas import parse_filter
from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.web.answers import absolute, conditional, find_then
from timeline.web.pages.languages import Languages
from timeline.web.pages.record import instant

PART = 10_000
"""Positions of the log whose entries make a part; its answer takes 0.1 s."""

MAX_AGE_S = 3_600
"""Search engines come when they like; what is new stands on the front page at once."""

_Listed = tuple[str, datetime | None]
"""An absolute address, and when it last changed."""


def make_sitemap(timeline: Timeline, languages: Languages) -> Blueprint:
    """Build the sitemap and ``robots.txt`` of *timeline*, a site in *languages*."""
    sitemap = Blueprint("sitemap", __name__)
    parts = _Parts()

    @sitemap.get("/robots.txt")
    def robots() -> Response:
        """Which addresses robots leave alone (RFC 9309).

        Filters, moments and cursors combine without end and show what other pages
        show; entries are found by the sitemap. Translations are pages of their own.
        """
        allowed = [f"/*?lang={one}$" for one in languages.catalogues]
        lines = [
            "User-agent: *",
            *(f"Allow: {one}" for one in ["/static/", *allowed]),
            *(f"Disallow: {one}" for one in ["/*?", "/api/", "/*/subscribe$"]),
            "",
            f"Sitemap: {absolute(timeline, '/sitemap.xml')}",
        ]
        text = "".join(f"{line}\n" for line in lines)
        return conditional(
            timeline, lambda: Response(text, mimetype="text/plain"), max_age_s=MAX_AGE_S
        )

    @sitemap.get("/sitemap.xml")
    def index() -> Response:
        """The parts: pages and views, then entries in the order of their recording."""

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                changed = {0: snapshot.position, **parts.last_changed(snapshot)}
            return _written(
                "sitemapindex",
                "sitemap",
                [
                    (
                        absolute(timeline, f"/sitemap-{number}.xml"),
                        timeline.recorded_at(position),
                    )
                    for number, position in sorted(changed.items())
                ],
            )

        return conditional(timeline, render, max_age_s=MAX_AGE_S)

    @sitemap.get("/sitemap-<int:number>.xml")
    def part(number: int) -> Response:
        """One of the parts; 404 if it has no entries."""

        def is_there(snapshot: Snapshot) -> None:
            if number and number not in parts.last_changed(snapshot):
                raise NotFound

        find_then(timeline, None, is_there)

        def render() -> Response:
            with timeline.snapshot() as snapshot:
                listed = entries(snapshot, number) if number else pages(snapshot)
                return _written("urlset", "url", listed)

        return conditional(timeline, render, max_age_s=MAX_AGE_S)

    def pages(snapshot: Snapshot) -> Iterator[_Listed]:
        """What is no entry; all but the views change with every event."""
        last = timeline.recorded_at(snapshot.position)
        for path in ("/", "/views", "/changes", "/about", "/subscribe"):
            yield absolute(timeline, path), last
        for view in snapshot.views():
            newest = snapshot.newest(parse_filter(view.filter), limit=1)
            yield (
                absolute(timeline, f"/views/{view.name}"),
                max([view.updated_at, *(entry.updated_at for entry in newest)]),
            )

    def entries(snapshot: Snapshot, number: int) -> Iterator[_Listed]:
        """Also those that were retracted: their pages say so to whoever looks."""
        for entry, updated_at in snapshot.first_recorded(
            after=(number - 1) * PART, upto=number * PART
        ):
            yield absolute(timeline, f"/entries/{entry}"), updated_at

    return sitemap


class _Parts:
    """By which position each part last changed; only what came since is looked at."""

    def __init__(self) -> None:
        self._changed: dict[int, int] = {}
        self._position = 0
        self._lock = threading.Lock()

    def last_changed(self, snapshot: Snapshot) -> dict[int, int]:
        """Position by part, from 1; parts without entries are left out."""
        with self._lock:
            if snapshot.position > self._position:
                changed = snapshot.last_changed(after=self._position, size=PART)
                self._changed |= {one + 1: at for one, at in changed.items()}
                self._position = snapshot.position
            return dict(self._changed)


def _written(root: str, item: str, listed: Iterable[_Listed]) -> Response:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
    ]
    for address, changed_at in listed:
        changed = f"<lastmod>{instant(changed_at)}</lastmod>" if changed_at else ""
        lines.append(f"<{item}><loc>{escape(address)}</loc>{changed}</{item}>")
    lines.append(f"</{root}>\n")
    return Response("\n".join(lines), mimetype="application/xml")
