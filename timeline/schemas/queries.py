"""What an address asks for: filters, order, pages. Pure.

The filter of a view is stored with the same keys and read by the same fields.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from marshmallow import ValidationError, fields

from events import dates
from events.codec import write_instant
from events.dates import DateError, HistoricDate, Sentence
from events.model import JsonObject
from timeline.projections import Filter, State
from timeline.schemas.body import write_json
from timeline.schemas.fields import (
    SLUG,
    Checked,
    Edtf,
    Lang,
    Many,
    Object,
    OneOf,
    Text,
    Whole,
    load,
    slug,
)
from timeline.schemas.refusals import MAX_ERRORS, FieldError, QueryError, step

Order = Literal["asc", "desc"]

MAX_LIMIT = 200
"""Entries of one page."""

MAX_BARS = 500
"""Bars of one density."""

MAX_EVENTS_LIMIT = 1_000
"""Events of one page of the log."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two entries in timeline order: right behind this one."""

    sort_key: int
    hi_desc: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a page, feed or API request asks for.

    Attributes:
        as_of: A position or an instant: what this service showed right after it;
            None: now. Never together with *known*.
        known: A date: what the public knew when it ended; None: all.
        view: Name of the view within which the filter filters on; None: of none.
        lang: None: the site's.
        limit: None: as many as the asker finds right.
        cursor: The page begins right behind this.
        before: The page ends right before this; never together with *cursor*.
    """

    filter: Filter = field(default_factory=Filter)
    order: Order = "desc"
    as_of: int | datetime | None = None
    known: HistoricDate | None = None
    view: str | None = None
    lang: str | None = None
    limit: int | None = None
    cursor: Cursor | None = None
    before: Cursor | None = None

    @property
    def permanent(self) -> bool:
        """Whether the answer stays what it is: a position was asked for."""
        return isinstance(self.as_of, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesQuery:
    """Between which moments changes are asked for, each a position or an instant.

    Attributes:
        after: What was recorded by then is left out; None: nothing is.
        upto: What was recorded later is left out; None: nothing is.
        lang: None: the site's.
        limit: None: as many as the asker finds right.
        cursor: A position: the page begins right behind it, with what is older.
    """

    after: int | datetime | None = None
    upto: int | datetime | None = None
    lang: str | None = None
    limit: int | None = None
    cursor: int | None = None

    @property
    def ended(self) -> Query | None:
        """The moment after which the answer stays what it is; None: it may change.

        Between two positions nothing will ever be added.
        """
        if isinstance(self.upto, int) and not isinstance(self.after, datetime):
            return Query(as_of=self.upto)
        return None


@dataclass(frozen=True, slots=True)
class Archive:
    """Which archive of a feed is asked for.

    Attributes:
        number: The first is 1.
        defined: Position at which the view was defined that it is of; None: it is of
            the view as it was when the archive was complete, or of none.
    """

    number: int
    defined: int | None = None


_NUMBER = re.compile(r"[0-9]{1,15}")
_LISTS = ("category", "actor", "place", "tag", "state")
_BOUNDS = ("from", "to")
_FILTER_FIELDS: Mapping[str, fields.Field[Any]] = {
    "q": Text(200, empty=False),
    "category": slug(),
    "actor": Text(200, empty=False),
    "place": Text(200, empty=False),
    "tag": Text(200, empty=False),
    "state": OneOf(tuple(State)),
    "from": Edtf(bound="earliest"),
    "to": Edtf(bound="latest"),
}
FILTER = Object.from_dict(
    {name: Many(one, least=1, most=50) for name, one in _FILTER_FIELDS.items()},
    name="Filter",
)()


class _Digits(Whole):
    """A whole number as it stands in an address."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> int:
        number = int(value) if _NUMBER.fullmatch(value) else value
        return super()._deserialize(number, *args, **options)

    def described(self) -> dict[str, Any]:
        """No longer than it may be written."""
        bounds = super().described()
        return {**bounds, "maximum": min(bounds["maximum"], 10**15 - 1)}


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAST_OF_DAY = time.max.replace(tzinfo=UTC)


