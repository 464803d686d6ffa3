"""A worker process behind a company's proxy: what it says, what it sends, and what it never shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.certificates import Certificates
from local.connect_proxy import ConnectProxy
from local.relay import Relay
from local.waiting import until
from producer import CardCommands
from sandbox.control import SandboxControl
from sandbox.server import SandboxThread
from tests.integration.access import processes

pytestmark = pytest.mark.integration

STRIPE = "stripe.test"
KEY = "sk_test_access"
USER, PASSWORD = "me@corp", "s3cret"
CUSTOMER, CARD = "cus_Proxied", "card_Proxiedn2"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A private CA, and what it signed for the stand-in and for the proxy."""
    folder = tmp_path_factory.mktemp("certificates")
    return Certificates.make(folder, f"IP:127.0.0.1,DNS:{STRIPE}")


@pytest.fixture
def sandbox() -> Iterator[SandboxControl]:
    """The stand-in for Stripe, in plain HTTP."""
    with SandboxThread() as running:
        control = SandboxControl(running.url)
        control.configure(auto_create=True)
        yield control


def proxy_before(kind: str, sandbox: SandboxControl, made: Certificates) -> ConnectProxy:
    """One that inspects TLS, or one that is reached by TLS and tunnels to a stand-in behind TLS."""
    port = sandbox.port
    if kind == "inspecting":
        targets, inspecting, tls = {f"{STRIPE}:443": port}, made.server_context(), None
    else:
        targets, inspecting, tls = {f"{STRIPE}:443": port}, None, made.server_context()
    return ConnectProxy(
        targets, tls=tls, inspecting=inspecting, credentials=f"{USER}:{PASSWORD}"
    )
