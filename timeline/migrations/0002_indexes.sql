-- After the tables, so that a rebuild fills them first and sorts once.

-- Pages: everything, and by what fewest entries have.
CREATE INDEX entries_by_id ON entries (id)
    WHERE to_position = 4611686018427387904;
CREATE INDEX entries_by_time ON entries (sort_key, hi_desc, id)
    WHERE to_position = 4611686018427387904;
CREATE INDEX entries_by_category ON entries (category, sort_key, hi_desc, id)
    WHERE to_position = 4611686018427387904;
CREATE INDEX entries_by_state ON entries (state, sort_key, hi_desc, id)
    WHERE to_position = 4611686018427387904;
CREATE INDEX entries_by_span ON entries (span, at_end, sort_key, hi_desc, id, lo)
    WHERE to_position = 4611686018427387904;
CREATE INDEX entries_by_change ON entries (from_position)
    WHERE to_position = 4611686018427387904;
CREATE INDEX facets_by_row ON facets (row, kind, key);
CREATE INDEX counts_by_number ON counts (kind, number DESC, key, label);
