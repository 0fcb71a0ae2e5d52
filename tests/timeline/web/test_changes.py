"""Changes between two moments: their words, the page, the JSON and the feed.

After a wanted change of the golden files: ``UPDATE_GOLDEN=1 pytest tests/timeline/web/
test_changes.py``, and read the difference.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import etree, html

from events.model import NewEvent, RecordedEvent, Redacted
from tests.builders import (
    IDENTITY,
    NOON,
    FixedClock,
    cancelled,
    corrected,
    fulfilled,
    history,
    postponed,
    recorded,
    retracted,
    revised,
    view_defined,
    view_removed,
)
from timeline.config import Settings
from timeline.feeds import feed_id, render_atom
from timeline.projections import AsOf, Entry, entry_versions
from timeline.schemas import parse_append
from timeline.service import Timeline
from timeline.web.answers import PAGE_AGE_S
from timeline.web.pages import tally as tally_module
from timeline.web.pages.changes import (
    KINDS,
    Line,
    count_words,
    headline,
    kind_of,
    label_of,
    make_changes_feed,
    make_line,
)
from timeline.web.pages.languages import load_languages
from timeline.web.pages.tally import Tally
from timeline.web.syndication import archives

GOLDEN = Path(__file__).parents[2] / "golden" / "feeds"
LANGUAGES = load_languages("en")
NS = {"a": "http://www.w3.org/2005/Atom"}

PROMISE = recorded("glasses", title="Glasses", occurred="2025-36", awaited=True)
"""Awaited in Q4 2025, the last quarter of the year in which all is recorded."""

BEGIN = datetime(2025, 7, 1, 12, tzinfo=UTC)


def told(*events: NewEvent) -> list[tuple[RecordedEvent, Entry | None]]:
    """The events of one entry with what each led to, one a day."""
    recorded_events = history(*events, start=BEGIN, every=timedelta(days=1))
    versions = {one.version: one for one in entry_versions(recorded_events)}
    return [(one, versions.get(one.version)) for one in recorded_events]


def lines(*events: NewEvent, lang: str | None = None) -> list[Line]:
    return [
        make_line(event, entry, LANGUAGES.reader(lang))
        for event, entry in told(*events)
    ]


def last(*events: NewEvent, lang: str | None = None) -> str:
    """The last of the changes in one line."""
    return headline(lines(*events, lang=lang)[-1])


# -- words ---------------------------------------------------------------------------

CHANGES: dict[str, tuple[Sequence[NewEvent], str, str]] = {
    "added": (
        [recorded("fair", title="Fair", occurred="2025-07-26/2025-07-28")],
        "Added: Fair: 26–28 July 2025",
        "Aggiunto: Fair: 26–28 luglio 2025",
    ),
    "slipped": (
        [
            recorded("glasses", title="Glasses", occurred="2025-35", awaited=True),
            revised("glasses", occurred="2025-36"),
        ],
        "Slipped: Glasses: from Q3 to Q4 2025",
        "Slittato: Glasses: dal terzo al quarto trimestre 2025",
    ),
    "brought-forward": (
        [PROMISE, revised("glasses", occurred="2025-35")],
        "Brought forward: Glasses: from Q4 to Q3 2025",
        "Anticipato: Glasses: dal quarto al terzo trimestre 2025",
    ),
    "narrowed": (
        [PROMISE, revised("glasses", occurred="2025-11")],
        "Narrowed: Glasses: was Q4 2025, now November 2025",
        "Ristretto: Glasses: era quarto trimestre 2025, ora novembre 2025",
    ),
    "extended": (
        [
            recorded("licence", title="Licence", occurred="2025-05-20/2025-08-19"),
            revised("licence", occurred="2025-05-20/2025-11-18"),
        ],
        "Extended: Licence: from 19 August to 18 November 2025",
        "Prorogato: Licence: dal 19 agosto al 18 novembre 2025",
    ),
    "revised": (
        [PROMISE, revised("glasses", summary="Now in two colours.", category="x")],
        "Revised: Glasses: Summary and Category",
        "Aggiornato: Glasses: Testo e Categoria",
    ),
    "corrected": (
        [
            recorded("rule", title="Rule", occurred="2023-11-16"),
            corrected("rule", occurred="2023-11-17"),
        ],
        "Corrected: Rule: 17 November 2023, not 16 November 2023",
        "Rettificato: Rule: 17 novembre 2023, non 16 novembre 2023",
    ),
    "postponed": (
        [PROMISE, postponed("glasses", said="2025-07-01")],
        "Postponed: Glasses: without a date; was due Q4 2025",
        "Rinviato: Glasses: senza data; era previsto nel quarto trimestre 2025",
    ),
    "fulfilled": (
        [
            recorded(
                "glasses", title="Glasses", occurred="../2025-12-31", awaited=True
            ),
            fulfilled("glasses", occurred="2025-11-27"),
        ],
        "Fulfilled: Glasses: 27 November 2025, 34 days before the window closed",
        "Realizzato: Glasses: il 27 novembre 2025, 34 giorni prima del termine",
    ),
    "cancelled": (
        [
            recorded("rule", title="Rule", occurred="2025-08-01", awaited=True),
            cancelled("rule", said="2025-07-30"),
        ],
        "Cancelled: Rule: 30 July 2025, 2 days before it was due",
        "Annullato: Rule: il 30 luglio 2025, 2 giorni prima del termine",
    ),
    "retracted": (
        [recorded("rumour", title="Rumour", occurred="2025-03"), retracted("rumour")],
        "Retracted: Rumour: March 2025",
        "Ritirato: Rumour: marzo 2025",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_told_in_words(kind: str) -> None:
    events, english, italian = CHANGES[kind]

    assert lines(*events)[-1].kind == kind
    assert last(*events) == english
    assert last(*events, lang="it") == italian


@pytest.mark.parametrize(
    ("occurred", "words"),
    [
        ("2025-08-01", "1 August 2025, 61 days before the window opened"),
        ("2025-12-31", "31 December 2025, on the last day of the window"),
        ("2026-01-02", "2 January 2026, 2 days late"),
    ],
)
def test_a_promise_is_kept_early_in_time_or_late(occurred: str, words: str) -> None:
    change = last(PROMISE, fulfilled("glasses", occurred=occurred))

    assert change == f"Fulfilled: Glasses: {words}"


def test_dates_without_a_preposition_are_told_side_by_side() -> None:
    """Nothing slips "from by end of June to by end of December"."""
    promise = recorded("glasses", occurred="../2025-06-30", awaited=True)

    change = last(promise, revised("glasses", occurred="../2025-12-31"))

    assert change == "Slipped: Glasses: was by end of June 2025, now by end of 2025"


def test_a_redacted_event_says_that_it_was() -> None:
    """And nothing else: what other events say of the entry may change."""
    (event, _), *_ = told(PROMISE)
    erased = replace(event, author=None, event=Redacted(type="entry-recorded.1"))

    line = make_line(erased, None, LANGUAGES.reader(None))

    assert headline(line) == "Redacted: glasses: what this event said was erased"
    assert (line.path, line.author, line.before) == ("", "", None)


def test_an_entry_that_nothing_is_left_of_has_its_name_only() -> None:
    event, _ = told(PROMISE, postponed("glasses"))[-1]

    assert (
        headline(make_line(event, None, LANGUAGES.reader(None))) == "Postponed: glasses"
    )


def test_views_are_told_of_as_well() -> None:
    defined, again, removed = lines(
        view_defined("space", title="Space", filter={"category": ["space"]}),
        view_defined("space", title="Outer space"),
        view_removed("space", reason="Nobody looked."),
    )

    assert headline(defined) == "View defined: Space"
    assert defined.what == "Category: Space"
    assert headline(again) == "View changed: Outer space"
    assert headline(removed) == "View removed: space"
    assert removed.reason == "Nobody looked."


@pytest.mark.parametrize("lang", LANGUAGES.catalogues)
def test_every_kind_has_words_of_its_own(lang: str) -> None:
    """Moving earlier and being brought forward is one thing in Italian."""
    reader = LANGUAGES.reader(lang)

    assert len({label_of(kind, LANGUAGES.reader("en")) for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        one, two = count_words(kind, 1, reader), count_words(kind, 2, reader)
        assert one.startswith("1 ")
        assert (
            one.replace("1", "2") == two
            or lang != "en"
            or "window" in one
            or "view" in one
        )


def test_the_words_do_not_depend_on_what_came_later() -> None:
    """The story told up to an event has the same words for it."""
    events = [
        PROMISE,
        revised("glasses", occurred="2026-33"),
        corrected("glasses", occurred="2026-34", reason="Summer, not spring."),
        postponed("glasses"),
        fulfilled("glasses", occurred="2026-06-01"),
    ]
    whole = lines(*events)

    for length in range(1, len(events) + 1):
        assert lines(*events[:length])[-1].differences == whole[length - 1].differences
        assert headline(lines(*events[:length])[-1]) == headline(whole[length - 1])


# -- a service -----------------------------------------------------------------------


def append(timeline: Timeline, *events: dict[str, Any], author: str = "desk") -> None:
    timeline.append(parse_append(json.dumps(events).encode())[0], author=author)


def event(kind: str, entry: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "entry": entry, "data": data}


@pytest.fixture
def year(timeline: Timeline, clock: FixedClock) -> None:
    """Seven events in the course of a year, the windows' among them."""
    clock.move_to(datetime(2025, 1, 10, 9, tzinfo=UTC))
    append(
        timeline,
        event(
            "entry-recorded",
            "glasses",
            title="Glasses",
            occurred="2025-34",
            awaited=True,
            sources=[{"url": "https://news.example/1", "publisher": "The News"}],
            said="2025-01-09",
        ),
        event("entry-recorded", "fair", title="Fair", occurred="2025-05-02/2025-05-04"),
    )
    for month in (4, 5, 6, 7):
        clock.move_to(datetime(2025, month, 20, tzinfo=UTC))
        timeline.append_due(upto=clock.now)
    clock.move_to(datetime(2025, 9, 1, 9, tzinfo=UTC))
    append(
        timeline,
        event(
            "entry-revised", "glasses", changes={"occurred": "2025-36"}, reason="Late."
        ),
    )


