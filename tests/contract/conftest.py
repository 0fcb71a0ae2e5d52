"""One run of the suites for each database that keeps a log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import FixedClock
from tests.contract.backends import BACKENDS, Backend, Opened


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param]


@pytest.fixture
def opened(backend: Backend, tmp_path: Path, clock: FixedClock) -> Iterator[Opened]:
    opened = backend(tmp_path, clock)
    yield opened
    opened.log.close()
