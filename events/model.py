"""The events and what surrounds them, as immutable values. Pure.

``fields``, ``changes`` and ``sources`` hold JSON as it was accepted: a correction
is a JSON merge patch (RFC 7396), and patches want JSON, not objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias

Json: TypeAlias = (
    None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
)
JsonObject: TypeAlias = Mapping[str, Json]

VIEW_PREFIX = "view:"
"""Views are streams of the same log, named ``view:<name>``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What every event may say of where it comes from.

    Attributes:
        said: EDTF day on which a source made it public; None: the day of recording.
        sources: Objects with ``url``, perhaps ``title``, ``publisher``, ``published``.
        reason: Why it was appended, plain text; empty if not given.
    """

    said: str | None = None
    sources: Sequence[JsonObject] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecorded(_Told):
    """A happening is put on the timeline, with the entry's first fields."""

    type: ClassVar[str] = "entry-recorded.1"

    fields: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCorrected(_Told):
    """We had it wrong: *changes* patch the event of version *corrects*.

    Attributes:
        changes: Merge patch of the entry's fields; may also hold ``said`` and
            ``sources`` of the corrected event.
        corrects: The version that was wrong; None: the latest event that set
            one of the changed fields.
    """

    type: ClassVar[str] = "entry-corrected.1"

    changes: JsonObject
    corrects: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRevised(_Told):
    """The world changed: *changes* is a merge patch of the entry's fields."""

    type: ClassVar[str] = "entry-revised.1"

    changes: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPostponed(_Told):
    """The promise stands, without a date."""

    type: ClassVar[str] = "entry-postponed.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFulfilled(_Told):
    """What was awaited happened on *occurred* (EDTF)."""

    type: ClassVar[str] = "entry-fulfilled.1"

    occurred: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCancelled(_Told):
    """It will not happen."""

    type: ClassVar[str] = "entry-cancelled.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRetracted(_Told):
    """It should never have been listed; it stays, struck through."""

    type: ClassVar[str] = "entry-retracted.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOpened:
    """The first second of an entry's window has come; appended by the scheduler.

    Attributes:
        bound: First day of the window, or its first instant in UTC.
        set_by: Version of the entry's event that set the window.
    """

    type: ClassVar[str] = "window-opened.1"

    bound: str
    set_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed:
    """The last day of an entry's window has ended; appended by the scheduler.

    Attributes:
        bound: Last day of the window, or its last instant in UTC.
        set_by: Version of the entry's event that set the window.
    """

    type: ClassVar[str] = "window-closed.1"

    bound: str
    set_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDefined:
    """A view has from now on this title, description and filter."""

    type: ClassVar[str] = "view-defined.1"

    name: str
    title: str
    filter: JsonObject
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRemoved:
    """A view is no more."""

    type: ClassVar[str] = "view-removed.1"

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """Stands where a payload was erased; *type* tells what the event was."""

    type: str


EntryEvent: TypeAlias = (
    EntryRecorded
    | EntryCorrected
    | EntryRevised
    | EntryPostponed
    | EntryFulfilled
    | EntryCancelled
    | EntryRetracted
)
WindowEvent: TypeAlias = WindowOpened | WindowClosed
ViewEvent: TypeAlias = ViewDefined | ViewRemoved
Event: TypeAlias = EntryEvent | WindowEvent | ViewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A fact on its way into the log.

    Attributes:
        id: Names the fact for good; the same id again is the same fact.
        entry: The stream.
        event: The fact.
        author: Public label of who appends it.
        expected_version: The entry's version that the writer last saw; 0: there
            is no such entry yet; None: whatever it is.
        entry_derived: The entry's name was made from a title, so the log may
            add ``-2``, ``-3`` … to it to find a free one.
        id_derived: The id was made for this request, so no event can have it yet.
    """

    id: str
    entry: str
    event: Event
    author: str
    expected_version: int | None = None
    entry_derived: bool = False
    id_derived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A fact in the log.

    Attributes:
        position: Place in the whole log: 1, 2, 3 …
        version: Place among the events of its entry: 1, 2, 3 …
        recorded_at: Aware UTC instant; never runs backwards along the log.
        author: None once redacted.
        leaf_hash: The event's leaf in the log's Merkle tree (RFC 6962 2.1).
    """

    position: int
    id: str
    entry: str
    version: int
    recorded_at: datetime
    author: str | None
    event: Event | Redacted
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append led to.

    Attributes:
        events: The events as stored, in the order of the batch.
        repeated: They were there before; nothing was stored now.
    """

    events: Sequence[RecordedEvent]
    repeated: bool


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What names this log for good, whatever address it is served from.

    Attributes:
        log_id: UUID, made with the log.
        origin: First line of its signed checkpoints (C2SP tlog-checkpoint).
        tag_authority: ``authority,date`` of its tag: URIs (RFC 4151 2.1).
    """

    log_id: str
    origin: str
    tag_authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A writer's credential, without its secret.

    Attributes:
        id: Public part, eight hexadecimal digits.
        name: Label; becomes the author of what it appends.
        scope: ``append`` or ``admin``.
    """

    id: str
    name: str
    scope: str
    created_at: datetime
    revoked_at: datetime | None
