"""The fold: what entries and views are after their events."""

from datetime import UTC, datetime, timedelta

import pytest

from events.model import (
    EntryEvent,
    NewEvent,
    RecordedEvent,
    Redacted,
    ViewDefined,
    ViewRemoved,
    WindowClosed,
    WindowOpened,
)
from tests.builders import (
    NOON,
    cancelled,
    corrected,
    fulfilled,
    history,
    postponed,
    recorded,
    retracted,
    revised,
    title_of,
    window_closed,
    window_opened,
)
from timeline.projections import (
    Entry,
    Filter,
    RefusedError,
    State,
    check,
    entry_versions,
    fold,
    merge_patch,
    story_of,
)


def entry_after(*events: NewEvent, start: datetime = NOON) -> Entry:
    entry = fold(history(*events, start=start))
    assert entry is not None
    return entry


def event_of(new: NewEvent) -> EntryEvent:
    event = new.event
    assert not isinstance(event, ViewDefined | ViewRemoved)
    assert not isinstance(event, WindowOpened | WindowClosed)
    return event


# -- recorded, corrected, revised ------------------------------------------------


def test_a_recorded_entry_has_its_fields():
    entry = entry_after(
        recorded(
            title="Moon landing",
            occurred="1969-07-20",
            category="space",
            actors=["NASA"],
            importance=90,
            links=[{"rel": "part-of", "entry": "apollo"}],
            translations={"it": {"title": "Allunaggio"}},
            said="1969-07-20",
            sources=[{"url": "https://example.org/moon", "publisher": "Example"}],
        )
    )

    assert (entry.title, entry.occurred.edtf) == ("Moon landing", "1969-07-20")
    assert (entry.category, entry.actors, entry.importance) == ("space", ("NASA",), 90)
    assert [(link.rel, link.entry) for link in entry.links] == [("part-of", "apollo")]
    assert entry.translations["it"].title == "Allunaggio"
    assert entry.said == "1969-07-20"
    assert [source.publisher for source in entry.sources] == ["Example"]
    assert (entry.version, entry.position, entry.corrected) == (1, 1, False)


def test_what_was_not_said_was_said_on_the_day_of_recording():
    late = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)

    assert entry_after(recorded(), start=late).said == "2026-01-01"


def test_a_correction_puts_right_and_shows_what_was_wrong():
    entry = entry_after(
        recorded(occurred="2023-11-16"),
        corrected(occurred="2023-11-17", reason="the law firm was a day early"),
    )

    assert entry.occurred.edtf == "2023-11-17"
    assert entry.corrected
    (change,) = entry.changes
    assert (change.before, change.after) == (
        {"occurred": "2023-11-16"},
        {"occurred": "2023-11-17"},
    )
    assert change.reason == "the law firm was a day early"


def test_correcting_an_early_promise_does_not_undo_a_later_slip():
    """The whole reason for folding again: DESIGN.md, section 4."""
    entry = entry_after(
        recorded(occurred="2025-06", awaited=True),
        revised(occurred="2025-12"),
        corrected(occurred="2025-07", corrects=1),
    )

    assert entry.occurred.edtf == "2025-12"
    assert entry.changes[-1].before == {"occurred": "2025-06"}


def test_a_correction_without_a_version_is_about_the_latest_that_set_the_field():
    entry = entry_after(
        recorded(occurred="2025-06", awaited=True),
        revised(occurred="2025-12"),
        corrected(occurred="2025-11"),
    )

    assert entry.occurred.edtf == "2025-11"
    assert entry.changes[-1].before == {"occurred": "2025-12"}


def test_correcting_a_correction_corrects_the_event_itself():
    entry = entry_after(
        recorded(title="Mun landing"),
        corrected(title="Moone landing"),
        corrected(title="Moon landing", corrects=2),
    )

    assert entry.title == "Moon landing"


def test_a_correction_may_take_a_field_away():
    entry = entry_after(
        recorded(category="sport", summary="Long."),
        corrected(category=None),
    )

    assert (entry.category, entry.summary) == ("", "Long.")


def test_a_correction_of_a_revision_may_take_away_what_the_entry_had_before():
    entry = entry_after(
        recorded(category="sport"),
        revised(category="space"),
        corrected(category=None, corrects=2),
    )

    assert entry.category == ""


def test_a_correction_may_change_the_day_it_was_said_and_the_sources():
    entry = entry_after(
        recorded(said="2025-07-28", sources=[{"url": "https://example.org/wrong"}]),
        corrected(
            changes={
                "said": "2025-07-26",
                "sources": [{"url": "https://example.org/right"}],
            }
        ),
    )

    assert entry.said == "2025-07-26"
    assert [source.url for source in entry.sources] == ["https://example.org/right"]


