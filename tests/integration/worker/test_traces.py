"""One trace through real processes: web, a worker, and a stand-in for Stripe."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from producer.contract import Lane, State
from tests.crash.stage import Stage
from tests.otlp import Collector, Told
from tests.spans import PARENT, TRACE, TRACEPARENT, Spans, ids
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.integration

_MANY = 50


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


def _kinds(spans: list[Told], *kinds: str) -> list[Told]:
    return [one for one in spans if one.kind in kinds]


def test_one_trace_from_the_callers_request_to_stripes(stage: Stage, collector: Collector) -> None:
    """After a POST with a `traceparent`, whose first request fails, each span is in the caller's
    trace, the retry is a second attempt, and no span has a secret."""
    stage.worker("traced", "interactive,bulk", **collector.settings).ready()
    customer = stage.customer("Traced")
    stage.stripe.add_fault("drop", when="before", customer=f"^{customer}$", method="POST")
    token = f"tok_for{customer}"
    with WebProcess(stage.valkey.url, **collector.settings) as web:
        answer = httpx.post(
            f"{web.url}/api/cards/assign",
            json={"userId": customer, "source": token},
            headers={"traceparent": TRACEPARENT, "Prefer": "wait=30", "Idempotency-Key": "mine"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        spans = collector.wait(
            lambda spans: len(_kinds(spans, "CONSUMER")) == 2 and len(_kinds(spans, "SERVER")) == 1
        )
    assert {one.trace for one in spans} == {TRACE}
    (served,), (sent,) = _kinds(spans, "SERVER"), _kinds(spans, "PRODUCER")
    attempts, requests = _kinds(spans, "CONSUMER"), _kinds(spans, "CLIENT")
    assert (served.name, served.parent) == ("POST /api/cards/assign", PARENT)
    assert (sent.name, sent.parent) == ("send AssignCard", served.id)
    assert [one.parent for one in attempts] == [sent.id] * 2
    assert {one.parent for one in requests} == {one.id for one in attempts}
    assert (served.service, attempts[0].service) == ("card-commands-web", "card-commands-worker")

    command = sent.attributes["messaging.message.id"]
    results = [
        {name: one.attributes.get(f"cards.{name}") for name in ("attempt", "state", "code")}
        for one in attempts
    ]
    assert results[0] == {"attempt": 1, "state": "unknown", "code": results[0]["code"]}
    assert results[1] == {"attempt": 2, "state": "succeeded", "code": None}
    assert [one.failed for one in attempts] == [True, False]
    for one in attempts:
        assert one.attributes["cards.command.id"] == command
        assert one.attributes["cards.customer"] == customer
        assert (one.attributes["cards.lane"], one.name) == ("interactive", "process AssignCard")

    first, last = requests[0], requests[-1]
    assert first.failed
    assert first.attributes["url.template"] == "/v1/customers/:id/sources"
    assert last.name == "POST /v1/customers/:id/sources"
    assert last.attributes["http.response.status_code"] == 200
    assert last.attributes["stripe.request_id"].startswith("req_")
    assert last.attributes["server.address"] == "127.0.0.1"
    for secret in (token.encode(), b"sk_test_crash", b"mine"):
        assert secret not in collector.raw
    assert collector.paths == {"/v1/traces"}


def test_a_bulk_message_is_linked_to_each_command(
    stage: Stage, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bulk message's span links to each command, whose attempts belong to the trace that created
    it. On SIGTERM a worker sends its spans."""
    spans = Spans(monkeypatch)
    orders = [stage.order(stage.customer()) for _ in range(_MANY)]
    # Fewer start at once than there are: the others wait for a slot, and are linked all the same.
    # The lease is long, and the worker ready before anything is sent: a message older than
    # `sweeper.PATIENCE_S` counts as lost, and its commands are then executed without it.
    worker = stage.worker(
        "many",
        "interactive,bulk",
        CARDS_WORKER_CONCURRENCY="10",
        CARDS_LEASE="60",
        **collector.settings,
    )
    worker.ready()
    handles = list(stage.client.send_many(orders))
    for handle in handles:
        stage.ended(handle.id, State.SUCCEEDED)
    with worker.ending():
        worker.signal(signal.SIGTERM)
    received = collector.wait(lambda spans: any(one.name.endswith("CardCommands") for one in spans))
    (batch,) = [one for one in received if one.name == "process CardCommands"]
    attempts = [one for one in received if one.name == "process SetDefaultCard"]
    created = [ids(one) for one in spans.named("create")]
    assert len(set(created)) == _MANY
    assert sorted(batch.links) == sorted(created)
    assert (batch.parent, batch.attributes["messaging.batch.message_count"]) == ("", _MANY)
    assert sorted((one.trace, one.parent) for one in attempts) == sorted(created)
    assert {one.attributes["cards.lane"] for one in attempts} == {Lane.BULK.value}


def test_a_worker_without_tracing_leaves_the_context_alone(
    stage: Stage, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without tracing executes rows with a trace context, and a malformed context does not
    stop a worker with tracing."""
    Spans(monkeypatch)
    stage.worker("plain", "interactive").ready()
    command = stage.set_default(stage.customer())
    stage.ended(command, State.SUCCEEDED)
    assert stage.row(command)["trace"]

    damaged = stage.set_default(stage.customer(), lane=Lane.BULK)
    stage.redis.hset(f"cards:command:{damaged}", "trace", "00-nonsense")
    stage.worker("traced", "bulk", **collector.settings).ready()
    stage.ended(damaged, State.SUCCEEDED)
    spans = collector.wait(lambda spans: bool(_kinds(spans, "CONSUMER")))
    (tried,) = _kinds(spans, "CONSUMER")
    assert (tried.attributes["cards.command.id"], tried.parent) == (damaged, "")
