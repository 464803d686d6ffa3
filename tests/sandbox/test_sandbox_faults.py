"""Injected faults."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox.control.faults import FaultError, Faults
from sandbox.http.server import SandboxServer
from sandbox.objects import seed
from tests.sandbox.conftest import Api

JOHN = f"/v1/customers/{seed.CUSTOMER}"
FORM = {"default_source": seed.SECOND_CARD}


async def test_status_before_the_effect(api: Api, server: SandboxServer) -> None:
    """A status before the effect changes nothing, occurs `times` times, and may ask for a retry."""
    fault = server.service.faults.add(
        {"kind": "status", "status": 503, "times": 2, "should_retry": True}
    )
    for _ in range(2):
        answer = await api.post(JOHN, FORM)
        assert (answer.status, answer.headers["Stripe-Should-Retry"]) == (503, "true")
    assert server.account.effects.kept == []
    assert (await api.post(JOHN, FORM)).status == 200
    assert (fault.hits.value, fault.live) == (2, False)


async def test_a_status_has_the_rules_code_and_message(api: Api, server: SandboxServer) -> None:
    """Code and message are the rule's own, whatever they are; by default the sandbox's."""
    said = {"code": "<b>code</b>", "message": "<script>'\u2028\x00"}
    server.service.faults.add({"kind": "status", "status": 402, **said})
    error = (await api.post(JOHN, FORM)).error
    assert {name: error[name] for name in said} == said
    server.service.faults.add({"kind": "status", "status": 402})
    assert (await api.post(JOHN, FORM)).error["message"]


async def test_500_after_the_effect_is_saved(api: Api, server: SandboxServer) -> None:
    """A 500 after the effect is replayed under its key; the effect happened once."""
    server.service.faults.add({"kind": "status", "status": 500, "when": "after"})
    answers = [await api.post(JOHN, FORM, key="k1") for _ in range(2)]
    assert [each.status for each in answers] == [500, 500]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert server.account.effects.counts["default_source.set"] == 1


async def test_502_after_the_effect_is_not_saved(api: Api, server: SandboxServer) -> None:
    """A gateway's 502 after the effect hides the true answer; a retry gets that one."""
    server.service.faults.add({"kind": "status", "status": 502, "when": "after"})
    assert (await api.post(JOHN, FORM, key="k1")).status == 502
    retried = await api.post(JOHN, FORM, key="k1")
    assert (retried.status, retried.headers["Idempotent-Replayed"]) == (200, "true")
    assert server.account.effects.counts["default_source.set"] == 1


async def test_500_before_the_effect_can_be_saved(api: Api, server: SandboxServer) -> None:
    """With save, a 500 without effect is replayed under its key from then on."""
    server.service.faults.add({"kind": "status", "status": 500, "save": True})
    answers = [await api.post(JOHN, FORM, key="k1") for _ in range(2)]
    assert [each.status for each in answers] == [500, 500]
    assert server.account.effects.kept == []


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ({"kind": "drop"}, 0),
        ({"kind": "drop", "when": "after"}, 1),
        ({"kind": "truncate"}, 1),
    ],
)
async def test_broken_connections(
    api: Api, server: SandboxServer, fault: dict[str, Any], done: int
) -> None:
    """The client sees a broken connection; whether the effect happened is up to the rule."""
    server.service.faults.add(fault)
    with pytest.raises(aiohttp.ClientError):
        await api.post(JOHN, FORM, key="k1")
    assert server.account.effects.counts["default_source.set"] == done
    retried = await api.post(JOHN, FORM, key="k1")
    assert retried.status == 200
    assert ("Idempotent-Replayed" in retried.headers) is bool(done)
    assert server.account.effects.counts["default_source.set"] == 1


async def test_garbled_body(api: Api, server: SandboxServer) -> None:
    """A garbled answer is 200 with a body that is not JSON, after the effect."""
    server.service.faults.add({"kind": "garble"})
    with pytest.raises(ValueError, match="Expecting value"):
        await api.post(JOHN, FORM)
    assert server.account.effects.counts["default_source.set"] == 1


async def test_stall_before_the_effect(api: Api, server: SandboxServer) -> None:
    """A stalled request takes effect only once released, even if its client has left."""
    fault = server.service.faults.add({"kind": "stall"})
    held = asyncio.create_task(api.post(JOHN, FORM))
    assert await fault.hits.reached(1, 10)
    assert server.account.effects.kept == []
    held.cancel()
    fault.release()
    assert await server.account.effects.milestone.reached(1, 10)


