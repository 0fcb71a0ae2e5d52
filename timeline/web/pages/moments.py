"""The moment that a page shows: what it says of it, and how to choose another. Pure.

What was shown at a position is a permanent link, so nothing here may depend on later
events where a position was asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from events import dates
from timeline.projections import AsOf, Known, Moment
from timeline.schemas import Query
from timeline.web.pages.changes import Line, headline
from timeline.web.pages.words import Reader

TICKS = 5
"""Changes that are named below the slider, the first and the last among them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, and which moment that is; None: now."""

    query: Query = field(default_factory=Query)
    moment: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What a page says of its moment.

    Attributes:
        position_href: The same page at the position; empty if it is that.
        since_href: What changed since; empty where the day is that of the public.
        now_href: The same page as it is now.
    """

    words: str
    position_href: str
    since_href: str
    now_href: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A change below the slider."""

    position: int
    words: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """The changes of the log, from *first* to *last*, and the one that is chosen.

    Attributes:
        first: The first one by which there was such a page.
        words: What the chosen change was.
        previous_href, next_href: The same page one change earlier or later.
    """

    position: int
    first: int
    last: int
    words: str
    ticks: Sequence[Tick]
    previous_href: str
    next_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """The control that chooses a moment, as it is filled in.

    Attributes:
        kept: Parameters of the page that stay as they are.
        as_of_day, known_day: What stands in the fields, empty if nothing does.
        errors: What is wrong with the moment asked for.
    """

    action: str
    kept: Sequence[tuple[str, str]]
    slider: Slider | None
    as_of_day: str
    known_day: str
    errors: Sequence[str] = ()


def make_banner(
    asked: Asked,
    reader: Reader,
    *,
    path: str,
    args: Sequence[tuple[str, str]],
    recorded_at: datetime | None,
    is_last: bool,
) -> Banner | None:
    """What the page at *path* with *args* says of its moment; None: it shows now.

    Args:
        asked: The moment.
        reader: For whom; links lead to other moments all the same.
        path: Of the page.
        args: Its parameters but for moment and language.
        recorded_at: Of the last event shown, None if there was none yet.
        is_last: It is the last one of all. Not looked at for a position.
    """
    now_href = reader.now.href(path, args)
    match asked.moment:
        case None:
            return None
        case Known(day):
            return Banner(
                words=reader.say(
                    "As the public knew it on {day}", day=known_words(day, reader)
                ),
                position_href="",
                since_href="",
                now_href=now_href,
            )
        case AsOf(position):
            return Banner(
                words=_shown_words(asked, reader, position, recorded_at, is_last),
                position_href=""
                if asked.query.permanent
                else reader.now.href(path, [*args, ("as_of", str(position))]),
                since_href=reader.now.href("/changes", [("after", str(position))]),
                now_href=now_href,
            )


def _shown_words(
    asked: Asked,
    reader: Reader,
    position: int,
    recorded_at: datetime | None,
    is_last: bool,
) -> str:
    instant = recorded_at
    if isinstance(asked.query.as_of, datetime):
        instant = asked.query.as_of
        if is_last and recorded_at is not None:
            # What may still be recorded by then is not known here.
            instant = min(instant, recorded_at)
    if instant is None:
        return reader.say("As shown here before the first change")
    return reader.say(
        "As shown here on {day} (position {position})",
        day=reader.day(instant),
        position=reader.number(position),
    )


def known_words(day: int, reader: Reader) -> str:
    """A day, from 1970, in words; its year where days have no names."""
    year, _, _ = dates.civil(day * dates.DAY_S)
    if not 0 <= year <= 9_999:
        return dates.year_label(year, reader.lang)
    return reader.label(dates.parse(dates.day_of(day * dates.DAY_S)))


def end_of(day: int) -> datetime:
    """The last second of a day, from 1970; that of the year 1 if it was earlier."""
    first_s = int(datetime.min.replace(tzinfo=UTC).timestamp())
    return datetime.fromtimestamp(max((day + 1) * dates.DAY_S - 1, first_s), UTC)


def change_words(line: Line, reader: Reader) -> str:
    """What changed, on which day, in a line."""
    return f"{reader.day(line.at)} · {headline(line)}"


def make_chooser(
    asked: Asked,
    reader: Reader,
    *,
    path: str,
    args: Sequence[tuple[str, str]],
    slider: Slider | None = None,
    errors: Sequence[str] = (),
) -> Chooser:
    """The control on the page at *path* with *args*."""
    as_of_day = known_day = ""
    if isinstance(asked.query.as_of, datetime):
        as_of_day = asked.query.as_of.date().isoformat()
    if isinstance(asked.moment, Known):
        known_day = dates.day_of(asked.moment.day * dates.DAY_S)
    return Chooser(
        action=path,
        kept=[*args, *reader.now.kept],
        slider=slider,
        as_of_day=as_of_day,
        known_day=known_day,
        errors=errors,
    )


def make_slider(
    asked: Asked,
    reader: Reader,
    *,
    path: str,
    args: Sequence[tuple[str, str]],
    position: int,
    first: int,
    last: int,
    words_of: Callable[[int], str],
    day_of: Callable[[int], str],
) -> Slider | None:
    """The slider on the page at *path* with *args*; None where there is no choice.

    Args:
        asked: The moment shown.
        reader: For whom.
        path: Of the page.
        args: Its parameters but for moment and language.
        position: Of the last event shown.
        first: Of the event by which there was such a page.
        last: Of the last event of all. Not looked at where a position was asked for:
            there the slider ends, until a script has asked how far the log has come.
        words_of: What the event at a position was, in words.
        day_of: The day on which it was recorded, in words.
    """
    chosen = max(first, position)
    last = chosen if asked.query.permanent else last
    if last <= first and not asked.query.permanent:
        return None

    def at(position: int) -> str:
        return reader.now.href(path, [*args, ("as_of", str(position))])

    ticks = {first + step * (last - first) // (TICKS - 1) for step in range(TICKS)}
    return Slider(
        position=chosen,
        first=first,
        last=last,
        words=words_of(position) if position else "",
        ticks=[Tick(one, day_of(one), at(one)) for one in sorted(ticks)],
        previous_href=at(position - 1) if position > first else "",
        next_href=at(position + 1) if asked.query.permanent or position < last else "",
    )
