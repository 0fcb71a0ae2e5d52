"""What all tests share."""

from collections.abc import Generator

import pytest
from hypothesis import settings

# A machine that is busy is slow: that is no failure of ours.
settings.register_profile("timeline", deadline=None)
settings.load_profile("timeline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help="a skipped test is a failure"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under --no-skips, tell a skip as a failure with its reason."""
    report = yield
    if report.skipped and item.config.getoption("--no-skips"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        report.outcome = "failed"
        report.longrepr = f"skipped under --no-skips: {reason}"
    return report