@pytest.fixture
def story(timeline: Timeline) -> None:
    """The bundled story is in the log."""
    story = files("events") / "seed" / "story.json"
    timeline.append(parse_append(story.read_bytes())[0], author="seed")


YEAR = [
    "Added: Glasses: due Q2 2025",
    "Added: Fair: 2–4 May 2025",
    "Window opened: Glasses: due Q2 2025",
    "Begun: Fair: 2–4 May 2025",
    "Over: Fair: 2–4 May 2025",
    "Overdue: Glasses: was due Q2 2025; no outcome recorded",
    "Slipped: Glasses: from Q2 to Q4 2025",
]


def words(client: FlaskClient, address: str) -> list[str]:
    return [one["words"] for one in get(client, address)["changes"]]


def get(client: FlaskClient, address: str, status: int = 200) -> Any:
    response = client.get(address)
    assert response.status_code == status, response.text
    return response.get_json()


def page(client: FlaskClient, address: str, status: int = 200) -> Any:
    response = client.get(address)
    assert response.status_code == status
    return html.fromstring(response.text)


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


def shown(page: Any) -> list[str]:
    """The changes of a page: label and title."""
    return [
        f"{text(one.find('.//b'))}: {text(one.find('.//h3'))}"
        for one in page.findall(".//article")
    ]


