"""A row of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producer.contract.card_data.redaction import redact
from producer.migrations.model.rows import BadRow, Row, RowResult

COLUMNS = (
    "number",
    "line",
    "command",
    "customer",
    "object",
    "state",
    "code",
    "message",
    "command_id",
    "card_id",
    "attempts",
    "accepted",
    "finished",
    "before",
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of the input with its outcome. Tokens are redacted; a bad row has no values."""

    line: int
    command: str
    customer: str
    object_id: str
    result: RowResult

    @classmethod
    def of(cls, row: Row | BadRow, result: RowResult) -> ReportRow:
        """Combine a row with its outcome."""
        if isinstance(row, BadRow):
            return cls(row.line, "", "", "", result)
        order = row.order
        return cls(row.line, order.kind.value, order.customer, redact(order.object_id), result)

    @property
    def customer_link(self) -> str:
        """The customer's page in Stripe's dashboard; "" without a customer."""
        return f"https://dashboard.stripe.com/customers/{self.customer}" if self.customer else ""

    def values(self) -> tuple[Any, ...]:
        """In the order of COLUMNS; times are RFC 3339 in UTC, or None."""
        result = self.result
        return (
            result.number,
            self.line,
            self.command,
            self.customer,
            self.object_id,
            result.state.word,
            result.code,
            redact(result.message),
            result.command_id,
            redact(result.card_id),
            result.attempts,
            rfc3339(result.accepted_at),
            rfc3339(result.finished_at),
            None if result.before is None else redact(result.before),
        )


def rfc3339(at: datetime | None) -> str | None:
    """A time in UTC, to the millisecond."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
