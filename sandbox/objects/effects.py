"""The log of all changes, in order, which tests count."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.control.milestones import Milestone
from sandbox.protocol.calls import Call


@dataclass(frozen=True, slots=True)
class Effect:
    """One change. `time` is Unix time in seconds, not shifted by `clock_offset`."""

    sequence: int
    time: float
    kind: str
    customer: str | None
    object: str
    idempotency_key: str | None
    command_id: str | None
    request_id: str


class Effects:
    """All effects; those with `keep` false are only counted."""

    def __init__(self) -> None:
        self.kept: list[Effect] = []
        self.counts: Counter[str] = Counter()
        self.milestone = Milestone()

    def add(self, kind: str, call: Call, object: str, *, keep: bool) -> None:
        self.counts[kind] += 1
        self.milestone.advance()
        if keep:
            self.kept.append(
                Effect(
                    self.milestone.value,
                    time.time(),
                    kind,
                    call.customer,
                    object,
                    call.idempotency_key,
                    call.command_id,
                    call.request_id,
                )
            )

    def shown(self, after: int, limit: int | None, kind: str | None) -> list[dict[str, Any]]:
        """Effects with a sequence number above `after`, oldest first."""
        found = (each for each in self.kept if kind is None or each.kind == kind)
        chosen = [each for each in found if each.sequence > after]
        return [asdict(each) for each in chosen[:limit]]
