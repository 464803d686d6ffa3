"""A repeated line is logged once, and then counted."""

from __future__ import annotations

import io
import itertools
import logging
import threading

import pytest

from producer.observability.repeated_log import TELL_S, RepeatCounter, RepeatedFilter, count_repeats
from worker.observability.logs import redact_handlers

_CELERY = (
    "consumer: Cannot connect to redis://:**@127.0.0.1:6379/0: Error 111.\n"
    "Trying again in %s seconds... (%d/None)\n"
)


class _Log:
    """A separate logger with one handler, whose filter uses a clock that the test sets."""

    def __init__(self, most: int = 256) -> None:
        self.now = 1000.0
        self._out = io.StringIO()
        self.handler = logging.StreamHandler(self._out)
        self.repeats = RepeatCounter(lambda: self.now, most)
        self.filter = RepeatedFilter(self.handler, self.repeats)
        self.handler.addFilter(self.filter)
        self.root = logging.Logger("test")
        self.root.addHandler(self.handler)
        self.root.propagate = False

    def lines(self) -> list[str]:
        """The lines logged since the last call."""
        told = self._out.getvalue().splitlines()
        self._out.seek(0)
        self._out.truncate()
        return told

    def after(self, seconds: float) -> list[str]:
        """Log a line, and return the lines logged by then."""
        self.now += seconds
        self.filter.tell()
        return self.lines()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> _Log:
    """A log whose counts the test requests, without a thread."""
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    return _Log()


def test_a_line_is_logged_once_and_counted_every_ten_seconds(log: _Log) -> None:
    """The first line is logged at once; repetitions are counted as long as they occur."""
    for _ in range(461):
        log.root.warning("waiting for Redis: %s", "gone")
    assert log.lines() == ["waiting for Redis: gone"]
    assert log.after(TELL_S - 0.1) == []
    assert log.after(0.1) == ["waiting for Redis: gone (repeated 460 times in the last 10 s)"]
    log.now += 1
    log.root.warning("waiting for Redis: gone")
    assert log.after(9) == ["waiting for Redis: gone (repeated once in the last 10 s)"]
    assert log.after(TELL_S) == []
    assert log.repeats.seconds_left() is None
    log.root.warning("waiting for Redis: gone")
    assert log.lines() == ["waiting for Redis: gone"]


def test_a_rare_line_is_logged_each_time(log: _Log) -> None:
    """A line that recurs only after ten seconds is no repetition."""
    for _ in range(3):
        log.root.warning("no sweep")
        log.now += TELL_S
        assert log.lines() == ["no sweep"]


def test_different_lines_are_logged(log: _Log) -> None:
    """Lines with another text, logger, level or error are separate."""
    log.root.warning("command %s had lost its message", "order-1")
    log.root.warning("command %s had lost its message", "order-2")
    log.root.error("command %s had lost its message", "order-2")
    assert len(log.lines()) == 3
    for error in (ValueError("1"), ValueError("2"), KeyError("2"), KeyError("2")):
        log.root.error("left to the next sweep", exc_info=error)
    assert log.lines() == [
        *("left to the next sweep", "ValueError: 1"),
        *("left to the next sweep", "ValueError: 2"),
        *("left to the next sweep", "KeyError: '2'"),
    ]
    for _ in range(3):
        log.root.info("SetDefaultCard of cus_1 succeeded")
    assert len(log.lines()) == 3


def test_celerys_retry_counter_makes_no_new_line(log: _Log) -> None:
    """Celery's lines while it reconnects are one line, shown by the first line of its text."""
    celery = logging.Logger("celery.worker.consumer.consumer")
    celery.addHandler(log.handler)
    for number in range(1, 4):
        celery.error(_CELERY, f"{2 * number:.2f}", number)
        celery.info("Skipping prefetch count reduction")
    assert len(log.lines()) == 4
    first = _CELERY.splitlines()[0]
    assert log.after(TELL_S) == [
        f"{first} (repeated 2 times in the last 10 s)",
        "Skipping prefetch count reduction (repeated 2 times in the last 10 s)",
    ]


def test_memory_is_bounded(log: _Log) -> None:
    """Beyond the bound the oldest lines are forgotten, and their counts logged."""
    log = _Log(most=10)
    for number in range(100):
        for _ in range(2):
            log.root.warning("%d %s", number, "x" * 1000)
    assert len(log.repeats._faults) == 10
    assert len(log.lines()) == 100
    told = log.after(0)
    assert len(told) == 90
    assert max(map(len, told)) < 400


def test_a_count_is_logged_by_itself() -> None:
    """A count is logged soon after it is due, without further lines."""
    told = threading.Event()

    class _Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "repeated once" in record.getMessage():
                told.set()

    handler = _Handler()
    clock = itertools.count(step=6)  # seconds a look
    handler.addFilter(RepeatedFilter(handler, RepeatCounter(lambda: next(clock))))
    for _ in range(2):
        handler.handle(logging.LogRecord("x", logging.WARNING, "", 0, "fault", None, None))
    assert told.wait(30)


@pytest.fixture
def secretive() -> tuple[logging.Logger, io.StringIO]:
    """A logger with a worker's filters, and its output."""
    out = io.StringIO()
    logger = logging.Logger("worker")
    logger.addHandler(logging.StreamHandler(out))
    redact_handlers(logger)
    count_repeats(logger)
    count_repeats(logger)
    return logger, out


def test_nothing_secret_is_kept(secretive: tuple[logging.Logger, io.StringIO]) -> None:
    """The count shows the redacted line, even cut off, and is logged at exit."""
    logger, out = secretive
    secret = "a1B2" * 10
    for _ in range(2):
        logger.warning("%s refused with sk_live_%s", "x" * 270, secret)
    (handler,) = logger.handlers
    _, repeated = handler.filters
    assert isinstance(repeated, RepeatedFilter)
    repeated.tell(all_of_them=True)
    first, count = out.getvalue().splitlines()
    assert first.endswith("sk_live_***")
    assert "sk_" in count
    assert "a1B2" not in count
    assert count.endswith("(repeated once in the last 0 s)")
