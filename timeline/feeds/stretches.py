"""What a stretch of the log did to a feed, which is what an archive holds. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from timeline.projections import Entry


@dataclass(frozen=True, slots=True)
class Left:
    """An entry, as it is at the end, that left a feed by the event at *position*."""

    entry: Entry
    position: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What changed in a feed from one position of the log to another.

    Attributes:
        entries: Those of the feed that readers see changed, or that came into it, as
            they are at the end.
        left: Those that are not in it at the end, but were, before or in between.
        last: Position of the last event that did any of this; 0: none did.
    """

    entries: Sequence[Entry]
    left: Sequence[Left]
    last: int


def stretch_of(
    versions: Iterable[Entry],
    *,
    after: int,
    before: Mapping[str, Entry],
    holds: Callable[[Entry], bool],
) -> Stretch:
    """What *versions*, entries right after each event, changed in a feed.

    An entry may come and go by what is no news of it, such as a tag.

    Args:
        versions: In the order of the log.
        after: Position before the first event.
        before: The same entries there, by id.
        holds: Whether an entry is in the feed.
    """
    told: dict[str, list[Entry]] = {}
    for version in versions:
        told.setdefault(version.id, []).append(version)
    entries: list[Entry] = []
    left: list[Left] = []
    last = 0
    for name, later in told.items():
        held = holds(before[name]) if name in before else False
        was_held = held
        moved = 0  # by which it came or went last
        for version in later:
            if holds(version) != held:
                held, moved = not held, version.position
            was_held = was_held or held
        end = later[-1]
        if held and (moved or end.updated_position > after):
            entries.append(end)
            last = max(last, moved, end.updated_position)
        elif was_held and not held:
            left.append(Left(end, moved))
            last = max(last, moved)
    return Stretch(entries, left, last)
