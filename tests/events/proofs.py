"""What an auditor works out from a log's file, without the code that wrote it."""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


def naive_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """RFC 6962 2.1, word for word, over hashes of leaves."""
    match len(leaf_hashes):
        case 0:
            return hashlib.sha256(b"").digest()
        case 1:
            return leaf_hashes[0]
        case n:
            # k: the largest power of two smaller than n.
            k = 1 << ((n - 1).bit_length() - 1)
            left, right = naive_root(leaf_hashes[:k]), naive_root(leaf_hashes[k:])
            return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Audited:
    """What stands in a log file that holds together.

    Attributes:
        ids: Of all events, in order of position.
        recorded_at: Of all events, as stored.
        root: Of the Merkle tree over all leaves.
    """

    ids: Sequence[str]
    recorded_at: Sequence[str]
    root: bytes


def audit(path: Path) -> Audited:
    """Check all that the rows of the log at *path* say of one another.

    Positions are dense, versions count up, copies in columns agree with payload and
    leaf, each commitment covers its payload, time does not run backwards, and the
    stored frontier is that of the tree over all leaves.
    """
    with closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    ) as con:
        assert con.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = con.execute(
            "SELECT position, id, entry, version, type, recorded_at, payload, salt,"
            " leaf, leaf_hash FROM events ORDER BY position"
        ).fetchall()
        ((size, frontier),) = con.execute("SELECT size, frontier FROM tree")

    versions: dict[str, int] = {}
    for expected, row in enumerate(rows, start=1):
        position, event_id, entry, version, kind, at, payload, salt, leaf, digest = row
        assert position == expected
        versions[entry] = versions.get(entry, 0) + 1
        assert version == versions[entry]
        told = json.loads(payload)
        assert (told["entry"], told["version"]) == (entry, version)
        assert len(salt) == 32
        assert json.loads(leaf) == {
            "commit": hmac.new(salt, payload, hashlib.sha256).hexdigest(),
            "id": event_id,
            "position": position,
            "recorded_at": at,
            "type": kind,
        }
        assert digest == hashlib.sha256(b"\x00" + leaf).digest()

    assert len({row[7] for row in rows}) == len(rows), "a salt was used twice"
    recorded_at = [row[5] for row in rows]
    assert recorded_at == sorted(recorded_at)

    leaf_hashes = [row[9] for row in rows]
    assert size == len(rows)
    assert _frontier(leaf_hashes) == frontier
    return Audited(
        ids=[row[1] for row in rows],
        recorded_at=recorded_at,
        root=naive_root(leaf_hashes),
    )


def _frontier(leaf_hashes: Sequence[bytes]) -> bytes:
    """Roots of the perfect subtrees, the largest first."""
    if not leaf_hashes:
        return b""
    largest = 1 << (len(leaf_hashes).bit_length() - 1)
    return naive_root(leaf_hashes[:largest]) + _frontier(leaf_hashes[largest:])
