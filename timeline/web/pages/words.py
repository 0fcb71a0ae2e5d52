"""What a reader is told, in words: dates, states, changes, gaps. Pure.

All interface words of the pages pass through `Reader.say` or `Reader.count` here and
``_()`` in the templates, so that a catalogue is all that a translation needs.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from gettext import NullTranslations
from typing import assert_never
from urllib.parse import quote, urlencode

from events import dates
from events.dates import HistoricDate, Sentence
from events.model import Json
from timeline import tellings
from timeline.projections import Change, Entry, State

_DAY_S = 86_400

_DAY_AND_MONTH = re.compile(r"([0-9]º?) (?=[^\W\d]|–)")

_LANGUAGE_NAMES = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "ja": "日本語",
    "pt": "Português",
    "zh": "中文",
}

_RIGHT_TO_LEFT = frozenset(
    ["ar", "ckb", "dv", "fa", "he", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset(
    ["adlm", "arab", "hebr", "mand", "nkoo", "rohg", "syrc", "thaa"]
)

_NO_CATALOGUE = NullTranslations()


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """A date as a page shows it.

    Attributes:
        words: In the reader's language.
        edtf: The whole date.
        bounds: (``datetime`` value, EDTF) of each end that HTML can tell a program.
        approximate: Or uncertain.
    """

    words: str
    edtf: str
    bounds: Sequence[tuple[str, str]] = ()
    approximate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know about an entry: *label* in a chip, *words* behind it.

    *lang* is that of the *reason* somebody gave, empty if it is the page's.
    """

    kind: str
    label: str
    words: str = ""
    reason: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """Something to follow: an actor, a place, a tag, a language."""

    words: str
    href: str
    lang: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words of an entry; *lang* is empty where it is the page's language."""

    words: str
    lang: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a page is for.

    Attributes:
        lang: Of the page: of our words and of dates.
        reads: Of entries, where there are translations; empty: the page's.
        asked: The address asked for that language, so all links do as well.
        site: Language of addresses that do not ask for any.
        offered: Languages that the page offers itself in.
        at: The view's moment; None if nothing was recorded yet.
        moment: Parameters by which the address asked for it, so all links do as
            well; none: it is now.
    """

    lang: str
    reads: str = ""
    asked: bool = False
    site: str = ""
    offered: Sequence[str] = ()
    at: datetime | None = None
    moment: Sequence[tuple[str, str]] = ()
    catalogue: NullTranslations = field(default=_NO_CATALOGUE, repr=False)

    def say(self, words: str, /, **values: object) -> str:
        """*words* in the reader's language, its ``{names}`` filled in."""
        said = self.catalogue.gettext(words)
        return said.format(**values) if values else said

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """*one* or *many* for *n* of something; ``{n}`` is the number."""
        said = self.catalogue.ngettext(one, many, n)
        return said.format(n=self.number(n), **values)

    def retell(self, told: str) -> str:
        """*told* in the reader's language, if it is a `Sentence`."""
        if not isinstance(told, Sentence):
            return told
        return self.say(
            told.template,
            **{name: self._told(value) for name, value in told.values.items()},
        )

    def number(self, number: int) -> str:
        """*number* with its thousands set apart from five digits on."""
        if abs(number) < 10_000:
            return str(number)
        mark = self.say(",")
        return f"{number:,}".replace(",", mark)

    def listed(self, words: Iterable[str]) -> str:
        """*words* as a list: "A, B and C"."""
        *others, last = [*words] or [""]
        if not others:
            return last
        return self.say("{others} and {last}", others=", ".join(others), last=last)

    def _told(self, value: object) -> str:
        match value:
            case Sentence():
                return self.retell(value)
            case int():
                return self.number(value)
            case tuple():
                return ", ".join(map(str, value))
            case _ if callable(value):
                return str(value(self.lang))
            case _:
                return str(value)

    def date(self, date: HistoricDate) -> DateWords:
        """*date* in words, and for programs."""
        return DateWords(
            # Lines break between the dates of an interval, not between day and month.
            words=_DAY_AND_MONTH.sub("\\1\N{NO-BREAK SPACE}", self.label(date)),
            edtf=date.edtf,
            bounds=dates.parts(date),
            approximate=date.approximate or date.uncertain,
        )

    def label(self, date: HistoricDate) -> str:
        """*date* in words."""
        return dates.label(date, self.lang, now=self.now_s)

    @property
    def now_s(self) -> int | None:
        """Epoch seconds of the view's moment."""
        return int(self.at.timestamp()) if self.at else None

    def day(self, instant: datetime) -> str:
        """The UTC day of *instant* in words."""
        return self.label(dates.from_instant(instant))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What every address of this page's links and forms says as well."""
        spoken = [("lang", self.reads or self.lang)] if self.asked else []
        return [*self.moment, *spoken]

    @property
    def now(self) -> "Reader":
        """The same reader, whose links do not ask for this moment."""
        return replace(self, moment=())

    def href(self, path: str, args: Iterable[tuple[str, str]] = ()) -> str:
        """An address of this site, at the same moment and in the same language."""
        query = [*args, *self.kept]
        return f"{quote(path)}?{urlencode(query)}" if query else quote(path)

    def data(self, path: str) -> str:
        """An address of the API, at the same moment."""
        return replace(self, asked=False).href(path)

    def href_in(
        self, lang: str, path: str, args: Iterable[tuple[str, str]] = ()
    ) -> str:
        """An address of this site, in another language."""
        other = replace(self, reads=lang, asked=lang != self.site)
        return other.href(path, args)

    def switch(self, path: str, args: Iterable[tuple[str, str]] = ()) -> list[Named]:
        """The same page in each language; empty if it is offered in one only.

        *path* and *args* may be of any request: those of the address as it is.
        """
        if len(self.offered) < 2:
            return []
        # "//evil.example" would lead to another site.
        path = f"/{path.lstrip('/')}"
        own = {"lang", *(name for name, _ in self.moment)}
        args = [(name, value) for name, value in args if value and name not in own]
        return [
            Named(
                language_name(lang),
                self.href_in(lang, path, args),
                lang=lang,
                chosen=lang == self.lang,
            )
            for lang in self.offered
        ]


