"""What can go wrong with the log, each with a stable code."""

from typing import ClassVar


class LogError(Exception):
    """The log refused or could not serve a request; nothing was stored."""

    code: ClassVar[str] = "log-error"


class WrongExpectedVersionError(LogError):
    """The entry has another version than the caller last saw.

    Nothing was stored: read the entry again and decide again.
    """

    code = "wrong-expected-version"

    def __init__(self, entry: str, *, expected: int, actual: int, index: int) -> None:
        super().__init__(f"{entry}: expected version {expected}, found {actual}")
        self.entry = entry
        self.expected = expected
        self.actual = actual
        self.index = index
        """Place in the batch, from 0."""


class IdTakenError(LogError):
    """The id is in the log with other content, or stands twice in the batch.

    Nothing was stored: an id names one fact for good, so choose another.
    """

    code = "id-taken"

    def __init__(self, event_id: str, *, position: int | None, index: int) -> None:
        where = (
            "stands twice in this batch"
            if position is None
            else f"already stands at position {position}, with other content"
        )
        super().__init__(f"the id {event_id!r} {where}")
        self.event_id = event_id
        self.position = position
        self.index = index


class LogUnavailableError(LogError):
    """The log cannot be written or read now; try again later."""

    code = "log-unavailable"


class LogLockedError(LogUnavailableError):
    """Another writer held the lock until the deadline; try again soon."""

    code = "log-locked"


class LogReadOnlyError(LogUnavailableError):
    """The file or its folder may not be written; reading still works."""

    code = "log-read-only"


class LogFullError(LogUnavailableError):
    """The disk is full; nothing was stored, and reading still works."""

    code = "log-full"


class LogDamagedError(LogError):
    """What is stored is not what was written; restore it from a backup."""

    code = "log-damaged"


class UnknownEventTypeError(LogError):
    """The log holds an event that this release cannot read: upgrade it."""

    code = "unknown-event-type"


class MigrationError(LogError):
    """The file was made by a newer release, or a released migration changed."""

    code = "migration"


class TokenNameTakenError(LogError):
    """A token of this name is in use: revoke it first or choose another name."""

    code = "token-name-taken"


class NoSuchTokenError(LogError):
    """There is no token of this name in use."""

    code = "no-such-token"
