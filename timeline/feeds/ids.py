"""What names feeds and their items for good."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from events.model import LogIdentity


def feed_id(
    identity: LogIdentity, path: str, args: Sequence[tuple[str, str]] = ()
) -> str:
    """The id of the feed of *path*, such as ``timeline`` or ``views/space``.

    Args:
        identity: Of the log.
        path: An entry's own id ends in its slug, so its feed is ``entries/<id>/feed``.
        args: The parameters that make it another feed, in a normal order.
    """
    return tag(identity, path) + (f"?{urlencode(args)}" if args else "")


def entry_id(identity: LogIdentity, entry: str) -> str:
    """The id of an entry in every feed, whatever the host, the path or the title.

    A change of the scheme alone made every item unread (ForNeVeR/fornever.me#3).
    """
    return tag(identity, f"entries/{entry}")


def change_id(identity: LogIdentity, position: int) -> str:
    """The id of the event at *position* in the feed of changes."""
    return tag(identity, f"changes/{position}")


def kinds_scheme(identity: LogIdentity) -> str:
    """What tells that a category's term is a kind of change."""
    return tag(identity, "kinds")


def made_on(identity: LogIdentity) -> datetime:
    """First instant of the day on which the log was made (RFC 4151 2.1)."""
    day = identity.tag_authority.rpartition(",")[2]
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def tag(identity: LogIdentity, specific: str) -> str:
    """The tag: URI (RFC 4151) of *specific* in the log."""
    return f"tag:{identity.tag_authority}:{identity.log_id}/{specific}"
