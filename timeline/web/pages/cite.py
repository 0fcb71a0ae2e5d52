"""How to cite an entry as it stands at one moment. Pure."""

import re
from dataclasses import dataclass

from events import dates
from timeline.projections import Entry
from timeline.web.pages.moments import known_words
from timeline.web.pages.words import Reader, texts

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "%&#_$"},
}
_UNFIT_IN_URL = re.compile(r"[{}\\\s]")


@dataclass(frozen=True, slots=True)
class Citation:
    """An entry's address, what stands before it in plain text, and BibTeX."""

    address: str
    text: str
    bibtex: str


def make_citation(
    entry: Entry,
    reader: Reader,
    *,
    site: str,
    origin: str,
    known_day: int | None = None,
) -> Citation:
    """The citation of *entry* on the timeline called *site*, at *origin*.

    Its address is that of the page at the entry's position, which stays as it is.
    What the public knew on *known_day*, from 1970, was shown at no position.
    """
    path = f"/entries/{entry.id}"
    title = texts(entry, reader)[0].words
    if known_day is not None:
        return _known_citation(
            entry,
            reader,
            title,
            site=site,
            address=origin + reader.href(path),
            known_day=known_day,
        )
    at = [("as_of", str(entry.position))]
    address = origin + reader.now.href(path, at)
    day = reader.day(entry.updated_at)
    text = reader.say(
        "“{title}”, {date}. {site}, version {version} at position {position} of the"
        " log, {day}.",
        title=title,
        date=reader.label(entry.occurred),
        site=site,
        version=entry.version,
        position=reader.number(entry.position),
        day=day,
    )
    bibtex = _bibtex(
        f"{entry.id}-v{entry.version}",
        entry,
        title,
        site=site,
        note=f"Version {entry.version}, log position {entry.position}",
        address=address,
    )
    return Citation(address, text, bibtex)


def _known_citation(
    entry: Entry,
    reader: Reader,
    title: str,
    *,
    site: str,
    address: str,
    known_day: int,
) -> Citation:
    text = reader.say(
        "“{title}”, {date}. {site}, as the public knew it on {day}.",
        title=title,
        date=reader.label(entry.occurred),
        site=site,
        day=known_words(known_day, reader),
    )
    day = dates.day_of(known_day * dates.DAY_S)
    bibtex = _bibtex(
        f"{entry.id}-known-{day}",
        entry,
        title,
        site=site,
        note=f"As known on {day}",
        address=address,
    )
    return Citation(address, text, bibtex)


def _bibtex(
    key: str, entry: Entry, title: str, *, site: str, note: str, address: str
) -> str:
    fields = {
        "author": f"{{{_tex(site)}}}",
        "title": f"{{{_tex(title)}}}",
        "year": f"{entry.updated_at:%Y}",
        "note": note,
        "url": _UNFIT_IN_URL.sub("", address),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{{key},\n{lines}}}"


def _tex(text: str) -> str:
    """*text* as LaTeX prints it."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
