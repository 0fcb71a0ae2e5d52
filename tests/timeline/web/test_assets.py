"""The script of the picture: built from what is here, small, and shipped whole."""

import gzip
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hatchling.builders.wheel import WheelBuilder

from timeline.schemas import parse_append
from timeline.service import Timeline

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "timeline" / "web" / "client"
STATIC = ROOT / "timeline" / "static"

SCRIPT_LIMIT_BYTES, SHEET_LIMIT_BYTES = 40 * 1024, 8 * 1024

BUILT = ("picture.*", "manifest.json")


def built(folder: Path) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes()
        for pattern in BUILT
        for file in folder.glob(pattern)
    }


def zipped_bytes(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def npm(*args: str, cwd: Path) -> None:
    subprocess.run(
        ["npm", *args], cwd=cwd, check=True, capture_output=True, timeout=300
    )


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with the pinned tools beside them."""
    if shutil.which("npm") is None:
        pytest.skip("npm is missing: apt-get install npm")
    copy = tmp_path_factory.mktemp("built") / "timeline" / "web" / "client"
    shutil.copytree(CLIENT, copy, ignore=shutil.ignore_patterns("node_modules"))
    npm("ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=copy)
    return copy


def test_the_script_is_what_its_sources_build(tools: Path) -> None:
    """Types included; otherwise: ``npm ci && npm run build`` in the client's folder."""
    (tools / "../../static").mkdir(exist_ok=True)
    npm("run", "build", cwd=tools)

    assert built(tools / "../../static") == built(STATIC)


def test_a_wrong_type_stops_the_build(tools: Path) -> None:
    source = tools / "src" / "units.js"
    right = source.read_text(encoding="utf-8")
    source.write_text(right.replace("DAY_S = 86_400", 'DAY_S = "86400"'))

    with pytest.raises(subprocess.CalledProcessError):
        npm("run", "build", cwd=tools)

    source.write_text(right, encoding="utf-8")


def test_script_and_sheet_are_small() -> None:
    scripts, sheets = STATIC.glob("*.js"), STATIC.glob("*.css")

    assert sum(map(zipped_bytes, scripts)) < SCRIPT_LIMIT_BYTES
    assert sum(map(zipped_bytes, sheets)) < SHEET_LIMIT_BYTES


def test_the_script_names_no_other_origin() -> None:
    for script in STATIC.glob("*.js"):
        addresses = re.findall(r"https?://[\w.-]+", script.read_text(encoding="utf-8"))

        # Names of XML namespaces, which nobody asks for.
        assert set(addresses) <= {"http://www.w3.org"}


def test_others_work_is_shipped_with_its_licence() -> None:
    texts = (STATIC / "picture.LICENSES.txt").read_text(encoding="utf-8")
    (bundle,) = STATIC.glob("picture.*.js.map")
    sources = json.loads(bundle.read_text(encoding="utf-8"))["sources"]

    names = {
        found[1]
        for source in sources
        if (found := re.search(r"node_modules/([^/]+)/", source))
    }
    assert {"d3-time", "d3-zoom", "d3-selection"} <= names
    for name in names:
        assert re.search(rf"^{re.escape(name)} [\d.]+ \([\w-]+\)$", texts, re.MULTILINE)


def test_the_manifest_names_the_script() -> None:
    manifest = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))

    assert [STATIC / manifest["picture.js"]] == list(STATIC.glob("picture.*.js"))


def test_a_wheel_has_the_script_and_not_its_sources(tmp_path: Path) -> None:
    """So that nobody who installs it needs Node."""
    (wheel,) = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path), versions=["standard"]
    )

    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert {f"timeline/static/{name}" for name in built(STATIC)} <= names
    assert not [name for name in names if name.startswith("timeline/web/client")]


def test_the_page_leads_to_the_script_which_may_be_kept(
    timeline: Timeline, client: FlaskClient
) -> None:
    story = ROOT / "events" / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")
    (address,) = re.findall(r'src="(/static/picture[^"]+)"', client.get("/").text)

    answer = client.get(address)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
