"""Calendars as bytes: on which days entries stand, and what a calendar makes of them.

After a wanted change of the golden files: ``UPDATE_GOLDEN=1 pytest tests/timeline/
test_calendar.py``, and read the difference.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from events import dates
from events.dates import DAY_S, OPEN
from events.model import NewEvent, RecordedEvent
from tests.builders import (
    IDENTITY,
    NOON,
    cancelled,
    corrected,
    fulfilled,
    history,
    postponed,
    recorded,
    retracted,
    revised,
    window_closed,
    window_opened,
)
from timeline.feeds import made_on
from timeline.feeds.calendar import COLOURS, MOST_ENTRIES, render_calendar
from timeline.projections import Entry, State, entry_versions, fold

Shown: TypeAlias = Any
"""An event as icalendar reads it, whose values may be of any of its types."""

GOLDEN = Path(__file__).parents[1] / "golden" / "calendar"


def entry_of(*events: NewEvent, begin: datetime = NOON) -> Entry:
    entry = fold(history(*events, start=begin))
    assert entry is not None
    return entry


def calendar_of(
    *entries: Entry,
    lang: str = "en",
    origin: str = "https://timeline.example",
    title: str = "Chips & glasses",
    subtitle: str = "",
    capped: bool = False,
) -> bytes:
    return render_calendar(
        entries,
        identity=IDENTITY,
        title=title,
        subtitle=subtitle,
        self_url=f"{origin}/calendar.ics",
        page_url=f"{origin}/",
        entry_url=lambda entry: f"{origin}/entries/{entry}",
        lang=lang,
        site_lang="en",
        since=made_on(IDENTITY),
        pairs={"product": 2, "conference": 5},
        capped=capped,
    )


def events_of(made: bytes) -> list[Shown]:
    return list(Calendar.from_ical(made).events)


def event_of(*events: NewEvent, lang: str = "en") -> Shown:
    """What a calendar shows of the entry itself."""
    (first, *_) = events_of(calendar_of(entry_of(*events), lang=lang))
    return first


def last_day_of(*events: NewEvent, lang: str = "en") -> Shown | None:
    """What a calendar shows of the end of a window; None if nothing."""
    (_, *others) = events_of(calendar_of(entry_of(*events), lang=lang))
    return others[0] if others else None


def days_of(event: Shown) -> tuple[Any, Any]:
    """First day or instant, and the one behind it as it is written."""
    return event.decoded("DTSTART"), event.decoded("DTEND", None)


def story() -> list[Entry]:
    """One of each kind, as the golden files have them."""
    maker = {"url": "https://maker.example/glasses?a=1,2&b=2", "title": "Glasses; more"}
    paper = {
        "url": "https://paper.example/glasses",
        "publisher": "The Paper",
        "published": "2025-07-28",
    }
    return [
        entry_of(
            recorded(
                "glasses-release",
                title="The glasses go on sale, at last",
                occurred="../2025-12-31",
                awaited=True,
                said="2025-07-26",
                summary="Promised **at the fair**, see [the maker](https://m.example).",
                category="product",
                tags=["glasses", "fair, big"],
                sources=[maker],
            ),
            fulfilled(
                "glasses-release",
                occurred="2025-11-27",
                said="2025-11-27",
                sources=[paper],
            ),
        ),
        entry_of(
            recorded(
                "glasses-overseas",
                title="The glasses reach other countries",
                occurred="2027-06",
                awaited=True,
                said="2026-01-05",
                category="product",
                sources=[paper],
                translations={"it": {"title": "Gli occhiali arrivano all’estero"}},
            ),
            revised("glasses-overseas", occurred="2027-09", said="2026-11-01"),
            begin=NOON + timedelta(days=1),
        ),
        entry_of(
            recorded(
                "fair",
                title="Una fiera a Sciangai",
                occurred="2025-07-25/2025-07-28",
                summary="Tre giorni, *ottocento* espositori.",
                category="conference",
                lang="it",
                sources=[paper],
                translations={"en": {"title": "A fair in Shanghai"}},
            ),
            corrected(
                "fair",
                occurred="2025-07-26/2025-07-28",
                reason="It opened on 26 July <sic>.",
            ),
            begin=NOON + timedelta(days=2),
        ),
        entry_of(
            recorded("rule", title="新规则生效", occurred="2025-10-01/..", lang="zh"),
            begin=NOON + timedelta(days=3),
        ),
        entry_of(
            recorded("sequel", title="A sequel", occurred="2027", awaited=True),
            cancelled("sequel", said="2026-11-01", reason="No money."),
            begin=NOON + timedelta(days=4),
        ),
        entry_of(
            recorded("rumour", title="A rumour", occurred="2026-03", sources=[maker]),
            retracted("rumour", reason="The only source took it back."),
            begin=NOON + timedelta(days=5),
        ),
        entry_of(
            recorded("launch", title="A launch", occurred="2019-05-16T16:15:00-04:00"),
            begin=NOON + timedelta(days=6),
        ),
        entry_of(
            recorded("update", title="An update", occurred="2026-12", awaited=True),
            postponed("update", said="2026-11-20"),
            begin=NOON + timedelta(days=7),
        ),
        entry_of(
            recorded("caesar", title="Caesar is killed", occurred="-0043-03-15"),
            begin=NOON + timedelta(days=8),
        ),
    ]


# -- golden files --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("story.ics", calendar_of(*story(), capped=True, subtitle="What was promised")),
        ("story.it.ics", calendar_of(*story(), lang="it", capped=True)),
        ("empty.ics", calendar_of()),
    ],
)
def test_a_calendar_is_byte_for_byte_the_golden_file(name: str, made: bytes) -> None:
    golden = GOLDEN / name
    if "UPDATE_GOLDEN" in os.environ:
        golden.write_bytes(made)
    assert made.decode() == golden.read_bytes().decode()


def test_a_calendar_is_the_same_in_every_process() -> None:
    """Also with other hash seeds and time zones, and in any order of the entries."""
    script = (
        "import sys; from tests.timeline.test_calendar import calendar_of, story;"
        "sys.stdout.buffer.write(calendar_of(*reversed(story())))"
    )
    for seed, zone in (("1", "Asia/Shanghai"), ("2", "America/New_York")):
        made = subprocess.run(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        assert made == calendar_of(*story())


# -- on which days -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("occurred", "first", "behind"),
    [
        ("2025-07-26", date(2025, 7, 26), date(2025, 7, 27)),
        ("2025-07-26/2025-07-28", date(2025, 7, 26), date(2025, 7, 29)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2025-36", date(2025, 10, 1), date(2026, 1, 1)),
        ("2025", date(2025, 1, 1), date(2026, 1, 1)),
        ("[2025-07-26,2025-07-27]", date(2025, 7, 26), date(2025, 7, 28)),
        ("2025-10-01/..", date(2025, 10, 1), date(2025, 10, 2)),
        ("/2024-12-31", date(2024, 12, 31), date(2025, 1, 1)),
        ("0001-01-01", date(1, 1, 1), date(1, 1, 2)),
        ("9999-12-30", date(9999, 12, 30), date(9999, 12, 31)),
        ("2019-05-16T16:15:00-04:00", datetime(2019, 5, 16, 20, 15, tzinfo=UTC), None),
        (
            "2019-05-16T09:00:00Z/2019-05-16T10:30:00Z",
            datetime(2019, 5, 16, 9, tzinfo=UTC),
            datetime(2019, 5, 16, 10, 30, tzinfo=UTC),
        ),
        ("2019-05-16T09:00:00Z/2019-05-17", date(2019, 5, 16), date(2019, 5, 18)),
    ],
)
def test_an_entry_stands_on_all_days_on_which_it_may_be(
    occurred: str, first: date, behind: date | None
) -> None:
    """What has an open end stands on the day that is known."""
    assert days_of(event_of(recorded(occurred=occurred))) == (first, behind)


def test_a_promise_stands_from_the_day_it_was_made() -> None:
    event = event_of(
        recorded(occurred="../2025-12-31", awaited=True, said="2025-07-26")
    )

    assert days_of(event) == (date(2025, 7, 26), date(2026, 1, 1))


@pytest.mark.parametrize(
    "occurred", ["-0043-03-15", "0000", "9999-12-31", "Y12345", "-0500/2025"]
)
def test_what_no_calendar_can_hold_is_left_out_and_counted(occurred: str) -> None:
    far = entry_of(recorded("far", occurred=occurred))
    near = entry_of(recorded("near", occurred="2025"))

    made = calendar_of(far, near)

    assert [str(one["SUMMARY"]) for one in events_of(made)] == ["Near (2025)"]
    told = "1 entry is left out: no calendar can hold its date."
    assert Calendar.from_ical(made)["X-WR-CALDESC"] == told


# -- how sure that is ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "status", "summary"),
    [
        ([recorded(occurred="2025-07-26")], "CONFIRMED", "Moon landing"),
        ([recorded(occurred="2025-07-26/2025-07-28")], "CONFIRMED", "Moon landing"),
        ([recorded(occurred="2025-07")], "TENTATIVE", "Moon landing (July 2025)"),
        (
            [recorded(occurred="2025-07-26?")],
            "TENTATIVE",
            "Moon landing (26 July 2025 (uncertain))",
        ),
        (
            [recorded(occurred="2025-10-01/..")],
            "CONFIRMED",
            "Moon landing (since 1 October 2025)",
        ),
        (
            [recorded(occurred="../2027-12-31", awaited=True)],
            "TENTATIVE",
            "Moon landing (window: by end of 2027)",
        ),
        (
            [recorded(occurred="2027-03-01", awaited=True)],
            "TENTATIVE",
            "Moon landing (expected)",
        ),
        (
            [recorded(occurred="2025", awaited=True)],
            "TENTATIVE",
            "Moon landing (overdue, window: 2025)",
        ),
        (
            [recorded(occurred="2025", awaited=True), fulfilled(occurred="2025-11-27")],
            "CONFIRMED",
            "Moon landing",
        ),
        (
            [recorded(occurred="2027", awaited=True), postponed()],
            "CANCELLED",
            "Postponed: Moon landing",
        ),
        (
            [recorded(occurred="2027", awaited=True), cancelled()],
            "CANCELLED",
            "Cancelled: Moon landing",
        ),
        ([recorded(), retracted()], "CANCELLED", "Retracted: Moon landing"),
    ],
)
def test_what_is_not_sure_is_tentative_and_what_was_called_off_stays(
    events: list[NewEvent], status: str, summary: str
) -> None:
    """And none of it is anybody's busy time."""
    event = event_of(*events)

    assert event["STATUS"] == status
    assert event["SUMMARY"] == summary
    assert event["TRANSP"] == "TRANSPARENT"


