"""The file under the log: its schema, its locks, and what may befall it."""

import hashlib
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest

from events.db import Database, Migration, migrations_in
from events.errors import (
    LogDamagedError,
    LogFullError,
    LogLockedError,
    LogReadOnlyError,
    LogUnavailableError,
    MigrationError,
)
from events.model import RecordedEvent
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import FixedClock, recorded
from tests.events import scripts
from tests.events.proofs import audit

# A released migration is never edited: files made with it could not be opened any
# more.  A new one gets a new line.
RELEASED = {
    "0001_log.sql": "397127494e8fcb917e08a75eecdfccfc199992043654966050ef35b32ee2c5d0",
    "0002_erased.sql": (
        "76bf783579c21a6338f8e7399db8927880519febf4bcf1266a29b508a152239f"
    ),
}

FIRST = Migration(1, "CREATE TABLE one (x INTEGER) STRICT;\n")
SECOND = Migration(2, "CREATE TABLE two (x INTEGER) STRICT;\n")

CAP_SYS_ADMIN = 1 << 21


def may_mount() -> bool:
    """Whether this process may mount file systems (capabilities(7))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(effective.split()[1], 16) & CAP_SYS_ADMIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    yield disk
    # Lazily, as a test that failed may have left files open.
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may reach, unlike ``tmp_path``, which is root's own."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder)


def opened(path: Path, *migrations: Migration, deadline_s: float = 5.0) -> Database:
    return Database(
        path, migrations=migrations, synchronous="FULL", deadline_s=deadline_s
    )


def opened_log(path: Path, *, deadline_s: float = 5.0) -> SqliteEventLog:
    return SqliteEventLog(
        open_events_db(path, deadline_s=deadline_s), clock=FixedClock()
    )


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as con:
        names = con.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return {name for (name,) in names}


# -- migrations --------------------------------------------------------------


def test_released_migrations_are_never_edited() -> None:
    folder = files("events") / "migrations"

    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }

    assert found == RELEASED
    pinned = [migration.sha256 for migration in migrations_in(folder)]
    assert pinned == [RELEASED[name] for name in sorted(RELEASED)]


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [each.number for each in migrations_in(files("events") / "migrations")]

    assert numbers == list(range(1, len(RELEASED) + 1))


def test_a_file_gets_the_steps_that_it_does_not_have_yet(path: Path) -> None:
    opened(path, FIRST).close()
    assert tables(path) == {"migrations", "one"}

    for _ in range(2):
        opened(path, FIRST, SECOND).close()
        assert tables(path) == {"migrations", "one", "two"}


def test_a_file_of_a_newer_release_is_refused(path: Path) -> None:
    """An older program would write rows that break the newer one's promises."""
    opened(path, FIRST, SECOND).close()
    before = path.read_bytes()

    with pytest.raises(MigrationError, match="newer release"):
        opened(path, FIRST)

    assert path.read_bytes() == before


def test_a_file_made_with_another_text_of_a_migration_is_refused(path: Path) -> None:
    opened(path, FIRST).close()

    with pytest.raises(MigrationError, match="migration 1"):
        opened(path, Migration(1, FIRST.sql + "-- tidied up\n"), SECOND)

    assert tables(path) == {"migrations", "one"}


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("CREATE TABLE two (x); INSERT INTO nowhere VALUES (1);", sqlite3.Error),
        ("CREATE TABLE two (x);\nINSERT INTO nowhere VALUES (1);", sqlite3.Error),
        ("CREATE TABLE two (x);\nCREATE TABLE three (x", MigrationError),
    ],
)
def test_a_failed_migration_leaves_nothing(
    path: Path, sql: str, error: type[Exception]
) -> None:
    """Neither its own half nor the steps before it."""
    with pytest.raises(error):
        opened(path, FIRST, Migration(2, sql))
    assert tables(path) == set()

    opened(path, FIRST, SECOND).close()
    assert tables(path) == {"migrations", "one", "two"}


def test_many_processes_may_make_the_file_together(path: Path) -> None:
    """All workers of a server start at once."""
    script = """
import sys
from pathlib import Path
from events.sqlite import SqliteEventLog, open_events_db
log = SqliteEventLog(open_events_db(Path(sys.argv[1])))
print(log.identity().log_id)
log.close()
"""
    with ThreadPoolExecutor(4) as threads:
        printed = list(threads.map(lambda _: scripts.run(script, path), range(4)))

    assert len({log_id for (log_id,) in printed}) == 1
    audit(path)