def same_language(one: str, other: str) -> bool:
    """Whether both BCP 47 tags name one language, whatever the region."""
    return one.partition("-")[0].casefold() == other.partition("-")[0].casefold()


def direction(lang: str) -> str:
    """Where lines of *lang* start, as HTML's ``dir`` says it."""
    first, *subtags = lang.casefold().split("-")
    script = next((tag for tag in subtags if len(tag) == 4), "")
    if script:
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT else "ltr"


def language_name(lang: str) -> str:
    """A language's name for itself; its code where we do not know it."""
    return _LANGUAGE_NAMES.get(lang.partition("-")[0].casefold(), lang)


def texts(entry: Entry, reader: Reader) -> tuple[Text, Text]:
    """Title and summary: translated where the reader wants and somebody has done it."""
    own = entry.lang or reader.site
    original = own_lang(entry, reader)
    title = Text(words=entry.title, lang=original)
    summary = Text(words=entry.summary, lang=original)
    reads = reader.reads or reader.lang
    if not same_language(own, reads):
        for lang, translation in entry.translations.items():
            if same_language(lang, reads):
                if translation.title:
                    title = Text(words=translation.title, lang=foreign(lang, reader))
                if translation.summary:
                    summary = Text(
                        words=translation.summary, lang=foreign(lang, reader)
                    )
    return title, summary


def own_lang(entry: Entry, reader: Reader) -> str:
    """Language of what is not translated of *entry*; empty if it is the page's."""
    return foreign(entry.lang or reader.site, reader)


def foreign(lang: str, reader: Reader) -> str:
    """*lang* where a page has to say so, which is where it is not the page's own."""
    return "" if not lang or same_language(lang, reader.lang) else lang


def category_words(slug: str, reader: Reader) -> str:
    """A category's name; translated where the bundled story has it."""
    match slug:
        case "alliance":
            return reader.say("Alliance")
        case "analysis":
            return reader.say("Analysis")
        case "company":
            return reader.say("Company")
        case "conference":
            return reader.say("Conference")
        case "export-controls":
            return reader.say("Export controls")
        case "product":
            return reader.say("Product")
        case _:
            return plain_words(slug)


def plain_words(slug: str) -> str:
    """``export-controls`` as "Export controls"."""
    words = slug.replace("-", " ").strip()
    return words[:1].upper() + words[1:]


# -- where an entry stands ---------------------------------------------------------


def state_note(entry: Entry, reader: Reader) -> Note | None:
    """Where *entry* stands; None if it simply happened."""
    standing = tellings.standing_of(entry)
    if standing.plain:
        return None
    return Note(
        kind=standing,
        label=tellings.standing_word(standing, reader.lang),
        words=tellings.standing_words(entry, reader.lang, now=reader.now_s),
        reason=entry.ending if entry.state in _ENDED else "",
        lang=own_lang(entry, reader),
    )


_ENDED = (State.CANCELLED, State.RETRACTED)


def state_word(state: State, reader: Reader) -> str:
    """Where an entry stands, as one word."""
    return tellings.state_word(state, reader.lang)


def kept(promised: HistoricDate, occurred: HistoricDate, reader: Reader) -> str:
    """How *occurred* lies to the *promised* window; empty where nobody can say."""
    return tellings.kept_label(tellings.kept_of(promised, occurred), reader.lang)


