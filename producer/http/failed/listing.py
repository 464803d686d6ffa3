"""A page of the failed commands that a filter matches."""

from __future__ import annotations

from dataclasses import dataclass

from producer.http.failed.parameters import ListRequest
from producer.http.failed.scan import Scan
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal.operations.failed import FailedCommand, Place

LOOKED_AT = 1_000
"""Failed commands that are looked at for one page."""


@dataclass(frozen=True, slots=True)
class FailedPage:
    """Some failed commands, the oldest first, and where to go on."""

    found: list[FailedCommand]
    next: Place | None
    """None where there are no more; the next page may be empty all the same."""


async def list_page(journal: JournalBulkhead, listing: ListRequest) -> FailedPage:
    """A page of them.

    Raises:
        JournalUnavailable
    """
    scan = Scan(journal, listing.after, LOOKED_AT)
    found: list[FailedCommand] = []
    async for one in scan:
        command = one.failed()
        if listing.wanted.matches(command.code, command.order, command.metadata):
            found.append(command)
        if len(found) == listing.limit:
            break
    return FailedPage(found, scan.next)
