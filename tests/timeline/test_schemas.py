"""What the door takes, what it refuses and where it says so."""

import base64
import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import dates
from events.codec import data_of, public_type
from events.model import (
    EntryCorrected,
    EntryPostponed,
    EntryRecorded,
    EntryRevised,
    JsonObject,
    NewEvent,
    RecordedEvent,
    Redacted,
    ViewDefined,
)
from tests import builders
from timeline.projections import Filter, State, View, fold
from timeline.schemas import (
    BodyError,
    Cursor,
    FieldsError,
    Query,
    QueryError,
    Wanted,
    check_fields,
    dump_entry,
    dump_event,
    dump_filter_args,
    dump_query_args,
    dump_receipt,
    dump_view,
    entry_name,
    parse_append,
    parse_filter,
    parse_json,
    parse_log_query,
    parse_query,
    read_cursor,
    write_cursor,
    write_json,
)

MOON: dict[str, Any] = {"title": "Moon landing", "occurred": "1969-07-20"}


def parse(kind: str, data: Any = ..., **envelope: Any) -> Wanted:
    """The one event of a body; without data unless some is given."""
    if kind not in ("entry-recorded", "view-defined", "view-removed"):
        envelope.setdefault("entry", "moon-landing")
    body = {"type": kind, **envelope}
    if data is not ...:
        body["data"] = data
    wanted, listed = parse_append(json.dumps(body).encode())
    assert not listed
    return wanted[0]


def refusal(kind: str, data: Any = ..., **envelope: Any) -> dict[str, str]:
    """Details by pointer of what is wrong with an event."""
    with pytest.raises(FieldsError) as refused:
        parse(kind, data, **envelope)
    return {error.pointer: error.detail for error in refused.value.errors}


def moon(**fields: Any) -> dict[str, Any]:
    return {**MOON, **fields}


def fields_of(**given: Any) -> JsonObject:
    event = parse("entry-recorded", moon(**given)).event
    assert isinstance(event, EntryRecorded)
    return event.fields


# -- bytes to JSON -------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "Not JSON"),
        (b'{"a":1} x', "Not JSON"),
        (b"'a'", "Not JSON"),
        (b"\xff", "UTF-8"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"[1e999]", "too large"),
        (b'{"a":1,"b":2,"a":1}', "'a' stands twice"),
        (b'[{"\\ud800":1,"\\ud800":2}]', "stands twice"),
        (b"[" * 33 + b"]" * 33, "32 deep"),
        (b"[" * 100_000, "32 deep"),
        (b'{"a":' * 100_000, "32 deep"),
        (b"9" * 5_000, "too many digits"),
    ],
)
def test_what_is_not_json_by_the_letter_is_refused(raw: bytes, told: str) -> None:
    with pytest.raises(BodyError, match=told):
        parse_json(raw)


def test_nesting_up_to_the_limit_is_read() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32)


def test_emoji_written_as_escapes_are_read() -> None:
    """As Python's own json writes them."""
    assert parse_json(json.dumps("a 😀").encode()) == "a 😀"


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'"\\ud800"', ""),
        (b'{"a":[0,"\\udfff x"]}', "/a/1"),
        (b'{"a/~":"\\uDC00\\uD800"}', "/a~1~0"),
        (b'{"a":{"\\ud800":1}}', "/a"),
    ],
)
def test_half_a_surrogate_pair_is_refused_where_it_stands(
    raw: bytes, pointer: str
) -> None:
    """SQLite, feeds and answers could not write it."""
    with pytest.raises(FieldsError) as refused:
        parse_json(raw)
    assert [error.pointer for error in refused.value.errors] == [pointer]


# -- one event, several events -------------------------------------------------


def test_an_event_keeps_what_is_given_and_nothing_else() -> None:
    wanted = parse(
        "entry-recorded",
        moon(said="1969-07-20", reason="seen"),
        id="a:1",
        entry="moon",
        expected_version=0,
    )

    assert wanted == Wanted(
        id="a:1",
        entry="moon",
        event=EntryRecorded(fields=MOON, said="1969-07-20", reason="seen"),
        expected_version=0,
    )


def test_absent_stays_absent() -> None:
    wanted = parse("entry-recorded", MOON)

    assert (wanted.id, wanted.entry, wanted.expected_version) == (None, None, None)
    assert data_of(wanted.event) == MOON


def test_data_may_be_absent_where_all_of_it_may() -> None:
    assert parse("entry-postponed").event == EntryPostponed()


