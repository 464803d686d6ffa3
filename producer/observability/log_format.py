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
"""What a line may be given as `extra`. Others' extras may hold arguments, and are left out."""

_KNOWN = frozenset({*_NAMES.values(), *FIELDS})


def formatter(how: LogFormat) -> logging.Formatter:
    """What a handler is to write: a line of text, or a JSON object.

    The object has `time` (RFC 3339, UTC), `level`, `logger`, `message`, and what of `FIELDS` is
    known; where something was raised also `exc_info`.
    """
    if how == "text":
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
            for name in [one for one in log_data if one not in _KNOWN or log_data[one] is None]:
                del log_data[name]

    return Formatter(_TEXT, rename_fields=_NAMES, json_ensure_ascii=False)


def format_handlers(logger: logging.Logger, how: LogFormat) -> None:
    """Have every handler of the logger write so; text is left as it is."""
    if how == "json":
        for handler in logger.handlers:
            handler.setFormatter(formatter(how))
