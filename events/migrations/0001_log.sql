-- The log. DESIGN.md section 7 says why each column is as it is.
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    entry TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    type TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    -- canonical JSON of {author, data, entry, version}; null once redacted
    payload BLOB,
    -- 32 random bytes; null once redacted
    salt BLOB,
    -- canonical JSON of {commit, id, position, recorded_at, type}
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    UNIQUE (entry, version),
    CHECK ((payload IS NULL) = (salt IS NULL))
) STRICT;

-- The end of the log: its Merkle tree, as far as appending needs it, and its time.
CREATE TABLE tree (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;
INSERT INTO tree (one, size, frontier, recorded_at) VALUES (1, 0, x'', '');

-- What names this log for good; filled when the log is made.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    tag_authority TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;

-- Writers' credentials: durable, but no part of the log.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('append', 'admin')),
    -- SHA-256 of the whole token: 256 random bits need no slow hash
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_in_use ON tokens (name) WHERE revoked_at IS NULL;
