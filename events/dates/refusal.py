"""Why a text is not a date, and the nearest text that is. Pure.

A rule looks at a text that could not be read and gives a hint, if it knows what is
wrong: the problem in a sentence, and a candidate. A candidate may need another rule
in its turn (``2025-2-30``); only what can be read is ever suggested. Texts
are short and no pattern repeats what repeats, so rules are quick.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar, Self, TypeAlias

from events.dates.days import (
    DAY_S,
    day_number,
    day_of,
    instant_text,
    month_days,
)
from events.dates.historic import MAX_LENGTH, MAX_YEAR, HistoricDate
from events.dates.words import ENGLISH_MONTHS, ITALIAN_MONTHS, month_label

_Read: TypeAlias = Callable[[str], HistoricDate | None]
_Hint: TypeAlias = tuple[str, str | None]
_Rewrite: TypeAlias = str | Callable[[re.Match[str]], str | None]
_Table: TypeAlias = tuple[tuple[re.Pattern[str], str, _Rewrite], ...]

# Corrections of a correction: enough for a bad day in a bad form in an interval.
_ROUNDS = 3


class Sentence(str):
    """A sentence for a person, in English, that can be said in another language.

    Attributes:
        template: With ``{names}``, if there are values.
        values: What stands for the names: text, numbers, tuples of text, sentences,
            and functions that make text for a language.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """The *template* in English, with what the *values* say."""
        told = {name: _told(value) for name, value in values.items()}
        made = super().__new__(cls, template.format(**told) if values else template)
        made.template = template
        made.values = values
        return made


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value("en") if callable(value) else value)


class DateError(ValueError):
    """The text is not a date, or a date in a form that is not taken.

    Show it to whoever wrote the text; it says what is wrong and what to try.

    Attributes:
        text: As given.
        problem: One sentence for a person.
        nearest: The nearest valid EDTF; None if there is no telling.
    """

    code: ClassVar[str] = "bad-date"

    def __init__(self, text: str, problem: str, nearest: str | None = None) -> None:
        super().__init__(text, problem, nearest)
        self.text = text
        self.problem = problem
        self.nearest = nearest

    @property
    def sentence(self) -> Sentence:
        """The problem and what to try."""
        problem = self.problem
        if not isinstance(problem, Sentence):
            problem = Sentence(problem)
        if self.nearest is None:
            return problem
        return Sentence(
            '{problem} Try "{nearest}".', problem=problem, nearest=self.nearest
        )

    def __str__(self) -> str:
        return self.sentence


def explain(text: str, read: _Read) -> DateError:
    """The error for a *text* that *read* cannot read."""
    if len(text) > MAX_LENGTH:
        problem = Sentence(
            "A date has at most {limit} characters, not {length}.",
            limit=MAX_LENGTH,
            length=f"{len(text):,}",
        )
        return DateError(text, problem)
    return DateError(text, *_diagnose(text, read, _ROUNDS))


def _diagnose(text: str, read: _Read, rounds: int) -> _Hint:
    plain = _plain(text)
    problem, candidate = (
        _characters(text, plain, read)
        or _ordered(plain)
        or _spoken(plain.lower(), read)
        or _compound(plain.upper(), read, rounds)
        or _single(plain.upper())
        or (_NO_DATE, None)
    )
    return problem, _settled(candidate, read, rounds)


def _settled(candidate: str | None, read: _Read, rounds: int) -> str | None:
    """What *candidate* comes to, once it can be read."""
    if candidate is None:
        return None
    if date := read(candidate):
        return date.edtf
    return _diagnose(candidate, read, rounds - 1)[1] if rounds > 0 else None


_NO_DATE = (
    "This is not a date in EDTF, which writes a year, month or day as 2025, 2025-07"
    " or 2025-07-26, days in a row as 2025-07-26/2025-07-28, and by a day as"
    " ../2025-12-31."
)

# Characters

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


def _plain(text: str) -> str:
    """*text* without typography: digits and dots of one width, plain hyphens."""
    dashed = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return " ".join(dashed.split())


def _characters(text: str, plain: str, read: _Read) -> _Hint | None:
    if not plain:
        return "The date is empty.", None
    compact = plain.replace(" ", "").upper()
    if compact == text or not read(compact):
        return None
    return "A date has plain digits and signs, capitals and no spaces.", compact


