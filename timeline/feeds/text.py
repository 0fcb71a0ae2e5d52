"""Texts from outside made fit for XML, HTML and addresses."""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

import nh3
from markdown_it import MarkdownIt

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
