"""Puts the parts together: the only place that names a concrete log."""

import atexit
import gc
import os
from collections.abc import Callable
from datetime import datetime

from flask import Flask

from events.errors import LogUnavailableError
from events.sqlite import SqliteEventLog, SqliteTokens, open_events_db, utc_now
from timeline import cli
from timeline.config import Settings
from timeline.scheduler import Scheduler
from timeline.service import Timeline
from timeline.store import ViewStore
from timeline.web.api import make_api
from timeline.web.errors import register_errors
from timeline.web.pages import make_pages
from timeline.web.pages.languages import Languages, load_languages
from timeline.web.syndication import make_syndication


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
    app.register_blueprint(make_api(timeline, languages))
    app.register_blueprint(make_pages(timeline, languages))
    app.register_blueprint(make_syndication(timeline, languages))
    return app


def make_scheduler(timeline: Timeline) -> Scheduler:
    """What opens and closes the windows of *timeline*, by the system's clock."""
    return Scheduler(timeline, clock=utc_now)


PARTS = cli.Parts(
    open_timeline=open_timeline,
    run_due=lambda timeline: make_scheduler(timeline).run_due(),
    scheduling=lambda timeline: make_scheduler(timeline).running(),
)


def served_app() -> Flask:
    """`create_app` for a process that does nothing but serve it.

    What has been loaded by now stays, so the garbage collector need not look through
    it again: that was 14 ms in the middle of some requests (``python -m tests.bench
    asof``).
    """
    app = create_app()
    gc.collect()
    gc.freeze()
    return app


def main() -> None:
    """The ``timeline`` command."""
    cli.run(PARTS)
