"""Web in front of a worker that requires signatures."""

from __future__ import annotations

import pytest

from tests.integration.signatures.forging import KEY, Forging
from tests.unit.http.web import client_of

pytestmark = pytest.mark.crash
WAIT = {"Prefer": "wait=30"}


async def test_web_with_keys(strict: Forging) -> None:
    """With keys commands are carried out, and cards are listed."""
    customer = strict.customer()
    body = {"userId": customer, "default_source": strict.card(customer)}
    async with client_of(strict.valkey.url, CARDS_SIGNING_KEYS=KEY) as client:
        done = await client.post("/api/cards/default", json=body, headers=WAIT)
        listed = await client.get(f"/api/cards/{customer}")
    assert (done.status_code, done.json()["status"]) == (200, True)
    assert (listed.status_code, len(listed.json()["data"])) == (200, 2)


async def test_web_without_keys(strict: Forging) -> None:
    """Without keys commands are refused with the reason, and nothing reaches Stripe."""
    customer = strict.customer()
    body = {"userId": customer, "source": "tok_visa"}
    async with client_of(strict.valkey.url) as client:
        refused = await client.post("/api/cards/assign", json=body, headers=WAIT)
    assert (refused.status_code, refused.json()["code"]) == (403, "signature_missing")
    assert refused.headers["Content-Location"].startswith("/api/tasks/")
    assert strict.sent(customer) == []
