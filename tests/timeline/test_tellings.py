"""What bounds and links tell, and the words for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import dates
from events.dates import DAY_S, HistoricDate
from events.model import NewEvent
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
)
from timeline.projections import Entry, State, fold
from timeline.tellings import (
    Acting,
    Force,
    Keeping,
    Move,
    Revision,
    Standing,
    change_label,
    force_label,
    in_force,
    kept_label,
    kept_of,
    move_of,
    standing_label,
    standing_of,
    state_word,
)
from timeline.tellings import words as tables


def entry_of(*facts: NewEvent, at: datetime = NOON) -> Entry:
    entry = fold(history(*facts, start=at, every=timedelta()))
    assert entry is not None
    return entry


def days(first: int, last: int) -> HistoricDate:
    """The window between two days from 1970, both inclusive."""
    return dates.parse(f"{dates.day_of(first * DAY_S)}/{dates.day_of(last * DAY_S)}")


_DAYS = st.integers(0, 40_000)
_WINDOWS = st.builds(
    lambda first, length: days(first, first + length), _DAYS, st.integers(0, 900)
)
_OPEN = st.builds(
    lambda day, shape: dates.parse(shape.format(dates.day_of(day * DAY_S))),
    _DAYS,
    st.sampled_from(["../{}", "{}/..", "/{}", "{}~", "{}"]),
)
_DATES = _WINDOWS | _OPEN

# -- how a date moved ----------------------------------------------------------------

OPPOSITE = {
    Move.LATER: Move.EARLIER,
    Move.LONGER: Move.SHORTER,
    Move.WIDER: Move.NARROWER,
    Move.SAME: Move.SAME,
}
OPPOSITE |= {back: forth for forth, back in OPPOSITE.items()}


@given(_DATES, _DATES)
def test_going_back_is_the_opposite_move(old: HistoricDate, new: HistoricDate) -> None:
    assert move_of(new, old) is OPPOSITE[move_of(old, new)]


@given(_DATES, _DATES)
def test_a_move_says_what_became_of_the_bounds(
    old: HistoricDate, new: HistoricDate
) -> None:
    move = move_of(old, new)

    assert (move is Move.SAME) == ((old.lo, old.hi) == (new.lo, new.hi))
    if move in (Move.LATER, Move.LONGER):
        assert new.hi > old.hi
        assert new.lo >= old.lo
    if move is Move.NARROWER:
        assert old.lo <= new.lo
        assert new.hi <= old.hi


@given(_WINDOWS, st.integers(1, 900))
def test_a_window_that_is_pushed_back_as_a_whole_is_later(
    window: HistoricDate, by: int
) -> None:
    first, last = window.lo // DAY_S + by, window.hi // DAY_S + by

    assert move_of(window, days(first, last)) is Move.LATER


@pytest.mark.parametrize(
    ("before", "after", "awaited", "english", "italian"),
    [
        (
            "2025-35",
            "2025-36",
            True,
            "slipped from Q3 to Q4 2025 on 5 August 2025",
            "slittato dal terzo al quarto trimestre 2025 il 5 agosto 2025",
        ),
        (
            "2025-36",
            "2025-35",
            True,
            "brought forward from Q4 to Q3 2025 on 5 August 2025",
            "anticipato dal quarto al terzo trimestre 2025 il 5 agosto 2025",
        ),
        (
            "../2025-12-31",
            "../2026-03-31",
            True,
            "slipped on 5 August 2025: was by end of 2025, now by end of March 2026",
            (
                "slittato il 5 agosto 2025: era entro la fine del 2025,"
                " ora entro la fine di marzo 2026"
            ),
        ),
        (
            "2025",
            "2025-11",
            True,
            "narrowed on 5 August 2025: was 2025, now November 2025",
            "ristretto il 5 agosto 2025: era 2025, ora novembre 2025",
        ),
        (
            "2025-11",
            "2025",
            True,
            "widened on 5 August 2025: was November 2025, now 2025",
            "ampliato il 5 agosto 2025: era novembre 2025, ora 2025",
        ),
        (
            "2019-05-20/2019-08-19",
            "2019-05-20/2019-11-18",
            False,
            "extended from 19 August to 18 November 2019 on 5 August 2025",
            "prorogato dal 19 agosto al 18 novembre 2019 il 5 agosto 2025",
        ),
        (
            "2019-05-20/2019-11-18",
            "2019-05-20/2019-08-19",
            False,
            "shortened from 18 November to 19 August 2019 on 5 August 2025",
            "accorciato dal 18 novembre al 19 agosto 2019 il 5 agosto 2025",
        ),
        (
            "2025-05-15",
            "2025-05-08",
            False,
            "moved earlier from 15 to 8 May 2025 on 5 August 2025",
            "anticipato dal 15 all'8 maggio 2025 il 5 agosto 2025",
        ),
        (
            "2025",
            "2025~",
            True,
            "revised on 5 August 2025: was 2025, now around 2025",
            "aggiornato il 5 agosto 2025: era 2025, ora intorno al 2025",
        ),
    ],
)
def test_a_revision_says_from_where_to_where_and_when(
    before: str, after: str, awaited: bool, english: str, italian: str
) -> None:
    entry = entry_of(
        recorded(occurred=before, awaited=awaited),
        revised(occurred=after, said="2025-08-05"),
    )

    told = [
        change_label(entry.changes[0], lang, awaited=awaited) for lang in ("en", "it")
    ]

    assert told == [english, italian]


@pytest.mark.parametrize(
    ("correction", "words"),
    [
        (corrected(occurred="2023-11-17"), ": was 16 November 2023"),
        (corrected(title="Rule"), ": was “Moon landing”"),
        (corrected(summary="Better."), ""),
        (corrected(occurred="2023-11-16", summary="Better."), ""),
    ],
)
def test_a_correction_says_when_we_made_it_and_what_we_had(
    correction: NewEvent, words: str
) -> None:
    """Dated by us, as it was we who had it wrong."""
    entry = entry_of(
        recorded(occurred="2023-11-16"),
        correction,
        at=datetime(2023, 10, 25, 9, tzinfo=UTC),
    )

    (change,) = entry.changes

    told = change_label(change, "en", awaited=False)
    assert told == f"corrected 25 October 2023{words}"


# -- how a promise was kept ------------------------------------------------------------


@given(_DATES, _DATES)
def test_early_in_time_and_late_exclude_each_other(
    promised: HistoricDate, occurred: HistoricDate
) -> None:
    """Whatever part of *occurred* is the true one."""
    how = kept_of(promised, occurred).how

    if how is Keeping.EARLY:
        assert occurred.hi < promised.lo
    if how is Keeping.LATE:
        assert occurred.lo > promised.hi
    if how is Keeping.IN_TIME:
        assert promised.lo <= occurred.lo
        assert occurred.hi <= promised.hi


@given(_WINDOWS, _WINDOWS)
def test_early_for_one_is_late_for_the_other(
    one: HistoricDate, other: HistoricDate
) -> None:
    there, back = kept_of(one, other), kept_of(other, one)

    assert (there.how is Keeping.EARLY) == (back.how is Keeping.LATE)
    if there.how is Keeping.EARLY:
        assert there.days == back.days


@given(_WINDOWS, st.integers(0, 900))
def test_the_days_left_are_counted_to_the_last_day(
    window: HistoricDate, left: int
) -> None:
    last = window.hi // DAY_S - left
    kept = kept_of(window, days(last, last))

    if kept.how is Keeping.IN_TIME:
        assert kept.days == left
    else:
        assert kept.how is Keeping.EARLY


@pytest.mark.parametrize(
    ("promised", "occurred", "english", "italian"),
    [
        (
            "../2025-12-31",
            "2025-11-27",
            "34 days before the window closed",
            "34 giorni prima del termine",
        ),
        (
            "../2025-12-31",
            "2025-12-30",
            "1 day before the window closed",
            "1 giorno prima del termine",
        ),
        (
            "../2025-12-31",
            "2025-12-31",
            "on the last day of the window",
            "l’ultimo giorno utile",
        ),
        ("../2025-12-31", "2026-01-02", "2 days late", "con 2 giorni di ritardo"),
        (
            "2025-10/2025-12",
            "2025-09-30",
            "1 day before the window opened",
            "1 giorno prima dell’inizio del periodo",
        ),
        ("2025-05-15", "2025-05-13", "2 days early", "con 2 giorni di anticipo"),
        ("2025-05-15", "2025-05-15", "as promised", "come promesso"),
        ("2025-10-01/..", "2026-09-30", "in time", "in tempo"),
        # It may have been early or in time, in time or late: nobody can say.
        ("2025-10/2025-12", "2025-09/2025-10", "", ""),
        ("../2025-12-15", "2025-12", "", ""),
        (
            "../2025-12-31",
            "2012",
            "about 4748 days before the window closed",
            "circa 4748 giorni prima del termine",
        ),
        (
            "../2025-12-31",
            "1969-07-20",
            "20,618 days before the window closed",
            "20.618 giorni prima del termine",
        ),
    ],
)
def test_how_a_promise_was_kept_is_counted_in_days(
    promised: str, occurred: str, english: str, italian: str
) -> None:
    kept = kept_of(dates.parse(promised), dates.parse(occurred))

    assert [kept_label(kept, lang) for lang in ("en", "it")] == [english, italian]


# -- how an entry stands ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "standing", "english", "italian"),
    [
        (
            [recorded(occurred="../2027-12-31", awaited=True, said="2026-07-26")],
            Standing.EXPECTED,
            "due by end of 2027, open since 26 July 2026",
            "previsto entro la fine del 2027, aperto dal 26 luglio 2026",
        ),
        (
            [recorded(occurred="2027-05-15", awaited=True)],
            Standing.EXPECTED,
            "due 15 May 2027",
            "previsto il 15 maggio 2027",
        ),
        (
            [recorded(occurred="2026-11-10", awaited=True)],
            Standing.OVERDUE,
            "overdue: was due 10 November 2026; no outcome recorded",
            "scaduto: era previsto il 10 novembre 2026; nessun esito registrato",
        ),
        (
            [
                recorded(occurred="../2025-12-31", awaited=True, said="2025-07-26"),
                fulfilled(occurred="2025-11-27"),
            ],
            Standing.FULFILLED,
            "fulfilled 27 November 2025, 34 days before the window closed",
            "realizzato il 27 novembre 2025, 34 giorni prima del termine",
        ),
        (
            [
                recorded(occurred="2025-05-15", awaited=True),
                cancelled(said="2025-05-13"),
            ],
            Standing.CANCELLED,
            "cancelled 13 May 2025, 2 days before it was due",
            "annullato il 13 maggio 2025, 2 giorni prima del termine",
        ),
        (
            [
                recorded(occurred="2025-36", awaited=True),
                cancelled(said="2026-01-01"),
            ],
            Standing.CANCELLED,
            "cancelled 1 January 2026, 1 day after the window closed",
            "annullato il 1º gennaio 2026, 1 giorno oltre il termine",
        ),
        (
            [recorded(occurred="2027-05-01", awaited=True), postponed()],
            Standing.POSTPONED,
            "postponed without a date; was due 1 May 2027",
            "rinviato senza data; era previsto il 1º maggio 2027",
        ),
        ([recorded(), retracted()], Standing.RETRACTED, "retracted", "ritirato"),
        ([recorded()], Standing.HAPPENED, "happened", "avvenuto"),
        ([recorded(occurred="2030")], Standing.UPCOMING, "upcoming", "in programma"),
        (
            [recorded(occurred="2022-10-07/..")],
            Standing.ONGOING,
            "ongoing",
            "in corso",
        ),
        (
            [recorded(occurred="2026-11-23")],
            Standing.UNDER_WAY,
            "ongoing",
            "in corso",
        ),
    ],
)
def test_an_entry_says_where_it_stands(
    facts: Sequence[NewEvent], standing: Standing, english: str, italian: str
) -> None:
    entry = entry_of(*facts)

    assert standing_of(entry) is standing
    assert [standing_label(entry, lang) for lang in ("en", "it")] == [english, italian]


def test_a_new_date_takes_back_the_day_of_a_cancellation() -> None:
    entry = entry_of(
        recorded(occurred="2027", awaited=True),
        cancelled(said="2026-11-01"),
        revised(occurred="2028"),
    )

    assert entry.ended == ""
    assert standing_label(entry, "en") == "due 2028"


def test_every_language_has_all_words_and_fills_in_the_same_values() -> None:
    def values(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    english = tables._ENGLISH
    for language in tables._LANGUAGES.values():
        assert language.standings.keys() == {*Standing}
        assert language.revisions.keys() == {*Revision}
        assert language.templates.keys() == english.templates.keys()
        for key, template in language.templates.items():
            same = values(template) ^ values(english.templates[key])
            assert same <= {"date", "when"}, key  # which differ by a preposition
    assert [state_word(state, "it") for state in State] == [
        "in programma",
        "in corso",
        "avvenuto",
        "scaduto",
        "rinviato",
        "annullato",
        "ritirato",
    ]


# -- whether a measure is in force -----------------------------------------------------

RULE = entry_of(recorded("rule", occurred="2025-09-29", said="2025-09-29"))


def one(rel: str, *facts: NewEvent, target: str = "rule") -> Acting:
    """What does *rel* to the rule, or to another *target*, as its events tell."""
    return Acting(rel, target, entry_of(*facts))


def happening(name: str, occurred: str, **fields: str) -> NewEvent:
    return recorded(name, occurred=occurred, said=fields.get("said", "2020-01-01"))


def told(*acting: Acting, on: str, rule: Entry = RULE, lang: str = "en") -> str:
    """What is said of the rule on a day; empty if it is no measure."""
    found = in_force(rule, acting, day=dates.parse(on).lo // DAY_S)
    return force_label(found, lang) if found else ""


AMENDED = one("amends", happening("amendment", "2025-10-01"))
SUSPENDED = one("suspends", happening("pause", "2025-11-10/2026-11-09"))
RESCINDED = one("rescinds", happening("end", "2026-03-01"))


def test_only_what_others_act_on_is_a_measure_or_what_says_so() -> None:
    follows = one("follows", happening("comment", "2025-10-01"))
    hoax = one("suspends", happening("hoax", "2025-10-01"), retracted("hoax"))
    own = entry_of(recorded("rule", occurred="2025-09-29", measure=True))
    struck = entry_of(
        recorded("rule", occurred="2025-09-29", measure=True), retracted("rule")
    )

    assert told(on="2026-01-01") == ""
    assert told(follows, on="2026-01-01") == ""
    assert told(hoax, on="2026-01-01") == ""
    assert told(AMENDED, on="2026-01-01") == "In force since 29 September 2025"
    assert told(on="2026-01-01", rule=own) == "In force since 29 September 2025"
    assert told(AMENDED, on="2026-01-01", rule=struck) == ""


@pytest.mark.parametrize(
    ("day", "english", "italian"),
    [
        (
            "2025-09-28",
            (
                "Not yet in force: takes effect on 29 September 2025; "
                "to be suspended on 10 November 2025"
            ),
            (
                "Non ancora in vigore: ha effetto il 29 settembre 2025; "
                "sospensione prevista il 10 novembre 2025"
            ),
        ),
        (
            "2025-09-29",
            "In force since 29 September 2025; to be suspended on 10 November 2025",
            "In vigore dal 29 settembre 2025; sospensione prevista il 10 novembre 2025",
        ),
        (
            "2025-11-10",
            "Suspended from 10 November 2025 to 9 November 2026",
            "Misura sospesa dal 10 novembre 2025 al 9 novembre 2026",
        ),
        (
            "2026-11-09",
            "Suspended from 10 November 2025 to 9 November 2026",
            "Misura sospesa dal 10 novembre 2025 al 9 novembre 2026",
        ),
        (
            "2026-11-10",
            "Due to resume since 10 November 2026: no return recorded",
            "Ripristino previsto dal 10 novembre 2026: nessun ripristino registrato",
        ),
    ],
)
def test_a_suspension_runs_its_course_and_brings_nothing_back(
    day: str, english: str, italian: str
) -> None:
    assert [told(SUSPENDED, on=day, lang=lang) for lang in ("en", "it")] == [
        english,
        italian,
    ]


PLANNED = recorded("back", occurred="2026-11-10", awaited=True, said="2025-11-10")


@pytest.mark.parametrize("target", ["rule", "pause"])
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ([PLANNED], "Due to resume since 10 November 2026: no return recorded"),
        (
            [PLANNED, fulfilled("back", occurred="2026-11-12")],
            "In force again since 12 November 2026",
        ),
        (
            [PLANNED, fulfilled("back", occurred="2026-05-01")],
            "In force again since 1 May 2026",
        ),
        (
            [PLANNED, revised("back", occurred="2027-01-01")],
            "Suspended since 10 November 2025; due to resume on 1 January 2027",
        ),
        ([PLANNED, cancelled("back")], "Suspended since 10 November 2025"),
        ([PLANNED, postponed("back")], "Suspended since 10 November 2025"),
        (
            [PLANNED, retracted("back")],
            "Due to resume since 10 November 2026: no return recorded",
        ),
        (
            [happening("back", "2026-11-11")],
            "In force again since 11 November 2026",
        ),
        # It brought the measure back from something earlier.
        (
            [happening("back", "2025-10-01")],
            "Due to resume since 10 November 2026: no return recorded",
        ),
    ],
)
def test_a_return_counts_once_somebody_said_that_it_happened(
    facts: Sequence[NewEvent], words: str, target: str
) -> None:
    back = one("resumes", *facts, target=target)

    assert told(SUSPENDED, back, on="2026-11-23") == words


@pytest.mark.parametrize(
    ("back", "day", "words"),
    [
        (
            "../2026-12-31",
            "2026-11-23",
            "Suspended since 10 November 2025; due to resume by end of 2026",
        ),
        (
            "2026-36",
            "2026-11-23",
            "Suspended since 10 November 2025; due to resume in Q4 2026",
        ),
        (
            "../2026-12-31",
            "2027-01-01",
            "Due to resume by end of 2026: no return recorded",
        ),
    ],
)
def test_a_return_is_not_missing_before_its_time_is_over(
    back: str, day: str, words: str
) -> None:
    """Also where it was announced before the suspension began."""
    planned = recorded("back", occurred=back, awaited=True, said="2025-11-01")

    assert told(SUSPENDED, one("resumes", planned), on=day) == words


def test_a_suspension_without_an_end_says_when_it_is_to_end() -> None:
    paused = one("suspends", happening("pause", "2025-11-10"))
    planned = one(
        "resumes", recorded("back", occurred="../2026-12-31", awaited=True, said="2026")
    )

    assert told(paused, planned, on="2026-11-23") == (
        "Suspended since 10 November 2025; due to resume by end of 2026"
    )
    assert told(paused, planned, on="2027-01-01") == (
        "Due to resume by end of 2026: no return recorded"
    )


def test_what_was_in_force_when_it_was_cancelled_has_ended() -> None:
    rule = recorded("rule", occurred="2025-09-29", said="2025-09-01", measure=True)
    off = cancelled("rule", said="2026-03-01")

    assert told(on="2026-11-23", rule=entry_of(rule, off)) == "Ended on 1 March 2026"


@pytest.mark.parametrize(
    ("acting", "words"),
    [
        ([RESCINDED], "Rescinded on 1 March 2026"),
        ([RESCINDED, SUSPENDED], "Rescinded on 1 March 2026"),
        (
            [
                RESCINDED,
                one("rescinds", happening("court", "2026-06-01"), target="end"),
            ],
            "In force again since 1 June 2026",
        ),
        (
            [SUSPENDED, one("rescinds", happening("u", "2026-01-01"), target="pause")],
            "In force again since 1 January 2026",
        ),
        (
            [one("suspends", happening("s", "2026-01-01"))],
            "Suspended since 1 January 2026",
        ),
        (
            [SUSPENDED, one("suspends", happening("s", "2026-01-01/.."))],
            "Suspended since 1 January 2026",
        ),
        # What did not happen does nothing.
        (
            [AMENDED, one("rescinds", happening("r", "2026-01-01"), retracted("r"))],
            "In force since 29 September 2025",
        ),
        (
            [
                AMENDED,
                one(
                    "suspends",
                    recorded("s", occurred="2026-01-01", awaited=True),
                    cancelled("s"),
                ),
            ],
            "In force since 29 September 2025",
        ),
        # Somebody promised it, and nobody said that it came.
        (
            [
                AMENDED,
                one("rescinds", recorded("r", occurred="2026-01-01", awaited=True)),
            ],
            "In force since 29 September 2025; to be rescinded on 1 January 2026",
        ),
        (
            [one("rescinds", recorded("r", occurred="2027-02"))],
            "In force since 29 September 2025; to be rescinded in February 2027",
        ),
    ],
)
def test_what_acts_on_a_measure_by_now_decides(
    acting: Sequence[Acting], words: str
) -> None:
    assert told(*acting, on="2026-11-23") == words


@pytest.mark.parametrize(
    ("facts", "day", "words"),
    [
        (
            [happening("effect", "2025-11-17")],
            "2025-11-16",
            "Not yet in force: takes effect on 17 November 2025",
        ),
        (
            [happening("effect", "2025-11-17")],
            "2025-11-17",
            "In force since 17 November 2025",
        ),
        (
            [recorded("effect", occurred="2027-05-15", awaited=True)],
            "2026-11-23",
            "Not yet in force: due to take effect on 15 May 2027",
        ),
        (
            [recorded("effect", occurred="../2027-12-31", awaited=True)],
            "2026-11-23",
            "Not yet in force: due to take effect by end of 2027",
        ),
        (
            [recorded("effect", occurred="2026-05-15", awaited=True)],
            "2026-11-23",
            "Was due to take effect on 15 May 2026: no confirmation recorded",
        ),
        (
            [
                recorded("effect", occurred="2026-05-15", awaited=True),
                fulfilled("effect", occurred="2026-05-20"),
            ],
            "2026-11-23",
            "In force since 20 May 2026",
        ),
        (
            [
                recorded("effect", occurred="2026-05-15", awaited=True),
                cancelled("effect", said="2026-05-01"),
            ],
            "2026-11-23",
            "Never in force: cancelled on 1 May 2026",
        ),
        (
            [recorded("effect", occurred="2027", awaited=True), postponed("effect")],
            "2026-11-23",
            "Not yet in force",
        ),
        # Wrongly listed: the rule's own date counts.
        (
            [happening("effect", "2027-01-01"), retracted("effect")],
            "2026-11-23",
            "In force since 29 September 2025",
        ),
    ],
)
def test_what_brings_a_measure_into_force_has_the_date(
    facts: Sequence[NewEvent], day: str, words: str
) -> None:
    assert told(AMENDED, one("brings-into-force", *facts), on=day) == words


@pytest.mark.parametrize(
    "effect",
    [
        [recorded("effect", occurred="2026-05-15", awaited=True)],
        [
            recorded("effect", occurred="2026-05-15", awaited=True),
            cancelled("effect", said="2026-03-01"),
        ],
        [happening("effect", "2026-05-15")],
    ],
)
def test_a_measure_that_is_rescinded_first_never_took_effect(
    effect: Sequence[NewEvent],
) -> None:
    start = one("brings-into-force", *effect)

    assert told(RESCINDED, start, on="2026-11-23") == (
        "Rescinded on 1 March 2026, before it took effect"
    )
    assert told(RESCINDED, start, on="2026-11-23", lang="it") == (
        "Misura revocata il 1º marzo 2026, prima dell’entrata in vigore"
    )


@pytest.mark.parametrize(
    ("occurred", "day", "words"),
    [
        (
            "2019-05-20/2020-08-13",
            "2020-08-13",
            "In force since 20 May 2019, until 13 August 2020",
        ),
        ("2019-05-20/2020-08-13", "2020-08-14", "Ended on 13 August 2020"),
        ("2022-10-07/..", "2026-01-01", "In force since 7 October 2022"),
        ("/2025-12-31", "2025-01-01", "In force, until 31 December 2025"),
        (
            "2019-05-16T16:15:00-04:00",
            "2019-05-16",
            "In force since 16 May 2019, 16:15 (UTC−4)",
        ),
        (
            "2030-01-01/2030-12-31",
            "2026-01-01",
            "Not yet in force: takes effect 1 January – 31 December 2030",
        ),
        # Known no better than the year, and told before it: not sure before it is over.
        ("2021", "2021-06-01", "Not yet in force: takes effect in 2021"),
        ("2021", "2021-12-31", "In force since 2021"),
        (
            "../2021-12-31",
            "2021-06-01",
            "Not yet in force: takes effect by end of 2021",
        ),
    ],
)
def test_a_measure_has_a_date_of_its_own(occurred: str, day: str, words: str) -> None:
    rule = entry_of(
        recorded("rule", occurred=occurred, measure=True, said="2019-01-01"),
    )

    assert told(on=day, rule=rule) == words


def test_what_was_told_in_its_month_was_told_as_a_fact() -> None:
    rule = entry_of(
        recorded("rule", occurred="2021-06", measure=True, said="2021-06-14")
    )

    assert told(on="2021-06-20", rule=rule) == "In force since June 2021"


def test_a_promised_measure_is_in_force_once_it_was_fulfilled() -> None:
    promise = recorded("rule", occurred="2026-06", awaited=True, measure=True)

    waiting = entry_of(promise)
    kept = entry_of(promise, fulfilled("rule", occurred="2026-06-30"))

    assert told(on="2026-11-23", rule=waiting) == (
        "Was due to take effect in June 2026: no confirmation recorded"
    )
    assert told(on="2026-11-23", rule=kept) == "In force since 30 June 2026"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["suspends", "rescinds", "resumes", "brings-into-force"]),
            _DATES,
            st.booleans(),
        ),
        max_size=5,
    ),
    st.integers(0, 41_000),
)
def test_every_combination_of_links_has_an_answer_in_words(
    links: list[tuple[str, HistoricDate, bool]], day: int
) -> None:
    """And nothing is in force by an entry that lies ahead."""
    acting = [AMENDED]
    for number, (rel, date, awaited) in enumerate(links):
        fact = recorded(f"e{number}", occurred=date.edtf, awaited=awaited)
        acting.append(one(rel, fact))

    found = in_force(RULE, acting, day=day)

    assert found is not None
    assert force_label(found, "en")
    assert force_label(found, "it")
    if found.state is Force.IN_FORCE and found.since is not None:
        assert found.since.lo // DAY_S <= day