@pytest.mark.parametrize(
    ("envelope", "pointer"),
    [
        ({"id": ""}, "/id"),
        ({"id": "a b"}, "/id"),
        ({"id": "a\n"}, "/id"),
        ({"id": "é"}, "/id"),
        ({"id": "a" * 129}, "/id"),
        ({"id": None}, "/id"),
        ({"id": 7}, "/id"),
        ({"entry": "Moon"}, "/entry"),
        ({"entry": "a" * 81}, "/entry"),
        ({"entry": ""}, "/entry"),
        ({"entry": "view:moon"}, "/entry"),
        ({"expected_version": -1}, "/expected_version"),
        ({"expected_version": 1.0}, "/expected_version"),
        ({"expected_version": "1"}, "/expected_version"),
        ({"expected_version": True}, "/expected_version"),
        ({"expected_version": 2**63}, "/expected_version"),
        ({"data": []}, "/data"),
        ({"data": None}, "/data"),
        ({"author": "me"}, "/author"),
        ({"recorded_at": "2025-01-01"}, "/recorded_at"),
        ({"_schema": 1}, "/_schema"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
def test_a_wrong_envelope_is_refused(envelope: dict[str, Any], pointer: str) -> None:
    assert list(refusal("entry-recorded", **{"data": MOON, **envelope})) == [pointer]


@pytest.mark.parametrize("kind", ["", "entry", "entry-recorded.1", "Entry-Recorded"])
def test_an_unknown_type_is_refused_with_the_known_ones(kind: str) -> None:
    assert "entry-recorded, entry-corrected" in refusal(kind, {})["/type"]


@pytest.mark.parametrize("kind", ["window-opened", "window-closed", "event-redacted"])
def test_what_only_the_service_appends_is_refused(kind: str) -> None:
    assert "by the service itself" in refusal(kind, {})["/type"]


def test_an_event_without_a_type_or_that_is_no_object_is_refused() -> None:
    for body, pointer in ((b"{}", "/type"), (b"5", ""), (b"[null]", "/0")):
        with pytest.raises(FieldsError) as refused:
            parse_append(body)
        assert [error.pointer for error in refused.value.errors] == [pointer]


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = refusal("entry-recorded", {"occurred": "soon", "tag": []}, id="?")

    assert list(wrong) == ["/data/occurred", "/data/tag", "/data/title", "/id"]


def test_pointers_into_a_list_begin_with_the_place() -> None:
    body = json.dumps(
        [
            {"type": "entry-recorded", "data": MOON},
            {"type": "entry-recorded", "data": moon(occurred="2025-02-30")},
        ]
    )
    with pytest.raises(FieldsError) as refused:
        parse_append(body.encode())
    (error,) = refused.value.errors
    assert error.pointer == "/1/data/occurred"
    assert "2025-02-28" in error.detail


def test_lines_are_a_list_and_blank_ones_are_none() -> None:
    line = json.dumps({"type": "entry-recorded", "data": MOON})

    wanted, listed = parse_append(f"\n{line}\r\n \n{line}".encode(), lines=True)

    assert (len(wanted), listed) == (2, True)


@pytest.mark.parametrize(
    ("last", "error", "told"),
    [
        ("{", BodyError, "Line 3: Not JSON"),
        ('{"a":NaN}', BodyError, "Line 3: NaN"),
        ('{"type":1}', FieldsError, "/1/type: Line 3: One of"),
        ('"\\ud800"', FieldsError, "/1: Line 3: Half"),
    ],
)
def test_a_wrong_line_is_named(last: str, error: type[Exception], told: str) -> None:
    line = json.dumps({"type": "entry-recorded", "data": MOON})
    with pytest.raises(error, match=told):
        parse_append(f"{line}\n\n{last}\n".encode(), lines=True)


@pytest.mark.parametrize("lines", [False, True])
def test_no_events_and_too_many_are_refused(lines: bool) -> None:
    none, many = (
        (b"\n", b"0\n" * 10_001) if lines else (b"[]", b"[0" + b",0" * 10_000 + b"]")
    )
    for body in (none, many):
        with pytest.raises(FieldsError, match="1 to 10,000 events") as refused:
            parse_append(body, lines=lines)
        assert refused.value.errors[0].pointer == ""


def test_a_flood_of_errors_is_cut() -> None:
    with pytest.raises(FieldsError) as refused:
        parse_append(b"[0" + b",0" * 5_000 + b"]")
    assert len(refused.value.errors) == 100


def test_a_long_name_is_not_thrown_back_whole() -> None:
    (pointer,) = refusal("entry-recorded", MOON, **{"x" * 10_000: 1})
    assert len(pointer) < 300


# -- fields --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "below"),
    [
        ("title", "", ""),
        ("title", " ", ""),
        ("title", None, ""),
        ("title", 7, ""),
        ("title", "x" * 201, ""),
        ("title", "a\nb", ""),
        ("title", "a\tb", ""),
        ("title", "a\x00", ""),
        ("title", "a\x85", ""),
        ("title", "a\u2028b", ""),
        ("title", "a\ufffe", ""),
        ("title", "a\U0001ffff", ""),
        ("title", "a\ufdd0", ""),
        ("title", "a" + "\u0301" * 31, ""),
        ("occurred", "", ""),
        ("occurred", 2025, ""),
        ("occurred", "soon", ""),
        ("occurred", "2025-02-30", ""),
        ("summary", "x" * 10_001, ""),
        ("summary", "a\x1b[0m", ""),
        ("summary", "a\rb", ""),
        ("category", "Product News", ""),
        ("category", None, ""),
        ("importance", -1, ""),
        ("importance", 101, ""),
        ("importance", 50.0, ""),
        ("importance", "50", ""),
        ("importance", True, ""),
        ("importance", 10**400, ""),
        ("awaited", 1, ""),
        ("awaited", "true", ""),
        ("awaited", None, ""),
        ("scope", "x" * 201, ""),
        ("actors", "Alibaba", ""),
        ("actors", {"Alibaba": 1}, ""),
        ("actors", [""], "/0"),
        ("actors", ["a", 7], "/1"),
        ("places", ["x" * 201], "/0"),
        ("tags", [f"t{n}" for n in range(101)], ""),
        ("tags", ["KI", "AI", "ki"], "/2"),
        ("tags", ["é", "E\u0301"], "/1"),
        ("links", [{"rel": "follows"}], "/0/entry"),
        ("links", [{"rel": "Follows", "entry": "a"}], "/0/rel"),
        ("links", [{"rel": "follows", "entry": "view:a"}], "/0/entry"),
        ("links", [{"rel": "follows", "entry": "a", "x": 1}], "/0/x"),
        ("links", {"rel": "follows", "entry": "a"}, ""),
        ("links", [["follows", "a"]], "/0"),
        ("media", [{"alt": "x"}], "/0/url"),
        ("media", [{"url": "javascript:alert(1)"}], "/0/url"),
        ("sources", [{"url": "https://e.org"}] * 51, ""),
        ("sources", [{"url": "https://e.org", "published": "May"}], "/0/published"),
        ("lang", "english please", ""),
        ("lang", "e", ""),
        ("lang", "en_US", ""),
        ("translations", [], ""),
        ("translations", {"it": {}}, "/it"),
        ("translations", {"it": None}, "/it"),
        ("translations", {"it": {"title": None}}, "/it/title"),
        ("translations", {"it": {"titolo": "x"}}, "/it/titolo"),
        ("translations", {"i/t": {"title": "x"}}, "/i~1t"),
        ("translations", {"EN": {"title": "x"}, "en": {"title": "y"}}, "/en"),
        ("said", "yesterday", ""),
        ("reason", "x" * 2_001, ""),
        ("position", 1, ""),
        ("changes", {}, ""),
        ("__proto__", {}, ""),
    ],
)
def test_a_wrong_field_is_refused_where_it_stands(
    field: str, value: Any, below: str
) -> None:
    wrong = refusal("entry-recorded", moon(**{field: value}))

    assert list(wrong) == [f"/data/{field}{below}"]


def test_what_is_required_is_asked_for() -> None:
    assert list(refusal("entry-recorded", {})) == ["/data/occurred", "/data/title"]
    assert list(refusal("entry-recorded")) == ["/data/occurred", "/data/title"]


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        ("title", "  Cafe\u0301 ", "Café"),
        ("title", "夸克AI眼镜 😀", "夸克AI眼镜 😀"),
        ("summary", "\r\n    code\r\n\r\ntext\t\n", "    code\n\ntext"),
        ("occurred", "2025-07-26T09:00+08:00", "2025-07-26T09:00:00+08:00"),
        ("occurred", "../2025-12-31", "../2025-12-31"),
        ("lang", "ZH-hans-cn", "zh-Hans-CN"),
        ("lang", "en-x-US", "en-x-us"),
        ("translations", {"EN-us": {"title": "x"}}, {"en-US": {"title": "x"}}),
        ("importance", 0, 0),
        ("actors", [], []),
        ("summary", "", ""),
    ],
)
def test_a_field_is_stored_in_its_normal_form(
    field: str, given: Any, stored: Any
) -> None:
    assert fields_of(**{field: given})[field] == stored


