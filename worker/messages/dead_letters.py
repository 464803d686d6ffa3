"""Moves messages that cannot be executed to the dead letters, and logs that."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from typing import ClassVar

from producer.journal import BlockingJournal, JournalFault, JournalUnavailable
from producer.journal.operations.dead_letters import DeadLetter, DeadReason, dead_letter, set_aside

log = logging.getLogger(__name__)

# Letters that wait while Redis is away; more are only logged.
_MAX_WAITING = 1000
# Log lines for each subject per interval; a later line counts those left out.
_MAX_LINES, _INTERVAL_S = 20, 60.0


class LimitedLog:
    """Logs repeated lines only now and then."""

    def __init__(self) -> None:
        self._logged: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._since = 0.0
        self._lock = threading.Lock()

    def log(self, level: int, subject: str, text: str, *values: object) -> None:
        """Log the line, unless there were many about the same subject lately."""
        with self._lock:
            now = time.monotonic()
            if now - self._since > _INTERVAL_S:
                self._logged.clear()
                self._since = now
            self._logged[subject] += 1
            if self._logged[subject] > _MAX_LINES:
                self._left_out[subject] += 1
                return
            more = self._left_out.pop(subject, 0)
        log.log(level, text + "%s", *values, f" (and {more} more before)" if more else "")


limited_log = LimitedLog()


def log_dead_letter(letter: DeadLetter) -> None:
    """Log that the message was dead-lettered, without its content."""
    limited_log.log(
        logging.WARNING,
        letter.reason,
        "a message of %s was moved to the dead letters (%s): %d bytes, SHA-256 %s; see "
        "`cards dead-letters`",
        letter.queue,
        letter.reason,
        letter.size,
        letter.sha256,
    )


class DeadLetters:
    """For Celery's threads: stores dead letters, while Redis is away once it is back."""

    # On the class, since Kombu and Celery make the objects that use it.
    of_process: ClassVar[DeadLetters | None] = None

    def __init__(self, journal: BlockingJournal) -> None:
        self._journal = journal
        self._waiting: deque[DeadLetter] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many letters wait for Redis."""
        return len(self._waiting)

    def put(self, queue: str, reason: DeadReason, raw: bytes, shown: bytes | None = None) -> None:
        """Dead-letter the message. Raises nothing."""
        letter = dead_letter(queue, reason, raw, shown)
        log_dead_letter(letter)
        with self._lock:
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append(letter)
        self.flush()

    def flush(self) -> None:
        """Store waiting letters. Raises nothing."""
        with self._lock:
            while self._waiting:
                try:
                    self._journal(set_aside(self._waiting[0]))
                except JournalUnavailable as error:
                    log.warning("%d dead letters wait: %s", len(self._waiting), error)
                    return
                except JournalFault as error:
                    log.error("a dead letter could not be stored: %s", error)
                self._waiting.popleft()


def flush() -> None:
    """Store letters that wait for Redis. Raises nothing."""
    if DeadLetters.of_process is not None and DeadLetters.of_process.waiting:
        DeadLetters.of_process.flush()


def put(queue: str, reason: DeadReason, raw: bytes, shown: bytes | None = None) -> None:
    """Dead-letter the message, or only log it in a process without journal. Raises nothing."""
    if DeadLetters.of_process is not None:
        DeadLetters.of_process.put(queue, reason, raw, shown)
    else:
        log_dead_letter(dead_letter(queue, reason, raw, shown))
