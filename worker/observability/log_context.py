"""What command a line of the log is about, whoever logs it."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from producer.journal import Grant

_about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)


def about(grant: Grant) -> None:
    """From here on this task's lines, and those of tasks it starts, are about this try."""
    row = grant.row
    _about.set(
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
    """Stripe answered under this request id."""
    fields = _about.get()
    if fields is not None and request_id:
        fields["stripe_request_id"] = request_id


def last_request() -> str:
    """The id under which Stripe answered this try last; "" where it has not, or gave none."""
    fields = _about.get()
    return str(fields.get("stripe_request_id", "")) if fields is not None else ""


class ContextFilter(logging.Filter):
    """Gives each line the fields of the command it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through."""
        fields = _about.get()
        if fields is not None:
            record.__dict__.update({**fields, **record.__dict__})
        return True


def add_context(logger: logging.Logger) -> None:
    """Put the filter before every handler of the logger."""
    for handler in logger.handlers:
        if not any(isinstance(one, ContextFilter) for one in handler.filters):
            handler.addFilter(ContextFilter())