def test_a_date_that_is_none_is_answered_with_the_nearest() -> None:
    wrong = refusal("entry-recorded", moon(occurred="by the end of 2025"))

    assert "../2025-12-31" in wrong["/data/occurred"]


def source(url: Any) -> dict[str, Any]:
    return moon(sources=[{"url": url}])


@pytest.mark.parametrize(
    "url",
    [
        "",
        7,
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/",
        "http\u017f://example.org/",
        "https://\u212a.example.org/",
        "//example.org/",
        "/x",
        "http:example.org",
        "http://",
        "http:///x",
        "https://user@example.org/",
        "https://user:pass@example.org/",
        "https://example.org\\@evil.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:/",
        "https://example.org:80a/",
        "http://localhost/",
        "http://-a.org/",
        "http://a..org/",
        "http://例え.jp/",
        "http://1.2.3/",
        "http://256.1.1.1/",
        "http://[::g]/",
        "http://[::1",
        'https://example.org/"><script>',
        "https://example.org/a b",
        "https://example.org/a\nb",
        "https://example.org/a\x00",
        "https://example.org/\u2028",
        "https://example.org/`",
        "https://" + "a." * 130 + "org/",
        "https://example.org/" + "a" * 2_000,
        "https://example.org/" + "夸" * 700,
    ],
)
def test_an_address_that_is_none_for_a_reader_is_refused(url: Any) -> None:
    assert list(refusal("entry-recorded", source(url))) == ["/data/sources/0/url"]


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("HTTPS://Example.ORG/Path", "https://example.org/Path"),
        ("http://example.org", "http://example.org"),
        ("https://example.org?q=a'b", "https://example.org?q=a'b"),
        ("https://a_b.example.org:8443/x#y", "https://a_b.example.org:8443/x#y"),
        ("http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"),
        ("http://192.0.2.1/", "http://192.0.2.1/"),
        ("https://zh.example.org/夸克", "https://zh.example.org/%E5%A4%B8%E5%85%8B"),
        ("https://xn--r8jz45g.jp/", "https://xn--r8jz45g.jp/"),
        ("https://example.org/%zz?a=b&c=(d)", "https://example.org/%zz?a=b&c=(d)"),
    ],
)
def test_an_address_is_stored_in_ascii(url: str, stored: str) -> None:
    event = parse("entry-recorded", source(url)).event
    assert isinstance(event, EntryRecorded)
    assert event.sources[0]["url"] == stored