# -- connections -------------------------------------------------------------


@pytest.mark.parametrize(("synchronous", "level"), [("FULL", 2), ("NORMAL", 1)])
def test_the_writer_syncs_as_asked_and_keeps_a_wal(
    path: Path, synchronous: Literal["FULL", "NORMAL"], level: int
) -> None:
    """FULL lost nothing in 600 simulated power cuts, NORMAL in 408 of them."""
    db = Database(path, migrations=[FIRST], synchronous=synchronous)
    with db.write() as con:
        found = [
            con.execute(f"PRAGMA {pragma}").fetchone()[0]
            for pragma in ("synchronous", "journal_mode", "secure_delete")
        ]

    assert found == [level, "wal", 1]
    db.close()


@pytest.mark.parametrize("scattered", [False, True])
def test_a_scattered_commit_waits_beside_the_file(path: Path, scattered: bool) -> None:
    """Others are in it as soon as a thousand pages have come together."""
    db = Database(path, migrations=[FIRST], synchronous="NORMAL", scattered=scattered)
    before = path.stat().st_size
    with db.write() as con:
        con.execute("CREATE TABLE many (x BLOB) STRICT")
        con.executemany("INSERT INTO many VALUES (zeroblob(4000))", [()] * 2_000)
    with db.write() as con:
        con.execute("INSERT INTO one VALUES (1)")

    assert (path.stat().st_size == before) is scattered
    assert db.row("SELECT count(*) FROM many") == (2_000,)
    db.close()
    assert path.stat().st_size > 2_000 * 4_000
    assert not path.with_name(f"{path.name}-wal").exists()


def test_the_log_is_synced_on_every_commit(path: Path) -> None:
    """Acknowledged means durable."""
    db = open_events_db(path)
    with db.write() as con:
        assert con.execute("PRAGMA synchronous").fetchone() == (2,)
    db.close()


def test_readers_cannot_write(path: Path) -> None:
    """Only the writer, which holds the lock, may change the file or checkpoint."""
    db = opened(path, FIRST)

    with pytest.raises(LogReadOnlyError), db.read() as con:
        con.execute("INSERT INTO one VALUES (1)")

    with db.read() as con:
        assert con.execute("SELECT count(*) FROM one").fetchone() == (0,)
    db.close()


def test_readers_cannot_checkpoint(path: Path) -> None:
    """A checkpoint beside a write corrupts the file (the WAL-reset bug)."""
    db = opened(path, FIRST)
    with db.write() as con:
        con.execute("INSERT INTO one VALUES (1)")
    before = path.read_bytes()

    con = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    con.execute("SELECT * FROM one").fetchall()
    con.close()
    with db.read() as reader:
        reader.execute("COMMIT")
        with pytest.raises(sqlite3.OperationalError):
            reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        reader.execute("BEGIN")

    assert path.read_bytes() == before
    assert path.with_name("events.db-wal").stat().st_size > 0
    db.close()


def test_a_reader_sees_one_snapshot_while_others_write(path: Path) -> None:
    db = opened(path, FIRST)

    with db.read() as reader:
        before = reader.execute("SELECT count(*) FROM one").fetchone()
        with db.write() as con:
            con.execute("INSERT INTO one VALUES (1)")
        assert reader.execute("SELECT count(*) FROM one").fetchone() == before == (0,)

    with db.read() as reader:
        assert reader.execute("SELECT count(*) FROM one").fetchone() == (1,)
    db.close()


