"""Whether a measure is in force on a day, from its own date and those linked to it.

Pure. A measure is what was recorded as one, and what another entry amends, suspends,
rescinds, resumes or brings into force. It takes effect on its own date, unless entries
that bring it into force have dates of their own. What was retracted, cancelled or
postponed does nothing; what is awaited does nothing until it was fulfilled; all else
does from its first day on, by the calendar of UTC. A suspension that is over does not
bring its measure back: somebody has to say so, in an entry that resumes either of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from events import dates
from events.dates import DAY_S, OPEN, HistoricDate
from timeline.projections import Entry, State

STAYS = frozenset({"suspends", "rescinds"})
"""Relations by which a measure stops being in force."""

_ACTS = STAYS | {"amends", "resumes", "brings-into-force"}
_VOID = frozenset({State.RETRACTED, State.CANCELLED, State.POSTPONED})


class Force(StrEnum):
    """Where a measure stands."""

    NOT_YET = "not-yet"
    UNCONFIRMED = "unconfirmed"
    """It was to take effect, and nobody has said that it did."""
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    DUE_TO_RESUME = "due-to-resume"
    """Its suspension is over, and nobody has said that it is back."""
    RESCINDED = "rescinded"
    ENDED = "ended"
    NEVER = "never"
    """It was cancelled before it took effect."""


@dataclass(frozen=True, slots=True)
class Acting:
    """An *entry* that does something (*rel*) to the entry *target*."""

    rel: str
    target: str
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Where a measure stands on a day, and what says so.

    Attributes:
        since: When it came to stand so, or is to take effect; None if no date says.
        until: Last date on which it is to stand so; None if no date says.
        by: The linked entry that says so; None if its own date does.
        again: It was not in force in between.
        before_effect: It was rescinded before it took effect.
        awaited: It is promised to take effect, so somebody has to say that it did.
        ahead: What is, or was, announced to change that next.
    """

    state: Force
    since: HistoricDate | None = None
    until: HistoricDate | None = None
    by: Entry | None = None
    again: bool = False
    before_effect: bool = False
    awaited: bool = False
    ahead: Acting | None = None


def is_measure(measure: Entry, acting: Iterable[Acting]) -> bool:
    """Whether it makes sense to ask if *measure* is in force."""
    if measure.state is State.RETRACTED:
        return False
    return measure.measure or any(
        one.target == measure.id
        and one.rel in _ACTS
        and one.entry.state is not State.RETRACTED
        for one in acting
    )


def in_force(measure: Entry, acting: Sequence[Acting], *, day: int) -> InForce | None:
    """Where *measure* stands on *day*, from 1970; None if it is no measure.

    Args:
        measure: As it is at the moment.
        acting: What acts on it, and on what suspends or rescinds it, at the moment.
        day: Of the moment.
    """
    if not is_measure(measure, acting):
        return None
    links = _Links(measure, acting, day)
    start = links.start()
    if stay := links.last("rescinds", lambda _: True):
        return InForce(
            state=Force.RESCINDED,
            since=beginning(stay.occurred),
            by=stay,
            before_effect=not _took_effect(start, stay, day),
        )
    if not _has_begun(start, day):
        if called_off := _called_off_since(start):
            return InForce(state=Force.ENDED, since=called_off)
        return _still_to_begin(start, measure, ahead=links.ahead())
    end = _last(measure.occurred)
    if end is not None and end.hi // DAY_S < day:
        return InForce(state=Force.ENDED, since=end)
    if stay := links.last("suspends", lambda one: not _is_over(one, day)):
        if _last(stay.occurred) is None and links.plan(stay) is not None:
            return links.after(stay)
        return InForce(
            state=Force.SUSPENDED,
            since=beginning(stay.occurred),
            until=_last(stay.occurred),
            by=stay,
        )
    if stay := links.last("suspends", lambda _: True):
        return links.after(stay)
    back = links.back()
    since = back or start
    return InForce(
        state=Force.IN_FORCE,
        since=None if since.occurred.lo == -OPEN else beginning(since.occurred),
        until=end,
        by=None if since is measure else since,
        again=back is not None,
        ahead=links.ahead(),
    )


