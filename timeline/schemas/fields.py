"""Fields that take what they promise and nothing else, and say what is wrong. Pure.

Marshmallow's own take controls and surrogates for text, ``1.0`` and ``"1_0"`` for
integers, an object for a list and ``"><script>`` for a part of an address.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote

from marshmallow import RAISE, Schema, ValidationError, fields

from events import dates
from events.dates import DateError, Sentence
from timeline.projections import match_key
from timeline.schemas.refusals import FieldError, step

_MAX_INT = 2**53 - 1
"""The largest integer that every JSON reader keeps (RFC 8259 6)."""

_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_NON_CHARACTERS = "\ud800-\udfff\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_NOT_IN_LINES = re.compile(f"[{_CONTROLS}{_NON_CHARACTERS}]")
_NOT_IN_LINE = re.compile(f"[{_CONTROLS}{_NON_CHARACTERS}\t\n\u2028\u2029]")
# As all dialects of regular expressions write it; lines may have more.
_NOT_IN_WORDS = (
    r"\u0000-\u0008\u000b-\u000c\u000e-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff"
)
_IN_WORDS = rf"[^\t\r\n\u2028\u2029{_NOT_IN_WORDS}]"
_MAX_MARKS = 30
"""Combining marks in a row (UAX 15, stream-safe text).

Sorting them takes Python quadratic time: 40,000 in a row are 1.6 s.
"""

SLUG = re.compile(r"[a-z0-9-]{1,80}")
_LANG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}")

# ASCII, or "httpſ" would match: s and ſ differ in case only.
_URL = re.compile(r"(https?)://([^/?#]*)(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_NOT_IN_URL = re.compile(rf'[{_CONTROLS}{_NON_CHARACTERS}\t\n\s"<>\\^`{{|}}]')
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_HOST = re.compile(
    r"(?P<name>(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+"
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
)
_HOST_V6 = re.compile(r"\[(?P<name>[0-9a-f:.]{2,45})\](?::(?P<port>[0-9]{1,5}))?")
_URL_STORED = (
    r"^https?://(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+"
    r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[1-9][0-9]{0,3})?"
    r"(?:[/?#][!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]*)?$"
)

MESSAGES: dict[str, Any] = {
    "required": "This field is required.",
    "null": "This field is never null: leave it out instead.",
    "unknown": "There is no such field.",
    "type": "An object is wanted here.",
}


@runtime_checkable
class Described(Protocol):
    """A field that can say more of itself than its type."""

    def described(self) -> dict[str, Any]:
        """Keywords of JSON Schema for it, beside the type and the parts."""
        ...


class Checked(fields.Field[Any]):
    """A field with messages of ours."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, error_messages=MESSAGES, **options)

    def _validate(self, value: Any) -> None:
        """Nothing: reading is checking; to find that out took 15 % of the time."""

    def described(self) -> dict[str, Any]:
        """What it takes, as far as JSON Schema can say it."""
        return {}


class Text(Checked, fields.String):
    """Text of our own: in NFC, without controls, surrogates and non-characters.

    Args:
        limit: Characters.
        lines: It may have several lines; else it has no line breaks and no tabs.
        empty: It may be empty.
    """

    def __init__(
        self, limit: int, *, lines: bool = False, empty: bool = True, **options: Any
    ) -> None:
        super().__init__(**options)
        self._limit = limit
        self._lines = lines
        self._empty = empty

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Text is wanted here.")
        self._check_length(value)
        text: str = value.replace("\r\n", "\n") if self._lines else value
        # Most text is printable throughout, which is known ten times sooner.
        if not text.isprintable():
            forbidden = (_NOT_IN_LINES if self._lines else _NOT_IN_LINE).search(text)
            if forbidden:
                code = f"U+{ord(forbidden[0]):04X}"
                raise ValidationError(
                    Sentence("The character {code} cannot stand here.", code=code)
                )
        if not text.isascii():
            if _piled_up(text):
                raise ValidationError(
                    Sentence("More than {most} marks on one letter.", most=_MAX_MARKS)
                )
            text = unicodedata.normalize("NFC", text)
            self._check_length(text)  # NFC makes some text longer
        # Spaces at the start mean code in CommonMark; only empty lines go.
        text = text.rstrip().lstrip("\n") if self._lines else text.strip()
        if not text and not self._empty:
            raise ValidationError(Sentence("This cannot be empty."))
        return text

    def described(self) -> dict[str, Any]:
        """Beyond that, non-characters and piles of marks are refused."""
        one = rf"(?:[^\r{_NOT_IN_WORDS}]|\r\n)" if self._lines else _IN_WORDS
        seen = rf"[^\s{_NOT_IN_WORDS}]"
        pattern = f"^{one}*$" if self._empty else f"^{one}*{seen}{one}*$"
        least = {} if self._empty else {"minLength": 1}
        return {"pattern": pattern, **least, "maxLength": self._limit}

    def _check_length(self, text: str) -> None:
        if len(text) > self._limit:
            raise ValidationError(
                Sentence(
                    "At most {limit} characters, not {length}.",
                    limit=f"{self._limit:,}",
                    length=f"{len(text):,}",
                )
            )