class _Shown(Checked, fields.String):
    """A position, an instant or, meaning its end, a day."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if _NUMBER.fullmatch(value):
            return int(value)
        # A plus sign that was not encoded arrives as a space.
        text = value.replace(" ", "+")
        try:
            if _DAY.fullmatch(text):
                return datetime.combine(date.fromisoformat(text), _LAST_OF_DAY)
            if _INSTANT.fullmatch(text):
                dates.parse(re.sub(r"\.[0-9]+", "", text))  # checks the offset too
                return datetime.fromisoformat(text).astimezone(UTC)
        except (DateError, ValueError, OverflowError):
            pass
        raise ValidationError(
            Sentence(
                "A position of the log, a day or an instant is wanted here, such as "
                "59, 2025-07-26 or 2025-07-26T12:00:00Z."
            )
        )

    def described(self) -> dict[str, Any]:
        """A format of its own, as years have months and these their days."""
        return {
            "format": "moment",
            "examples": ["31", "2025-07-26", "2025-07-26T12:00:00Z"],
        }


class _CursorText(Checked, fields.String):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if (cursor := _cursor_of(value)) is None:
            raise ValidationError(
                Sentence("Take the address of the next page as it was given.")
            )
        return cursor

    def described(self) -> dict[str, Any]:
        """Nothing to be made up."""
        return {"format": "cursor", "maxLength": 300}


ONCE = Object.from_dict(
    {
        "order": OneOf(("asc", "desc")),
        "as_of": _Shown(),
        "known": Edtf(bound="latest"),
        "view": slug(),
        "lang": Lang(),
        "limit": _Digits(1, MAX_LIMIT),
        "cursor": _CursorText(),
        "before": _CursorText(),
    }
)()
LOG_ONCE = Object.from_dict(
    {"after": _Digits(0), "limit": _Digits(1, MAX_EVENTS_LIMIT)}
)()
CHANGES_ONCE = Object.from_dict(
    {
        "after": _Shown(),
        "upto": _Shown(),
        "lang": Lang(),
        "limit": _Digits(1, MAX_LIMIT),
        "cursor": _Digits(1),
    }
)()
_ARCHIVE_ONCE = Object.from_dict({"archive": _Digits(1), "defined": _Digits(1)})()
DENSITY_ONCE = Object.from_dict({"bars": _Digits(1, MAX_BARS)})()
_MOMENTS = ("as_of", "known")


def parse_query(args: Iterable[tuple[str, str]], *, strict: bool = False) -> Query:
    """What an address asks for.

    Args:
        args: All parameters: ``request.args.items(multi=True)``.
        strict: Unknown parameters are refused, and those without a value; else they
            are ignored, as is a view.

    Raises:
        QueryError: Parameters are wrong, or not built yet.
    """
    given = _by_name(args, strict=strict)
    # Pages and feeds of a view have its name in their path.
    names = set(ONCE.fields) - (set() if strict else {"view"})
    once, many, errors = _sort_out(
        given, once=names, many=_FILTER_FIELDS.keys(), strict=strict
    )
    selected, wrong = load(FILTER, many)
    # Of a parameter given once, its place in the list of one says nothing.
    errors += (
        FieldError(e.pointer.removesuffix("/0"), e.detail)
        if len(many.get(e.pointer.split("/")[1], ())) == 1
        else e
        for e in wrong
    )
    options, wrong = load(ONCE, once)
    errors += wrong
    if "cursor" in once and "before" in once:
        one_way = Sentence("A page begins at a cursor or ends before one, not both.")
        errors.append(FieldError(step("before"), one_way))
    if "as_of" in once and "known" in once:
        one_time = Sentence("Ask for what was shown or for what was known, not both.")
        errors.append(FieldError(step("known"), one_time))
    if "known" in options:
        options["known"] = dates.parse(options["known"])
    if not errors:
        wanted = _filter_of(selected)
        if wanted.start and wanted.end and wanted.start.lo > wanted.end.hi:
            backwards = Sentence("This ends before it begins.")
            errors.append(FieldError(step("to"), backwards))
    if errors:
        raise QueryError(errors[:MAX_ERRORS])
    return Query(filter=wanted, **options)


def refuse_moment(head: int, name: str = "as_of") -> QueryError:
    """What to say to those who ask by *name* for a position behind the *head*."""
    detail = Sentence("The log has come as far as position {head}.", head=head)
    return QueryError([FieldError(step(name), detail)])


def parse_changes_query(
    args: Iterable[tuple[str, str]], *, strict: bool = False
) -> ChangesQuery:
    """Which changes an address asks for.

    Args:
        args: All parameters: ``request.args.items(multi=True)``.
        strict: Unknown parameters are refused, those without a value, and the cursor,
            which is that of a page; else they are ignored.

    Raises:
        QueryError: Parameters are wrong, or those of one moment.
    """
    given = _by_name(args, strict=strict)
    names = set(CHANGES_ONCE.fields) - ({"cursor"} if strict else set())
    once, _, errors = _sort_out(
        {name: values for name, values in given.items() if name not in _MOMENTS},
        once=names,
        many=(),
        strict=strict,
    )
    two = Sentence("Changes lie between two moments: use after and upto.")
    errors += (FieldError(step(name), two) for name in _MOMENTS if name in given)
    options, wrong = load(CHANGES_ONCE, once)
    errors += wrong
    if errors:
        raise QueryError(errors[:MAX_ERRORS])
    query = ChangesQuery(**options)
    match query.after, query.upto:
        case (int(after), int(upto)) if after > upto:
            raise refuse_backwards()
        case (datetime() as after, datetime() as upto) if after > upto:
            raise refuse_backwards()
    return query


def parse_density_query(args: Iterable[tuple[str, str]]) -> tuple[Query, int]:
    """Whose density is asked for, and in how many bars at most.

    The window of the query is where the bars are wanted.

    Raises:
        QueryError: Parameters are wrong or unknown.
    """
    args = list(args)
    once, _, errors = _sort_out(
        _by_name(args, strict=True),
        once=DENSITY_ONCE.fields.keys(),
        many=(),
        strict=False,
    )
    options, wrong = load(DENSITY_ONCE, once)
    errors += wrong
    query = Query()
    try:
        query = parse_query(
            [(name, value) for name, value in args if name != "bars"], strict=True
        )
    except QueryError as error:
        errors += error.errors
    if errors:
        raise QueryError(errors[:MAX_ERRORS])
    return query, options.get("bars", 100)


def refuse_backwards() -> QueryError:
    """What to say where *upto* lies before *after*."""
    return QueryError(
        [FieldError(step("upto"), Sentence("This lies before the first moment."))]
    )


def parse_archive(args: Iterable[tuple[str, str]]) -> Archive | None:
    """Which archive of a feed an address asks for; None: for none.

    Args:
        args: All parameters; those that are no archive's are ignored.

    Raises:
        QueryError: Parameters are wrong, or ask for another moment besides.
    """
    given = _by_name(args)
    if "archive" not in given:
        return None
    once, _, errors = _sort_out(given, once=_ARCHIVE_ONCE.fields, many=(), strict=False)
    options, wrong = load(_ARCHIVE_ONCE, once)
    errors += wrong
    fixed = Sentence("An archive is of one moment already: ask for no other.")
    errors += (FieldError(step(name), fixed) for name in _MOMENTS if name in given)
    if errors:
        raise QueryError(errors[:MAX_ERRORS])
    return Archive(options["archive"], options.get("defined"))


def dump_archive_args(archive: Archive) -> list[tuple[str, str]]:
    """The parameters that `parse_archive` reads as *archive*."""
    args = [("archive", str(archive.number))]
    return args + ([("defined", str(archive.defined))] if archive.defined else [])


def parse_log_query(args: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Behind which position, and how many events are asked for.

    Raises:
        QueryError: Parameters are wrong or unknown.
    """
    once, _, errors = _sort_out(
        _by_name(args, strict=True), once=LOG_ONCE.fields.keys(), many=(), strict=True
    )
    options, wrong = load(LOG_ONCE, once)
    errors += wrong
    if errors:
        raise QueryError(errors[:MAX_ERRORS])
    return options.get("after", 0), options.get("limit", 100)


