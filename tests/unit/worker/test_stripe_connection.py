"""TLS and proxies between worker and Stripe: failures send nothing, and their texts name them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import traceback
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import uvloop

from local.processes.ports import free_port
from local.servers.certificates import Certificates
from local.servers.connect_proxy import ConnectProxy
from worker.stripe.certificate_authorities import Authorities
from worker.stripe.http_client import Answer, HttpConnections, NoAnswer, NotSent
from worker.stripe.proxies import proxy_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
STRIPE = "stripe.test"
SECRET = "sk_test_veryverysecret"
Run: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA, and a certificate for the stand-in and for the proxies."""
    folder = tmp_path_factory.mktemp("certificates")
    return Certificates.make(folder, f"IP:127.0.0.1,DNS:{STRIPE}")


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a coroutine on asyncio's loop and on the worker's."""
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner.run


@dataclass
class Server:
    """Answers every request, and records it."""

    tls: ssl.SSLContext | None = None
    port: int = 0
    heard: bytearray = field(default_factory=bytearray)

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                self.heard += data
                if data.endswith(b"a=b"):
                    writer.write(OK)
        except OSError:
            pass
        finally:
            writer.close()


async def ask(
    url: str,
    *,
    ca: Path | None = None,
    proxy: str = "",
    timeout: float = 30,
    connect_timeout: float = 20,
    times: int = 1,
) -> Answer:
    http = HttpConnections(
        timeout=timeout,
        connect_timeout=connect_timeout,
        tls=lambda: Authorities(str(ca)).context("") if ca else ssl.create_default_context(),
        proxy=proxy_of({"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy}, url),
    )
    try:
        for _ in range(times):
            answer = await http.request(
                "POST", url, {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": "k"}, b"a=b"
            )
    finally:
        await http.close()
    return answer


def test_a_verified_server_is_used(made: Certificates, run: Run) -> None:
    """With its CA the stand-in is reached over TLS."""

    async def scenario() -> None:
        async with Server(made.server_context()) as server:
            url = f"https://127.0.0.1:{server.port}"
            assert (await ask(url, ca=made.ca.certificate))[0] == 200

    run(scenario())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("unknown CA", r"certificate verify failed: .*; if a proxy .* CARDS_STRIPE_CA is to name"),
        ("another name", r"certificate verify failed: Hostname mismatch, .*; another server"),
        ("expired", r"certificate verify failed: certificate has expired; is the clock"),
    ],
)
def test_an_untrusted_server_is_sent_nothing(
    fault: str,
    said: str,
    made: Certificates,
    tmp_path: Path,
    run: Run,
) -> None:
    """With any fault of TLS the request is not sent, and the error names the fault."""
    ca, tls = made.ca.certificate, made.server_context()
    match fault:
        case "unknown CA":
            ca = made.wrong_ca.certificate
        case "expired":
            old = Certificates.make(tmp_path, "DNS:localhost", days=-1)
            ca, tls = old.ca.certificate, old.server_context()

    async def scenario() -> None:
        async with Server(tls) as server:
            with pytest.raises(NotSent, match=said):
                await ask(f"https://localhost:{server.port}", ca=ca)
            assert SECRET.encode() not in server.heard

    run(scenario())


def test_a_server_without_tls(run: Run) -> None:
    """A plain HTTP answer to the handshake is reported as such."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotSent, match=r"^TLS with localhost failed: it does not speak TLS"):
            await ask(f"https://localhost:{port}")
        server.close()

    run(scenario())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_a_server_with_old_tls(made: Certificates, run: Run) -> None:
    """TLS 1.1 is refused, and reported as such."""
    context = made.server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1

    # On a blocking socket: asyncio closes before OpenSSL's alert is written.
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(asyncio.to_thread(serve, listener))
            with pytest.raises(NotSent, match=r"it speaks no TLS 1\.2 or newer"):
                await ask(f"https://127.0.0.1:{listener.getsockname()[1]}")
            await serving

    run(scenario())


@pytest.mark.parametrize("how", ["at once", "in the handshake", "reset"])
def test_a_handshake_that_is_cut_off(how: str, run: Run) -> None:
    """A server that closes during the handshake has been sent nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if how != "at once":
            await reader.read(1)
        if how == "reset":
            writer.transport.abort()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotSent, match=r"^(no connection to|TLS with) 127\.0\.0\.1"):
            await ask(f"https://127.0.0.1:{port}")
        server.close()

    run(scenario())


@pytest.mark.parametrize(("timeout", "connect_timeout"), [(60.0, 0.2), (0.2, 60.0)])
def test_a_handshake_that_stalls_ends_with_the_timeout(
    timeout: float, connect_timeout: float, run: Run
) -> None:
    """It ends within the connect timeout, or the request's if shorter: nothing was sent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotSent, match=r"^no connection to 127\.0\.0\.1 within 0\.2 s$"):
            await ask(f"https://127.0.0.1:{port}", timeout=timeout, connect_timeout=connect_timeout)
        server.close()

    run(scenario())


