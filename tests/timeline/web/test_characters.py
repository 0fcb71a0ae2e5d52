"""One bad character takes nothing down: refused at the door, left out of feeds."""

import json
from typing import Any
from urllib.parse import quote

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import create_environ, run_wsgi_app

from events.model import NewEvent
from tests.builders import cancelled, recorded, retracted, revised, view_defined
from timeline.service import Timeline

BAD = {
    "NUL": "\x00",
    "a vertical tab": "\x0b",
    "an escape": "\x1b",
    "a delete": "\x7f",
    "a C1 control": "\x9f",
    "half a pair": "\ud800",
    "the other half": "\udfff",
    "a noncharacter": "\ufdd0",
    "the last of the plane": "\ufffe",
    "the last of all": "\U0010ffff",
}
HALVES = ("\ud800", "\udfff")
"""UTF-8 cannot hold them, so neither can the log; test_feeds.py renders them."""

CHARACTERS = pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())


def body(kind: str, data: Any, entry: str | None = "moon") -> dict[str, Any]:
    return {"type": kind, "data": data} | ({"entry": entry} if entry else {})


def moon(**data: Any) -> dict[str, Any]:
    return body("entry-recorded", {"title": "Moon", "occurred": "1969", **data})


def patched(**changes: Any) -> dict[str, Any]:
    return body("entry-revised", {"changes": changes})


# With "…" where the character goes.
FIELDS: dict[str, dict[str, Any]] = {
    "/data/title": moon(title="a…b"),
    "/data/occurred": moon(occurred="1969…"),
    "/data/summary": moon(summary="a\n…\nb"),
    "/data/category": moon(category="a…b"),
    "/data/actors/1": moon(actors=["NASA", "a…b"]),
    "/data/places/0": moon(places=["a…b"]),
    "/data/tags/0": moon(tags=["a…b"]),
    "/data/scope": moon(scope="a…b"),
    "/data/lang": moon(lang="en…"),
    "/data/said": moon(said="1969…"),
    "/data/reason": moon(reason="a…b"),
    "/data/sources/0/url": moon(sources=[{"url": "https://x.example/…"}]),
    "/data/sources/0/title": moon(
        sources=[{"url": "https://x.example/", "title": "a…b"}]
    ),
    "/data/sources/0/publisher": moon(
        sources=[{"url": "https://x.example/", "publisher": "a…b"}]
    ),
    "/data/sources/0/published": moon(
        sources=[{"url": "https://x.example/", "published": "1969…"}]
    ),
    "/data/links/0/rel": moon(links=[{"rel": "a…", "entry": "mars"}]),
    "/data/links/0/entry": moon(links=[{"rel": "follows", "entry": "a…"}]),
    "/data/media/0/url": moon(media=[{"url": "https://x.example/…"}]),
    "/data/media/0/alt": moon(media=[{"url": "https://x.example/", "alt": "a…b"}]),
    "/data/media/0/credit": moon(
        media=[{"url": "https://x.example/", "credit": "a…b"}]
    ),
    "/data/translations/it/title": moon(translations={"it": {"title": "a…b"}}),
    "/data/translations/it/summary": moon(translations={"it": {"summary": "a…b"}}),
    "/data/changes/title": patched(title="a…b"),
    "/data/changes/summary": patched(summary="a…b"),
    "/data/changes/tags/0": patched(tags=["a…b"]),
    "/data/changes/translations/it/title": patched(
        translations={"it": {"title": "a…b"}}
    ),
    "/data/changes/sources/0/title": body(
        "entry-corrected",
        {
            "reason": "r",
            "changes": {"sources": [{"url": "https://x.example/", "title": "a…b"}]},
        },
    ),
    "/data/description": body(
        "view-defined",
        {"name": "v", "title": "V", "filter": {"q": ["a"]}, "description": "a…b"},
        None,
    ),
    "/data/filter/q/0": body(
        "view-defined", {"name": "v", "title": "V", "filter": {"q": ["a…b"]}}, None
    ),
    "/entry": body("entry-revised", {"changes": {"title": "x"}}, "moon…"),
    "/id": {**moon(), "id": "a…b"},
}
REASONS = {
    kind: body(kind, data)
    for kind, data in {
        "entry-corrected": {"changes": {"title": "x"}, "reason": "a…b"},
        "entry-revised": {"changes": {"title": "x"}, "reason": "a…b"},
        "entry-postponed": {"reason": "a…b"},
        "entry-fulfilled": {"occurred": "1969", "reason": "a…b"},
        "entry-cancelled": {"reason": "a…b"},
        "entry-retracted": {"reason": "a…b"},
    }.items()
} | {"view-removed": body("view-removed", {"name": "v", "reason": "a…b"}, None)}


def with_it(given: Any, bad: str) -> Any:
    return json.loads(json.dumps(given).replace("\\u2026", json.dumps(bad)[1:-1]))


