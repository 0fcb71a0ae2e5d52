"""What entries and views are after their events, and which are wanted. Pure."""

from timeline.projections.checks import RefusedError, check
from timeline.projections.entries import (
    NEVER,
    AsOf,
    Change,
    Entry,
    Known,
    Link,
    Media,
    Moment,
    Row,
    Source,
    State,
    Translation,
    Version,
    Versions,
    View,
)
from timeline.projections.filters import (
    Filter,
    Words,
    match_key,
    tokens_of,
)
from timeline.projections.fold import (
    corrected_versions,
    entry_versions,
    fold,
    merge_patch,
    story_of,
    told_by,
    versions_of,
    view_of,
)

VERSION = 2
"""Of these projections: rows made by another version are rebuilt, not read."""

__all__ = [
    "NEVER",
    "VERSION",
    "AsOf",
    "Change",
    "Entry",
    "Filter",
    "Known",
    "Link",
    "Media",
    "Moment",
    "RefusedError",
    "Row",
    "Source",
    "State",
    "Translation",
    "Version",
    "Versions",
    "View",
    "Words",
    "check",
    "corrected_versions",
    "entry_versions",
    "fold",
    "match_key",
    "merge_patch",
    "story_of",
    "tokens_of",
    "told_by",
    "versions_of",
    "view_of",
]
