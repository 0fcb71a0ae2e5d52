-- Validators count what was erased, which is next to nothing, after every append.
CREATE INDEX events_erased ON events (position) WHERE payload IS NULL;