def test_a_postponed_promise_is_back_once_it_has_a_date() -> None:
    told = [recorded(occurred="2026-12", awaited=True), postponed()]
    off = event_of(*told)

    back = event_of(*told, revised(occurred="2027-03"))

    assert (off["STATUS"], back["STATUS"]) == ("CANCELLED", "TENTATIVE")
    assert off["UID"] == back["UID"]
    assert off["SEQUENCE"] < back["SEQUENCE"]
    assert days_of(back) == (date(2027, 3, 1), date(2027, 4, 1))


# -- the last day of a window --------------------------------------------------------

PROMISE = recorded(occurred="../2027-12-31", awaited=True, said="2026-07-26")


def test_the_last_day_of_a_window_is_an_event_of_its_own() -> None:
    event, last = event_of(PROMISE), last_day_of(PROMISE)

    assert last is not None
    assert last["SUMMARY"] == "Last day: Moon landing"
    assert days_of(last) == (date(2027, 12, 31), date(2028, 1, 1))
    assert last["STATUS"] == "CONFIRMED"
    assert last["UID"] != event["UID"]


@pytest.mark.parametrize(
    ("ending", "summary"),
    [
        (fulfilled(occurred="2026-11-01"), "Last day: Moon landing (fulfilled)"),
        (fulfilled(occurred="2026-11"), "Last day: Moon landing (fulfilled)"),
        (postponed(), "Last day: Moon landing (postponed)"),
        (cancelled(), "Last day: Moon landing (cancelled)"),
        (retracted(), "Last day: Moon landing (retracted)"),
        (
            revised(occurred="2027-03-01"),
            "Last day: Moon landing (due 1 March 2027)",
        ),
        (
            revised(occurred="2027-03-01/.."),
            "Last day: Moon landing (due from 1 March 2027)",
        ),
    ],
)
def test_a_last_day_that_no_longer_counts_is_cancelled_where_it_was(
    ending: NewEvent, summary: str
) -> None:
    before, after = last_day_of(PROMISE), last_day_of(PROMISE, ending)

    assert before is not None
    assert after is not None
    assert after["STATUS"] == "CANCELLED"
    assert after["SUMMARY"] == summary
    assert after["UID"] == before["UID"]
    assert days_of(after) == days_of(before)
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_last_day_moves_with_its_window() -> None:
    moved = last_day_of(PROMISE, revised(occurred="../2028-06"))

    assert moved is not None
    assert days_of(moved) == (date(2028, 6, 30), date(2028, 7, 1))
    assert moved["STATUS"] == "CONFIRMED"


