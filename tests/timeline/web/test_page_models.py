"""What pages decide to say, before any template."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events import dates
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
from timeline.feeds import web_address
from timeline.projections import Entry, Filter, State, fold
from timeline.store import Page
from timeline.web.pages.cards import (
    PAIRS,
    make_card,
    make_years,
    mark_categories,
    shape_of,
)
from timeline.web.pages.languages import load_languages
from timeline.web.pages.listing import make_chips
from timeline.web.pages.record import (
    make_history,
    make_others,
    make_related,
    rel_words,
)
from timeline.web.pages.words import (
    Note,
    Reader,
    Text,
    correction_note,
    direction,
    gap_words,
    kept,
    precision_note,
    revision_note,
    state_note,
    texts,
)

LANGUAGES = load_languages("en")
ENGLISH = LANGUAGES.reader(None, at=NOON)
ITALIAN = LANGUAGES.reader("it", at=NOON)


def entry_of(*facts: NewEvent, at: datetime = NOON) -> Entry:
    entry = fold(history(*facts, start=at, every=timedelta()))
    assert entry is not None
    return entry


def told(note: Note | None) -> str:
    """The chip and its words as they are read."""
    assert note is not None
    return " ".join(filter(None, [note.label, note.words, note.reason]))


def dated(*edtf: str) -> list[Entry]:
    entries = [
        entry_of(recorded(f"e{nth}", occurred=text)) for nth, text in enumerate(edtf)
    ]
    return sorted(entries, key=lambda one: (one.sort_key, -one.hi, one.id))


# -- states --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            [recorded(occurred="../2027-12-31", awaited=True, said="2026-11-01")],
            "expected due by end of 2027, open since 1 November 2026",
        ),
        (
            [recorded(occurred="2026-11-10", awaited=True)],
            "overdue was due 10 November 2026; no outcome recorded",
        ),
        (
            [recorded(occurred="2027-05-01", awaited=True), postponed()],
            "postponed without a date; was due 1 May 2027",
        ),
        (
            [
                recorded(occurred="2027-05-01", awaited=True),
                cancelled(reason="The rule was withdrawn."),
            ],
            (
                "cancelled 23 November 2026, 159 days before it was due"
                " The rule was withdrawn."
            ),
        ),
        ([recorded(), retracted(reason="It was a hoax.")], "retracted It was a hoax."),
        ([recorded(occurred="2027-05-01")], "upcoming"),
        ([recorded(occurred="2022-10-07/..")], "ongoing"),
        (
            [
                recorded(occurred="../2025-12-31", awaited=True, said="2025-07-26"),
                fulfilled(occurred="2025-11-27"),
            ],
            "fulfilled 27 November 2025, 34 days before the window closed",
        ),
    ],
)
def test_a_state_is_told_in_words(facts: Sequence[NewEvent], words: str) -> None:
    assert told(state_note(entry_of(*facts), ENGLISH)) == words


@pytest.mark.parametrize("occurred", ["1969-07-20", "2026-11-23"])
def test_what_simply_happened_needs_no_word(occurred: str) -> None:
    """Also on its own day, whose window is still open."""
    assert state_note(entry_of(recorded(occurred=occurred)), ENGLISH) is None


@pytest.mark.parametrize(
    ("promised", "occurred", "words"),
    [
        ("../2025-12-31", "2025-11-27", "34 days before the window closed"),
        ("../2025-12-31", "2025-12-30", "1 day before the window closed"),
        ("../2025-12-31", "2025-12-31", "on the last day of the window"),
        ("../2025-12-31", "2026-01-02", "2 days late"),
        ("../2025-12-31", "2025-11", "about 31 days before the window closed"),
        ("../2025-12-31", "2025-11-27~", "about 34 days before the window closed"),
        ("2025-10/2025-12", "2025-09-30", "1 day before the window opened"),
        ("2025-10-01/..", "2026-09-30", "in time"),
        ("2025-05-15", "2025-05-15", "as promised"),
        # It may have been in time or late: nobody can say.
        ("../2025-12-15", "2025-12", ""),
        ("../2025-12-15", "2025-12-01/..", ""),
    ],
)
def test_how_a_promise_was_kept(promised: str, occurred: str, words: str) -> None:
    assert kept(dates.parse(promised), dates.parse(occurred), ENGLISH) == words


@pytest.mark.parametrize(
    ("edtf", "words"), [("2025", "year only"), ("2025-07", "month only")]
)
def test_a_date_without_a_day_says_so(edtf: str, words: str) -> None:
    assert told(precision_note(dates.parse(edtf), ENGLISH)) == words


@pytest.mark.parametrize("edtf", ["2025-07-26", "2025/2026", "2025~", "201X"])
def test_a_date_that_tells_its_precision_in_words_gets_no_chip(edtf: str) -> None:
    assert precision_note(dates.parse(edtf), ENGLISH) is None


TWO = [{"url": f"https://news.example/{number}"} for number in (1, 2)]


@pytest.mark.parametrize(
    ("facts", "shape"),
    [
        ([recorded(sources=TWO)], "solid"),
        ([recorded(occurred="1969~", sources=TWO)], "dashed"),
        ([recorded(sources=TWO[:1])], "dashed"),
        ([recorded(occurred="2027", awaited=True, sources=TWO)], "hollow"),
        ([recorded(sources=TWO), retracted()], "hollow"),
    ],
)
def test_doubt_has_a_shape(facts: Sequence[NewEvent], shape: str) -> None:
    assert shape_of(entry_of(*facts)) == shape


# -- changes -------------------------------------------------------------------------


def test_a_correction_tells_when_and_what_it_was() -> None:
    entry = entry_of(recorded(occurred="2023-11-16"), corrected(occurred="2023-11-17"))

    note = told(correction_note(entry, ENGLISH))

    assert note == "corrected 23 November 2026: was 16 November 2023"


def test_corrections_are_counted() -> None:
    entry = entry_of(
        recorded(), corrected(title="Apollo"), corrected(title="Apollo 11")
    )

    note = told(correction_note(entry, ENGLISH))

    assert note == "corrected 2 times, last 23 November 2026: was “Apollo”"


def test_a_correction_of_neither_date_nor_title_names_the_fields() -> None:
    entry = entry_of(recorded(), corrected(summary="Better.", places=["Moon"]))

    note = told(correction_note(entry, ENGLISH))

    assert note == "corrected 23 November 2026: Summary and Places"


@pytest.mark.parametrize(
    ("before", "after", "awaited", "words"),
    [
        (
            "../2025-12-31",
            "../2026-03-31",
            True,
            "slipped on 1 September 2025: was by end of 2025, now by end of March 2026",
        ),
        ("2025-35", "2025-36", True, "slipped from Q3 to Q4 2025 on 1 September 2025"),
        (
            "2025-10-01/2025-10-31",
            "2025-10-01/2025-12-31",
            False,
            "extended from 31 October to 31 December 2025 on 1 September 2025",
        ),
        (
            "2025-10-01/2025-10-31",
            "2025-10-01/2025-10-15",
            False,
            "shortened from 31 to 15 October 2025 on 1 September 2025",
        ),
        (
            "2025",
            "2025-11",
            True,
            "narrowed on 1 September 2025: was 2025, now November 2025",
        ),
        (
            "2025-11",
            "2025-10",
            True,
            "brought forward from November to October 2025 on 1 September 2025",
        ),
        (
            "2025-11",
            "2025-12",
            False,
            "moved later from November to December 2025 on 1 September 2025",
        ),
        (
            "2025-11",
            "2025",
            False,
            "widened on 1 September 2025: was November 2025, now 2025",
        ),
    ],
)
def test_the_direction_of_a_revision_is_computed(
    before: str, after: str, awaited: bool, words: str
) -> None:
    entry = entry_of(
        recorded(occurred=before, awaited=awaited, said="2025-07-26"),
        revised(occurred=after, said="2025-09-01"),
    )

    assert told(revision_note(entry, ENGLISH)) == words


def test_history_tells_each_event_with_old_and_new() -> None:
    facts = [
        recorded(occurred="../2025-12-31", awaited=True, said="2025-07-26"),
        corrected(translations={"it": {"title": "Luna"}}, reason="It was missing."),
        fulfilled(occurred="2025-11-27", said="2025-11-27"),
    ]
    events = history(*facts)

    latest, second, first = make_history(entry_of(*facts), events, ENGLISH)

    assert (latest.label, second.label, first.label) == (
        "Fulfilled",
        "Corrected",
        "Recorded",
    )
    (move,) = latest.differences
    assert (move.name, move.before, move.after) == (
        "Date",
        "by end of 2025",
        "27 November 2025",
    )
    (translated,) = second.differences
    assert (translated.name, translated.before, translated.after, translated.lang) == (
        "Title (Italiano)",
        "",
        "Luna",
        "it",
    )
    assert second.reason == "It was missing."
    assert first.said == "26 July 2025"


# -- grouping ------------------------------------------------------------------------


def headings(entries: Sequence[Entry], reader: Reader = ENGLISH) -> list[str]:
    """Years and months in order, ``2025 > July 2025``."""
    years = make_years(entries, reader, order="asc", marks={})
    return [f"{year.label} > {month.label}" for year in years for month in year.months]


def test_entries_stand_under_years_and_months() -> None:
    entries = dated("2019-05-15", "2019-05-20/2020-08-13", "2019-10/..", "2020-01-01")

    assert headings(entries) == [
        "2019 > May 2019",
        "2019 > October 2019",
        "2020 > January 2020",
    ]


def test_what_names_no_month_stands_where_its_first_day_sorts_it() -> None:
    entries = dated("201X", "2010", "2010-01-05", "2010-09-30", "2010-36", "2010-10-02")

    assert headings(entries) == [
        "2010s > ",
        "2010 > Month not given",
        "2010 > January 2010",
        "2010 > September 2010",
        "2010 > Q4 2010",
        "2010 > October 2010",
    ]


def test_a_deadline_stands_at_its_end() -> None:
    entries = dated("../2025-12-31", "../2026", "/2027-06")

    assert headings(entries) == [
        "2025 > December 2025",
        "2026 > December 2026",
        "2027 > June 2027",
    ]


def test_headings_are_in_the_readers_language_and_of_any_year() -> None:
    assert headings(dated("-0043-03-15"), ITALIAN) == ["44 a.C. > marzo 44 a.C."]


def test_newest_first_is_the_exact_reverse() -> None:
    entries = dated("2020", "2020-01-05", "2020-06-07", "2021")

    ways = (
        make_years(entries, ENGLISH, order="asc", marks={}),
        make_years(entries[::-1], ENGLISH, order="desc", marks={}),
    )

    forth, back = (
        [card.id for year in way for month in year.months for card in month.cards]
        for way in ways
    )
    assert forth == back[::-1]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (14, ""),
        (15, "15 days later"),
        (49, "7 weeks later"),
        (120, "4 months later"),
        (1000, "3 years later"),
    ],
)
def test_a_gap_is_told_if_it_exceeds_two_weeks(days: int, words: str) -> None:
    assert gap_words(days, ENGLISH, backwards=False) == words


def test_a_gap_counts_calendar_days() -> None:
    years = make_years(
        dated("2025-11-10", "2025-11-27"), ENGLISH, order="asc", marks={}
    )

    assert years[0].months[0].cards[0].gap == "17 days later"


def test_a_gap_to_an_unknown_month_is_not_told() -> None:
    entries = dated("2019-05-01", "2020", "2021-07-01", "2021-09-01")

    years = make_years(entries, ENGLISH, order="asc", marks={})

    gaps = [card.gap for year in years for month in year.months for card in month.cards]
    assert gaps == ["", "", "2 months later", ""]


# -- categories ----------------------------------------------------------------------


def test_eight_categories_have_eight_marks() -> None:
    names = [f"category-{nth}" for nth in range(PAIRS)]

    marks = mark_categories(names, ENGLISH)

    assert {marks[name].pair for name in names} == set(range(PAIRS))


def test_from_the_ninth_category_on_there_is_no_mark_of_its_own() -> None:
    marks = mark_categories((f"category-{nth}" for nth in range(PAIRS + 3)), ENGLISH)

    assert sum(mark.pair is None for mark in marks.values() if mark.name) == 3


def test_a_category_keeps_its_mark_when_others_come_that_prefer_another() -> None:
    few = mark_categories(["product", "conference"], ENGLISH)
    more = mark_categories(
        ["product", "conference", "alliance", "export-controls"], ENGLISH
    )

    assert [few[one].pair for one in ("product", "conference")] == [
        more[one].pair for one in ("product", "conference")
    ]


# -- languages, links, filters --------------------------------------------------------


def test_an_entry_is_told_in_the_readers_language_where_translated() -> None:
    entry = entry_of(
        recorded(
            title="Moon",
            summary="Landed.",
            lang="en",
            translations={"it": {"title": "Luna"}},
        )
    )

    title, summary = texts(entry, ITALIAN)

    assert (title.words, title.lang) == ("Luna", "")
    assert (summary.words, summary.lang) == ("Landed.", "en")


def test_a_page_is_offered_in_every_language_with_its_path_and_query() -> None:
    alone = replace(ENGLISH, offered=("en",))
    assert alone.switch("/") == []
    links = ITALIAN.switch("/entries/moon", [("lang", "it"), ("q", "a b"), ("to", "")])
    assert [(one.words, one.href, one.chosen) for one in links] == [
        ("English", "/entries/moon?q=a+b", False),
        ("Italiano", "/entries/moon?q=a+b&lang=it", True),
    ]


def test_the_switch_leads_to_no_other_site() -> None:
    """Not even from the page of an error, whose path may be anything."""
    assert ITALIAN.switch("//evil.example/")[0].href == "/evil.example/"


def test_every_original_and_translation_is_one_step_away() -> None:
    translated = {"it": {"title": "Luna"}, "fr": {"title": "Lune"}}
    entry = entry_of(recorded("moon", lang="en", translations=translated))

    def others(reader: Reader) -> list[tuple[str, str, bool]]:
        return [(one.words, one.href, one.chosen) for one in make_others(entry, reader)]

    assert others(ITALIAN) == [
        ("English", "/entries/moon", True),
        ("Français", "/entries/moon?lang=fr", False),
    ]
    assert [words for words, *_ in others(ENGLISH)] == ["Français", "Italiano"]
    assert make_others(entry_of(recorded("moon", lang="en")), ENGLISH) == []


def test_a_language_without_a_catalogue_is_that_of_entries_only() -> None:
    translated = {"fr": {"title": "Lune"}}
    entry = entry_of(recorded("moon", lang="en", translations=translated))
    french = LANGUAGES.reader("fr", at=NOON)

    assert (french.lang, french.say("Views")) == ("en", "Views")
    assert texts(entry, french)[0] == Text(words="Lune", lang="fr")
    assert french.href("/") == "/?lang=fr"
    assert [one.chosen for one in french.switch("/")] == [True, False]


@pytest.mark.parametrize(
    ("lang", "start"),
    [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("az-Arab", "rtl"),
     ("ar-Latn", "ltr"), ("zh-Hant", "ltr")],
)  # fmt: skip
def test_a_language_has_its_direction(lang: str, start: str) -> None:
    assert direction(lang) == start


def test_numbers_and_lists_are_written_as_each_language_does() -> None:
    assert [ENGLISH.number(n) for n in (0, 9_999, 1_234_567)] == [
        "0",
        "9999",
        "1,234,567",
    ]
    assert ITALIAN.number(1_234_567) == "1.234.567"
    assert [ENGLISH.listed(w) for w in ((), "A", "AB", "ABC")] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]
    assert ITALIAN.listed("ABC") == "A, B e C"
    assert [ITALIAN.count("{n} day", "{n} days", n) for n in (0, 1, 2)] == [
        "0 giorni",
        "1 giorno",
        "2 giorni",
    ]


def test_a_chip_takes_away_its_own_filter_only() -> None:
    wanted = Filter(actor=("Huawei", "Nvidia"), start=dates.parse("2019"))

    chips = make_chips(ITALIAN, "/views/x", wanted, "asc")

    assert [(one.label, one.words, one.href) for one in chips] == [
        ("Protagonista", "Huawei", "/views/x?actor=Nvidia&from=2019&order=asc&lang=it"),
        ("Protagonista", "Nvidia", "/views/x?actor=Huawei&from=2019&order=asc&lang=it"),
        ("Da", "2019", "/views/x?actor=Huawei&actor=Nvidia&order=asc&lang=it"),
    ]


def test_relations_read_in_both_directions() -> None:
    assert rel_words("amends", ENGLISH, backwards=False) == "Amends"
    assert rel_words("amends", ENGLISH, backwards=True) == "Amended by"
    assert rel_words("cites-as", ENGLISH, backwards=True) == "Cites as (of this)"
    assert rel_words("resumes", ENGLISH, backwards=False) == "Return of"
    assert rel_words("resumes", ITALIAN, backwards=True) == "Riprende con"
    effect = [
        rel_words("brings-into-force", ENGLISH, backwards=back)
        for back in (False, True)
    ]
    assert effect == ["Effective date of", "Takes effect with"]


def test_a_link_to_nothing_keeps_its_name() -> None:
    entry = entry_of(recorded(links=[{"rel": "follows", "entry": "lost"}]))

    related = make_related(entry, ENGLISH, marks={}, targets={}, backlinks=[])

    assert [(one.title.words, one.href) for one in related["Follows"]] == [("lost", "")]


def test_weight_is_given_sparingly() -> None:
    weights = [
        make_card(entry_of(recorded(importance=n, summary="S")), ENGLISH, marks={})
        for n in (10, 50, 90)
    ]

    assert [card.weight for card in weights] == ["minor", "", "leading"]
    assert [bool(card.summary) for card in weights] == [False, False, True]


def test_only_web_addresses_become_links() -> None:
    assert web_address("javascript:alert(1)") is None


def test_the_moment_of_a_view_turns_from_into_since() -> None:
    ongoing = dates.parse("2022-10-07/..")
    before = Reader(lang="en", at=datetime(2020, 1, 1, tzinfo=UTC))

    assert ENGLISH.label(ongoing) == "since 7 October 2022"
    assert before.label(ongoing) == "from 7 October 2022"


def test_a_page_without_entries_has_no_years() -> None:
    page = Page([], None)

    assert make_years(page.entries, ENGLISH, order="desc", marks={}) == []


def test_a_retracted_card_is_struck() -> None:
    card = make_card(entry_of(recorded(), retracted()), ENGLISH, marks={})

    assert card.struck
    assert entry_of(recorded(), retracted()).state is State.RETRACTED
