-- After the tables, so that a rebuild fills them first and sorts once.

-- Pages as they are now: everything, and by what fewest entries have.
CREATE INDEX entries_by_time ON entries (sort_key, hi_desc, id)
    WHERE to_position = 4611686018427387904;
CREATE INDEX entries_by_state ON entries (state, sort_key, hi_desc, id)
    WHERE to_position = 4611686018427387904;
CREATE INDEX facets_by_row ON facets (row, kind, key);
CREATE INDEX counts_by_number ON counts (kind, number DESC, key, label);

-- Pages now and at any moment. What a filter may ask stands in them, so that what is
-- passed over at an early moment is not looked up.
CREATE INDEX entries_by_category ON entries
    (category, sort_key, hi_desc, id, to_position, from_position, from_day, to_day,
     lo, importance);
CREATE INDEX entries_by_span ON entries
    (span, at_end, sort_key, hi_desc, id, lo,
     to_position, from_position, from_day, to_day, category, importance);
CREATE INDEX entries_at_times ON entries
    (sort_key, hi_desc, id, to_position, from_position, from_day, to_day,
     category, state, settled, awaited, lo, importance);

-- Early moments, when there was little: all of it is looked at and sorted.
CREATE INDEX entries_by_position ON entries
    (from_position, to_position, sort_key, hi_desc, id, lo, category, importance);
CREATE INDEX entries_by_said ON entries
    (from_day, updated_position, to_day, sort_key, hi_desc, id, lo, category,
     importance)
    WHERE to_day > from_day;

-- Tiles: the most important entries that stand in a stretch of time, and of those with
-- a window of more than a year the most important that reach into it from outside.
CREATE INDEX entries_by_importance ON entries
    (importance, sort_key, hi_desc, id,
     to_position, from_position, from_day, to_day, category, lo);
CREATE INDEX entries_by_long_span ON entries
    (span, at_end, importance, sort_key, hi_desc, id, lo,
     to_position, from_position, from_day, to_day, category)
    WHERE span > 366;

-- Feeds.
CREATE INDEX entries_by_change ON entries
    (updated_position, to_position, from_position);

-- The scheduler.
CREATE INDEX entries_by_due ON entries (due)
    WHERE due IS NOT NULL AND to_position = 4611686018427387904;
