"""`cards token new`: a token, shown once, and its entry for the settings."""

from __future__ import annotations

import json

import pytest

from producer.cli.app import run
from producer.cli.exits import Exit
from producer.security.api_tokens import find_token, read_tokens


def test_it_prints_a_token_and_its_entry(capsys: pytest.CaptureFixture[str]) -> None:
    """Two lines for people; the entry accepts the token but lacks it. Redis is not used."""
    assert run(["token", "new", "shop", "--scopes", "read,send"]) == Exit.DONE
    shown = capsys.readouterr()
    (_, token), (_, entry) = (line.split() for line in shown.out.splitlines())
    assert token.startswith("cards_")
    assert entry.startswith("shop:send+read:sha256=")
    assert "not shown again" in shown.err
    found = find_token(read_tokens({"CARDS_API_TOKENS": entry}), token.encode())
    assert found is not None
    assert found.name == "shop"
    run(["token", "new", "shop", "--scopes", "read,send"])
    assert token not in capsys.readouterr().out


def test_for_programs_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one object on standard output."""
    assert run(["token", "new", "ops.eu-1", "--scopes", "operate+migrate", "--json"]) == Exit.DONE
    output = json.loads(capsys.readouterr().out)
    assert (output["name"], output["scopes"]) == ("ops.eu-1", ["migrate", "operate"])
    (found,) = read_tokens({"CARDS_API_TOKENS": output["entry"]})
    assert find_token((found,), output["token"].encode()) == found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("token new shop", "--scopes"),
        ("token new shop --scopes all", "scopes are send, read, migrate, operate"),
        ("token new shop --scopes ,", "scopes are"),
        ("token new a:b --scopes send", "a name has"),
        ("token new", "NAME"),
    ],
)
def test_wrong_usage_makes_no_token(
    line: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says what is wrong, and nothing printed looks like a token."""
    assert run(line.split()) == Exit.USAGE
    shown = capsys.readouterr()
    assert expected in shown.err
    assert "cards_" not in shown.out
