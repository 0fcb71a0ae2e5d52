"""Feeds as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json
from typing import TypeAlias

from events.model import Json
from timeline.feeds.items import Feed, Item
from timeline.feeds.text import one_line, xml_text
from timeline.projections import State
from timeline.tellings import dump_date

JSON_FEED = "application/feed+json"

_Object: TypeAlias = dict[str, Json]


def render_json(feed: Feed) -> bytes:
    """*feed* in JSON Feed 1.1: the same bytes for the same feed.

    What has no member there stands in ``_timeline``: there are no deletions in the
    specification (manton/JSONFeed#171).
    """
    title = one_line(feed.title) or feed.id
    made: _Object = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": feed.page_url,
        "feed_url": feed.self_url,
        **_told("description", one_line(feed.subtitle)),
        **_told("next_url", feed.older_url),
        **({"hubs": [{"type": "WebSub", "url": feed.hub}]} if feed.hub else {}),
        "authors": [{"name": one_line(feed.author) or title}],
        **_told("language", one_line(feed.lang)),
        "_timeline": _of_the_feed(feed),
        "items": [_item(item, feed) for item in feed.items],
    }
    return (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()


def _of_the_feed(feed: Feed) -> _Object:
    """What Atom says of a feed and JSON Feed has no word for."""
    made: _Object = {"id": feed.id, "updated": feed.updated.isoformat()}
    if feed.archived:
        made |= {"archive": True, "current_url": feed.current_url}
    if feed.deleted:
        made["deleted"] = [
            {"id": one.id, "when": one.when.isoformat(), "why": xml_text(one.why)}
            for one in feed.deleted
        ]
    return made


def _item(item: Item, feed: Feed) -> _Object:
    tags = [one_line(one.label) or one_line(one.term) for one in item.categories]
    author = one_line(item.author)
    made: _Object = {
        "id": item.id,
        "url": item.page_url,
        "title": one_line(item.title) or item.id,
        "content_html": xml_text(item.content),
        "date_published": item.published.isoformat(),
        "date_modified": item.updated.isoformat(),
        **({"authors": [{"name": author}]} if author else {}),
        # A category and a tag may be the same word.
        "tags": list(dict.fromkeys(filter(None, tags))),
    }
    if item.lang != feed.lang:
        made |= _told("language", one_line(item.lang))
    if item.state is not None and item.occurred is not None:
        made["_timeline"] = {
            "state": str(item.state),
            **({"retracted": True} if item.state is State.RETRACTED else {}),
            "occurred": dump_date(item.occurred, lang=feed.lang),
        }
    return made


def _told(name: str, text: str) -> _Object:
    """A member that is left out where there is nothing to tell."""
    return {name: text} if text else {}
