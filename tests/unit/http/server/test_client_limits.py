"""The settings of the server's limits."""

from __future__ import annotations

import resource

import pytest

from producer.http.server.client_limits import ClientLimits
from producer.http.server.file_descriptors import within_descriptors
from producer.settings import SettingsError


def test_defaults_are_as_documented() -> None:
    """The defaults are 32 kB and 15 s for a head, and 30 s for a body without progress."""
    usual = ClientLimits.from_environ(
        {"CARDS_HTTP_CONNECTIONS": "", "CARDS_HTTP_TRUSTED_PROXIES": ""}
    )
    assert usual == ClientLimits()
    assert (usual.head_bytes, usual.head_s, usual.body_s) == (32_768, 15, 30)


def test_each_limit_can_be_set() -> None:
    """All settings are read; a time of 0 is practically no limit."""
    limits = ClientLimits.from_environ(
        {
            "CARDS_HTTP_HEAD_LIMIT": "4096",
            "CARDS_HTTP_HEAD_TIMEOUT": "1.5",
            "CARDS_HTTP_BODY_TIMEOUT": "0",
            "CARDS_HTTP_BODY_RATE": "0",
            "CARDS_HTTP_ANSWER_TIMEOUT": "2",
            "CARDS_HTTP_KEEP_ALIVE": "75",
            "CARDS_HTTP_CONNECTIONS": "9",
            "CARDS_HTTP_CONNECTIONS_PER_ADDRESS": "8",
            "CARDS_HTTP_UNFINISHED_PER_ADDRESS": "7",
            "CARDS_HTTP_TRUSTED_PROXIES": "10.0.0.1, fd00::/8",
        }
    )
    assert (limits.head_bytes, limits.head_s, limits.body_rate) == (4096, 1.5, 0)
    assert limits.body_s > 86_400
    assert (limits.answer_s, limits.idle_s) == (2, 75)
    assert (limits.connections, limits.per_address, limits.unfinished_per_address) == (9, 8, 7)
    assert [str(network) for network in limits.proxies] == ["10.0.0.1/32", "fd00::/8"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARDS_HTTP_HEAD_LIMIT", "100"),
        ("CARDS_HTTP_HEAD_TIMEOUT", "soon"),
        ("CARDS_HTTP_CONNECTIONS", "0"),
        ("CARDS_HTTP_TRUSTED_PROXIES", "*"),
        ("CARDS_HTTP_TRUSTED_PROXIES", "10.0.0.1/8"),
    ],
)
def test_a_wrong_limit_is_named(name: str, value: str) -> None:
    """The error starts with the setting's name. `*` for all proxies is an error too."""
    with pytest.raises(SettingsError) as wrong:
        ClientLimits.from_environ({name: value})
    assert str(wrong.value).startswith(name)


def test_connections_fit_the_descriptors(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """More descriptors are requested; if there are too few, the limit of connections is lowered."""
    limit = [256, 4096]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limit))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limit.__setitem__(0, wanted[0]))
    assert within_descriptors(ClientLimits(connections=1000)).connections == 1000
    assert limit[0] == 1512
    assert not caplog.text
    assert within_descriptors(ClientLimits(connections=5000)).connections == 4096 - 512
    assert limit[0] == 4096
    assert "CARDS_HTTP_CONNECTIONS" in caplog.text