class _Links:
    """What acts on a measure, by what it does."""

    def __init__(self, measure: Entry, acting: Sequence[Acting], day: int) -> None:
        self._measure = measure
        self._acting = acting
        self._day = day

    def start(self) -> Entry:
        """What tells when the measure takes effect: the first entry that can."""
        found = [
            one.entry
            for one in self._on(self._measure.id, "brings-into-force")
            if one.entry.state is not State.RETRACTED
        ]
        return min(
            found,
            key=lambda one: (one.state in _VOID, one.sort_key),
            default=self._measure,
        )

    def last(self, rel: str, wanted: Callable[[Entry], bool]) -> Entry | None:
        """Of the *wanted* that act so by now, and were not undone, the last to end."""
        found = [
            one.entry
            for one in self._on(self._measure.id, rel)
            if _has_begun(one.entry, self._day)
            and wanted(one.entry)
            and not self._undone(one.entry)
        ]
        return max(found, key=lambda one: (_end(one), one.sort_key), default=None)

    def back(self) -> Entry | None:
        """By what the measure came back last."""
        undoing = [
            one
            for rel in STAYS
            for stay in self._on(self._measure.id, rel)
            if _has_begun(stay.entry, self._day)
            for one in self._returns(stay.entry)
        ]
        return max(undoing, key=lambda one: one.sort_key, default=None)

    def plan(self, stay: Entry) -> Acting | None:
        """What is to bring the measure back after *stay*, or was until called off."""
        return max(
            self._to_resume(stay),
            key=lambda one: (one.entry.state not in _VOID, one.entry.sort_key),
            default=None,
        )

    def after(self, stay: Entry) -> InForce:
        """Where the measure stands once its suspension is over, unless it came back.

        One without an end is over when the measure is to come back.
        """
        plan = self.plan(stay)
        if plan is None:
            over = _last(stay.occurred)
            assert over is not None  # noqa: S101 (else it would not be over)
            since = dates.parse(dates.day_of(over.hi + 1))
            return InForce(state=Force.DUE_TO_RESUME, since=since, by=stay)
        back = beginning(plan.entry.occurred)
        off = plan.entry.state in _VOID
        if off or back.hi // DAY_S > self._day:  # its time is not over before its end
            return InForce(
                state=Force.SUSPENDED,
                since=beginning(stay.occurred),
                by=stay,
                ahead=None if off else plan,
            )
        return InForce(state=Force.DUE_TO_RESUME, since=back, by=stay, ahead=plan)

    def ahead(self) -> Acting | None:
        """What is announced to stop the measure next."""
        found = [
            one
            for rel in STAYS
            for one in self._on(self._measure.id, rel)
            if one.entry.state not in _VOID
            and not _has_begun(one.entry, self._day)
            and not _is_over(one.entry, self._day)
        ]
        return min(found, key=lambda one: one.entry.sort_key, default=None)

    def _undone(self, stay: Entry) -> bool:
        return any(True for _ in self._returns(stay))

    def _returns(self, stay: Entry) -> Iterable[Entry]:
        """What brought the measure back after *stay*."""
        begun = stay.lo // DAY_S
        for one in (*self._resuming(stay), *self._on(stay.id, "rescinds")):
            if _has_begun(one.entry, self._day) and one.entry.lo // DAY_S >= begun:
                yield one.entry

    def _to_resume(self, stay: Entry) -> list[Acting]:
        begun = stay.lo // DAY_S
        return [
            one
            for one in self._resuming(stay)
            if one.entry.state is not State.RETRACTED and one.entry.hi // DAY_S >= begun
        ]

    def _resuming(self, stay: Entry) -> Iterable[Acting]:
        yield from self._on(self._measure.id, "resumes")
        yield from self._on(stay.id, "resumes")

    def _on(self, target: str, rel: str) -> Iterable[Acting]:
        return (one for one in self._acting if (one.target, one.rel) == (target, rel))


def _still_to_begin(start: Entry, measure: Entry, *, ahead: Acting | None) -> InForce:
    by = None if start is measure else start
    match start.state:
        case State.CANCELLED:
            called_off = dates.parse(start.ended) if start.ended else None
            return InForce(state=Force.NEVER, since=called_off, by=by)
        case State.OVERDUE:
            return InForce(state=Force.UNCONFIRMED, since=start.occurred, by=by)
        case _:
            return InForce(
                state=Force.NOT_YET,
                # What may begin on any day of a window is told with all of it.
                since=None if start.state is State.POSTPONED else start.occurred,
                by=by,
                awaited=start.awaited,
                ahead=ahead,
            )


def _called_off_since(start: Entry) -> HistoricDate | None:
    """The day on which it was called off, if it had begun by then; else None."""
    if start.state is not State.CANCELLED or start.awaited or not start.ended:
        return None
    ended = dates.parse(start.ended)
    return ended if beginning(start.occurred).hi < ended.lo else None


def _took_effect(start: Entry, stay: Entry, day: int) -> bool:
    """Whether what *start* tells of had begun when *stay* did."""
    return _has_begun(start, day) and start.lo // DAY_S <= stay.lo // DAY_S


def _has_begun(entry: Entry, day: int) -> bool:
    """Whether *entry* does what it does by *day*.

    Of what has no exact date only its last possible day is sure, unless it was told
    when it may already have been so: then it was told as a fact.
    """
    if entry.state in _VOID or (entry.awaited and entry.state is not State.HAPPENED):
        return False
    first = beginning(entry.occurred)
    if first.edtf.startswith("/") or first.hi // DAY_S <= day:
        return True
    begins = first.lo // DAY_S
    as_a_fact = dates.parse(entry.said).lo // DAY_S >= begins
    return first.lo != -OPEN and begins <= day and as_a_fact


def _is_over(entry: Entry, day: int) -> bool:
    last = _last(entry.occurred)
    return last is not None and last.hi // DAY_S < day


def _end(entry: Entry) -> int:
    last = _last(entry.occurred)
    return OPEN if last is None else last.hi


def beginning(date: HistoricDate) -> HistoricDate:
    """Where an interval begins; the date itself if it names no beginning."""
    first, slash, _ = date.edtf.partition("/")
    return dates.parse(first) if slash and first not in ("", "..") else date


def _last(date: HistoricDate) -> HistoricDate | None:
    """Where an interval ends; None if it does not, or is the time to begin in."""
    first, slash, last = date.edtf.partition("/")
    if not slash or first == ".." or last in ("", ".."):
        return None
    return dates.parse(last)
