"""What programs read on an entry's page: schema.org's Event as JSON-LD. Pure.

Only what somebody said: a date that schema.org has no word for is left out, and so is
who organised what, since the actors of an entry may be anybody in it.
"""

import json
import re

from markupsafe import Markup

from events.model import Json, JsonObject
from timeline.feeds import web_address
from timeline.projections import Change, Entry, State
from timeline.tellings import Keeping, Revision, kept_of, moved, revision_of
from timeline.web.pages.record import instant
from timeline.web.pages.words import Reader, Text, texts

_ISO_8601 = re.compile(
    r"(?!0000)[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-[0-9]{2}(?:T[0-9:]{8}(?:Z|[+-][0-9:]{5}))?)?)?"
)

_MOVES = frozenset(
    {
        Revision.SLIPPED,
        Revision.BROUGHT_FORWARD,
        Revision.MOVED_LATER,
        Revision.MOVED_EARLIER,
    }
)

# What would end a script element or begin a comment in it, and what JavaScript once
# took for the end of a line; a lone surrogate has no bytes.
_UNFIT_IN_SCRIPT = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def data_block(data: JsonObject) -> Markup:
    """*data* as it stands in a ``script`` element, which it cannot end."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(_UNFIT_IN_SCRIPT.sub(lambda found: f"\\u{ord(found[0]):04x}", text))  # noqa: S704


def make_event(
    entry: Entry, reader: Reader, *, url: str, description: str
) -> JsonObject | None:
    """*entry* as an Event at *url*; None for what should never have been listed.

    Args:
        entry: As it stands now.
        reader: In whose language it is told, as far as it was translated.
        url: Absolute address of its page in that language.
        description: Its summary as plain text; empty if there is none.
    """
    if entry.state is State.RETRACTED:
        return None
    title, summary = texts(entry, reader)
    start, end = dates_of(entry.occurred.edtf, promised=_is_promised(entry))
    status, previous = _status(entry, start)
    if entry.state is State.POSTPONED:
        start = end = ""
    told: dict[str, Json] = {
        "name": title.words,
        "description": description,
        "url": url,
        "inLanguage": _language(title, summary, reader),
        "startDate": start,
        "endDate": end,
        "eventStatus": status and f"https://schema.org/{status}",
        "previousStartDate": previous[0] if len(previous) == 1 else previous,
        "keywords": list(entry.tags),
        "subjectOf": _sources(entry),
        # Only works have dates of their making; the Event has those of the world.
        "mainEntityOfPage": {
            "@type": "WebPage",
            "@id": url,
            "datePublished": instant(entry.recorded_at),
            "dateModified": instant(entry.updated_at),
        },
    }
    return {
        "@context": "https://schema.org",
        "@type": "Event",
        **{name: value for name, value in told.items() if value},
    }


def dates_of(edtf: str, *, promised: bool) -> tuple[str, str]:
    """First and last day of what has the date *edtf*, in ISO 8601; empty: not said.

    A single date is when it begins, as exactly as it was said: ``2025-10``. Of what is
    *promised*, two ends are the window in which it is to come, not its own ends.
    """
    first, slash, last = edtf.partition("/")
    if slash and (promised or first == ".."):
        return "", ""
    start, end = (one if _ISO_8601.fullmatch(one) else "" for one in (first, last))
    return start, end


def _is_promised(entry: Entry) -> bool:
    return entry.awaited and entry.state is not State.HAPPENED


def _status(entry: Entry, start: str) -> tuple[str, list[Json]]:
    """schema.org's word for how the plan fared, and the starts it had before."""
    previous = _starts_before(entry, start)
    match entry.state:
        case State.CANCELLED:
            return "EventCancelled", previous
        case State.POSTPONED:
            return "EventPostponed", [*previous, *filter(None, [start])]
        case State.OVERDUE:
            return "", previous  # all we know is that nobody has told us
        case _ if any(_has_moved(change, entry) for change in entry.changes):
            return "EventRescheduled", previous
        case State.HAPPENED if not _was_kept(entry):
            return "", []
        case _:
            return "EventScheduled", []


def _starts_before(entry: Entry, start: str) -> list[Json]:
    """Each start that was planned before, the first one first; *start* is the last."""
    before = [
        dates_of(dated[0].edtf, promised=entry.awaited)[0]
        for change in entry.changes
        if (dated := moved(change)) and _has_moved(change, entry)
    ]
    return [one for one in dict.fromkeys(before) if one and one != start]


def _has_moved(change: Change, entry: Entry) -> bool:
    return revision_of(change, awaited=entry.awaited) in _MOVES


def _was_kept(entry: Entry) -> bool:
    """Whether it took place as it was scheduled, if it was."""
    if entry.promised is None:
        return True
    return kept_of(entry.promised, entry.occurred).how is Keeping.IN_TIME


def _language(title: Text, summary: Text, reader: Reader) -> Json:
    """Of title and summary."""
    spoken = dict.fromkeys(
        one.lang or reader.lang for one in (title, summary) if one.words
    )
    return [*spoken] if len(spoken) > 1 else "".join(spoken)


def _sources(entry: Entry) -> list[Json]:
    """The works that tell of it."""
    sources = []
    for one in entry.sources:
        if (address := web_address(one.url)) is None:
            continue
        told: dict[str, Json] = {
            "name": one.title,
            "url": address,
            "publisher": one.publisher
            and {"@type": "Organization", "name": one.publisher},
            "datePublished": dates_of(one.published or "", promised=False)[0],
        }
        known = {name: value for name, value in told.items() if value}
        sources.append({"@type": "CreativeWork", **known})
    return list(sources)
