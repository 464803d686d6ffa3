"""JSON log lines: what they contain, and what they never contain."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

import pytest

from producer.observability.log_format import FIELDS, formatter
from producer.settings import Settings, SettingsError
from worker.observability.log_context import ContextFilter, _context, note_request
from worker.observability.logs import RedactingFilter


def _written(*, about: dict[str, Any] | None = None, **extra: Any) -> dict[str, Any]:
    """A worker's log line, parsed."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter("json"))
    for one in (ContextFilter(), RedactingFilter()):
        handler.addFilter(one)
    logger = logging.Logger("worker.test")
    logger.addHandler(handler)
    token = _context.set(about)
    try:
        note_request("req_1")
        try:
            raise ValueError("tok_1Secret")
        except ValueError:
            exc = sys.exc_info() if "fails" in extra else None
        extra.pop("fails", None)
        logger.info("%s is tok_1Secret\nand ñ", "it", extra=extra, exc_info=exc)
    finally:
        _context.reset(token)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_is_one_object_with_its_fields() -> None:
    """A line has time, level, logger, message and its fields, none of them null."""
    about = {"command_id": "c1", "customer": "cus_1", "lane": "bulk", "attempt": 2, "sender": None}
    found = _written(about=about, state="succeeded", code=None)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "INFO",
        "logger": "worker.test",
        "message": "it is tok_***\nand ñ",
        "command_id": "c1",
        "customer": "cus_1",
        "lane": "bulk",
        "attempt": 2,
        "state": "succeeded",
        "stripe_request_id": "req_1",
    }


def test_fields_of_other_libraries_are_left_out() -> None:
    """Celery adds tasks' arguments to its lines; they are not logged."""
    found = _written(data={"kwargs": "tok_1Secret"}, task_id="x", password="y")
    assert set(found) == {"time", "level", "logger", "message"}


def test_a_traceback_is_redacted() -> None:
    """A traceback is logged without tokens."""
    found = _written(fails=True)
    assert "ValueError: tok_***" in found["exc_info"]
    assert "Secret" not in json.dumps(found)


def test_fields_have_no_name_that_logging_reserves() -> None:
    """A field with a reserved name would raise an error at the first line."""
    reserved = vars(logging.makeLogRecord({}))
    assert not set(FIELDS) & set(reserved)


@pytest.mark.parametrize(("text", "wanted"), [("", "text"), ("JSON", "json"), ("text", "text")])
def test_the_setting_is_text_or_json(text: str, wanted: str) -> None:
    """CARDS_LOG_FORMAT ignores case; its default is text."""
    environ = {"REDIS_URL": "redis://localhost", "CARDS_LOG_FORMAT": text}
    assert Settings.from_environ(environ).log_format == wanted


def test_another_format_is_refused() -> None:
    """A wrong value stops the process with one line that names the setting."""
    with pytest.raises(SettingsError, match="CARDS_LOG_FORMAT"):
        Settings.from_environ({"REDIS_URL": "redis://localhost", "CARDS_LOG_FORMAT": "xml"})
