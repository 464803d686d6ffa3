"""Keys, rate limits, locks and latency."""

from __future__ import annotations

import asyncio
import base64

import pytest

from sandbox.control.config import Latency
from sandbox.http.limits import Limits, _Bucket
from sandbox.http.server import SandboxServer
from sandbox.objects import seed
from sandbox.protocol.errors import StripeError
from tests.sandbox.conftest import Api

JOHN = f"/v1/customers/{seed.CUSTOMER}"


async def test_api_keys(api: Api, server: SandboxServer) -> None:
    """Any test key is valid, as Bearer or Basic; none, live, revoked 401; forbidden 403."""
    server.service.config.update(
        {"revoked_keys": ["sk_test_old"], "forbidden_keys": ["rk_test_weak"]}
    )
    basic = base64.b64encode(b"rk_test_1:").decode()
    for authorization, status in (
        ("Bearer sk_test_1", 200),
        (f"Basic {basic}", 200),
        (None, 401),
        ("Basic !", 401),
        ("Digest x", 401),
        ("Bearer sk_live_1", 401),
        ("Bearer sk_test_old", 401),
        ("Bearer rk_test_weak", 403),
    ):
        answer = await api.send("GET", JOHN, authorization=authorization)
        assert answer.status == status, authorization
        if status == 401:
            assert "sk_live_1" not in str(answer.body)


@pytest.mark.parametrize(
    ("setting", "reason"), [("rps", "global-rate"), ("endpoint_rps", "endpoint-rate")]
)
async def test_rate_limit(api: Api, server: SandboxServer, setting: str, reason: str) -> None:
    """Over the rate the answer is 429 with the limiter's reason, and refusals are counted."""
    # So slow that the bucket, which holds at least one token, gains none during the test.
    server.service.config.update({setting: 0.001})
    assert (await api.get(JOHN)).status == 200
    answer = await api.get(f"{JOHN}/sources" if setting == "rps" else JOHN)
    assert answer.status == 429
    assert answer.headers["Stripe-Rate-Limited-Reason"] == reason
    if setting == "endpoint_rps":
        assert (await api.get(f"{JOHN}/sources")).status == 200
    seconds = server.service.limits.shown()
    assert sum(each["limited"] for each in seconds) == 1
    assert sum(each["endpoints"].get("GET /v1/customers/:id", 0) for each in seconds) >= 1


def test_bucket_holds_one_second() -> None:
    """A full bucket gives one second's tokens at once, then refills with time."""
    bucket = _Bucket(5.0, 0.0)
    assert [bucket.take(5.0, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert bucket.take(5.0, 0.2)
    assert not bucket.take(5.0, 0.2)
    assert sum(bucket.take(5.0, 100.0) for _ in range(10)) == 5


def test_endpoints_have_their_own_buckets() -> None:
    """One endpoint's limit does not affect the other's."""
    limits = Limits()
    limits.admit("POST /v1/customers/:id", None, 0.001)
    limits.admit("POST /v1/customers/:id/sources", None, 0.001)
    with pytest.raises(StripeError) as refused:
        limits.admit("POST /v1/customers/:id", None, 0.001)
    assert refused.value.status == 429


async def test_lock_timeout(api: Api, server: SandboxServer) -> None:
    """A second write to a locked customer is 429 lock_timeout, but no read or other customer."""
    other = (await api.post("/v1/customers")).body["id"]
    fault = server.service.faults.add({"kind": "stall", "method": "POST"})
    held = asyncio.create_task(api.post(JOHN, {"name": "Ana"}))
    assert await fault.hits.reached(1, 10)
    for refused in (
        await api.post(f"{JOHN}/sources", {"source": "tok_visa"}),
        await api.delete(f"{JOHN}/sources/{seed.CARD}"),
        await api.post("/v1/payment_methods/pm_card_visa/attach", {"customer": seed.CUSTOMER}),
    ):
        assert (refused.status, refused.error["code"]) == (429, "lock_timeout")
        assert "Stripe-Rate-Limited-Reason" not in refused.headers
    assert (await api.get(JOHN)).status == 200
    assert (await api.post(f"/v1/customers/{other}", {"name": "Eva"})).status == 200
    server.service.config.update({"lock_timeout": False})
    assert (await api.post(f"{JOHN}/sources", {"source": "tok_visa"})).status == 200
    fault.release()
    assert (await held).status == 200


async def test_latency_holds_the_customer(api: Api, server: SandboxServer) -> None:
    """During the latency of a write the customer is locked and the effect has not happened."""
    server.service.config.update({"latency": {"kind": "fixed", "ms": 60_000}})
    held = asyncio.create_task(api.post(JOHN, {"name": "Ana"}))
    assert await server.service.log.milestone.reached(1, 10)
    answer = await api.post(JOHN, {"name": "Eva"})
    assert (answer.status, answer.error["code"]) == (429, "lock_timeout")
    assert server.account.effects.kept == []
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held


def test_lognormal_latency_has_its_median_and_p99() -> None:
    """Half of the draws are below the median and 99 % below the p99; a seed repeats them."""
    latency = Latency("lognormal", median_ms=300, p99_ms=900, seed=1)
    draws = sorted(latency.seconds() for _ in range(20_000))
    assert draws[10_000] == pytest.approx(0.300, rel=0.05)
    assert draws[19_800] == pytest.approx(0.900, rel=0.10)
    again = Latency("lognormal", median_ms=300, p99_ms=900, seed=1)
    assert sorted(again.seconds() for _ in range(20_000)) == draws
