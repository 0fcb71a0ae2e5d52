"""Two processes that write one log at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from events.sqlite import SqliteEventLog, open_events_db
from tests.events import scripts
from tests.events.proofs import audit, naive_root

APPEND_500 = """
import sys
from pathlib import Path
from events.sqlite import SqliteEventLog, open_events_db
from tests.builders import recorded

log = SqliteEventLog(open_events_db(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
for n in range(500):
    new = recorded(f"entry-{n % 50}", event_id=f"{sys.argv[2]}.{n}")
    print(log.append([new]).events[0].position)
log.close()
"""


def test_two_processes_append_to_one_log_without_gaps_or_errors(
    tmp_path: Path,
) -> None:
    """Positions dense, time in order, and every proof holds."""
    path = tmp_path / "events.db"
    with (
        scripts.start(APPEND_500, path, "one") as one,
        scripts.start(APPEND_500, path, "other") as other,
        ThreadPoolExecutor(2) as threads,
    ):
        for writer in (one, other):
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        ends = list(threads.map(lambda writer: writer.communicate("\n"), (one, other)))

    assert [complaints for _, complaints in ends] == ["", ""]
    assert (one.returncode, other.returncode) == (0, 0)

    positions = [[int(line) for line in printed.split()] for printed, _ in ends]
    assert sorted(positions[0] + positions[1]) == list(range(1, 1001))
    for each in positions:
        assert each == sorted(each)
        assert each != list(range(each[0], each[0] + 500)), "they took no turns"

    found = audit(path)
    for name, each in zip(("one", "other"), positions, strict=True):
        assert [found.ids[at - 1] for at in each] == [f"{name}.{n}" for n in range(500)]
    assert list(found.recorded_at) == sorted(found.recorded_at)

    log = SqliteEventLog(open_events_db(path))
    read = log.read(after=0, limit=2_000)
    log.close()
    assert naive_root([event.leaf_hash for event in read]) == found.root
