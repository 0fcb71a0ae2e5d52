"""Tells a WebSub hub which feeds changed (https://www.w3.org/TR/websub/).

It follows the log behind a checkpoint of its own, in a thread of its own, so that
nobody waits for a hub, and a hub that is gone for hours misses nothing: what it was
not told yet stands in the log. Only the scheduler's leader runs it.
"""

import json
import logging
import os
import random
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from events.errors import LogUnavailableError
from events.model import VIEW_PREFIX, RecordedEvent
from timeline.feeds import CHANGES_FEED, PAGE_FEEDS, topics
from timeline.projections import Entry, entry_versions
from timeline.schemas import parse_filter
from timeline.service import Timeline

if TYPE_CHECKING:
    import urllib3

_logger = logging.getLogger(__name__)

_LOOK_S = 0.5
"""How often it looks whether anybody appended."""
_PAUSE_S = 5.0
"""Between two rounds: what is appended meanwhile is told at once."""
_ROUND = 1_000
"""Events that one round tells of; bounds what is held in memory."""
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 300.0
_LONGEST_OBEYED_S = 3_600.0
"""Of what a hub asks for in Retry-After; a mistake of its must not silence us."""
_TRIES = 8
"""For a feed at which the hub fails while it takes others, or without being busy."""
_CONNECT_S, _READ_S = 5.0, 10.0
_REDIRECTS = 3


