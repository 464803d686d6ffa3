"""What the journal and Stripe add to a plan: what was done already, what a sample shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from producer.cli.migrate.environment import registry
from producer.cli.migrate.status_output import counts_text
from producer.cli.output import Line
from producer.client.errors import Unavailable
from producer.contract.card_data.redaction import redact
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationStatus
from producer.migrations.plan.customer_reads import CustomerRead, read_customers
from producer.migrations.plan.plan import Plan
from producer.migrations.plan.sample_check import NOTES, Found, check_sample
from producer.migrations.report.undecided import Undecided, first_of_plan
from producer.settings import SettingsError

# How many undecided customers are listed for programs, and for people; a file has them all.
_LISTED, _SHOWN = 1_000, 5


@dataclass(frozen=True, slots=True)
class Context:
    """`known` is the migration's present status, if it was started."""

    known: MigrationStatus | None = None
    rate: float | None = None  # rows a second that runs reach now
    sampled: int = 0
    found: Counter[Found] = field(default_factory=Counter)
    undecided: tuple[Undecided, ...] = ()  # the first ones
    reads: Mapping[str, CustomerRead] = field(default_factory=dict)

    def seen(self, one: Undecided) -> Undecided:
        """The customer with what Stripe shows of its cards, if they were read."""
        read = self.reads.get(one.customer)
        return one if read is None else one.seen(read, datetime.now(UTC).date())

    def lines(self) -> Iterator[Line]:
        """Labels and values, for people."""
        if self.known is not None:
            left = self.known.counts.get(RowState.PENDING, 0)
            yield "started", f"{self.known.state.value}: {counts_text(self.known)}"
            yield "would send", f"{left:,} rows; the others were sent or need not be"
        label = "sample"
        for one in Found:
            if count := self.found[one]:
                yield label, f"{count:,} of {self.sampled:,} {one.value}"
                label = ""
        if self.sampled:
            count = 3 * self.sampled + 2 * len(self.reads)
            yield "", f"read with {count:,} requests or a few more, of the allowance"
        label = "undecided"
        for customer in self.undecided[:_SHOWN]:
            yield label, f"{customer.customer}: {redact(customer.text)}"
            label = ""

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = {"undecided": [one.wire() for one in self.undecided]}
        if self.known is not None:
            found["begun"] = {state.word: n for state, n in self.known.counts.items()}
        if self.sampled:
            found["sample"] = {one.name.lower(): self.found[one] for one in Found}
        return found


def looked_at(plan: Plan, check: int | None) -> Context:
    """Ask the journal, if it can be reached, and with `check` Stripe, through the workers.

    Raises:
        SettingsError, Unavailable: the journal cannot be reached, and `check` was asked for.
    """
    undecided = tuple(first_of_plan(plan, _LISTED))
    try:
        with registry() as migrations:
            known = migrations.find(plan.id)
            rates = [one.rate for one in migrations.list() if one.rate]
            found: Counter[Found] = Counter()
            reads: dict[str, CustomerRead] = {}
            if check is not None:
                journal, signing = migrations.journal, migrations.signing
                found = check_sample(journal, plan.rows_to_send(), check, signing=signing)
                customers = [one.customer for one in undecided[:check]]
                reads = {
                    read.customer: read
                    for read in read_customers(journal, customers, signing=signing)
                }
            sampled = found.total() - sum(found[note] for note in NOTES)
            made = Context(known, sum(rates) or None, sampled, found, undecided, reads)
            return replace(made, undecided=tuple(map(made.seen, undecided)))
    except (SettingsError, Unavailable):
        if check is not None:
            raise
        return Context(undecided=undecided)