def test_an_overdue_promise_keeps_its_last_day() -> None:
    last = last_day_of(recorded(occurred="2025", awaited=True))

    assert last is not None
    assert (last["STATUS"], last["SUMMARY"]) == (
        "CONFIRMED",
        "Last day: Moon landing (overdue)",
    )


@pytest.mark.parametrize(
    "promise",
    [
        recorded(occurred="2027"),
        recorded(occurred="2027-03-01", awaited=True),
        recorded(occurred="2027-03-01/..", awaited=True),
        recorded(occurred="2027~", awaited=True),
    ],
)
def test_without_a_last_day_that_somebody_promised_there_is_no_such_event(
    promise: NewEvent,
) -> None:
    assert last_day_of(promise) is None


# -- what is told --------------------------------------------------------------------


def test_an_event_says_when_how_it_stands_and_who_says_so() -> None:
    event = event_of(
        recorded(
            occurred="2025-06",
            awaited=True,
            summary="Two *people* walk on it; see\n[the plan](https://n.example/a_b).",
            sources=[{"url": "https://n.example/", "title": "Plan", "publisher": "N"}],
        ),
        revised(occurred="2025-12", said="2025-06-20", reason="Too hot."),
        cancelled(said="2025-11-01", reason="No money."),
    )

    assert str(event["DESCRIPTION"]).split("\n\n") == [
        "December 2025 (cancelled 1 November 2025, 30 days before the window opened)",
        "No money.",
        "Slipped from June to December 2025 on 20 June 2025. Too hot.",
        "Two people walk on it; see the plan (https://n.example/a_b).",
        "Sources:\nPlan, N: https://n.example/",
    ]


