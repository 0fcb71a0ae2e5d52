"""Schemathesis finds nothing that the API does and its description does not say.

Looks longer, and elsewhere, with ``SCHEMATHESIS="--max-examples 1000 --seed 7"``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import serving

ROOT = Path(__file__).parents[3]

# Big bodies are refused for their size, whatever else is wrong with them.
CONFIG = """
[auth.openapi.token]
bearer = "${TIMELINE_TOKEN}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412"]

[checks.negative_data_rejection]
expected-statuses = [
  "400", "401", "403", "404", "406", "409", "412", "413", "415", "422",
]
"""


# The coverage of what may be appended takes five thousand requests: by hand.
LOOKS = [
    "--phases examples,fuzzing,stateful --max-examples 8 --seed 1",
    "--phases coverage --include-method GET --seed 1",
]
if "SCHEMATHESIS" in os.environ:
    LOOKS = [os.environ["SCHEMATHESIS"]]


@pytest.mark.parametrize("look", LOOKS)
def test_schemathesis_finds_nothing(tmp_path: Path, look: str) -> None:
    """All of its checks, on a real server with the bundled story."""
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    with serving(tmp_path / "data") as served:
        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", config),
                *("run", f"{served.url}/api/openapi.json", "--url", served.url),
                # In its place stands one that knows what no schema can say.
                *("--exclude-checks", "positive_data_acceptance"),
                *("--continue-on-failure", *look.split()),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.timeline.web.schemathesis_hooks",
                "TIMELINE_TOKEN": served.token,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=3_600,
            check=False,
        )

    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