def _piled_up(text: str) -> bool:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MAX_MARKS:
            return True
    return False


class Matching(Checked, fields.String):
    """Text that matches *pattern* as a whole; *wanted* says it in words."""

    def __init__(self, pattern: re.Pattern[str], wanted: str, **options: Any) -> None:
        super().__init__(**options)
        self._pattern = pattern
        self._wanted = wanted

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise ValidationError(self._wanted)
        return value

    def described(self) -> dict[str, Any]:
        """The pattern."""
        return {"pattern": f"^(?:{self._pattern.pattern})$"}


def slug(**options: Any) -> Matching:
    """The name of a category, an entry or a view."""
    wanted = Sentence("A slug is wanted: 1 to 80 of a-z, 0-9 and hyphen.")
    return Matching(SLUG, wanted, **options)


class OneOf(Checked, fields.String):
    """One of a few words."""

    def __init__(self, words: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self._words = words

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or value not in self._words:
            raise ValidationError(
                Sentence(
                    "One of these is wanted: {words}.",
                    words=tuple(map(str, self._words)),
                )
            )
        return value

    def described(self) -> dict[str, Any]:
        """The words."""
        return {"enum": [str(word) for word in self._words]}


class Lang(Checked, fields.String):
    """A language tag (BCP 47), well-formed, in the case of RFC 5646 2.1.1."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not _LANG.fullmatch(value):
            raise ValidationError(
                Sentence("A language tag is wanted, such as en or zh-Hans.")
            )
        return _cased(value)

    def described(self) -> dict[str, Any]:
        """Well-formed is enough."""
        return {"pattern": f"^{_LANG.pattern}$", "examples": ["en", "zh-Hans"]}


def _cased(tag: str) -> str:
    first, *others = tag.lower().split("-")
    cased = [first]
    for at, part in enumerate(others):
        if len(cased[-1]) == 1:  # all behind a singleton stays in lower case
            return "-".join([*cased, *others[at:]])
        cased.append({2: part.upper(), 4: part.title()}.get(len(part), part))
    return "-".join(cased)


class Edtf(Checked, fields.String):
    """A historic date, in its normal form.

    Args:
        bound: ``earliest`` or ``latest``: it has to have one.
    """

    def __init__(self, *, bound: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._bound = bound

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError('A date is wanted, as EDTF text: "2025-07-26".')
        try:
            date = dates.parse(value)
        except DateError as error:
            raise ValidationError(error.sentence) from None
        if self._bound == "earliest" and date.earliest is None:
            raise ValidationError(Sentence("A date with an earliest day is wanted."))
        if self._bound == "latest" and date.latest is None:
            raise ValidationError(Sentence("A date with a latest day is wanted."))
        return date.edtf

    def described(self) -> dict[str, Any]:
        """A format of its own: no pattern tells dates from what looks like them."""
        if self._bound is None:
            open_end = "../2025-12-31"
            examples = ["2025-07-26", "2025-07-26/2025-07-28", open_end, "2022~"]
        else:
            examples = ["2025", "2025-07", "2025-07-26"]
        return {"format": "edtf", "examples": examples}


class Url(Checked, fields.String):
    """An absolute http or https address of a public host, in ASCII."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("An address is wanted: https://….")
        if len(value) > 2_000:
            raise ValidationError("An address has at most 2,000 characters.")
        found = _URL.fullmatch(value)
        if found is None:
            raise ValidationError("Only http:// and https:// addresses are taken.")
        scheme, authority, rest = found[1].lower(), found[2], found[3]
        if forbidden := _NOT_IN_URL.search(value):
            raise ValidationError(
                f"The character U+{ord(forbidden[0]):04X} cannot stand in an address: "
                "percent-encode it."
            )
        if authority.isascii():  # else "K" (U+212A) becomes "k"
            authority = authority.lower()
        _check_authority(authority)
        # RFC 3987 3.1: feeds and older readers know URIs only.
        rest = _NOT_ASCII.sub(lambda part: quote(part[0], safe=""), rest)
        url = f"{scheme}://{authority}{rest}"
        if len(url) > 2_000:
            raise ValidationError("Percent-encoded, the address is too long.")
        return url

    def described(self) -> dict[str, Any]:
        """As it is stored; capitals and letters beyond ASCII are put into this form."""
        return {"format": "uri", "pattern": _URL_STORED, "maxLength": 2_000}


def _check_authority(authority: str) -> None:
    if "@" in authority:
        raise ValidationError("An address names no user and no password.")
    found = _HOST.fullmatch(authority) or _HOST_V6.fullmatch(authority)
    if found is None or len(found["name"]) > 253:
        raise ValidationError(
            "The address needs a full host name in ASCII, such as example.org."
        )
    if found["port"] is not None and not 0 < int(found["port"]) < 65_536:
        raise ValidationError("A port is a number from 1 to 65535.")
    name = found["name"]
    if ":" in name or re.fullmatch(r"[0-9.]+", name):
        try:
            ipaddress.ip_address(name)
        except ValueError:
            raise ValidationError("The host is not an IP address.") from None


class Whole(Checked, fields.Integer):
    """A whole number, written as one: no text, no fraction, no true."""

    def __init__(self, least: int, most: int = _MAX_INT, **options: Any) -> None:
        super().__init__(**options)
        self._least = least
        self._most = most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is not int or not self._least <= value <= self._most:
            if self._most < _MAX_INT:
                wanted = Sentence(
                    "A whole number is wanted, {least} to {most}.",
                    least=self._least,
                    most=self._most,
                )
            else:
                wanted = Sentence(
                    "A whole number is wanted, {least} or more.", least=self._least
                )
            raise ValidationError(wanted)
        return value

    def described(self) -> dict[str, Any]:
        """Its bounds."""
        return {"minimum": self._least, "maximum": self._most}


class Flag(Checked, fields.Boolean):
    """True or false, written as such."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("true or false is wanted here.")
        return value


class Many(Checked, fields.List[Any]):
    """A list; marshmallow's own would take an object for the list of its keys.

    Args:
        least, most: How many elements it has.
    """

    def __init__(
        self, inner: fields.Field[Any], *, least: int = 0, most: int, **options: Any
    ) -> None:
        super().__init__(inner, **options)
        self._least = least
        self._most = most

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError("A list is wanted here.")
        if len(value) > self._most:
            raise ValidationError(f"At most {self._most} elements, not {len(value):,}.")
        if len(value) < self._least:
            raise ValidationError("The list is empty: leave it out instead.")
        return super()._deserialize(value, *args, **options)

    def described(self) -> dict[str, Any]:
        """How long it is."""
        least = {"minItems": self._least} if self._least else {}
        return {**least, "maxItems": self._most}


class Names(Many):
    """Names that a reader sees, none of them twice."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Text(200, empty=False), most=100, **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> list[Any]:
        names = super()._deserialize(value, *args, **options)
        first: dict[str, int] = {}
        for index, key in enumerate(map(match_key, names)):
            if first.setdefault(key, index) != index:
                raise ValidationError({index: [f"Already listed, at {first[key]}."]})
        return names

    def described(self) -> dict[str, Any]:
        """Names that differ in case only are the same, which no schema can say."""
        return {**super().described(), "uniqueItems": True}


class Object(Schema):
    """An object of known fields only."""

    class Meta:  # noqa: D106
        unknown = RAISE

    error_messages = MESSAGES

    def load(self, data: Any, **options: Any) -> Any:
        """As marshmallow does, which is asked only where something is wrong.

        Its own way through an object takes longer than the fields do, and most of
        that for fields that are absent: parsing an event was half as fast.
        """
        loaded = self._without_fault(data)
        return super().load(data, **options) if loaded is None else loaded

    def _without_fault(self, data: Any) -> dict[str, Any] | None:
        """All fields, if each is right; None: marshmallow says what is wrong."""
        if not isinstance(data, dict):
            return None
        loaded: dict[str, Any] = {}
        try:
            for name, field in self.load_fields.items():
                if name in data:
                    loaded[name] = field.deserialize(data[name], name, data)
                elif field.required:
                    return None
        except ValidationError:
            return None
        return loaded if len(loaded) == len(data) else None


class Nested(Checked, fields.Nested):
    """An object in a field."""


def objects(schema: type[Schema], **options: Any) -> Many:
    """A list of objects."""
    return Many(Nested(schema()), most=50, **options)


def load(
    schema: Schema, given: Any, *, at: str = ""
) -> tuple[dict[str, Any], list[FieldError]]:
    """What *schema* could read of *given*, and what is wrong with the rest."""
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        valid = error.valid_data
        return valid if isinstance(valid, dict) else {}, list(
            _errors(error.messages, at)
        )
    return loaded, []


def _errors(messages: Any, at: str) -> Iterator[FieldError]:
    """The messages of marshmallow by field, each with its pointer."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # A name that marshmallow gives to what is wrong with the object itself.
            own = name == "_schema" and inner != [MESSAGES["unknown"]]
            yield from _errors(inner, at if own else at + step(name))
    else:
        for message in messages:
            yield FieldError(at, message)
