"""JSON read by the letter, and written. Pure."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from events.model import Json
from timeline.schemas.refusals import (
    MAX_ERRORS,
    BodyError,
    FieldError,
    FieldsError,
    step,
)

_MAX_DEPTH = 32


def parse_json(raw: bytes) -> Json:
    """The one JSON value in *raw*, read by the letter of RFC 8259.

    Raises:
        BodyError: It is not UTF-8 or not JSON, has a key twice in one object, a
            number that is none, or is nested too deeply.
        FieldsError: A string holds half a surrogate pair.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BodyError(f"JSON is UTF-8; byte {error.start} is not.") from None
    if text.startswith("\ufeff"):
        raise BodyError("JSON begins without a byte order mark (RFC 8259 8.1).")
    if not text.strip(" \t\r\n"):
        raise BodyError("The body is empty: send an event, or a list of events.")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BodyError(
            f"Not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise BodyError(_TOO_DEEP) from None
    except ValueError:  # an integer of more digits than Python reads
        raise BodyError("A number has too many digits.") from None
    opened = text.count("{") + text.count("[")
    if opened > _MAX_DEPTH and _deeper(value, than=_MAX_DEPTH):
        raise BodyError(_TOO_DEEP)
    # The bytes were UTF-8, so only an escape can have made a surrogate.
    if _ESCAPED_SURROGATE.search(text) and (errors := list(_surrogates(value))):
        raise FieldsError(errors[:MAX_ERRORS])
    checked: Json = value
    return checked


def write_json(value: Json) -> bytes:
    """*value* in UTF-8, keys in their order."""
    return _ENCODER.encode(value).encode()


_TOO_DEEP = f"Objects and lists are nested at most {_MAX_DEPTH} deep."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BodyError(f"The key {twice[:80]!r} stands twice in one object.")
    return whole


def _not_a_number(name: str) -> float:
    raise BodyError(f"{name} is not JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BodyError("A number is too large.")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_not_a_number, parse_float=_finite
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _deeper(value: Any, *, than: int) -> bool:
    """Whether containers are nested deeper in *value* *than* so many levels."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return than == 0 or any(
        _deeper(one, than=than - 1) for one in value if isinstance(one, dict | list)
    )


def _surrogates(value: Any, at: str = "") -> Iterator[FieldError]:
    """Where halves of surrogate pairs stand, which no UTF-8 can hold."""
    match value:
        case str() if _SURROGATES.search(value):
            yield FieldError(at, "Half a surrogate pair is not a character.")
        case list():
            for index, one in enumerate(value):
                yield from _surrogates(one, at + step(index))
        case dict():
            for name, one in value.items():
                if _SURROGATES.search(name):
                    yield FieldError(at, "Half a surrogate pair stands in a name.")
                else:
                    yield from _surrogates(one, at + step(name))
