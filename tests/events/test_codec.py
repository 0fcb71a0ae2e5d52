"""Bytes that must stay what they are, and the tree over them."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import codec
from events.codec import Tree
from events.errors import UnknownEventTypeError
from events.model import EntryRecorded, Json
from tests.events.proofs import naive_root

GOLDEN = Path(__file__).parents[1] / "golden" / "payloads"
STORED_TYPES = sorted(path.name.removesuffix(".json") for path in GOLDEN.iterdir())


def golden(stored_type: str) -> dict[str, Any]:
    """An event as some release stored it; never edited, only added to."""
    text = (GOLDEN / f"{stored_type}.json").read_text(encoding="utf-8")
    stored: dict[str, Any] = json.loads(text)
    return stored


# -- events and their data ---------------------------------------------------


def test_every_type_that_is_written_has_a_golden_payload() -> None:
    """A new type or schema number needs a file of its own beside the old ones."""
    assert set(codec.CURRENT_TYPES.values()) <= set(STORED_TYPES)


@pytest.mark.parametrize("stored_type", STORED_TYPES)
def test_every_type_ever_stored_can_be_read(stored_type: str) -> None:
    event = codec.event_of(stored_type, golden(stored_type)["data"])

    assert codec.public_type(event.type) == codec.public_type(stored_type)
    assert codec.CURRENT_TYPES[codec.public_type(stored_type)] == event.type


@pytest.mark.parametrize("stored_type", sorted(codec.CURRENT_TYPES.values()))
def test_data_of_a_current_type_comes_back_from_its_event(stored_type: str) -> None:
    data = golden(stored_type)["data"]

    assert codec.data_of(codec.event_of(stored_type, data)) == data


@pytest.mark.parametrize("stored_type", sorted(codec.CURRENT_TYPES.values()))
def test_golden_payloads_set_every_attribute_of_their_event(stored_type: str) -> None:
    """An attribute that they leave out would not be pinned."""
    event = codec.event_of(stored_type, golden(stored_type)["data"])

    for each in fields(event):
        assert getattr(event, each.name) != each.default, each.name


@pytest.mark.parametrize("stored_type", STORED_TYPES)
def test_payload_commitment_and_leaf_are_pinned_byte_by_byte(stored_type: str) -> None:
    """Proofs handed out once must verify for good, with any release."""
    stored = golden(stored_type)

    payload = codec.payload_of(
        author=stored["author"],
        data=codec.canonical(stored["data"]),
        entry=stored["entry"],
        version=stored["version"],
    )
    commit = codec.commitment(bytes.fromhex(stored["salt"]), payload)
    leaf = codec.leaf_of(
        position=stored["position"],
        event_id=stored["id"],
        stored_type=stored_type,
        recorded_at=stored["recorded_at"],
        commit=commit,
    )

    assert payload == stored["payload"].encode()
    assert commit.hex() == stored["commitment"]
    assert leaf == stored["leaf"].encode()
    assert codec.leaf_hash(leaf).hex() == stored["leaf_hash"]


def optional(stored_type: str) -> set[str]:
    """Attributes that an event of this type need not tell."""
    event = codec.event_of(stored_type, golden(stored_type)["data"])
    return {each.name for each in fields(event) if each.default is not MISSING}


@pytest.mark.parametrize(
    "stored_type", sorted(filter(optional, codec.CURRENT_TYPES.values()))
)
def test_what_an_event_does_not_tell_is_left_out_of_its_data(stored_type: str) -> None:
    """Absent and empty are one: else a repeat might not be seen as one."""
    data = golden(stored_type)["data"]
    told = optional(stored_type)
    bare = {name: value for name, value in data.items() if name not in told}

    assert len(bare) < len(data)
    assert codec.data_of(codec.event_of(stored_type, bare)) == bare


def test_a_type_of_a_newer_release_is_refused() -> None:
    """Guessing at it could show something that never was said."""
    for stored_type in ("entry-recorded.99", "entry-imagined.1", "entry-recorded"):
        with pytest.raises(UnknownEventTypeError, match=stored_type):
            codec.event_of(stored_type, {})


def test_fields_that_a_release_does_not_know_are_kept() -> None:
    """An older program must be able to copy what a newer one wrote."""
    data = {"title": "Moon", "occurred": "1969", "mood": ["solemn"]}

    event = codec.event_of("entry-recorded.1", data)

    assert isinstance(event, EntryRecorded)
    assert event.fields["mood"] == ["solemn"]
    assert codec.data_of(event) == data


# -- canonical JSON ----------------------------------------------------------

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal also in type: Python holds 1, 1.0 and True for equal."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return one.keys() == other.keys() and all(
                same(one[key], other[key]) for key in one
            )
        case list():
            return len(one) == len(other) and all(map(same, one, other))
        case float():
            return one == other and math.copysign(1, one) == math.copysign(1, other)
        case _:
            return bool(one == other)


@given(json_values)
def test_canonical_json_decodes_to_the_same_value(value: Any) -> None:
    assert same(json.loads(codec.canonical(value)), value)


@settings(max_examples=30)  # dictionaries of dictionaries are slow to make
@given(st.dictionaries(st.text(), json_values))
def test_canonical_json_does_not_depend_on_the_order_of_keys(
    value: dict[str, Any],
) -> None:
    """Repeats are told by it, whatever order a client's library writes."""
    turned = dict(reversed(value.items()))

    assert codec.canonical(turned) == codec.canonical(value)


