"""Dates of stated precision: what is read, refused, ordered and told."""

import pickle
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.dates import (
    OPEN,
    DateError,
    HistoricDate,
    civil,
    day_of,
    from_instant,
    from_to,
    label,
    month_label,
    parse,
    parts,
    restore,
    since,
    span_of,
    when,
    year_label,
)

DAY_S = 86_400
EPOCH = date(1970, 1, 1)


def second(text: str) -> int:
    """Epoch seconds of a UTC instant, by another implementation than ours."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def refusal(text: str) -> DateError:
    with pytest.raises(DateError) as refused:
        parse(text)
    return refused.value


# What can be written: texts of which all must be read.

marks = st.sampled_from(["", "~", "?", "%"])
years = st.integers(-9_999, 9_999).map(lambda y: f"{y:05}" if y < 0 else f"{y:04}")
real_days = st.dates().map(date.isoformat)
parts_of_year = st.sampled_from(
    [f"{n:02}" for n in [*range(1, 13), *range(21, 25), *range(33, 42)]] + ["XX"]
)
any_dates = st.one_of(
    years,
    real_days,
    st.builds("{}-{}-{:02}".format, years, st.just("03"), st.integers(1, 31)),
    st.builds("{}-{}".format, years, parts_of_year),
    st.builds("{}-{}-XX".format, years, st.sampled_from(["02", "12", "XX"])),
    st.integers(0, 999).map("{:03}X".format),
    st.integers(0, 99).map("{:02}XX".format),
    st.integers(10_000, 10**8).flatmap(lambda y: st.sampled_from([f"Y{y}", f"Y-{y}"])),
)
instants = st.builds(
    "{}T{:02}:{:02}{}{}".format,
    real_days,
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(["", ":00", ":59"]),
    st.sampled_from(["Z", "+00:00", "-04:00", "+05:30", "+08", "-12:00"]),
)
pieces = st.one_of(st.builds("{}{}".format, any_dates, marks), instants)
in_order = st.lists(pieces, min_size=2, max_size=4, unique_by=lambda t: parse(t).edtf)
texts = st.one_of(
    pieces,
    st.tuples(pieces, pieces).map(
        lambda pair: "/".join(sorted(pair, key=lambda text: parse(text).lo))
    ),
    st.builds("{}/{}".format, st.sampled_from(["", ".."]), pieces),
    st.builds("{}/{}".format, pieces, st.sampled_from(["", ".."])),
    in_order.map(",".join).filter(lambda t: len(t) < 119).map("[{}]".format),
)
dates = texts.map(parse)
languages = st.sampled_from(["en", "it", "it-CH", "EN-gb", "ja", ""])


# Words

WORDS = [
    # The table "What a reader sees" of the specification.
    ("2025-07-26", "26 July 2025", "26 luglio 2025"),
    ("2025-07-01", "1 July 2025", "1º luglio 2025"),
    ("2025-07", "July 2025", "luglio 2025"),
    ("2025-07-26/2025-07-28", "26–28 July 2025", "26–28 luglio 2025"),
    (
        "2025-07-26/2025-09-02",
        "26 July – 2 September 2025",
        "26 luglio – 2 settembre 2025",
    ),
    (
        "2025-12-30/2026-01-02",
        "30 December 2025 – 2 January 2026",
        "30 dicembre 2025 – 2 gennaio 2026",
    ),
    ("2025-07/2025-09", "July–September 2025", "luglio–settembre 2025"),
    ("../2025-12-31", "by end of 2025", "entro la fine del 2025"),
    ("../2025-09-30", "by end of September 2025", "entro la fine di settembre 2025"),
    ("../2025-12-24", "by 24 December 2025", "entro il 24 dicembre 2025"),
    ("../2025-12-08", "by 8 December 2025", "entro l'8 dicembre 2025"),
    ("2025-10-01/..", "from 1 October 2025", "dal 1º ottobre 2025"),
    (
        "/2025-12-31",
        "until 31 December 2025, start unknown",
        "fino al 31 dicembre 2025, inizio ignoto",
    ),
    ("2022~", "around 2022", "intorno al 2022"),
    ("2025-07~", "around July 2025", "intorno a luglio 2025"),
    ("2025-07-11~", "around 11 July 2025", "intorno all'11 luglio 2025"),
    ("2025?", "2025 (uncertain)", "2025 (incerto)"),
    ("2025%", "around 2025 (uncertain)", "intorno al 2025 (incerto)"),
    ("2025-36", "Q4 2025", "quarto trimestre 2025"),
    ("2025-41", "second half of 2025", "secondo semestre 2025"),
    ("2025-37", "first four months of 2025", "primo quadrimestre 2025"),
    ("2025-24", "winter 2025–26", "inverno 2025–26"),
    ("201X", "2010s", "anni 2010"),
    ("2025-XX", "2025, month unknown", "2025, mese ignoto"),
    ("[2025-07-26,2025-07-27]", "26 or 27 July 2025", "26 o 27 luglio 2025"),
    (
        "2019-05-16T16:15:00-04:00",
        "16 May 2019, 16:15 (UTC−4)",
        "16 maggio 2019, 16:15 (UTC−4)",
    ),
    ("-0044-03-15", "15 March 45 BCE", "15 marzo 45 a.C."),
    # Everything else that is read: deadlines and open ends …
    ("../2025-07-31", "by end of July 2025", "entro la fine di luglio 2025"),
    ("../2024-02-29", "by end of February 2024", "entro la fine di febbraio 2024"),
    ("../2024-02-28", "by 28 February 2024", "entro il 28 febbraio 2024"),
    ("../2025-07", "by end of July 2025", "entro la fine di luglio 2025"),
    ("../2025", "by end of 2025", "entro la fine del 2025"),
    ("../0800", "by end of 800", "entro la fine dell'800"),
    ("../2025-36", "by end of Q4 2025", "entro la fine del quarto trimestre 2025"),
    (
        "../2025-40",
        "by end of the first half of 2025",
        "entro la fine del primo semestre 2025",
    ),
    ("../2025-22", "by end of summer 2025", "entro la fine dell'estate 2025"),
    ("../2025-21", "by end of spring 2025", "entro la fine della primavera 2025"),
    ("../201X", "by end of the 2010s", "entro la fine degli anni 2010"),
    ("../2025-07-XX", "by July 2025, day unknown", "entro luglio 2025, giorno ignoto"),
    ("../2025-12-01", "by 1 December 2025", "entro il 1º dicembre 2025"),
    (
        "../2025-12-31~",
        "by end of 2025 (approximate)",
        "entro la fine del 2025 (approssimativo)",
    ),
    (
        "../2025-07-31%",
        "by end of July 2025 (approximate, uncertain)",
        "entro la fine di luglio 2025 (approssimativo, incerto)",
    ),
    (
        "../2019-05-16T16:15Z",
        "by 16 May 2019, 16:15 (UTC)",
        "entro il 16 maggio 2019, 16:15 (UTC)",
    ),
    ("2025-10/..", "from October 2025", "da ottobre 2025"),
    ("2025-08-11/..", "from 11 August 2025", "dall'11 agosto 2025"),
    ("2025-41/..", "from the second half of 2025", "dal secondo semestre 2025"),
    ("201X/..", "from the 2010s", "dagli anni 2010"),
    ("2025-21/..", "from spring 2025", "dalla primavera 2025"),
    ("2025-10/", "from October 2025, end unknown", "da ottobre 2025, fine ignota"),
    (
        "/2025-08-08",
        "until 8 August 2025, start unknown",
        "fino all'8 agosto 2025, inizio ignoto",
    ),
    (
        "/2025-04",
        "until April 2025, start unknown",
        "fino ad aprile 2025, inizio ignoto",
    ),
    # … both ends …
    ("2022/2023", "2022–2023", "2022–2023"),
    ("2022~/2023", "around 2022 – 2023", "intorno al 2022 – 2023"),
    ("19XX/200X", "1900–1999 – 2000–2009", "1900–1999 – 2000–2009"),
    (
        "2022?/2023~",
        "2022 (uncertain) – around 2023",
        "2022 (incerto) – intorno al 2023",
    ),
    ("2025-07/2026-02", "July 2025 – February 2026", "luglio 2025 – febbraio 2026"),
    ("2025-07-26/2025-07-26", "26 July 2025", "26 luglio 2025"),
    ("2025-07-26/2025-07", "26 July 2025 – July 2025", "26 luglio 2025 – luglio 2025"),
    (
        "2025-33/2025-36",
        "Q1 2025 – Q4 2025",
        "primo trimestre 2025 – quarto trimestre 2025",
    ),
    (
        "2019-05-16T16:15Z/2019-05-16T18:00Z",
        "16 May 2019, 16:15–18:00 (UTC)",
        "16 maggio 2019, 16:15–18:00 (UTC)",
    ),
    (
        "2019-05-16T16:15:30+05:30/2019-05-18",
        "16 May 2019, 16:15:30 (UTC+5:30) – 18 May 2019",
        "16 maggio 2019, 16:15:30 (UTC+5:30) – 18 maggio 2019",
    ),
    # … sets …
    ("[2025-07,2025-08]", "July or August 2025", "luglio o agosto 2025"),
    (
        "[2025-07,2025-09-01]",
        "July 2025 or 1 September 2025",
        "luglio 2025 o 1º settembre 2025",
    ),
    (
        "[2025-07-26,2025-07-01,2025-09-02]",
        "1 July, 26 July or 2 September 2025",
        "1º luglio, 26 luglio o 2 settembre 2025",
    ),
    ("[2022,2024~]", "2022 or around 2024", "2022 o intorno al 2024"),
    # … parts of years, decades, centuries …
    ("2025-38", "middle four months of 2025", "secondo quadrimestre 2025"),
    ("2025-39", "last four months of 2025", "terzo quadrimestre 2025"),
    ("2025-36~", "around Q4 2025", "intorno al quarto trimestre 2025"),
    ("2025-41~", "around the second half of 2025", "intorno al secondo semestre 2025"),
    ("2025-21?", "spring 2025 (uncertain)", "primavera 2025 (incerta)"),
    ("2025-22~", "around summer 2025", "intorno all'estate 2025"),
    ("1999-24", "winter 1999–2000", "inverno 1999–2000"),
    ("2008-24", "winter 2008–09", "inverno 2008–09"),
    ("0000-24", "winter 1 BCE – 1 CE", "inverno 1 a.C. – 1 d.C."),
    ("201X?", "2010s (uncertain)", "anni 2010 (incerti)"),
    ("201X~", "around the 2010s", "intorno agli anni 2010"),
    ("200X", "2000–2009", "2000–2009"),
    ("19XX", "1900–1999", "1900–1999"),
    ("2025-07-XX", "July 2025, day unknown", "luglio 2025, giorno ignoto"),
    ("2025-XX-XX", "2025, month and day unknown", "2025, mese e giorno ignoti"),
    ("2025-04~", "around April 2025", "intorno ad aprile 2025"),
    # … and far or early years.
    ("0000", "1 BCE", "1 a.C."),
    ("0014-08-19", "19 August 14 CE", "19 agosto 14 d.C."),
    ("-0044/-0042", "45–43 BCE", "45–43 a.C."),
    ("-0044/0325", "45 BCE – 325 CE", "45 a.C. – 325 d.C."),
    ("0014/0037", "14–37 CE", "14–37 d.C."),
    ("000X", "1 BCE – 9 CE", "1 a.C. – 9 d.C."),
    ("Y10000", "10,000 CE", "10.000 d.C."),
    ("Y-9999999", "10,000,000 BCE", "10.000.000 a.C."),
    ("-0010~", "around 11 BCE", "intorno all'11 a.C."),
    ("Y11000~", "around 11,000 CE", "intorno all'11.000 d.C."),
    ("1100~", "around 1100", "intorno al 1100"),
]


@pytest.mark.parametrize(("edtf", "english", "italian"), WORDS)
def test_a_date_is_told_in_the_reader_s_language(
    edtf: str, english: str, italian: str
) -> None:
    assert label(parse(edtf)) == english
    assert label(parse(edtf), "it") == italian


@pytest.mark.parametrize(
    ("edtf", "english", "italian"),
    [
        ("2025-08-05", "on 5 August 2025", "il 5 agosto 2025"),
        ("2025-08-08", "on 8 August 2025", "l'8 agosto 2025"),
        ("2025-08-01", "on 1 August 2025", "il 1º agosto 2025"),
        ("2025-08", "in August 2025", "ad agosto 2025"),
        ("2025-07", "in July 2025", "a luglio 2025"),
        ("2025", "in 2025", "nel 2025"),
        ("0008", "in 8 CE", "nell'8 d.C."),
        ("2025-36", "in Q4 2025", "nel quarto trimestre 2025"),
        ("2025-24", "in winter 2025–26", "nell'inverno 2025–26"),
        ("201X", "in the 2010s", "negli anni 2010"),
        (
            "2019-05-16T16:15:00-04:00",
            "on 16 May 2019, 16:15 (UTC−4)",
            "il 16 maggio 2019, 16:15 (UTC−4)",
        ),
        ("2025~", "around 2025", "intorno al 2025"),
        ("../2025", "by end of 2025", "entro la fine del 2025"),
        ("2025-07-26/2025-07-28", "26–28 July 2025", "26–28 luglio 2025"),
        # No preposition goes with these.
        ("2025?", "2025 (uncertain)", "2025 (incerto)"),
        ("2025-XX", "(2025, month unknown)", "(2025, mese ignoto)"),
        ("[2025,2026]", "(2025 or 2026)", "(2025 o 2026)"),
    ],
)
def test_a_date_is_joined_to_what_happened_then(
    edtf: str, english: str, italian: str
) -> None:
    assert when(parse(edtf)) == english
    assert when(parse(edtf), "it") == italian


@pytest.mark.parametrize(
    ("edtf", "english", "italian"),
    [
        ("2025-08-08", "since 8 August 2025", "dall'8 agosto 2025"),
        ("2025-36", "since Q4 2025", "dal quarto trimestre 2025"),
        ("2025~", "around 2025", "intorno al 2025"),
    ],
)
def test_a_date_is_told_as_a_beginning(edtf: str, english: str, italian: str) -> None:
    assert since(parse(edtf)) == english
    assert since(parse(edtf), "it") == italian


@pytest.mark.parametrize(
    ("old", "new", "english", "italian"),
    [
        (
            "2025-35",
            "2025-36",
            "from Q3 to Q4 2025",
            "dal terzo al quarto trimestre 2025",
        ),
        (
            "2025-08-01",
            "2025-08-08",
            "from 1 to 8 August 2025",
            "dal 1º all'8 agosto 2025",
        ),
        (
            "2025-40",
            "2025-41",
            "from the first to the second half of 2025",
            "dal primo al secondo semestre 2025",
        ),
        (
            "2025-11",
            "2026-04",
            "from November 2025 to April 2026",
            "da novembre 2025 ad aprile 2026",
        ),
        ("-0044", "-0043", "from 45 to 44 BCE", "dal 45 al 44 a.C."),
        # Of what began alike, the ends are told.
        (
            "2019-05-20/2019-08-19",
            "2019-05-20/2019-11-18",
            "from 19 August to 18 November 2019",
            "dal 19 agosto al 18 novembre 2019",
        ),
        # A clock shared by both would be read as that of the second.
        (
            "2019-05-16T16:15:00Z",
            "2019-05-17T16:15:00Z",
            "from 16 May 2019, 16:15 (UTC) to 17 May 2019, 16:15 (UTC)",
            "dal 16 maggio 2019, 16:15 (UTC) al 17 maggio 2019, 16:15 (UTC)",
        ),
        ("../2025", "../2026", "", ""),
        ("2025~", "2026", "", ""),
        ("2025-07-26/2025-07-28", "2025-08-02/2025-08-04", "", ""),
    ],
)
def test_a_move_is_told_with_what_is_common_said_once(
    old: str, new: str, english: str, italian: str
) -> None:
    assert from_to(parse(old), parse(new)) == english
    assert from_to(parse(old), parse(new), "it") == italian


def test_since_takes_the_place_of_from_once_the_whole_first_date_is_past() -> None:
    start = parse("2025-10-01/..")
    on_the_day, next_day = second("2025-10-01 23:59:59"), second("2025-10-02")

    assert label(start, now=on_the_day) == "from 1 October 2025"
    assert label(start, now=next_day) == "since 1 October 2025"
    assert label(start, "it", now=next_day) == "dal 1º ottobre 2025"


def test_what_may_have_ended_is_not_told_with_since() -> None:
    """Nobody knows that it still goes on, as "since" would say."""
    ended = parse("2025-10-01/")
    assert label(ended, now=OPEN) == "from 1 October 2025, end unknown"


@pytest.mark.parametrize(
    ("lang", "words"),
    [("it-CH", "luglio 2025"), ("IT", "luglio 2025"), ("ja", "July 2025")],
)
def test_a_language_without_a_table_reads_english(lang: str, words: str) -> None:
    assert label(parse("2025-07"), lang) == words


def test_months_and_years_have_words_of_their_own() -> None:
    assert month_label(2025, 7, "en") == "July 2025"
    assert month_label(2025, 7, "it") == "luglio 2025"
    assert month_label(-44, 3, "en") == "March 45 BCE"
    assert month_label(0, 12, "it") == "dicembre 1 a.C."
    assert year_label(2025, "it") == "2025"
    assert year_label(-44, "en") == "45 BCE"
    assert year_label(-44, "it") == "45 a.C."


@given(dates, languages, st.none() | st.integers(-(2**53), 2**53))
def test_every_date_has_words(
    historic: HistoricDate, lang: str, now: int | None
) -> None:
    words = label(historic, lang, now=now)

    assert words
    assert words == words.strip()
    assert "{" not in words
    assert "  " not in words


# Bounds

BOUNDS = [
    ("2025", "2025-01-01", "2025-12-31"),
    ("2025-02", "2025-02-01", "2025-02-28"),
    ("2000-02", "2000-02-01", "2000-02-29"),
    ("2025-07-26", "2025-07-26", "2025-07-26"),
    ("2025-21", "2025-03-01", "2025-05-31"),
    ("2025-22", "2025-06-01", "2025-08-31"),
    ("2025-23", "2025-09-01", "2025-11-30"),
    ("2025-24", "2025-12-01", "2026-02-28"),
    ("2025-33", "2025-01-01", "2025-03-31"),
    ("2025-36", "2025-10-01", "2025-12-31"),
    ("2025-37", "2025-01-01", "2025-04-30"),
    ("2025-39", "2025-09-01", "2025-12-31"),
    ("2025-40", "2025-01-01", "2025-06-30"),
    ("2025-41", "2025-07-01", "2025-12-31"),
    ("201X", "2010-01-01", "2019-12-31"),
    ("19XX", "1900-01-01", "1999-12-31"),
    ("2025-XX", "2025-01-01", "2025-12-31"),
    ("2025-02-XX", "2025-02-01", "2025-02-28"),
    ("2025-XX-XX", "2025-01-01", "2025-12-31"),
    ("2025-07-26/2025-07", "2025-07-26", "2025-07-31"),
    ("[2025-09,2025-07-26]", "2025-07-26", "2025-09-30"),
    ("[2025,2025-07-26]", "2025-01-01", "2025-12-31"),
]


@pytest.mark.parametrize(("edtf", "earliest", "latest"), BOUNDS)
def test_bounds_are_the_first_and_last_second_of_the_period(
    edtf: str, earliest: str, latest: str
) -> None:
    historic = parse(edtf)

    assert historic.lo == second(earliest)
    assert historic.hi == second(latest) + DAY_S - 1
    assert (historic.earliest, historic.latest) == (earliest, latest)


@pytest.mark.parametrize(
    ("edtf", "instant"),
    [
        ("2019-05-16T16:15:00-04:00", "2019-05-16T20:15:00Z"),
        ("2025-07-26T01:00:00+08:00", "2025-07-25T17:00:00Z"),
        ("2025-07-26T00:00:00+05:45", "2025-07-25T18:15:00Z"),
        ("2025-07-26T23:59:59Z", "2025-07-26T23:59:59Z"),
    ],
)
def test_an_instant_keeps_its_offset_and_has_bounds_in_utc(
    edtf: str, instant: str
) -> None:
    """Libraries were found that lose the offset."""
    historic = parse(edtf)

    assert historic.edtf == edtf
    assert historic.lo == historic.hi == second(instant.removesuffix("Z"))
    assert historic.earliest == historic.latest == instant


@pytest.mark.parametrize(
    ("given_text", "edtf"),
    [
        ("2019-05-16T16:15-04:00", "2019-05-16T16:15:00-04:00"),
        ("2019-05-16T16:15:00-04", "2019-05-16T16:15:00-04:00"),
        ("2025-07-26T16:15:00+00:00", "2025-07-26T16:15:00Z"),
        ("2025-07-26T16:15:00-00:00", "2025-07-26T16:15:00Z"),
        ("[2025-07-27,2025-07-26,2025-07-27]", "[2025-07-26,2025-07-27]"),
        ("[2025-07-01,2025-07]", "[2025-07,2025-07-01]"),
    ],
)
def test_other_ways_to_write_the_same_come_to_one_text(
    given_text: str, edtf: str
) -> None:
    assert parse(given_text).edtf == edtf


@given(dates)
def test_the_normalised_text_reads_as_itself(historic: HistoricDate) -> None:
    again = parse(historic.edtf)

    assert again == historic
    assert (again.lo, again.hi, again.form) == (historic.lo, historic.hi, historic.form)


@given(dates)
def test_a_date_is_restored_from_its_stored_keys(historic: HistoricDate) -> None:
    restored = restore(historic.edtf, lo=historic.lo, hi=historic.hi)

    assert restored == historic
    for name in ("lo", "hi", "sort_key", "approximate", "uncertain", "form"):
        assert getattr(restored, name) == getattr(historic, name)
    assert label(restored, "it") == label(historic, "it")


@given(dates)
def test_bounds_are_in_order_and_exact_in_json(historic: HistoricDate) -> None:
    assert historic.lo <= historic.hi
    for bound, text in [
        (historic.lo, historic.earliest),
        (historic.hi, historic.latest),
    ]:
        assert (text is None) == (abs(bound) == OPEN)
        assert text is None or abs(bound) < 2**53


@given(st.dates())
def test_a_day_has_the_bounds_the_calendar_gives_it(day: date) -> None:
    historic = parse(day.isoformat())
    start = (day - EPOCH).days * DAY_S

    assert (historic.lo, historic.hi) == (start, start + DAY_S - 1)
    assert civil(historic.lo) == civil(historic.hi) == (day.year, day.month, day.day)
    assert day_of(historic.hi) == day.isoformat()


@given(st.dates(), st.sampled_from(["year", "month", "decade", "half", "quarter"]))
def test_a_period_contains_its_days_and_no_others(day: date, period: str) -> None:
    edtf = {
        "year": f"{day.year:04}",
        "month": f"{day:%Y-%m}".rjust(7, "0"),
        "decade": f"{day.year // 10:03}X",
        "half": f"{day.year:04}-{40 + (day.month > 6)}",
        "quarter": f"{day.year:04}-{33 + (day.month - 1) // 3}",
    }[period]
    outer, inner = parse(edtf), parse(day.isoformat())

    assert outer.lo <= inner.lo
    assert inner.hi <= outer.hi
    for outside in (outer.lo - 1, outer.hi + 1):
        year, month, _ = civil(outside)
        assert (year // 10, year, month) != (day.year // 10, day.year, day.month)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-1_439, 1_439))
def test_instants_agree_with_datetime(at: datetime, offset_min: int) -> None:
    at = at.replace(microsecond=0)
    sign = "-" if offset_min < 0 else "+"
    offset = f"{sign}{abs(offset_min) // 60:02}:{abs(offset_min) % 60:02}"
    local = at.replace(tzinfo=timezone(timedelta(minutes=offset_min)))

    since_epoch = local - datetime(1970, 1, 1, tzinfo=UTC)

    found = parse(f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + offset)
    assert found.lo == since_epoch // timedelta(seconds=1)


@given(st.integers(-(10**13), 10**13))
def test_days_of_any_year_follow_one_another(number: int) -> None:
    """Also where Python's ``date`` and SQLite's division towards zero give up."""
    year, month, day = civil(number * DAY_S)
    tomorrow = civil((number + 1) * DAY_S)

    assert civil(number * DAY_S + DAY_S - 1) == (year, month, day)
    assert tomorrow in {
        (year, month, day + 1),
        (year, month + 1, 1),
        (year + 1, 1, 1),
    }
    # The calendar repeats every 400 years.
    assert civil((number + 146_097) * DAY_S) == (year + 400, month, day)


def test_the_second_before_1970_is_in_1969() -> None:
    """SQLite's ``-1/86400`` is 0."""
    assert day_of(-1) == "1969-12-31"
    assert civil(-1) == (1969, 12, 31)


