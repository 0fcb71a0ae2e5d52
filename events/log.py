"""What every log promises, whichever database keeps it."""

from collections.abc import Sequence
from typing import Protocol

from events.model import Appended, LogIdentity, NewEvent, RecordedEvent, Token


class EventLog(Protocol):
    """An append-only sequence of events in one total order without gaps."""

    def append(self, batch: Sequence[NewEvent]) -> Appended:
        """Store all of *batch* at the end of the log, or none of it.

        What is returned is on disk. A batch whose ids are all there with the same
        content (type, data and, where given, entry) is a repeat: the first result
        comes back, whatever versions it expects, and nothing is stored.

        Args:
            batch: Facts in the order they are to stand.

        Raises:
            WrongExpectedVersionError: An entry is not at the expected version.
            IdTakenError: An id is there with other content, or only some are there.
            LogUnavailableError: The log is locked, full, read-only or gone.
        """
        ...

    def repeat(self, batch: Sequence[NewEvent]) -> Appended | None:
        """The first result of *batch* if it was appended before, else None.

        Raises:
            IdTakenError: As `append`.
        """
        ...

    def read(self, *, after: int, limit: int) -> list[RecordedEvent]:
        """Up to *limit* events behind position *after*, in order."""
        ...

    def event(self, position: int) -> RecordedEvent | None:
        """The event at *position*; None if the log does not reach it."""
        ...

    def entry_events(self, entry: str) -> list[RecordedEvent]:
        """All events of one stream in order; empty if there is none."""
        ...

    def head(self) -> int:
        """Position of the last event; 0 if there is none."""
        ...

    def erased(self) -> int:
        """Of how many events the payload was erased."""
        ...

    def identity(self) -> LogIdentity:
        """What names this log for good."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class TokenStore(Protocol):
    """Credentials of writers; their secrets are kept as hashes only."""

    def create(self, name: str, *, scope: str) -> str:
        """Make a token and return it; it cannot be shown again.

        Raises:
            TokenNameTakenError: A token of that name is in use.
        """
        ...

    def tokens(self) -> list[Token]:
        """All tokens ever made, oldest first."""
        ...

    def revoke(self, name: str) -> Token:
        """End the token in use under *name*, at once and everywhere.

        Raises:
            NoSuchTokenError: None of that name is in use.
        """
        ...

    def check(self, token: str) -> Token | None:
        """Whose token this is; None if it is unknown, malformed or revoked."""
        ...
