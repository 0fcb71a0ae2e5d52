"""Entries as the timeline lists them: cards under months under years. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, zip_longest
from zlib import crc32

from markupsafe import Markup

from events import dates
from events.dates import HistoricDate
from timeline.feeds import summary_html
from timeline.projections import Entry, State, Words
from timeline.schemas import Order
from timeline.web.pages.matches import excerpt, is_found, marked
from timeline.web.pages.words import (
    DateWords,
    Note,
    Reader,
    Text,
    category_words,
    correction_note,
    gap_words,
    precision_note,
    revision_note,
    state_note,
    texts,
)

PAIRS = 8
"""Colours, each with a glyph of its own, that tell categories apart."""

LEADING, MINOR = 80, 30
"""From this importance on a card shows its summary; below that one it stands back."""

_DAY_S = 86_400
_YEAR_S = 366 * _DAY_S

_NOT_YET = frozenset({State.UPCOMING, State.OPEN, State.OVERDUE, State.POSTPONED})


@dataclass(frozen=True, slots=True)
class Category:
    """A category and what marks it: a pair from 0 to 7, or None beyond eight."""

    name: str
    words: str
    pair: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One entry in a list.

    Attributes:
        shape: Of the glyph: ``solid``, ``hollow`` (not happened, or never did) or
            ``dashed`` (nobody knows exactly, or there is one source at most).
        weight: ``leading``, ``minor`` or empty.
        gap: How much later the next card is; empty if soon.
        excerpt: Of the summary where a search found something, marked.
        found: Names beside the actors in which it was found, marked.
    """

    id: str
    href: str
    date: DateWords
    title: Text
    summary: Markup
    summary_lang: str
    category: Category
    shape: str
    weight: str
    struck: bool
    notes: Sequence[Note]
    actors: Sequence[str]
    sources: int
    gap: str = ""
    excerpt: Text | None = None
    found: Sequence[Markup] = ()


@dataclass(frozen=True, slots=True)
class Month:
    """Entries of a month, or of a year's part that is known no better."""

    label: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Year:
    """Entries of a year, or of a longer time that is known no better."""

    label: str
    months: Sequence[Month]


def pairs_of(names: Iterable[str]) -> Mapping[str, int]:
    """A pair for each category, as stable as eight pairs for all names can be.

    The name's hash prefers a pair; who finds it taken takes the next free one, and
    beyond eight there is none. So a new category moves no other, unless they
    prefer the same.
    """
    taken: dict[int, str] = {}
    for name in sorted({*names} - {""}):
        preferred = crc32(name.encode()) % PAIRS
        free = [
            pair
            for step in range(PAIRS)
            if (pair := (preferred + step) % PAIRS) not in taken
        ]
        if free:
            taken[free[0]] = name
    return {name: pair for pair, name in taken.items()}


def mark_categories(names: Iterable[str], reader: Reader) -> Mapping[str, Category]:
    """A mark for each category, and for none."""
    known = {*names, ""}
    pairs = pairs_of(known)
    return {
        name: Category(name, category_words(name, reader), pairs.get(name))
        for name in sorted(known)
    }


def category_of(
    entry: Entry, reader: Reader, marks: Mapping[str, Category]
) -> Category:
    """The entry's category with its mark."""
    name = entry.category
    return marks.get(name) or Category(name, category_words(name, reader), None)


def make_card(
    entry: Entry,
    reader: Reader,
    *,
    marks: Mapping[str, Category],
    gap: str = "",
    wanted: Sequence[Words] = (),
) -> Card:
    """The entry as a list shows it, with what was *wanted* marked."""
    title, summary = texts(entry, reader)
    weight = "minor" if entry.importance < MINOR else ""
    if entry.importance >= LEADING:
        weight = "leading"
    return Card(
        id=entry.id,
        href=reader.href(f"/entries/{entry.id}"),
        date=reader.date(entry.occurred),
        title=_marked(title, wanted),
        summary=rendered(summary.words)
        if weight == "leading" and not wanted
        else Markup(),
        summary_lang=summary.lang,
        category=category_of(entry, reader, marks),
        shape=shape_of(entry),
        weight=weight,
        struck=entry.state is State.RETRACTED,
        notes=notes_of(entry, reader),
        actors=[marked(one, wanted) for one in entry.actors],
        sources=len(entry.sources),
        gap=gap,
        excerpt=_excerpt(entry, title, summary, wanted) if wanted else None,
        found=_found(entry, wanted),
    )


def _marked(text: Text, wanted: Sequence[Words]) -> Text:
    return replace(text, words=marked(text.words, wanted)) if wanted else text


