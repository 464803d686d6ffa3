"""A worker process behind a company's proxy: what it logs, sends, and never shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.servers.certificates import Certificates
from local.servers.connect_proxy import ConnectProxy
from local.servers.relay import Relay
from producer import CardCommands
from sandbox.control.client import SandboxControl
from sandbox.http.server import SandboxThread
from tests.integration.access import processes

pytestmark = pytest.mark.integration

STRIPE = "stripe.test"
KEY = "sk_test_proxied"
CREDENTIALS = "me@corp:s3cret:/"
CUSTOMER, CARDS = "cus_Proxied", ("card_Proxiedn1", "card_Proxiedn2")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A private CA, with certificates for the stand-in and the proxy."""
    folder = tmp_path_factory.mktemp("certificates")
    return Certificates.make(folder, f"IP:127.0.0.1,DNS:{STRIPE}")


@pytest.fixture
def sandbox() -> Iterator[SandboxThread]:
    """The stand-in for Stripe."""
    with SandboxThread() as running:
        SandboxControl(running.url).configure(auto_create=True)
        yield running


class ProxiedStripe:
    """The stand-in at a name that only a proxy knows; a context manager.

    The proxy is reached by TLS and tunnels to a stand-in behind TLS, or, where it inspects, is
    reached in plain and ends TLS itself. It wants credentials.
    """

    def __init__(self, inspecting: bool, sandbox: SandboxThread, made: Certificates) -> None:
        port = urlsplit(sandbox.url).port
        assert port is not None
        tls = made.server_context()
        self._stack = ExitStack()
        self.stripe = Relay(port, tls=None if inspecting else tls)
        self.proxy = ConnectProxy(
            {f"{STRIPE}:443": self.stripe.port},
            tls=None if inspecting else tls,
            inspecting=tls if inspecting else None,
            credentials=CREDENTIALS,
        )

    def __enter__(self) -> ProxiedStripe:
        self._stack.enter_context(self.stripe)
        self._stack.enter_context(self.proxy)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def settings(self, redis_url: str) -> dict[str, str]:
        """The worker's settings, without a CA."""
        return {
            "REDIS_URL": redis_url,
            "STRIPE_API_KEY": KEY,
            "STRIPE_API_BASE": f"https://{STRIPE}",
            "HTTPS_PROXY": self.proxy.url.replace("://", "://me%40corp:s3cret%3A%2F@"),
        }

    def check_unseen(self, output: str) -> None:
        """Check that neither the proxy nor the log has a secret."""
        for head in self.proxy.heads:
            assert head.startswith(f"CONNECT {STRIPE}:443 HTTP/1.1\r\n")
            assert KEY not in head
        for secret in ("s3cret", "me@corp", "me%40corp", KEY):
            assert secret not in output
        assert "Traceback" not in output


@pytest.mark.parametrize(
    ("inspecting", "ca"), [(True, "CARDS_STRIPE_CA"), (False, "SSL_CERT_FILE")]
)
def test_commands_go_through_the_proxy(
    inspecting: bool,
    ca: str,
    sandbox: SandboxThread,
    made: Certificates,
    redis_url: str,
    tmp_path: Path,
) -> None:
    """With proxy and CA in the settings commands are executed, over one kept tunnel per slot."""
    with ProxiedStripe(inspecting, sandbox, made) as proxied:
        settings = proxied.settings(redis_url) | {ca: str(made.ca.certificate)}
        with (
            processes.worker(tmp_path, settings) as worker,
            CardCommands.from_env(settings) as client,
        ):
            worker.until_says(
                f"Stripe is at https://{STRIPE}, through the proxy {proxied.proxy.url} "
                f"(HTTPS_PROXY), verified by the CAs in {made.ca.certificate}"
            )
            for card in CARDS * 2:
                sent = client.set_default(customer=CUSTOMER, card=card)
                assert sent.wait(30).status, worker.output
        proxied.check_unseen(worker.output)
        assert len(proxied.proxy.heads) == 1