# -- JSON ------------------------------------------------------------------------------


@pytest.mark.usefixtures("year")
def test_the_api_tells_all_changes_in_order(client: FlaskClient) -> None:
    assert words(client, "/api/changes") == YEAR


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ("after=3", [4, 5, 6, 7]),
        ("upto=3", [1, 2, 3]),
        ("after=2&upto=5", [3, 4, 5]),
        ("after=4&upto=4", []),
        ("after=7", []),
        ("after=2025-01-10", [3, 4, 5, 6, 7]),
        ("after=2025-01-09&upto=2025-01-10", [1, 2]),
        ("after=2025-01-10T08:59:59Z&upto=2025-01-10T09:00:00Z", [1, 2]),
        ("after=2&upto=2025-05-20", [3, 4, 5]),
        ("upto=2024-12-31", []),
        ("after=2025-09-01", []),
        ("after=2090-01-01", []),
    ],
)
def test_after_excludes_and_upto_includes(
    client: FlaskClient, query: str, positions: Sequence[int]
) -> None:
    """A day means its end."""
    changes = get(client, f"/api/changes?{query}")["changes"]

    assert [one["position"] for one in changes] == positions


@pytest.mark.usefixtures("year")
def test_a_change_in_json_has_all_there_is_to_know(client: FlaskClient) -> None:
    (change,) = get(client, "/api/changes?after=6")["changes"]

    assert change.pop("id")
    assert change == {
        "position": 7,
        "entry": "glasses",
        "version": 4,
        "type": "entry-revised",
        "recorded_at": "2025-09-01T09:00:00.000000Z",
        "kind": "slipped",
        "label": "Slipped",
        "title": "Glasses",
        "words": YEAR[6],
        "author": "desk",
        "before": {"occurred": "2025-34"},
        "after": {"occurred": "2025-36"},
        "reason": "Late.",
        "said": None,
        "sources": [],
        "url": "https://timeline.example/entries/glasses?as_of=7",
    }
    first = get(client, "/api/changes?upto=1&lang=it")["changes"][0]
    assert first["said"]["label"] == "9 gennaio 2025"
    assert first["sources"] == [
        {"url": "https://news.example/1", "publisher": "The News"}
    ]
    assert first["words"].startswith("Aggiunto: ")
    assert first[
        "url"
    ] == "https://timeline.example/entries/glasses?lang=it&as_of=1" or (
        first["url"] == "https://timeline.example/entries/glasses?as_of=1&lang=it"
    )