# Tables of patterns


def _rewritten(text: str, table: _Table) -> _Hint | None:
    for pattern, problem, rewrite in table:
        if found := pattern.fullmatch(text):
            if isinstance(rewrite, str):
                return problem, found.expand(rewrite)
            return problem, rewrite(found)
    return None


def _numbers(found: re.Match[str]) -> list[int]:
    return [int(group) for group in found.groups("0")]


_ORDER = "Year, month and day stand in this order, with hyphens between them."

_YEAR_LAST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_OTHER_ORDERS: _Table = (
    (
        re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{2})"),
        "A year has four digits, and stands before the month and the day.",
        lambda _: None,
    ),
    (
        re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})"),
        _ORDER,
        lambda found: "{:04}-{:02}-{:02}".format(*_numbers(found)),
    ),
    (
        re.compile(r"([0-9]{4})[/.](0?[1-9]|1[0-2])"),
        _ORDER,
        lambda found: "{:04}-{:02}".format(*_numbers(found)),
    ),
    (
        re.compile(r"(0?[1-9]|1[0-2])[/.]([0-9]{4})"),
        _ORDER,
        lambda found: "{1:04}-{0:02}".format(*_numbers(found)),
    ),
)


def _ordered(text: str) -> _Hint | None:
    """Hint for numbers in another order or with other signs between them."""
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return _rewritten(text, _OTHER_ORDERS)
    first, second, year = int(found[1]), int(found[3]), found[4]
    day_first = f"{year}-{second:02}-{first:02}"
    month_first = f"{year}-{first:02}-{second:02}"
    if found[2] == "." or first > 12 or first == second:
        return _ORDER, day_first
    if second > 12:
        return _ORDER, month_first
    problem = Sentence(
        "This may be {one} or {other}.", one=day_first, other=month_first
    )
    return problem, None


# Words

_PLACES = {
    **{
        form: f"{month:02}"
        for names in (ENGLISH_MONTHS, ITALIAN_MONTHS)
        for month, name in enumerate(names, start=1)
        for form in (name.lower(), name[:3].lower())
    },
    "sept": "09",
    **dict.fromkeys(("spring", "primavera"), "21"),
    **dict.fromkeys(("summer", "estate"), "22"),
    **dict.fromkeys(("autumn", "fall", "autunno"), "23"),
    **dict.fromkeys(("winter", "inverno"), "24"),
    **{f"{letter}{nth}": f"{32 + nth}" for letter in "qt" for nth in range(1, 5)},
    **{f"h{nth}": f"{39 + nth}" for nth in range(1, 3)},
}
"""What stands in the month's place, for words that people use."""

_ORDINAL = "(?:st|nd|rd|th|o|°)?"
_DAYS = (
    rf"(?:the |il |l')?(?P<first>[0-9]{{1,2}}){_ORDINAL}"
    rf"(?: ?[-/] ?(?P<last>[0-9]{{1,2}}){_ORDINAL})?"
)
_WEEKDAY = r"(?:[a-z]{3,9}[.,]? )?"
_NAME = r"(?P<name>[a-z]{3,9}|[qth][1-4])"
_YEAR = r"(?P<year>[0-9]{1,4})(?P<era> ?(?:bce?|a\. ?c\.|ce|ad|d\. ?c\.))?"

_PHRASES = tuple(
    re.compile(phrase)
    for phrase in (
        rf"{_WEEKDAY}{_DAYS}\.? (?:of |di )?{_NAME}\.?,? {_YEAR}",
        rf"{_WEEKDAY}{_NAME}\.? {_DAYS},? {_YEAR}",
        rf"(?:the )?{_NAME}[.,]? ?(?:of |del )?{_YEAR}",
        _YEAR,
        rf"{_YEAR}[ -]?{_NAME}",
    )
)
_DECADE_PHRASE = re.compile(r"(?:(?:the )?([0-9]{3})0'?s|(?:gli )?anni ([0-9]{3})0)")

