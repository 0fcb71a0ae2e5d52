"""Which event makes sense after which. Pure."""

from datetime import datetime, timedelta
from typing import assert_never

from events import dates
from events.model import (
    EntryCancelled,
    EntryCorrected,
    EntryEvent,
    EntryFulfilled,
    EntryPostponed,
    EntryRecorded,
    EntryRetracted,
    EntryRevised,
    WindowEvent,
)
from timeline.projections.entries import Entry, State
from timeline.projections.fold import (
    OF_THE_EVENT,
    Story,
    corrected_event,
)


class RefusedError(Exception):
    """The event makes no sense for the entry as it stands; nothing was stored.

    Attributes:
        code: ``no-such-entry``, ``no-such-view``, ``not-possible`` or ``bad-field``.
        detail: Why, and what to do instead.
        pointer: JSON pointer of what is wrong, below the event.
        index: Place of the event in its batch, from 0.
    """

    def __init__(self, code: str, detail: str, *, pointer: str, index: int = 0) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.index = index

    def at(self, index: int) -> "RefusedError":
        """The same refusal of an event at *index* of its batch."""
        return RefusedError(self.code, self.detail, pointer=self.pointer, index=index)


_UNRESOLVED = frozenset({State.UPCOMING, State.OPEN, State.OVERDUE, State.POSTPONED})


_FURTHEST_AHEAD = timedelta(hours=14)
"""Where a day begins first, it has begun so long before it does in UTC."""


def check(story: Story, event: EntryEvent, *, at: datetime) -> None:
    """Whether *event* makes sense after *story*.

    Args:
        story: All events of its entry, from the first.
        event: The next one.
        at: When it is to be recorded.

    Raises:
        RefusedError: It does not; the detail says why and what to do.
    """
    if isinstance(event, EntryRecorded):
        return  # the log itself refuses a second first event
    entry = story.entry("")  # whatever its name is
    if entry is None:
        raise RefusedError(
            "no-such-entry",
            "There is no such entry: record it first with entry-recorded.",
            pointer="/entry",
        )
    if entry.state is State.RETRACTED and not isinstance(event, EntryCorrected):
        raise RefusedError(
            "not-possible",
            "The entry was retracted, so it can only be corrected.",
            pointer="/type",
        )
    match event:
        case EntryCorrected():
            _check_correction(story, event, at=at)
        case EntryFulfilled():
            if not entry.awaited:
                raise RefusedError(
                    "not-possible",
                    "Only what is awaited can be fulfilled; to give another date "
                    "use entry-revised or entry-corrected.",
                    pointer="/type",
                )
            _check_unresolved(entry)
            _check_past(event.occurred, at=at, pointer="/data/occurred")
        case EntryPostponed():
            _check_unresolved(entry)
            if entry.state is State.POSTPONED:
                raise RefusedError(
                    "not-possible",
                    "It is postponed already; to give it a date use entry-revised.",
                    pointer="/type",
                )
            if not entry.awaited and entry.state is State.OPEN and _has_a_start(entry):
                raise RefusedError(
                    "not-possible",
                    "It has begun, so it is not postponed; if it ends at another time "
                    "use entry-revised.",
                    pointer="/type",
                )
        case EntryCancelled():
            _check_unresolved(entry)
        case EntryRevised(changes=changes):
            if "occurred" in changes and entry.promised is not None:
                raise RefusedError(
                    "not-possible",
                    "What was awaited has happened, so its date cannot be revised; "
                    "if it was wrong, use entry-corrected.",
                    pointer="/data/changes/occurred",
                )
            if entry.awaited and not changes.get("awaited", True):
                raise RefusedError(
                    "not-possible",
                    "A promise is closed by entry-fulfilled or entry-cancelled; if it "
                    "was none, use entry-corrected.",
                    pointer="/data/changes/awaited",
                )
        case EntryRetracted():
            pass
        case unreachable:
            assert_never(unreachable)


def _check_unresolved(entry: Entry) -> None:
    if entry.state in _UNRESOLVED:
        return
    advice = "if its date was wrong, use entry-corrected"
    if entry.state is State.CANCELLED:
        advice = "to take that back, give it a date with entry-revised"
    raise RefusedError(
        "not-possible",
        f"The entry is resolved already (state: {entry.state}); {advice}.",
        pointer="/type",
    )


def _check_past(occurred: str, *, at: datetime, pointer: str) -> None:
    """What was fulfilled has happened, wherever on Earth."""
    if dates.parse(occurred).lo > (at + _FURTHEST_AHEAD).timestamp():
        raise RefusedError(
            "bad-field",
            "What is still to come is not fulfilled; to give the promise another "
            "date use entry-revised.",
            pointer=pointer,
        )


def _check_correction(story: Story, event: EntryCorrected, *, at: datetime) -> None:
    told = [one for one in story.told if not isinstance(one.event, WindowEvent)]
    if event.corrects is not None and event.corrects not in {
        one.version for one in told
    }:
        versions = ", ".join(str(one.version) for one in told)
        raise RefusedError(
            "bad-field",
            f"Version {event.corrects} cannot be corrected; those that can: "
            f"{versions}.",
            pointer="/data/corrects",
        )
    target = corrected_event(told, event)
    if target is None:
        return
    fields = event.changes.keys() - OF_THE_EVENT
    if isinstance(target.event, EntryPostponed | EntryCancelled | EntryRetracted):
        if fields:
            raise RefusedError(
                "bad-field",
                f"Version {target.version} sets no fields, so only its said and its "
                f"sources can be corrected, not {', '.join(sorted(fields))}.",
                pointer="/data/corrects",
            )
    elif isinstance(target.event, EntryFulfilled):
        occurred = event.changes.get("occurred")
        if isinstance(occurred, str):
            _check_past(occurred, at=at, pointer="/data/changes/occurred")


def _has_a_start(entry: Entry) -> bool:
    """Whether its date tells when it began, so that its window is no time to begin."""
    edtf = entry.occurred.edtf
    return "/" in edtf and not edtf.startswith("..")