def test_a_failed_write_leaves_nothing_and_the_next_one_works(path: Path) -> None:
    """Whatever the reason, also a mistake of ours."""
    db = opened(path, FIRST)

    def write(number: int, then: Callable[[sqlite3.Connection], object]) -> None:
        with db.write() as con:
            con.execute("INSERT INTO one VALUES (?)", (number,))
            then(con)

    with pytest.raises(sqlite3.OperationalError):
        write(1, then=lambda con: con.execute("SELECT * FROM nowhere"))
    with pytest.raises(sqlite3.OperationalError):
        write(1, then=lambda con: con.execute("ROLLBACK"))
    with pytest.raises(ZeroDivisionError):
        write(1, then=lambda _: 1 // 0)
    write(2, then=lambda _: None)

    with db.read() as con:
        assert con.execute("SELECT x FROM one").fetchall() == [(2,)]
    db.close()


def test_close_leaves_one_file_and_the_lock_behind(path: Path) -> None:
    """A copy of the closed file alone is then a whole backup."""
    log = opened_log(path)
    log.append([recorded()])
    log.read(after=0, limit=1)
    assert path.with_name("events.db-wal").exists()

    log.close()

    assert sorted(p.name for p in path.parent.iterdir()) == [
        "events.db",
        "events.db.lock",
    ]
    assert len(audit(path).ids) == 1


def test_closing_one_of_two_leaves_the_other_at_work(path: Path) -> None:
    """As when one of a server's workers is replaced."""
    one, other = opened_log(path), opened_log(path)
    one.append([recorded()])
    other.append([recorded()])

    one.close()
    other.append([recorded()])

    assert other.head() == 3
    other.close()
    assert len(audit(path).ids) == 3


def test_all_files_are_readable_by_their_owner_only(path: Path) -> None:
    """They hold hashes of tokens and the salts of what may be redacted."""
    log = opened_log(path)
    log.append([recorded()])

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}

    assert set(modes.values()) == {0o600}
    assert len(modes) == 4
    log.close()


@pytest.mark.parametrize("name", ["a b.db", "a%20b.db", "a?mode=ro.db", "a#b.db"])
def test_a_path_with_odd_characters_is_taken_literally(
    tmp_path: Path, name: str
) -> None:
    """The path goes into a URI, where these mean something."""
    opened(tmp_path / name, FIRST).close()

    assert (tmp_path / name).stat().st_size > 0


# -- locks -------------------------------------------------------------------

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from events.sqlite import open_events_db
db = open_events_db(Path(sys.argv[1]))
with db.write():
    print("locked", flush=True)
    sys.stdin.readline()
db.close()
"""


def test_a_lock_held_by_another_process_past_the_deadline_is_reported(
    path: Path,
) -> None:
    """Reading goes on meanwhile, and writing does once the lock is free."""
    log = opened_log(path, deadline_s=0.1)
    log.append([recorded()])

    with scripts.start(HOLD_THE_LOCK, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(LogLockedError):
            log.append([recorded("refused")])
        assert log.head() == 1
        assert holder.communicate("\n") == ("", "")

    log.append([recorded()])
    assert [event.entry for event in log.read(after=0, limit=9)] == ["moon-landing"] * 2
    log.close()


def test_a_killed_holder_of_the_lock_does_not_keep_it(path: Path) -> None:
    log = opened_log(path)

    with scripts.start(HOLD_THE_LOCK, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        holder.kill()

    assert log.append([recorded()]).events[0].position == 1
    log.close()


def test_a_lock_held_by_a_foreign_program_is_reported(path: Path) -> None:
    """The ``sqlite3`` shell knows nothing of the lock beside the file."""
    log = opened_log(path, deadline_s=0.1)

    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogLockedError):
            log.append([recorded("refused")])
        foreign.execute("ROLLBACK")

    assert log.append([recorded()]).events[0].position == 1
    log.close()


def test_a_thread_that_never_gets_its_turn_is_told_so(path: Path) -> None:
    db = opened(path, FIRST, deadline_s=0.1)

    def write() -> None:
        with db.write() as con:
            con.execute("INSERT INTO one VALUES (1)")

    with ThreadPoolExecutor(1) as other:
        with db.write(), pytest.raises(LogLockedError):
            other.submit(write).result()
        other.submit(write).result()

    with db.read() as con:
        assert con.execute("SELECT count(*) FROM one").fetchone() == (1,)
    db.close()


def test_callers_that_were_refused_are_not_stored_afterwards(path: Path) -> None:
    """They wait in a line for a common commit; who gives up must leave it."""
    db = open_events_db(path, deadline_s=0.1)
    log = SqliteEventLog(db, clock=FixedClock())

    def append(n: int) -> int:
        return log.append([recorded(f"entry-{n}")]).events[0].position

    with ThreadPoolExecutor(8) as others, db.write():
        waiting = [others.submit(append, n) for n in range(8)]
        errors = [each.exception() for each in waiting]
    assert [type(error) for error in errors] == [LogLockedError] * 8

    log.append([recorded("after")])
    assert [event.entry for event in log.read(after=0, limit=99)] == ["after"]
    log.close()


# -- trouble with the disk ---------------------------------------------------

APPEND_UNTIL_FULL = """
import resource, sys
from pathlib import Path
from events.errors import LogUnavailableError
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded

