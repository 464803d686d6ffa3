"""The web process's spans, and the trace context that it passes to commands."""

from __future__ import annotations

import pytest
import redis
from opentelemetry.trace import SpanKind

from tests.spans import PARENT, TRACE, TRACEPARENT, Spans, ids, parent_of
from tests.unit.http.web import ASSIGN, CARD, DEFAULT, client_of

NO_WAIT = {"Prefer": "respond-async"}


def _rows(redis_url: str) -> list[dict[str, str]]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as asked:
        return [asked.hgetall(key) for key in asked.scan_iter("cards:command:*")]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    return Spans(monkeypatch)


async def test_a_post_continues_its_callers_trace(redis_url: str, spans: Spans) -> None:
    """The spans of caller, server and producer are parents in turn, and the row has the context."""
    async with client_of(redis_url) as client:
        answer = await client.post(
            "/api/cards/assign", json=ASSIGN, headers={**NO_WAIT, "traceparent": TRACEPARENT}
        )
    assert answer.status_code == 202
    (served,), (sent,) = spans.named("POST"), spans.named("send")
    assert (served.name, served.kind) == ("POST /api/cards/assign", SpanKind.SERVER)
    assert (ids(served)[0], parent_of(served)) == (TRACE, PARENT)
    assert (ids(sent)[0], parent_of(sent)) == (TRACE, ids(served)[1])
    assert sent.kind is SpanKind.PRODUCER
    (row,) = _rows(redis_url)
    assert row["trace"] == "00-{}-{}-01".format(*ids(sent))
    assert served.attributes is not None
    assert sent.attributes is not None
    assert dict(served.attributes) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.response.status_code": 202,
        "http.route": "/api/cards/assign",
        "cards.command.id": sent.attributes["messaging.message.id"],
    }
    assert ASSIGN["source"] not in served.to_json() + sent.to_json()


async def test_a_waiting_request_has_the_same_span(redis_url: str, spans: Spans) -> None:
    """The span lasts until the answer."""
    async with client_of(redis_url) as client:
        answer = await client.post("/api/cards/default", json=DEFAULT, headers={"Prefer": "wait=1"})
    (served,), (sent,) = spans.named("POST"), spans.named("send")
    assert parent_of(served) == ""
    assert parent_of(sent) == ids(served)[1]
    assert served.attributes is not None
    assert served.attributes["http.response.status_code"] == answer.status_code


async def test_spans_hold_neither_path_nor_query(redis_url: str, spans: Spans) -> None:
    """No span contains a card number from the path, the query or a refused field."""
    async with client_of(redis_url) as client:
        await client.post(f"/api/cards/{CARD}/x?number={CARD}", json=DEFAULT)
        await client.post(f"/api/cards/assign?number={CARD}", json=ASSIGN)
        await client.post("/api/cards/assign", json={**ASSIGN, "source": CARD})
        await client.get(f"/api/cards/{CARD}")
    served = spans.named("POST")
    assert len(served) == 3
    assert CARD not in "".join(one.to_json() for one in served)


@pytest.mark.parametrize("given", ["00-xyz", f"00-{'0' * 32}-{PARENT}-01", "4242424242424242"])
async def test_a_malformed_traceparent_is_ignored(redis_url: str, spans: Spans, given: str) -> None:
    """The request is handled, in a trace of its own."""
    async with client_of(redis_url) as client:
        headers = {**NO_WAIT, "traceparent": given}
        assert (await client.post("/api/cards/assign", json=ASSIGN, headers=headers)).is_success
    (served,) = spans.named("POST")
    assert parent_of(served) == ""


@pytest.mark.parametrize(
    ("given", "kept"), [([TRACEPARENT], TRACEPARENT), (["x"], None), ([TRACEPARENT] * 2, None)]
)
async def test_without_tracing_a_callers_context_is_passed_on(
    redis_url: str, given: list[str], kept: str | None
) -> None:
    """A tracing worker continues the caller's trace; malformed or repeated contexts are dropped."""
    headers = [*NO_WAIT.items(), *(("traceparent", one) for one in given)]
    async with client_of(redis_url) as client:
        assert (await client.post("/api/cards/assign", json=ASSIGN, headers=headers)).is_success
    (row,) = _rows(redis_url)
    assert row.get("trace") == kept
