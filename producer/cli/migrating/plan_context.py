"""What the journal and Stripe say of a plan: what was done already, what a sample found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from producer.cli.migrating.environment import registry
from producer.cli.migrating.status_output import counts_text
from producer.cli.output import Line
from producer.errors import Unavailable
from producer.migrations.plan import Plan
from producer.migrations.reader import open_rows
from producer.migrations.rows import RowState
from producer.migrations.sample_check import NOTES, Found, check_sample
from producer.migrations.status import MigrationStatus
from producer.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Context:
    """`known` is the migration as it stands, where it was begun."""

    known: MigrationStatus | None = None
    rate: float | None = None  # rows a second that are reached now
    sampled: int = 0
    found: Counter[Found] = field(default_factory=Counter)

    def lines(self) -> Iterator[Line]:
        """For people."""
        if self.known is not None:
            left = self.known.counts.get(RowState.PENDING, 0)
            yield "begun", f"{self.known.state.value}: {counts_text(self.known)}"
            yield "would send", f"{left:,} rows; the others were sent or are not to be"
        label = "sample"
        for one in Found:
            if count := self.found[one]:
                yield label, f"{count:,} of {self.sampled:,} {one.value}"
                label = ""
        if self.sampled:
            yield "", f"read with {3 * self.sampled:,} requests or a few more, of the allowance"

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        told: dict[str, Any] = {}
        if self.known is not None:
            told["begun"] = {state.word: n for state, n in self.known.counts.items()}
        if self.sampled:
            told["sample"] = {one.name.lower(): self.found[one] for one in Found}
        return told


def looked_at(plan: Plan, check: int | None) -> Context:
    """Ask the journal, where there is one at hand, and with `check` Stripe by the workers.

    Raises:
        SettingsError, Unavailable: there is none, and `check` was asked for.
    """
    try:
        with registry() as migrations:
            known = migrations.find(plan.id)
            rates = [one.rate for one in migrations.list() if one.rate]
            found: Counter[Found] = Counter()
            if check is not None:
                rows = open_rows(plan.source, plan.mapping)
                signing = migrations.signing
                found = check_sample(migrations.journal, rows, check, signing=signing)
            sampled = found.total() - sum(found[note] for note in NOTES)
            return Context(known, sum(rates) or None, sampled, found)
    except (SettingsError, Unavailable):
        if check is not None:
            raise
        return Context()