path = Path(sys.argv[1])
log = SqliteEventLog(open_events_db(path))
log.append([recorded()])
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
acknowledged = 1
try:
    while True:
        log.append([recorded(summary="x" * 5_000)])
        acknowledged += 1
except LogUnavailableError:
    print(acknowledged, log.head(), len(log.read(after=0, limit=1_000)))
try:
    log.append([recorded(summary="x" * 5_000)])
except LogUnavailableError:
    print("still full")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(log.append([recorded()]).events[0].position)
log.close()
"""


def test_a_file_that_may_not_grow_refuses_appends_and_heals(path: Path) -> None:
    """``RLIMIT_FSIZE`` fails the write itself, as a broken disk would."""
    counts, still, position = scripts.run(APPEND_UNTIL_FULL, path)

    acknowledged, head, read = map(int, counts.split())
    assert acknowledged > 10
    assert head == read == acknowledged
    assert still == "still full"
    assert int(position) == acknowledged + 1
    assert len(audit(path).ids) == acknowledged + 1


if may_mount():

    def test_a_full_disk_refuses_appends_and_heals(small_disk: Path) -> None:
        """Nothing is half-written, reading goes on, and no restart is needed."""
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * 400_000)
        log = opened_log(small_disk / "events.db")
        acknowledged: list[RecordedEvent] = []

        def fill() -> None:
            while True:
                new = recorded(f"entry-{len(acknowledged)}", summary="x" * 3_000)
                acknowledged.append(log.append([new]).events[0])

        with pytest.raises(LogFullError):
            fill()
        assert len(acknowledged) > 10
        for _ in range(3):
            with pytest.raises(LogFullError):
                log.append([recorded(f"{n}", summary="x" * 9_000) for n in range(50)])
            assert log.read(after=0, limit=1_000) == acknowledged

        ballast.unlink()
        position = len(acknowledged) + 1
        assert log.append([recorded()]).events[0].position == position
        log.close()
        assert len(audit(small_disk / "events.db").ids) == position

    def test_a_full_disk_at_the_start_is_reported_and_heals(small_disk: Path) -> None:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"x" * (1 << 20))

        with pytest.raises(LogUnavailableError):
            opened_log(small_disk / "events.db")

        ballast.unlink()
        log = opened_log(small_disk / "events.db")
        log.append([recorded()])
        log.close()

    @pytest.mark.parametrize("made_before", [True, False])
    def test_a_read_only_file_system_is_reported(
        small_disk: Path, made_before: bool
    ) -> None:
        """As after an error of the disk, when Linux remounts it."""
        if made_before:
            opened_log(small_disk / "events.db").close()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

        with pytest.raises(LogReadOnlyError):
            opened_log(small_disk / "events.db")


OPEN_WITHOUT_RIGHTS = """
import os, sys
from contextlib import closing
from pathlib import Path
from events.errors import LogError
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded

folder = Path(sys.argv[1])
log = SqliteEventLog(open_events_db(folder / "events.db"))
log.append([recorded()])
log.close()
for name in sys.argv[2].split():
    path = folder / name
    path.chmod(path.stat().st_mode & ~0o222)
if os.geteuid() == 0:  # whom no permission holds back
    for path in (folder, *folder.iterdir()):
        os.chown(path, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with closing(SqliteEventLog(open_events_db(folder / "events.db"))) as log:
        log.append([recorded()])
except LogError as error:
    print(error.code)
"""


@pytest.mark.parametrize(
    "protected", ["events.db", "events.db.lock", ".", "events.db events.db.lock ."]
)
def test_files_that_may_not_be_written_are_reported(
    open_folder: Path, protected: str
) -> None:
    """So that the operator looks at permissions, not at the disk."""
    assert scripts.run(OPEN_WITHOUT_RIGHTS, open_folder, protected) == ["log-read-only"]


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailableError, match="No such file"):
        opened_log(tmp_path / "nowhere" / "events.db")


@pytest.mark.parametrize(
    "content", [b"no database" * 100, b"SQLite format 3\0" + b"?" * 984]
)
def test_a_file_that_is_no_database_is_reported_and_left_alone(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)

    with pytest.raises(LogDamagedError):
        opened_log(path)

    assert path.read_bytes() == content


# -- processes that fork or die ----------------------------------------------

FORK = """
import os, sys, threading
from itertools import count
from pathlib import Path
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded

log = SqliteEventLog(open_events_db(Path(sys.argv[1])))
log.append([recorded("parent", event_id="parent")])
log.head()
ended = threading.Event()


def write() -> None:
    for n in count():
        if ended.is_set():
            return
        log.append([recorded(f"beside-{n}", event_id=f"beside-{n}")])


writer = threading.Thread(target=write)
if sys.argv[2] == "while a thread writes":
    writer.start()
else:
    ended.set()
for number in range(5):
    child = os.fork()
    if child == 0:
        before = log.head()
        assert before >= 1 + number
        log.append([recorded(f"child-{number}", event_id=f"child-{number}")])
        assert log.head() > before
        log.close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status))
