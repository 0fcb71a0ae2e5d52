"""How to cite an entry as it stands at one position of the log. Pure."""

import re
from dataclasses import dataclass

from timeline.projections import Entry
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


def make_citation(entry: Entry, reader: Reader, *, site: str, address: str) -> Citation:
    """The citation of *entry* on the timeline called *site*."""
    title = texts(entry, reader)[0].words
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
    fields = {
        "author": f"{{{_tex(site)}}}",
        "title": f"{{{_tex(title)}}}",
        "year": f"{entry.updated_at:%Y}",
        "note": f"Version {entry.version}, log position {entry.position}",
        "url": _UNFIT_IN_URL.sub("", address),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    bibtex = f"@misc{{{entry.id}-v{entry.version},\n{lines}}}"
    return Citation(address, text, bibtex)


def _tex(text: str) -> str:
    """*text* as LaTeX prints it."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
