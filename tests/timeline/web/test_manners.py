"""What every address under /api does: methods, formats, problems, other origins."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from timeline.service import Timeline
from timeline.web.errors import PROBLEM_TYPE
from timeline.web.openapi import is_described

READS = (
    "/api/events",
    "/api/entries",
    "/api/changes",
    "/api/views",
    "/api/density",
    "/api/tiles/month/10",
    "/api/openapi.json",
)
EVENT = {"type": "entry-recorded", "data": {"title": "A", "occurred": "2025"}}


# -- methods -------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_a_wrong_method_is_told_the_right_ones(app: Flask, method: str) -> None:
    """RFC 9110 15.5.6, at every address for programs."""
    client = app.test_client()
    asked = 0
    for rule in app.url_map.iter_rules():
        if not is_described(rule.rule):
            continue
        path = rule.rule.replace("<position>", "1").replace("<entry_id>", "a")
        path = path.replace("<level>", "day").replace("<x>", "0")
        answer = client.open(path, method=method)

        assert (answer.status_code, answer.mimetype) == (405, PROBLEM_TYPE), path
        assert set(answer.headers["Allow"].split(", ")) >= {"GET", "HEAD", "OPTIONS"}
        asked += 1
    assert asked > len(READS)


def test_options_name_the_methods(client: FlaskClient) -> None:
    allowed = client.options("/api/events").headers["Allow"]

    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("path", READS)
def test_head_is_get_without_the_body(client: FlaskClient, path: str) -> None:
    got, head = client.get(path), client.head(path)

    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers.get(name) == got.headers.get(name), name


# -- formats -------------------------------------------------------------------------


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html",
        "application/xml, text/*;q=0.5",
        "application/json;q=0",
        "*/*, application/json;q=0",
        "application/*;q=0, */*",
    ],
)
def test_who_takes_no_json_gets_none(
    client: FlaskClient, path: str, accept: str
) -> None:
    answer = client.get(path, headers={"Accept": accept})

    assert (answer.status_code, answer.mimetype) == (406, PROBLEM_TYPE)
    assert answer.get_json()["type"] == "urn:living-timeline:problem:not-acceptable"
    assert "application/json" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json;version=1;q=0.1",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "text/html, image/gif, *; q=.2, */*; q=.2",
        "nonsense",
    ],
)
def test_who_takes_json_somehow_gets_it(client: FlaskClient, accept: str) -> None:
    """What cannot be read excludes nothing."""
    answer = client.get("/api/views", headers={"Accept": accept})

    assert (answer.status_code, answer.mimetype) == (200, "application/json")


def test_nothing_is_stored_whose_receipt_nobody_takes(
    client: FlaskClient, timeline: Timeline, token: str
) -> None:
    answer = client.post(
        "/api/events",
        json=EVENT,
        headers={"Authorization": f"Bearer {token}", "Accept": "text/html"},
    )

    assert answer.status_code == 406
    assert timeline.head() == 0


def test_the_reference_is_a_page(client: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert client.get("/api/docs", headers=browser).mimetype == "text/html"

    answer = client.get("/api/docs", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.mimetype) == (406, PROBLEM_TYPE)


@pytest.mark.parametrize("path", ["/", "/feed.atom", "/feed.rss", "/healthz", "/nope"])
def test_elsewhere_nobody_is_refused_for_a_format(
    client: FlaskClient, path: str
) -> None:
    """Feed readers send odd things, and so do those who ask for the health."""
    answer = client.get(path, headers={"Accept": "image/png"})

    assert answer.status_code == (404 if path == "/nope" else 200)


# -- problems ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nope",
        "/api//events",
        "/api/events/",
        "/api/entries/%ff%fe",
        "/api/entries/%00",
        "/api/entries/a%2Fb",
        "/api/%zz",
        "/api/entries/" + "x" * 5_000,
        "/api/events/99999999999999999999999999",
        "/api/tiles/day/1e9",
    ],
)
def test_what_is_not_there_is_a_problem(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.mimetype) == (404, PROBLEM_TYPE)
    assert answer.get_json()["type"] == "urn:living-timeline:problem:not-found"


def test_elsewhere_what_is_not_there_is_a_page(client: FlaskClient) -> None:
    for path in ("/nope", "/apis", "/entries/%ff", "//api/events"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), path


@pytest.mark.parametrize(
    "address",
    [
        *("/api/entries?lang=", "/api/entries?category=", "/api/entries?limit="),
        *("/api/changes?after=", "/api/events?after=", "/api/density?bars="),
    ],
)
def test_a_parameter_without_a_value_is_refused(
    client: FlaskClient, address: str
) -> None:
    """A program that sends it has lost the value; a form on a page has not."""
    answer = client.get(address)

    name = address.partition("?")[2].rstrip("=")
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["pointer"].startswith(f"/{name}")
    assert client.get("/?lang=&category=").status_code == 200


# -- other origins -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"), [(READS[0], 200), ("/api/nope", 404), ("/api/events/9", 404)]
)
def test_scripts_of_any_site_may_read(
    client: FlaskClient, path: str, status: int
) -> None:
    """Refusals too, or a script cannot tell a 404 from a dead network."""
    answer = client.get(path, headers={"Origin": "https://other.example"})

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_browser_may_ask_before_it_reads(client: FlaskClient) -> None:
    answer = client.options(
        "/api/entries",
        headers={
            "Origin": "https://other.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match, x-requested-with",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    taken = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"*", "If-None-Match"} <= {*taken}
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


def test_scripts_of_other_sites_may_not_write(
    client: FlaskClient, timeline: Timeline, token: str
) -> None:
    """Neither does the answer before it allow it, nor is what comes back theirs."""
    before = client.options(
        "/api/events",
        headers={
            "Origin": "https://other.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert "POST" not in before.headers["Access-Control-Allow-Methods"]
    assert "authorization" not in before.headers["Access-Control-Allow-Headers"].lower()

    answer = client.post(
        "/api/events",
        data=json.dumps(EVENT),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Origin": "https://other.example"},
    )

    assert answer.status_code == 201
    assert "Access-Control-Allow-Origin" not in answer.headers


# -- the page of the API -------------------------------------------------------------


def test_the_reference_shows_everything_without_a_script(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").get_json()
    page = client.get("/api/docs").text

    for path, at in document["paths"].items():
        for operation in at.values():
            assert f'<article id="{operation["operationId"]}">' in page
            assert path in page
    for code in document["components"]["responses"]:
        assert f'id="problem-{code}"' in page
    for name, schema in document["components"]["schemas"].items():
        assert (f'id="schema-{name}"' in page) == ("properties" in schema)
    main = page.partition("<main")[2].partition("</main>")[0]
    assert "<script" not in main
    assert "https://cdn" not in page
