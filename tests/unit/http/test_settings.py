"""A wrong setting stops the process at start with one line that names it."""

from __future__ import annotations

import pytest

from producer.redis import RedisConfig
from producer.security.api_tokens import find_token
from producer.settings import Settings, SettingsError, WebSettings

_REDIS = "redis://127.0.0.1:6379/0"


def test_defaults_are_the_contracts() -> None:
    """If only Redis is set, the other settings have the contract's defaults."""
    settings = WebSettings.from_environ({"REDIS_URL": _REDIS, "CARDS_API_TOKENS": "", "PORT": " "})
    assert (settings.host, settings.port, settings.tokens) == ("127.0.0.1", 8000, ())
    assert settings.shared == Settings(RedisConfig.of(_REDIS), "es", 172_800)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", ""),
        ("REDIS_URL", "http://:hunter2@host"),
        ("REDIS_URL", "redis://:hunter2@host:notaport/0"),
        ("REDIS_URL", "redis://:hunter2@host:1/db"),
        ("REDIS_URL", "redis:///0"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8000x"),
        ("PORT", "٨٠"),
        ("HOST", "0.0.0.0"),
        ("HOST", "::"),
        ("HOST", "example.com"),
        ("CARDS_LANGUAGE", "fr"),
        ("CARDS_STATUS_TTL", "86399"),
        ("CARDS_STATUS_TTL", "-1"),
        ("CARDS_CALLBACKS", "maybe"),
        ("CARDS_CALLBACK_ALLOW_PRIVATE", "maybe"),
        ("CARDS_STRIPE_WEBHOOK_SECRETS", "hunter2"),
        ("CARDS_API_TOKENS", " , "),
        ("CARDS_API_TOKENS", "hunter2 x"),
        ("CARDS_API_TOKENS", "hunter2ñ"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(name: str, value: str) -> None:
    """The error is one line that starts with the setting's name and shows no secret."""
    with pytest.raises(SettingsError) as wrong:
        WebSettings.from_environ({"REDIS_URL": _REDIS, name: value})
    text = str(wrong.value)
    assert text.startswith(name)
    assert "\n" not in text
    assert "hunter2" not in text


def test_with_tokens_any_host_is_allowed() -> None:
    """A host beyond loopback is allowed if tokens are configured."""
    environ = {"REDIS_URL": _REDIS, "HOST": "0.0.0.0", "CARDS_API_TOKENS": "a, b,"}
    tokens = WebSettings.from_environ(environ).tokens
    assert [find_token(tokens, given) for given in (b"a", b"b", b"")] == [*tokens, None]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.9", "::1"])
def test_loopback_needs_no_tokens(host: str) -> None:
    """Without tokens, every loopback address is allowed."""
    assert WebSettings.from_environ({"REDIS_URL": _REDIS, "HOST": host}).host == host


def test_settings_hide_secrets() -> None:
    """Neither the Redis password nor a token appears in a repr."""
    environ = {"REDIS_URL": "redis://:hunter2@h/0", "CARDS_API_TOKENS": "hunter3"}
    assert "hunter" not in repr(WebSettings.from_environ(environ))