@pytest.mark.usefixtures("year")
def test_pages_of_json_lead_to_the_next(client: FlaskClient) -> None:
    """Also when the log has grown meanwhile: *upto* stays."""
    address, found = "/api/changes?limit=3&upto=2025-08-01&lang=it", []
    while address:
        answer = get(client, address)
        found.append([one["position"] for one in answer["changes"]])
        assert answer["position"] == 6
        link = client.get(address).headers.get("Link")
        address = answer["next"]
        assert link == (f'<{address}>; rel="next"' if address else None)

    assert found == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("after=8", "/after", "The log has come as far as position 7."),
        ("upto=8", "/upto", "The log has come as far as position 7."),
        ("after=5&upto=4", "/upto", "This lies before the first moment."),
        (
            "after=2025-09-02&upto=2025-09-01",
            "/upto",
            "This lies before the first moment.",
        ),
        ("after=6&upto=2025-02-01", "/upto", "This lies before the first moment."),
        (
            "as_of=3",
            "/as_of",
            "Changes lie between two moments: use after and upto.",
        ),
        (
            "known=2025",
            "/known",
            "Changes lie between two moments: use after and upto.",
        ),
        ("after=soon", "/after", "A position of the log, a day or an instant"),
        ("after=1&after=2", "/after", "This parameter stands once"),
        ("limit=201", "/limit", "A whole number is wanted, 1 to 200."),
        ("cursor=4", "/cursor", "There is no such parameter."),
        ("category=x", "/category", "There is no such parameter."),
    ],
)
def test_what_cannot_be_answered_is_refused(
    client: FlaskClient, query: str, pointer: str, detail: str
) -> None:
    problem = get(client, f"/api/changes?{query}", status=400)

    (error,) = problem["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].startswith(detail)


def test_an_empty_log_has_no_changes(client: FlaskClient) -> None:
    assert get(client, "/api/changes") == {"changes": [], "position": 0, "next": None}
    assert "Nothing has been recorded yet" in text(page(client, "/changes"))


# -- how long an answer keeps ----------------------------------------------------------


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize("path", ["/changes", "/api/changes"])
@pytest.mark.parametrize("query", ["after=2&upto=5", "upto=5"])
def test_what_lies_between_two_positions_keeps(
    client: FlaskClient, timeline: Timeline, path: str, query: str
) -> None:
    before = client.get(f"{path}?{query}")
    append(timeline, event("entry-retracted", "glasses", reason="A hoax."))
    after = client.get(f"{path}?{query}")

    assert before.headers["Cache-Control"] == "public, max-age=86400"
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.data == before.data
    again = client.get(
        f"{path}?{query}", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize(
    ("path", "freshness"),
    [("/changes", f"max-age={PAGE_AGE_S}"), ("/api/changes", "no-cache")],
)
@pytest.mark.parametrize(
    "query", ["", "after=2", "upto=2025-12-31", "after=2025-05-01&upto=7"]
)
def test_what_may_grow_is_asked_for_anew(
    client: FlaskClient, timeline: Timeline, path: str, freshness: str, query: str
) -> None:
    """Programs ask each time; a page of a cache may be some seconds old."""
    before = client.get(f"{path}?{query}")
    same = client.get(
        f"{path}?{query}", headers={"If-None-Match": before.headers["ETag"]}
    )
    append(timeline, event("entry-retracted", "glasses", reason="A hoax."))
    after = client.get(
        f"{path}?{query}", headers={"If-None-Match": before.headers["ETag"]}
    )

    assert before.headers["Cache-Control"] == f"public, {freshness}"
    assert (same.status_code, after.status_code) == (304, 200)


# -- the page --------------------------------------------------------------------------


@pytest.mark.usefixtures("year")
def test_the_page_has_the_latest_change_first_by_days(client: FlaskClient) -> None:
    changes = page(client, "/changes")

    assert shown(changes) == [
        "Slipped: Glasses",
        "Overdue: Glasses",
        "Over: Fair",
        "Begun: Fair",
        "Window opened: Glasses",
        "Added: Fair",
        "Added: Glasses",
    ]
    assert [text(one) for one in changes.findall(".//main//h2")] == [
        "1 September 2025",
        "20 July 2025",
        "20 May 2025",
        "20 April 2025",
        "10 January 2025",
    ]


@pytest.mark.usefixtures("year")
def test_a_line_says_why_by_whom_and_where_it_can_be_seen(client: FlaskClient) -> None:
    changes = page(client, "/changes")
    first, *_, added = changes.findall(".//article")

    assert text(first) == (
        "Slipped Glasses from Q2 to Q4 2025Why: Late."
        "recorded 09:00 UTC by desk · position 7 of the log"
    )
    assert [a.get("href") for a in first.findall(".//a")] == [
        "/entries/glasses?as_of=7",
        "/changes?after=6&upto=7",
    ]
    assert "The News" in text(added)
    assert "Made public 9 January 2025" in text(added)
    for link in ("/entries/glasses?as_of=7", "/changes?after=6&upto=7"):
        assert client.get(link).status_code == 200


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize(
    ("query", "summary"),
    [
        (
            "",
            (
                "Between the beginning and now: 2 added, 1 slipped, 1 window opened, "
                "1 begun, 1 over, 1 overdue."
            ),
        ),
        (
            "after=2",
            (
                "Between position 2 (10 January 2025) and now: 1 slipped, "
                "1 window opened, 1 begun, 1 over, 1 overdue. · All changes"
            ),
        ),
        (
            "after=2025-04-30&upto=2025-08-31",
            (
                "Between the end of 30 April 2025 and the end of 31 August 2025: "
                "1 begun, 1 over, 1 overdue. · All changes"
            ),
        ),
        (
            "upto=2025-01-10T09:00:00Z",
            (
                "Between the beginning and the instant 10 January 2025, 09:00 (UTC): "
                "2 added. · All changes"
            ),
        ),
        (
            "after=2&lang=it",
            (
                "Tra la posizione 2 (10 gennaio 2025) e adesso: 1 slittato, "
                "1 periodo aperto, 1 iniziato, 1 concluso, 1 scaduto. "
                "· Tutte le modifiche"
            ),
        ),
    ],
)
def test_the_page_sums_up_what_changed(
    client: FlaskClient, query: str, summary: str
) -> None:
    changes = page(client, f"/changes?{query}")

    assert text(changes.find(".//p[@class='sum']")).replace(" .", ".") == summary


@pytest.mark.usefixtures("year")
def test_pages_lead_from_the_latest_to_the_first_change_and_back(
    client: FlaskClient,
) -> None:
    """The summary stays that of the whole; no change is lost or told twice."""
    address, seen, way = "/changes?limit=3&upto=2025-08-01&lang=en", [], []
    while address:
        changes = page(client, address)
        way.append(address)
        seen.append([int(one.get("value")) for one in changes.findall(".//li[@value]")])
        assert "2 added" in text(changes.find(".//p[@class='sum']"))
        older = changes.find(".//a[@rel='next']")
        address = "" if older is None else older.get("href")

    assert seen == [[6, 5, 4], [3, 2, 1]]
    back = page(client, way[1]).find(".//a[@rel='prev']").get("href")
    assert shown(page(client, back)) == shown(page(client, way[0]))
    assert page(client, way[0]).find(".//a[@rel='prev']") is None


@pytest.mark.usefixtures("year")
def test_a_page_beyond_the_end_leads_back(client: FlaskClient) -> None:
    changes = page(client, "/changes?after=4&cursor=3")

    assert "Nothing further" in text(changes)
    assert (
        changes.find(".//section[@class='empty']//a").get("href") == "/changes?after=4"
    )


@pytest.mark.usefixtures("year")
def test_where_nothing_changed_the_page_says_what_to_do(client: FlaskClient) -> None:
    changes = page(client, "/changes?after=7")

    assert "Nothing changed between these moments" in text(changes)
    links = [a.get("href") for a in changes.findall(".//section[@class='empty']//a")]
    assert links == ["/changes.atom", "/changes"]


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("after=8", "Changes after: The log has come as far as position 7."),
        ("after=5&upto=4", "up to: This lies before the first moment."),
        ("known=2025", "known: Changes lie between two moments: use after and upto."),
        ("after=8&lang=it", "Modifiche dopo: Il registro arriva alla posizione 7."),
        ("lang=!", "lang: "),
    ],
)
def test_a_form_that_was_not_understood_comes_back(
    client: FlaskClient, query: str, error: str
) -> None:
    changes = page(client, f"/changes?{query}", status=400)

    assert text(changes.find(".//p[@class='error']")).startswith(error)
    typed = re.search(r"after=(\w+)", query)
    field = changes.find(".//input[@name='after']")
    assert field.get("value") == (typed[1] if typed else "")
    assert shown(changes) == []