def precision_note(date: HistoricDate, reader: Reader) -> Note | None:
    """That a single date names no day; None if it does, or says so in its words."""
    bounds = dates.parts(date)
    if len(bounds) != 1 or any(sign in date.edtf for sign in "/[~?%"):
        return None
    match bounds[0][0].lstrip("-").count("-"):
        case 0:
            return Note(kind="precision", label=reader.say("year only"))
        case 1:
            return Note(kind="precision", label=reader.say("month only"))
        case _:
            return None


# -- what changed ------------------------------------------------------------------


def correction_note(entry: Entry, reader: Reader) -> Note | None:
    """What was wrong, of the last correction; None if nothing was."""
    corrections = [one for one in entry.changes if one.kind == "corrected"]
    if not corrections:
        return None
    last = corrections[-1]
    words = reader.say(
        "{date}: {what}",
        date=tellings.day_words(dates.from_instant(last.recorded_at), reader.lang),
        what=change_words(last, reader),
    )
    return Note(
        kind="corrected",
        label=reader.say("corrected"),
        words=_counted(words, len(corrections), reader),
    )


def revision_note(entry: Entry, reader: Reader) -> Note | None:
    """How the date moved last; None if it never did."""
    moves = [one for one in entry.changes if tellings.moved(one)]
    if not moves:
        return None
    last = moves[-1]
    return Note(
        kind="revised",
        label=move_word(last, reader, awaited=entry.awaited),
        words=_counted(tellings.moved_words(last, reader.lang), len(moves), reader),
    )


def _counted(words: str, n: int, reader: Reader) -> str:
    if n == 1:
        return words
    return reader.count("{n} time, last {w}", "{n} times, last {w}", n, w=words)


def move_word(change: Change, reader: Reader, *, awaited: bool) -> str:
    """What a revision did to the date, as one word."""
    revision = tellings.revision_of(change, awaited=awaited)
    return tellings.revision_word(revision, reader.lang)


def told_date(edtf: str, reader: Reader) -> str:
    """A stored date in words."""
    return reader.label(dates.parse(edtf))


def field_word(name: str, reader: Reader) -> str:
    """The name of an entry's field, for a person."""
    match name:
        case "title":
            return reader.say("Title")
        case "occurred":
            return reader.say("Date")
        case "said":
            return reader.say("Made public")
        case "summary":
            return reader.say("Summary")
        case "category":
            return reader.say("Category")
        case "actors":
            return reader.say("Actors")
        case "places":
            return reader.say("Places")
        case "tags":
            return reader.say("Tags")
        case "importance":
            return reader.say("Importance")
        case "awaited":
            return reader.say("Promised")
        case "measure":
            return reader.say("Measure")
        case "scope":
            return reader.say("Scope")
        case "sources":
            return reader.say("Sources")
        case "links":
            return reader.say("Links")
        case "media":
            return reader.say("Media")
        case "lang":
            return reader.say("Language")
        case "translations":
            return reader.say("Translations")
        case _:
            return plain_words(name)


def value_words(name: str, value: Json, reader: Reader) -> str:
    """An entry's field as text; empty where there is nothing."""
    match value:
        case None:
            return ""
        case bool():
            return reader.say("yes") if value else reader.say("no")
        case str() if name in ("occurred", "said"):
            return told_date(value, reader)
        case str() if name == "category":
            return category_words(value, reader)
        case str() | int() | float():
            return str(value)
        case Mapping():
            for key in ("title", "publisher", "entry", "alt", "url"):
                if value.get(key):
                    return str(value[key])
            return ""
        case Sequence():
            return ", ".join(
                filter(None, (value_words(name, v, reader) for v in value))
            )
        case unreachable:
            assert_never(unreachable)


def change_words(change: Change, reader: Reader) -> str:
    """What a change replaced, in a few words; else the names of the fields."""
    return tellings.was_words(change, reader.lang) or reader.listed(
        field_word(name, reader) for name in change.after
    )


# -- spans of time -----------------------------------------------------------------


def gap_words(days: int, reader: Reader, *, backwards: bool) -> str:
    """How long nothing happened, if it was more than two weeks; else empty.

    *backwards*: the next entry is the earlier one.
    """
    if days <= 14:
        return ""
    if days <= 20:
        span = reader.count("{n} day", "{n} days", days)
    elif days < 60:
        span = reader.count("{n} week", "{n} weeks", round(days / 7))
    elif days < 730:
        span = reader.count("{n} month", "{n} months", round(days / 30.44))
    else:
        span = reader.count("{n} year", "{n} years", round(days / 365.25))
    if backwards:
        return reader.say("{span} earlier", span=span)
    return reader.say("{span} later", span=span)
