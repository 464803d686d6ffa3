"""Adds the current command to log records, whoever logs them."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from producer.journal import Grant

_context: ContextVar[dict[str, Any] | None] = ContextVar("log_context", default=None)


def set_log_context(grant: Grant) -> None:
    """From here on the log lines of this task, and of tasks it starts, name this attempt."""
    row = grant.row
    _context.set(
        {
            "command_id": grant.command_id,
            "command": row["kind"],
            "customer": grant.customer,
            "lane": row["lane"],
            "attempt": grant.attempt_number,
            "sender": row.get("sender"),
        }
    )


def note_request(request_id: str | None) -> None:
    """Stripe answered with this request id."""
    fields = _context.get()
    if fields is not None and request_id:
        fields["stripe_request_id"] = request_id


def last_request() -> str:
    """The id of Stripe's last answer in this attempt; "" if there is none."""
    fields = _context.get()
    return str(fields.get("stripe_request_id", "")) if fields is not None else ""


class ContextFilter(logging.Filter):
    """Adds the fields of the current command to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through."""
        fields = _context.get()
        if fields is not None:
            record.__dict__.update({**fields, **record.__dict__})
        return True


def add_context(logger: logging.Logger) -> None:
    """Put the filter before every handler of the logger."""
    for handler in logger.handlers:
        if not any(isinstance(one, ContextFilter) for one in handler.filters):
            handler.addFilter(ContextFilter())