def test_translations_are_patched_one_by_one():
    entry = entry_after(
        recorded(translations={"it": {"title": "Uno", "summary": "Due"}}),
        corrected(translations={"it": {"title": "Tre"}}),
    )

    assert entry.translations["it"].title == "Tre"
    assert entry.translations["it"].summary == "Due"


def test_sources_of_all_events_stand_once_each():
    shared, other = {"url": "https://example.org/1"}, {"url": "https://example.org/2"}
    entry = entry_after(
        recorded(awaited=True, occurred="2026-12", sources=[shared]),
        revised(occurred="2027-01", sources=[shared, other]),
    )

    assert [source.url for source in entry.sources] == [shared["url"], other["url"]]


def test_recorded_at_stays_and_updated_at_moves_with_what_is_seen():
    """RFC 4287 4.2.15: a subscriber hears of significant changes only."""
    versions = list(
        entry_versions(
            history(
                recorded(importance=10),
                corrected(importance=20),
                corrected(title="New"),
            )
        )
    )

    assert {version.recorded_at for version in versions} == {NOON}
    assert [version.updated_at for version in versions] == [
        NOON,
        NOON,
        NOON + timedelta(hours=2),
    ]


SOURCE = {"url": "https://paper.example/a"}
PICTURE = {"url": "https://paper.example/a.png", "alt": "A"}


@pytest.mark.parametrize(
    ("begin", "then", "moves"),
    [
        (recorded(), revised(title="New"), True),
        (recorded(), revised(occurred="1969-07-22"), True),
        (recorded(), revised(summary="Two people."), True),
        (recorded(), revised(category="space"), True),
        (recorded(), revised(sources=[SOURCE], tags=["x"]), True),
        (recorded(sources=[SOURCE]), corrected(changes={"sources": []}), True),
        (recorded(), retracted(), True),
        (recorded(occurred="2030"), cancelled(), True),
        (recorded(occurred="2030", awaited=True), postponed(), True),
        (recorded(occurred="2030", awaited=True), fulfilled(), True),
        # Read as title and text by all who asked for that language.
        (recorded(), revised(translations={"it": {"title": "Luna"}}), True),
        # That a promised window opens or closes is news, of any other it is not.
        (
            recorded(occurred="2030", awaited=True),
            window_opened(bound="2030-01-01"),
            True,
        ),
        (recorded(occurred="2030"), window_opened(bound="2030-01-01"), False),
        (
            recorded(occurred="../2026-12-31", awaited=True),
            window_closed(bound="2026-12-31"),
            True,
        ),
        (
            recorded(occurred="2026-11/2026-12"),
            window_closed(bound="2026-12-31"),
            False,
        ),
        (recorded(), revised(actors=["NASA"]), False),
        (recorded(), revised(places=["Moon"]), False),
        (recorded(), revised(tags=["apollo"]), False),
        (recorded(), revised(importance=90), False),
        (recorded(), revised(measure=True), False),
        (recorded(), revised(scope="us"), False),
        (recorded(), revised(lang="en"), False),
        (recorded(), revised(links=[{"rel": "follows", "entry": "x"}]), False),
        (recorded(), revised(media=[PICTURE]), False),
        (recorded(), revised(title=title_of("moon-landing")), False),
        (recorded(said="1969-07-19"), corrected(changes={"said": "1969-07-20"}), False),
    ],
)
def test_an_entry_is_updated_by_what_readers_are_to_hear_of_and_nothing_else(
    begin, then, moves
):
    """An item that moves with nothing changed is unread again (NetNewsWire#895)."""
    first, second = entry_versions(history(begin, then))

    assert (first.updated_at, first.updated_position) == (NOON, 1)
    expected = (NOON + timedelta(hours=1), 2) if moves else (NOON, 1)
    assert (second.updated_at, second.updated_position) == expected


def test_each_event_makes_a_version_at_its_own_position():
    versions = list(entry_versions(history(recorded(), revised(), retracted())))

    assert [(one.version, one.position) for one in versions] == [(1, 1), (2, 2), (3, 3)]


def test_a_redacted_event_tells_nothing():
    events = history(recorded(), corrected(title="Gone"), revised(title="Kept"))
    events[1] = RecordedEvent(
        position=2,
        id="x",
        entry="moon-landing",
        version=2,
        recorded_at=NOON,
        author=None,
        event=Redacted(type="entry-corrected.1"),
        leaf_hash=b"",
    )

    assert [one.title for one in entry_versions(events)] == ["Moon landing", "Kept"]
    assert fold(events[1:2]) is None


