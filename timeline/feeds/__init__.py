"""The timeline for feed readers, and its texts fit for HTML and XML. Pure."""

from timeline.feeds.ids import change_id, entry_id, feed_id, kinds_scheme, made_on
from timeline.feeds.items import Category, Feed, Item, Via, make_feed
from timeline.feeds.text import summary_html, web_address, xml_text
from timeline.feeds.xml import ATOM, RSS, render_atom, render_rss

__all__ = [
    "ATOM",
    "RSS",
    "Category",
    "Feed",
    "Item",
    "Via",
    "change_id",
    "entry_id",
    "feed_id",
    "kinds_scheme",
    "made_on",
    "make_feed",
    "render_atom",
    "render_rss",
    "summary_html",
    "web_address",
    "xml_text",
]
