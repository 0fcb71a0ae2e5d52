"""Where a search found something: texts with the matches marked. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from markupsafe import Markup, escape

from timeline.projections import Words, tokens_of

EXCERPT = 220
"""Characters of a summary around its first match."""

_BEFORE = 60
_SPACE = re.compile(r"\s+")


def marked(text: str, wanted: Sequence[Words]) -> Markup:
    """*text* as HTML with what was looked for in ``mark`` elements."""
    return _marked(text, matches(text, wanted))


def is_found(text: str, wanted: Sequence[Words]) -> bool:
    """Whether *text* has any of what was looked for."""
    return bool(matches(text, wanted))


def excerpt(text: str, wanted: Sequence[Words]) -> Markup:
    """Up to `EXCERPT` characters of *text* around its first match, marked.

    Its beginning, if there is no match.
    """
    text = _SPACE.sub(" ", text).strip()
    found = matches(text, wanted)
    start = max(found[0][0] - _BEFORE, 0) if found else 0
    end = start + EXCERPT
    if end >= len(text):
        start, end = max(len(text) - EXCERPT, 0) if start else 0, len(text)
    if start:
        first = found[0][0] if found else start
        start = text.find(" ", start, first) + 1 or start
    if end < len(text):
        last = max((stop for _, stop in found if stop <= end), default=start)
        end = max(text.rfind(" ", last, end), last) if " " in text[last:end] else end
    inside = [
        (at - start, stop - start) for at, stop in found if start <= at and stop <= end
    ]
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return Markup("{}{}{}").format(before, _marked(text[start:end], inside), after)


def matches(text: str, wanted: Sequence[Words]) -> list[tuple[int, int]]:
    """Start and end of each stretch of *text* that was looked for, in order.

    Words are folded as the index folds them, so "cafe" is found in "Café".
    """
    tokens = list(_tokens(text))
    stretches = [
        (tokens[at][1], tokens[at + len(words.tokens) - 1][2])
        for words in wanted
        for at in range(len(tokens) - len(words.tokens) + 1)
        if _begins(
            words, [token for token, _, _ in tokens[at : at + len(words.tokens)]]
        )
    ]
    return list(_merged(sorted(stretches)))


def _begins(words: Words, tokens: Sequence[str]) -> bool:
    if tuple(tokens) == words.tokens:
        return True
    return (
        words.begun
        and tuple(tokens[:-1]) == words.tokens[:-1]
        and tokens[-1].startswith(words.tokens[-1])
    )


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of *text*, folded, with its start and end."""
    start: int | None = None
    for at, char in enumerate(f"{text} "):
        in_word = _in_word(char)
        if in_word and start is None:
            start = at
        if in_word is False and start is not None:
            yield "".join(tokens_of(text[start:at])), start, at
            start = None


@lru_cache(maxsize=4_096)
def _in_word(char: str) -> bool | None:
    """Whether a word has it; None for a mark, which neither begins nor ends one."""
    if tokens_of(char):
        return True
    return None if tokens_of(f"a{char}a") == ("aa",) else False


def _merged(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for start, end in stretches:
        if last is not None and start <= last[1]:
            last = last[0], max(end, last[1])
            continue
        if last is not None:
            yield last
        last = start, end
    if last is not None:
        yield last


def _marked(text: str, stretches: Sequence[tuple[int, int]]) -> Markup:
    html = Markup()
    cuts = [0, *(cut for stretch in stretches for cut in stretch), len(text)]
    for nth, (start, end) in enumerate(pairwise(cuts)):
        piece = escape(text[start:end])
        html += Markup("<mark>{}</mark>").format(piece) if nth % 2 else piece
    return html