@pytest.mark.parametrize(
    ("pointer", "given"),
    [*FIELDS.items(), *(("/data/reason", one) for one in REASONS.values())],
    ids=[*FIELDS, *REASONS],
)
def test_it_is_refused_wherever_it_stands(
    client: FlaskClient, timeline: Timeline, token: str, pointer: str, given: Any
) -> None:
    for name, bad in BAD.items():
        refusal = client.post(
            "/api/events",
            data=json.dumps(with_it(given, bad)),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
            },
        )
        assert refusal.status_code == 422, name
        told = [one["pointer"] for one in json.loads(refusal.data)["errors"]]
        assert told == [pointer], name
    assert timeline.head() == 0


ADDRESSES = (
    "/feed.atom",
    "/feed.rss",
    "/feed.json",
    "/feed.atom?lang=it",
    "/entries/odd/feed.json",
    "/entries/gone/feed.atom",
    "/views/odd/feed.rss",
    "/views/odd/feed.json",
    "/changes.atom",
)


def odd_events(bad: str) -> list[NewEvent]:
    """With the character in every text that a feed tells."""
    text = f"a{bad}b"
    told: Any = {
        "author": text,
        "sources": [
            {"url": f"https://x.example/{bad}", "title": text, "publisher": text}
        ],
        "reason": text,
    }
    return [
        recorded(
            "odd",
            title=text,
            summary=f"**{bad}** [x](https://x.example/{bad})",
            category="space",
            actors=[text],
            places=[text],
            tags=[text, bad],
            media=[{"url": f"https://x.example/{bad}", "alt": text, "credit": text}],
            translations={"it": {"title": text, "summary": text}},
            lang="en",
            **told,
        ),
        revised("odd", title=bad, **told),
        revised("odd", title=f"b{bad}a", **told),
        recorded("gone", title=bad, **told),
        retracted("gone", **told),
        recorded("off", occurred="2030"),
        cancelled("off", **told),
        recorded("fine", title="Fine"),
        view_defined("odd", title=text, description=text, filter={"q": ["a"]}),
    ]


@pytest.mark.parametrize("bad", [one for one in BAD.values() if one not in HALVES])
def test_what_is_in_the_log_already_takes_no_feed_down(
    client: FlaskClient, timeline: Timeline, bad: str
) -> None:
    """Put there below the schema: the log keeps what a former version took."""
    timeline._log.append(odd_events(bad))

    for address in ADDRESSES:
        response = client.get(address)
        assert response.status_code == 200, address
        assert bad not in response.get_data(as_text=True)
        if ".json" in address:
            told = json.loads(response.data)
            assert bad not in json.dumps(told, ensure_ascii=False)
            assert all(one["title"] for one in told["items"])
        else:
            etree.fromstring(response.data)
            read = feedparser.parse(response.data)
            assert not read.bozo
            assert all(one.title and one.id for one in read.entries)
    whole = json.loads(client.get("/feed.json").data)["items"]
    assert {one["id"].rpartition("/")[2]: one["title"] for one in whole}["odd"] == "ba"


@CHARACTERS
def test_it_may_be_asked_for(client: FlaskClient, bad: str) -> None:
    """In an address, where anybody may put it: a refusal, no crash."""
    query = quote(bad.encode("utf-8", "surrogatepass"))
    for address in (f"/feed.atom?q={query}", f"/feed.json?tag=a{query}"):
        assert client.get(address).status_code in (200, 400)


RAW = pytest.mark.parametrize(
    ("raw", "escaped"),
    [("moon=\xfc", "moon=%FC"), ("q=caf\xc3\xa9", "q=caf%C3%A9")],
    ids=["no UTF-8", "UTF-8"],
)
"""Bytes of an address as WSGI hands them on (PEP 3333), and as they should be."""


@RAW
@pytest.mark.parametrize("path", ["/", "/feed.atom", "/api/entries"])
def test_bytes_that_no_address_may_hold_are_read_as_if_they_were_escaped(
    app: Flask, path: str, raw: str, escaped: str
) -> None:
    """Granian refuses some of them, other servers hand all of them on."""
    answers = []
    for query in (raw, escaped):
        environ = create_environ(path)
        environ["QUERY_STRING"] = query
        body, status, _ = run_wsgi_app(app, environ, buffered=True)
        answers.append((status, b"".join(body)))

    assert answers[0] == answers[1]
    assert not answers[0][0].startswith("5")


@RAW
def test_a_browser_is_led_to_an_address_that_may_be_one(
    app: Flask, raw: str, escaped: str
) -> None:
    environ = create_environ("/feed.atom", headers={"Sec-Fetch-Dest": "document"})
    environ["QUERY_STRING"] = raw
    _, status, headers = run_wsgi_app(app, environ, buffered=True)

    assert status == "303 SEE OTHER"
    assert headers["Location"] == f"/subscribe?{escaped}"