@pytest.mark.parametrize(
    ("edtf", "earliest"),
    [
        ("-0044-03-15", "-0044-03-15"),
        ("0000", "0000-01-01"),
        ("Y10000", "+10000-01-01"),
        ("Y-10000", "-10000-01-01"),
        ("Y100000000", "+100000000-01-01"),
        ("Y-100000000", "-100000000-01-01"),
    ],
)
def test_years_beyond_four_digits_have_a_sign(edtf: str, earliest: str) -> None:
    historic = parse(edtf)
    assert historic.earliest == earliest
    assert abs(historic.lo) < 2**53


# Open and unknown ends


def test_a_deadline_sorts_at_its_deadline() -> None:
    by_end_of_2025 = parse("../2025-12-31")

    assert by_end_of_2025.lo == -OPEN
    assert by_end_of_2025.sort_key == by_end_of_2025.hi == second("2025-12-31 23:59:59")
    assert (by_end_of_2025.earliest, by_end_of_2025.latest) == (None, "2025-12-31")


def test_an_open_end_sorts_at_its_start() -> None:
    since_october = parse("2025-10-01/..")

    assert since_october.hi == OPEN
    assert since_october.sort_key == since_october.lo
    assert (since_october.earliest, since_october.latest) == ("2025-10-01", None)