_PREPOSITIONS = (
    (
        re.compile(
            r"(?:by |at )?(?:the )?end (?:of )?(?:the )?"
            r"|entro (?:la )?fine (?:di |del |dell'|degli |della )?"
        ),
        "By the end of something is an interval up to its last day.",
        "../{latest}",
    ),
    (
        re.compile(r"by |entro (?:il |l'|la )?"),
        'By a date is an interval with an open start, "..".',
        "../{edtf}",
    ),
    (
        re.compile(r"(?:from|since|starting) |dal |dall'|da "),
        'From a date on is an interval with an open end, "..".',
        "{edtf}/..",
    ),
    (
        re.compile(r"(?:until|till) |fino (?:al |all'|ad? )"),
        "An interval of unknown start has nothing before its slash.",
        "/{edtf}",
    ),
    (
        re.compile(
            r"(?:around|about|approximately|circa) |ca?\. ?|intorno a(?:l |ll'|d? )"
        ),
        'An approximate date has "~" behind it.',
        "{edtf}~",
    ),
)


def _spoken(text: str, read: _Read) -> _Hint | None:
    """Hint for dates as people say them; *text* in lower case."""
    for preposition, problem, template in _PREPOSITIONS:
        if found := preposition.match(text):
            rest = text[found.end() :]
            said = _said_date(rest) or rest.upper()
            if "{latest}" not in template:
                return problem, template.format(edtf=said)
            date = read(said)
            return problem, template.format(latest=date.latest) if date else None
    if said_date := _said_date(text):
        return "A date is written with numbers, not with words.", said_date
    return None


def _said_date(text: str) -> str | None:
    """EDTF of days, a month or another part of a year, a year or a decade."""
    if found := _DECADE_PHRASE.fullmatch(text):
        return f"{found[1] or found[2]}X"
    for phrase in _PHRASES:
        if found := phrase.fullmatch(text):
            said: dict[str, str | None] = found.groupdict()
            year, era = int(found["year"]), said["era"]
            if era is None and len(found["year"]) < 4:
                continue
            # bc, bce, a.C.: all others have a d.
            if era and ("b" in era or era.lstrip().startswith("a.")):
                year = 1 - year
            if "name" not in said:
                return _year_edtf(year)
            if place := _PLACES.get(found["name"]):
                month = f"{_year_edtf(year)}-{place}"
                return _with_days(month, said.get("first"), said.get("last"))
    return None


def _with_days(month: str, first: str | None, last: str | None) -> str:
    if first is None:
        return month
    if last is None:
        return f"{month}-{first:0>2}"
    return f"{month}-{first:0>2}/{month}-{last:0>2}"


def _year_edtf(year: int) -> str:
    if -9_999 <= year <= 9_999:
        return f"{year:05}" if year < 0 else f"{year:04}"
    return f"Y{max(-MAX_YEAR, min(year, MAX_YEAR))}"


# Intervals, sets, lists

_BOUND_WORDS = {
    **dict.fromkeys(("OPEN", "NOW", "PRESENT", "ONGOING", "*", "..."), ".."),
    **dict.fromkeys(("UNKNOWN", "?"), ""),
}
_OPEN_ENDS = (
    'An end of an interval is written ".." if it is open, as nothing if it is unknown.'
)
_ABBREVIATED = re.compile(r"-?[0-9]{4}(?:-[0-9]{2}){0,2}/[0-9]{1,2}(?:-[0-9]{1,2})?")
_BETWEEN_ENDS = re.compile(r" -{1,2} | TO |\.{2,3}|--")


def _compound(text: str, read: _Read, rounds: int) -> _Hint | None:
    if text[:1] == "{":
        problem = (
            "Several dates that all hold are several entries: record one for each."
        )
        return problem, re.split(r",|\.\.", text.strip("{}~?% "))[0]
    if "/" in text and "[" in text:
        return "A set cannot stand in an interval, nor an interval in a set.", None
    if "/" in text:
        return _interval(text, read, rounds)
    if text[:1] == "[":
        return _set(text, read, rounds)
    start, *end = _BETWEEN_ENDS.split(text, maxsplit=1)
    if start and end and end[0]:
        # "26 July - 2 September 2025" has its year at the end.
        year = "" if re.search("[0-9]{4}", start) else f" {end[0][-4:]}"
        problem = "The ends of an interval have a slash between them."
        return problem, f"{start}{year}/{end[0]}"
    return None