def test_an_unreachable_stripe_is_logged_once_and_waited_for(
    sandbox: SandboxThread, made: Certificates, redis_url: str, tmp_path: Path
) -> None:
    """While the proxy refuses, commands wait and the log is short; then they are executed."""
    with ProxiedStripe(True, sandbox, made) as proxied:
        settings = proxied.settings(redis_url) | {"SSL_CERT_FILE": str(made.ca.certificate)}
        proxied.proxy.answer = "403 Forbidden"
        line = (
            f"nothing was sent to Stripe: the proxy {proxied.proxy.url} answered 403 instead of"
            " connecting"
        )
        with (
            processes.worker(tmp_path, settings) as worker,
            CardCommands.from_env(settings) as client,
        ):
            sent = [
                client.set_default(customer=f"{CUSTOMER}{n}", card=f"card_Proxied{n}n1")
                for n in range(20)
            ]
            worker.until_says(line)
            worker.until(lambda: len(proxied.proxy.heads) >= 30, "no second attempts")
            lines = [one for one in worker.output.splitlines() if line in one]
            assert len(lines) * 5 < len(proxied.proxy.heads)
            proxied.proxy.answer = ""
            for one in sent:
                assert one.wait(60).status, worker.output
        proxied.check_unseen(worker.output)


def test_an_unknown_ca_is_logged(
    sandbox: SandboxThread, made: Certificates, redis_url: str, tmp_path: Path
) -> None:
    """Without the CA of a proxy that inspects TLS, the log names the setting."""
    with ProxiedStripe(True, sandbox, made) as proxied:
        settings = proxied.settings(redis_url)
        with (
            processes.worker(tmp_path, settings) as worker,
            CardCommands.from_env(settings) as client,
        ):
            client.set_default(customer=CUSTOMER, card=CARDS[0])
            worker.until_says(
                f"nothing was sent to Stripe: TLS with {STRIPE} through the proxy "
                f"{proxied.proxy.url} failed: certificate verify failed: "
            )
            worker.until_says("; if a proxy inspects TLS, CARDS_STRIPE_CA is to name the file of")
        proxied.check_unseen(worker.output)
        assert not SandboxControl(sandbox.url).requests()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("HTTPS_PROXY", "socks5://me:s3cret@proxy.test:1", "HTTPS_PROXY must be a URL such as"),
        ("https_proxy", "http://me:s3cret@", "https_proxy must be a URL such as"),
        ("CARDS_STRIPE_CA", "/nowhere/ca.pem", "CARDS_STRIPE_CA names a file that cannot be read"),
        ("SSL_CERT_FILE", "/dev/null", "SSL_CERT_FILE names a file that holds no PEM certificate"),
    ],
)
def test_a_wrong_setting_stops_the_worker_at_its_start(
    setting: str, value: str, said: str, redis_url: str, tmp_path: Path
) -> None:
    """A wrong setting ends the worker with one line that names it."""
    settings = {
        "REDIS_URL": redis_url,
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": f"https://{STRIPE}",
        setting: value,
    }
    with processes.worker(tmp_path, settings) as worker:
        assert worker.ended() == 1
        (line,) = worker.output.splitlines()
        assert line.startswith(f"worker: {said}")
        assert "s3cret" not in line


def test_loopback_is_reached_without_the_proxy(
    sandbox: SandboxThread, redis_url: str, tmp_path: Path
) -> None:
    """A worker reaches `make up`'s sandbox without the environment's proxy."""
    nobody = "http://127.0.0.1:9"
    settings = {
        "REDIS_URL": redis_url,
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": sandbox.url,
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), nobody),
    }
    with (
        processes.worker(tmp_path, settings) as worker,
        CardCommands.from_env(settings) as client,
    ):
        worker.until_says(f"Stripe is at {sandbox.url}, without a proxy")
        sent = client.set_default(customer=CUSTOMER, card=CARDS[0])
        assert sent.wait(30).status, worker.output
