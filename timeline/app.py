"""Puts the parts together: the only place that names a concrete log."""

import atexit
import gc
import os
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial

from flask import Flask

from events.errors import LogUnavailableError
from events.model import JsonObject
from events.sqlite import SqliteEventLog, SqliteTokens, open_events_db, utc_now
from timeline import cli
from timeline.config import Settings
from timeline.scheduler import Scheduler
from timeline.service import Timeline
from timeline.store import ViewStore
from timeline.web.answers import static_answer
from timeline.web.api import make_api
from timeline.web.appending import Appending
from timeline.web.browsers import lead_browsers
from timeline.web.delivery import Delivery
from timeline.web.errors import register_errors
from timeline.web.openapi import make_document
from timeline.web.pages import make_pages
from timeline.web.pages.languages import Languages, load_languages
from timeline.web.sitemap import make_sitemap
from timeline.web.syndication import make_syndication
from timeline.websub import Announcer


def open_timeline(
    settings: Settings, *, clock: Callable[[], datetime] = utc_now
) -> Timeline:
    """Open the data folder, making what is missing; the caller closes it.

    Raises:
        LogError: The folder or a file in it cannot be used; the message says why.
    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LogUnavailableError(f"{settings.data}: {error.strerror}") from error
    db = open_events_db(settings.data / "events.db", deadline_s=settings.deadline_s)
    return Timeline(
        SqliteEventLog(db, tag_authority=settings.authority, clock=clock),
        SqliteTokens(db, clock=clock),
        ViewStore(settings.data, deadline_s=settings.deadline_s),
        settings=settings,
        clock=clock,
    )


def create_app(
    settings: Settings | None = None,
    *,
    timeline: Timeline | None = None,
    languages: Languages | None = None,
) -> Flask:
    """The WSGI application over one data folder.

    Args:
        settings: None: from the ``TIMELINE_*`` variables.
        timeline: An open one to use instead of opening it.
        languages: Of the pages; None: all that there are.
    """
    if timeline is None:
        timeline = open_timeline(settings or Settings.from_env(os.environ))
        timeline.follow()
        # The last connection to close writes, so it has to be closed under the lock.
        atexit.register(timeline.close)
    app = Flask("timeline")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    # Bodies are limited by type in the API; this bounds whatever else is sent.
    app.config["MAX_CONTENT_LENGTH"] = timeline.settings.ndjson_limit_bytes
    # A redirect to the address with fewer slashes would name the Host header.
    app.url_map.merge_slashes = False
    if languages is None:
        languages = load_languages(timeline.settings.lang)
    register_errors(app, languages)

    @cache
    def document() -> JsonObject:
        return make_document(app, timeline.settings)

    app.register_blueprint(make_api(timeline, languages, document=document))
    app.register_blueprint(make_pages(timeline, languages, document=document))
    syndication = make_syndication(timeline, languages)
    lead_browsers(syndication)
    app.register_blueprint(syndication)
    app.register_blueprint(make_sitemap(timeline, languages))
    app.view_functions["static"] = partial(static_answer, app)
    appending = Appending(app.wsgi_app, timeline)
    app.wsgi_app = Delivery(appending, timeline)  # type: ignore[method-assign]
    return app


def make_scheduler(timeline: Timeline) -> Scheduler:
    """What opens and closes the windows of *timeline*, by the system's clock.

    And tells the hub which feeds changed, if there is one.
    """
    if timeline.settings.hub is None:
        return Scheduler(timeline, clock=utc_now)
    announcer = Announcer(timeline, hub=timeline.settings.hub)
    return Scheduler(timeline, clock=utc_now, beside=announcer.running)


PARTS = cli.Parts(
    open_timeline=open_timeline,
    run_due=lambda timeline: make_scheduler(timeline).run_due(),
    scheduling=lambda timeline: make_scheduler(timeline).running(),
)


def served_app() -> Flask:
    """`create_app` for a process that only answers: ``timeline serve`` follows."""
    timeline = open_timeline(Settings.from_env(os.environ))
    timeline.leave_following()
    atexit.register(timeline.close)
    app = create_app(timeline=timeline)
    spare_collector()
    return app


def spare_collector() -> None:
    """Let the garbage collector look seldom, and never at what is loaded by now.

    Answers are made of thousands of objects without a cycle. Looking through all that
    stays was 14 ms in the middle of some requests (``python -m tests.bench asof``),
    through what a tile is made of a quarter of its time (``… tiles``).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def main() -> None:
    """The ``timeline`` command."""
    cli.run(PARTS)