def _interval(text: str, read: _Read, rounds: int) -> _Hint:
    given = [end.strip() for end in text.split("/")]
    ends = [_BOUND_WORDS.get(end, end) for end in given]
    if len(ends) > 2:
        problem = "An interval has two ends, with one slash between them."
        return problem, f"{ends[0]}/{ends[-1]}"
    start, end = ends
    if all(bound in ("", "..") for bound in ends):
        return "An interval needs a date at one end at least.", None
    if ends != given:
        return _OPEN_ENDS, f"{start}/{end}"
    if _ABBREVIATED.fullmatch(text):
        rest = "-".join(f"{number:0>2}" for number in end.split("-"))
        if len(rest) < len(start):
            problem = "Both ends of an interval are written in full."
            return problem, f"{start}/{start[: -len(rest)]}{rest}"
    problems, repaired = _repaired(ends, read, rounds)
    if not problems:
        return "The interval ends before it starts.", f"{end}/{start}"
    if not repaired:
        return problems[0], None
    # A week that stands for an end has become an interval of its own.
    first, last = repaired[0].partition("/")[0], repaired[1].rpartition("/")[2]
    return problems[0], f"{first}/{last}"


def _set(text: str, read: _Read, rounds: int) -> _Hint:
    inside = text.strip("[]~?% ")
    if ".." in inside:
        bounds = re.split(r",|\.\.", inside)
        problem = "A set lists its dates one by one; a range is an interval."
        return problem, f"{bounds[0] or '..'}/{bounds[-1] or '..'}"
    members = list(dict.fromkeys(member.strip() for member in inside.split(",")))
    if len(members) < 2:
        return "A set needs two different dates at least.", members[0]
    problems, repaired = _repaired(members, read, rounds)
    problems.append("A set of dates stands in square brackets, with nothing behind.")
    return problems[0], f"[{','.join(repaired)}]" if repaired else None


def _repaired(
    pieces: list[str], read: _Read, rounds: int
) -> tuple[list[str], list[str]]:
    """The problems of *pieces*, and all of these without theirs; empty if not all."""
    problems = []
    repaired = []
    for piece in pieces:
        if piece in ("", "..") or read(piece):
            repaired.append(piece)
            continue
        problem, nearest = _diagnose(piece, read, rounds - 1)
        problems.append(problem)
        if nearest is not None:
            repaired.append(nearest)
    return problems, repaired if len(repaired) == len(pieces) else []


# Single dates

_NO_MARKS = dict.fromkeys(map(ord, "~?%"))

_SHAPES: _Table = (
    (
        re.compile(r"UNKNOWN|OPEN|NOW|PRESENT|ONGOING|\.\.+"),
        _OPEN_ENDS,
        lambda _: None,
    ),
    (
        re.compile(r"-(0000.*)"),
        "The year before 0001 is 0000, without a sign.",
        r"\1",
    ),
    (
        re.compile(r"[0-9]{10}"),
        "Seconds since 1970 are not a date.",
        lambda found: instant_text(int(found[0])),
    ),
    (
        re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
        "Year, month and day have hyphens between them.",
        r"\1-\2-\3",
    ),
    (
        re.compile(r"([0-9]{4})(0[1-9]|1[0-2])"),
        "Year and month have a hyphen between them.",
        r"\1-\2",
    ),
    (
        re.compile(r"([0-9]{4})-([0-9]{4})"),
        "The ends of an interval have a slash between them.",
        r"\1/\2",
    ),
    (
        re.compile(r"(Y?-?[0-9]{4,9}(?:E[0-9]{1,9})?)S[0-9]{1,9}"),
        "The number of significant digits of a year is not taken.",
        r"\1",
    ),
    (
        re.compile(r"(?=.*U)-?[0-9U]{4}(?:-[0-9U]{2}){0,2}"),
        'A digit that is not known is written "X".',
        lambda found: found[0].replace("U", "X"),
    ),
    (
        re.compile(r"([0-9]{2}(?:[0-9]X|XX))-.*"),
        "Of a decade or century, month and day are not taken.",
        r"\1",
    ),
    (
        re.compile(r"([0-9])XXX"),
        "Of a year, at most the last two digits can be left out.",
        r"\g<1>000/\g<1>999",
    ),
    (
        re.compile(r"-([0-9]{2})XX"),
        "Decades and centuries before the year 0 are written as intervals.",
        r"-\g<1>99/-\g<1>00",
    ),
    (
        re.compile(r"-([0-9]{3})X"),
        "Decades and centuries before the year 0 are written as intervals.",
        r"-\g<1>9/-\g<1>0",
    ),
    (
        re.compile(r"(-?[0-9]{4})-(?:[0-9]X|X[0-9]|XX)(?:-[0-9X]{2})?"),
        "A month is known or unknown as a whole, and so is all that follows it.",
        r"\1-XX",
    ),
    (
        re.compile(r"(-?[0-9]{4}-[0-9]{2})-(?:[0-9]X|X[0-9])"),
        "A day is known or unknown as a whole.",
        r"\1-XX",
    ),
    (
        re.compile(r"(-?[0-9]{4}-[0-9]{2})-XX"),
        "Only a month has days.",
        r"\1",
    ),
)