async def test_stall_after_the_effect(api: Api, server: SandboxServer) -> None:
    """A request stalled after the effect has saved its answer and released the customer."""
    fault = server.service.faults.add({"kind": "stall", "when": "after"})
    held = asyncio.create_task(api.post(JOHN, FORM, key="k1"))
    assert await fault.hits.reached(1, 10)
    assert server.account.effects.counts["default_source.set"] == 1
    replayed = await api.post(JOHN, FORM, key="k1")
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert (await api.post(JOHN, {"name": "Ana"})).status == 200
    fault.release()
    assert (await held).status == 200


async def test_stall_then_drop(api: Api, server: SandboxServer) -> None:
    """Rules combine: all matching stalls, then the first rule of another kind."""
    stall = server.service.faults.add({"kind": "stall", "when": "after", "seconds": 0.01})
    server.service.faults.add({"kind": "drop", "when": "after"})
    unused = server.service.faults.add({"kind": "garble"})
    with pytest.raises(aiohttp.ClientError):
        await api.post(JOHN, FORM)
    assert (stall.hits.value, unused.hits.value) == (1, 0)


async def test_rules_match(api: Api, server: SandboxServer) -> None:
    """A rule hits only requests that match all its patterns."""
    server.service.faults.add(
        {
            "kind": "status",
            "status": 503,
            "times": None,
            "method": "post",
            "path": "^/v1/customers/[^/]+$",
            "customer": "QRs9",
            "idempotency_key": "^cmd-",
            "source": "second",
        }
    )
    assert (await api.post(JOHN, FORM, key="cmd-1")).status == 503
    assert (await api.post(JOHN, FORM, key="other")).status == 200
    assert (await api.post(JOHN, FORM)).status == 200
    assert (await api.post(JOHN, {"name": "Ana"}, key="cmd-2")).status == 200
    assert (await api.get(JOHN)).status == 200


async def test_probability_is_seeded(api: Api, server: SandboxServer) -> None:
    """The same seed hits the same requests in a sequence."""

    async def hits() -> list[int]:
        server.service.reset(keep_config=True)
        server.service.faults.add({"kind": "status", "probability": 0.5, "seed": 7, "times": None})
        return [(await api.get(JOHN)).status for _ in range(20)]

    first = await hits()
    assert {200, 500} == set(first)
    assert await hits() == first


@pytest.mark.parametrize(
    ("status", "extra", "kind", "code"),
    [
        (401, {}, "invalid_request_error", None),
        (403, {}, "invalid_request_error", None),
        (402, {"code": "expired_card"}, "card_error", "expired_card"),
        (404, {"code": "resource_missing"}, "invalid_request_error", "resource_missing"),
        (409, {}, "idempotency_error", "idempotency_key_in_use"),
        (424, {}, "api_error", None),
        (429, {}, "invalid_request_error", "lock_timeout"),
        (429, {"reason": "global-rate"}, "invalid_request_error", "rate_limit"),
        (429, {"reason": "endpoint-concurrency"}, "invalid_request_error", "rate_limit"),
        (502, {}, "api_error", None),
    ],
)
async def test_statuses_look_like_stripes(
    api: Api,
    server: SandboxServer,
    status: int,
    extra: dict[str, str],
    kind: str,
    code: str | None,
) -> None:
    """An injected status has the type, code and headers that Stripe uses for it."""
    server.service.faults.add({"kind": "status", "status": status, **extra})
    answer = await api.get(JOHN)
    assert (answer.status, answer.error["type"]) == (status, kind)
    assert answer.error.get("code") == code
    assert answer.headers.get("Stripe-Rate-Limited-Reason") == extra.get("reason")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "boom"},
        {"kind": "drop", "when": "during"},
        {"kind": "drop", "colour": "red"},
        {"kind": "drop", "id": "fault_9"},
        {"kind": "drop", "path": "("},
        {"kind": "drop", "probability": 2},
        {"kind": "status", "status": 200},
    ],
)
def test_invalid_rules_are_refused(wrong: dict[str, Any]) -> None:
    """An invalid rule is refused, not ignored."""
    with pytest.raises(FaultError):
        Faults().add(wrong)
