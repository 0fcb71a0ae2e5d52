"""Dates in words, English and Italian. Pure.

A language is a table: names, templates, and what its articles and prepositions
become before a noun ("dal 26 luglio", "dall'8 luglio", "da luglio").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from events.dates.days import month_days
from events.dates.historic import (
    Between,
    From,
    HistoricDate,
    Kind,
    OneOf,
    Piece,
    UpTo,
)


@dataclass(frozen=True, slots=True)
class _Noun:
    """Words for a date that a preposition can stand before.

    Attributes:
        words: Without article.
        article: Key of ``_Language.articles``.
        ending: Of an Italian adjective that goes with it.
    """

    words: str
    article: str = ""
    ending: str = "o"


@dataclass(frozen=True, slots=True)
class _Language:
    """Words of one language.

    Attributes:
        first_day: The first of a month; other days are plain numbers.
        elided: Article of a number spoken with a vowel first (8, 11).
        numbered: Article of any other number.
        group: Between thousands, in years beyond four digits.
        articles: What ``{the}``, ``{of}``, ``{to}``, ``{since}`` and ``{in}`` in a
            template become before a noun with that article.
        parts: Nouns of the parts of a year in order, ``{year}`` to be filled in.
        decade: Noun, ``{year}`` to be filled in.
        templates: ``{it}`` is the noun.
    """

    months: tuple[_Noun, ...]
    first_day: str
    elided: str
    numbered: str
    group: str
    articles: Mapping[str, Mapping[str, str]]
    parts: Mapping[Kind, tuple[_Noun, ...]]
    decade: _Noun
    templates: Mapping[str, str]


ENGLISH_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
ITALIAN_MONTHS = (
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
)

_ENGLISH = _Language(
    months=tuple(_Noun(name) for name in ENGLISH_MONTHS),
    first_day="1",
    elided="",
    numbered="",
    group=",",
    articles={"": {"the": ""}, "the": {"the": "the "}},
    parts={
        Kind.SEASON: (
            _Noun("spring {year}"),
            _Noun("summer {year}"),
            _Noun("autumn {year}"),
            _Noun("winter {year}"),
        ),
        Kind.QUARTER: tuple(_Noun(f"Q{nth} {{year}}") for nth in range(1, 5)),
        Kind.FOUR_MONTHS: (
            _Noun("first four months of {year}", "the"),
            _Noun("middle four months of {year}", "the"),
            _Noun("last four months of {year}", "the"),
        ),
        Kind.HALF: (
            _Noun("first half of {year}", "the"),
            _Noun("second half of {year}", "the"),
        ),
    },
    decade=_Noun("{year}s", "the"),
    templates={
        "ce": "{it} CE",
        "bce": "{it} BCE",
        "some day": "{it}, day unknown",
        "some month": "{it}, month unknown",
        "some day of year": "{it}, month and day unknown",
        "around": "around {the}{it}",
        "approximate": "{it} (approximate)",
        "uncertain": "{it} (uncertain)",
        "approximate and uncertain": "{it} (approximate, uncertain)",
        "by": "by {the}{it}",
        "by end": "by end of {the}{it}",
        "from": "from {the}{it}",
        "since": "since {the}{it}",
        "from, end unknown": "from {the}{it}, end unknown",
        "until, start unknown": "until {the}{it}, start unknown",
        "on": "on {the}{it}",
        "in": "in {the}{it}",
        "moved from": "from {the}{it}",
        "moved to": "to {the}{it}",
        "or": " or ",
    },
)

_ITALIAN = _Language(
    months=tuple(
        _Noun(name, "ad" if name.startswith("a") else "") for name in ITALIAN_MONTHS
    ),
    first_day="1º",
    elided="l'",
    numbered="il",
    group=".",
    articles={
        "": {"the": "", "of": "di ", "to": "a ", "since": "da ", "in": "a "},
        "ad": {"the": "", "of": "di ", "to": "ad ", "since": "da ", "in": "ad "},
        "il": {
            "the": "il ",
            "of": "del ",
            "to": "al ",
            "since": "dal ",
            "in": "nel ",
        },
        "l'": {
            "the": "l'",
            "of": "dell'",
            "to": "all'",
            "since": "dall'",
            "in": "nell'",
        },
        "la": {
            "the": "la ",
            "of": "della ",
            "to": "alla ",
            "since": "dalla ",
            "in": "nella ",
        },
        "gli": {
            "the": "gli ",
            "of": "degli ",
            "to": "agli ",
            "since": "dagli ",
            "in": "negli ",
        },
    },
    parts={
        Kind.SEASON: (
            _Noun("primavera {year}", "la", "a"),
            _Noun("estate {year}", "l'", "a"),
            _Noun("autunno {year}", "l'"),
            _Noun("inverno {year}", "l'"),
        ),
        Kind.QUARTER: (
            _Noun("primo trimestre {year}", "il"),
            _Noun("secondo trimestre {year}", "il"),
            _Noun("terzo trimestre {year}", "il"),
            _Noun("quarto trimestre {year}", "il"),
        ),
        Kind.FOUR_MONTHS: (
            _Noun("primo quadrimestre {year}", "il"),
            _Noun("secondo quadrimestre {year}", "il"),
            _Noun("terzo quadrimestre {year}", "il"),
        ),
        Kind.HALF: (
            _Noun("primo semestre {year}", "il"),
            _Noun("secondo semestre {year}", "il"),
        ),
    },
    decade=_Noun("anni {year}", "gli", "i"),
    templates={
        "ce": "{it} d.C.",
        "bce": "{it} a.C.",
        "some day": "{it}, giorno ignoto",
        "some month": "{it}, mese ignoto",
        "some day of year": "{it}, mese e giorno ignoti",
        "around": "intorno {to}{it}",
        "approximate": "{it} (approssimativ{ending})",
        "uncertain": "{it} (incert{ending})",
        "approximate and uncertain": "{it} (approssimativ{ending}, incert{ending})",
        "by": "entro {the}{it}",
        "by end": "entro la fine {of}{it}",
        "from": "{since}{it}",
        "since": "{since}{it}",
        "from, end unknown": "{since}{it}, fine ignota",
        "until, start unknown": "fino {to}{it}, inizio ignoto",
        "on": "{the}{it}",
        "in": "{in}{it}",
        "moved from": "{since}{it}",
        "moved to": "{to}{it}",
        "or": " o ",
    },
)

_LANGUAGES = {"en": _ENGLISH, "it": _ITALIAN}

_MARKS = {"~": "approximate", "?": "uncertain", "%": "approximate and uncertain"}

_UNKNOWN_PARTS = (Kind.SOME_DAY, Kind.SOME_MONTH, Kind.SOME_DAY_OF_YEAR)


def label(date: HistoricDate, lang: str = "en", *, now: int | None = None) -> str:
    """*date* in words.

    Args:
        date: The date.
        lang: BCP 47; English where there is no table for the language.
        now: Epoch seconds of the view's moment: an interval that goes on is told
            with "since" once all of its first date is past. None: with "from".
    """
    language = _language(lang)
    match date.form:
        case Piece() as piece:
            return _piece(piece, language).words
        case Between(first, last):
            return _between(first, last, language)
        case UpTo(last, open_start):
            if open_start:
                return _deadline(last, language)
            return _bound("until, start unknown", last, language)
        case From(first, open_end):
            if not open_end:
                return _bound("from, end unknown", first, language)
            past = now is not None and first.hi < now
            return _bound("since" if past else "from", first, language)
        case OneOf(members):
            return _one_of(members, language)
        case unreachable:
            assert_never(unreachable)


def when(date: HistoricDate, lang: str = "en") -> str:
    """*date* as it is said behind what happened then: "on 5 August", "in 2025".

    In parentheses where nothing would join the two.
    """
    match date.form:
        case Piece(mark="") as piece if piece.kind not in _UNKNOWN_PARTS:
            language = _language(lang)
            day = piece.kind in (Kind.INSTANT, Kind.DAY)
            return _told("on" if day else "in", _noun(piece, language), language)
        case _:
            return _behind(date, lang)


def since(date: HistoricDate, lang: str = "en") -> str:
    """*date* as it is said of what goes on from then on: "since 26 July 2025"."""
    match date.form:
        case Piece(mark="") as piece if piece.kind not in _UNKNOWN_PARTS:
            language = _language(lang)
            return _told("since", _noun(piece, language), language)
        case _:
            return _behind(date, lang)


def _behind(date: HistoricDate, lang: str) -> str:
    """*date* with whatever joins it to what stands before."""
    match date.form:
        case Piece(mark="~") | Between() | From() | UpTo(open_start=True):
            return label(date, lang)
        case _:
            words = label(date, lang)
            return words if words.endswith(")") else f"({words})"


def from_to(old: HistoricDate, new: HistoricDate, lang: str = "en") -> str:
    """Where a date was and is now: "from Q3 to Q4 2025".

    Of two intervals that begin alike it tells the ends. Empty where no preposition
    goes with both, as with "by end of 2025".
    """
    match old.form, new.form:
        case Piece() as first, Piece() as second:
            pass
        case Between(start, first), Between(other, second) if start == other:
            pass
        case _:
            return ""
    if first.mark or second.mark or {first.kind, second.kind} & {*_UNKNOWN_PARTS}:
        return ""
    language = _language(lang)
    before, after = _noun(first, language), _noun(second, language)
    words = before.words
    if first.kind is second.kind is not Kind.INSTANT:
        words = _but_for_the_end(words, after.words)
    return " ".join(
        (
            _told("moved from", replace(before, words=words), language),
            _told("moved to", after, language),
        )
    )


def _but_for_the_end(words: str, other: str) -> str:
    """*words* without those with which *other* ends as well."""
    left, others = words.split(" "), other.split(" ")
    while len(left) > 1 and len(others) > 1 and left[-1] == others[-1]:
        left.pop()
        others.pop()
    return " ".join(left) if left != others else words


def month_label(year: int, month: int, lang: str) -> str:
    """``July 2025``, ``luglio 45 a.C.``; year 0 is 1 BCE."""
    return _month(year, month, _language(lang)).words


def year_label(year: int, lang: str) -> str:
    """``2025``, ``45 BCE``, ``14 CE``; year 0 is 1 BCE.

    A year is a bare number only where three or four digits make it look like one.
    """
    return _year(year, _language(lang)).words


def _language(lang: str) -> _Language:
    return _LANGUAGES.get(lang.partition("-")[0].lower(), _ENGLISH)


def _told(template: str, noun: _Noun, language: _Language) -> str:
    return language.templates[template].format(
        it=noun.words, ending=noun.ending, **language.articles[noun.article]
    )


# Intervals and sets


def _bound(template: str, piece: Piece, language: _Language) -> str:
    return _marked_bound(template, _noun(piece, language), piece.mark, language)


def _marked_bound(template: str, noun: _Noun, mark: str, language: _Language) -> str:
    """The bound, with the mark behind: "by around the end of 2025" is not English."""
    words = _told(template, noun, language)
    if mark:
        return _told(_MARKS[mark], replace(noun, words=words), language)
    return words


def _deadline(last: Piece, language: _Language) -> str:
    """A window that is open towards the past, told by the period it ends with."""
    if last.kind is Kind.DAY and last.day == month_days(last.year, last.part):
        if last.part == 12:
            noun = _year(last.year, language)
        else:
            noun = _month(last.year, last.part, language)
        return _marked_bound("by end", noun, last.mark, language)
    if last.kind in (Kind.INSTANT, Kind.DAY) or last.kind in _UNKNOWN_PARTS:
        return _bound("by", last, language)
    return _bound("by end", last, language)


def _between(first: Piece, last: Piece, language: _Language) -> str:
    if first.edtf == last.edtf:
        return _piece(first, language).words
    if first.kind is last.kind is Kind.YEAR and not first.mark + last.mark:
        return _years(first.year, last.year, language).words
    if first.kind is last.kind is Kind.INSTANT and (
        (first.year, first.part, first.day, first.offset)
        == (last.year, last.part, last.day, last.offset)
    ):
        clocks = f"{_clock(first)}–{_clock(last)}"
        return _instant(first, clocks, language).words
    (start, end), shared = _apart((first, last), language)
    return _dashed(start, end) + shared


def _one_of(members: Sequence[Piece], language: _Language) -> str:
    (*others, last), shared = _apart(members, language)
    return f"{', '.join(others)}{language.templates['or']}{last}{shared}"


def _apart(pieces: Sequence[Piece], language: _Language) -> tuple[list[str], str]:
    """What tells *pieces* apart, and what can be said once behind all of them."""
    kind, year, month = pieces[0].kind, pieces[0].year, pieces[0].part
    if all(p.kind is kind and p.year == year and not p.mark for p in pieces):
        year_words = _year(year, language).words
        names = [
            language.months[p.part - 1].words
            for p in pieces
            if kind in (Kind.DAY, Kind.MONTH)
        ]
        if kind is Kind.MONTH:
            return names, f" {year_words}"
        if kind is Kind.DAY:
            days = [_day_number(p.day, language) for p in pieces]
            if all(p.part == month for p in pieces):
                return days, f" {names[0]} {year_words}"
            dated = [f"{day} {name}" for day, name in zip(days, names, strict=True)]
            return dated, f" {year_words}"
    return [_piece(piece, language).words for piece in pieces], ""


def _dashed(start: str, end: str) -> str:
    """A closed-up dash between single words, a spaced one otherwise."""
    single = not any(sign in start + end for sign in " –")
    return f"{start}–{end}" if single else f"{start} – {end}"


# Single dates


def _piece(piece: Piece, language: _Language) -> _Noun:
    """The date with its mark; no article, so for use by itself."""
    noun = _noun(piece, language)
    words = noun.words
    if piece.mark in ("~", "%"):
        words = _told("around", noun, language)
    if piece.mark in ("?", "%"):
        words = _told("uncertain", replace(noun, words=words), language)
    return replace(noun, words=words)


def _noun(piece: Piece, language: _Language) -> _Noun:
    """The date without its mark."""
    match piece.kind:
        case Kind.INSTANT:
            return _instant(piece, _clock(piece), language)
        case Kind.DAY:
            return _day(piece, language)
        case Kind.MONTH:
            return _month(piece.year, piece.part, language)
        case Kind.YEAR:
            return _year(piece.year, language)
        case Kind.SEASON if piece.part == 4:
            return _named(piece, _winter_years(piece.year, language), language)
        case Kind.SEASON | Kind.QUARTER | Kind.FOUR_MONTHS | Kind.HALF:
            return _named(piece, _year(piece.year, language).words, language)
        case Kind.DECADE:
            # "1900s" would be read as a century, "50s" as years of another one.
            if piece.year < 1_000 or piece.year % 100 == 0:
                return _years(piece.year, piece.year + 9, language)
            noun = language.decade
            return replace(noun, words=noun.words.format(year=piece.year))
        case Kind.CENTURY:
            # Not "20th century", which runs from 1901 to 2000.
            return _years(piece.year, piece.year + 99, language)
        case Kind.SOME_DAY:
            return _some("some day", _month(piece.year, piece.part, language), language)
        case Kind.SOME_MONTH:
            return _some("some month", _year(piece.year, language), language)
        case Kind.SOME_DAY_OF_YEAR:
            return _some("some day of year", _year(piece.year, language), language)
        case unreachable:
            assert_never(unreachable)


def _some(template: str, known: _Noun, language: _Language) -> _Noun:
    return replace(known, words=_told(template, known, language))


def _named(piece: Piece, year_words: str, language: _Language) -> _Noun:
    noun = language.parts[piece.kind][piece.part - 1]
    return replace(noun, words=noun.words.format(year=year_words))


def _instant(piece: Piece, clock: str, language: _Language) -> _Noun:
    noun = _day(piece, language)
    return replace(noun, words=f"{noun.words}, {clock} ({_zone(piece.offset)})")


def _clock(instant: Piece) -> str:
    return instant.clock.removesuffix(":00")


def _zone(offset: str) -> str:
    """``UTC``, ``UTC−4``, ``UTC+5:30``, with a true minus sign."""
    if offset == "Z":
        return "UTC"
    hours, minutes = offset[1:].split(":")
    sign = "−" if offset[0] == "-" else "+"
    return f"UTC{sign}{int(hours)}{'' if minutes == '00' else ':' + minutes}"


def _day(piece: Piece, language: _Language) -> _Noun:
    month = _month(piece.year, piece.part, language).words
    number = _day_number(piece.day, language)
    # "1º" is spoken "primo", with a consonant first, unlike "1".
    article = language.numbered if piece.day == 1 else _article(piece.day, language)
    return _Noun(f"{number} {month}", article)


def _day_number(day: int, language: _Language) -> str:
    return language.first_day if day == 1 else str(day)


def _month(year: int, month: int, language: _Language) -> _Noun:
    noun = language.months[month - 1]
    return replace(noun, words=f"{noun.words} {_year(year, language).words}")


def _year(year: int, language: _Language) -> _Noun:
    noun = _year_number(year, language)
    return _in_era(noun, year, language) if _needs_era(year) else noun


def _years(first: int, last: int, language: _Language) -> _Noun:
    """Years in a row, with the era once if it is the same, else with both."""
    start, end = (_year_number(year, language) for year in (first, last))
    if (first < 1) is not (last < 1):
        start, end = _in_era(start, first, language), _in_era(end, last, language)
    years = replace(start, words=_dashed(start.words, end.words))
    if (first < 1) is (last < 1) and (_needs_era(first) or _needs_era(last)):
        return _in_era(years, last, language)
    return years


def _winter_years(year: int, language: _Language) -> str:
    """``2025–26``, ``1999–2000``, ``45–44 BCE``."""
    if 1_000 <= year < 9_999 and (year + 1) % 100:
        return f"{year}–{(year + 1) % 100:02}"
    return _years(year, year + 1, language).words


def _needs_era(year: int) -> bool:
    return not 100 <= year <= 9_999


def _in_era(noun: _Noun, year: int, language: _Language) -> _Noun:
    return replace(noun, words=_told("bce" if year < 1 else "ce", noun, language))


def _year_number(year: int, language: _Language) -> _Noun:
    """The year as counted in its era."""
    number = 1 - year if year < 1 else year
    words = str(number)
    if number > 9_999:
        words = f"{number:,}".replace(",", language.group)
    return _Noun(words, _article(number, language))


def _article(number: int, language: _Language) -> str:
    """Italian elides before what is spoken with a vowel: uno, otto, undici.

    So also ottanta, ottocento, ottomila, undicimila and un milione; not mille.
    """
    leading, *groups = f"{number:,}".split(",")
    vowel = leading[0] == "8" or leading == "11"
    if vowel or (leading == "1" and len(groups) != 1):
        return language.elided
    return language.numbered
