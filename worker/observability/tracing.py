"""A worker's spans: of each bulk message, each attempt, each request to Stripe."""

from __future__ import annotations

from urllib.parse import urlsplit

from producer.contract import State
from producer.journal import ClaimingStopped, End, Grant, Retry
from producer.journal.commands.messages import BATCH
from producer.journal.redis.endpoints import Endpoint
from producer.observability import tracing
from producer.observability.tracing import NO_SPAN, Kind, NoSpan


class Tracing:
    """For one worker process. If tracing is off, every span is `NO_SPAN`."""

    def __init__(self, stripe: str = "", *, on: bool = False) -> None:
        """`stripe` is the address of Stripe's API."""
        self._on = on
        parts = urlsplit(stripe)
        self._server = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)

    def batch(self, message_id: str, size: int, lane: str) -> NoSpan:
        """A bulk message; it is linked to each of its commands as an attempt starts."""
        if not self._on:
            return NO_SPAN
        return tracing.span(
            f"process {BATCH}",
            Kind.CONSUMER,
            {
                **_processing(lane, message_id),
                "messaging.batch.message_count": size,
                "cards.lane": lane,
            },
            parent="",
        )

    def attempt(self, grant: Grant) -> NoSpan:
        """One attempt. Its parent is the span in which the command was accepted."""
        if not self._on:
            return NO_SPAN
        row = grant.row
        return tracing.span(
            f"process {row['kind']}",
            Kind.CONSUMER,
            {
                **_processing(grant.queue, grant.command_id),
                "cards.command.id": grant.command_id,
                "cards.command.kind": row["kind"],
                "cards.customer": grant.customer,
                "cards.lane": row["lane"],
                "cards.attempt": grant.attempt_number,
                "cards.waited_ms": grant.waited_ms,
                "cards.taken_over": bool(grant.expired_leases),
            },
            parent=grant.trace,
        )

    def completed(self, span: NoSpan, outcome: End | Retry | ClaimingStopped) -> None:
        """An attempt was completed. A declined card is an answer, not an error."""
        if not self._on:
            return
        match outcome:
            case End():
                state, code = outcome.state.value, outcome.envelope.code
                failed = outcome.state is State.FAILED
            case Retry():
                uncertain = outcome.uncertain
                state = (State.UNKNOWN if uncertain else State.RETRYING).value
                code, failed = outcome.code, True
                span.set("cards.again_ms", outcome.delay_ms)
            case ClaimingStopped():
                state, code, failed = "stopped", outcome.code, True
        span.set("cards.state", state)
        if code:
            span.set("cards.code", code)
        if failed:
            span.failed(code or state)

    def request(self, endpoint: Endpoint) -> NoSpan:
        """A request to Stripe within an attempt. Reads for callers have no attempt and no span."""
        if not self._on or not tracing.current():
            return NO_SPAN
        method, template = endpoint.value.split(" ")
        host, port = self._server
        return tracing.span(
            endpoint.value,
            Kind.CLIENT,
            {
                "http.request.method": method,
                "url.template": template,
                "server.address": host,
                "server.port": port,
            },
        )


def _processing(queue: str, message_id: str) -> dict[str, str | int | bool]:
    return {
        "messaging.system": tracing.SYSTEM,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": queue,
        "messaging.message.id": message_id,
    }
