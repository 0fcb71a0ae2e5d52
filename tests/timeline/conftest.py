"""A whole service over real files, for the tests of its edges."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders import FixedClock
from timeline.app import create_app, open_timeline
from timeline.config import Settings
from timeline.service import Timeline


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Small limits, so that tests reach them, and an address unlike the client's."""
    return Settings(
        data=tmp_path,
        base_url="https://timeline.example",
        tag_authority="timeline.example",
        deadline_s=0.05,
        body_limit_bytes=20_000,
        ndjson_limit_bytes=60_000,
    )


@pytest.fixture
def timeline(settings: Settings, clock: FixedClock) -> Iterator[Timeline]:
    opened = open_timeline(settings, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def app(timeline: Timeline) -> Flask:
    """Mistakes of ours fail the test with their traceback instead of a 500."""
    app = create_app(timeline=timeline)
    app.testing = True
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def token(timeline: Timeline) -> str:
    return timeline.tokens.create("editor", scope="append")
