"""Calendars over HTTP: addresses, which entries, validators and refusals."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from events.dates import DAY_S
from tests.builders import (
    NOON,
    FixedClock,
    cancelled,
    fulfilled,
    recorded,
    revised,
    view_defined,
    view_removed,
)
from tests.timeline.web.test_syndication import Site, open_site
from timeline.config import Settings
from timeline.feeds import COLOURS, MOST_ENTRIES
from timeline.projections import AsOf
from timeline.schemas import Query
from timeline.web.pages.cards import PAIRS
from timeline.web.syndication.calendars import listed_in
from timeline.web.syndication.scopes import scope_of_all

Shown: TypeAlias = Any
"""An event as icalendar reads it, whose values may be of any of its types."""

ORIGIN = "https://timeline.example"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = open_site(
        Settings(data=tmp_path / "data", base_url=ORIGIN, title="Chips"), FixedClock()
    )
    yield site
    site.timeline.close()


def events_at(site: Site, address: str) -> list[Shown]:
    response = site.get(address)
    assert response.status_code == 200
    return list(Calendar.from_ical(response.data).events)


def slugs_at(site: Site, address: str) -> list[str]:
    """Entries of a calendar in order, without last days."""
    addresses = (str(one["URL"]) for one in events_at(site, address))
    return list(dict.fromkeys(one.rpartition("/")[2] for one in addresses))


# -- which entries -------------------------------------------------------------------


def test_the_filters_of_the_page_are_those_of_the_calendar(site: Site) -> None:
    site.append(
        recorded("one", category="space", tags=["Moon & stars"], occurred="1969"),
        recorded("two", category="space", occurred="1970"),
        recorded("three", category="product", occurred="1971"),
    )

    assert slugs_at(site, "/calendar.ics") == ["one", "two", "three"]
    assert slugs_at(site, "/calendar.ics?category=space") == ["one", "two"]
    assert slugs_at(site, "/calendar.ics?tag=moon+%26+stars") == ["one"]
    assert slugs_at(site, "/calendar.ics?from=1970") == ["two", "three"]


def test_a_view_and_an_entry_have_calendars_of_their_own(site: Site) -> None:
    site.append(
        recorded("one", category="space", occurred="2027", awaited=True),
        recorded("two", category="product"),
        view_defined("space", title="Space", description="What flies"),
    )

    view = Calendar.from_ical(site.get("/views/space/calendar.ics").data)
    entry = Calendar.from_ical(site.get("/entries/one/calendar.ics").data)

    assert slugs_at(site, "/views/space/calendar.ics") == ["one"]
    assert slugs_at(site, "/entries/one/calendar.ics") == ["one"]
    assert (view["NAME"], view["DESCRIPTION"]) == ("Space – Chips", "What flies")
    assert view["URL"] == f"{ORIGIN}/views/space"
    assert view["SOURCE"] == f"{ORIGIN}/views/space/calendar.ics"
    assert entry["NAME"] == "One – Chips"
    assert [one["SUMMARY"] for one in entry.events] == [
        "One (window: 2027)",
        "Last day: One",
    ]


def test_the_same_entry_is_the_same_event_in_every_calendar(site: Site) -> None:
    """Whoever follows two of them has it once."""
    site.append(recorded("one", category="space"), view_defined("space"))

    uids = {
        event["UID"]
        for path in ("", "/views/space", "/entries/one")
        for event in events_at(site, f"{path}/calendar.ics")
    }

    assert len(uids) == 1


def test_a_calendar_comes_in_the_language_asked_for(site: Site) -> None:
    site.append(recorded("one", occurred="../2027-12-31", awaited=True))

    (event, last) = events_at(site, "/calendar.ics?lang=it")

    assert "periodo previsto: entro la fine del 2027" in event["SUMMARY"]
    assert last["SUMMARY"] == "Ultimo giorno: One"
    assert event["URL"] == f"{ORIGIN}/entries/one?lang=it"


def test_a_calendar_shows_any_moment(site: Site) -> None:
    site.append(
        recorded("one", occurred="2027-03", awaited=True, said="2026-10-01"),
        recorded("two", said="2026-11-20"),
    )
    site.append(revised("one", occurred="2027-09", said="2026-11-15"))

    (then, *_) = events_at(site, "/calendar.ics?as_of=1")
    (known, *_) = events_at(site, "/calendar.ics?known=2026-10-31")
    now = events_at(site, "/entries/one/calendar.ics")[0]

    assert then.decoded("DTSTART") == known.decoded("DTSTART")
    assert then["UID"] == known["UID"] == now["UID"]
    assert then["SEQUENCE"] == known["SEQUENCE"] < now["SEQUENCE"]
    assert site.get("/calendar.ics?as_of=1").headers["Cache-Control"] == (
        "public, max-age=86400"
    )


# -- what there is room for ----------------------------------------------------------


@st.composite
def windows(draw: st.DrawFn) -> str:
    """Days around `NOON`, and windows over them."""
    first = (NOON + timedelta(days=draw(st.integers(-40, 40)))).date()
    last = first + timedelta(days=draw(st.integers(0, 60)))
    form = st.sampled_from(["{}", "{}/{}", "../{}", "{}/.."])
    return draw(form).format(first, last)


@settings(max_examples=25)
@given(
    occurred=st.lists(windows(), min_size=1, max_size=12),
    awaited=st.booleans(),
    most=st.integers(1, 14),
    earlier=st.booleans(),
)
def test_what_is_to_come_is_listed_before_what_has_been(
    tmp_path_factory: pytest.TempPathFactory,
    occurred: list[str],
    awaited: bool,
    most: int,
    earlier: bool,
) -> None:
    """Each once; of the former the nearest, of the latter the latest."""
    data = tmp_path_factory.mktemp("site") / "data"
    site = open_site(Settings(data=data, base_url=ORIGIN), FixedClock())
    said = "2026-11-01"
    site.append(
        *(
            recorded(f"e{n}", occurred=one, awaited=awaited, said=said)
            for n, one in enumerate(occurred)
        )
    )
    position = max(1, len(occurred) - 2) if earlier else len(occurred)
    with site.timeline.snapshot(AsOf(position) if earlier else None) as snapshot:
        all_of_them = [
            entry
            for n in range(len(occurred))
            if (entry := snapshot.entry(f"e{n}")) is not None
        ]
        scope = scope_of_all(site.timeline)(snapshot, Query())
        listed = listed_in(scope, snapshot, site.timeline, most=most)
    site.timeline.close()

    today = int(NOON.timestamp()) // DAY_S * DAY_S
    in_order = sorted(all_of_them, key=lambda one: (one.sort_key, -one.hi, one.id))
    ahead = [one for one in in_order if one.hi >= today]
    before = [one for one in reversed(in_order) if one.hi < today]
    assert listed.entries == [*ahead, *before][:most]
    assert listed.capped is (len(all_of_them) > most)


def test_a_calendar_that_is_full_says_so(site: Site) -> None:
    site.append(
        recorded("to-come", occurred="2027-01-01"),
        *(recorded(f"e{n}", occurred="1969") for n in range(MOST_ENTRIES - 1)),
    )
    whole = site.get("/calendar.ics").text
    site.append(recorded("older", occurred="1968"))
    full = site.get("/calendar.ics").text

    told = "X-WR-CALDESC:Only the 1000 entries that come next or came last."
    assert (told in whole, told in full) == (False, True)
    assert whole.count("BEGIN:VEVENT") == full.count("BEGIN:VEVENT") == MOST_ENTRIES
    assert "SUMMARY:To come" in full
    assert "SUMMARY:Older" not in full


def test_there_is_a_colour_for_each_pair_of_the_pages() -> None:
    assert len(COLOURS) == PAIRS


# -- over HTTP -----------------------------------------------------------------------


def test_the_headers_of_a_calendar(site: Site) -> None:
    site.append(recorded("one"))

    response = site.get("/calendar.ics?category=space&utm_source=x")

    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    self_link = f'<{ORIGIN}/calendar.ics?category=space>; rel="self"'
    assert response.headers["Link"] == self_link


def test_a_copy_that_is_right_is_not_sent_again_until_something_changes(
    site: Site,
) -> None:
    site.append(recorded("one", occurred="../2027-12-31", awaited=True))
    first = site.get("/calendar.ics")
    known = {"If_None_Match": first.headers["ETag"]}

    same = site.get("/calendar.ics", **known)
    head = site.client.head("/calendar.ics")
    site.append(fulfilled("one", occurred="2026-11-23"))
    after = site.get("/calendar.ics", **known)

    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == first.headers["ETag"]
    assert (after.status_code, after.data == first.data) == (200, False)


def test_a_calendar_is_the_same_after_a_restart_and_a_rebuild(site: Site) -> None:
    site.append(
        recorded("one", occurred="../2027-12-31", awaited=True),
        recorded("two", occurred="2027", awaited=True),
    )
    site.append(cancelled("two"))
    before = site.get("/calendar.ics")
    site.timeline.close()
    for model in site.settings.data.glob("views*"):
        model.unlink()

    site.clock.move(days=40)
    again = open_site(site.settings, site.clock)
    after = again.get("/calendar.ics")
    again.timeline.close()

    assert after.data == before.data
    assert after.headers["ETag"] == before.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/views/never", 404),
        ("/entries/never", 404),
        ("/entries/view:space", 404),
        ("/views/removed", 410),
    ],
)
def test_what_is_not_there_is_refused(site: Site, path: str, status: int) -> None:
    site.append(view_defined("removed"))
    site.append(view_removed("removed"))

    refusal = site.get(f"{path}/calendar.ics", If_None_Match="*")

    assert refusal.status_code == status
    assert "ETag" not in refusal.headers


def test_two_calendars_of_one_moment_are_the_same_bytes(site: Site) -> None:
    """However the request was written."""
    site.append(recorded("one", category="space"), recorded("two", category="product"))

    one = site.get("/calendar.ics?category=space&category=product")
    other = site.get("/calendar.ics?category=space&category=product&x=1")

    assert one.data == other.data
