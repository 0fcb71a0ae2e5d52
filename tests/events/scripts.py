"""Other processes that tests need: Python source run from the top of the checkout."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def start(source: str, *args: object) -> subprocess.Popen[str]:
    """A new process that runs *source*; warnings are errors there as well.

    It reads from and writes to pipes; leave it by ``with``, which closes them.
    """
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source, *map(str, args)],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(source: str, *args: object) -> list[str]:
    """The lines that *source* prints; it must end well and complain of nothing."""
    with start(source, *args) as process:
        printed, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, ""), complaints
    return printed.splitlines()