ended.set()
if writer.ident:
    writer.join()
log.append([recorded("parent", event_id="last")])
log.close()
"""


@pytest.mark.parametrize("when", ["while nobody writes", "while a thread writes"])
def test_a_forked_child_reads_and_writes_with_connections_of_its_own(
    path: Path, when: str
) -> None:
    """Servers load the application and then fork their workers."""
    assert scripts.run(FORK, path, when) == ["0"] * 5

    ids = audit(path).ids
    assert [each for each in ids if not each.startswith("beside")] == [
        "parent",
        *(f"child-{number}" for number in range(5)),
        "last",
    ]


FORK_AND_CLOSE = """
import os, sys
from pathlib import Path
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded

log = SqliteEventLog(open_events_db(Path(sys.argv[1])))
log.append([recorded("parent", event_id="parent")])
log.head()
opened, tell_opened = os.pipe()
closed, tell_closed = os.pipe()
child = os.fork()
if child == 0:
    log.append([recorded("child", event_id="child-1")])
    os.write(tell_opened, b"!")
    os.read(closed, 1)
    log.append([recorded("child", event_id="child-2")])
    os._exit(0)  # as if killed: without closing
os.read(opened, 1)
log.close()
os.write(tell_closed, b"!")
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
"""


def test_what_a_child_stored_outlives_the_close_of_its_parent(path: Path) -> None:
    """A WAL must not be deleted under a child that writes to it.

    SQLite counts locks by process: a child that shares what it knows of the
    parent's connections holds none itself, and the parent, the last one as it
    seems, deletes the WAL that the child writes to.
    """
    assert scripts.run(FORK_AND_CLOSE, path) == ["0"]

    assert list(audit(path).ids) == ["parent", "child-1", "child-2"]


APPEND_UNTIL_KILLED = """
import os, sys, threading
from itertools import count
from pathlib import Path
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded

log = SqliteEventLog(open_events_db(Path(sys.argv[1])))
round_ = sys.argv[2]


def write(thread: int) -> None:
    for n in count():
        ids = [f"{round_}.{thread}.{n}.{part}" for part in range(1 + n % 3)]
        log.append([recorded(f"entry-{n % 7}", event_id=each) for each in ids])
        os.write(1, (" ".join(ids) + "\\n").encode())


for thread in range(3):
    threading.Thread(target=write, args=(thread,)).start()
"""


def test_a_killed_writer_loses_nothing_that_was_acknowledged(path: Path) -> None:
    """``kill -9`` in the midst of appending, again and again on one file."""
    acknowledged: set[str] = set()
    for round_, lines in enumerate([1, 40, 7, 150, 90, 2]):
        with scripts.start(APPEND_UNTIL_KILLED, path, round_) as writer:
            assert writer.stdout is not None
            for _ in range(lines):
                acknowledged.update(writer.stdout.readline().split())
            writer.send_signal(signal.SIGKILL)
            # Not by communicate(): it passes over what readline() has buffered.
            acknowledged.update(writer.stdout.read().split())
            assert writer.stderr is not None
            complaints = writer.stderr.read()
        assert complaints == ""

        log = opened_log(path)
        head = log.head()
        log.close()
        found = audit(path)
        assert len(found.ids) == len(set(found.ids)) == head
        assert acknowledged <= set(found.ids)
        # What was stored but not acknowledged: a batch per thread at most, whole.
        unheard = {each.rpartition(".")[0] for each in {*found.ids} - acknowledged}
        assert len(unheard) <= 3 * (round_ + 1)
        for batch in unheard:
            size = 1 + int(batch.rpartition(".")[2]) % 3
            assert sum(each.startswith(f"{batch}.") for each in found.ids) == size
