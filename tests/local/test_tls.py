"""A server with TLS, and right and wrong certificates for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.servers.certificates import Certificates
from local.servers.tls import TlsServer

ONCE = Retry(NoBackoff(), 0)
pytestmark = [pytest.mark.integration, pytest.mark.extended]


@pytest.fixture(params=["best", "embedded"])
def make(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TlsServer]:
    """Makes the server of this machine, and that of a machine whose servers have no TLS."""
    if request.param == "embedded":
        monkeypatch.setattr("local.servers.tls.tls_program", lambda: None)

    def made(**options: bool) -> TlsServer:
        server = TlsServer(tmp_path, **options)  # type: ignore[arg-type]
        if request.param == "best" and "embedded" in server.kind:
            warnings.warn(server.kind, stacklevel=2)
        return server

    return made


@pytest.fixture
def server(make: Callable[..., TlsServer]) -> Iterator[TlsServer]:
    with make() as made:
        yield made


def client_of(server: TlsServer, ca: Path | None, **options: str) -> redis.Redis:
    return redis.Redis.from_url(
        server.url, ssl_ca_certs=str(ca) if ca else None, retry=ONCE, **options
    )


def test_the_right_ca_is_required(server: TlsServer) -> None:
    """Clients with the CA are answered, by all the server's names; with another CA they are not."""
    made: Certificates = server.certificates
    for name in ("localhost", "127.0.0.1"):
        url = server.url.replace("127.0.0.1", name)
        with redis.Redis.from_url(url, ssl_ca_certs=str(made.ca.certificate), retry=ONCE) as client:
            assert client.set("key", "value")
    for ca in (made.wrong_ca.certificate, None):
        with client_of(server, ca) as client, pytest.raises(redis.ConnectionError, match="verify"):
            client.ping()


def test_plain_clients_are_disconnected(server: TlsServer) -> None:
    """The server closes connections of clients without TLS."""
    with (
        redis.Redis.from_url(server.url.replace("rediss", "redis"), retry=ONCE) as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.ping()


def test_a_client_certificate_can_be_required(make: Callable[..., TlsServer]) -> None:
    """Then a client with a certificate of the same CA is answered, and others are not."""
    with make(client_certificates=True) as server:
        made = server.certificates
        own = {
            "ssl_certfile": str(made.client.certificate),
            "ssl_keyfile": str(made.client.key),
        }
        with client_of(server, made.ca.certificate, **own) as client:
            assert client.ping()
        with client_of(server, made.ca.certificate) as other, pytest.raises(redis.ConnectionError):
            other.ping()
