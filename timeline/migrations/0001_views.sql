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

-- What an entry was: shown from one of its events to the next, [from_position,
-- to_position), and known to the public from one day to another, [from_day, to_day),
-- in days from 1970. Both end with 4611686018427387904 (2^62) while it is still so.
-- What was never known just so has the days [0, 0); what was known but never shown
-- just so counts its positions down from -1, which are no positions.
CREATE TABLE entries (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    to_position INTEGER NOT NULL,
    from_day INTEGER NOT NULL,
    to_day INTEGER NOT NULL,
    -- where it stands on the timeline; minus the last second: of those that stand at
    -- one place the longer window comes first
    sort_key INTEGER NOT NULL,
    hi_desc INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    -- class of the window's length, in days, and whether it stands at its end
    span INTEGER NOT NULL,
    at_end INTEGER NOT NULL,
    category TEXT NOT NULL,
    state TEXT NOT NULL,
    -- whether an event said the state; else it depends on the day
    settled INTEGER NOT NULL,
    awaited INTEGER NOT NULL,
    importance INTEGER NOT NULL,
    -- position by which it last changed in what a reader sees
    updated_position INTEGER NOT NULL,
    -- second from 1970 at which its window opens or closes next
    due INTEGER,
    body TEXT NOT NULL,
    UNIQUE (id, from_position)
) STRICT;

-- Actors, places and tags of each version, by their match key.
CREATE TABLE facets (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    to_position INTEGER NOT NULL,
    sort_key INTEGER NOT NULL,
    hi_desc INTEGER NOT NULL,
    id TEXT NOT NULL,
    row INTEGER NOT NULL,
    -- copies, so that filters, windows and tiles need no look at the entry
    lo INTEGER NOT NULL,
    importance INTEGER NOT NULL,
    from_position INTEGER NOT NULL,
    from_day INTEGER NOT NULL,
    to_day INTEGER NOT NULL,
    category TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (kind, key, to_position, sort_key, hi_desc, id, row)
) STRICT, WITHOUT ROWID;

-- Days from 1970 on which entries stand or stood, and when the first of them was
-- recorded and said: a page at an early moment skips those on which nothing was yet.
CREATE TABLE days (
    day INTEGER PRIMARY KEY,
    first_position INTEGER NOT NULL,
    first_said INTEGER NOT NULL
) STRICT;

-- Categories that entries have or had, and when the first of them was recorded.
CREATE TABLE categories (
    category TEXT PRIMARY KEY,
    first_position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of the head only: how many entries have each category, state, actor, place, tag;
-- and, as kind 'all', how many there are.
CREATE TABLE counts (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    -- as it was written last
    label TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Of the head only: how many entries stand in each day, month, year and decade,
-- counted from 1970.
CREATE TABLE density (
    level TEXT NOT NULL,
    unit INTEGER NOT NULL,
    category TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (level, unit, category)
) STRICT, WITHOUT ROWID;

-- Which classes of windows there are or were.
CREATE TABLE spans (
    span INTEGER NOT NULL,
    at_end INTEGER NOT NULL,
    PRIMARY KEY (span, at_end)
) STRICT, WITHOUT ROWID;

-- How important entries are or were: whoever wants the most important ones asks an
-- index for one of these after the other.
CREATE TABLE importances (
    importance INTEGER PRIMARY KEY
) STRICT;

-- Words of every version, by the row of entries; accents are folded.
CREATE VIRTUAL TABLE words USING fts5 (
    title, summary, names,
    content = '', tokenize = "unicode61 remove_diacritics 2", prefix = '3'
);

-- Links of each version, to be found from the entry that they point to.
CREATE TABLE links (
    target TEXT NOT NULL,
    row INTEGER NOT NULL,
    rel TEXT NOT NULL,
    PRIMARY KEY (target, row, rel)
) STRICT, WITHOUT ROWID;

CREATE TABLE views (
    name TEXT NOT NULL,
    from_position INTEGER NOT NULL,
    to_position INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (name, from_position)
) STRICT, WITHOUT ROWID;