# -- the other types -----------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "entry-corrected",
        "entry-revised",
        "entry-postponed",
        "entry-fulfilled",
        "entry-cancelled",
        "entry-retracted",
    ],
)
def test_an_event_of_an_entry_says_which(kind: str) -> None:
    with pytest.raises(FieldsError) as refused:
        parse_append(json.dumps({"type": kind}).encode())
    assert "/entry" in [error.pointer for error in refused.value.errors]


@pytest.mark.parametrize(
    ("kind", "data", "pointers"),
    [
        ("entry-corrected", {"changes": {"title": "x"}}, ["/data/reason"]),
        (
            "entry-corrected",
            {"changes": {"title": "x"}, "reason": " "},
            ["/data/reason"],
        ),
        ("entry-corrected", {"reason": "x"}, ["/data/changes"]),
        ("entry-corrected", {"reason": "x", "changes": {}}, ["/data/changes"]),
        ("entry-corrected", {"reason": "x", "changes": []}, ["/data/changes"]),
        ("entry-corrected", {"reason": "x", "changes": None}, ["/data/changes"]),
        (
            "entry-corrected",
            {"reason": "x", "changes": {"title": "y"}, "corrects": 0},
            ["/data/corrects"],
        ),
        (
            "entry-corrected",
            {
                "reason": "x",
                "changes": {
                    "title": None,
                    "occurred": None,
                    "said": None,
                    "reason": "y",
                    "sources": [{"url": "x"}],
                    "importance": "high",
                    "state": "open",
                    "translations": {"it": {"title": ""}},
                },
            },
            [
                "/data/changes/importance",
                "/data/changes/occurred",
                "/data/changes/reason",
                "/data/changes/said",
                "/data/changes/sources/0/url",
                "/data/changes/state",
                "/data/changes/title",
                "/data/changes/translations/it/title",
            ],
        ),
        (
            "entry-revised",
            {"changes": {"said": "2025", "sources": [], "reason": "x"}},
            ["/data/changes/reason", "/data/changes/said", "/data/changes/sources"],
        ),
        ("entry-revised", {}, ["/data/changes"]),
        ("entry-revised", {"changes": {}}, ["/data/changes"]),
        (
            "entry-revised",
            {"changes": {"title": "x"}, "corrects": 1},
            ["/data/corrects"],
        ),
        ("entry-postponed", {"occurred": "2026"}, ["/data/occurred"]),
        ("entry-fulfilled", {}, ["/data/occurred"]),
        ("entry-fulfilled", {"occurred": None}, ["/data/occurred"]),
        ("entry-cancelled", {"title": "x"}, ["/data/title"]),
        ("entry-retracted", {}, ["/data/reason"]),
        ("entry-retracted", {"reason": ""}, ["/data/reason"]),
        ("view-removed", {}, ["/data/name"]),
        ("view-removed", {"name": "a b"}, ["/data/name"]),
        (
            "view-defined",
            {"name": "a"},
            ["/data/filter", "/data/title"],
        ),
        (
            "view-defined",
            {
                "name": "a",
                "title": "A",
                "filter": {
                    "category": "x",
                    "actor": [],
                    "state": ["gone"],
                    "from": ["soon"],
                    "to": ["2025/.."],
                    "order": ["asc"],
                },
            },
            [
                "/data/filter/actor",
                "/data/filter/category",
                "/data/filter/from/0",
                "/data/filter/order",
                "/data/filter/state/0",
                "/data/filter/to/0",
            ],
        ),
    ],
)
def test_each_type_has_fields_of_its_own(
    kind: str, data: Any, pointers: list[str]
) -> None:
    assert list(refusal(kind, data)) == pointers


