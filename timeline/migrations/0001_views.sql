-- The read model. Disposable: a new version of the projections is built beside it.

CREATE TABLE checkpoint (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- version of the projections that wrote these rows
    projection INTEGER NOT NULL,
    log_id TEXT NOT NULL,
    -- of the last event seen; its leaf hash proves that it was this log's
    position INTEGER NOT NULL,
    leaf_hash BLOB NOT NULL
) STRICT;

-- An entry from one of its events to the next: [from_position, to_position).
CREATE TABLE entries (
    id TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    -- 4611686018427387904 (2^62) while it is the last version
    to_position INTEGER NOT NULL,
    sort_key INTEGER NOT NULL,
    -- minus the last second: on one sort_key the longer window comes first
    hi_desc INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    category TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id, from_position)
) STRICT;
CREATE INDEX entries_by_time ON entries (to_position, sort_key, hi_desc, id);
CREATE INDEX entries_by_category
    ON entries (category, to_position, sort_key, hi_desc, id);
CREATE INDEX entries_by_change ON entries (to_position, from_position);

-- Actors, places and tags of each version, by their match key.
CREATE TABLE facets (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    to_position INTEGER NOT NULL,
    sort_key INTEGER NOT NULL,
    hi_desc INTEGER NOT NULL,
    id TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    PRIMARY KEY (kind, key, to_position, sort_key, hi_desc, id, from_position)
) STRICT, WITHOUT ROWID;
CREATE INDEX facets_by_entry ON facets (id, from_position);

-- Links of each version, to be found from the entry that they point to.
CREATE TABLE links (
    target TEXT NOT NULL,
    to_position INTEGER NOT NULL,
    id TEXT NOT NULL,
    rel TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    PRIMARY KEY (target, to_position, id, rel, from_position)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_entry ON links (id, from_position);

CREATE TABLE views (
    name TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    to_position INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (name, from_position)
) STRICT, WITHOUT ROWID;
