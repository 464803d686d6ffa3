"""All processes and the client use TLS to Redis."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from local.servers.certificates import Identity
from local.servers.tls import TlsServer
from producer import CardCommands, Unavailable
from tests.failover.deployment import Deployment

pytestmark = [pytest.mark.crash, pytest.mark.extended]
CARRIES_OUT_S = 15.0


@pytest.fixture
def server(tmp_path: Path) -> Callable[[bool], TlsServer]:
    """Makes a server, which requires a client's certificate or not."""

    def made(client_certificates: bool) -> TlsServer:
        server = TlsServer(tmp_path / "redis", client_certificates=client_certificates)
        if "embedded" in server.kind:
            warnings.warn(server.kind, stacklevel=2)
        return server

    return made


@pytest.mark.parametrize(
    "client_certificates", [False, pytest.param(True, marks=pytest.mark.extended)]
)
def test_commands_go_through_tls(
    server: Callable[[bool], TlsServer], tmp_path: Path, client_certificates: bool
) -> None:
    """With the right CA, and a certificate if one is required, commands are executed."""
    with server(client_certificates) as redis:
        certificates = redis.certificates
        settings = {"CARDS_REDIS_CA": str(certificates.ca.certificate)}
        if client_certificates:
            settings |= _own(certificates.client)
        with Deployment(tmp_path / "deployment", redis.url, **settings) as deployment:
            with deployment.sending() as sender, deployment.waiting_callers() as callers:
                callers.release()
                callers.answered(CARRIES_OUT_S)
            deployment.carried_out([*sender.accepted, *callers.commands], CARRIES_OUT_S)
            deployment.unchanged()


def test_an_unverified_server_is_sent_nothing(server: Callable[[bool], TlsServer]) -> None:
    """If the CA or the certificate's name is wrong, nothing is sent, and the error says so."""
    with server(False) as redis:
        right, wrong = redis.certificates.ca, redis.certificates.wrong_ca
        for settings, works in (
            ({"CARDS_REDIS_CA": str(wrong.certificate)}, False),
            ({}, False),
            (_named(right, "other.test"), False),
            (_named(right, "redis.test"), True),
        ):
            client = CardCommands.from_env({"REDIS_URL": redis.url, **settings})
            with client:
                if works:
                    assert client.assign(customer="cus_1", source="tok_1").id
                    continue
                with pytest.raises(Unavailable, match="ertificate"):
                    client.assign(customer="cus_1", source="tok_1")


def _own(identity: Identity) -> dict[str, str]:
    return {
        "CARDS_REDIS_CERT": str(identity.certificate),
        "CARDS_REDIS_KEY": str(identity.key),
    }


def _named(ca: Identity, name: str) -> dict[str, str]:
    return {"CARDS_REDIS_CA": str(ca.certificate), "CARDS_REDIS_SERVER_NAME": name}
