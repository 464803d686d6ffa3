"""A worker's spans of attempts and requests, and when there are none."""

from __future__ import annotations

import pytest
from opentelemetry.trace import StatusCode

from producer.contract import Envelope, State
from producer.journal import ClaimingStopped, End, Grant, Retry
from producer.journal.redis.endpoints import Endpoint
from producer.observability.tracing import NO_SPAN
from tests.spans import PARENT, TRACE, TRACEPARENT, Spans, ids, parent_of
from worker.observability.tracing import Tracing

ROW = {
    "kind": "AssignCard",
    "user": "cus_1",
    "card": "tok_secret",
    "lane": "bulk",
    "queue": "bulk.3",
    "tries": "2",
    "accepted": "1000",
    "trace": TRACEPARENT,
}
GRANT = Grant("cmd", "1.x", 15_000, 3000, ROW)
SUPERSEDED = Envelope.no("superseded", "x")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    return Spans(monkeypatch)


def _end(state: State, code: str) -> End:
    return End(state, 200, Envelope.no(code, "tok_secret said no"), 60, SUPERSEDED)


@pytest.mark.parametrize(
    ("outcome", "state", "code", "failed"),
    [
        (
            End(State.SUCCEEDED, 200, Envelope.yes("done", {}), 60, SUPERSEDED),
            "succeeded",
            "",
            False,
        ),
        (_end(State.REJECTED, "card_declined"), "rejected", "card_declined", False),
        (_end(State.FAILED, "poison"), "failed", "poison", True),
        (Retry(500, True, "no_answer", "dropped"), "unknown", "no_answer", True),
        (Retry(500, False, "rate_limit", "slow"), "retrying", "rate_limit", True),
        (ClaimingStopped(5000, "key_refused", "no", False), "stopped", "key_refused", True),
    ],
)
def test_the_span_of_an_attempt(
    spans: Spans, outcome: End | Retry | ClaimingStopped, state: str, code: str, failed: bool
) -> None:
    """A span has state and code but no text, and an error if the command is retried or failed."""
    made = Tracing("http://127.0.0.1:1", on=True)
    with made.attempt(GRANT) as span:
        made.completed(span, outcome)
    (ended,) = spans.named("process AssignCard")
    assert (ids(ended)[0], parent_of(ended)) == (TRACE, PARENT)
    assert ended.attributes is not None
    assert ended.attributes["cards.state"] == state
    assert ended.attributes.get("cards.code", "") == code
    assert ended.attributes["messaging.destination.name"] == "bulk.3"
    assert (ended.attributes["cards.attempt"], ended.attributes["cards.waited_ms"]) == (2, 2000)
    assert (ended.status.status_code is StatusCode.ERROR) is failed
    assert "tok_secret" not in ended.to_json()


def test_a_request_has_a_span_within_an_attempt_alone(spans: Spans) -> None:
    """A read outside of an attempt has no span."""
    made = Tracing("https://api.stripe.com", on=True)
    assert made.request(Endpoint.READ_CUSTOMER) is NO_SPAN
    with made.attempt(GRANT), made.request(Endpoint.READ_CUSTOMER):
        pass
    (asked,), (tried,) = spans.named("GET"), spans.named("process")
    assert (asked.name, parent_of(asked)) == ("GET /v1/customers/:id", ids(tried)[1])
    assert asked.attributes is not None
    assert asked.attributes["server.address"] == "api.stripe.com"
    assert asked.attributes["server.port"] == 443


def test_an_exception_is_named_by_its_type(spans: Spans) -> None:
    """An exception's text, which may quote a token, is in no span."""
    made = Tracing("https://api.stripe.com", on=True)
    with pytest.raises(ValueError, match="tok_secret"), made.attempt(GRANT):
        raise ValueError("tok_secret")
    (ended,) = spans.named("process")
    assert ended.attributes is not None
    assert ended.attributes["error.type"] == "ValueError"
    assert "tok_secret" not in ended.to_json()


def test_without_tracing_every_span_is_a_no_op(spans: Spans) -> None:
    """Without tracing in the worker every span is the no-op span, whoever set OpenTelemetry up."""
    off = Tracing()
    with off.attempt(GRANT) as span:
        off.completed(span, _end(State.FAILED, "poison"))
    assert span is off.request(Endpoint.DEFAULT) is off.batch("b", 2, "bulk") is NO_SPAN
    assert not spans.named("")
