"""What a snapshot counts equals what Python counts among the same entries."""

from collections import Counter
from collections.abc import Sequence

from events import dates
from timeline.projections import Entry, Filter, match_key
from timeline.store import Snapshot


def check_facets(snapshot: Snapshot, wanted: Filter, matching: Sequence[Entry]) -> None:
    """The numbers beside the values of *wanted*, of which *matching* are all."""
    for kind, names_of in (
        ("actor", lambda entry: {match_key(name) for name in entry.actors}),
        ("tag", lambda entry: {match_key(name) for name in entry.tags}),
        ("category", lambda entry: {entry.category} - {""}),
        ("state", lambda entry: {str(entry.state)}),
    ):
        expected = Counter(name for entry in matching for name in names_of(entry))
        facets = snapshot.facets(wanted, kind, limit=100)
        assert {match_key(f.label): f.count for f in facets} == expected


def check_density(
    snapshot: Snapshot, wanted: Filter, matching: Sequence[Entry]
) -> None:
    """The bars of *wanted*, of which *matching* are all."""
    for level in dates.LEVELS:
        expected = Counter(
            (dates.unit_of(level, entry.sort_key), entry.category) for entry in matching
        )
        cells = snapshot.density(wanted, level, -(10**7), 10**7)
        assert {
            (unit, category): number
            for unit, cell in cells.items()
            for category, number in cell.items()
        } == expected
