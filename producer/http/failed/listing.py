"""Lists one page of the failed commands that match a filter."""

from __future__ import annotations

from dataclasses import dataclass

from producer.http.failed.parameters import ListRequest
from producer.http.failed.scan import Scan
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal.operations.failed import FailedCommand, Place

MAX_SCANNED = 1_000
"""Failed commands that are read for one page."""


@dataclass(frozen=True, slots=True)
class FailedPage:
    """Failed commands, the oldest first, and where the next page starts."""

    commands: list[FailedCommand]
    next: Place | None
    """None if there are no more; the next page may be empty nevertheless."""


async def list_page(journal: JournalBulkhead, listing: ListRequest) -> FailedPage:
    """The page that `listing` describes.

    Raises:
        JournalUnavailable: Redis cannot be reached.
    """
    scan = Scan(journal, listing.after, MAX_SCANNED)
    commands: list[FailedCommand] = []
    async for kept in scan:
        command = kept.failed()
        if listing.filters.matches(command.code, command.order, command.metadata):
            commands.append(command)
        if len(commands) == listing.limit:
            break
    return FailedPage(commands, scan.next)