def test_what_tells_of_the_event_is_sent_beside_the_changes() -> None:
    wrong = refusal("entry-revised", {"changes": {"said": "2025-07-26"}})

    assert "beside changes" in wrong["/data/changes/said"]


def test_null_in_a_correction_removes() -> None:
    changes = {
        "summary": None,
        "tags": None,
        "sources": None,
        "translations": {"it": None, "fr": {"title": None, "summary": "x"}},
        "said": "2025-07-26",
    }
    wanted = parse(
        "entry-corrected", {"reason": "x", "changes": changes, "corrects": 2}
    )

    assert wanted.event == EntryCorrected(changes=changes, reason="x", corrects=2)


def test_a_revision_keeps_its_changes() -> None:
    changes = {"occurred": "2026-03~", "scope": None}

    assert parse("entry-revised", {"changes": changes}).event == EntryRevised(
        changes=changes
    )


def test_a_view_is_its_own_stream() -> None:
    data = {"name": "chips", "title": "Chips", "filter": {"tag": ["sanctions"]}}
    for envelope in ({}, {"entry": "view:chips"}):
        wanted = parse("view-defined", data, **envelope)
        assert wanted.entry == "view:chips"
        assert wanted.event == ViewDefined(
            name="chips", title="Chips", filter={"tag": ["sanctions"]}
        )
    assert list(refusal("view-defined", data, entry="chips")) == ["/entry"]
    assert list(refusal("view-removed", {"name": "a"}, entry="view:b")) == ["/entry"]


def test_folded_fields_have_to_make_an_entry() -> None:
    check_fields({**MOON, "tags": ["a"]}, index=3)

    with pytest.raises(FieldsError) as refused:
        check_fields({"title": "x" * 300, "translations": {"it": {}}}, index=3)

    assert refused.value.index == 3
    assert {error.pointer for error in refused.value.errors} == {
        "/data/changes/title",
        "/data/changes/occurred",
        "/data/changes/translations/it",
    }


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Quark AI glasses on sale!", "quark-ai-glasses-on-sale"),
        ("Größe & Maß", "grosse-mass"),
        ("夸克AI眼镜", "kua-ke-aiyan-jing"),
        ("!!!", "entry"),
        ("word " * 40, "word-" * 14 + "word"),
        ("x" * 200, "x" * 76),
    ],
)
def test_an_entry_without_a_name_is_named_after_its_title(
    title: str, name: str
) -> None:
    assert entry_name(EntryRecorded(fields={"title": title})) == name


def test_only_what_begins_a_stream_can_name_it() -> None:
    assert entry_name(parse("view-removed", {"name": "a"}).event) == "view:a"
    with pytest.raises(FieldsError):
        entry_name(EntryPostponed())


# -- queries -------------------------------------------------------------------


def test_a_query_without_parameters_asks_for_everything() -> None:
    assert parse_query([]) == Query()
    assert parse_query([("category", ""), ("from", ""), ("order", "")]) == Query()


