"""The read model: all SQL over the projected tables, in a file that can be rebuilt."""

from timeline.store.files import NoModelError, Rebuild, ViewStore
from timeline.store.find import CAP, Backlink, Count, Facet, Page, Snapshot
from timeline.store.rows import Checkpoint

__all__ = [
    "CAP",
    "Backlink",
    "Checkpoint",
    "Count",
    "Facet",
    "NoModelError",
    "Page",
    "Rebuild",
    "Snapshot",
    "ViewStore",
]
