"""A fault's line is logged once, and then counted for as long as it goes on."""

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
"""Seconds after which at the latest it is told how often a line was repeated."""
_MOST = 256
_SHOWN = 300
# What differs from one line of the same fault to the next: Celery's count of its own tries, and
# where an object lies in memory.
_VARYING = re.compile(r"in \d+[.\d]* seconds?\.\.\. \(\d+/[^)]*\)|0x[0-9a-f]+")
# Of others' lines below a warning, those that come with each new connection.
_CHATTY = ("celery.worker.consumer", "kombu")
_TELLS = "tells_of_repeats"


@dataclass(slots=True)
class _Fault:
    name: str
    level: int
    line: str
    since: float
    """When it was shown, or counted to, last."""
    count: int = 0


class Repeats:
    """Which lines were seen within the last `TELL_S` seconds, and how often; of bounded size.

    A line is what it says, with its traceback: lines about different commands are different.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        """`clock` tells seconds; of more than `most` different lines the oldest are forgotten."""
        self._clock = clock
        self._most = most
        self._faults: OrderedDict[int, _Fault] = OrderedDict()
        self._forgotten: list[_Fault] = []

    def is_new(self, record: logging.LogRecord) -> bool:
        """Whether to show the record; otherwise it is counted."""
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
        """What is to be told now; the counts begin anew with that."""
        now = self._clock()
        told, self._forgotten = self._forgotten, []
        for key, fault in tuple(self._faults.items()):
            if not all_of_them and now - fault.since < TELL_S:
                continue
            if fault.count:
                told.append(fault)
            else:
                del self._faults[key]
        for fault in told:
            often = "once" if fault.count == 1 else f"{fault.count} times"
            text = f"{fault.line} (repeated {often} in the last {now - fault.since:.0f} s)"
            fault.since, fault.count = now, 0
            record = logging.LogRecord(fault.name, fault.level, "", 0, text, None, None)
            setattr(record, _TELLS, True)
            yield record

    def seconds_left(self) -> float | None:
        """How long until something is due; None where nothing was counted."""
        if self._forgotten:
            return 0.0
        if not any(fault.count for fault in self._faults.values()):
            return None
        # Of all, since any may be counted until then; what is yet to come is due later.
        oldest = min(fault.since for fault in self._faults.values())
        return max(0.0, oldest + TELL_S - self._clock())


class RepeatedFilter(logging.Filter):
    """Stops what a handler was given already; a thread tells the counts while there are any.

    It goes behind a filter that redacts, since it keeps, and cuts, what it is given.
    """

    def __init__(self, handler: logging.Handler, repeats: Repeats | None = None) -> None:
        super().__init__()
        self._handler = handler
        self._repeats = repeats or Repeats()
        self._thread: threading.Thread | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is no fault, or a new one."""
        if getattr(record, _TELLS, False) or not _counts(record):
            return True
        # The handler's lock: logging makes it anew in a process that is forked.
        self._handler.acquire()
        try:
            is_new = self._repeats.is_new(record)
            if not is_new and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._keep_telling, daemon=True)
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

    def _keep_telling(self) -> None:
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
    """Put the filter behind the other filters of every handler of the logger."""
    for handler in logger.handlers:
        if not any(isinstance(one, RepeatedFilter) for one in handler.filters):
            repeated = RepeatedFilter(handler)
            handler.addFilter(repeated)
            atexit.register(repeated.tell, all_of_them=True)


def _counts(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.startswith(_CHATTY)


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    return _VARYING.sub("", record.exc_text or "")