# -- states ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("occurred", "awaited", "state"),
    [
        ("1969-07-20", False, State.HAPPENED),
        ("1969-07-20", True, State.OVERDUE),
        ("2030", False, State.UPCOMING),
        ("2030", True, State.UPCOMING),
        ("2026", True, State.OPEN),
        ("2022-10-07/..", False, State.OPEN),
        ("2026-11-23", False, State.OPEN),
        ("2026-11-22", False, State.HAPPENED),  # at noon in UTC it ended everywhere
        ("../2026-12-31", True, State.OPEN),  # open since it was said
        ("../2025-12-31", True, State.OVERDUE),
    ],
)
def test_the_state_is_set_when_the_bounds_are(occurred, awaited, state):
    """Against the event's own time, never against a clock (invariant 2)."""
    assert entry_after(recorded(occurred=occurred, awaited=awaited)).state is state


def test_a_day_is_open_until_it_has_ended_everywhere():
    almost_noon = NOON - timedelta(seconds=1)

    assert entry_after(recorded(occurred="2026-11-22"), start=almost_noon).state is (
        State.OPEN
    )


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (fulfilled(occurred="2026-11-01"), State.HAPPENED),
        (cancelled(), State.CANCELLED),
        (postponed(), State.POSTPONED),
        (retracted(), State.RETRACTED),
    ],
)
def test_what_was_promised_is_resolved_by_its_own_events(event, state):
    assert entry_after(recorded(occurred="2026", awaited=True), event).state is state


def test_a_new_date_takes_a_postponement_back():
    entry = entry_after(
        recorded(occurred="2026", awaited=True), postponed(), revised(occurred="2027")
    )

    assert entry.state is State.UPCOMING


def test_what_is_taken_up_again_has_no_ending_any_more():
    entry = entry_after(
        recorded(occurred="2026", awaited=True),
        cancelled(reason="no money"),
        revised(occurred="2027"),
    )

    assert (entry.state, entry.ending, entry.ended) == (State.UPCOMING, "", "")


def test_a_kept_promise_remembers_what_was_promised():
    entry = entry_after(
        recorded(occurred="../2025-12-31", awaited=True, said="2025-07-26"),
        fulfilled(occurred="2025-11-27"),
    )

    assert entry.occurred.edtf == "2025-11-27"
    assert entry.promised is not None
    assert entry.promised.edtf == "../2025-12-31"


def test_a_promise_starts_on_the_day_it_was_said():
    """Otherwise it would overlap every window back to antiquity (dates.md)."""
    promise = entry_after(
        recorded(occurred="../2027-12-31", awaited=True, said="2025-07-26")
    )

    assert promise.lo == datetime(2025, 7, 26, tzinfo=UTC).timestamp()


# -- what makes sense --------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "event", "code"),
    [
        ([], corrected(title="x"), "no-such-entry"),
        ([recorded()], fulfilled(), "not-possible"),
        (
            [recorded(awaited=True, occurred="2027"), fulfilled()],
            fulfilled(),
            "not-possible",
        ),
        ([recorded(), retracted()], revised(title="x"), "not-possible"),
        ([recorded(), retracted()], retracted(), "not-possible"),
        ([recorded()], cancelled(), "not-possible"),
        ([recorded()], corrected(title="x", corrects=7), "bad-field"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_with_its_reason(before, event, code):
    with pytest.raises(RefusedError) as refusal:
        check(story_of(history(*before)), event_of(event), at=NOON)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("before", "event"),
    [
        ([recorded(awaited=True, occurred="2027")], fulfilled()),
        ([recorded(awaited=True, occurred="1999")], fulfilled()),  # overdue
        ([recorded(awaited=True, occurred="2027"), postponed()], cancelled()),
        ([recorded(), retracted()], corrected(title="less harmful")),
        ([recorded()], retracted()),
    ],
)
def test_an_event_that_makes_sense_is_let_through(before, event):
    check(story_of(history(*before)), event_of(event), at=NOON)


# -- filters and patches -----------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), True),
        (Filter(category=("sport", "space")), True),
        (Filter(category=("sport",)), False),
        (Filter(actor=("nasa",)), True),
        (Filter(actor=("NASA",), tag=("other",)), False),
        (Filter(state=(State.HAPPENED,)), True),
        (Filter(category=("space",), within=Filter(tag=("moon",))), True),
        (Filter(category=("space",), within=Filter(tag=("mars",))), False),
    ],
)
def test_a_filter_wants_any_of_one_key_and_all_of_different_keys(wanted, found):
    entry = entry_after(recorded(category="space", actors=["NASA"], tags=["moon"]))

    assert wanted.matches(entry) is found


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_rfc_7396_shows(target, patch, result):
    """Its appendix A, every row."""
    assert merge_patch(target, patch) == result