def _by_name(
    args: Iterable[tuple[str, str]], *, strict: bool = False
) -> dict[str, list[str]]:
    # An HTML form sends all its fields, most of them empty; a program means them.
    given: dict[str, list[str]] = {}
    for name, value in args:
        if value or strict:
            given.setdefault(name, []).append(value)
    return given


def _sort_out(
    given: Mapping[str, list[str]],
    *,
    once: Iterable[str],
    many: Iterable[str],
    strict: bool,
) -> tuple[dict[str, str], dict[str, list[str]], list[FieldError]]:
    """Parameters that stand once, those that may be repeated, and what is wrong."""
    single = {name: given[name][0] for name in once if name in given}
    repeated = {name: given[name] for name in many if name in given}
    errors = [
        FieldError(step(name), Sentence("This parameter stands once in an address."))
        for name in single
        if len(given[name]) > 1
    ]
    if strict:
        errors += (
            FieldError(step(name), "There is no such parameter.")
            for name in given
            if name not in single and name not in repeated
        )
    return single, repeated, errors


def parse_filter(stored: JsonObject) -> Filter:
    """The filter that a view stores.

    Raises:
        QueryError: It is none.
    """
    lists = {
        name: [value] if isinstance(value, str) else value
        for name, value in stored.items()
    }
    selected, errors = load(FILTER, lists)
    if errors:
        raise QueryError(errors)
    return _filter_of(selected)