def _excerpt(
    entry: Entry, title: Text, summary: Text, wanted: Sequence[Words]
) -> Text | None:
    """Of the first text with a match: the summary, or else a text not shown here."""
    others = [
        Text(words=words, lang=lang)
        for lang, words in (
            (entry.lang, entry.summary),
            *((lang, one.summary) for lang, one in entry.translations.items()),
            (entry.lang, entry.title),
            *((lang, one.title) for lang, one in entry.translations.items()),
        )
    ]
    if is_found(title.words, wanted):
        others = []
    for text in (summary, *others):
        plain = rendered(text.words).striptags()
        if is_found(plain, wanted):
            return replace(text, words=excerpt(plain, wanted))
    plain = rendered(summary.words).striptags()
    return replace(summary, words=excerpt(plain, wanted)) if plain else None


def _found(entry: Entry, wanted: Sequence[Words]) -> list[Markup]:
    if not wanted:
        return []
    publishers = dict.fromkeys(source.publisher for source in entry.sources)
    return [
        marked(one, wanted)
        for one in (*entry.places, *entry.tags, *publishers)
        if is_found(one, wanted)
    ]


def shape_of(entry: Entry) -> str:
    """Doubt as a shape, not only as a word; as the picture draws it."""
    occurred = entry.occurred
    if occurred.approximate or occurred.uncertain or len(entry.sources) < 2:
        return "dashed"
    if entry.state in (State.RETRACTED, State.CANCELLED):
        return "hollow"
    if entry.awaited and entry.state in _NOT_YET:
        return "hollow"
    if entry.state is State.UPCOMING:
        return "hollow"
    return "solid"


def notes_of(entry: Entry, reader: Reader) -> tuple[Note, ...]:
    """All there is to know at a glance, the most important first."""
    notes = (
        state_note(entry, reader),
        correction_note(entry, reader),
        revision_note(entry, reader),
        precision_note(entry.occurred, reader),
    )
    return tuple(note for note in notes if note is not None)


@lru_cache(maxsize=4_096)
def rendered(markdown: str) -> Markup:
    """Sanitised HTML of a summary."""
    return Markup(summary_html(markdown))  # noqa: S704 (sanitised by feeds)


# -- grouping ----------------------------------------------------------------------


def make_years(
    entries: Sequence[Entry],
    reader: Reader,
    *,
    order: Order,
    marks: Mapping[str, Category],
    wanted: Sequence[Words] = (),
) -> list[Year]:
    """*entries*, which are in *order*, under headings in the same order.

    An entry stands under the month in which its first date lies ("by the end of
    2025" at its deadline). A date that names no month stands under its year, under
    a heading of its own where its first day sorts it: "2020" before January 2020,
    "Q4 2025" before October 2025. One longer than a year ("2010s") stands by itself.
    The month is that of UTC, by which entries are sorted.
    """
    cards = _cards(entries, reader, order=order, marks=marks, wanted=wanted)
    places = [_place(entry.occurred, reader) for entry in entries]
    years = []
    placed = zip(places, cards, strict=True)
    for year, of_year in groupby(placed, key=lambda one: one[0][0]):
        months = [
            Month(month, [card for _, card in of_month])
            for month, of_month in groupby(of_year, key=lambda one: one[0][1])
        ]
        years.append(Year(year, months))
    return years


def _cards(
    entries: Sequence[Entry],
    reader: Reader,
    *,
    order: Order,
    marks: Mapping[str, Category],
    wanted: Sequence[Words],
) -> list[Card]:
    backwards = order == "desc"
    return [
        make_card(
            entry,
            reader,
            marks=marks,
            wanted=wanted,
            gap=gap_words(_days_between(entry, after), reader, backwards=backwards)
            if after is not None
            else "",
        )
        for entry, after in zip_longest(entries, entries[1:])
    ]


def _days_between(one: Entry, other: Entry) -> int:
    """From the end of the earlier one's first date; 0 where either names no month."""
    pieces = [_first_piece(one.occurred), _first_piece(other.occurred)]
    earlier, later = sorted(pieces, key=lambda piece: piece.lo)
    if not (_within_month(earlier) and _within_month(later)):
        return 0
    return later.lo // _DAY_S - earlier.hi // _DAY_S


def _place(date: HistoricDate, reader: Reader) -> tuple[str, str]:
    """The headings under which *date* stands."""
    piece = _first_piece(date)
    year, month, _ = dates.civil(date.sort_key)
    if _within_month(piece) or date.edtf.startswith(("/", "../")):
        return (
            dates.year_label(year, reader.lang),
            dates.month_label(year, month, reader.lang),
        )
    if piece.hi - piece.lo >= _YEAR_S:
        return reader.label(piece), ""
    year_words = dates.year_label(year, reader.lang)
    if piece.hi - piece.lo > 200 * _DAY_S:
        return year_words, reader.say("Month not given")
    return year_words, dates.label(piece, reader.lang)


def _first_piece(date: HistoricDate) -> HistoricDate:
    """The date that places *date*: its first, or its last if the start is open."""
    pieces = date.edtf.strip("[]").replace(",", "/").split("/")
    return dates.parse(next(piece for piece in pieces if piece not in ("", "..")))


def _within_month(date: HistoricDate) -> bool:
    return dates.civil(date.lo)[:2] == dates.civil(date.hi)[:2]