def test_a_query_is_read() -> None:
    cursor = Cursor(-5, dates.OPEN, "moon-landing")
    query = parse_query(
        [
            ("category", "product"),
            ("category", "company"),
            ("actor", "Cafe\u0301"),
            ("state", "overdue"),
            ("from", "2025-07"),
            ("from", "2024"),
            ("to", "2025"),
            ("to", "2026-03"),
            ("order", "asc"),
            ("lang", "IT"),
            ("limit", "200"),
            ("cursor", write_cursor(cursor)),
        ]
    )

    assert query == Query(
        filter=Filter(
            category=("product", "company"),
            actor=("Café",),
            state=(State.OVERDUE,),
            start=dates.parse("2024"),
            end=dates.parse("2026-03"),
        ),
        order="asc",
        lang="it",
        limit=200,
        cursor=cursor,
    )
    assert (
        parse_query([*dump_query_args(query), ("cursor", write_cursor(cursor))])
        == query
    )


@pytest.mark.parametrize(
    ("args", "pointer"),
    [
        ([("category", "A B")], "/category"),
        ([("category", "a"), ("category", "B")], "/category/1"),
        ([("actor", "a\x00")], "/actor"),
        ([("tag", "x" * 201)], "/tag"),
        ([("state", "done")], "/state"),
        ([("from", "soon")], "/from"),
        ([("from", "../2025")], "/from"),
        ([("to", "2025/..")], "/to"),
        ([("order", "up")], "/order"),
        ([("order", "asc"), ("order", "desc")], "/order"),
        ([("lang", "!")], "/lang"),
        ([("limit", "0")], "/limit"),
        ([("limit", "201")], "/limit"),
        ([("limit", "1.0")], "/limit"),
        ([("limit", "１")], "/limit"),
        ([("limit", "9" * 5_000)], "/limit"),
        ([("cursor", "x")], "/cursor"),
        ([("cursor", "é")], "/cursor"),
        ([("as_of", "soon")], "/as_of"),
        ([("as_of", "-1")], "/as_of"),
        ([("as_of", "2025-02-30")], "/as_of"),
        ([("as_of", "2025-02-03T04:05:06")], "/as_of"),
        ([("as_of", "2025-02-03T04:05:06+25:00")], "/as_of"),
        ([("as_of", "7"), ("as_of", "8")], "/as_of"),
        ([("from", "2025"), ("to", "2024")], "/to"),
        ([("known", "soon")], "/known"),
        ([("known", "2025/..")], "/known"),
        ([("as_of", "7"), ("known", "2025")], "/known"),
        ([("q", "x" * 201)], "/q"),
        ([("place", "x")] * 51, "/place"),
    ],
)
def test_a_wrong_parameter_is_named(args: list[tuple[str, str]], pointer: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse_query(args)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_unknown_parameters_are_refused_if_asked() -> None:
    assert parse_query([("utm_source", "x")]) == Query()
    with pytest.raises(QueryError, match="/utm_source"):
        parse_query([("utm_source", "x")], strict=True)


def test_a_page_of_the_log_is_asked_for() -> None:
    assert parse_log_query([]) == (0, 100)
    assert parse_log_query([("after", "7"), ("limit", "1000")]) == (7, 1000)
    for args in ([("after", "-1")], [("limit", "1001")], [("x", "1")]):
        with pytest.raises(QueryError):
            parse_log_query(args)


def test_a_stored_filter_is_read_as_the_page_reads_it() -> None:
    """Also with a lone text, which the door does not take any more."""
    stored: JsonObject = {"category": ["a"], "actor": ["华为"], "from": "2022"}

    wanted = parse_filter(stored)

    assert (
        wanted
        == parse_query([("category", "a"), ("actor", "华为"), ("from", "2022")]).filter
    )
    assert parse_query(dump_filter_args(wanted)).filter == wanted


@given(
    st.integers(-dates.OPEN, dates.OPEN),
    st.integers(-dates.OPEN, dates.OPEN),
    st.from_regex(r"[a-z0-9-]{1,80}", fullmatch=True),
)
def test_a_cursor_comes_back(sort_key: int, hi_desc: int, entry: str) -> None:
    cursor = Cursor(sort_key, hi_desc, entry)

    assert read_cursor(write_cursor(cursor)) == cursor


@given(st.text(max_size=400) | st.from_regex(r"[\w-]{1,60}", fullmatch=True))
def test_a_cursor_of_somebody_else_is_refused(text: str) -> None:
    try:
        cursor = read_cursor(text)
    except QueryError:
        return
    assert write_cursor(cursor) == text


@pytest.mark.parametrize(
    "place",
    [
        [2**63, 0, "a"],
        [0, -(2**63), "a"],
        [0, 0, "A"],
        [0, 0, ""],
        [0, 0],
        [True, 0, "a"],
        [0.5, 0, "a"],
        {"a": 1},
        None,
    ],
)
def test_a_place_that_cannot_be_is_refused(place: Any) -> None:
    text = base64.urlsafe_b64encode(write_json(place)).decode().rstrip("=")
    with pytest.raises(QueryError):
        read_cursor(text)


# -- answers -------------------------------------------------------------------


def stored(new: NewEvent, *, position: int = 1, version: int = 1) -> RecordedEvent:
    return RecordedEvent(
        position=position,
        id=new.id,
        entry=new.entry,
        version=version,
        recorded_at=datetime(2025, 8, 1, 12, tzinfo=UTC),
        author=new.author,
        event=new.event,
        leaf_hash=b"",
    )


def test_an_event_is_told_with_its_public_type() -> None:
    event = stored(builders.recorded(said="1969-07-20", event_id="a"))

    told = dump_event(event)

    assert list(told.items()) == [
        ("position", 1),
        ("id", "a"),
        ("entry", "moon-landing"),
        ("version", 1),
        ("type", "entry-recorded"),
        ("recorded_at", "2025-08-01T12:00:00.000000Z"),
        ("author", "tester"),
        ("data", {**MOON, "said": "1969-07-20"}),
    ]
    assert dump_receipt(event) == {
        name: told[name] for name in list(told) if name not in ("author", "data")
    }


def test_a_redacted_event_tells_that_it_was() -> None:
    event = RecordedEvent(
        position=1,
        id="a",
        entry="moon",
        version=1,
        recorded_at=datetime(2025, 8, 1, tzinfo=UTC),
        author=None,
        event=Redacted(type="entry-recorded.1"),
        leaf_hash=b"",
    )

    told = dump_event(event)

    assert (told["type"], told["author"], told["data"]) == (
        "entry-recorded",
        None,
        None,
    )


def test_an_entry_is_told_as_promised() -> None:
    """DESIGN.md, section 8: names, order and null are a public promise."""
    history = [
        stored(
            builders.recorded(
                "glasses",
                title="Glasses on sale",
                occurred="../2025-12-31",
                awaited=True,
                actors=["Alibaba"],
                said="2025-07-26",
                sources=[{"url": "https://example.org/a"}],
                links=[{"rel": "follows", "entry": "announced"}],
                media=[{"url": "https://example.org/a.jpg", "alt": "Glasses"}],
                translations={"it": {"title": "Occhiali"}},
            )
        ),
        stored(
            builders.corrected("glasses", scope="China", reason="left out"),
            position=2,
            version=2,
        ),
    ]
    entry = fold(history)
    assert entry is not None

    told = dump_entry(entry, url_of="https://t.example/entries/{}".format, lang="it")

    assert json.loads(write_json(told)) == told
    said = {
        "edtf": "2025-07-26",
        "earliest": "2025-07-26",
        "latest": "2025-07-26",
        "approximate": False,
        "uncertain": False,
        "label": "26 luglio 2025",
    }
    assert list(told.items()) == [
        ("id", "glasses"),
        ("version", 2),
        ("position", 2),
        ("title", "Glasses on sale"),
        (
            "occurred",
            {
                "edtf": "../2025-12-31",
                "earliest": None,
                "latest": "2025-12-31",
                "approximate": False,
                "uncertain": False,
                "label": told["occurred"]["label"],  # type: ignore[index,call-overload]
            },
        ),
        ("state", "open"),
        ("category", None),
        ("summary", None),
        ("actors", ["Alibaba"]),
        ("places", []),
        ("tags", []),
        ("importance", 50),
        ("awaited", True),
        ("scope", "China"),
        (
            "sources",
            [
                {
                    "url": "https://example.org/a",
                    "title": None,
                    "publisher": None,
                    "published": None,
                }
            ],
        ),
        ("links", [{"rel": "follows", "entry": "announced"}]),
        (
            "media",
            [{"url": "https://example.org/a.jpg", "alt": "Glasses", "credit": None}],
        ),
        ("lang", None),
        ("translations", {"it": {"title": "Occhiali", "summary": None}}),
        ("promised", None),
        ("said", said),
        ("recorded_at", "2025-08-01T12:00:00.000000Z"),
        ("updated_at", "2025-08-01T12:00:00.000000Z"),
        ("corrected", True),
        ("ending", None),
        (
            "changes",
            [
                {
                    "kind": "corrected",
                    "position": 2,
                    "version": 2,
                    "recorded_at": "2025-08-01T12:00:00.000000Z",
                    "said": {
                        **said,
                        "edtf": "2025-08-01",
                        "earliest": "2025-08-01",
                        "latest": "2025-08-01",
                        "label": told["changes"][0]["said"]["label"],  # type: ignore[index,call-overload]
                    },
                    "reason": "left out",
                    "before": {"scope": None},
                    "after": {"scope": "China"},
                    "label": "rettificato il 1º agosto 2025",
                }
            ],
        ),
        ("measure", False),
        (
            "state_label",
            "previsto entro la fine del 2025, aperto dal 26 luglio 2025",
        ),
        ("url", "https://t.example/entries/glasses"),
    ]


def test_a_view_is_told() -> None:
    view = View(
        name="chips",
        title="Chips",
        description="",
        filter={"tag": ["sanctions"]},
        position=3,
        updated_at=datetime(2025, 8, 1, tzinfo=UTC),
    )

    assert dump_view(view, url_of="/views/{}".format) == {
        "name": "chips",
        "title": "Chips",
        "description": None,
        "filter": {"tag": ["sanctions"]},
        "position": 3,
        "updated_at": "2025-08-01T00:00:00.000000Z",
        "url": "/views/chips",
    }


# -- properties ----------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
LINE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)
LINES = st.text(
    st.characters(exclude_categories=["C"], include_characters="\t\n\r"), max_size=200
)
NAMES = st.lists(LINE, max_size=4)
DATE = st.sampled_from(
    ["2025", "2025-07-26", "../2025-12-31", "2025-10-01/..", "2022~"]
)
LANG = st.sampled_from(["en", "IT", "zh-hans", "de-CH"])
PARTS = st.fixed_dictionaries({}, optional={"title": LINE, "summary": LINES})
ENTRY = st.fixed_dictionaries(
    {"title": LINE, "occurred": DATE},
    optional={
        "summary": LINES,
        "category": st.just("a-1"),
        "actors": NAMES,
        "places": NAMES,
        "tags": NAMES,
        "importance": st.integers(0, 100),
        "awaited": st.booleans(),
        "scope": LINE,
        "links": st.just([{"rel": "follows", "entry": "a"}]),
        "media": st.just([{"url": "https://example.org/é", "alt": "x"}]),
        "lang": LANG,
        "translations": st.dictionaries(LANG, PARTS, max_size=2),
        "said": DATE,
        "reason": LINES,
        "sources": st.just([{"url": "https://example.org/"}]),
    },
)


