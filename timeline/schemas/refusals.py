"""What is wrong with what came in, field by field. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

MAX_ERRORS = 100
"""More are not told at once."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with the field at *pointer*, and what to do.

    *detail* is a `Sentence` where a page may show it, in another language.
    """

    pointer: str
    detail: str


class FieldsError(Exception):
    """Fields are wrong; nothing was stored.

    Attributes:
        index: Place in its batch of the event that all pointers start from, from 0;
            None: they start from the whole body.
    """

    code: ClassVar[str] = "bad-field"

    def __init__(
        self, errors: Sequence[FieldError], *, index: int | None = None
    ) -> None:
        super().__init__("; ".join(f"{one.pointer}: {one.detail}" for one in errors))
        self.errors = tuple(errors)
        self.index = index


class QueryError(FieldsError):
    """Parameters of the address are wrong; pointers name them: ``/category``."""

    code = "bad-query"


class BodyError(Exception):
    """The body is not the JSON that is taken; the message says what to do."""

    code: ClassVar[str] = "bad-body"


def step(name: str | int) -> str:
    """One step of a JSON pointer, RFC 6901 3."""
    step = str(name).replace("~", "~0").replace("/", "~1")
    return f"/{step if len(step) <= 200 else step[:200] + '…'}"
