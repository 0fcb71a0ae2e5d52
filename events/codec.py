"""How an event becomes bytes, and those bytes a leaf of the log's tree. Pure.

Stored bytes are hashed as they stand and never serialised again, so a change here
affects new events only. The tree is that of RFC 6962 2.1 over SHA-256; the layout
of leaf and commitment is DESIGN.md, section 7.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

from events.errors import UnknownEventTypeError
from events.model import (
    EntryCancelled,
    EntryCorrected,
    EntryFulfilled,
    EntryPostponed,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    Event,
    Json,
    JsonObject,
    ViewDefined,
    ViewRemoved,
    WindowClosed,
    WindowOpened,
)

HASH_BYTES = 32
SALT_BYTES = 32

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def canonical(value: Json) -> bytes:
    """JSON with sorted keys and no white space, in UTF-8."""
    return _ENCODER.encode(value).encode()


def write_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with six decimals: fixed width, so text order is time order."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def read_instant(text: str) -> datetime:
    """The instant that `write_instant` wrote."""
    return datetime.fromisoformat(text)


def public_type(stored: str) -> str:
    """The name of a stored type in the API: without its schema number."""
    return stored.partition(".")[0]


# -- Events and their data ---------------------------------------------------


def data_of(event: Event) -> dict[str, Json]:
    """The event's ``data`` object, absent values left out."""
    match event:
        case EntryRecorded():
            return {**event.fields, **_told(event)}
        case EntryCorrected(changes=changes, corrects=None):
            return {"changes": changes, **_told(event)}
        case EntryCorrected(changes=changes, corrects=corrects):
            return {"changes": changes, "corrects": corrects, **_told(event)}
        case EntryRevised(changes=changes):
            return {"changes": changes, **_told(event)}
        case EntryFulfilled(occurred=occurred):
            return {"occurred": occurred, **_told(event)}
        case EntryPostponed() | EntryCancelled() | EntryRetracted():
            return _told(event)
        case WindowOpened(bound=bound, set_by=set_by):
            return {"bound": bound, "set_by": set_by}
        case WindowClosed(bound=bound, set_by=set_by):
            return {"bound": bound, "set_by": set_by}
        case ViewDefined():
            data: dict[str, Json] = {
                "name": event.name,
                "title": event.title,
                "filter": event.filter,
            }
            if event.description:
                data["description"] = event.description
            return data
        case ViewRemoved(name=name, reason=reason):
            return {"name": name, "reason": reason} if reason else {"name": name}
        case unreachable:
            assert_never(unreachable)


def _told(
    event: EntryRecorded
    | EntryCorrected
    | EntryRevised
    | EntryPostponed
    | EntryFulfilled
    | EntryCancelled
    | EntryRetracted,
) -> dict[str, Json]:
    told: dict[str, Json] = {}
    if event.said is not None:
        told["said"] = event.said
    if event.sources:
        told["sources"] = event.sources
    if event.reason:
        told["reason"] = event.reason
    return told


_TOLD = ("said", "sources", "reason")


def _read_recorded(data: Mapping[str, Any]) -> EntryRecorded:
    fields = {name: value for name, value in data.items() if name not in _TOLD}
    return EntryRecorded(fields=fields, **{k: data[k] for k in _TOLD if k in data})


# Every stored name ever written is read here for good: a new schema number gets a
# line of its own that lifts the old data, and the old line stays.
_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "entry-recorded.1": _read_recorded,
    "entry-corrected.1": lambda data: EntryCorrected(**data),
    "entry-revised.1": lambda data: EntryRevised(**data),
    "entry-postponed.1": lambda data: EntryPostponed(**data),
    "entry-fulfilled.1": lambda data: EntryFulfilled(**data),
    "entry-cancelled.1": lambda data: EntryCancelled(**data),
    "entry-retracted.1": lambda data: EntryRetracted(**data),
    "window-opened.1": lambda data: WindowOpened(**data),
    "window-closed.1": lambda data: WindowClosed(**data),
    "view-defined.1": lambda data: ViewDefined(**data),
    "view-removed.1": lambda data: ViewRemoved(**data),
}

CURRENT_TYPES: Mapping[str, str] = {
    public_type(kind.type): kind.type
    for kind in (
        EntryRecorded,
        EntryCorrected,
        EntryRevised,
        EntryPostponed,
        EntryFulfilled,
        EntryCancelled,
        EntryRetracted,
        WindowOpened,
        WindowClosed,
        ViewDefined,
        ViewRemoved,
    )
}
"""Public name to the stored name that new events get."""


def event_of(stored_type: str, data: JsonObject) -> Event:
    """The event that *data* tells.

    Raises:
        UnknownEventTypeError: A newer release wrote it.
    """
    try:
        reader = _READERS[stored_type]
    except KeyError:
        raise UnknownEventTypeError(
            f"no reader for events of type {stored_type!r}; a newer release wrote them"
        ) from None
    return reader(data)


# -- Payload and leaf ----------------------------------------------------------


def payload_of(*, author: str, data: bytes, entry: str, version: int) -> bytes:
    """The bytes that are stored and that the commitment covers.

    *data* is the event's data, canonical already.
    """
    return b'{"author":%b,"data":%b,"entry":%b,"version":%d}' % (
        canonical(author),
        data,
        canonical(entry),
        version,
    )


def leaf_of(
    *, position: int, event_id: str, stored_type: str, recorded_at: str, commit: bytes
) -> bytes:
    """The public record of one event; free of text, so that it may outlive it."""
    return canonical(
        {
            "commit": commit.hex(),
            "id": event_id,
            "position": position,
            "recorded_at": recorded_at,
            "type": stored_type,
        }
    )


def commitment(salt: bytes, payload: bytes) -> bytes:
    """HMAC-SHA256: without the salt nobody can guess the payload from it."""
    return hmac.digest(salt, payload, "sha256")


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 2.1: the hash of a leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """The Merkle tree of the first *size* leaves, as far as appending needs it.

    Attributes:
        size: Number of leaves.
        frontier: Roots of its perfect subtrees, the largest first: one for each
            set bit of *size*.
    """

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def extend(self, leaf_hashes: Iterable[bytes]) -> "Tree":
        """The tree with these leaves at its end."""
        size, frontier = self.size, list(self.frontier)
        for node in leaf_hashes:
            subtree, height = node, size
            while height & 1:
                subtree = _node_hash(frontier.pop(), subtree)
                height >>= 1
            frontier.append(subtree)
            size += 1
        return Tree(size, tuple(frontier))

    def root(self) -> bytes:
        """RFC 6962 2.1: the Merkle tree hash."""
        if not self.frontier:
            return hashlib.sha256(b"").digest()
        root = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            root = _node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The frontier for the one-row table."""
        return b"".join(self.frontier)

    @classmethod
    def from_bytes(cls, size: int, frontier: bytes) -> "Tree":
        """The tree whose frontier `to_bytes` wrote."""
        hashes = (
            frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES)
        )
        return cls(size, tuple(hashes))