def test_a_calendar_speaks_the_language_asked_for() -> None:
    told = recorded(
        occurred="../2027-12-31",
        awaited=True,
        translations={"it": {"title": "Si va sulla Luna"}},
    )

    event, last = event_of(told, lang="it"), last_day_of(told, lang="it")

    assert last is not None
    assert event["SUMMARY"] == (
        "Si va sulla Luna (periodo previsto: entro la fine del 2027)"
    )
    assert last["SUMMARY"] == "Ultimo giorno: Si va sulla Luna"
    assert "LANGUAGE" not in event["SUMMARY"].params


def test_a_title_that_was_not_translated_says_its_language() -> None:
    event = event_of(recorded(title="Mondlandung", lang="de"))

    assert event["SUMMARY"].params["LANGUAGE"] == "de"


def test_an_event_has_the_colour_of_its_category() -> None:
    event = event_of(recorded(category="conference", tags=["fair, big"]))

    assert event["COLOR"] == COLOURS[5]
    assert list(event["CATEGORIES"]) == ["conference", "fair, big"]


def test_dates_of_events_are_those_of_the_log() -> None:
    """And never the time of the request."""
    event = event_of(recorded(), revised(occurred="1969-07-21"))

    assert event.decoded("CREATED") == NOON
    changed = NOON + timedelta(hours=1)
    assert event.decoded("DTSTAMP") == event.decoded("LAST-MODIFIED") == changed
    assert Calendar.from_ical(calendar_of()).decoded("LAST-MODIFIED") == made_on(
        IDENTITY
    )


