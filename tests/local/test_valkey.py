"""The embedded Valkey, as `make up` and other tests use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from local.servers.valkey import (
    SERVER_SETTING,
    NoEmbeddedValkeyError,
    ValkeyDiedError,
    ValkeyServer,
    valkey_argv,
    valkey_binary,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as server:
        yield server


def client_of(server: ValkeyServer, timeout: float = 5.0) -> redis.Redis:
    return redis.Redis.from_url(server.url, socket_timeout=timeout, retry=None)


def test_a_killed_server_keeps_what_it_acknowledged(server: ValkeyServer) -> None:
    """After SIGKILL and a restart on the same address, an acknowledged write is there."""
    url = server.url
    with client_of(server) as client:
        client.set("accepted", "1")
    server.kill()
    with client_of(server) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    server.restart()
    assert server.url == url
    with client_of(server) as client:
        assert client.get("accepted") == b"1"


def test_it_is_durable_by_default(tmp_path: Path) -> None:
    """The default is AOF with fsync at every write, and no eviction; a test can ask for less."""
    with ValkeyServer(tmp_path / "one") as server, client_of(server) as client:
        assert client.config_get("append*")["appendonly"] == "yes"
        assert client.config_get("append*")["appendfsync"] == "always"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    weaker = ValkeyServer(tmp_path / "other").start(appendfsync="everysec")
    with client_of(weaker) as client:
        assert client.config_get("append*")["appendfsync"] == "everysec"
    weaker.stop()


def test_a_paused_server_does_not_answer(server: ValkeyServer) -> None:
    """A paused server accepts connections but is silent; resumed, it answers."""
    server.pause()
    with client_of(server, timeout=0.2) as client, pytest.raises(redis.TimeoutError):
        client.ping()
    server.resume()
    with client_of(server) as client:
        assert client.ping()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A wrong option is reported with the server's own message."""
    with pytest.raises(ValkeyDiedError, match="appendfsync"):
        ValkeyServer(tmp_path, config={"appendfsync": "sometimes"}).start()


def test_another_server_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting's program is started instead of the embedded one, with the same options."""
    monkeypatch.delenv(SERVER_SETTING, raising=False)
    embedded = valkey_argv(tmp_path, 6379)
    other = tmp_path / "redis-server"
    other.symlink_to(valkey_binary())
    monkeypatch.setenv(SERVER_SETTING, str(other))
    assert valkey_argv(tmp_path, 6379) == [str(other), *embedded[1:]]


def test_a_missing_server_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the setting, and the embedded server does not silently replace it."""
    monkeypatch.setenv(SERVER_SETTING, "/nonexistent/redis-server")
    with pytest.raises(NoEmbeddedValkeyError, match=SERVER_SETTING):
        valkey_binary()
