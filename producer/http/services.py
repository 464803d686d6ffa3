"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass

from producer.http.answers import Answers
from producer.http.bounded import BoundedJournal
from producer.http.metrics import Metrics
from producer.http.subscriptions import Subscriptions
from producer.http.waiters import Waiters
from producer.journal import JournalWatch


@dataclass(frozen=True, slots=True)
class Services:
    """One of each for the whole process."""

    ask: BoundedJournal
    answers: Answers
    waiters: Waiters
    subscriptions: Subscriptions
    metrics: Metrics
    journal_watch: JournalWatch