@given(json_values)
def test_canonical_json_is_a_fixed_point(value: Any) -> None:
    once = codec.canonical(value)

    assert codec.canonical(json.loads(once)) == once


def test_canonical_json_is_pinned() -> None:
    value: Json = {"b": [1, 2.5, None, True], "a": 'é\u2028\n"\\/<', "Z": {}, "": -0.0}

    assert codec.canonical(value) == (
        b'{"":-0.0,"Z":{},"a":"\xc3\xa9\xe2\x80\xa8\\n\\"\\\\/<","b":[1,2.5,null,true]}'
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have_are_refused(number: float) -> None:
    """Other languages could not read the payload, so nobody could check it."""
    with pytest.raises(ValueError, match="JSON compliant"):
        codec.canonical({"importance": number})


# -- instants ----------------------------------------------------------------

instants = st.datetimes(
    min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)


@given(instants)
def test_an_instant_comes_back_from_its_text(instant: datetime) -> None:
    again = codec.read_instant(codec.write_instant(instant))

    assert again == instant
    assert again.utcoffset() == timedelta(0)


@given(instants, instants)
def test_order_of_texts_is_order_of_instants(one: datetime, other: datetime) -> None:
    """The log compares them as text when a clock runs backwards."""
    texts = codec.write_instant(one), codec.write_instant(other)

    assert (texts[0] < texts[1]) == (one < other)
    assert {len(text) for text in texts} == {27}


# -- the tree ----------------------------------------------------------------

# The vectors that the implementations of Certificate Transparency share:
# https://github.com/google/certificate-transparency, merkle_tree_test.cc
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaf_hashes(size: int) -> list[bytes]:
    return [codec.leaf_hash(str(n).encode()) for n in range(size)]


def split(leaves: Sequence[bytes], cuts: Sequence[int]) -> list[Sequence[bytes]]:
    ends = [0, *sorted(cuts), len(leaves)]
    return [leaves[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    tree = Tree().extend(codec.leaf_hash(leaf) for leaf in CT_LEAVES[:size])

    assert tree.root().hex() == CT_ROOTS[size]


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    assert Tree().root() == hashlib.sha256(b"").digest()
    assert Tree().to_bytes() == b""


@given(st.integers(0, 70), st.lists(st.integers(0, 70), max_size=6))
def test_the_tree_grows_as_rfc_6962_defines_it(size: int, cuts: list[int]) -> None:
    """Whatever batches the leaves come in, also empty ones."""
    leaves = leaf_hashes(size)
    tree = Tree()
    for batch in split(leaves, [min(cut, size) for cut in cuts]):
        tree = tree.extend(batch)

    assert tree.size == size
    assert tree.root() == naive_root(leaves)
    assert tree == Tree().extend(leaves)
    assert len(tree.frontier) == size.bit_count()


@given(st.integers(0, 70), st.integers(0, 70))
def test_the_tree_grows_on_from_its_bytes(size: int, more: int) -> None:
    """Each append starts from what the last one stored."""
    leaves = leaf_hashes(size + more)
    tree = Tree().extend(leaves[:size])

    again = Tree.from_bytes(tree.size, tree.to_bytes())

    assert again == tree
    assert again.extend(leaves[size:]).root() == naive_root(leaves)


def test_a_tree_does_not_change_when_it_is_extended() -> None:
    """A refused batch goes back to the tree from before."""
    tree = Tree().extend(leaf_hashes(5))
    root = tree.root()

    tree.extend(leaf_hashes(3))

    assert (tree.size, tree.root()) == (5, root)


def test_a_leaf_cannot_pass_for_a_node() -> None:
    """RFC 6962 2.1: different prefixes, against second preimages."""
    left, right = leaf_hashes(2)

    assert Tree().extend([left, right]).root() != codec.leaf_hash(left + right)
