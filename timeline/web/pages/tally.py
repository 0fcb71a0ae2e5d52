"""How many changes of each kind a stretch of the log holds."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping

from timeline.service import Timeline
from timeline.store import Snapshot
from timeline.web.pages.changes import kind_of

BLOCK = 200
"""Changes that are looked at together, and kept by kind for the next who asks."""

KEPT_BLOCKS = 1_000
"""The kinds of so many changes take about 2 MB."""

CAP = 5_000
"""Of more changes than that nobody is told the kinds."""


class Tally:
    """Counts changes by kind; what was looked at once is remembered.

    The kind of a change never changes, so each block is read once, however many
    stretches of the log are asked for.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._kept: OrderedDict[int, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, snapshot: Snapshot, *, after: int, upto: int) -> Mapping[str, int]:
        """Changes by kind behind *after* up to *upto*; empty if there are too many."""
        if not 0 < upto - after <= CAP:
            return {}
        counted: Counter[str] = Counter()
        for start in range(after // BLOCK * BLOCK, upto, BLOCK):
            kinds = self._kinds(snapshot, start, upto=upto)
            counted.update(kinds[max(after - start, 0) : upto - start])
        return counted

    def _kinds(self, snapshot: Snapshot, start: int, *, upto: int) -> tuple[str, ...]:
        """Of the block behind *start*, at least those up to *upto*."""
        end = min(start + BLOCK, snapshot.position)
        with self._lock:
            kinds = self._kept.get(start, ())
            if len(kinds) >= min(upto, end) - start:
                self._kept.move_to_end(start)
                return kinds
        kinds = tuple(
            kind_of(event, entry)
            for event, entry in self._timeline.changes(snapshot, after=start, upto=end)
        )
        with self._lock:
            self._kept[start] = kinds
            if len(self._kept) > KEPT_BLOCKS:
                self._kept.popitem(last=False)
        return kinds
