"""The read model: all SQL over the projected tables, in a file that can be rebuilt."""

from timeline.store.files import NoModelError, Rebuild, ViewStore
from timeline.store.find import Backlink, Count, Facet, Page, Snapshot, Tile
from timeline.store.ranges import CAP
from timeline.store.rows import Checkpoint
from timeline.store.tiles import TILE_MARKS, TILE_UNITS

__all__ = [
    "CAP",
    "TILE_MARKS",
    "TILE_UNITS",
    "Backlink",
    "Checkpoint",
    "Count",
    "Facet",
    "NoModelError",
    "Page",
    "Rebuild",
    "Snapshot",
    "Tile",
    "ViewStore",
]