@pytest.mark.usefixtures("year")
def test_the_form_keeps_what_was_asked_for(client: FlaskClient) -> None:
    """A day as the day, not as its last microsecond."""
    changes = page(
        client, "/changes?after=2025-04-30&upto=2025-08-01T10:00:00%2B02:00&lang=it"
    )

    values = {
        one.get("name"): one.get("value") for one in changes.findall(".//form//input")
    }
    assert values["after"] == "2025-04-30"
    assert values["upto"] == "2025-08-01T10:00:00+02:00"
    assert values["lang"] == "it"


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize(
    "address", ["/", "/entries/glasses", "/entries/nope", "/?as_of=2"]
)
def test_every_page_leads_to_the_changes_and_their_feed(
    client: FlaskClient, address: str
) -> None:
    tree: Any = html.fromstring(client.get(address).text)

    assert tree.xpath("//nav//a[@href='/changes']")
    assert tree.xpath("//footer//a[@href='/changes']")
    (feed,) = tree.xpath("//link[@rel='alternate'][@href='/changes.atom']")
    assert feed.get("type") == "application/atom+xml"
    assert feed.get("title") == "Changes: Timeline (Atom)"


@pytest.mark.usefixtures("story")
def test_the_story_reads_as_a_person_would_tell_it(
    client: FlaskClient, timeline: Timeline
) -> None:
    told = words(client, "/api/changes?limit=200")

    assert len(told) == timeline.head()
    assert (
        "Extended: A temporary licence softens the listing of Huawei: "
        "from 15 May to 13 August 2020" in told
    )
    assert (
        "Cancelled: Companies are due to comply with the AI Diffusion Rule: "
        "13 May 2025, 2 days before it was due" in told
    )
    assert (
        "Fulfilled: The Quark AI Glasses go on sale in China: "
        "27 November 2025, 34 days before the window closed" in told
    )
    assert (
        "Corrected: The 2023 chip rule takes effect: "
        "17 November 2023, not 16 November 2023" in told
    )
    italian = words(client, "/api/changes?limit=200&lang=it")
    assert not [one for one in italian if one.split(":")[0] in {"Added", "Corrected"}]


