"""How an answer gets to whoever asks: coded, kept, and not sent to who has it.

A layer around the whole application. An answer that says what it was read from (see
`Reading`) is kept with its validators, and while the log ends where it did, those who
poll get it, or a 304, without a look at what they ask for. What is kept and what is new
leave by the same lines, so their headers cannot differ.
"""

import gzip
import threading
from collections import OrderedDict
from collections.abc import (
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

import brotli
from werkzeug.datastructures import ETags
from werkzeug.http import http_date, parse_accept_header, parse_etags

from events.errors import LogUnavailableError
from timeline.projections import AsOf, Moment
from timeline.service import Edition, Timeline

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT_BYTES = 64 * 1024 * 1024
"""Of answers in memory with their codings; a feed of the seed story has 130 kB."""

TINY_BYTES = 500
"""Below this the headers weigh more than what a coding saves."""

OFTEN_S = 300
"""What may be used for so long is asked for by many: it is coded as well as it goes."""

SETTLED_S = 5
"""How old a change must be before its second tells it from every other change.

Dates in HTTP have no parts of seconds (RFC 9110 8.8.2.2). An event in the same second
as the last, or one whose commit takes that long, must not hide behind its date.
"""

_ASCII = bytes(range(128))

_READING = "timeline.reading"
_CODING = "timeline.coding"

_TURNS = 64
_TURN_S = 1.0
"""How long one waits for another to make the same answer, before making it himself."""

_OVERHEAD_BYTES = 1_000
"""Of an answer that is kept, beside its bodies."""

_MADE_HERE = frozenset(
    {"content-encoding", "content-length", "etag", "last-modified", "vary"}
)
_OF_A_304 = frozenset(
    {
        "access-control-allow-origin",
        "access-control-expose-headers",
        "cache-control",
        "content-location",
        "expires",
    }
)
"""Of the headers of the 200; the validators, too (RFC 9110 15.4.5)."""

_STATUS: Mapping[int, str] = {
    status: f"{status.value} {status.phrase}"
    for status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
}

Headed = list[tuple[str, str]]
_Key = tuple[str, ...]
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an answer was read from.

    Attributes:
        edition: Its validator.
        moment: At which it was read; None: now.
        often: Whether it is worth the best coding.
        exact: Whether it is certain that nothing was appended while it was read.
    """

    edition: Edition
    moment: Moment | None = None
    often: bool = False
    exact: bool = True


def say_reading(environ: "WSGIEnvironment", reading: Reading) -> None:
    """Let the layer know what the answer to this request was read from."""
    environ[_READING] = reading


# -- codings -------------------------------------------------------------------------

_CODERS: Mapping[str, Callable[[bytes, bool], bytes]] = {
    # 11 % smaller than quality 5 in 25 times the time; quality 11 takes four times
    # as long again for another 3 %: ``python -m tests.bench polls`` says how long.
    "br": lambda body, often: brotli.compress(body, quality=10 if often else 5),
    # Without a time, or the same feed would differ from process to process.
    "gzip": lambda body, often: gzip.compress(body, 9 if often else 6, mtime=0),
}
"""By preference, where the client has none."""

IDENTITY = ""


def coding_of(environ: "WSGIEnvironment") -> str | None:
    """The coding in which the answer to this request is going to leave.

    None: the client takes none that there is.
    """
    coding: str | None = environ.get(_CODING, IDENTITY)
    return coding


def _asked_coding(environ: "WSGIEnvironment") -> str | None:
    """The coding that the client likes best; None: it takes none that there is."""
    accepted = environ.get("HTTP_ACCEPT_ENCODING")
    return IDENTITY if accepted is None else _negotiate(accepted)[0]


@lru_cache(maxsize=512)
def _negotiate(accepted: str) -> tuple[str | None, bool]:
    """The coding, and whether none will do as well (RFC 9110 12.5.3).

    Without a coding an answer is acceptable unless that is excluded, but liked least.
    """
    given: dict[str, float] = {}
    for name, quality in parse_accept_header(accepted):
        given.setdefault(name.lower().removeprefix("x-"), quality)
    rest = given.get("*", 0.0)
    liked = {name: given.get(name, rest) for name in _CODERS}
    plain = given.get("identity", rest if "*" in given else 0.000_1)
    liked[IDENTITY] = plain
    best = max(liked, key=lambda name: liked[name])  # the first of several
    return (best if liked[best] > 0 else None), plain > 0


# -- validators ----------------------------------------------------------------------


def coded_tag(tag: str, coding: str) -> str:
    """The validator of a coding, which has bytes of its own (RFC 9110 8.8.3.3)."""
    return f"{tag}-{coding}" if coding else tag


def settled(edition: Edition, *, now_s: float) -> int | None:
    """The second of the last change, from 1970; None while others may be in it."""
    if edition.changed_at is None:
        return None
    changed_s = int(edition.changed_at.timestamp())
    return changed_s if now_s >= changed_s + 1 + SETTLED_S else None


def validators_of(
    edition: Edition, coding: str, *, now_s: float, exact: bool = True
) -> Headed:
    """``ETag``, and ``Last-Modified`` where that is known.

    Weak where it is not certain that others will have the same bytes.
    """
    tag = f'{"" if exact else "W/"}"{coded_tag(edition.tag, coding)}"'
    if edition.changed_at is None:
        return [("ETag", tag)]
    changed_s = settled(edition, now_s=now_s)
    if changed_s is None:
        # The second before: who asks with that date gets the answer again.
        changed_s = min(int(edition.changed_at.timestamp()) - 1, int(now_s))
    return [("ETag", tag), ("Last-Modified", http_date(changed_s))]


# -- preconditions -------------------------------------------------------------------


def precondition(
    environ: "WSGIEnvironment", tag: str, modified_s: int | None
) -> int | None:
    """304 or 412 if a precondition calls for it (RFC 9110 13.2.2), else None.

    Args:
        environ: Of a GET or HEAD whose answer would be a success.
        tag: Of the representation that it would get, without quotes.
        modified_s: When it was last changed, in whole seconds from 1970; None: that
            cannot be told by the second, and dates are ignored.
    """
    if (wanted := environ.get("HTTP_IF_MATCH")) is not None:
        # Strong comparison, 13.1.1.
        if tag not in (tags := _tags(wanted)) and not tags.star_tag:
            return 412
    elif (
        modified_s is not None
        and (since := _date(environ.get("HTTP_IF_UNMODIFIED_SINCE"))) is not None
        and modified_s > since
    ):
        return 412
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        # Weak comparison, 13.1.2: proxies that code weaken the tag.
        if known == f'"{tag}"' or (tags := _tags(known)).contains_weak(tag):
            return 304
        return 304 if tags.star_tag else None
    since = _date(environ.get("HTTP_IF_MODIFIED_SINCE"))
    if since is not None and modified_s is not None and modified_s <= since:
        return 304
    return None


def knows_whatever_there_is(environ: "WSGIEnvironment") -> bool:
    """Whether the copy that the client has is right if there is anything at all."""
    return "*" in environ.get("HTTP_IF_NONE_MATCH", "")


@lru_cache(maxsize=512)
def _tags(field: str) -> ETags:
    return parse_etags(field)


@lru_cache(maxsize=512)
def _date(field: str | None) -> int | None:
    """Seconds from 1970; None: it is no date as RFC 9110 5.6.7 writes them."""
    if field is None:
        return None
    for form in (
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %d %H:%M:%S %Y",
    ):
        try:
            read = datetime.strptime(field.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(read.timestamp())
    return None


# -- what is kept --------------------------------------------------------------------


class _Shelf(Generic[_Value]):
    """Values by key, those used last up to *limit_bytes* with their keys.

    Addresses come from outside, and may be as long as what is found there.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[_Key, tuple[_Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, key: _Key) -> _Value | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
            return kept[0]

    def keep(self, key: _Key, value: _Value, size: int) -> None:
        """Put *value*, of so many bytes, in the place of what was there."""
        size += sum(map(len, key))
        with self._lock:
            if (replaced := self._kept.pop(key, None)) is not None:
                self._bytes -= replaced[1]
            self._kept[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit_bytes:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._bytes -= dropped


class Rendered:
    """The last rendering of each address, those used last up to *limit_bytes*.

    For what is asked for in several ways, as with parameters that mean nothing here;
    whole answers are kept by `Delivery`.
    """

    def __init__(self, *, limit_bytes: int) -> None:
        self._kept = _Shelf[tuple[Hashable, bytes]](limit_bytes)
        self._rendering = threading.Lock()

    def get(
        self, address: str, version: Hashable, render: Callable[[], bytes]
    ) -> bytes:
        """What *address* has in *version*, rendered if it is not there.

        Of many who ask at once one renders; rendering is work for the processor, so
        taking turns costs the others nothing.
        """
        if (body := self._find(address, version)) is not None:
            return body
        with self._rendering:
            if (body := self._find(address, version)) is None:
                body = render()
                self._kept.keep((address,), (version, body), len(body))
        return body

    def _find(self, address: str, version: Hashable) -> bytes | None:
        kept = self._kept.find((address,))
        return kept[1] if kept is not None and kept[0] == version else None


class _Kept:
    """An answer with all its codings; what leaves is made from it.

    Attributes:
        head: Where the log ended when the answer was last found to be right.
        body: Without a coding; None: not known, as only a 304 was asked for.
    """

    def __init__(self, reading: Reading, headers: Headed, body: bytes | None) -> None:
        self.reading = reading
        self.head = reading.edition.head
        self.body = body
        self.size = _OVERHEAD_BYTES + len(body or b"")
        self._headers = [one for one in headers if one[0].lower() not in _MADE_HERE]
        self.varies = _varies(headers)
        self._vary = ("Vary", ", ".join((*self.varies, "Accept-Encoding")))
        self._coded: dict[str, bytes] = {}
        self._left_out: dict[str, Headed] = {}
        self._coding = threading.Lock()

    def leave(
        self, environ: "WSGIEnvironment", coding: str, *, now_s: float
    ) -> tuple[int, Headed, bytes] | None:
        """Status, headers and body for this request; None: the body is not known."""
        edition = self.reading.edition
        verdict = precondition(
            environ, coded_tag(edition.tag, coding), settled(edition, now_s=now_s)
        )
        if verdict == HTTPStatus.NOT_MODIFIED:
            return self.leave_out(coding, now_s=now_s)
        if self.body is None:
            return None
        headers = [*self._headers, *self._validators(coding, now_s)]
        body = self.body
        if coding and not (
            len(body) < TINY_BYTES and _negotiate(environ["HTTP_ACCEPT_ENCODING"])[1]
        ):
            body = self._in(coding, body)
            headers.append(("Content-Encoding", coding))
        headers.append(("Content-Length", str(len(body))))
        return HTTPStatus.OK, headers, body

    def leave_out(self, coding: str, *, now_s: float) -> tuple[int, Headed, bytes]:
        """The 304, RFC 9110 15.4.5."""
        headers = self._left_out.get(coding)
        if headers is None:
            kept = [one for one in self._headers if one[0].lower() in _OF_A_304]
            headers = [*kept, *self._validators(coding, now_s)]
            edition = self.reading.edition
            if edition.changed_at is None or settled(edition, now_s=now_s) is not None:
                self._left_out[coding] = headers  # they stay as they are
        return HTTPStatus.NOT_MODIFIED, [*headers], b""

    def _validators(self, coding: str, now_s: float) -> Headed:
        reading = self.reading
        return [
            *validators_of(reading.edition, coding, now_s=now_s, exact=reading.exact),
            self._vary,
        ]

    def _in(self, coding: str, body: bytes) -> bytes:
        """*body* in a coding, which is made once."""
        if (coded := self._coded.get(coding)) is None:
            with self._coding:
                if (coded := self._coded.get(coding)) is None:
                    coded = _CODERS[coding](body, self.reading.often)
                    self._coded[coding] = coded
                    self.size += len(coded)
        return coded


def _varies(headers: Headed) -> tuple[str, ...]:
    """Request headers that decide the answer, beside the one for codings."""
    named = (
        name.strip()
        for field, value in headers
        if field.lower() == "vary"
        for name in value.split(",")
    )
    return tuple(
        dict.fromkeys(one for one in named if one.lower() != "accept-encoding")
    )


# -- the layer -----------------------------------------------------------------------


class Delivery:
    """The application *app* over *timeline*, with what was asked for before kept."""

    def __init__(
        self,
        app: "WSGIApplication",
        timeline: Timeline,
        *,
        limit_bytes: int = KEPT_BYTES,
    ) -> None:
        self._app = app
        self._timeline = timeline
        self._kept = _Shelf[_Kept | tuple[str, ...]](limit_bytes)
        self._turns = [threading.Lock() for _ in range(_TURNS)]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer from what is kept, or by asking the application."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            # An address is ASCII (RFC 3986 2), and Werkzeug fails on what is not even
            # UTF-8. Granian refuses that, other servers hand it on (PEP 3333).
            escaped = quote(query.encode("latin-1"), safe=_ASCII)
            environ = {**environ, "QUERY_STRING": escaped}
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        coding = _asked_coding(environ)
        if coding is None or not _may_be_kept(environ):
            return self._ask(environ, start_response, coding)
        if (left := self._leave(environ, coding)) is None:
            with self._turn(_key(environ)):
                # Somebody else may have asked meanwhile.
                if (left := self._leave(environ, coding)) is None:
                    return self._ask(environ, start_response, coding)
        return _send(environ, start_response, left)

    def _leave(
        self, environ: "WSGIEnvironment", coding: str
    ) -> tuple[int, Headed, bytes] | None:
        """The answer from what is kept; None if that is not enough."""
        key = _key(environ)
        kept = self._kept.find(key)
        if isinstance(kept, tuple):
            key = _varied(key, kept, environ)
            kept = self._kept.find(key)
        if not isinstance(kept, _Kept) or not self._is_right(kept):
            return None
        size = kept.size
        left = kept.leave(environ, coding, now_s=self._timeline.now().timestamp())
        if kept.size != size:
            self._kept.keep(key, kept, kept.size)
        return left

    def _is_right(self, kept: _Kept) -> bool:
        """Whether *kept* is still what the application would say."""
        if kept.head is None:
            return True
        try:
            head = self._timeline.head()
            if head == kept.head:
                return True
            if not isinstance(kept.reading.moment, AsOf):
                return False
            edition = self._timeline.edition(kept.reading.moment)
        except LogUnavailableError:
            return False  # the application has words for that
        if edition.tag != kept.reading.edition.tag:
            return False
        kept.head = edition.head
        return True

    def _ask(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        coding: str | None,
    ) -> Iterable[bytes]:
        """The application's answer, which is kept if it says what it was read from."""
        # A HEAD has the headers of the GET, RFC 9110 9.3.2: Content-Length, too.
        asked = {**environ, "REQUEST_METHOD": "GET", _CODING: coding}
        started: list[tuple[Any, ...]] = []

        def start(*given: Any) -> Callable[[bytes], object]:
            started.append(given)
            return _refuse_to_write

        body = self._app(asked, start)
        status, headers, *_ = started[-1]
        reading: Reading | None = asked.get(_READING)
        code = int(status[:3])
        if reading is None or code not in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            start_response(*started[-1])
            if environ["REQUEST_METHOD"] == "HEAD":
                _close(body)
                return []
            return body
        try:
            whole = b"".join(body) if code == HTTPStatus.OK else None
        finally:
            _close(body)
        kept = _Kept(reading, headers, whole)
        coding, now_s = coding or IDENTITY, self._timeline.now().timestamp()
        left = None
        if whole is not None:
            left = kept.leave(environ, coding, now_s=now_s)
        if left is None:
            left = kept.leave_out(coding, now_s=now_s)
        if reading.exact:
            self._keep(environ, kept)
        return _send(environ, start_response, left)

    def _keep(self, environ: "WSGIEnvironment", kept: _Kept) -> None:
        key = _key(environ)
        if "*" in kept.varies:
            return
        if kept.varies:
            self._kept.keep(key, kept.varies, _OVERHEAD_BYTES)
            key = _varied(key, kept.varies, environ)
        self._kept.keep(key, kept, kept.size)

    @contextmanager
    def _turn(self, key: _Key) -> Iterator[None]:
        """Of many who ask for the same at once one is first, the others wait for it."""
        turn = self._turns[hash(key) % _TURNS]
        mine = turn.acquire(timeout=_TURN_S)
        try:
            yield
        finally:
            if mine:
                turn.release()


def _may_be_kept(environ: "WSGIEnvironment") -> bool:
    """Whether what is kept can answer: preconditions of writers are left to others."""
    return "HTTP_IF_MATCH" not in environ and "HTTP_IF_UNMODIFIED_SINCE" not in environ


def _key(environ: "WSGIEnvironment") -> _Key:
    return (
        environ.get("SCRIPT_NAME", ""),
        environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", ""),
    )


def _varied(key: _Key, names: Sequence[str], environ: "WSGIEnvironment") -> _Key:
    fields = (f"HTTP_{name.upper().replace('-', '_')}" for name in names)
    return (*key, *(environ.get(field, "") for field in fields))


def _send(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    left: tuple[int, Headed, bytes],
) -> list[bytes]:
    status, headers, body = left
    start_response(_STATUS[status], headers)
    return [body] if body and environ["REQUEST_METHOD"] == "GET" else []


def _close(body: Iterable[bytes]) -> None:
    if (close := getattr(body, "close", None)) is not None:
        close()


def _refuse_to_write(_: bytes) -> None:
    raise NotImplementedError("bodies are returned, not written")
