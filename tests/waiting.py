"""For what happens in its own time, in another thread or process."""

import time
from collections.abc import Callable

_DEADLINE_S = 20


def eventually(true: Callable[[], bool]) -> None:
    """Look until *true* is; fail if it never becomes so."""
    deadline = time.monotonic() + _DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
