"""The databases that keep a log: a new one is a function and a line in `BACKENDS`."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from events.codec import Tree
from events.log import EventLog, TokenStore
from events.sqlite import Clock, SqliteEventLog, SqliteTokens, open_events_db


@dataclass(frozen=True, slots=True)
class Opened:
    """A log and its tokens; close it by closing the log.

    Attributes:
        stored_tree: Reads the Merkle tree that stands beside the events.
    """

    log: EventLog
    tokens: TokenStore
    stored_tree: Callable[[], Tree]


Backend: TypeAlias = Callable[[Path, Clock], Opened]


def open_sqlite(folder: Path, clock: Clock) -> Opened:
    """A log in a file of *folder*; what was there before is there again."""
    db = open_events_db(folder / "events.db")

    def stored_tree() -> Tree:
        with (
            db.read() as con,
            closing(con.execute("SELECT size, frontier FROM tree")) as rows,
        ):
            size, frontier = rows.fetchone()
        return Tree.from_bytes(size, frontier)

    return Opened(
        log=SqliteEventLog(db, clock=clock),
        tokens=SqliteTokens(db, clock=clock),
        stored_tree=stored_tree,
    )


BACKENDS: Mapping[str, Backend] = {
    "sqlite": open_sqlite,
}
