"""Log lines for people, or as JSON objects for a log store."""

from __future__ import annotations

import logging
import time
from typing import Any, Literal, TypeAlias

LogFormat: TypeAlias = Literal["text", "json"]

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMES = {
    "asctime": "time",
    "levelname": "level",
    "name": "logger",
    "message": "message",
    "exc_info": "exc_info",
}
FIELDS = (
    "command_id", "command", "customer", "lane", "attempt", "sender", "state", "code", "again_ms",
    "stripe_request_id", "method", "route", "status", "seconds",
)  # fmt: skip
"""The `extra` fields of our log lines. Other libraries' extras may contain arguments: left out."""

_KNOWN = frozenset({*_NAMES.values(), *FIELDS})


def formatter(format: LogFormat) -> logging.Formatter:
    """The formatter of a handler: a line of text, or a JSON object.

    The object has `time` (RFC 3339, UTC), `level`, `logger`, `message`, those of `FIELDS` that are
    known, and `exc_info` if an exception is logged.
    """
    if format == "text":
        return logging.Formatter(_TEXT)
    from pythonjsonlogger.json import JsonFormatter

    class Formatter(JsonFormatter):
        converter = staticmethod(time.gmtime)
        default_time_format = "%Y-%m-%dT%H:%M:%S"
        default_msec_format = "%s.%03dZ"

        def add_fields(
            self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
        ) -> None:
            super().add_fields(log_data, record, message_dict)
            for name in [key for key in log_data if key not in _KNOWN or log_data[key] is None]:
                del log_data[name]

    return Formatter(_TEXT, rename_fields=_NAMES, json_ensure_ascii=False)


def format_handlers(logger: logging.Logger, format: LogFormat) -> None:
    """Set the format of the logger's handlers; for text they keep their own."""
    if format == "json":
        for handler in logger.handlers:
            handler.setFormatter(formatter(format))
