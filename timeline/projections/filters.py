"""Which entries are wanted: filters and the words of a search. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from events.dates import HistoricDate
from timeline.projections.entries import Entry, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries are wanted: any value of one key, all of different keys.

    Attributes:
        q: Words to be found in title, summary or names: all of them, the last one
            also as a beginning, and those in double quotes side by side.
        start, end: Bounds of a window; an entry is in it if it possibly overlaps
            it (dates.md, "Overlap").
        within: Another filter that has to want the entry as well.
    """

    q: str = ""
    category: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    state: tuple[State, ...] = ()
    start: HistoricDate | None = None
    end: HistoricDate | None = None
    within: "Filter | None" = None

    @property
    def words(self) -> tuple["Words", ...]:
        """What *q* asks for."""
        return words_of(self.q)

    def matches(self, entry: Entry) -> bool:
        """Whether *entry* is wanted."""
        return (
            all(_said(words, entry) for words in self.words)
            and (not self.category or entry.category in self.category)
            and _any(self.actor, entry.actors)
            and _any(self.place, entry.places)
            and _any(self.tag, entry.tags)
            and (not self.state or entry.state in self.state)
            and (self.start is None or entry.hi >= self.start.lo)
            and (self.end is None or entry.lo <= self.end.hi)
            and (self.within is None or self.within.matches(entry))
        )


@dataclass(frozen=True, slots=True)
class Words:
    """Words that stand side by side in a text, as they are searched for.

    Attributes:
        tokens: Folded: without case and accents.
        begun: The last one may go on.
    """

    tokens: tuple[str, ...]
    begun: bool = False


_QUOTED = re.compile(r'"([^"]*)"?|([^\s"]+)')


def words_of(q: str) -> tuple[Words, ...]:
    """The words and quoted phrases of a search; its last bare word may go on."""
    found: list[Words] = []
    for quoted, bare in _QUOTED.findall(q):
        if tokens := tokens_of(quoted or bare):
            found.append(Words(tokens))
    if found and q[-1:].strip(' "'):
        found[-1] = replace(found[-1], begun=True)
    return tuple(found)


def tokens_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded as the index of the read model folds them.

    https://sqlite.org/fts5.html#unicode61_tokenizer
    """
    plain = unicodedata.normalize("NFD", text)
    return tuple(
        "".join(
            char if unicodedata.category(char)[0] in "LN" else " "
            for char in plain
            if unicodedata.category(char) != "Mn"
        )
        .lower()
        .split()
    )


def _said(words: Words, entry: Entry) -> bool:
    return any(_stands(words, tokens_of(text)) for text in entry.words())


def _stands(words: Words, tokens: Sequence[str]) -> bool:
    length = len(words.tokens)
    for at in range(len(tokens) - length + 1):
        if tuple(tokens[at : at + length]) == words.tokens:
            return True
        if (
            words.begun
            and tuple(tokens[at : at + length - 1]) == words.tokens[:-1]
            and tokens[at + length - 1].startswith(words.tokens[-1])
        ):
            return True
    return False


def match_key(text: str) -> str:
    """Actors, places and tags with the same key are the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _any(wanted: Sequence[str], found: Sequence[str]) -> bool:
    return not wanted or not {*map(match_key, wanted)}.isdisjoint(map(match_key, found))
