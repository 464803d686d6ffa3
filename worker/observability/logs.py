"""Keeps secrets out of a worker's logs: every line passes here."""

from __future__ import annotations

import logging

from kombu.transport.virtual.base import W_NO_CONSUMERS

from producer.contract.card_data.card_numbers import mask_card_numbers
from producer.contract.card_data.redaction import redact


class RedactingFilter(logging.Filter):
    """Redacts tokens, keys and card numbers in the whole line, its traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through, changed."""
        record.msg = mask_card_numbers(redact(record.getMessage()))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask_card_numbers(redact(record.exc_text))
            record.exc_info = None  # or a formatter might write it again
        return True


def redact_handlers(logger: logging.Logger) -> None:
    """Put the filter before every handler of the logger."""
    for handler in logger.handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())


def quiet_celery_trace() -> None:
    """Silence Celery's lines about each message: `CommandEvents` logs the commands.

    Kombu warns about each message that arrives while a worker stops, though it is rightly returned
    to its queue.
    """
    for name in ("celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("kombu.transport.virtual.base").addFilter(_is_not_about_requeueing)


def _is_not_about_requeueing(record: logging.LogRecord) -> bool:
    return record.msg != W_NO_CONSUMERS
