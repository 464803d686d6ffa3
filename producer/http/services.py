"""What the routes share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from producer.http.metrics.request_metrics import Metrics
from producer.http.responses import Responses
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.http.waiting.presubscribed_ids import PresubscribedIds
from producer.http.waiting.subscriptions import Subscriptions
from producer.http.waiting.waiters import Waiters
from producer.journal import JournalUnavailable, JournalWatch
from producer.security.command_signatures import UNSIGNED, Signing


@dataclass(frozen=True, slots=True)
class Services:
    """Shared by all requests of the process."""

    journal: JournalBulkhead
    responses: Responses
    waiters: Waiters
    subscriptions: Subscriptions
    presubscribed: PresubscribedIds
    metrics: Metrics
    journal_watch: JournalWatch
    signing: Signing = UNSIGNED
    # Set on SIGTERM, while the process still answers.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def require_same_journal(self) -> None:
        """Raise JournalUnavailable if the journal was lost, unless a setting allows going on."""
        if (lost := self.journal_watch.refuses) is not None:
            raise JournalUnavailable(lost)
