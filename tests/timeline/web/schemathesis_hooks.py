"""What Schemathesis cannot know of the API: loaded by it, see `test_schemathesis`."""

import json
import re
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import positive_data_acceptance

from events import dates
from timeline.schemas import Cursor, write_cursor

DAYS = st.dates().map(str)
EDTF = st.one_of(
    DAYS,
    DAYS.map(lambda day: day[:7]),
    DAYS.map(lambda day: f"{day[:4]}~"),
    st.tuples(DAYS, DAYS).map(lambda days: "/".join(sorted(days))),
)
MOMENTS = st.one_of(
    st.integers(0, 50).map(str), DAYS, DAYS.map(lambda day: f"{day}T12:00:00Z")
)
SORT_KEYS = st.integers(-dates.OPEN, dates.OPEN)
SLUGS = st.from_regex("[a-z0-9-]{1,80}", fullmatch=True)
CURSORS = st.builds(Cursor, SORT_KEYS, SORT_KEYS, SLUGS).map(write_cursor)
LINES = st.lists(st.tuples(SLUGS, EDTF), min_size=1, max_size=5).map(
    lambda entries: "".join(
        json.dumps(
            {
                "type": "entry-recorded",
                "entry": entry,
                "data": {"title": entry, "occurred": occurred},
            }
        )
        + "\n"
        for entry, occurred in entries
    )
)

# What a reader of the description writes, where no pattern could say it.
for name, strategy in {
    "edtf": EDTF,
    "moment": MOMENTS,
    "cursor": CURSORS,
    "ndjson": LINES,
}.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.serializer("application/x-ndjson")
def as_it_stands(_: Any, value: Any) -> bytes:
    """Lines are text already."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


UNSAYABLE = re.compile(
    "not both|before the first moment|ends before it begins|come as far as"
    "|expected_version is 0 or absent|linked to itself|Already listed|stands here twice"
    "|If-Match (?:holds|expects)|marks on one letter|The character U[+]"
    "|characters, not|bytes are taken at once|needs a full host name"
    "|A whole number is wanted"  # not 1.0, which is one to JSON Schema
)
"""Refusals that follow from what stands together, which no schema can say."""


@schemathesis.check
def accepted_if_described(ctx: Any, response: Any, case: Any) -> None:
    """As `positive_data_acceptance`, but for what no schema can say."""
    try:
        positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        problem = response.json()
        wrong = problem.get("errors", [problem])
        if not all(UNSAYABLE.search(one["detail"]) for one in wrong):
            raise