def test_unknown_is_not_open_but_has_the_same_bounds() -> None:
    """Unknown ends were found turned into ten years."""
    for unknown, opened in [
        ("/2025-12-31", "../2025-12-31"),
        ("2025/", "2025/.."),
    ]:
        left, right = parse(unknown), parse(opened)
        assert left != right
        assert (left.lo, left.hi, left.sort_key) == (right.lo, right.hi, right.sort_key)


def test_what_is_announced_cannot_have_come_before_it_was_said() -> None:
    promise, said = parse("../2025-12-31"), parse("2025-07-26T12:00:00+08:00")

    assert promise.window(said) == (second("2025-07-26"), promise.hi)
    assert promise.window(None) == (-OPEN, promise.hi)
    assert promise.window(parse("/2025-07-26")) == (-OPEN, promise.hi)


def test_a_window_never_starts_after_its_end() -> None:
    promise = parse("../2025-12-31")
    assert promise.window(parse("2026-01-05")) == (promise.hi, promise.hi)


@pytest.mark.parametrize("edtf", ["/2025-12-31", "2025", "2025/..", "[2024,2025]"])
def test_only_an_open_start_is_bounded_by_what_was_said(edtf: str) -> None:
    historic = parse(edtf)
    assert historic.window(parse("2025-07-26")) == (historic.lo, historic.hi)


