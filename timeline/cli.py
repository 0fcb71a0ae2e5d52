"""The ``timeline`` command: what an operator does beside HTTP."""

import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.resources import files
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from events.errors import LogError, LogUnavailableError
from timeline.config import Settings, SettingsError
from timeline.projections import RefusedError
from timeline.schemas import (
    BodyError,
    FieldsError,
    dump_event,
    dump_receipt,
    parse_append,
)
from timeline.service import Timeline

if TYPE_CHECKING:
    from granian.server.mp import MPServer
    from granian.server.mt import MTServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the commands are given to work with.

    Attributes:
        open_timeline: Opens a data folder; whoever calls it closes it.
        run_due: Appends all window events that are due; their number.
        scheduling: Appends them whenever they are due, until its block ends.
    """

    open_timeline: Callable[[Settings], Timeline]
    run_due: Callable[[Timeline], int]
    scheduling: Callable[[Timeline], AbstractContextManager[None]]


LIVE_READERS = 1_000
"""Readers of server-sent events that a server holds; each takes a thread."""

_EXPORT_BATCH = 1_000


def run(parts: Parts) -> None:
    """Carry out the command line."""
    cli(obj=parts, prog_name="timeline")


@contextmanager
def _cured() -> Iterator[None]:
    """What a person can cure is told in a sentence, not as a traceback."""
    try:
        yield
    except (FieldsError, RefusedError) as error:
        raise click.ClickException(_fields_text(error)) from error
    except BodyError as error:
        raise click.ClickException(str(error)) from error
    except LogUnavailableError as error:
        raise click.ClickException(f"{error}; nothing was stored") from error
    except (LogError, SettingsError) as error:
        raise click.ClickException(str(error)) from error


def _fields_text(error: FieldsError | RefusedError) -> str:
    if isinstance(error, RefusedError):
        return f"event {error.index}, {error.pointer}: {error.detail}"
    return "\n".join(
        f"event {error.index}, {one.pointer}: {one.detail}" for one in error.errors
    )


def _with_data(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="TIMELINE_DATA",
        default=Path("data"),
        show_default=True,
        help="Folder of the log and the read model (or TIMELINE_DATA).",
    )(command)


def _settings(data: Path) -> Settings:
    return replace(Settings.from_env(os.environ), data=data)


@contextmanager
def _opened(parts: Parts, data: Path) -> Iterator[Timeline]:
    with _cured(), closing(parts.open_timeline(_settings(data))) as timeline:
        yield timeline


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="living-timeline")
def cli() -> None:
    """Keep a story as an append-only log and show it as a timeline."""


# -- serve -----------------------------------------------------------------------


@cli.command()
@_with_data
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65_535), help="[default: 8000]")
@click.option("--empty", is_flag=True, help="Do not add the bundled story.")
@click.pass_obj
def serve(
    parts: Parts, data: Path, host: str | None, port: int | None, empty: bool
) -> None:
    """Serve the timeline; on an empty log, add the bundled story first."""
    with _cured():
        settings = _settings(data)
    settings = replace(settings, host=host or settings.host, port=port or settings.port)
    _check_port_is_free(settings)
    # The server's processes read their settings from the environment.
    os.environ["TIMELINE_DATA"] = str(data.absolute())
    os.environ["TIMELINE_HOST"] = settings.host
    os.environ["TIMELINE_PORT"] = str(settings.port)
    with _cured(), closing(parts.open_timeline(settings)) as timeline:
        token = _first_start(timeline, empty=empty)
        # In this process, which outlives those that answer requests.
        timeline.follow()
        with parts.scheduling(timeline):
            _serve(settings, token)


def _first_start(timeline: Timeline, *, empty: bool) -> str | None:
    """Add the story to an empty log; a token, if there has never been one."""
    if timeline.head() == 0 and not empty:
        story = (files("events") / "seed" / "story.json").read_bytes()
        wanted, _ = parse_append(story)
        timeline.append(wanted, author="Timeline")
    if timeline.tokens.tokens():
        return None
    return timeline.tokens.create("first", scope="append")


def _check_port_is_free(settings: Settings) -> None:
    """Granian shares its port (SO_REUSEPORT): two servers would take turns."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {settings.host} port {settings.port}: "
                f"{error.strerror}; choose another with --host or --port"
            ) from error