_WEEK = re.compile(r"([0-9]{4})-?W([0-9]{2})(?:-?([1-7]))?")
_DAY_OF_YEAR = re.compile(r"([0-9]{4})-([0-9]{3})")
_ANY_YEAR = re.compile(r"([Y+]?)(-?)([0-9]{1,120})(?:E([0-9]{1,120}))?((?:-.*)?)")
_ANY_DAY = re.compile(r"(-?[0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2}))?")
_ANY_INSTANT = re.compile(
    r"(-?[0-9]{4})-?([0-9]{2})-?([0-9]{2})[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?"
    r"([.,][0-9]{1,99})? ?(Z|UTC|GMT|([+-][0-9]{2})(?::?([0-9]{2}))?)?"
)


def _single(text: str) -> _Hint | None:
    """Hint for what should be one date; *text* in capital letters."""
    body = text.translate(_NO_MARKS)
    marks = set(text) & set("~?%")
    mark = "%" if len(marks) > 1 else "".join(marks)
    if text != body + mark:
        return (
            'One mark, "~", "?" or "%" for both, stands behind the date.',
            body + mark,
        )
    if mark and "T" in body:
        problem = "An instant takes no mark; a day does."
        return problem, body.partition("T")[0] + mark
    hint = (
        _rewritten(body, _SHAPES)
        or _week(body)
        or _far_year(body)
        or _instant(body)
        or _calendar(body)
    )
    if hint is None or hint[1] is None or "/" in hint[1]:
        return hint
    return hint[0], hint[1] + mark


def _week(text: str) -> _Hint | None:
    """Weeks of ISO 8601 and days of the year, which EDTF leaves out."""
    if found := _DAY_OF_YEAR.fullmatch(text):
        year, nth = _numbers(found)
        first, last = day_number(year, 1, 1), day_number(year, 12, 31)
        day = max(first, min(first + nth - 1, last))
        return "A day is written with its month.", day_of(day * DAY_S)
    if found := _WEEK.fullmatch(text):
        year, week, weekday = _numbers(found)
        first = max(_week_start(year, week), _week_start(year, 1))
        first = min(first, _week_start(year + 1, 1) - 7)
        if weekday:
            problem = "A day is written with its month, not with its week."
            return problem, day_of((first + weekday - 1) * DAY_S)
        problem = "A week is written as the interval of its days."
        return problem, f"{day_of(first * DAY_S)}/{day_of((first + 6) * DAY_S)}"
    return None


def _week_start(year: int, week: int) -> int:
    """Number of the Monday; 4 January is always in week 1 (ISO 8601)."""
    fourth = day_number(year, 1, 4)
    # 1970-01-01, day 0, was a Thursday.
    return fourth - (fourth + 3) % 7 + 7 * (week - 1)


