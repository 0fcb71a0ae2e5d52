"""A browser that opens a feed is led to the page that explains how to subscribe.

No browser shows a feed to people: it shows its text, or saves it. Feed readers must
never be led away, whatever they send: many say ``Accept: */*``, nothing, or what a
browser says. So only a browser's own word counts, which no script can set: that the
answer is to be the document of a window (``Sec-Fetch-Dest``, Fetch Metadata 2.1), and
that no page of ours asked for it (``Sec-Fetch-Site``), as the link to the feed itself
does on the page that explains it. ``Accept`` would add nothing to that, and each of
its many values would be a copy of its own in every cache.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, request

_VARY = ("Sec-Fetch-Dest", "Sec-Fetch-Site")

# Last parts of the addresses that somebody may find and open, and where on the page
# each is explained.
_OPENED: Mapping[str, str] = {
    "feed.atom": "",
    "feed.rss": "",
    "feed.json": "",
    "calendar.ics": "#calendar",
    "changes.atom": "#changes",
}


def lead_browsers(feeds: Blueprint) -> None:
    """Lead browsers away from what the views of *feeds* answer to programs."""

    @feeds.before_request
    def lead() -> Response | None:
        below, _, name = request.path.rpartition("/")
        if name not in _OPENED or not _opens_window():
            return None
        query = request.query_string.decode("ascii", "replace")
        response = Response(status=HTTPStatus.SEE_OTHER)
        response.headers["Location"] = "".join(
            (quote(f"{below}/subscribe"), query and f"?{query}", _OPENED[name])
        )
        # Should a cache not heed Vary, it must not lead readers away for long.
        response.headers["Cache-Control"] = "private, no-store"
        return response

    @feeds.after_request
    def tell_what_decides(response: Response) -> Response:
        """Also on a 304 and on what is led away (RFC 9110 12.5.5)."""
        response.vary.update(_VARY)
        return response


def _opens_window() -> bool:
    headers = request.headers
    return (
        headers.get("Sec-Fetch-Dest") == "document"
        and headers.get("Sec-Fetch-Site") != "same-origin"
    )