class Announcer:
    """Tells one hub of the changes of one timeline.

    Args:
        timeline: Stays open longer than this runs.
        hub: Its address, http or https.
        pause_s: Between the beginnings of two rounds, at least.
        first_retry_s: After a failure; each further one waits twice as long.
    """

    def __init__(
        self,
        timeline: Timeline,
        *,
        hub: str,
        pause_s: float = _PAUSE_S,
        first_retry_s: float = _FIRST_RETRY_S,
    ) -> None:
        self._timeline = timeline
        self._hub = hub
        self._pause_s = pause_s
        self._first_retry_s = first_retry_s
        self._checkpoint = _Checkpoint(timeline, hub)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Tell the hub of all changes until the block ends.

        On leaving the timeline is not used any more. A request that is on its way is
        not waited for; it is repeated when the next one runs.
        """
        run = _Run()
        thread = threading.Thread(
            target=self._run, args=(run,), name="announcer", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            run.ending.set()
            while thread.is_alive() and not run.sending.is_set():
                thread.join(0.02)

    def _run(self, run: "_Run") -> None:
        """Tell of what is new, whatever goes wrong meanwhile."""
        hub = _Hub(self._hub, agent_of=self._timeline.settings.origin)
        failures = 0
        rest_s = 0.0
        while not run.ending.wait(rest_s):
            rest_s = _LOOK_S
            try:
                if self._tell_new(hub, run):
                    rest_s = self._pause_s
                failures = 0
            except (LogUnavailableError, OSError) as error:
                _logger.warning("the hub is not told of changes: %s", error)
                rest_s = self._backoff_s(failures)
                failures += 1
            except Exception:
                _logger.exception("the hub is not told of changes")
                rest_s = self._backoff_s(failures)
                failures += 1

    def _tell_new(self, hub: "_Hub", run: "_Run") -> bool:
        """Tell of the next events; False: there are none."""
        head = self._timeline.head()
        after = self._checkpoint.position(head)
        if after == head:
            return False
        events = self._timeline.events(after=after, limit=_ROUND)
        if self._tell(self._topics(events), hub, run):
            self._checkpoint.move(events[-1].position)
        return True

    def _tell(self, told: Sequence[str], hub: "_Hub", run: "_Run") -> bool:
        """Tell of all feeds *told*, as long as it takes; False: it was ended first."""
        origin = self._timeline.settings.origin
        waiting = deque(told)
        tries: Counter[str] = Counter()
        taken_before: dict[str, int] = {}
        refused: list[tuple[str, str]] = []
        taken = failures = 0
        while waiting and not run.ending.is_set():
            topic = waiting.popleft()
            match run.send(hub, origin + topic):
                case _Taken():
                    taken += 1
                    failures = 0
                case _Refused(why):
                    refused.append((topic, why))
                case _Later(why, after_s, is_down):
                    tries[topic] += 1
                    is_up = taken > taken_before.setdefault(topic, taken)
                    if tries[topic] >= _TRIES and (is_up or not is_down):
                        refused.append((topic, why))
                    else:
                        # Behind the others: it may be the only one that fails.
                        waiting.append(topic)
                    rest_s = max(self._backoff_s(failures), after_s)
                    failures += 1
                    _logger.warning(
                        "the hub was not told of %a: %a; next try in %.0f s",
                        topic,
                        why,
                        rest_s,
                    )
                    run.ending.wait(rest_s)
        if run.ending.is_set():
            return False
        if refused:
            _logger.warning(
                "the hub refused to be told of %d of %d feeds, %a first: %a",
                len(refused),
                len(told),
                *refused[0],
            )
        return True

    def _backoff_s(self, failures: int) -> float:
        """Twice as long each time up to a limit, and never twice the same."""
        longest = min(self._first_retry_s * 2.0 ** min(failures, 30), _LONGEST_RETRY_S)
        return longest * random.uniform(0.5, 1)  # noqa: S311

    # -- which feeds -------------------------------------------------------------

    def _topics(self, events: Sequence[RecordedEvent]) -> list[str]:
        """The feeds that *events*, which follow on one another, changed."""
        pages: list[str] = []
        changed = dict.fromkeys(event.entry for event in events)
        entries = [name for name in changed if not name.startswith(VIEW_PREFIX)]
        if entries:
            pages.append("")
        pages += [f"views/{view}/" for view in self._views(events, entries)]
        # What has just begun had no feed that anybody could have subscribed to. So an
        # import is told in a few requests.
        grown = {event.entry for event in events if event.version > 1}
        pages += [f"entries/{name}/" for name in entries if name in grown]
        names = [f"{page}{feed}" for page in pages for feed in PAGE_FEEDS]
        site_lang = self._timeline.settings.lang
        return [
            topic
            for name in (CHANGES_FEED, *names)
            for topic in topics(name, site_lang=site_lang)
        ]

    def _views(
        self, events: Sequence[RecordedEvent], entries: Sequence[str]
    ) -> Iterator[str]:
        """Views that changed, or show what did, or no longer show it."""
        with self._timeline.snapshot() as snapshot:
            views = snapshot.views()
        if not views:
            return
        changed = {event.entry for event in events}
        upto = events[-1].position
        seen = [
            entry
            for name in entries
            for entry in self._versions(name, events[0].position, upto)
        ]
        for view in views:
            wanted = parse_filter(view.filter)
            if VIEW_PREFIX + view.name in changed or any(map(wanted.matches, seen)):
                yield view.name

    def _versions(self, name: str, first: int, upto: int) -> list[Entry]:
        """How an entry stood before *first*, and after each event up to *upto*."""
        versions = list(entry_versions(self._timeline.entry_events(name)))
        before = [entry for entry in versions if entry.position < first][-1:]
        return before + [e for e in versions if first <= e.position <= upto]


class _Run:
    """One run of an announcer, as its thread and whoever ends it see it.

    Attributes:
        ending: It is to end.
        sending: It waits for the hub, and will use nothing else if it is to end.
    """

    def __init__(self) -> None:
        self.ending = threading.Event()
        self.sending = threading.Event()

    def send(self, hub: "_Hub", topic: str) -> "_Answer":
        self.sending.set()
        answer = hub.publish(topic)
        # Still set if it is to end: whoever waits for that looks once only.
        if not self.ending.is_set():
            self.sending.clear()
        return answer


class _Checkpoint:
    """Up to which position a hub was told, in a file that a crash leaves whole."""

    def __init__(self, timeline: Timeline, hub: str) -> None:
        self._path = timeline.settings.data / "websub.json"
        self._of = {"hub": hub, "log_id": timeline.identity().log_id}

    def position(self, head: int) -> int:
        """It; *head* for a hub that was never told of this log.

        Also if the log was restored to an earlier state.
        """
        try:
            kept = json.loads(self._path.read_bytes())
            position = kept.pop("position")
            if kept == self._of and 0 <= position <= head:
                return int(position)
        except FileNotFoundError:
            pass
        except (ValueError, TypeError, AttributeError, KeyError):
            _logger.warning(
                "%s cannot be read: changes so far are not told", self._path
            )
        self.move(head)
        return head

    def move(self, position: int) -> None:
        """From now on it is *position*, also after a power cut."""
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump({**self._of, "position": position}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


# -- the hub -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Taken:
    """The hub knows now."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """It does not want to know, and asking again would not help."""

    why: str


@dataclass(frozen=True, slots=True)
class _Later:
    """It may want to know later.

    Attributes:
        after_s: As the hub asks; 0 if it does not.
        is_down: It cannot be reached, or says that it is busy; else it failed.
    """

    why: str
    after_s: float = 0.0
    is_down: bool = True


_Answer = _Taken | _Refused | _Later

_BUSY = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_MOVED = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}


class _Hub:
    """Where changes are announced."""

    def __init__(self, url: str, *, agent_of: str) -> None:
        # Imported where it is used: without a hub nothing here can send a request.
        import urllib3

        self._url = url
        self._retry = urllib3.Retry(retry_after_max=int(_LONGEST_OBEYED_S))
        self._pool = urllib3.PoolManager(
            num_pools=_REDIRECTS + 1,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_READ_S),
            retries=False,
            headers={
                "User-Agent": f"living-timeline/{version_of('living-timeline')}"
                f" (+{agent_of}/)",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )

    def publish(self, topic: str) -> _Answer:
        """Tell that the content of the address *topic* is new; what the hub says.

        WebSub leaves to publisher and hub how that is told. One request a topic is
        what all hubs read; Google's and Superfeedr take the name from PubSubHubbub 0.3,
        Switchboard and WordPress the other (w3c-social/social-web-protocols#47).
        """
        body = urlencode(
            {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}
        ).encode()
        url = self._url
        for _ in range(_REDIRECTS + 1):
            answer = self._post(url, body)
            if not isinstance(answer, str):
                return answer
            moved = _moved(url, answer)
            if moved is None:
                return _Refused(f"it leads to {answer}")
            url = moved
        return _Refused(f"it leads on more than {_REDIRECTS} times")

    def _post(self, url: str, body: bytes) -> _Answer | str:
        """What the hub says, or where else to ask."""
        from urllib3.exceptions import HTTPError

        try:
            response = self._pool.request(
                "POST", url, body=body, redirect=False, preload_content=False
            )
        except (HTTPError, OSError) as error:
            return _Later(str(error))
        try:
            return self._answer(response)
        finally:
            # What it says at length is nothing to us, and may have no end.
            if response.length_remaining == 0:
                response.release_conn()
            else:
                response.close()

    def _answer(self, response: "urllib3.BaseHTTPResponse") -> _Answer | str:
        status = response.status
        said = f"{status} {response.reason or ''}".strip()
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return _Taken()
        if status in _MOVED:
            return response.headers.get("Location") or _Refused(said)
        if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _Later(said, self._retry_after_s(response), status in _BUSY)
        return _Refused(said)

    def _retry_after_s(self, response: "urllib3.BaseHTTPResponse") -> float:
        from urllib3.exceptions import InvalidHeader

        try:
            return self._retry.get_retry_after(response) or 0.0
        except InvalidHeader:
            return 0.0


def _moved(url: str, location: str) -> str | None:
    """Where a hub at *url* sends us on to; None if that is less safe, or nowhere."""
    try:
        moved = urljoin(url, location)
        schemes = {"https"} if urlsplit(url).scheme == "https" else {"https", "http"}
        return moved if urlsplit(moved).scheme in schemes else None
    except ValueError:
        return None
