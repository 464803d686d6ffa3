"""Sets messages aside that cannot be carried out, and says so once."""

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
_MOST_WAITING = 1000
# Lines in the log for each reason in so many seconds; the next one tells of those left out.
_LINES, _LINES_S = 20, 60.0


class Sparing:
    """What may be said again and again, and is to be said now and then."""

    def __init__(self) -> None:
        self._said: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._since = 0.0
        self._lock = threading.Lock()

    def say(self, level: int, about: str, text: str, *values: object) -> None:
        """Log the line, unless there were many about the same lately."""
        with self._lock:
            now = time.monotonic()
            if now - self._since > _LINES_S:
                self._said.clear()
                self._since = now
            self._said[about] += 1
            if self._said[about] > _LINES:
                self._left_out[about] += 1
                return
            more = self._left_out.pop(about, 0)
        log.log(level, text + "%s", *values, f" (and {more} more before)" if more else "")


sparing = Sparing()


def tell(letter: DeadLetter) -> None:
    """Log that the message was set aside, never with its content."""
    sparing.say(
        logging.WARNING,
        letter.reason,
        "a message of %s was set aside (%s): %d bytes, SHA-256 %s; see `cards dead-letters`",
        letter.queue,
        letter.reason,
        letter.size,
        letter.sha256,
    )


class DeadLetters:
    """For Celery's threads: sets aside, or, while Redis is away, as soon as it is back."""

    # Kombu and Celery make what uses it by themselves.
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
        """Set the message aside. Raises nothing."""
        letter = dead_letter(queue, reason, raw, shown)
        tell(letter)
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(letter)
        self.flush()

    def flush(self) -> None:
        """Write what waits. Raises nothing."""
        with self._lock:
            while self._waiting:
                try:
                    self._journal(set_aside(self._waiting[0]))
                except JournalUnavailable as error:
                    log.warning("%d dead letters wait: %s", len(self._waiting), error)
                    return
                except JournalFault as error:
                    log.error("a dead letter could not be kept: %s", error)
                self._waiting.popleft()


def flush() -> None:
    """Write what waits for Redis. Raises nothing."""
    if DeadLetters.of_process is not None and DeadLetters.of_process.waiting:
        DeadLetters.of_process.flush()


def put(queue: str, reason: DeadReason, raw: bytes, shown: bytes | None = None) -> None:
    """Set the message aside, as far as this process can. Raises nothing."""
    if DeadLetters.of_process is not None:
        DeadLetters.of_process.put(queue, reason, raw, shown)
    else:
        tell(dead_letter(queue, reason, raw, shown))
