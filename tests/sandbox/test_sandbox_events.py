"""The sandbox sends events to a webhook endpoint, as Stripe does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import stripe
from aiohttp import web

from sandbox.http.server import EVENTS_SECRET, SandboxServer
from sandbox.objects import seed
from tests.sandbox.conftest import Api

_CUSTOMER = f"/v1/customers/{seed.CUSTOMER}"


class Endpoint:
    """Receives events, and verifies them with the SDK; refuses the first `refusals`."""

    def __init__(self) -> None:
        self.refusals = 0
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Receive one delivery."""
        body = await request.read()
        stripe.Webhook.construct_event(body, request.headers["Stripe-Signature"], EVENTS_SECRET)
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        self._events.put_nowait(json.loads(body))
        return web.Response()

    async def events(self, count: int) -> dict[str, dict[str, Any]]:
        """The next events, by type; they come in any order."""
        found = [await asyncio.wait_for(self._events.get(), 60) for _ in range(count)]
        assert len({one["id"] for one in found}) == count
        return {one["type"]: one for one in found}


async def test_thin_events_conform() -> None:
    """The SDK's own parser accepts events with the thin payload, and finds the object."""
    client = stripe.StripeClient("sk_test_x")
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def handle(request: web.BaseRequest) -> web.Response:
        body, signature = await request.read(), request.headers["Stripe-Signature"]
        heard.put_nowait(client.parse_event_notification(body, signature, EVENTS_SECRET))
        return web.Response()

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with (
        SandboxServer(events_url=url, events_payload="thin") as server,
        aiohttp.ClientSession() as session,
    ):
        api = Api(session, server.url)
        await api.post(f"{_CUSTOMER}/sources", {"source": "tok_visa"})  # Stripe has none thin
        await api.post(_CUSTOMER, {"default_source": seed.SECOND_CARD}, key="key-1")
        found = await asyncio.wait_for(heard.get(), 60)
    await runner.cleanup()
    assert (found.type, found.related_object.id) == ("v1.customer.updated", seed.CUSTOMER)
    assert found.reason.request.idempotency_key == "key-1"
    assert heard.empty()


@pytest.fixture
async def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def sending(endpoint: Endpoint) -> AsyncIterator[Api]:
    """A sandbox that sends events to the endpoint."""
    runner = web.ServerRunner(web.Server(endpoint.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with SandboxServer(events_url=url) as server, aiohttp.ClientSession() as session:
        yield Api(session, server.url)
    await runner.cleanup()


async def test_a_new_default(sending: Api, endpoint: Endpoint) -> None:
    """One `customer.updated` with the old values and the request that changed them; once."""
    for _ in range(2):  # the second is a replay, and changes nothing
        await sending.post(_CUSTOMER, {"default_source": seed.SECOND_CARD}, key="k1")
    await sending.post(_CUSTOMER, {"name": "Ana"}, key="k2")
    first = (await endpoint.events(2))["customer.updated"]
    assert first["object"] == "event"
    changed = {"default_source": seed.CARD}, {"name": "John Doe"}
    assert first["data"]["previous_attributes"] in changed
    await sending.post(_CUSTOMER, {"default_source": seed.CARD}, key="k3")
    event = (await endpoint.events(1))["customer.updated"]
    assert event["data"]["object"]["default_source"] == seed.CARD
    assert event["data"]["previous_attributes"] == {"default_source": seed.SECOND_CARD}
    assert event["request"]["idempotency_key"] == "k3"
    assert event["request"]["id"].startswith("req_")


async def test_cards_are_added_and_removed(sending: Api, endpoint: Endpoint) -> None:
    """Sources and payment methods have their own events, besides the customer's."""
    made = await sending.post(f"{_CUSTOMER}/sources", {"source": "tok_visa"})
    event = (await endpoint.events(1))["customer.source.created"]
    assert (event["data"]["object"]["id"], event["request"]["idempotency_key"]) == (
        made.body["id"],
        None,
    )
    await sending.delete(f"{_CUSTOMER}/sources/{seed.CARD}")
    both = await endpoint.events(2)
    assert both["customer.source.deleted"]["data"]["object"]["id"] == seed.CARD
    assert both["customer.updated"]["data"]["object"]["default_source"] == made.body["id"]
    attached = f"/v1/payment_methods/{seed.PAYMENT_METHOD}"
    await sending.post(f"{attached}/attach", {"customer": seed.CUSTOMER})
    event = (await endpoint.events(1))["payment_method.attached"]
    assert event["data"]["object"]["customer"] == seed.CUSTOMER
    await sending.post(f"{attached}/detach")
    data = (await endpoint.events(1))["payment_method.detached"]["data"]
    assert data["object"]["customer"] is None
    assert data["previous_attributes"] == {"customer": seed.CUSTOMER}
    await sending.delete(_CUSTOMER)
    event = (await endpoint.events(1))["customer.deleted"]
    assert event["data"]["object"]["deleted"] is True


async def test_a_failed_delivery_is_retried(sending: Api, endpoint: Endpoint) -> None:
    """The same event is sent again, with a new signature."""
    endpoint.refusals = 1
    await sending.post(_CUSTOMER, {"name": "Ana"})
    assert (await endpoint.events(1))["customer.updated"]["data"]["object"]["name"] == "Ana"