# Flags, keys, equality


@pytest.mark.parametrize(
    ("edtf", "approximate", "uncertain"),
    [
        ("2025-36", False, False),
        ("2025-36~", True, False),
        ("2025-07-26?", False, True),
        ("2025%", True, True),
        ("2022~/2023", True, False),
        ("2022/2023?", False, True),
        ("2022~/2023?", True, True),
        ("../2025~", True, False),
        ("[2022,2023?]", False, True),
    ],
)
def test_marks_are_flags_and_never_widen_the_bounds(
    edtf: str, approximate: bool, uncertain: bool
) -> None:
    historic = parse(edtf)
    plain = parse(edtf.translate(dict.fromkeys(map(ord, "~?%"))))

    assert (historic.approximate, historic.uncertain) == (approximate, uncertain)
    assert (historic.lo, historic.hi) == (plain.lo, plain.hi)


def test_equality_is_on_the_text() -> None:
    year, some_month = parse("2025"), parse("2025-XX")

    assert year != some_month
    assert (year.lo, year.hi) == (some_month.lo, some_month.hi)
    assert parse("2019-05-16T16:15Z") == parse("2019-05-16T16:15:00+00:00")
    assert len({parse("2019-05-16T16:15Z"), parse("2019-05-16T16:15:00Z")}) == 1