def test_a_calendar_says_what_it_is_and_how_often_to_look() -> None:
    made = Calendar.from_ical(
        calendar_of(capped=True, subtitle="Promises; kept, or not")
    )

    assert made["NAME"] == made["X-WR-CALNAME"] == "Chips & glasses"
    assert made["SOURCE"] == "https://timeline.example/calendar.ics"
    assert made["URL"] == "https://timeline.example/"
    assert made.decoded("REFRESH-INTERVAL") == timedelta(hours=1)
    assert "X-WR-CALDESC" in made
    assert str(made["DESCRIPTION"]).startswith("Promises; kept, or not Only the 0")
    assert "METHOD" not in made


def test_uids_are_uuids_of_the_log_and_not_of_the_address() -> None:
    """RFC 7986 5.3; another host, scheme or title must not make other events."""
    here = events_of(calendar_of(*story()))
    there = events_of(
        calendar_of(*story(), origin="http://other.example:8080", title="Other")
    )

    assert [one["UID"] for one in here] == [one["UID"] for one in there]
    assert all(UUID(one["UID"]).version == 5 for one in here)


@pytest.mark.parametrize(
    "text", ["C:\\New\\new; a, b", "a\\\\Nb", "tab\tand “quotes”", "🌑" * 70, "\\" * 80]
)
def test_texts_come_back_as_they_were_written(text: str) -> None:
    """By itself icalendar 7.3.0 writes a backslash before an N as a new line."""
    event = event_of(recorded(title=text, tags=[text]))

    assert event["SUMMARY"] == " ".join(text.split())
    assert list(event["CATEGORIES"]) == [" ".join(text.split())]


def test_an_entry_without_words_in_its_title_has_its_id() -> None:
    assert event_of(recorded("moon", title="\x00"))["SUMMARY"] == "moon"


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x0b", "\x7f", "\ud800", "\ufffe"])
def test_a_control_character_does_not_take_a_calendar_down(bad: str) -> None:
    """It may be in the log already, from before it was refused."""
    event = event_of(
        recorded(title=f"Moon{bad} landing", summary=f"a{bad}b", tags=[f"x{bad}"])
    )

    assert event["SUMMARY"] == "Moon landing"
    assert str(event["DESCRIPTION"]).endswith("\n\nab")
    assert list(event["CATEGORIES"]) == ["x"]


# -- whatever the history ------------------------------------------------------------

DATES = st.sampled_from(
    [
        "2025-07-26",
        "2025-07",
        "2025~",
        "2025-36",
        "2025-07-26/2025-07-28",
        "2025-07/2027-01?",
        "../2025-12-31",
        "../2027-12-31",
        "/2024-12-31",
        "2024-10-01/..",
        "2024-10-01/",
        "2027-01-01",
        "[2027-01-01,2027-03]",
        "2025-07-26T12:00:00Z",
        "../2027-07-26T12:00:00Z",
        "2025-07-26T12:00:00Z/2025-07-26T12:00:00Z",
        "2025-07-26T12:00:00+02:00/2025-07-27",
        "-0044-03-15",
        "0000/0001",
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        "Y-100000000",
        "Y100000000/..",
    ]
)
TEXTS = st.text(max_size=120) | st.sampled_from(["\\N", "a\r\nb", "é" * 80, "🌑\\n;,:"])


@st.composite
def histories(draw: st.DrawFn) -> list[RecordedEvent]:
    """What was said of one entry: everything that can be, in any order."""
    slug = draw(st.sampled_from(["a", "b", "c"]))
    events = [
        recorded(
            slug,
            title=f"T{draw(TEXTS)}",
            occurred=draw(DATES),
            said=draw(st.sampled_from([None, "2024-05", "2026-11-01"])),
            summary=draw(TEXTS),
            awaited=draw(st.booleans()),
            category=draw(st.sampled_from(["", "product", "no-colour"])),
            tags=draw(st.lists(TEXTS, max_size=2)),
            sources=[{"url": draw(TEXTS), "title": draw(TEXTS)}],
            lang=draw(st.sampled_from(["", "en", "zh-Hans"])),
        )
    ]
    for version in range(1, draw(st.integers(0, 5)) + 1):
        kinds = (
            revised(slug, occurred=draw(DATES), reason=draw(TEXTS)),
            corrected(slug, occurred=draw(DATES), reason=draw(TEXTS)),
            corrected(slug, title=f"T{draw(TEXTS)}"),
            fulfilled(slug, occurred=draw(DATES)),
            postponed(slug),
            cancelled(slug, reason=draw(TEXTS)),
            retracted(slug, reason=draw(TEXTS)),
            window_opened(slug, set_by=version),
            window_closed(slug, set_by=version),
        )
        events.append(draw(st.sampled_from(kinds)))
    return history(*events)


