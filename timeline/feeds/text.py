"""Texts from outside made fit for XML, HTML, plain text and addresses."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from timeline.projections import Entry

_NONCHARACTERS = "".join(
    f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 17)
)
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
    f"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{_NONCHARACTERS}]"
)


def xml_text(text: str) -> str:
    """*text* without what XML cannot hold or advises against (XML 1.0 2.2).

    lxml raises on the former, so one such event would take every feed down that has
    it (ckan/ckan#6378, dgtlmoon/changedetection.io#1766).
    """
    return _UNFIT.sub("", text)


_markdown = MarkdownIt("commonmark", {"html": False})
# Each chain of rules is put together on first use and is seen half made by other
# threads, which would render without the missing rules, and keep that.
_markdown.render("now")
_sanitiser = nh3.Cleaner(
    tags={"p", "br", "hr", "em", "strong", "code", "pre", "blockquote"}
    | {"ul", "ol", "li", "a"},
    attributes={"a": {"href"}, "ol": {"start"}},
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel="nofollow noopener",
)


@lru_cache(maxsize=1024)
def summary_html(markdown: str) -> str:
    """CommonMark as HTML that is safe in a page and in a feed.

    Raw HTML shows as text, pictures are left out, links are http or https. Headings
    become paragraphs: a summary must not take part in the outline of a page.
    """
    tokens = _markdown.parse(xml_text(markdown))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
    html: str = _markdown.renderer.render(tokens, _markdown.options, {})
    return xml_text(_sanitiser.clean(html)).strip()


def summary_text(markdown: str) -> str:
    """CommonMark as plain text: the address of a link stands behind its words."""
    blocks: list[str] = []
    mark = ""
    for token in _markdown.parse(xml_text(markdown)):
        if token.type == "list_item_open":
            mark = "– "
        elif token.type == "inline":
            blocks.append(mark + "".join(_plain(token.children or ())))
            mark = ""
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content)
    return "\n\n".join(filter(None, map(str.strip, blocks)))


def _plain(tokens: Sequence[Token]) -> Iterator[str]:
    address, words = None, ""
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                told = " " if token.type == "softbreak" else "\n"
            case "link_open":
                address, words, told = web_address(str(token.attrGet("href"))), "", ""
            case "link_close":
                told = f" ({address})" if address and address != words else ""
                address = None
            case _:  # text, code, or what stands for a picture
                told = token.content
        words += told
        yield told


# What no address may hold as it stands: RFC 3987 2.2 has none of these.
_UNFIT_IN_ADDRESS = re.compile(r'[\x00-\x20"<>\\^`{|}\x7f]')


def web_address(text: str) -> str | None:
    """*text* as an absolute http or https address; None if it is none."""
    text = xml_text(text).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return _UNFIT_IN_ADDRESS.sub(lambda found: quote(found[0]), text)


def one_line(text: str) -> str:
    """Plain text on one line."""
    return " ".join(xml_text(text).split())


@dataclass(frozen=True, slots=True)
class Texts:
    """Title and summary of an entry, each in a language."""

    title: str
    title_lang: str
    summary: str
    summary_lang: str


def texts_of(entry: Entry, lang: str, own: str) -> Texts:
    """What *entry* says in *lang* as far as it was translated; *own*: its first one."""
    chosen = _nearest(lang, [own, *entry.translations])
    translation = None if chosen == own else entry.translations[chosen]
    title, summary = (entry.title, own), (entry.summary, own)
    if translation and translation.title:
        title = translation.title, chosen
    if translation and translation.summary:
        summary = translation.summary, chosen
    return Texts(*title, *summary)


def _nearest(lang: str, available: Sequence[str]) -> str:
    """The first of *available* that is *lang*, or some kind of it, or the first."""
    for same in (str.lower, primary):
        for one in available:
            if same(one) == same(lang):
                return one
    return available[0]


def primary(lang: str) -> str:
    """The language of a language tag, without its region or script."""
    return lang.partition("-")[0].lower()