def test_a_month_comes_before_its_first_day() -> None:
    found = sorted(
        map(parse, ["2025-07-01", "../2025-07-01", "2025-07", "2025-06-30"]),
        key=lambda d: (d.sort_key, -d.hi),
    )
    assert [d.edtf for d in found] == [
        "2025-06-30",
        "2025-07",
        "2025-07-01",
        "../2025-07-01",
    ]


@given(st.lists(dates, max_size=6))
def test_order_does_not_depend_on_the_order_before(found: list[HistoricDate]) -> None:
    def key(historic: HistoricDate) -> tuple[int, int, str]:
        return historic.sort_key, -historic.hi, historic.edtf

    backwards = found[::-1]
    assert sorted(found, key=key) == sorted(backwards, key=key)
    assert all(-OPEN < historic.sort_key < OPEN for historic in found)


@pytest.mark.parametrize(
    ("edtf", "span"),
    [
        ("2019-05-16T16:15:00Z", 1),
        ("2019-05-16T23:00:00Z/2019-05-17T01:00:00Z", 1),
        ("2025-07-26", 1),
        ("2025-07-26/2025-07-27", 7),
        ("2025-07-01/2025-07-08", 31),
        ("2025-07", 31),
        ("2025-36", 92),
        ("2025-24", 92),
        ("2025-41", 184),
        ("2025", 366),
        ("2024", 366),
        ("2024-01-01/2025-01-01", 732),
        ("2024/2025", 732),
        ("2024/2026", 1_464),
    ],
)
def test_span_is_the_class_of_the_window_s_length(edtf: str, span: int) -> None:
    assert parse(edtf).span == span


