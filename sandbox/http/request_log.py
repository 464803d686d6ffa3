"""All requests in the order they came; parameters are not kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.control.milestones import Milestone
from sandbox.protocol.calls import Call


@dataclass(slots=True)
class Entry:
    """One request; `status` is None while it is stalled, and 0 if its connection was cut.

    Times are Unix times in seconds.
    """

    sequence: int
    request_id: str
    method: str
    path: str
    customer: str | None
    source: str | None
    idempotency_key: str | None
    started: float
    replayed: bool = False
    status: int | None = None
    ended: float | None = None


class RequestLog:
    """All requests; those with `keep` false are only counted."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.milestone = Milestone()

    def start(self, call: Call, *, keep: bool) -> Entry | None:
        entry = None
        if keep:
            entry = Entry(
                self.milestone.value + 1,
                call.request_id,
                call.method,
                call.path,
                call.customer,
                call.source,
                call.idempotency_key,
                call.started,
            )
            self.entries.append(entry)
        self.milestone.advance()
        return entry

    def end(self, entry: Entry | None, status: int, *, replayed: bool) -> None:
        if entry is not None:
            entry.status = status
            entry.replayed = replayed
            entry.ended = time.time()

    def shown(self, after: int, limit: int | None) -> list[dict[str, Any]]:
        """Requests with a sequence number above `after`, oldest first."""
        return [asdict(each) for each in found(self.entries, after)[:limit]]


def found(entries: Sequence[Entry], after: int) -> list[Entry]:
    return [each for each in entries if each.sequence > after]
