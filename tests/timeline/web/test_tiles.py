"""Tiles and density over HTTP: what the picture is drawn from."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask, request, request_started
from flask.testing import FlaskClient
from marshmallow import Schema, fields

from events import dates
from tests.builders import recorded
from timeline.schemas import parse_append
from timeline.schemas.tiles import DensityOut, TileOut
from timeline.service import Timeline

STORY = files("events") / "seed" / "story.json"
GLASSES = "quark-ai-glasses-release"
FULFILLED = 51
"""Position of the event that the Quark AI Glasses went on sale."""

MONTHS = "/api/tiles/month/10"
"""May 2023 to August 2028."""


@pytest.fixture(autouse=True)
def story(timeline: Timeline) -> None:
    """The bundled story."""
    wanted, _ = parse_append(STORY.read_bytes(), lines=False)
    timeline.append(wanted, author="tester")


def read(client: FlaskClient, path: str) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def marks(tile: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {mark["id"]: mark for mark in tile["marks"]}


def names(schema: Schema) -> set[str]:
    return {field.data_key or name for name, field in schema.fields.items()}


def check_names(dumped: Mapping[str, Any], schema: Schema, optional: set[str]) -> None:
    """What is dumped by hand is what the schema declares, at every depth."""
    assert names(schema) - optional <= dumped.keys() <= names(schema)
    for name, field in schema.fields.items():
        inner = dumped.get(field.data_key or name)
        if isinstance(field, fields.Nested) and inner is not None:
            for one in inner if isinstance(inner, list) else [inner]:
                check_names(one, field.schema, optional)


def test_a_tile_tells_its_time_its_numbers_and_its_marks(client):
    tile = read(client, MONTHS)

    assert (tile["level"], tile["x"]) == ("month", 10)
    assert tile["start"] == dates.parse("2023-05-01").lo
    assert tile["end"] == dates.parse("2028-09-01").lo
    assert tile["total"] == sum(number for *_, number in tile["counts"])
    assert tile["counts"] == sorted(tile["counts"])
    assert tile["position"] == read(client, "/api/entries")["position"]
    assert tile["capped"] is False
    importance = [mark["importance"] for mark in tile["marks"]]
    assert importance == sorted(importance, reverse=True)


def test_the_promise_is_seen_as_a_window_that_was_met(client):
    glasses = marks(read(client, MONTHS))[GLASSES]

    assert glasses["shape"] == "instant"
    assert glasses["kept"] == "in-time"
    assert glasses["window"] == {
        "lo": dates.parse("2025-07-26").lo,
        "hi": dates.parse("2025-12-31").hi,
        "label": "by end of 2025",
    }
    before = marks(read(client, f"{MONTHS}?as_of={FULFILLED - 1}&lang=it"))[GLASSES]
    assert before["shape"] == "deadline"
    assert before["awaited"] is True
    assert before["label"] == "entro la fine del 2025"
    assert before["url"] == f"/entries/{GLASSES}?as_of={FULFILLED - 1}&lang=it"


def test_a_corrected_mark_has_a_ghost(client):
    ghost = marks(read(client, MONTHS))["us-chip-rule-2023-effective"]["ghost"]

    assert ghost == {
        "lo": dates.parse("2023-11-16").lo,
        "hi": dates.parse("2023-11-16").hi,
        "at": dates.parse("2023-11-16").lo,
        "label": "16 November 2023",
        "kind": "corrected",
    }


@pytest.mark.parametrize("args", ["", "?known=2025-08-01", "?as_of=40&lang=it"])
def test_what_is_dumped_by_hand_is_what_is_declared(client, args):
    check_names(read(client, f"{MONTHS}{args}"), TileOut(), {"known", "lang"})
    check_names(read(client, f"/api/density{args}"), DensityOut(), {"known"})


def test_a_tile_takes_the_filters_of_the_page(client):
    path = "/api/entries?category=product&category=company&state=happened&limit=200"
    wanted = {entry["id"] for entry in read(client, path)["entries"]}
    found = read(client, "/api/tiles/year/0?category=product&category=company")
    happened = read(
        client, "/api/tiles/year/0?category=product&category=company&state=happened"
    )

    assert set(marks(happened)) == wanted
    assert happened["total"] == len(wanted)
    assert {category for _, category, _ in found["counts"]} == {"product", "company"}


def test_a_tile_at_a_position_is_kept_for_a_day_and_one_at_the_head_is_asked_for(
    client,
):
    """Both with a validator."""
    now, then = client.get(MONTHS), client.get(f"{MONTHS}?as_of=40")

    assert now.headers["Cache-Control"] == "public, no-cache"
    assert then.headers["Cache-Control"] == "public, max-age=86400"
    for path, answer in ((MONTHS, now), (f"{MONTHS}?as_of=40", then)):
        headers = {"If-None-Match": answer.headers["ETag"]}
        assert client.get(path, headers=headers).status_code == 304


def test_a_tile_is_made_once_for_all_who_ask_for_it(app: Flask, client, timeline):
    """The first tiles of the page are asked for by every visitor."""
    made = []

    def note(*_: object, **__: object) -> None:
        made.append(request.path)

    with request_started.connected_to(note, app):
        first, second = client.get(MONTHS), client.get(MONTHS)
        assert made == [MONTHS]
        assert (second.data, second.headers) == (first.data, first.headers)

        timeline.append([recorded("later", occurred="2025-07-26")], author="tester")
        assert client.get(MONTHS).get_json()["total"] == first.get_json()["total"] + 1
        assert made == [MONTHS, MONTHS]


def test_a_tile_at_a_position_stays_when_more_is_appended(client, token):
    then = read(client, f"{MONTHS}?as_of=40")
    event = {
        "type": "entry-recorded",
        "data": {"title": "Later", "occurred": "2025-07-26", "importance": 100},
    }
    answer = client.post(
        "/api/events", json=event, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 201

    assert read(client, f"{MONTHS}?as_of=40") == then
    assert read(client, MONTHS)["marks"][0]["title"] == "Later"


@pytest.mark.parametrize(
    "tile",
    [
        "week/0",
        "month/010",
        "month/-0",
        "month/+1",
        "month/1.5",
        "month/٣",
        "year/1562500",
        "year/99999999999999999999",
    ],
)
def test_what_is_no_tile_is_not_found(client, tile):
    response = client.get(f"/api/tiles/{tile}")

    assert response.status_code == 404
    assert "/api/tiles/<level>/<x>" in response.get_json()["detail"]


@pytest.mark.parametrize("tile", ["year/1562468", "decade/-156254", "day/-1"])
def test_tiles_go_as_far_as_dates(client, tile):
    found = read(client, f"/api/tiles/{tile}")

    assert found["start"] < found["end"]
    assert max(abs(found["start"]), found["end"]) < 2**53


def test_density_covers_all_entries_in_bars_of_whole_units(client):
    found = read(client, "/api/density?bars=10")

    assert (found["level"], found["step"]) == ("year", 1)
    assert [bar["from"] for bar in found["bars"]] == [str(y) for y in range(2019, 2027)]
    everything = read(client, "/api/tiles/decade/0")["total"]
    assert sum(bar["total"] for bar in found["bars"]) == everything
    for bar, behind in zip(found["bars"], found["bars"][1:], strict=False):
        assert bar["end"] == behind["start"]
        assert bar["total"] == sum(bar["categories"].values())


def test_density_of_a_window_counts_what_stands_in_it(client):
    found = read(client, "/api/density?from=2025-07&to=2025-07&category=product")
    tile = read(client, f"{MONTHS}?category=product")
    july = dates.unit_of("month", dates.parse("2025-07").lo)

    assert [bar["from"] for bar in found["bars"]] == [
        f"2025-07-{day:02}" for day in range(1, 32)
    ]
    assert sum(bar["total"] for bar in found["bars"]) == sum(
        number for unit, _, number in tile["counts"] if unit == july
    )


@pytest.mark.parametrize(
    ("args", "bars"),
    [
        ("from=9000", 100),
        ("to=-4000", 100),
        ("from=Y-100000000&to=Y100000000&bars=2", 2),
        ("from=Y-100000000&to=Y100000000&bars=1", 1),
        ("q=nothing-has-this", 100),
    ],
)
def test_density_has_bars_wherever_it_is_asked_for(client, args, bars):
    found = read(client, f"/api/density?{args}")

    assert 1 <= len(found["bars"]) <= bars


@pytest.mark.parametrize(
    ("args", "pointers"),
    [
        ("bars=0", ["/bars"]),
        ("bars=501", ["/bars"]),
        ("bars=1&bars=2", ["/bars"]),
        ("bars=x&to=July&nonsense=1", ["/bars", "/nonsense", "/to"]),
    ],
)
def test_wrong_parameters_of_a_density_are_all_named(client, args, pointers):
    response = client.get(f"/api/density?{args}")

    assert response.status_code == 400
    assert [one["pointer"] for one in response.get_json()["errors"]] == pointers


# -- of a view -----------------------------------------------------------------------


@pytest.fixture
def lately(timeline: Timeline) -> int:
    """The position at which a view of that name was defined; then it is redefined."""

    def define(*categories: str) -> int:
        data = {"name": "lately", "title": "Lately", "filter": {"category": categories}}
        body = json.dumps({"type": "view-defined", "data": data}).encode()
        timeline.append(parse_append(body)[0], author="tester")
        return timeline.head()

    then = define("export-controls", "product")
    define("product")
    return then


OF_A_VIEW = ("/api/entries", MONTHS, "/api/density")


def number(answer: Mapping[str, Any]) -> int:
    """How many entries an answer tells of."""
    if "bars" in answer:
        return sum(bar["total"] for bar in answer["bars"])
    return len(answer["entries"]) if "entries" in answer else answer["total"]


@pytest.mark.parametrize("path", OF_A_VIEW)
def test_a_view_is_what_its_filter_lets_through(client, lately, path):
    of_view = number(read(client, f"{path}?view=lately"))

    assert of_view == number(read(client, f"{path}?category=product")) > 0


@pytest.mark.parametrize("path", OF_A_VIEW)
def test_a_filter_narrows_a_view_down_also_by_the_same_key(client, lately, path):
    """Not by what either lets through, as several values of one filter do."""
    both = f"{path}?view=lately&as_of={lately}"
    products = number(read(client, f"{path}?category=product&as_of={lately}"))

    assert number(read(client, f"{both}&category=product")) == products
    assert number(read(client, f"{both}&category=company")) == 0
    assert number(read(client, both)) > products


@pytest.mark.parametrize("path", OF_A_VIEW)
def test_a_view_that_is_not_there_is_a_problem(client, timeline, lately, path):
    unknown = client.get(f"{path}?view=nope")
    too_early = client.get(f"{path}?view=lately&as_of=3")
    removal = b'{"type": "view-removed", "data": {"name": "lately"}}'
    timeline.append(parse_append(removal)[0], author="tester")
    removed = client.get(f"{path}?view=lately", headers={"If-None-Match": "*"})
    wrong = client.get(f"{path}?view=No+name")

    assert (unknown.status_code, unknown.get_json()["detail"]) == (
        404,
        "There is no view “nope”.",
    )
    assert too_early.status_code == 404
    assert too_early.get_json()["now"] == f"{path}?view=lately"
    assert removed.status_code == 410
    assert removed.get_json()["type"].endswith(":gone")
    assert removed.get_json()["detail"] == "The view “Lately” was removed."
    assert [one["pointer"] for one in wrong.get_json()["errors"]] == ["/view"]
    assert client.get(f"{path}?view=lately&as_of={lately}").status_code == 200


def test_pages_of_a_view_go_on_within_it(client, lately):
    first = read(client, "/api/entries?view=lately&limit=1")
    second = read(client, first["next"])

    assert "view=lately" in first["next"]
    assert second["entries"][0]["category"] == "product"
    assert second["entries"] != first["entries"]