@given(dates)
def test_no_window_is_longer_than_its_span(historic: HistoricDate) -> None:
    if abs(historic.lo) == OPEN or abs(historic.hi) == OPEN:
        assert historic.span == parse("../2025").span
    else:
        assert historic.hi - historic.lo < historic.span * DAY_S
        assert historic.span < parse("../2025").span
    assert historic.span == span_of(historic.lo, historic.hi)


# HTML


@pytest.mark.parametrize(
    ("edtf", "expected"),
    [
        ("2025", [("2025", "2025")]),
        ("2025-07~", [("2025-07", "2025-07~")]),
        ("2025-07-26?", [("2025-07-26", "2025-07-26?")]),
        (
            "2019-05-16T16:15-04:00",
            [("2019-05-16T16:15:00-04:00", "2019-05-16T16:15:00-04:00")],
        ),
        ("Y10000", [("10000", "Y10000")]),
        ("2022~/2023", [("2022", "2022~"), ("2023", "2023")]),
        ("../2025-12-31", [("2025-12-31", "2025-12-31")]),
        ("2025-10-01/..", [("2025-10-01", "2025-10-01")]),
        ("2025-36/2025-12-31", [("2025-12-31", "2025-12-31")]),
        ("[2025-07,2025-09]", [("2025-07", "2025-07"), ("2025-09", "2025-09")]),
        ("2025-36", []),
        ("2025-24", []),
        ("2025-XX", []),
        ("2025-07-XX", []),
        ("201X", []),
        ("0000", []),
        ("-0044-03-15", []),
    ],
)
def test_time_elements_hold_what_html_can_express(
    edtf: str, expected: list[tuple[str, str]]
) -> None:
    assert parts(parse(edtf)) == tuple(expected)


# Instants


def test_an_instant_comes_to_its_utc_day() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert from_instant(datetime(2025, 7, 26, 1, tzinfo=shanghai)).edtf == "2025-07-25"
    assert from_instant(datetime(33, 4, 3, tzinfo=UTC)).edtf == "0033-04-03"


def test_an_instant_without_a_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="zone"):
        from_instant(datetime(2025, 7, 26))  # noqa: DTZ001 - what is refused


# Refusals