@given(st.lists(histories(), max_size=4, unique_by=lambda one: one[0].entry))
def test_a_calendar_reads_back_to_its_entries(told: list[list[RecordedEvent]]) -> None:
    entries = [entry for events in told if (entry := fold(events)) is not None]

    made = calendar_of(*entries)
    shown = {str(event["URL"]).rpartition("/")[2]: event for event in main(made)}

    assert made == calendar_of(*reversed(entries))
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    assert b"\n" not in made.replace(b"\r\n", b"")
    assert len({one["UID"] for one in events_of(made)}) == len(events_of(made))
    assert set(shown) == {entry.id for entry in entries if can_be_held(entry)}
    for entry in entries:
        if can_be_held(entry):
            check_event(entry, shown[entry.id])


def main(made: bytes) -> list[Shown]:
    """The events of entries, without those of last days."""
    return [
        one for one in events_of(made) if not one["SUMMARY"].startswith("Last day: ")
    ]


def check_event(entry: Entry, event: Shown) -> None:
    first, behind = days_of(event)
    if isinstance(first, datetime):
        assert behind is None or behind > first
        assert second(first) == (entry.hi if entry.lo == -OPEN else entry.lo)
    else:
        assert behind - first >= timedelta(days=1)
        last = second(behind) - 1
        if entry.lo != -OPEN:
            assert second(first) <= entry.lo < second(first) + DAY_S
        if entry.hi != OPEN:
            assert last - DAY_S < entry.hi <= last
    off = entry.state in (State.CANCELLED, State.RETRACTED, State.POSTPONED)
    assert (event["STATUS"] == "CANCELLED") is off
    assert event["SEQUENCE"] == entry.version - 1


def second(at: date) -> int:
    """From 1970, the first of a day."""
    days = (date(at.year, at.month, at.day) - date(1970, 1, 1)).days
    if isinstance(at, datetime):
        return days * DAY_S + at.hour * 3600 + at.minute * 60 + at.second
    return days * DAY_S


def can_be_held(entry: Entry) -> bool:
    """Whether its days, and the one behind, lie in the years 1 to 9999."""
    first = entry.hi if entry.lo == -OPEN else entry.lo
    last = entry.lo if entry.hi == OPEN else entry.hi
    timed = "T" in entry.occurred.edtf and "2025-07-27" not in entry.occurred.edtf
    instant = timed and not (entry.occurred.edtf.startswith("..") and entry.awaited)
    low = dates.parse("0001").lo
    high = dates.parse("9999").hi - (0 if instant or entry.hi == -OPEN else DAY_S)
    return low <= first and last <= high


@given(histories())
def test_a_sequence_never_falls(told: Sequence[RecordedEvent]) -> None:
    """And rises with each change of dates or status (RFC 5545 3.8.7.4)."""
    shown: dict[str, Shown] = {}
    for entry in entry_versions(told):
        for event in events_of(calendar_of(entry)):
            uid = str(event["UID"])
            before: Shown = shown.get(uid, event)
            assert event["SEQUENCE"] >= before["SEQUENCE"]
            if (event["STATUS"], days_of(event)) != (before["STATUS"], days_of(before)):
                assert event["SEQUENCE"] > before["SEQUENCE"]
            assert event.decoded("DTSTAMP") >= before.decoded("DTSTAMP")
            shown[uid] = event


def test_the_most_entries_make_about_a_megabyte() -> None:
    (promise, *_) = story()
    entries = [replace(promise, id=f"glasses-{n}") for n in range(MOST_ENTRIES)]

    made = calendar_of(*entries)

    assert len(main(made)) == MOST_ENTRIES
    assert 500_000 < len(made) < 2_000_000
