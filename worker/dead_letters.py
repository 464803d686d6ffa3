"""Sets messages aside that cannot be carried out, and says so once."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from typing import ClassVar

from producer.journal import BlockingJournal, JournalFault, JournalUnavailable
from producer.journal.dead_letters import DeadLetter, DeadReason, dead_letter, set_aside

log = logging.getLogger(__name__)

# Letters that wait while Redis is away; more are only logged.
_MOST_WAITING = 1000
# Lines in the log for each reason in so many seconds; the next one tells of those left out.
_LINES, _LINES_S = 20, 60.0


class Notes:
    """One line in the log for each dead letter, never with its content, and not without bound."""

    def __init__(self) -> None:
        self._lines: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._since = 0.0
        self._lock = threading.Lock()

    def tell(self, letter: DeadLetter) -> None:
        """Log that the message was set aside."""
        with self._lock:
            now = time.monotonic()
            if now - self._since > _LINES_S:
                self._lines.clear()
                self._since = now
            self._lines[letter.reason] += 1
            if self._lines[letter.reason] > _LINES:
                self._left_out[letter.reason] += 1
                return
            more = self._left_out.pop(letter.reason, 0)
        log.warning(
            "a message of %s was set aside (%s): %d bytes, SHA-256 %s%s; see `cards dead-letters`",
            letter.queue,
            letter.reason,
            letter.size,
            letter.sha256,
            f", and {more} more for this reason before" if more else "",
        )


notes = Notes()


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
        notes.tell(letter)
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
        notes.tell(dead_letter(queue, reason, raw, shown))
