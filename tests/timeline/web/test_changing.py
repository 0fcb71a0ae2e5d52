"""What may be done to an entry, through the endpoint: allowed where it makes sense."""

from typing import Any, TypeAlias

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import FixedClock
from timeline.service import Timeline

Event: TypeAlias = dict[str, Any]


def event(kind: str, **data: Any) -> Event:
    return {"type": f"entry-{kind}", "entry": "glasses", "data": data}


def recorded(**data: Any) -> Event:
    return event("recorded", **{"title": "Glasses", "occurred": "2027-05", **data})


PROMISE = recorded(awaited=True)
HAPPENED = recorded(occurred="2025-11-27")
KEPT = [PROMISE, event("fulfilled", occurred="2026-11-20")]
CANCELLED = [PROMISE, event("cancelled", reason="No money.")]
POSTPONED = [PROMISE, event("postponed")]
RETRACTED = [PROMISE, event("retracted", reason="A rumour.")]
OVERDUE = [recorded(awaited=True, occurred="../2025-12-31")]


class Desk:
    """Somebody with a token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def post(self, event: Event) -> TestResponse:
        return self._client.post("/api/events", json=event, headers=self._headers)

    def state(self) -> str:
        told = self._client.get("/api/entries/glasses").get_json()
        return str(told["state"])


@pytest.fixture
def desk(client: FlaskClient, token: str) -> Desk:
    return Desk(client, token)


def corrected(**changes: Any) -> Event:
    return event("corrected", changes=changes, reason="It was wrong.")


def correcting(version: int, **changes: Any) -> Event:
    one = corrected(**changes)
    one["data"]["corrects"] = version
    return one


@pytest.mark.parametrize(
    ("before", "wanted", "status", "pointer", "advice"),
    [
        # Nothing of the sort is awaited.
        ([HAPPENED], event("fulfilled", occurred="2025"), 409, "/type", "awaited"),
        (KEPT, event("fulfilled", occurred="2025"), 409, "/type", "entry-corrected"),
        (
            CANCELLED,
            event("fulfilled", occurred="2025"),
            409,
            "/type",
            "with entry-revised",
        ),
        # It has not happened yet, wherever on Earth.
        (
            [PROMISE],
            event("fulfilled", occurred="2026-11-25"),
            422,
            "/data/occurred",
            "entry-revised",
        ),
        (
            KEPT,
            corrected(occurred="2026-12-24"),
            422,
            "/data/changes/occurred",
            "still to come",
        ),
        # It is over.
        ([HAPPENED], event("postponed"), 409, "/type", "happened"),
        ([HAPPENED], event("cancelled"), 409, "/type", "happened"),
        (KEPT, event("postponed"), 409, "/type", "happened"),
        (KEPT, event("cancelled"), 409, "/type", "happened"),
        (CANCELLED, event("cancelled"), 409, "/type", "entry-revised"),
        (CANCELLED, event("postponed"), 409, "/type", "entry-revised"),
        (
            KEPT,
            event("revised", changes={"occurred": "2027"}),
            409,
            "/data/changes/occurred",
            "entry-corrected",
        ),
        # It is so already, or has begun.
        (POSTPONED, event("postponed"), 409, "/type", "entry-revised"),
        (
            [recorded(occurred="2026-11-20/2026-11-30")],
            event("postponed"),
            409,
            "/type",
            "begun",
        ),
        # A promise does not end by not being called one.
        (
            [PROMISE],
            event("revised", changes={"awaited": False}),
            409,
            "/data/changes/awaited",
            "entry-cancelled",
        ),
        (
            OVERDUE,
            event("revised", changes={"awaited": None}),
            409,
            "/data/changes/awaited",
            "entry-cancelled",
        ),
        # It should never have been listed.
        *(
            (RETRACTED, wanted, 409, "/type", "only be corrected")
            for wanted in (
                event("revised", changes={"title": "x"}),
                event("postponed"),
                event("cancelled"),
                event("fulfilled", occurred="2025"),
                event("retracted", reason="Again."),
            )
        ),
        # There is nothing there to be corrected.
        ([PROMISE], correcting(2, title="x"), 422, "/data/corrects", "can: 1."),
        ([PROMISE], correcting(0, title="x"), 422, "/data/corrects", ""),
        (CANCELLED, correcting(2, title="x"), 422, "/data/corrects", "not title"),
        (POSTPONED, correcting(2, occurred="2028"), 422, "/data/corrects", "sources"),
        (RETRACTED, correcting(2, title="x"), 422, "/data/corrects", "sets no fields"),
        # It would lead nowhere.
        (
            [],
            recorded(links=[{"rel": "amends", "entry": "glasses"}]),
            422,
            "/data/links/0/entry",
            "itself",
        ),
        (
            [PROMISE],
            corrected(
                links=[
                    {"rel": "follows", "entry": "fair"},
                    {"rel": "amends", "entry": "glasses"},
                ]
            ),
            422,
            "/data/changes/links/1/entry",
            "itself",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    desk: Desk,
    timeline: Timeline,
    before: list[Event],
    wanted: Event,
    status: int,
    pointer: str,
    advice: str,
) -> None:
    """And with what to do instead; the log stays as it was."""
    for one in before:
        assert desk.post(one).status_code == 201
    head = timeline.head()

    refusal = desk.post(wanted)

    assert refusal.status_code == status, refusal.text
    (error,) = refusal.get_json()["errors"]
    assert error["pointer"] == pointer
    assert advice in error["detail"]
    assert timeline.head() == head


@pytest.mark.parametrize(
    ("before", "wanted", "state"),
    [
        (OVERDUE, event("fulfilled", occurred="2025-11-27"), "happened"),
        (POSTPONED, event("fulfilled", occurred="2026-11-20"), "happened"),
        # It is that day already where the Sun rises first.
        ([PROMISE], event("fulfilled", occurred="2026-11-24"), "happened"),
        (POSTPONED, event("cancelled"), "cancelled"),
        (POSTPONED, event("revised", changes={"occurred": "2028"}), "upcoming"),
        (CANCELLED, event("revised", changes={"occurred": "2028"}), "upcoming"),
        (OVERDUE, event("revised", changes={"occurred": "../2027"}), "open"),
        (OVERDUE, event("postponed"), "postponed"),
        ([recorded()], event("postponed"), "postponed"),
        ([recorded(occurred="2026-11-20/2026-11-30")], event("cancelled"), "cancelled"),
        (KEPT, corrected(occurred="2026-11-19"), "happened"),
        (KEPT, event("revised", changes={"title": "Better glasses"}), "happened"),
        (OVERDUE, corrected(awaited=False), "happened"),
        ([HAPPENED], event("retracted", reason="A hoax."), "retracted"),
        (KEPT, event("retracted", reason="A hoax."), "retracted"),
        (RETRACTED, corrected(title="Something"), "retracted"),
        # Its source said so on another day; a correction was wrong itself.
        (CANCELLED, correcting(2, said="2026-11-01"), "cancelled"),
        ([HAPPENED, corrected(title="x")], correcting(2, title="y"), "happened"),
        # It may be recorded later.
        (
            [HAPPENED],
            corrected(links=[{"rel": "follows", "entry": "not-there"}] * 2),
            "happened",
        ),
    ],
)
def test_what_makes_sense_is_let_through(
    desk: Desk, before: list[Event], wanted: Event, state: str
) -> None:
    for one in before:
        assert desk.post(one).status_code == 201

    answer = desk.post(wanted)

    assert answer.status_code == 201, answer.text
    assert desk.state() == state


def test_what_the_clock_said_is_not_corrected(
    desk: Desk, timeline: Timeline, clock: FixedClock
) -> None:
    """A window is corrected where it was set."""
    desk.post(recorded(awaited=True, occurred="../2026-12-31"))
    clock.move(days=60)
    assert timeline.append_due(upto=clock()) == 1
    assert desk.state() == "overdue"

    refusal = desk.post(correcting(2, occurred="../2027-12-31"))

    assert refusal.status_code == 422
    assert refusal.get_json()["errors"][0]["pointer"] == "/data/corrects"
    assert desk.post(correcting(1, occurred="../2027-12-31")).status_code == 201
    assert desk.state() == "open"