REFUSED = [
    # Not EDTF.
    ("20250726", "2025-07-26"),
    ("202507", "2025-07"),
    ("2025-07-26/28", "2025-07-26/2025-07-28"),
    ("2025-07-26/08-02", "2025-07-26/2025-08-02"),
    ("2025-07-06/8", "2025-07-06/2025-07-08"),
    ("2025/26", "2025/2026"),
    ("2025-W30", "2025-07-21/2025-07-27"),
    ("2025W306", "2025-07-26"),
    ("2020-W54", "2020-12-28/2021-01-03"),
    ("2025-W30/2025-W31", "2025-07-21/2025-08-03"),
    ("2025-207", "2025-07-26"),
    ("unknown", None),
    ("open", None),
    ("unknown/2025-12-31", "/2025-12-31"),
    ("2025-10-01/open", "2025-10-01/.."),
    ("2025-10-01/…", "2025-10-01/.."),
    ("200u", "200X"),
    ("2025-uu", "2025-XX"),
    ("201x", "201X"),
    # Level 2, not taken.
    ("{2025-07-26,2025-07-28}", "2025-07-26"),
    ("{2025..2027}", "2025"),
    ("1950S2", "1950"),
    ("Y17E7", "Y100000000"),
    ("Y17E4", "Y170000"),
    ("Y3388E2S3", "Y338800"),
    ("2025-?07-26", "2025-07-26?"),
    ("?2025-07-26", "2025-07-26?"),
    ("2025~?", "2025%"),
    ("2025-1X", "2025-XX"),
    ("2025-07-2X", "2025-07-XX"),
    ("2025-XX-26", "2025-XX"),
    ("201X-07", "201X"),
    ("2XXX", "2000/2999"),
    ("-004X", "-0049/-0040"),
    ("-000X", "-0009/0000"),
    ("-01XX", "-0199/-0100"),
    ("XXXX", None),
    ("2025-25", "2025-21"),
    ("2025-29", "2025-09/2025-11"),
    ("2025-30", "2025-12/2026-02"),
    # Sets and intervals.
    ("[2025-07-26]", "2025-07-26"),
    ("[2025-07-26,2025-07-26]", "2025-07-26"),
    ("[2025-07-26,2025-02-30]", "[2025-02-28,2025-07-26]"),
    ("[2025-07-26, 2025-07-27]", "[2025-07-26,2025-07-27]"),
    ("[2025-07-26,2025-07-27]~", "[2025-07-26,2025-07-27]"),
    ("[..2025]", "../2025"),
    ("[2025..]", "2025/.."),
    ("[1667,1668..1670]", "1667/1670"),
    ("[2025/2026,2027]", None),
    ("../..", None),
    ("/", None),
    ("/..", None),
    ("2025/2026/2027", "2025/2027"),
    ("2025-07-28/2025-07-26", "2025-07-26/2025-07-28"),
    ("2022-2023", "2022/2023"),
    ("2025-07-26..2025-07-28", "2025-07-26/2025-07-28"),
    ("2025-02-29/2025-03-02", "2025-02-28/2025-03-02"),
    # Not in the calendar.
    ("2025-02-29", "2025-02-28"),
    ("1900-02-29", "1900-02-28"),
    ("-0001-02-29", "-0001-02-28"),
    ("2025-04-31~", "2025-04-30~"),
    ("2025-13", "2025-12"),
    ("2025-00", "2025"),
    ("2025-07-00", "2025-07"),
    ("2025-26-07", "2025-07-26"),
    ("2025-36-20", "2025-36"),
    ("2025-36-XX", "2025-36"),
    ("-0000", "0000"),
    ("-0000-03-15", "0000-03-15"),
    # Years.
    ("25", None),
    ("476", "0476"),
    ("-44-03-15", "-0044-03-15"),
    ("10000", "Y10000"),
    ("12025-07-26", "Y12025"),
    ("+2025-07", "2025-07"),
    ("Y2025", "2025"),
    ("Y-44", "-0044"),
    ("Y010000", "Y10000"),
    ("Y100000001", "Y100000000"),
    ("Y-100000001", "Y-100000000"),
    # Instants.
    ("2019-05-16T16:15:00", "2019-05-16T16:15:00Z"),
    ("2019-05-16 16:15:00Z", "2019-05-16T16:15:00Z"),
    ("2019-05-16t16:15:00z", "2019-05-16T16:15:00Z"),
    ("20190516T161500Z", "2019-05-16T16:15:00Z"),
    ("2019-05-16T16:15:00-0400", "2019-05-16T16:15:00-04:00"),
    ("2019-05-16T16:15:00.5Z", "2019-05-16T16:15:00Z"),
    ("2019-05-16T24:00:00Z", "2019-05-17T00:00:00Z"),
    ("2019-05-16T23:59:60Z", "2019-05-16T23:59:59Z"),
    ("2019-05-16T16:60:00Z", "2019-05-16T16:59:00Z"),
    ("2019-02-30T16:15:00Z", "2019-02-28T16:15:00Z"),
    ("2019-05-16T16:15:00+24:00", "2019-05-16T16:15:00Z"),
    ("2019-05-16T16:15:00Z~", "2019-05-16~"),
    ("1753488000", "2025-07-26T00:00:00Z"),
    # As people write them.
    ("2025-7-6", "2025-07-06"),
    ("2025/07/26", "2025-07-26"),
    ("26/07/2025", "2025-07-26"),
    ("07/26/2025", "2025-07-26"),
    ("26-07-2025", "2025-07-26"),
    ("05.06.2025", "2025-06-05"),
    ("05/06/2025", None),
    ("26/07/25", None),
    ("26 July 2025", "2025-07-26"),
    ("July 26, 2025", "2025-07-26"),
    ("Saturday, 26th of July 2025", "2025-07-26"),
    ("26 Jul 2025", "2025-07-26"),
    ("26 luglio 2025", "2025-07-26"),
    ("1º luglio 2025", "2025-07-01"),
    ("July 2025", "2025-07"),
    ("26–28 July 2025", "2025-07-26/2025-07-28"),
    ("26 July – 2 September 2025", "2025-07-26/2025-09-02"),
    ("30 February 2025", "2025-02-28"),
    ("Q4 2025", "2025-36"),
    ("2025-H2", "2025-41"),
    ("winter 2025", "2025-24"),
    ("2010s", "201X"),
    ("anni 2010", "201X"),
    ("45 BCE", "-0044"),
    ("15 marzo 45 a.C.", "-0044-03-15"),
    ("19 August 14 AD", "0014-08-19"),
    ("by end of 2025", "../2025-12-31"),
    ("by the end of February 2024", "../2024-02-29"),
    ("By 24 December 2025", "../2025-12-24"),
    ("entro la fine del 2025", "../2025-12-31"),
    ("entro l'8 dicembre 2025", "../2025-12-08"),
    ("since 1 October 2025", "2025-10-01/.."),
    ("dal 1º ottobre 2025", "2025-10-01/.."),
    ("until 2025", "/2025"),
    ("around 2022", "2022~"),
    ("c. 2022", "2022~"),
    ("today", None),
    ("", None),
    ("   ", None),
]


@pytest.mark.parametrize(("text", "nearest"), REFUSED)
def test_what_is_refused_comes_with_the_nearest_date(
    text: str, nearest: str | None
) -> None:
    refused = refusal(text)

    assert refused.text == text
    assert refused.nearest == nearest
    assert refused.problem.endswith(".")
    if nearest is None:
        assert str(refused) == refused.problem
    else:
        assert str(refused) == f'{refused.problem} Try "{nearest}".'
        assert parse(nearest).edtf == nearest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2025-02-29", "February 2025 has 28 days, not 29"),
        ("open", '".." if it is open'),
        ("{2025,2026}", "record one for each"),
        ("05/06/2025", "2025-06-05 or 2025-05-06"),
        ("2025-07-28/2025-07-26", "ends before it starts"),
        ("2019-05-16T16:15:00", "zone"),
        ("2025-30", "northern"),
        ("Y1E10000000", "100,000,000"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, words: str) -> None:
    assert words in refusal(text).problem


def test_a_refusal_has_a_stable_code_and_survives_pickling() -> None:
    refused = refusal("2025-02-29")
    again = pickle.loads(pickle.dumps(refused))

    assert DateError.code == refused.code == "bad-date"
    assert (again.text, again.problem, again.nearest) == (
        refused.text,
        refused.problem,
        refused.nearest,
    )


# Traps others fell into


@pytest.mark.parametrize("digits", ["２０２５", "٢٠٢٥", "२०२५", "2０25"])
def test_only_ascii_digits_are_digits(digits: str) -> None:
    r"""``\d`` and ``int()`` take the others."""
    refusal(digits)
    refusal(f"{digits}-07-26")
    refusal(f"2025-07-26/{digits}-07-28")