@given(ENTRY)
def test_what_was_stored_is_taken_again_as_the_same_event(data: dict[str, Any]) -> None:
    """A log exported and imported is the same log."""
    try:
        first = parse("entry-recorded", data).event
    except FieldsError:
        return  # the same name twice, a translation of nothing
    again = parse(public_type(first.type), data_of(first)).event

    assert again == first
    assert isinstance(first, EntryRecorded)
    assert first.fields.keys() <= data.keys()
    check_fields(first.fields, index=0)


@given(
    st.sampled_from(sorted(["entry-recorded", "entry-corrected", "view-defined"])), JSON
)
def test_any_data_is_taken_or_refused(kind: str, data: Any) -> None:
    body = json.dumps({"type": kind, "entry": "a", "data": data}).encode()
    try:
        parse_append(body)
    except (BodyError, FieldsError) as refused:
        str(refused).encode()


@given(ENTRY, st.sampled_from(["title", "occurred", "tags", "links", "lang"]), JSON)
def test_any_field_is_taken_or_refused(
    data: dict[str, Any], field: str, value: Any
) -> None:
    body = json.dumps({"type": "entry-recorded", "data": {**data, field: value}})
    try:
        parse_append(body.encode())
    except (BodyError, FieldsError) as refused:
        str(refused).encode()


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        parse_json(raw)
    except (BodyError, FieldsError) as refused:
        str(refused).encode()


@given(
    st.lists(
        st.tuples(st.sampled_from(["actor", "from", "limit", "cursor", "x"]), st.text())
    )
)
def test_any_query_is_read_or_refused(args: list[tuple[str, str]]) -> None:
    try:
        query = parse_query(args, strict=True)
    except QueryError:
        return
    assert parse_query(dump_query_args(query)).filter == query.filter


@given(LINES)
def test_text_stays_in_nfc(text: str) -> None:
    try:
        summary = fields_of(summary=text)["summary"]
    except FieldsError:
        return
    assert isinstance(summary, str)
    assert unicodedata.is_normalized("NFC", summary)
