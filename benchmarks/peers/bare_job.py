"""The job of the peers and of the floor: validate, one call of Stripe's SDK, an envelope.

The request is the one that our worker sends for an AssignCard, and the asyncio client behind the
SDK is as lean as ours, so that only the queues differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import aiohttp
import stripe
import urllib3
from pydantic import BaseModel, Field

_CONNECTIONS = 200
_TIMEOUT_S = 20.0


class Order(BaseModel):
    """The job's input."""

    customer: str = Field(pattern=r"^cus_\w+$")
    source: str = Field(pattern=r"^(tok|src)_\w+$")


class AsyncHttp(stripe.HTTPClient):
    """aiohttp, with as little around it as in `worker.stripe.gateway`."""

    name: ClassVar[str] = "aiohttp"

    def __init__(self) -> None:
        super().__init__()
        self._session: aiohttp.ClientSession | None = None

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        async with self._session.request(
            method.upper(), url, headers=headers, data=post_data, allow_redirects=False
        ) as response:
            return await response.read(), response.status, response.headers

    async def close_async(self) -> None:
        if self._session is not None:
            await self._session.close()


class BlockingHttp(stripe.HTTPClient):
    """urllib3, the leanest client for threads: half the cost of the SDK's own."""

    name: ClassVar[str] = "urllib3"

    def __init__(self) -> None:
        super().__init__()
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False, timeout=_TIMEOUT_S)

    def request(  # type: ignore[override]  # as the SDK's own clients: bytes, and no _usage
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        response = self._pool.request(method.upper(), url, headers=headers, body=post_data)
        return response.data, response.status, response.headers

    def close(self) -> None:
        self._pool.clear()


def client(api_base: str, http: stripe.HTTPClient) -> stripe.StripeClient:
    """The SDK with that HTTP client, calling the sandbox."""
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        "sk_test_sandbox_of_benchmarks",
        http_client=http,
        max_network_retries=0,
        base_addresses={"api": api_base},
    )


async def call(sdk: stripe.StripeClient, customer: str, source: str, key: str) -> Any:
    """Only the SDK's call."""
    response = await sdk.raw_request_async("post", *_request(customer), **_fields(source, key))
    return response.data


async def carry_out(sdk: stripe.StripeClient, fields: dict[str, Any], key: str) -> dict[str, Any]:
    """The job, on an asyncio loop."""
    order = Order.model_validate(fields)
    return _envelope(await call(sdk, order.customer, order.source, key))


def carry_out_blocking(
    sdk: stripe.StripeClient, fields: dict[str, Any], key: str
) -> dict[str, Any]:
    """The job, in a thread."""
    order = Order.model_validate(fields)
    path = _request(order.customer)
    response = sdk.raw_request("post", *path, **_fields(order.source, key))
    return _envelope(response.data)


def _request(customer: str) -> tuple[str]:
    return (f"/v1/customers/{customer}/sources",)


def _fields(source: str, key: str) -> dict[str, Any]:
    return {"source": source, "metadata": {"command_id": key}, "idempotency_key": key}


def _envelope(card: dict[str, Any]) -> dict[str, Any]:
    data = {"cardId": card["id"], "brand": card["brand"], "last4": card["last4"]}
    return {"status": True, "message": "Tarjeta añadida con éxito", "data": data}
