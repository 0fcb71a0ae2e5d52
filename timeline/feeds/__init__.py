"""The timeline for feed readers, and its texts fit for HTML and XML. Pure."""

from timeline.feeds.calendar import CALENDAR, COLOURS, MOST_ENTRIES, render_calendar
from timeline.feeds.ids import change_id, entry_id, feed_id, kinds_scheme, made_on
from timeline.feeds.items import Category, Deleted, Feed, Item, Via, make_feed
from timeline.feeds.json import JSON_FEED, render_json
from timeline.feeds.stretches import Stretch, stretch_of
from timeline.feeds.text import summary_html, web_address, xml_text
from timeline.feeds.topics import CHANGES_FEED, PAGE_FEEDS, is_topic, topics
from timeline.feeds.xml import ATOM, RSS, render_atom, render_rss

__all__ = [
    "ATOM",
    "CALENDAR",
    "CHANGES_FEED",
    "COLOURS",
    "JSON_FEED",
    "MOST_ENTRIES",
    "PAGE_FEEDS",
    "RSS",
    "Category",
    "Deleted",
    "Feed",
    "Item",
    "Stretch",
    "Via",
    "change_id",
    "entry_id",
    "feed_id",
    "is_topic",
    "kinds_scheme",
    "made_on",
    "make_feed",
    "render_atom",
    "render_calendar",
    "render_json",
    "render_rss",
    "stretch_of",
    "summary_html",
    "topics",
    "web_address",
    "xml_text",
]
