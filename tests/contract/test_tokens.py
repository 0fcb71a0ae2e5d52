"""What every store of writers' tokens promises (`events/log.py`)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from events.errors import NoSuchTokenError, TokenNameTakenError
from events.log import TokenStore
from events.model import Token
from tests.builders import NOON, FixedClock, recorded
from tests.contract.backends import Backend, Opened


@pytest.fixture
def tokens(opened: Opened) -> TokenStore:
    return opened.tokens


def secret_of(token: str) -> str:
    return token.split("_", 2)[2]


def test_a_new_store_lets_nobody_in(tokens: TokenStore) -> None:
    """There is no default account to forget."""
    assert tokens.tokens() == []
    assert tokens.check("") is None


@pytest.mark.parametrize("scope", ["append", "admin"])
def test_a_token_is_known_by_what_create_returned(
    tokens: TokenStore, scope: str
) -> None:
    token = tokens.create("ada", scope=scope)

    known = tokens.check(token)

    assert known is not None
    assert known == Token(
        id=known.id, name="ada", scope=scope, created_at=NOON, revoked_at=None
    )
    assert token.startswith(f"tl_{known.id}_")
    assert len(known.id) == 8


def test_a_token_holds_256_random_bits(tokens: TokenStore) -> None:
    """So a fast hash is enough: nobody guesses it, table or not."""
    made = [tokens.create(f"writer-{n}", scope="append") for n in range(20)]

    assert all(len(secret_of(token)) == 43 for token in made)
    assert len({secret_of(token) for token in made}) == 20


def test_a_token_with_another_secret_is_unknown(tokens: TokenStore) -> None:
    ada, grace = (tokens.create(name, scope="append") for name in ("ada", "grace"))
    known = tokens.check(ada)
    assert known is not None

    assert tokens.check(f"tl_{known.id}_{secret_of(grace)}") is None
    assert tokens.check(f"tl_{known.id}_{'A' * 43}") is None
    assert tokens.check(f"tl_00000000_{secret_of(ada)}") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token + "\0",
        lambda token: token.upper(),
        lambda token: token.replace("tl_", "TL_"),
        lambda token: token.replace("tl_", ""),
        lambda token: token.replace("tl_", "tl__"),
        lambda token: token.replace("_", "-"),
        lambda token: f"Bearer {token}",
    ],
)
def test_a_token_that_was_changed_anywhere_is_unknown(
    tokens: TokenStore, change: Callable[[str], str]
) -> None:
    token = tokens.create("ada", scope="append")

    assert tokens.check(change(token)) is None


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "_",
        "__",
        "tl__",
        "tl_",
        "tl_12345678",
        "tl_12345678_",
        "tl_%_%",
        "tl_' OR 1=1 --_x",
        "tl_12345678_é",
        "tl_１２３４５６７８_x",
        "тl_12345678_x",
        "tl_12345678_\ud800",
        "tl_12345678_\0",
        "\0",
        "tl_" + "1" * 100_000 + "_x",
        "tl_12345678_" + "x" * 100_000,
        "_" * 100_000,
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_what_is_no_token_is_unknown_and_no_error(
    tokens: TokenStore, malformed: str
) -> None:
    """Header values come from anybody; an exception here would be a 500."""
    tokens.create("ada", scope="append")

    assert tokens.check(malformed) is None


def test_a_revoked_token_is_unknown_at_once(
    tokens: TokenStore, clock: FixedClock
) -> None:
    token = tokens.create("ada", scope="append")
    other = tokens.create("grace", scope="append")
    clock.move(days=1)

    revoked = tokens.revoke("ada")

    assert (revoked.name, revoked.created_at) == ("ada", NOON)
    assert revoked.revoked_at == clock.now
    assert tokens.check(token) is None
    assert tokens.check(other) is not None


@pytest.mark.parametrize("name", ["grace", "Ada", "", "%"])
def test_only_a_token_in_use_can_be_revoked(tokens: TokenStore, name: str) -> None:
    token = tokens.create("ada", scope="append")

    with pytest.raises(NoSuchTokenError):
        tokens.revoke(name)

    assert tokens.check(token) is not None


def test_a_token_cannot_be_revoked_twice(tokens: TokenStore) -> None:
    tokens.create("ada", scope="append")
    tokens.revoke("ada")

    with pytest.raises(NoSuchTokenError):
        tokens.revoke("ada")


def test_a_name_in_use_is_refused(tokens: TokenStore) -> None:
    """Authors of events are names: two holders of one could not be told apart."""
    token = tokens.create("ada", scope="append")

    with pytest.raises(TokenNameTakenError):
        tokens.create("ada", scope="admin")

    assert [(each.name, each.scope) for each in tokens.tokens()] == [("ada", "append")]
    assert tokens.check(token) is not None


def test_a_name_is_free_again_after_revoking(tokens: TokenStore) -> None:
    """That is how a leaked token is replaced."""
    old = tokens.create("ada", scope="append")
    tokens.revoke("ada")

    new = tokens.create("ada", scope="admin")

    known = tokens.check(new)
    assert known is not None
    assert known.scope == "admin"
    assert tokens.check(old) is None


def test_tokens_are_listed_oldest_first_also_revoked_ones(
    tokens: TokenStore, clock: FixedClock
) -> None:
    for name in ("grace", "ada", "edsger"):
        tokens.create(name, scope="append")
        clock.move(hours=1)
    tokens.revoke("ada")

    assert [(token.name, token.revoked_at) for token in tokens.tokens()] == [
        ("grace", None),
        ("ada", clock.now),
        ("edsger", None),
    ]


def test_tokens_are_there_after_reopening(
    backend: Backend, tmp_path: Path, clock: FixedClock
) -> None:
    first = backend(tmp_path, clock)
    token = first.tokens.create("ada", scope="append")
    first.log.close()

    again = backend(tmp_path, clock)

    assert again.tokens.check(token) is not None
    again.log.close()


def test_tokens_are_no_part_of_the_log(opened: Opened) -> None:
    opened.tokens.create("ada", scope="append")
    opened.tokens.revoke("ada")

    assert opened.log.head() == 0


def test_no_file_holds_the_secret_of_a_token(
    opened: Opened, tmp_path: Path, clock: FixedClock
) -> None:
    """Backups travel; whoever reads one must not be able to write."""
    token = opened.tokens.create("ada", scope="append")
    opened.tokens.check(token)
    opened.log.append([recorded("moon", author="ada")])
    opened.tokens.revoke("ada")

    secret = secret_of(token)

    def holds(needle: str) -> list[str]:
        return [
            path.name
            for path in tmp_path.rglob("*")
            if path.is_file() and needle.encode() in path.read_bytes()
        ]

    assert holds("ada"), "the search would find what is there"
    assert holds(token) == holds(secret) == holds(secret[:12]) == []

    opened.log.close()
    assert holds(token) == holds(secret) == holds(secret[:12]) == []
