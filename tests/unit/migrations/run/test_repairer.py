"""Unreadable customers are retried, and no row is lost during an outage of Redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.contract import SetDefaultCard
from producer.journal import JournalUnavailable
from producer.journal.migrations.records import NO_DEFAULT, Progress
from producer.migrations.model.card_details import AttachedCard, CardDetails
from producer.migrations.model.rows import Repair, Row, RowState
from producer.migrations.plan.customer_reads import CustomerRead
from producer.migrations.results.results_file import Results
from producer.migrations.run import repairer
from producer.migrations.run.repairer import Repairer
from producer.security.command_signatures import UNSIGNED
from producer.settings import KEEPING

CARD = AttachedCard("pm_1", CardDetails("Visa", "4242", "12", "2090"))
ONE = CustomerRead("cus_1", "", None, None, frozenset({"pm_1"}), (CARD,))
AWAY = CustomerRead("cus_1", "unavailable")
NONE = CustomerRead("cus_1", "", None, None, frozenset(), ())


class Script:
    """Scripted answers of Stripe and the journal, with a clock that the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.reads: list[CustomerRead | JournalUnavailable] = []
        self.answers: list[Progress | JournalUnavailable] = []
        self.now = 0.0
        monkeypatch.setattr(repairer, "read_customers", self._read)
        self.results = Results(folder / "r.sqlite")
        self.repairer = Repairer(
            self._journal,  # type: ignore[arg-type]
            "mig_1",
            "driver",
            self.results,
            KEEPING,
            UNSIGNED,
            now=lambda: self.now,
        )
        self.rows = iter([Row(n, n + 1, Repair("cus_1")) for n in range(1, 100)])

    def _read(self, _journal: Any, customers: Iterable[str], **_: Any) -> Iterator[CustomerRead]:
        for _one in customers:
            found = self.reads.pop(0)
            if isinstance(found, JournalUnavailable):
                raise found
            yield found

    def _journal(self, _call: Any) -> Progress:
        answer = self.answers.pop(0)
        if isinstance(answer, JournalUnavailable):
            raise answer
        return answer


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Script]:
    """A script for one test."""
    made = Script(monkeypatch, tmp_path)
    with made.results:
        yield made


def test_a_row_expects_no_default_in_any_slot(script: Script) -> None:
    """The worker checks the expectation before it writes."""
    script.reads = [ONE]
    ((command,), ended) = script.repairer.decide(script.rows, 1)
    assert command.command == SetDefaultCard(customer="cus_1", card="pm_1")
    assert (command.number, command.expected, ended) == (1, NO_DEFAULT, 0)
    assert script.repairer.idle


def test_unreadable_customers_wait_longer_each_time(script: Script) -> None:
    """Reads are delayed, and the row stays ahead of the others."""
    for wait in (1.0, 2.0, 4.0):
        script.reads = [AWAY]
        assert script.repairer.decide(script.rows, 1) == ([], 0)
        assert not script.repairer.idle
        assert script.repairer.decide(script.rows, 1) == ([], 0)  # nothing is read
        script.now += wait
    script.reads = [ONE]
    assert [one.number for one in script.repairer.decide(script.rows, 1).commands] == [1]


@pytest.mark.parametrize("away", ["reading", "settling"])
def test_an_outage_loses_no_row(script: Script, away: str) -> None:
    """All rows are decided again when Redis is back."""
    gone = JournalUnavailable(OSError())
    script.reads = [ONE, gone] if away == "reading" else [ONE, NONE]
    script.answers = [gone]
    with pytest.raises(JournalUnavailable):
        script.repairer.decide(script.rows, 2)
    script.reads, script.answers = [ONE, NONE], [Progress("running", 1, 0)]
    commands, ended = script.repairer.decide(script.rows, 2)
    assert ([one.number for one in commands], ended) == ([1], 1)
    assert script.results[2].state is RowState.AMBIGUOUS


def test_nothing_is_sent_once_it_is_paused(script: Script) -> None:
    """The ledger accepts nothing while paused: all rows wait until the migration continues."""
    script.reads, script.answers = [ONE, NONE], [Progress("paused", 0, 0)]
    assert script.repairer.decide(script.rows, 2) == ([], 0)
    assert script.repairer.state == "paused"
    script.reads, script.answers = [ONE, NONE], [Progress("running", 1, 0)]
    assert script.repairer.decide(script.rows, 2).ended == 1
