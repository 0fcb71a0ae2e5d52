"""A service that is only read, made once."""

from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files

import pytest
from flask.testing import FlaskClient

from tests.builders import FixedClock
from timeline.app import create_app, open_timeline
from timeline.config import Settings
from timeline.schemas import parse_append


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a service with the bundled story that nobody writes to."""
    settings = Settings(
        data=tmp_path_factory.mktemp("still"),
        base_url="https://timeline.example",
        tag_authority="timeline.example",
    )
    story = files("events") / "seed" / "story.json"
    with closing(open_timeline(settings, clock=FixedClock())) as timeline:
        timeline.append(parse_append(story.read_bytes())[0], author="seed")
        app = create_app(timeline=timeline)
        app.testing = True
        yield app.test_client()