def test_full_width_digits_are_shown_in_their_plain_form() -> None:
    assert refusal("２０２５-07-26").nearest == "2025-07-26"


@pytest.mark.parametrize(
    "text", ["2025-07-26\n", "\n2025-07-26", "2025-07-26/2025-07-28\n", "2025 "]
)
def test_a_line_break_or_space_at_either_end_is_refused(text: str) -> None:
    """``$`` matches before a final newline."""
    assert refusal(text).nearest == text.strip()


def test_length_is_looked_at_first() -> None:
    exactly_120 = "[" + ",".join(f"{year:04}" for year in range(1, 24)) + ",Y1]"
    assert "120" in refusal("9" * 121).problem
    assert refusal("9" * 100_000).nearest is None
    assert len(exactly_120) < 121
    assert "120" not in refusal(exactly_120).problem


def test_the_size_of_an_exponent_is_looked_at_before_it_is_computed() -> None:
    """An 11-character text cost other parsers seconds, or became six seconds."""
    assert refusal("Y1E10000000").nearest == "Y100000000"
    assert refusal("Y1E" + "9" * 110).nearest == "Y100000000"
    assert refusal("Y-1E10000000").nearest == "Y-100000000"


@pytest.mark.parametrize("minutes", ["60", "75", "99"])
def test_an_offset_has_at_most_59_minutes(minutes: str) -> None:
    """``datetime.fromisoformat`` turns +08:60 into +09:00."""
    refused = refusal(f"2019-05-16T16:15:00+08:{minutes}")
    assert refused.nearest == "2019-05-16T16:15:00+08:00"


@pytest.mark.parametrize("year", ["2025", "1900", "2100", "-0001", "-0100", "0001"])
def test_29_february_of_a_common_year_is_refused(year: str) -> None:
    """Others took it, or made it 1 March."""
    assert refusal(f"{year}-02-29").nearest == f"{year}-02-28"


@pytest.mark.parametrize("year", ["2024", "2000", "0000", "-0004", "-0400"])
def test_29_february_of_a_leap_year_is_taken(year: str) -> None:
    assert parse(f"{year}-02-29").earliest == f"{year}-02-29"


def test_an_interval_is_refused_only_if_all_of_it_is_reversed() -> None:
    assert parse("2025-07-26/2025-07").latest == "2025-07-31"
    assert parse("2025-07/2025-07-01").latest == "2025-07-01"
    assert parse("2025/2025").latest == "2025-12-31"
    assert refusal("2025-07-02/2025-07-01").nearest == "2025-07-01/2025-07-02"
    assert refusal("2026/2025-12-31").nearest == "2025-12-31/2026"


def test_an_interval_of_one_day_is_taken() -> None:
    one_day = parse("2025-07-26/2025-07-26")
    assert (one_day.earliest, one_day.latest) == ("2025-07-26", "2025-07-26")


# Anything at all


CHARACTERS = "0123456789-/.,[]{}XYTZWSEu:+~?% \n"
FRAGMENTS = "..|2025|-07|-26|T16:15|july|by end of |around |Q4| BCE|º|–|２"
ALMOST_DATES = st.lists(
    st.sampled_from([*CHARACTERS, *FRAGMENTS.split("|")]), max_size=60
).map("".join)


@given(st.text(max_size=125) | ALMOST_DATES)
def test_any_text_is_a_date_or_is_refused_with_a_valid_suggestion(text: str) -> None:
    """Quickly too: every pattern repeats a bounded number of times."""
    try:
        found = parse(text)
    except DateError as error:
        nearest = error.nearest
    else:
        nearest = found.edtf
        assert text.isascii()
        assert len(text) <= 120
        assert label(found)
        assert label(found, "it")

    assert nearest is None or parse(nearest).edtf == nearest


# What is covered for certain


@pytest.mark.parametrize(
    ("edtf", "latest_start", "earliest_end"),
    [
        ("2025-07-26", "2025-07-26", "2025-07-26"),
        ("2025-07-26/2025-07-28", "2025-07-26", "2025-07-28"),
        ("2025-07", "2025-07-31", "2025-07-01"),
        ("2025-07/2025-09", "2025-07-31", "2025-09-01"),
        ("2025-07-26/2025-09", "2025-07-26", "2025-09-01"),
        ("2025-07/2025-07-26", "2025-07-26", "2025-07-26"),
        ("2025-07-26/2025-07", "2025-07-26", "2025-07-26"),
        ("2025-07-26/", "2025-07-26", "2025-07-26"),
        ("/2025-12-31", "2025-12-31", "2025-12-31"),
        ("[2025-07-26,2025-07-28]", "2025-07-28", "2025-07-26"),
    ],
)
def test_what_is_covered_for_certain_lies_between_latest_start_and_earliest_end(
    edtf: str, latest_start: str, earliest_end: str
) -> None:
    historic = parse(edtf)

    assert historic.latest_start == parse(latest_start).lo
    assert historic.earliest_end == parse(earliest_end).hi


def test_what_goes_on_has_no_end_and_what_may_have_been_any_time_no_start() -> None:
    assert parse("2025-10-01/..").earliest_end == OPEN
    assert parse("../2025-12-31").earliest_end == -OPEN
    assert parse("../2025-12-31").latest_start == parse("2025-12-31").lo


def test_an_instant_may_bound_the_day_that_the_other_end_is() -> None:
    begun = parse("2025-07-26/2025-07-26T01:00:00Z")
    assert (begun.latest_start, begun.earliest_end) == (begun.lo, begun.hi)
    ended = parse("2025-07-26T12:00:00Z/2025-07-26")
    assert (ended.latest_start, ended.earliest_end) == (ended.lo, ended.hi)


@example(parse("0001/0001-01-01T00:00:00Z"))
@given(dates)
def test_latest_start_and_earliest_end_lie_within_the_bounds(
    historic: HistoricDate,
) -> None:
    assert historic.lo <= historic.latest_start <= historic.hi
    assert historic.lo <= historic.earliest_end <= historic.hi
