"""The command line, as an operator uses it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from timeline.app import PARTS
from timeline.cli import cli

MOON = {
    "id": "moon-1",
    "type": "entry-recorded",
    "entry": "moon",
    "data": {"title": "Moon landing", "occurred": "1969-07-20"},
}


@pytest.fixture
def run(tmp_path: Path):
    def run(*words: str, stdin: str = "") -> Result:
        command = [*words, "--data", str(tmp_path / "data")]
        return CliRunner().invoke(cli, command, obj=PARTS, input=stdin)

    return run


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_append_takes_an_event_from_standard_input_and_prints_where_it_stands(run):
    result = run("append", "-", stdin=json.dumps(MOON))

    assert result.exit_code == 0
    (receipt,) = lines(result)
    assert receipt["position"] == 1
    assert receipt["entry"] == "moon"


def test_append_takes_an_array_and_lines(run):
    mars = {**MOON, "id": "mars-1", "entry": "mars"}
    venus = {**MOON, "id": "venus-1", "entry": "venus"}

    array = run("append", "-", stdin=json.dumps([MOON, mars], indent=2))
    many = run("append", "-", stdin=f"{json.dumps(mars)}\n{json.dumps(venus)}\n")

    assert [line["position"] for line in lines(array)] == [1, 2]
    assert many.exit_code == 1  # mars is there already: a partly repeated batch
    assert "mars-1" in many.stderr


def test_append_names_what_is_wrong_and_stores_nothing(run):
    wrong = {**MOON, "data": {"title": "Moon landing", "occurred": "July 1969"}}

    result = run("append", "-", stdin=json.dumps(wrong))

    assert result.exit_code == 1
    assert "/data/occurred" in result.stderr
    assert "Traceback" not in result.output
    assert run("export", "-").stdout == ""


def test_export_writes_every_event_as_the_api_shows_it(run):
    run("append", "-", stdin=json.dumps(MOON))

    (event,) = lines(run("export", "-"))

    assert event["data"] == MOON["data"]
    assert event["author"] == "command line"
    assert set(event) == {
        "position",
        "id",
        "entry",
        "version",
        "type",
        "recorded_at",
        "author",
        "data",
    }


def test_token_create_prints_the_token_and_nothing_else(run):
    token = run("token", "create", "newsroom").stdout

    assert token.startswith("tl_")
    assert token.count("\n") == 1


@pytest.mark.parametrize(
    "label",
    ["", " ", "a\x00b", "a\x0b", "a\nb", "a\x9f", "a\ud800", "a\ufffe", "x" * 81],
)
def test_a_label_that_cannot_stand_in_a_feed_is_refused(run, label):
    """Of a token, and of whoever appends by hand."""
    assert run("token", "create", label).exit_code == 1
    assert run("token", "list").stdout == ""
    refused = run("append", "-", "--author", label, stdin=json.dumps(MOON))
    assert refused.exit_code == 1
    assert "--author must be 1 to 80 printable characters" in refused.output


def test_tokens_are_listed_without_their_secrets_and_end_when_revoked(run):
    token = run("token", "create", "newsroom", "--scope", "admin").stdout.strip()

    listed = run("token", "list").stdout
    assert "newsroom" in listed
    assert "admin" in listed
    assert token.split("_", 2)[2] not in listed

    assert run("token", "revoke", "newsroom").exit_code == 0
    assert "revoked" in run("token", "list").stdout
    assert run("token", "revoke", "newsroom").exit_code == 1


def test_a_name_in_use_is_refused_until_it_is_revoked(run):
    run("token", "create", "newsroom")

    refused = run("token", "create", "newsroom")
    run("token", "revoke", "newsroom")
    allowed = run("token", "create", "newsroom")

    assert (refused.exit_code, allowed.exit_code) == (1, 0)
    assert "in use" in refused.stderr


def test_rebuild_says_how_far_it_came(run):
    run("append", "-", stdin=json.dumps(MOON))

    assert run("rebuild").stdout == "rebuilt up to position 1\n"


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    result = CliRunner().invoke(
        cli,
        ["append", "-", "--data", str(tmp_path / "file" / "data")],
        obj=PARTS,
        input=json.dumps(MOON),
    )

    assert result.exit_code == 1
    assert "Error: " in result.stderr
    assert not isinstance(result.exception, OSError)
