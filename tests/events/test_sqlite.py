"""How callers of one process share a commit."""

import math
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from events.db import Database
from events.errors import (
    IdTakenError,
    WrongExpectedVersionError,
)
from events.model import Appended, NewEvent
from events.sqlite import _COUNT_ERASED, SqliteEventLog, open_events_db
from tests.builders import FixedClock, recorded, revised
from tests.events.proofs import audit


class Crowd:
    """Callers that wait while the file is held, and are then served together."""

    def __init__(self, db: Database, log: SqliteEventLog) -> None:
        self._db = db
        self._log = log

    def append(self, *batches: Sequence[NewEvent]) -> list[Appended | BaseException]:
        """What became of each of *batches*, which were all in one commit."""
        with ThreadPoolExecutor(len(batches) + 1) as threads:
            with self._db.write():
                # The first caller takes the turn and waits for the file; all others
                # queue behind it.
                first = threads.submit(self._log.append, [recorded("first")])
                self._until(partial(self._are_waiting, 0))
                callers: list[Future[Appended]] = []
                for count, batch in enumerate(batches, start=1):
                    callers.append(threads.submit(self._log.append, batch))
                    self._until(partial(self._are_waiting, count))
            assert first.result().events[0].position == 1
            return [each.exception() or each.result() for each in callers]

    def _are_waiting(self, count: int) -> bool:
        """Whether *count* callers stand behind the one that has the turn."""
        line = self._log._line
        return line.turn.locked() and len(line.waiting) == count

    def _until(self, happened: Callable[[], bool]) -> None:
        while not happened():
            os.sched_yield()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    db = open_events_db(path)
    yield db
    db.close()


def commits(path: Path) -> int:
    """Commits in the WAL: their last frame tells the size of the file, others 0.

    https://sqlite.org/fileformat2.html#the_write_ahead_log
    """
    wal = path.with_name(f"{path.name}-wal").read_bytes()
    page_bytes = int.from_bytes(wal[8:12], "big")
    frames = range(32, len(wal), 24 + page_bytes)
    return sum(wal[at + 4 : at + 8] != bytes(4) for at in frames)


def test_callers_that_wait_together_share_one_commit(db: Database, path: Path) -> None:
    """One sync of the disk for all of them."""
    crowd = Crowd(db, SqliteEventLog(db, clock=FixedClock()))
    batches = [[recorded(f"{n}"), revised(f"{n}")] for n in range(6)]
    before = commits(path)

    outcomes = crowd.append(*batches)

    # One for the caller that came first, one for all who waited meanwhile.
    assert commits(path) - before == 2

    for n, outcome in enumerate(outcomes):
        assert isinstance(outcome, Appended)
        assert [event.position for event in outcome.events] == [2 * n + 2, 2 * n + 3]
    assert len(audit(path).ids) == 13


def test_every_refusal_in_a_common_commit_reaches_its_own_caller_only(
    db: Database, path: Path
) -> None:
    """Whatever stands before or behind it in the line."""
    crowd = Crowd(db, SqliteEventLog(db, clock=FixedClock()))
    same = recorded("moon", event_id="same", expected_version=0)

    outcomes = crowd.append(
        [revised("nothing", expected_version=3)],
        [same],
        [same],
        [recorded("a"), recorded("mars", event_id="same")],
        [recorded("b"), recorded("c", expected_version=1)],
        [recorded("moon", expected_version=0)],
        [revised("moon", expected_version=1)],
        [recorded("d", event_id="x"), recorded("d", event_id="x")],
        [recorded("moon", entry_derived=True)],
    )

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [
        WrongExpectedVersionError,
        Appended,
        Appended,
        IdTakenError,
        WrongExpectedVersionError,
        WrongExpectedVersionError,
        Appended,
        IdTakenError,
        Appended,
    ]
    first, again, revision, derived = (o for o in outcomes if isinstance(o, Appended))
    assert (first.repeated, again.repeated) == (False, True)
    assert first.events[0].position == again.events[0].position == 2
    assert (revision.events[0].position, revision.events[0].version) == (3, 2)
    assert (derived.events[0].position, derived.events[0].entry) == (4, "moon-2")
    assert len(audit(path).ids) == 4


@pytest.mark.parametrize(
    "unwritable",
    [
        recorded("nan", summary="x", occurred="y", translations={"it": math.nan}),
        recorded("surrogate", summary="\ud800"),
    ],
    ids=["not a number", "lone surrogate"],
)
def test_an_event_that_cannot_be_written_fails_its_own_caller_only(
    db: Database, path: Path, unwritable: NewEvent
) -> None:
    """The edges let none through; should one come, it never joins the line."""
    log = SqliteEventLog(db, clock=FixedClock())

    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        log.append([recorded("with-it"), unwritable])
    log.append([recorded("behind")])

    assert len(audit(path).ids) == 1


def test_what_was_erased_is_counted_without_reading_the_log(path: Path) -> None:
    """It is counted after every append, and next to none ever is."""
    with closing(SqliteEventLog(open_events_db(path))) as log:
        log.append([recorded("one"), recorded("two")])
        assert log.erased() == 0
        with closing(sqlite3.connect(path)) as con, con:
            con.execute("UPDATE events SET payload = NULL, salt = NULL WHERE id > ''")
            plan = con.execute(f"EXPLAIN QUERY PLAN {_COUNT_ERASED}").fetchall()
        assert log.erased() == 2
    assert plan[0][-1].endswith("INDEX events_erased")
