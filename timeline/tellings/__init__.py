"""What is told of an entry, the same on page, in feed and in JSON. Pure.

First it is decided what there is to tell, from bounds and links; then it is put in
words, in each language by a table of its own.
"""

from timeline.tellings.force import STAYS, Acting, Force, InForce, in_force, is_measure
from timeline.tellings.marks import Ghost, Mark, Place, Shape, mark_of
from timeline.tellings.windows import (
    Keeping,
    Kept,
    Move,
    Revision,
    Standing,
    date_in,
    kept_of,
    move_of,
    moved,
    revision_of,
    standing_of,
)
from timeline.tellings.words import (
    between_words,
    called_off_words,
    change_label,
    changed_label,
    day_words,
    due_words,
    force_label,
    kept_label,
    moved_words,
    revision_word,
    standing_label,
    standing_word,
    standing_words,
    state_word,
    was_words,
)

__all__ = [
    "STAYS",
    "Acting",
    "Force",
    "Ghost",
    "InForce",
    "Keeping",
    "Kept",
    "Mark",
    "Move",
    "Place",
    "Revision",
    "Shape",
    "Standing",
    "between_words",
    "called_off_words",
    "change_label",
    "changed_label",
    "date_in",
    "day_words",
    "due_words",
    "force_label",
    "in_force",
    "is_measure",
    "kept_label",
    "kept_of",
    "mark_of",
    "move_of",
    "moved",
    "moved_words",
    "revision_of",
    "revision_word",
    "standing_label",
    "standing_of",
    "standing_word",
    "standing_words",
    "state_word",
    "was_words",
]
