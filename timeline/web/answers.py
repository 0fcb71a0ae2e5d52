"""What every read has in common: its validator, its freshness, its absolute address."""

from collections.abc import Callable

from flask import Response, request

from timeline.service import Timeline

Render = Callable[[], Response]


def conditional(timeline: Timeline, render: Render, *, max_age_s: int) -> Response:
    """The answer that *render* makes, or 304 while the caller's copy is right.

    Args:
        timeline: Asked for the validator before the rows are read.
        render: Called only if the caller needs the body.
        max_age_s: How long a cache may use the answer unasked; 0: never.
    """
    tag = timeline.tag()
    wanted = request.if_none_match
    # Weak comparison, RFC 9110 13.1.2: proxies that compress weaken the tag.
    if wanted.contains_weak(tag) and not wanted.star_tag:
        response = Response(status=304)
    else:
        response = render()
        if wanted.star_tag and response.status_code == 200:  # it does exist
            response = Response(status=304)
    if response.status_code in (200, 304):
        response.set_etag(tag)
        freshness = f"max-age={max_age_s}" if max_age_s else "no-cache"
        response.headers["Cache-Control"] = f"public, {freshness}"
    return response


def absolute(timeline: Timeline, path: str) -> str:
    """The public address of *path*: from the settings, never from the Host header."""
    return timeline.settings.origin + path