# -- counting --------------------------------------------------------------------------


@pytest.mark.usefixtures("story")
def test_any_stretch_is_counted_from_blocks(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever blocks were looked at before, and however far the log had come."""
    monkeypatch.setattr(tally_module, "BLOCK", 7)
    head = timeline.head()
    with timeline.snapshot() as snapshot:
        kinds = [
            kind_of(*one) for one in timeline.changes(snapshot, after=0, upto=head)
        ]
    tally = Tally(timeline)

    for after, upto in [(0, 5), (3, 20), (0, head), (13, 14), (14, head), (50, head)]:
        for moment in (AsOf(upto), None):
            with timeline.snapshot(moment) as snapshot:
                counted = tally.count(snapshot, after=after, upto=upto)
            expected = kinds[after:upto]
            assert dict(counted) == {kind: expected.count(kind) for kind in expected}


@pytest.mark.usefixtures("story")
def test_of_too_many_changes_the_number_is_told(
    client: FlaskClient, timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally_module, "CAP", 50)

    summary = text(page(client, "/changes").find(".//p[@class='sum']"))

    assert summary == f"Between the beginning and now: {timeline.head()} changes."


# -- the feed --------------------------------------------------------------------------


def items(client: FlaskClient, address: str = "/changes.atom") -> list[bytes]:
    """Each item of the feed as its bytes."""
    return re.findall(rb"  <entry>.*?</entry>\n", client.get(address).data, re.DOTALL)


@pytest.mark.usefixtures("year")
def test_the_feed_has_an_item_for_each_event(client: FlaskClient) -> None:
    response = client.get("/changes.atom")
    read = feedparser.parse(response.data)

    assert not read.bozo
    assert response.content_type == "application/atom+xml; charset=utf-8"
    assert [one.title for one in read.entries] == YEAR[::-1]
    first = read.entries[0]
    assert re.fullmatch(r"tag:timeline\.example,[\d-]+:[\da-f-]+/changes/7", first.id)
    assert first.published == first.updated == "2025-09-01T09:00:00+00:00"
    assert read.feed.updated == first.updated
    assert first.author == "desk"
    assert [(tag.term, tag.label) for tag in first.tags] == [("slipped", "Slipped")]
    assert first.link == "https://timeline.example/entries/glasses?as_of=7"
    assert "Late." in first.content[0].value
    assert read.entries[-1].links[-1].rel == "via"


@pytest.mark.usefixtures("year")
@pytest.mark.parametrize("address", ["/changes.atom", "/changes.atom?lang=it"])
def test_an_item_never_changes(
    client: FlaskClient, timeline: Timeline, clock: FixedClock, address: str
) -> None:
    """Whatever is said of the same entry later."""
    before = items(client, address)
    clock.move(days=30)
    append(
        timeline,
        event(
            "entry-corrected",
            "glasses",
            changes={"title": "Spectacles", "occurred": "2025-33"},
            corrects=1,
            reason="Mistaken.",
        ),
        event("entry-cancelled", "glasses", reason="No money."),
        event("entry-retracted", "fair", reason="There was none."),
    )

    after = items(client, address)

    assert len(after) == len(before) + 3
    assert after[3:] == before


@pytest.mark.usefixtures("year")
def test_the_feed_is_asked_for_by_its_validator(
    client: FlaskClient, timeline: Timeline
) -> None:
    first = client.get("/changes.atom")
    tag = {"If-None-Match": first.headers["ETag"]}

    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert (
        first.headers["Link"] == '<https://timeline.example/changes.atom>; rel="self"'
    )
    assert client.get("/changes.atom", headers=tag).status_code == 304
    append(timeline, event("entry-retracted", "fair", reason="There was none."))
    assert client.get("/changes.atom", headers=tag).status_code == 200


@pytest.mark.usefixtures("year")
def test_the_feed_does_not_take_two_moments_for_one(client: FlaskClient) -> None:
    assert client.get("/changes.atom?as_of=3").status_code == 400


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, base_url="https://timeline.example", feed_size=3)


class TestSmallFeeds:
    """A service whose feeds have three items."""

    @pytest.fixture
    def settings(self, small: Settings) -> Settings:
        return small

    @pytest.mark.usefixtures("year")
    def test_the_feed_has_the_newest_events(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The others are in archives."""
        monkeypatch.setattr(archives, "ARCHIVE_EVENTS", 7)
        read = feedparser.parse(client.get("/changes.atom").data)

        assert [one.title for one in read.entries] == YEAR[:3:-1]


def feed_bytes(lang: str | None = None) -> bytes:
    """One of each kind of change, and a redacted event."""
    reader = LANGUAGES.reader(lang)
    stories = [
        *(events for events, _, _ in CHANGES.values()),
        [view_defined("space", title="Space", description="Up there.")],
        [
            recorded(
                "fair",
                title="Una fiera a Sciangai",
                occurred="2025-07-26/2025-07-28",
                lang="it",
                summary="Tre giorni, *ottocento* espositori.",
                sources=[{"url": "https://paper.example/?a=1&b=2", "title": "A & B"}],
                said="2025-07-20",
                translations={"en": {"title": "A fair in Shanghai"}},
            ),
            corrected("fair", summary="Tre giorni & più.", reason="It had <more>."),
        ],
    ]
    told_all = [one for events in stories for one in told(*events)]
    erased = replace(
        told_all[0][0], author=None, event=Redacted(type="entry-recorded.1")
    )
    told_all.append((erased, None))
    placed = [
        (
            replace(event, position=number, recorded_at=NOON + timedelta(hours=number)),
            entry,
        )
        for number, (event, entry) in enumerate(told_all, start=1)
    ]
    return render_atom(
        make_changes_feed(
            [make_line(event, entry, reader) for event, entry in reversed(placed)],
            reader,
            identity=IDENTITY,
            id=feed_id(IDENTITY, "changes", reader.kept),
            title="Changes: Chips & glasses",
            author="Chips & glasses",
            self_url=f"https://timeline.example{reader.href('/changes.atom')}",
            page_url=f"https://timeline.example{reader.href('/changes')}",
            url_of=lambda path: f"https://timeline.example{path}",
            since=NOON,
        )
    )


@pytest.mark.parametrize(
    ("name", "lang"), [("changes.atom", None), ("changes.it.atom", "it")]
)
def test_the_feed_is_byte_for_byte_the_golden_file(name: str, lang: str | None) -> None:
    golden = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(feed_bytes(lang))
    assert feed_bytes(lang).decode() == golden.read_text(encoding="utf-8")


def test_the_feed_holds_to_rfc_4287() -> None:
    feed = etree.fromstring(feed_bytes())
    entries = feed.findall("a:entry", NS)

    ids = [one.findtext("a:id", namespaces=NS) for one in entries]
    assert len(set(ids)) == len(ids) == 25
    for entry in entries:
        links = [link.get("rel") for link in entry.findall("a:link", NS)]
        assert links.count("alternate") == 1
        assert set(links) <= {"alternate", "via"}
        assert entry.findtext("a:title", namespaces=NS)
        assert entry.findtext("a:updated", namespaces=NS) == entry.findtext(
            "a:published", namespaces=NS
        )
