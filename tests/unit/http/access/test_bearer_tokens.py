"""Tokens with names and scopes: how they are written, and what is refused of it."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.card_data.card_numbers import holds_card_number
from producer.contract.card_data.redaction import redact
from producer.http.migrations.processes.child_processes import ChildProcesses
from producer.redis import RedisConfig
from producer.security.api_tokens import (
    ALL_SCOPES,
    ApiTokensError,
    Scope,
    find_token,
    hashed_entry,
    new_token,
    read_tokens,
)
from producer.settings import SettingsError, WebSettings

_HEX = sha256(b"hunter2").hexdigest()


def _read(text: str) -> list[tuple[str, frozenset[Scope]]]:
    return [(one.name, one.scopes) for one in read_tokens({"CARDS_API_TOKENS": text})]


def test_tokens_have_names_and_scopes() -> None:
    """Plain or hashed, several of a name, scopes in any order."""
    text = f"shop:send+read:hunter1, ops:operate:sha256={_HEX.upper()},shop:read+send:hunter3"
    tokens = read_tokens({"CARDS_API_TOKENS": text})
    shop, ops = frozenset({Scope.SEND, Scope.READ}), frozenset({Scope.OPERATE})
    assert [(t.name, t.scopes) for t in tokens] == [("shop", shop), ("ops", ops), ("shop", shop)]
    for given_, name in ((b"hunter1", "shop"), (b"hunter2", "ops"), (b"hunter3", "shop")):
        found = find_token(tokens, given_)
        assert found is not None
        assert found.name == name
    assert find_token(tokens, f"sha256={_HEX}".encode()) is None
    assert find_token(tokens, _HEX.encode()) is None


@pytest.mark.parametrize(
    "token", ["a", "a:b", "a=b:c==", "user:p4ss:w0rd", "x:y1:z:", "sha256=0", "https://a/b?c=d"]
)
def test_tokens_of_before_keep_working(token: str) -> None:
    """What has not the new shape is a token with all scopes, with colons and all."""
    (found,) = read_tokens({"CARDS_API_TOKENS": f" {token} ,"})
    assert found.scopes == ALL_SCOPES
    assert found.name == f"token-{sha256(token.encode()).hexdigest()[:8]}"
    assert find_token((found,), token.encode()) == found


def test_a_token_of_before_has_the_same_name_wherever_it_stands() -> None:
    """Its name is made of it alone, so that logs before and after a rotation can be compared."""
    assert _read("a,b") == _read("b,a")[::-1] == _read("a,b,a")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("shop:sned:hunter2", "entry 1"),
        ("ok,shop:send+:hunter2", "entry 2"),
        ("shop:send+send:hunter2", "entry 1"),
        ("shop:send+Read:hunter2", "entry 1"),
        ("shop:send|read:hunter2", "entry 1"),
        ("shop::hunter2", "entry 1"),
        ("shop:send:", "(shop)"),
        (":send:hunter2", "entry 1"),
        ("sh/op:send:hunter2", "entry 1"),
        ("4shop:send:hunter2", "entry 1"),
        (f"{'n' * 65}:send:hunter2", "entry 1"),
        ("shop:send:sha256=hunter2", "(shop)"),
        (f"shop:send:sha256={_HEX[:-1]}", "(shop)"),
        (f"shop:send:sha256={_HEX}0", "(shop)"),
        # A comma for a plus would let in whoever says `shop:send`.
        ("shop:send,read:hunter2", "entry 1"),
        ("read:hunter2", "entry 1"),
        ("shop:send:hunter2,web:send:hunter2", "entry 2"),
        ("shop:send:hunter2,shop:read:hunter2", "entry 2"),
        ("hunter2,shop:send:hunter2", "entry 2"),
        (f"hunter2,shop:send:sha256={_HEX}", "entry 2"),
        ("a,hunter2 x", "entry 2"),
        ("hunter2\x00", "entry 1"),
    ],
)
def test_an_entry_that_is_nearly_right_is_named_without_the_token(text: str, place: str) -> None:
    """One line names the setting and the entry, by its number or name, and never shows a token."""
    with pytest.raises(SettingsError) as wrong:
        WebSettings.from_environ({"REDIS_URL": "redis://h/0", "CARDS_API_TOKENS": text})
    told = str(wrong.value)
    assert told.startswith("CARDS_API_TOKENS ")
    assert place in told
    assert "\n" not in told
    assert not any(part in told for part in ("hunter2", _HEX[:12], "sned"))


def test_a_file_has_one_entry_a_line(tmp_path: Path) -> None:
    """Comments and empty lines are passed over; the setting and the file are read together."""
    path = tmp_path / "tokens"
    path.write_text(f"# who may ask\n\nshop:send:hunter1  # the shop\nops:operate:sha256={_HEX}\n")
    environ = {"CARDS_API_TOKENS_FILE": str(path), "CARDS_API_TOKENS": "a#b"}
    names = [token.name for token in read_tokens(environ)]
    assert names == [f"token-{sha256(b'a#b').hexdigest()[:8]}", "shop", "ops"]
    del environ["CARDS_API_TOKENS"]
    settings = WebSettings.from_environ({"REDIS_URL": "redis://h/0", "HOST": "::", **environ})
    assert len(settings.tokens) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# none\n", "holds no token"),
        (b"a:send:hunter2\na:sned:hunter3", "line 2"),
        (b"a:send:hunter2,b:send:hunter3", "line 1: has a comma"),
        (b"a:send:hunter2\xff", "line 1"),
        (b"x" * (1 << 20) + b"x", "more than"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    """The line's number is told, and nothing of what it holds."""
    path = tmp_path / "tokens"
    path.write_bytes(content)
    with pytest.raises(ApiTokensError) as wrong:
        read_tokens({"CARDS_API_TOKENS_FILE": str(path)})
    assert str(wrong.value).startswith("CARDS_API_TOKENS_FILE ")
    assert said in str(wrong.value)
    assert "hunter" not in str(wrong.value)