def _far_year(text: str) -> _Hint | None:
    found = _ANY_YEAR.fullmatch(text)
    if found is None:
        return None
    prefix, sign, digits, exponent, rest = found.groups()
    if not prefix and not exponent and len(digits) == 4:
        return None
    # Looked at before it is computed: Y1E10000000 has ten million digits.
    tens = int(exponent or "0") if len(exponent or "") < 3 else 99
    year = int(digits) * 10**tens * (-1 if sign else 1)
    edtf = _year_edtf(year)
    if abs(year) > MAX_YEAR:
        problem = Sentence(
            "Years reach {most} before and after the year 0.", most=f"{MAX_YEAR:,}"
        )
        return problem, edtf
    if exponent:
        return "A year is written out, without an exponent.", edtf
    if abs(year) > 9_999:
        return 'A year beyond four digits has "Y" before it and nothing behind.', edtf
    if len(digits) < 3 and not prefix and not sign:
        return "A year has four digits.", None
    if prefix:
        return "A year of four digits has no letter and no plus sign.", edtf + rest
    return "A year has four digits.", edtf + rest


def _calendar(text: str) -> _Hint | None:
    """Hint for a date of the right shape that is not in the calendar."""
    found = _ANY_DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = found.groups()
    if len(month) < 2 or (day and len(day) < 2):
        numbers = [month] if day is None else [month, day]
        return "Month and day have two digits.", "-".join(
            [year, *(f"{int(number):02}" for number in numbers)]
        )
    if month == "00":
        return "There is no month 00: leave out what is not known.", year
    if int(month) > 12:
        return _part_of_year(year, int(month), day)
    if day == "00":
        return "There is no day 00: leave out what is not known.", f"{year}-{month}"
    days = month_days(int(year), int(month))
    if day and int(day) > days:
        problem = Sentence(
            "{month} has {days} days, not {day}.",
            month=partial(month_label, int(year), int(month)),
            days=days,
            day=day,
        )
        return problem, f"{year}-{month}-{days}"
    return None


_SOUTHERN = {
    29: "{0}-09/{0}-11",
    30: "{0}-12/{1}-02",
    31: "{0}-03/{0}-05",
    32: "{0}-06/{0}-08",
}


def _part_of_year(year: str, code: int, day: str | None) -> _Hint:
    if day and 1 <= int(day) <= 12 and code <= 31:
        before = "There is no month {month}: the month stands before the day."
        return Sentence(before, month=code), f"{year}-{day}-{code}"
    if day and 21 <= code <= 41:
        return "Only a month has days.", f"{year}-{code}"
    if 25 <= code <= 28:
        return "Seasons are 21 to 24, and northern.", f"{year}-{code - 4}"
    if code in _SOUTHERN:
        problem = "Seasons are northern; a southern one is the interval of its months."
        return problem, _SOUTHERN[code].format(year, _year_edtf(int(year) + 1))
    nearest = f"{year}-12-{day}" if day else f"{year}-12"
    return Sentence("There is no month {month}.", month=code), nearest


def _instant(text: str) -> _Hint | None:
    found = _ANY_INSTANT.fullmatch(text)
    if found is None:
        return None
    years, months, days, *clock, fraction, zone, hours, minutes = found.groups()
    day = f"{years}-{months}-{days}"
    hour, minute, second = (int(number or "0") for number in clock)
    offset = f"{hours}:{minutes or '00'}" if hours else "Z"
    problem = "An instant is written like 2019-05-16T16:15:00-04:00."
    if zone is None:
        problem = "An instant needs its zone, Z for UTC or an offset such as +08:00."
    elif hours and (hours[1:] > "23" or (minutes or "") > "59"):
        problem = "An offset has at most 23 hours and 59 minutes."
        offset = "Z" if hours[1:] > "23" else f"{hours}:00"
    elif hour > 23 or minute > 59 or second > 59:
        problem = "The last second of a day is 23:59:59."
        if (hour, minute, second) == (24, 0, 0) and not _calendar(day):
            midnight = day_number(int(years), int(months), int(days)) + 1
            day, hour = day_of(midnight * DAY_S), 0
    elif fraction:
        problem = "An instant has whole seconds."
    elif wrong_day := _calendar(day):
        problem, day = wrong_day[0], wrong_day[1] or day
    clamped = f"{min(hour, 23):02}:{min(minute, 59):02}:{min(second, 59):02}"
    return problem, f"{day}T{clamped}{offset}"