def make_server(target: str, settings: Settings) -> "MPServer | MTServer":
    """A server of the application that *target* makes, where *settings* say."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    # Not by fork: the thread that announces would be half copied.
    multiprocessing.set_start_method("spawn", force=True)
    return Granian(
        target,
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        # Threads start on demand. DESIGN.md, section 8 has the measurements.
        blocking_threads=LIVE_READERS + 64,
        backpressure=2_048,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
    )


def _serve(settings: Settings, token: str | None) -> None:
    server = make_server("timeline.app:served_app", settings)
    server.on_startup(
        threading.Thread(target=_announce, args=(settings, token), daemon=True).start
    )
    server.serve()


def _announce(settings: Settings, token: str | None) -> None:
    """Print the address once it answers, and the token the only time it is known."""
    while not _answers(settings):
        time.sleep(0.05)
    click.echo(f"The timeline is at {settings.origin}/")
    if token is not None:
        click.echo(
            f"A token to append with, shown only now: {token}\n"
            "Make others with: timeline token create NAME"
        )
    sys.stdout.flush()


def _answers(settings: Settings) -> bool:
    connection = HTTPConnection(settings.host, settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


# -- schedule --------------------------------------------------------------------


@cli.command()
@_with_data
@click.option("--once", is_flag=True, help="Append what is due by now, and end.")
@click.pass_obj
def schedule(parts: Parts, data: Path, once: bool) -> None:
    """Append when a window opens or closes, until told to end.

    The command serve does it as well; this is for those who serve by another server.
    However many run on one folder, each event is appended once.
    """
    with _opened(parts, data) as timeline:
        if once:
            click.echo(f"appended {parts.run_due(timeline)} events")
            return
        ends = {signal.SIGINT, signal.SIGTERM}
        # Blocked before there are threads, which inherit it: then only this one hears.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        try:
            with parts.scheduling(timeline):
                click.echo(f"Windows in {data} open and close on time; Ctrl+C ends it")
                signal.sigwait(ends)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- events ----------------------------------------------------------------------


@cli.command()
@_with_data
@click.argument("file", type=click.File("rb"))
@click.option(
    "--author", default="command line", show_default=True, help="Public label."
)
@click.pass_obj
def append(parts: Parts, data: Path, file: IO[bytes], author: str) -> None:
    """Append the events of FILE (- for standard input), all of them or none.

    One event or an array as JSON, or one event a line as NDJSON, as POST /api/events
    takes them. Prints one line of JSON an event.
    """
    _check_label(author, "--author")
    raw = file.read()
    with _cured():
        wanted, _ = parse_append(raw, lines=_is_ndjson(raw))
    with _opened(parts, data) as timeline:
        appended = timeline.append(wanted, author=author)
    for event in appended.events:
        click.echo(json.dumps(dump_receipt(event), ensure_ascii=False))


def _is_ndjson(raw: bytes) -> bool:
    """More than one line, and the first is a whole JSON object."""
    first, _, rest = raw.strip().partition(b"\n")
    if not rest or not first.startswith(b"{"):
        return False
    try:
        json.loads(first)
    except ValueError:
        return False
    return True


def _check_label(label: str, name: str) -> None:
    """Refuse what cannot stand on every page and in every feed."""
    if not label.strip() or len(label) > 80 or not label.isprintable():
        raise click.ClickException(f"{name} must be 1 to 80 printable characters")


@cli.command()
@_with_data
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True))
@click.pass_obj
def export(parts: Parts, data: Path, file: IO[str]) -> None:
    """Write the whole log to FILE (- for standard output), one event a line."""
    with _opened(parts, data) as timeline:
        after = 0
        while events := timeline.events(after=after, limit=_EXPORT_BATCH):
            for event in events:
                file.write(json.dumps(dump_event(event), ensure_ascii=False) + "\n")
            after = events[-1].position


@cli.command()
@_with_data
@click.pass_obj
def rebuild(parts: Parts, data: Path) -> None:
    """Build the read model anew from the log, also while it is being served."""
    with _opened(parts, data) as timeline:
        position = timeline.rebuild()
    click.echo(f"rebuilt up to position {position}")


# -- tokens ----------------------------------------------------------------------


@cli.group()
def token() -> None:
    """Make, list and revoke writers' tokens; at once, also in a running server."""


@token.command("create")
@_with_data
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(["append", "admin"]),
    default="append",
    show_default=True,
)
@click.pass_obj
def create_token(parts: Parts, data: Path, name: str, scope: str) -> None:
    """Make a token and print it; NAME is the author of what it appends."""
    _check_label(name, "NAME")
    with _opened(parts, data) as timeline:
        click.echo(timeline.tokens.create(name, scope=scope))


@token.command("list")
@_with_data
@click.pass_obj
def list_tokens(parts: Parts, data: Path) -> None:
    """List all tokens ever made, without their secrets."""
    with _opened(parts, data) as timeline:
        tokens = timeline.tokens.tokens()
    for one in tokens:
        state = f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else "in use"
        click.echo(
            f"{one.id}\t{one.scope}\t{one.created_at:%Y-%m-%d}\t{state}\t{one.name}"
        )


@token.command("revoke")
@_with_data
@click.argument("name")
@click.pass_obj
def revoke_token(parts: Parts, data: Path, name: str) -> None:
    """End the token NAME; requests with it are refused from now on."""
    with _opened(parts, data) as timeline:
        revoked = timeline.tokens.revoke(name)
    click.echo(f"revoked {revoked.name}", err=True)