def _filter_of(selected: Mapping[str, list[str]]) -> Filter:
    starts = [dates.parse(text) for text in selected.get("from", ())]
    ends = [dates.parse(text) for text in selected.get("to", ())]
    return Filter(
        q=" ".join(selected.get("q", ())),
        category=tuple(selected.get("category", ())),
        actor=tuple(selected.get("actor", ())),
        place=tuple(selected.get("place", ())),
        tag=tuple(selected.get("tag", ())),
        state=tuple(map(State, selected.get("state", ()))),
        # Any of one key: the widest of several bounds.
        start=min(starts, key=lambda date: date.lo, default=None),
        end=max(ends, key=lambda date: date.hi, default=None),
    )


def dump_filter_args(wanted: Filter) -> list[tuple[str, str]]:
    """The parameters that `parse_query` reads as *wanted*."""
    args = [("q", wanted.q)] if wanted.q else []
    args += [(key, str(value)) for key in _LISTS for value in getattr(wanted, key)]
    for key, bound in zip(_BOUNDS, (wanted.start, wanted.end), strict=True):
        if bound is not None:
            args.append((key, bound.edtf))
    return args


def dump_query_args(query: Query) -> list[tuple[str, str]]:
    """The parameters that `parse_query` reads as *query*, but for its place."""
    args = dump_filter_args(query.filter)
    if query.view is not None:
        args.append(("view", query.view))
    if query.order != "desc":
        args.append(("order", query.order))
    args += dump_moment_args(query)
    if query.lang is not None:
        args.append(("lang", query.lang))
    if query.limit is not None:
        args.append(("limit", str(query.limit)))
    return args


def dump_changes_args(query: ChangesQuery) -> list[tuple[str, str]]:
    """The parameters that `parse_changes_query` reads as the moments of *query*."""
    return [
        (name, write_moment(moment))
        for name, moment in (("after", query.after), ("upto", query.upto))
        if moment is not None
    ]


def write_moment(moment: int | datetime) -> str:
    """A position or an instant as it stands in an address; a day's end as the day."""
    if isinstance(moment, int):
        return str(moment)
    text = write_instant(moment)
    return text.removesuffix("T23:59:59.999999Z")


def dump_moment_args(query: Query) -> list[tuple[str, str]]:
    """The parameters that `parse_query` reads as the moment of *query*."""
    if query.as_of is not None:
        return [("as_of", write_moment(query.as_of))]
    return [("known", query.known.edtf)] if query.known is not None else []


def write_cursor(cursor: Cursor) -> str:
    """Text for an address, not meant to be read by anybody else."""
    place = write_json([cursor.sort_key, cursor.hi_desc, cursor.id])
    return base64.urlsafe_b64encode(place).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor that `write_cursor` wrote.

    Raises:
        QueryError: It did not write this.
    """
    if (cursor := _cursor_of(text)) is None:
        raise QueryError([FieldError("/cursor", "This is no cursor of ours.")])
    return cursor


def _cursor_of(text: str) -> Cursor | None:
    if len(text) > 300:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    match place:
        case [bool(), *_] | [_, bool(), *_]:  # which int() would match as well
            return None
        case [int(sort_key), int(hi_desc), str(entry)] if SLUG.fullmatch(entry):
            cursor = Cursor(sort_key, hi_desc, entry)
        case _:
            return None
    if max(abs(cursor.sort_key), abs(cursor.hi_desc)) > dates.OPEN:
        return None
    return cursor if write_cursor(cursor) == text else None
