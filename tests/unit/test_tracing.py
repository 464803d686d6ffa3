"""The trace context, and how the client writes it into the journal's rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from opentelemetry import context, trace

from producer import AsyncCardCommands, CardCommands
from producer.contract import Lane, ParameterInvalid, SetDefaultCard
from producer.observability import tracing
from tests.spans import PARENT, TRACE, TRACEPARENT, Spans, ids, parent_of

ORDER = SetDefaultCard(customer="cus_1", card="card_1")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    return Spans(monkeypatch)


@pytest.fixture
def client(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url) as made:
        yield made


def _trace(redis_url: str, command_id: str) -> str | None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as asked:
        found = asked.hget(f"cards:command:{command_id}", "trace")
        assert found is None or isinstance(found, str)
        return found


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (TRACEPARENT, TRACEPARENT),
        (f" {TRACEPARENT} ", TRACEPARENT),
        (f"00-{TRACE}-{PARENT}-03", TRACEPARENT),  # a random id; only "sampled" is kept
        (f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-00"),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-has", TRACEPARENT),
        (f"00-{TRACE}-{PARENT}-01-more", ""),
        (f"ff-{TRACE}-{PARENT}-01", ""),
        (f"00-{'0' * 32}-{PARENT}-01", ""),
        (f"00-{TRACE}-{'0' * 16}-01", ""),
        (f"00-{TRACE.upper()}-{PARENT}-01", ""),
        (f"00-{TRACE}-{PARENT}", ""),
        ("4242424242424242", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_stored_form_of_a_traceparent(given: str | None, kept: str) -> None:
    """The stored form follows W3C's recommendation; a malformed context is ignored."""
    assert tracing.parse(given) == kept


def test_without_tracing_a_row_has_no_context(client: CardCommands, redis_url: str) -> None:
    """Without tracing rows have no context, of one command or of many."""
    assert not tracing.is_on()
    handles = [client.send(ORDER), *client.send_many([ORDER, ORDER])]
    assert [_trace(redis_url, one.id) for one in handles] == [None] * 3


def test_a_command_continues_its_callers_trace(
    client: CardCommands, redis_url: str, spans: Spans
) -> None:
    """The producer's span is the caller's child, and its context is the row's."""
    with spans.provider.get_tracer("caller").start_as_current_span("caller") as caller:
        handle = client.send(ORDER)
    (sent,) = spans.named("send")
    assert (sent.name, sent.kind) == ("send SetDefaultCard", trace.SpanKind.PRODUCER)
    assert parent_of(sent) == f"{caller.get_span_context().span_id:016x}"
    assert _trace(redis_url, handle.id) == "00-{}-{}-01".format(*ids(sent))
    assert sent.attributes is not None
    assert sent.attributes["messaging.message.id"] == handle.id
    assert sent.attributes["messaging.destination.name"] == "interactive"
    assert "card_1" not in str(dict(sent.attributes))


async def test_the_async_client_does_the_same(redis_url: str, spans: Spans) -> None:
    """The async client makes one span, whose context is the row's."""
    async with AsyncCardCommands(redis_url) as client:
        handle = await client.send(ORDER, lane="bulk")
    (sent,) = spans.named("send")
    assert _trace(redis_url, handle.id) == "00-{}-{}-01".format(*ids(sent))


def test_each_of_many_has_a_context_of_its_own(
    client: CardCommands, redis_url: str, spans: Spans
) -> None:
    """Each command has a span: the caller's child if there is one, else of a new trace."""
    with spans.provider.get_tracer("caller").start_as_current_span("caller") as caller:
        within = list(client.send_many([ORDER] * 3))
    alone = list(client.send_many([ORDER] * 3))
    created = spans.named("create")
    told = ["00-{}-{}-01".format(*ids(one)) for one in created]
    assert [_trace(redis_url, one.id) for one in (*within, *alone)] == told
    of_caller = f"{caller.get_span_context().span_id:016x}"
    assert [parent_of(one) for one in created] == [of_caller] * 3 + [""] * 3
    assert len({ids(one)[0] for one in created}) == 4


def test_a_context_that_is_only_passed_on_is_stored(client: CardCommands, redis_url: str) -> None:
    """With only the API there are no spans, and the caller's trace continues."""
    given = trace.SpanContext(int(TRACE, 16), int(PARENT, 16), True, trace.TraceFlags(1))
    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(given)))
    try:
        handles = [client.send(ORDER), *client.send_many([ORDER, ORDER])]
    finally:
        context.detach(token)
    assert [_trace(redis_url, one.id) for one in handles] == [TRACEPARENT] * 3


def test_a_refused_command_is_an_error_without_its_text(client: CardCommands, spans: Spans) -> None:
    """The span has the error's type, and nothing that the caller wrote."""
    with pytest.raises(ParameterInvalid):
        client.send(ORDER, lane="4242424242424242")  # type: ignore[arg-type]
    (sent,) = spans.named("send")
    assert sent.attributes is not None
    assert sent.attributes["error.type"] == "ParameterInvalid"
    assert not sent.events
    assert "4242" not in sent.to_json()


def test_a_repeated_idempotency_key_keeps_the_first_context(
    client: CardCommands, redis_url: str, spans: Spans
) -> None:
    """A repeated command's attempts stay in the trace of its acceptance."""
    first = client.send(ORDER, idempotency_key="k")
    second = client.send(ORDER, idempotency_key="k", lane=Lane.INTERACTIVE)
    assert second.id == first.id
    earlier, later = spans.named("send")
    assert _trace(redis_url, first.id) == "00-{}-{}-01".format(*ids(earlier))
    assert later.attributes is not None
    assert later.attributes["messaging.message.id"] == first.id