def test_children_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that web starts for migrations get neither the tokens nor where they are."""
    for name in ("CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE"):
        monkeypatch.setenv(name, "hunter2")
    child_processes = ChildProcesses(RedisConfig.of("redis://h/0"), tmp_path, "en")
    assert "hunter2" not in child_processes._environ.values()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file, or a folder, ends the process rather than leaving it open."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ApiTokensError, match="cannot be read"):
            read_tokens({"CARDS_API_TOKENS_FILE": os.fspath(path)})


def test_what_is_made_is_taken() -> None:
    """A new token is let in by its entry, cannot pass for a card number, and is redacted."""
    token = new_token()
    entry = hashed_entry("shop", {Scope.READ, Scope.SEND}, token)
    assert token not in entry
    (found,) = read_tokens({"CARDS_API_TOKENS": entry})
    assert (found.name, found.scopes) == ("shop", frozenset({Scope.SEND, Scope.READ}))
    assert find_token((found,), token.encode()) == found
    assert new_token() != token
    assert not holds_card_number(token)
    assert redact(f"x {token} y") == "x cards_*** y"
    for name in ("cards_http_requests_total", "cards_session", "cards_commands_accepted"):
        assert redact(name) == name


@given(st.text(alphabet="ab:+=,# \tsendreadX9\x7f", max_size=40))
def test_whatever_is_configured_nothing_else_is_let_in(text: str) -> None:
    """Every token that is taken is in the text; the rest is an error of the setting."""
    try:
        tokens = read_tokens({"CARDS_API_TOKENS": text})
    except ApiTokensError:
        return
    for guess in ("", "a", "send", "a:send", "a:send:", "a:send+read"):
        if find_token(tokens, guess.encode()) is not None:
            assert guess in [one.strip() for one in text.split(",")] or f":{guess}" in text
