"""The messages of the interface: found in the source, renewed in the catalogues.

    python -m tests.catalogue

takes what the source says into ``timeline/locale/*/LC_MESSAGES/messages.po``, drops
what it says no more, compiles, and lists what is left to translate.
"""

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "timeline" / "locale"

# Where words for people stand, and what reads them out.
METHODS = [
    ("timeline/templates/**.html", "jinja2"),
    ("timeline/web/**.py", "python"),
    ("timeline/schemas/**.py", "python"),
    ("events/dates/refusal.py", "python"),
]
OPTIONS: Mapping[str, dict[str, Any]] = {
    "timeline/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}
}
KEYWORDS: Mapping[str, Any] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say": None,
    "count": (1, 2),
    "Sentence": None,
}

# Problems of dates stand in tables, where marking each would hide the tables.
_PROBLEMS = ROOT / "events" / "dates" / "refusal.py"
_SENTENCE = re.compile(r"[A-Z][^\n]* [^\n]*\.", re.DOTALL)


def messages() -> dict[str | tuple[str, str], set[str]]:
    """All that the interface says, each with the files that say it."""
    found: dict[str | tuple[str, str], set[str]] = {}
    extracted = extract_from_dir(ROOT, METHODS, dict(OPTIONS), KEYWORDS)
    for file, _, message, _, _ in extracted:
        one: Any = tuple(message) if isinstance(message, (list, tuple)) else message
        if one:
            found.setdefault(one, set()).add(Path(file).as_posix())
    for problem in _problems(_PROBLEMS):
        found.setdefault(problem, set()).add(_PROBLEMS.relative_to(ROOT).as_posix())
    return found


def _problems(path: Path) -> Iterator[str]:
    """Every sentence in the source at *path* but its documentation."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            words = node.value
            if isinstance(words, str) and _SENTENCE.fullmatch(words):
                yield words


def catalogues() -> list[Path]:
    """The catalogue of each language."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/messages.po"))


def read(path: Path) -> Catalog:
    """The catalogue at *path*."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def compiled(catalogue: Catalog) -> bytes:
    """What the service reads of *catalogue*."""
    made = io.BytesIO()
    catalogue.creation_date = catalogue.revision_date = datetime.fromtimestamp(0, UTC)
    write_mo(made, catalogue)
    return made.getvalue()


def renew(path: Path) -> list[str]:
    """Take the source's messages into the catalogue at *path*, and compile it.

    Returns:
        What has no translation yet.
    """
    old = read(path)
    new = Catalog(
        locale=path.parent.parent.name,
        project="living-timeline",
        fuzzy=False,
        header_comment="# The words of the interface; renew: python -m tests.catalogue",
    )
    for message, files in sorted(messages().items(), key=str):
        known = old.get(message if isinstance(message, str) else message[0])
        words = known.string if known and known.id == message else None
        new.add(message, words, locations=[(file, 0) for file in sorted(files)])
    with path.open("wb") as file:
        file.write(_text(new))
    written = read(path)
    path.with_suffix(".mo").write_bytes(compiled(written))
    return [str(one.id) for one in written if one.id and empty(one.string)]


def empty(string: str | Iterable[str] | None) -> bool:
    """Whether a translation, or one of its forms, is missing."""
    return not string or not all(string)


def _text(catalogue: Catalog) -> bytes:
    """The catalogue without what changes by itself: dates and line numbers."""
    made = io.BytesIO()
    write_po(made, catalogue, width=88, sort_output=True, include_lineno=False)
    dated = re.compile(
        rb'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator'
        rb"|Language-Team|Report-Msgid-Bugs-To|Generated-By)"
        rb":.*\n",
        re.MULTILINE,
    )
    return dated.sub(b"", made.getvalue())


def main() -> None:
    """Renew all catalogues."""
    missing = {path: renew(path) for path in catalogues()}
    for path, left in missing.items():
        print(f"{path.relative_to(ROOT)}: {len(left)} to translate")
        for words in left:
            print(f"  {words}")
    sys.exit(any(missing.values()))


if __name__ == "__main__":
    main()
