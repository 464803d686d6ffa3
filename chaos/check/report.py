"""The checker's findings, and how they are printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from typing import Any

_SHOWN = 20


class Fault(StrEnum):
    """The kinds of violations; a run is good if there are none."""

    LOST = "lost"
    DOUBLED = "doubled"
    OUT_OF_ORDER = "out of order"
    UNTRUTHFUL = "untruthful"
    OVERLAP = "overlaps per customer"
    FAILED = "failed that Stripe would have done"


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation: the commands concerned, and the evidence."""

    fault: Fault
    ids: tuple[str, ...]
    evidence: str


@dataclass(slots=True)
class Report:
    """The counts of a run, and the violations found. Times are in seconds."""

    accepted: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    found_done: int = 0
    """Succeeded without an effect of their own: Stripe's state was already as ordered."""
    not_accepted: int = 0
    refused_but_done: int = 0
    """Orders that took effect though the answer was 503 or missing, and gave no id."""
    broken_answers: int = 0
    """5xx answers that do not follow the contract."""
    effects: int = 0
    requests: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    failovers: int = 0
    longest_failover: float | None = None
    """From the act against the primary until the sentinels named another."""
    longest_takeover: float | None = None
    findings: list[Finding] = field(default_factory=list)

    def count(self, fault: Fault) -> int:
        return sum(finding.fault is fault for finding in self.findings)

    @property
    def good(self) -> bool:
        return not self.findings

    def table(self) -> str:
        """The report as lines of text, with the first findings."""
        rows: list[tuple[str, object]] = [("accepted", self.accepted)]
        rows += [(f"  {state}", number) for state, number in sorted(self.ended.items())]
        rows += [
            ("  of these found done", self.found_done),
            ("not accepted", self.not_accepted),
            ("  but done all the same", self.refused_but_done),
            ("answers 5xx out of contract", self.broken_answers),
            ("effects, requests at Stripe", f"{self.effects}, {self.requests}"),
        ]
        rows += [(what, number) for what, number in sorted(self.acts.items())]
        if self.longest_failover is not None:
            longest = f"{self.failovers}, longest {self.longest_failover:.1f} s"
            rows.append(("failovers of Redis", longest))
        takeover = self.longest_takeover
        rows.append(("longest takeover", "none" if takeover is None else f"{takeover:.1f} s"))
        rows += [(fault.value, self.count(fault)) for fault in Fault]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}  {value}" for name, value in rows]
        for finding in self.findings[:_SHOWN]:
            lines.append(f"! {finding.fault}: {', '.join(finding.ids)}: {finding.evidence}")
        if len(self.findings) > _SHOWN:
            lines.append(f"! and {len(self.findings) - _SHOWN} more")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        fields = {each.name: getattr(self, each.name) for each in dataclass_fields(self)}
        fields["mischief"] = fields.pop("acts")
        return {
            **fields,
            "findings": [asdict(finding) for finding in self.findings],
            "faults": {fault.value: self.count(fault) for fault in Fault},
            "good": self.good,
        }
