"""Settings of one service, from ``TIMELINE_*`` variables or the command line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

MIB = 1024 * 1024

LANGUAGES = ("en", "it")
"""Of the interface: each has its words in the pages, the feeds and the dates."""

_IN_A_LINK = re.compile(r"[!$%-;=?-Z\[\]_a-z~]+")
"""What an address may hold between angle brackets, without a fragment (RFC 3986 2)."""


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator decides.

    Attributes:
        data: Folder of ``events.db`` and of the disposable read model.
        host: Address to listen on; loopback unless set.
        port: Port to listen on.
        base_url: Public origin without a final slash; all absolute addresses start
            with it, never with the request's Host header. None: host and port.
        title: Name of the whole timeline, shown on every page and feed.
        lang: Language of pages and feeds unless asked otherwise, of `LANGUAGES`.
        tag_authority: DNS name or e-mail address under which feed ids are minted
            when the log is made (RFC 4151 2.1). None: the base URL's host.
        hub: Address of the WebSub hub that is told which feeds changed, and that
            they name. None: there is none, and no request is ever sent.
        deadline_s: How long a writer waits for the log before 503.
        body_limit_bytes: Largest JSON body of an append.
        ndjson_limit_bytes: Largest NDJSON body of an append.
        page_size: Most entries or changes on a page, and how many the API answers.
        list_size: Entries on a page of a list that was not asked for its length.
        feed_size: Entries in a feed.
    """

    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str | None = None
    title: str = "Timeline"
    lang: str = "en"
    tag_authority: str | None = None
    hub: str | None = None
    deadline_s: float = 5.0
    body_limit_bytes: int = MIB
    ndjson_limit_bytes: int = 16 * MIB
    page_size: int = 100
    list_size: int = 40
    feed_size: int = 50

    @property
    def origin(self) -> str:
        """Start of every absolute address, without a final slash."""
        if self.base_url is not None:
            return self.base_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def authority(self) -> str:
        """Under which name feed ids are minted, if the log is made now."""
        return self.tag_authority or urlsplit(self.origin).hostname or "localhost"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """The settings that the ``TIMELINE_*`` variables of *env* make.

        Raises:
            SettingsError: A value cannot be used.
        """
        known: dict[str, object] = {}
        if value := env.get("TIMELINE_DATA"):
            known["data"] = Path(value)
        for name in ("host", "title", "tag_authority"):
            if value := env.get(f"TIMELINE_{name.upper()}"):
                known[name] = value
        if value := env.get("TIMELINE_LANG"):
            known["lang"] = _lang(value)
        if value := env.get("TIMELINE_PORT"):
            known["port"] = _port(value)
        if value := env.get("TIMELINE_BASE_URL"):
            known["base_url"] = _origin(value)
        if value := env.get("TIMELINE_HUB"):
            known["hub"] = _hub(value)
            if "base_url" not in known:
                raise SettingsError(
                    "TIMELINE_HUB needs TIMELINE_BASE_URL: the hub fetches the feeds"
                )
        return cls(**known)  # type: ignore[arg-type]


def _lang(text: str) -> str:
    if text not in LANGUAGES:
        one_of = " or ".join(LANGUAGES)
        raise SettingsError(f"TIMELINE_LANG must be {one_of}, not {text!r}")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65_536):
        raise SettingsError(f"TIMELINE_PORT must be 0 to 65535, not {text!r}")
    return int(text)


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"TIMELINE_BASE_URL must be like https://example.org, not {text!r}"
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise SettingsError(
            f"TIMELINE_BASE_URL must end behind its host or port, not {text!r}"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _hub(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        # Port 0 is no place to send to; a port that is no number raises.
        usable = usable and parts.port != 0
    except ValueError:
        usable = False
    # It stands in a header field and in the log: nothing that ends either.
    if not usable or parts.username is not None or not _IN_A_LINK.fullmatch(text):
        raise SettingsError(
            f"TIMELINE_HUB must be like https://hub.example.org/, not {text!r}"
        )
    return text
