"""Logs a repeated line once, and then only how often it was repeated."""

from __future__ import annotations

import atexit
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TELL_S = 10.0
"""The longest time until the number of repetitions is logged, in seconds."""
_MOST = 256
_SHOWN = 300
# Parts that differ between repetitions: Celery's count of its own retries, and memory addresses.
_VARYING = re.compile(r"in \d+[.\d]* seconds?\.\.\. \(\d+/[^)]*\)|0x[0-9a-f]+")
# Loggers that log below a warning at every new connection.
_CHATTY = ("celery.worker.consumer", "kombu")
_IS_COUNT = "counts_repeats"


@dataclass(slots=True)
class _Fault:
    name: str
    level: int
    line: str
    since: float
    """When the line, or its count, was last logged."""
    count: int = 0


class RepeatCounter:
    """Counts lines seen within the last `TELL_S` seconds; of bounded size.

    Lines are the same if text and traceback are: lines about different commands differ.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        """`clock` is in seconds; beyond `most` different lines the oldest are forgotten."""
        self._clock = clock
        self._most = most
        self._faults: OrderedDict[int, _Fault] = OrderedDict()
        self._forgotten: list[_Fault] = []

    def is_new(self, record: logging.LogRecord) -> bool:
        """Whether to log the record; otherwise it is counted."""
        now = self._clock()
        message = record.getMessage()
        key = hash((record.name, record.levelno, _VARYING.sub("", message), _traceback(record)))
        fault = self._faults.get(key)
        if fault is not None and (fault.count or now - fault.since < TELL_S):
            fault.count += 1
            self._faults.move_to_end(key)
            return False
        self._faults.pop(key, None)
        if len(self._faults) >= self._most:
            _, oldest = self._faults.popitem(last=False)
            if oldest.count:
                self._forgotten.append(oldest)
        first, *_ = message.strip().splitlines() or [""]
        self._faults[key] = _Fault(record.name, record.levelno, first[:_SHOWN], now)
        return True

    def due(self, *, all_of_them: bool = False) -> Iterator[logging.LogRecord]:
        """The counts to log now, which are reset by this."""
        now = self._clock()
        due, self._forgotten = self._forgotten, []
        for key, fault in tuple(self._faults.items()):
            if not all_of_them and now - fault.since < TELL_S:
                continue
            if fault.count:
                due.append(fault)
            else:
                del self._faults[key]
        for fault in due:
            often = "once" if fault.count == 1 else f"{fault.count} times"
            text = f"{fault.line} (repeated {often} in the last {now - fault.since:.0f} s)"
            fault.since, fault.count = now, 0
            record = logging.LogRecord(fault.name, fault.level, "", 0, text, None, None)
            setattr(record, _IS_COUNT, True)
            yield record

    def seconds_left(self) -> float | None:
        """How long until a count is due; None if nothing was counted."""
        if self._forgotten:
            return 0.0
        if not any(fault.count for fault in self._faults.values()):
            return None
        # Of all lines, since any may be repeated until then; new lines are due later.
        oldest = min(fault.since for fault in self._faults.values())
        return max(0.0, oldest + TELL_S - self._clock())


class RepeatedFilter(logging.Filter):
    """Drops records that the handler already logged; a thread logs the counts while there are any.

    It must follow a filter that redacts, since it keeps (and cuts) the text.
    """

    def __init__(self, handler: logging.Handler, repeats: RepeatCounter | None = None) -> None:
        super().__init__()
        self._handler = handler
        self._repeats = repeats or RepeatCounter()
        self._thread: threading.Thread | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the record: it is not counted, or it is new."""
        if getattr(record, _IS_COUNT, False) or not _is_counted(record):
            return True
        # The handler's lock, since logging recreates it in a forked process.
        self._handler.acquire()
        try:
            is_new = self._repeats.is_new(record)
            if not is_new and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._log_counts, daemon=True)
                self._thread.start()
        finally:
            self._handler.release()
        return is_new

    def tell(self, *, all_of_them: bool = False) -> None:
        """Log the counts that are due."""
        self._handler.acquire()
        try:
            for record in self._repeats.due(all_of_them=all_of_them):
                self._handler.handle(record)
        finally:
            self._handler.release()

    def _log_counts(self) -> None:
        while True:
            self.tell()
            self._handler.acquire()
            try:
                left = self._repeats.seconds_left()
                if left is None:
                    self._thread = None
                    return
            finally:
                self._handler.release()
            time.sleep(left)


def count_repeats(logger: logging.Logger) -> None:
    """Add a RepeatedFilter after the other filters of each of the logger's handlers."""
    for handler in logger.handlers:
        if not any(isinstance(present, RepeatedFilter) for present in handler.filters):
            repeated = RepeatedFilter(handler)
            handler.addFilter(repeated)
            atexit.register(repeated.tell, all_of_them=True)


def _is_counted(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.startswith(_CHATTY)


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    return _VARYING.sub("", record.exc_text or "")
