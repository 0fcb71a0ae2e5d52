"""The pages are valid HTML and the sheet is valid CSS, says the Nu HTML checker."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.browser.sites import KINDS, Sites

pytestmark = pytest.mark.browser

VNU = Path(sys.prefix, "node", "node_modules", "vnu-jar", "build", "dist", "vnu.jar")
"""Where tests/run puts it."""

LONG_S = 180

MISTAKEN = {
    f"CSS: “{name}”: Property “{name}” doesn't exist."
    for name in ("rx", "vector-effect")
}
"""What the checker does not know: https://www.w3.org/TR/SVG2/propidx.html"""


def check(*checked: Path) -> list[str]:
    """What the checker objects to in HTML and CSS files."""
    if shutil.which("java") is None:
        pytest.skip("java is missing: apt-get install default-jre-headless")
    if not VNU.exists():
        pytest.skip("vnu.jar is missing: tests/run installs it with npm")
    # The stack holds its grammar of HTML, on which small ones overflow.
    java = ["java", "-Xss4m", "-jar", str(VNU)]
    options = ["--also-check-css", "--no-langdetect", "--format", "json", "--stdout"]
    run = subprocess.run(
        [*java, *options, "--exit-zero-always", *map(str, checked)],
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=True,
    )
    return [
        f"{Path(one['url']).name}:{one.get('lastLine', 0)}: {one['message']}"
        f" in {one.get('extract', '').strip()!r}"
        for one in json.loads(run.stdout)["messages"]
        if one["message"] not in MISTAKEN
    ]


def test_every_page_and_the_sheet_are_valid(sites: Sites, tmp_path: Path) -> None:
    """In one run, since Java starts slowly."""
    checked = []
    for name, kind in KINDS.items():
        page = httpx.get(sites.address(kind))
        assert page.status_code == kind.status, name
        checked.append(tmp_path / f"{name}.html")
        checked[-1].write_bytes(page.content)
    sheet = httpx.get(f"{sites['story']}/static/timeline.css")
    checked.append(tmp_path / "timeline.css")
    checked[-1].write_bytes(sheet.content)

    assert check(*checked) == []


def test_the_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    """Otherwise finding nothing would mean nothing."""
    page, sheet = tmp_path / "wrong.html", tmp_path / "wrong.css"
    page.write_text("<!doctype html><html lang=en><title>t</title><p><div></p>")
    sheet.write_text("p { colour: red }")

    found = check(page, sheet)

    assert {one.partition(":")[0] for one in found} == {"wrong.html", "wrong.css"}
