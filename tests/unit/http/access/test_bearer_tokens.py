"""Parsing of tokens with names and scopes."""

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
    """Tokens are plain or hashed, may share a name, and list scopes in any order."""
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
def test_tokens_in_the_old_format_keep_working(token: str) -> None:
    """A token in the old format, which may contain colons, has all scopes."""
    (found,) = read_tokens({"CARDS_API_TOKENS": f" {token} ,"})
    assert found.scopes == ALL_SCOPES
    assert found.name == f"token-{sha256(token.encode()).hexdigest()[:8]}"
    assert find_token((found,), token.encode()) == found


def test_an_old_token_has_the_same_name_at_any_position() -> None:
    """Its name derives from the token alone, so logs before and after a rotation are comparable."""
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
        # A comma for a plus would admit anybody who sends `shop:send`.
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
def test_a_malformed_entry_is_reported_without_its_token(text: str, place: str) -> None:
    """One line names the setting and the entry, by number or name, and never shows a token."""
    with pytest.raises(SettingsError) as wrong:
        WebSettings.from_environ({"REDIS_URL": "redis://h/0", "CARDS_API_TOKENS": text})
    told = str(wrong.value)
    assert told.startswith("CARDS_API_TOKENS ")
    assert place in told
    assert "\n" not in told
    assert not any(part in told for part in ("hunter2", _HEX[:12], "sned"))


def test_a_file_has_one_entry_a_line(tmp_path: Path) -> None:
    """Comments and empty lines are ignored; tokens of the setting and of the file are combined."""
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
    """The error gives the line's number and nothing of its content."""
    path = tmp_path / "tokens"
    path.write_bytes(content)
    with pytest.raises(ApiTokensError) as wrong:
        read_tokens({"CARDS_API_TOKENS_FILE": str(path)})
    assert str(wrong.value).startswith("CARDS_API_TOKENS_FILE ")
    assert said in str(wrong.value)
    assert "hunter" not in str(wrong.value)


def test_child_processes_do_not_get_the_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Web's child processes for migrations get neither the tokens nor the path of their file."""
    for name in ("CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE"):
        monkeypatch.setenv(name, "hunter2")
    child_processes = ChildProcesses(RedisConfig.of("redis://h/0"), tmp_path, "en")
    assert "hunter2" not in child_processes._environ.values()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A missing file, or a folder, stops the process rather than leaving it open to all."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ApiTokensError, match="cannot be read"):
            read_tokens({"CARDS_API_TOKENS_FILE": os.fspath(path)})


def test_a_generated_token_is_accepted() -> None:
    """A new token is admitted by its entry, cannot look like a card number, and is redacted."""
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
def test_only_configured_tokens_are_accepted(text: str) -> None:
    """Every accepted token is in the setting's text; any other text is an error of the setting."""
    try:
        tokens = read_tokens({"CARDS_API_TOKENS": text})
    except ApiTokensError:
        return
    for guess in ("", "a", "send", "a:send", "a:send:", "a:send+read"):
        if find_token(tokens, guess.encode()) is not None:
            assert guess in [one.strip() for one in text.split(",")] or f":{guess}" in text
