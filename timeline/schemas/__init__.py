"""What comes in at the door and goes out at it, checked and put into shape. Pure.

Bodies and queries come in as bytes and pairs and leave as domain values, or as an
error that names every wrong field by its JSON pointer (RFC 6901); for a query the
pointer names the parameter. What is accepted is stored as it was given, but for its
spelling: text in NFC, dates and languages in their normal form, addresses in ASCII.
Absent stays absent.
"""

from timeline.schemas.answers import (
    dump_change,
    dump_entry,
    dump_event,
    dump_in_force,
    dump_receipt,
    dump_view,
)
from timeline.schemas.body import parse_json, write_json
from timeline.schemas.events import (
    MAX_EVENTS,
    Wanted,
    check_fields,
    entry_name,
    parse_append,
)
from timeline.schemas.queries import (
    MAX_BARS,
    MAX_EVENTS_LIMIT,
    MAX_LIMIT,
    Archive,
    ChangesQuery,
    Cursor,
    Order,
    Query,
    dump_archive_args,
    dump_changes_args,
    dump_filter_args,
    dump_moment_args,
    dump_query_args,
    parse_archive,
    parse_changes_query,
    parse_density_query,
    parse_filter,
    parse_log_query,
    parse_query,
    read_cursor,
    refuse_backwards,
    refuse_moment,
    write_cursor,
    write_moment,
)
from timeline.schemas.refusals import BodyError, FieldError, FieldsError, QueryError
from timeline.schemas.tiles import dump_bar, dump_mark, dump_tile

__all__ = [
    "MAX_BARS",
    "MAX_EVENTS",
    "MAX_EVENTS_LIMIT",
    "MAX_LIMIT",
    "Archive",
    "BodyError",
    "ChangesQuery",
    "Cursor",
    "FieldError",
    "FieldsError",
    "Order",
    "Query",
    "QueryError",
    "Wanted",
    "check_fields",
    "dump_archive_args",
    "dump_bar",
    "dump_change",
    "dump_changes_args",
    "dump_entry",
    "dump_event",
    "dump_filter_args",
    "dump_in_force",
    "dump_mark",
    "dump_moment_args",
    "dump_query_args",
    "dump_receipt",
    "dump_tile",
    "dump_view",
    "entry_name",
    "parse_append",
    "parse_archive",
    "parse_changes_query",
    "parse_density_query",
    "parse_filter",
    "parse_json",
    "parse_log_query",
    "parse_query",
    "read_cursor",
    "refuse_backwards",
    "refuse_moment",
    "write_cursor",
    "write_json",
    "write_moment",
]
