"""What is told of an entry in words, English and Italian. Pure.

A language is a table of templates, as for dates; what they say of a date they take from
there. Words for one thing are the same wherever they stand, so that whoever comes from
a feed to a page reads on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from events import dates
from events.dates import HistoricDate
from events.model import Json
from timeline.projections import Change, Entry, State
from timeline.tellings.force import Force, InForce, beginning
from timeline.tellings.windows import (
    Keeping,
    Kept,
    Move,
    Revision,
    Standing,
    kept_of,
    move_of,
    moved,
    revision_of,
    standing_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """Words of one language.

    Attributes:
        group: Between thousands.
        standings: One word for each.
        revisions: One word for what each did to the date.
        templates: ``{names}`` are filled in.
    """

    group: str
    standings: Mapping[Standing, str]
    revisions: Mapping[Revision, str]
    templates: Mapping[str, str]


_ENGLISH = _Language(
    group=",",
    standings={
        Standing.EXPECTED: "expected",
        Standing.UPCOMING: "upcoming",
        Standing.ONGOING: "ongoing",
        Standing.UNDER_WAY: "ongoing",
        Standing.OVERDUE: "overdue",
        Standing.POSTPONED: "postponed",
        Standing.CANCELLED: "cancelled",
        Standing.RETRACTED: "retracted",
        Standing.FULFILLED: "fulfilled",
        Standing.HAPPENED: "happened",
    },
    revisions={
        Revision.SLIPPED: "slipped",
        Revision.BROUGHT_FORWARD: "brought forward",
        Revision.MOVED_LATER: "moved later",
        Revision.MOVED_EARLIER: "moved earlier",
        Revision.EXTENDED: "extended",
        Revision.SHORTENED: "shortened",
        Revision.WIDENED: "widened",
        Revision.NARROWED: "narrowed",
        Revision.REVISED: "revised",
    },
    templates={
        "on": "{date}",
        "due": "due {date}",
        "due, open": "due {date}, open {since}",
        "was due": "was due {date}; no outcome recorded",
        "no date": "without a date; was due {date}",
        "day": "1 day",
        "days": "{n} days",
        "about": "about {days}",
        "as promised": "as promised",
        "in time": "in time",
        "last day": "on the last day of the window",
        "left": "{days} before the window closed",
        "early": "{days} early",
        "early window": "{days} before the window opened",
        "late": "{days} late",
        "late window": "{days} after the window closed",
        "before due": "{days} before it was due",
        "after due": "{days} after it was due",
        "when due": "on the day it was due",
        "corrected": "corrected",
        "was": "was {old}",
        "was named": "was “{old}”",
        "was, is": "was {old}, now {new}",
        "in force": "In force",
        "in force since": "In force {since}",
        "again": "In force again {since}",
        "until": "{told}, until {date}",
        "to be suspended": "{told}; to be suspended {when}",
        "to be rescinded": "{told}; to be rescinded {when}",
        "not yet": "Not yet in force",
        "takes effect": "Not yet in force: takes effect {when}",
        "due to take effect": "Not yet in force: due to take effect {when}",
        "unconfirmed": "Was due to take effect {when}: no confirmation recorded",
        "suspended from": "Suspended {from_to}",
        "suspended since": "Suspended {since}",
        "to resume": "{told}; due to resume {when}",
        "due to resume": "Due to resume {since}: no return recorded",
        "rescinded": "Rescinded {when}",
        "rescinded before": "Rescinded {when}, before it took effect",
        "ended": "Ended {when}",
        "never": "Never in force: cancelled",
        "cancelled before": "Never in force: cancelled {when}",
    },
)

_ITALIAN = _Language(
    group=".",
    standings={
        Standing.EXPECTED: "atteso",
        Standing.UPCOMING: "in programma",
        Standing.ONGOING: "in corso",
        Standing.UNDER_WAY: "in corso",
        Standing.OVERDUE: "scaduto",
        Standing.POSTPONED: "rinviato",
        Standing.CANCELLED: "annullato",
        Standing.RETRACTED: "ritirato",
        Standing.FULFILLED: "realizzato",
        Standing.HAPPENED: "avvenuto",
    },
    revisions={
        Revision.SLIPPED: "slittato",
        Revision.BROUGHT_FORWARD: "anticipato",
        Revision.MOVED_LATER: "posticipato",
        Revision.MOVED_EARLIER: "anticipato",
        Revision.EXTENDED: "prorogato",
        Revision.SHORTENED: "accorciato",
        Revision.WIDENED: "ampliato",
        Revision.NARROWED: "ristretto",
        Revision.REVISED: "aggiornato",
    },
    templates={
        "on": "{when}",
        "due": "previsto {when}",
        "due, open": "previsto {when}, aperto {since}",
        "was due": "era previsto {when}; nessun esito registrato",
        "no date": "senza data; era previsto {when}",
        "day": "1 giorno",
        "days": "{n} giorni",
        "about": "circa {days}",
        "as promised": "come promesso",
        "in time": "in tempo",
        "last day": "l’ultimo giorno utile",
        "left": "{days} prima del termine",
        "early": "con {days} di anticipo",
        "early window": "{days} prima dell’inizio del periodo",
        "late": "con {days} di ritardo",
        "late window": "{days} oltre il termine",
        "before due": "{days} prima del termine",
        "after due": "{days} dopo il termine",
        "when due": "nel giorno previsto",
        "corrected": "rettificato",
        "was": "era {old}",
        "was named": "era «{old}»",
        "was, is": "era {old}, ora {new}",
        "in force": "In vigore",
        "in force since": "In vigore {since}",
        "again": "Di nuovo in vigore {since}",
        "until": "{told}, termine: {date}",
        "to be suspended": "{told}; sospensione prevista {when}",
        "to be rescinded": "{told}; revoca prevista {when}",
        "not yet": "Non ancora in vigore",
        "takes effect": "Non ancora in vigore: ha effetto {when}",
        "due to take effect": "Non ancora in vigore: entrata in vigore prevista {when}",
        "unconfirmed": "Entrata in vigore prevista {when}: nessuna conferma registrata",
        "suspended from": "Misura sospesa {from_to}",
        "suspended since": "Misura sospesa {since}",
        "to resume": "{told}; ripristino previsto {when}",
        "due to resume": "Ripristino previsto {since}: nessun ripristino registrato",
        "rescinded": "Misura revocata {when}",
        "rescinded before": "Misura revocata {when}, prima dell’entrata in vigore",
        "ended": "Misura cessata {when}",
        "never": "Mai entrata in vigore: annullata",
        "cancelled before": "Mai entrata in vigore: annullata {when}",
    },
)

_LANGUAGES = {"en": _ENGLISH, "it": _ITALIAN}


def _language(lang: str) -> _Language:
    """As `dates.label`: English where there is no table for the language."""
    return _LANGUAGES.get(lang.partition("-")[0].lower(), _ENGLISH)


def _say(lang: str, template: str, **values: str) -> str:
    return _language(lang).templates[template].format(**values)


# -- how an entry stands ---------------------------------------------------------------


def standing_word(standing: Standing, lang: str) -> str:
    """How something stands, as one word."""
    return _language(lang).standings[standing]


def state_word(state: State, lang: str) -> str:
    """Where any entry of that state stands, as one word."""
    standing = Standing.ONGOING if state is State.OPEN else Standing(state)
    return standing_word(standing, lang)


def standing_words(entry: Entry, lang: str, *, now: int | None = None) -> str:
    """What there is to add to the one word; empty where there is nothing.

    Args:
        entry: As it is at the moment.
        lang: BCP 47.
        now: Of the moment, see `dates.label`.
    """

    def due(words: str, **more: str) -> str:  # most entries have no use for these
        date = dates.label(entry.occurred, lang, now=now)
        when = dates.when(entry.occurred, lang)
        return _say(lang, words, date=date, when=when, **more)

    match standing_of(entry):
        case Standing.EXPECTED if _is_open(entry):
            first = dates.since(dates.parse(dates.day_of(entry.lo)), lang)
            return due("due, open", since=first)
        case Standing.EXPECTED:
            return due("due")
        case Standing.OVERDUE:
            return due("was due")
        case Standing.POSTPONED:
            return due("no date")
        case Standing.CANCELLED if entry.ended:
            ended = day_words(dates.parse(entry.ended), lang)
            return _joined(ended, called_off_words(entry, lang))
        case Standing.FULFILLED if entry.promised is not None:
            how = kept_label(kept_of(entry.promised, entry.occurred), lang)
            return _joined(day_words(entry.occurred, lang), how)
        case _:
            return ""


def day_words(date: HistoricDate, lang: str) -> str:
    """*date* as it stands behind what was done then: "corrected 5 August 2025"."""
    return _say(lang, "on", date=dates.label(date, lang), when=dates.when(date, lang))


def standing_label(entry: Entry, lang: str, *, now: int | None = None) -> str:
    """How *entry* stands, in a few words that can stand by themselves."""
    standing = standing_of(entry)
    word, words = standing_word(standing, lang), standing_words(entry, lang, now=now)
    match standing:
        case Standing.EXPECTED:
            return words
        case Standing.OVERDUE:
            return f"{word}: {words}"
        case _:
            return f"{word} {words}" if words else word


def _is_open(entry: Entry) -> bool:
    """Whether a window is open that opened on the day it was promised."""
    return entry.state is State.OPEN and entry.occurred.edtf.startswith("../")


def due_words(date: HistoricDate, lang: str) -> str:
    """By when something was promised."""
    return _say(lang, "due", date=dates.label(date, lang), when=dates.when(date, lang))


def called_off_words(entry: Entry, lang: str) -> str:
    """How the day of its cancellation lies to its window; empty if nobody can say."""
    if not entry.ended:
        return ""
    return _called_off(kept_of(entry.occurred, dates.parse(entry.ended)), lang)


def kept_label(kept: Kept, lang: str) -> str:
    """How a promise was kept; empty where nobody can say."""
    match kept.how:
        case Keeping.EARLY:
            key = "early" if kept.one_day else "early window"
            return _say(lang, key, days=_days(kept, lang))
        case Keeping.LATE:
            return _say(lang, "late", days=_days(kept, lang))
        case Keeping.IN_TIME if kept.days is None:
            return _say(lang, "in time")
        case Keeping.IN_TIME if kept.days and not kept.one_day:
            return _say(lang, "left", days=_days(kept, lang))
        case Keeping.IN_TIME if kept.inexact:
            return _say(lang, "in time")
        case Keeping.IN_TIME:
            return _say(lang, "as promised" if kept.one_day else "last day")
        case Keeping.UNSURE:
            return ""
        case unreachable:
            assert_never(unreachable)


def _called_off(kept: Kept, lang: str) -> str:
    """How the day of a cancellation lies to the window that was cancelled."""
    match kept.how:
        case Keeping.EARLY:
            key = "before due" if kept.one_day else "early window"
            return _say(lang, key, days=_days(kept, lang))
        case Keeping.LATE:
            key = "after due" if kept.one_day else "late window"
            return _say(lang, key, days=_days(kept, lang))
        case Keeping.IN_TIME if kept.one_day and not kept.inexact:
            return _say(lang, "when due")
        case Keeping.IN_TIME if kept.days and not kept.one_day:
            return _say(lang, "left", days=_days(kept, lang))
        case _:
            return ""


def _days(kept: Kept, lang: str) -> str:
    n = kept.days or 0
    number = str(n) if n < 10_000 else f"{n:,}".replace(",", _language(lang).group)
    days = _say(lang, "day" if n == 1 else "days", n=number)
    return _say(lang, "about", days=days) if kept.inexact else days


# -- what changed ----------------------------------------------------------------------


def revision_word(revision: Revision, lang: str) -> str:
    """What a revision did to the date, as one word."""
    return _language(lang).revisions[revision]


def between_words(change: Change, lang: str) -> str:
    """From where to where a date moved; empty if it did not."""
    dated = moved(change)
    if dated is None:
        return ""
    old, new = (dates.label(date, lang) for date in dated)
    return _from_to(*dated, lang) or _say(lang, "was, is", old=old, new=new)


def _from_to(old: HistoricDate, new: HistoricDate, lang: str) -> str:
    """Empty where one contains the other, so that nothing went anywhere."""
    if move_of(old, new) in (Move.WIDER, Move.NARROWER, Move.SAME):
        return ""
    return dates.from_to(old, new, lang)


def moved_words(change: Change, lang: str) -> str:
    """From where to where a date moved, and when that was said; empty if it did not."""
    dated = moved(change)
    if dated is None:
        return ""
    said = dates.when(dates.parse(change.said), lang)
    if between := _from_to(*dated, lang):
        return f"{between} {said}"
    return f"{said}: {between_words(change, lang)}"


def was_words(change: Change, lang: str) -> str:
    """The old date or title that a change replaced; empty if it was neither."""
    old = change.before.get("occurred")
    if isinstance(old, str) and change.after.get("occurred", old) != old:
        return _say(lang, "was", old=dates.label(dates.parse(old), lang))
    title = change.before.get("title")
    if title and change.after.get("title", title) != title:
        return _say(lang, "was named", old=str(title))
    return ""


def changed_label(change: Change, lang: str, *, awaited: bool) -> str:
    """What sort of change it was, and when: a correction is dated by us."""
    if change.kind == "corrected":
        day = day_words(dates.from_instant(change.recorded_at), lang)
        return f"{_say(lang, 'corrected')} {day}"
    word = revision_word(revision_of(change, awaited=awaited), lang)
    return f"{word} {dates.when(dates.parse(change.said), lang)}"


def change_label(change: Change, lang: str, *, awaited: bool) -> str:
    """What a correction or a revision did, in words that can stand by themselves."""
    if words := moved_words(change, lang):
        word = revision_word(revision_of(change, awaited=awaited), lang)
        return f"{word} {words}"
    changed = changed_label(change, lang, awaited=awaited)
    was = was_words(change, lang)
    return f"{changed}: {was}" if was else changed


# -- whether a measure is in force -----------------------------------------------------


def force_label(found: InForce, lang: str) -> str:
    """Where a measure stands, as a sentence without its full stop."""
    match found.state:
        case Force.IN_FORCE:
            told = _ahead(_in_force(found, lang), found, lang)
            if found.until is None or found.ahead is not None:
                return told
            return _say(lang, "until", told=told, date=dates.label(found.until, lang))
        case Force.NOT_YET if found.since is None:
            return _say(lang, "not yet")
        case Force.NOT_YET:
            key = "due to take effect" if found.awaited else "takes effect"
            return _ahead(_dated(key, found.since, lang), found, lang)
        case Force.UNCONFIRMED:
            return _dated("unconfirmed", found.since, lang)
        case Force.SUSPENDED:
            return _ahead(_suspended(found, lang), found, lang)
        case Force.DUE_TO_RESUME:
            return _dated("due to resume", found.since, lang)
        case Force.RESCINDED:
            key = "rescinded before" if found.before_effect else "rescinded"
            return _dated(key, found.since, lang)
        case Force.ENDED:
            return _dated("ended", found.since, lang)
        case Force.NEVER if found.since is None:
            return _say(lang, "never")
        case Force.NEVER:
            return _dated("cancelled before", found.since, lang)
        case unreachable:
            assert_never(unreachable)


def _in_force(found: InForce, lang: str) -> str:
    if found.since is None:
        return _say(lang, "in force")
    return _dated("again" if found.again else "in force since", found.since, lang)


def _suspended(found: InForce, lang: str) -> str:
    if found.since is not None and found.until is not None:
        between = dates.from_to(found.since, found.until, lang)
        if between:
            return _say(lang, "suspended from", from_to=between)
    return _dated("suspended since", found.since, lang)


def _ahead(told: str, found: InForce, lang: str) -> str:
    """With what is announced to change it."""
    if found.ahead is None:
        return told
    keys = {
        "suspends": "to be suspended",
        "rescinds": "to be rescinded",
        "resumes": "to resume",
    }
    first = dates.when(beginning(found.ahead.entry.occurred), lang)
    return _say(lang, keys[found.ahead.rel], told=told, when=first)


def _dated(key: str, date: HistoricDate | None, lang: str) -> str:
    assert date is not None, key  # noqa: S101 (that state has a date)
    when, since = dates.when(date, lang), dates.since(date, lang)
    return _say(lang, key, when=when, since=since)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


def dump_date(date: HistoricDate, *, lang: str = "en") -> dict[str, Json]:
    """A date as text, as bounds and in words of *lang*: as every JSON writes it."""
    return {
        "edtf": date.edtf,
        "earliest": date.earliest,
        "latest": date.latest,
        "approximate": date.approximate,
        "uncertain": date.uncertain,
        "label": dates.label(date, lang),
    }