@pytest.mark.parametrize("kind", ["http", "https", "inspecting"])
def test_through_a_proxy(kind: str, made: Certificates, run: Run) -> None:
    """One tunnel is made, for a name that only the proxy knows; only its far end sees the key."""

    async def scenario() -> None:
        inspecting = kind == "inspecting"
        async with Server(None if inspecting else made.server_context()) as server:
            with ConnectProxy(
                {f"{STRIPE}:443": server.port},
                tls=made.server_context() if kind == "https" else None,
                inspecting=made.server_context() if inspecting else None,
                credentials="me@corp:s3cret:/",
            ) as proxy:
                url = proxy.url.replace("://", "://me%40corp:s3cret%3A%2F@")
                answer = await ask(
                    f"https://{STRIPE}/v1", ca=made.ca.certificate, proxy=url, times=3
                )
                assert answer[0] == 200
            (head,) = proxy.heads
            assert head.startswith(f"CONNECT {STRIPE}:443 HTTP/1.1\r\n")
            assert SECRET not in head
            assert "Idempotency" not in head
            assert server.heard.count(f"Bearer {SECRET}".encode()) == 3
            assert b"roxy" not in server.heard

    run(scenario())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("407 Who Are You", r"wants a user and password \(407\): HTTPS_PROXY is to hold them"),
        ("403 Forbidden", "answered 403 instead of connecting"),
        ("502 Bad Gateway", "answered 502 instead of connecting"),
        ("close", "no connection to stripe.test through the proxy"),
        ("hello", "no connection to stripe.test through the proxy"),
        ("wait", "no connection to stripe.test through the proxy .* within 0.3 s"),
    ],
)
def test_a_proxy_that_does_not_connect(
    answer: str,
    said: str,
    run: Run,
) -> None:
    """If the proxy does anything else, nothing was sent, and the error names the proxy."""

    async def scenario() -> None:
        with ConnectProxy({}) as proxy:
            proxy.answer = answer
            within = 0.3 if answer == "wait" else 20
            with pytest.raises(NotSent, match=said) as caught:
                await ask(f"https://{STRIPE}", proxy=proxy.url, connect_timeout=within)
            assert f"the proxy {proxy.url}" in str(caught.value)

    run(scenario())


def test_wrong_credentials_are_reported_and_not_shown(
    run: Run,
) -> None:
    """The proxy's address is in the message, user and password are not."""

    async def scenario() -> None:
        with ConnectProxy({}, credentials="me:right") as proxy:
            url = proxy.url.replace("://", "://somebody:s3cret@")
            with pytest.raises(NotSent, match=r"refused user and password \(407\)") as caught:
                await ask(f"https://{STRIPE}", proxy=url)
        shown = f"{caught.value!r} {''.join(traceback.format_exception(caught.value))}"
        assert "s3cret" not in shown
        assert "somebody" not in str(caught.value)

    run(scenario())


def test_a_proxy_out_of_reach(run: Run) -> None:
    """The error names the proxy, not Stripe."""
    port = free_port()
    with pytest.raises(NotSent, match=rf"^no connection to the proxy http://127\.0\.0\.1:{port} "):
        run(ask(f"https://{STRIPE}", proxy=f"http://127.0.0.1:{port}"))


def test_a_proxy_without_an_address(run: Run) -> None:
    """A proxy's name without an address is reported as such."""
    with pytest.raises(
        NotSent, match=r"^no address is known of the proxy http://proxy\.invalid:1$"
    ):
        run(ask(f"https://{STRIPE}", proxy="http://proxy.invalid:1"))


@pytest.mark.parametrize("kind", ["inspecting", "https"])
def test_a_proxy_with_an_unknown_ca(kind: str, made: Certificates, run: Run) -> None:
    """A proxy that inspects or speaks TLS is not trusted without its CA, and is named."""

    async def scenario() -> None:
        async with Server() as server:
            with ConnectProxy(
                {f"{STRIPE}:443": server.port},
                tls=made.server_context() if kind == "https" else None,
                inspecting=made.server_context() if kind == "inspecting" else None,
            ) as proxy:
                who = STRIPE if kind == "inspecting" else "the proxy https"
                with pytest.raises(
                    NotSent, match=rf"^TLS with {who}.*CARDS_STRIPE_CA is to name"
                ) as caught:
                    await ask(f"https://{STRIPE}", ca=made.wrong_ca.certificate, proxy=proxy.url)
                assert proxy.url in str(caught.value)
            assert not server.heard

    run(scenario())


def test_a_tunnel_that_breaks_after_the_request(made: Certificates, run: Run) -> None:
    """Once the request is in the tunnel its effect is unknown, whatever the proxy does."""

    async def scenario() -> None:
        started = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"a=b")
            started.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=made.server_context())
        port = server.sockets[0].getsockname()[1]
        with ConnectProxy({f"{STRIPE}:443": port}) as proxy:
            asking = asyncio.ensure_future(
                ask(f"https://{STRIPE}", ca=made.ca.certificate, proxy=proxy.url)
            )
            await started.wait()
            proxy.cut()
            with pytest.raises(NoAnswer):
                await asking
        server.close()

    run(scenario())


def test_a_stand_in_over_http_is_asked_through_its_proxy(
    run: Run,
) -> None:
    """Without TLS there is no tunnel: the proxy gets the whole URL."""

    async def scenario() -> None:
        async with Server() as proxy:
            url = f"http://me:s3cret@127.0.0.1:{proxy.port}"
            assert (await ask(f"http://{STRIPE}/v1?x=%2F", proxy=url))[0] == 200
            assert proxy.heard.startswith(b"POST http://stripe.test/v1?x=%2F HTTP/1.1\r\n")
            assert b"Proxy-Authorization: Basic bWU6czNjcmV0\r\n" in proxy.heard

    run(scenario())
