"""Callbacks go only to public addresses, and take bounded time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.servers.certificates import Certificates
from producer.security.standard_webhooks import CallbackSecrets
from tests.integration.receivers import SECRET, receiving
from worker.callbacks.http_client import CallbackClient, Unreached, is_public

_BODY = b"{}"
_HEADERS = {
    **CallbackSecrets.of(SECRET).headers("end_1", _BODY, now_s=1),
    "Content-Type": "application/json",
}


@pytest.fixture
async def allowed() -> AsyncIterator[CallbackClient]:
    """A client that may call any address, with a timeout of a second."""
    made = CallbackClient(private=True, answer_s=1)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::93.184.216.34", True),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    """Public addresses are recognised, also IPv4 embedded in IPv6."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_no_private_address_is_connected_to(host: str) -> None:
    """In any spelling, and by name: the address is checked when it is connected to."""
    async with receiving() as receiver:
        port = urlsplit(receiver.url).port
        requests = CallbackClient(private=False)
        with pytest.raises(Unreached) as refused:
            await requests.post(f"https://{host}:{port}/", _BODY, _HEADERS)
        # Newer versions of aiohttp reject odd spellings of addresses as invalid URLs.
        assert str(refused.value) in ("private_address", "InvalidUrlClientError")
        await requests.close()
        assert receiver.requests == 0


async def test_plain_http_is_refused() -> None:
    """Plain HTTP is refused without connecting, unless private addresses are allowed."""
    requests = CallbackClient(private=False)
    with pytest.raises(Unreached, match="not_https"):
        await requests.post("http://example.invalid/", _BODY, _HEADERS)
    await requests.close()


async def test_a_redirect_is_an_answer(allowed: CallbackClient) -> None:
    """A redirect is not followed."""
    async with receiving(statuses=[307, 307]) as receiver:
        assert await allowed.post(receiver.url, _BODY, _HEADERS) == 307
        assert receiver.requests == 1


async def test_an_endless_answer_is_not_read(allowed: CallbackClient) -> None:
    """Only the head of the answer is waited for."""
    async with receiving(endless=True) as receiver:
        assert await allowed.post(receiver.url, _BODY, _HEADERS) == 200


async def test_a_silent_receiver_is_given_up(allowed: CallbackClient) -> None:
    """A receiver that does not answer, or cannot be reached, is given up in time."""
    async with receiving(silent=True) as receiver:
        with pytest.raises(Unreached, match="Timeout"):
            await allowed.post(receiver.url, _BODY, _HEADERS)
    with pytest.raises(Unreached):
        await allowed.post(receiver.url, _BODY, _HEADERS)


async def test_an_untrusted_certificate_is_refused(allowed: CallbackClient, tmp_path: Path) -> None:
    """The certificate is verified, and nothing is sent to a receiver without a valid one."""
    tls = Certificates.make(tmp_path).server_context()
    async with receiving(tls=tls) as receiver:
        with pytest.raises(Unreached, match="Certificate"):
            await allowed.post(receiver.url, _BODY, _HEADERS)
        assert receiver.requests == 0


async def test_a_receiver_without_tls_is_sent_nothing(allowed: CallbackClient) -> None:
    """An https URL is never called without TLS."""
    async with receiving() as receiver:
        with pytest.raises(Unreached):
            await allowed.post(receiver.url.replace("http:", "https:"), _BODY, _HEADERS)
        assert receiver.requests == 0
