"""Customers that cannot be read wait, and none is lost while Redis is away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.contract import SetDefaultCard
from producer.journal import JournalUnavailable
from producer.journal.migrations.records import NO_DEFAULT, Told
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


class Played:
    """What Stripe and the journal answer, one after another; a clock that is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.reads: list[CustomerRead | JournalUnavailable] = []
        self.told: list[Told | JournalUnavailable] = []
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

    def _journal(self, _call: Any) -> Told:
        told = self.told.pop(0)
        if isinstance(told, JournalUnavailable):
            raise told
        return told


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Played]:
    """For one test."""
    made = Played(monkeypatch, tmp_path)
    with made.results:
        yield made


def test_a_row_is_sent_only_where_no_slot_has_a_default(played: Played) -> None:
    """That is what the worker is told to look for before it writes."""
    played.reads = [ONE]
    ((command,), ended) = played.repairer.decide(played.rows, 1)
    assert command.command == SetDefaultCard(customer="cus_1", card="pm_1")
    assert (command.number, command.expected, ended) == (1, NO_DEFAULT, 0)
    assert played.repairer.idle


def test_who_cannot_be_read_waits_longer_each_time(played: Played) -> None:
    """Stripe is not asked again at once; the row stays, and goes before the others."""
    for wait in (1.0, 2.0, 4.0):
        played.reads = [AWAY]
        assert played.repairer.decide(played.rows, 1) == ([], 0)
        assert not played.repairer.idle
        assert played.repairer.decide(played.rows, 1) == ([], 0)  # nothing is read
        played.now += wait
    played.reads = [ONE]
    assert [one.number for one in played.repairer.decide(played.rows, 1).commands] == [1]


@pytest.mark.parametrize("away", ["reading", "settling"])
def test_an_outage_loses_no_row(played: Played, away: str) -> None:
    """All of them are decided again when Redis is back."""
    gone = JournalUnavailable(OSError())
    played.reads = [ONE, gone] if away == "reading" else [ONE, NONE]
    played.told = [gone]
    with pytest.raises(JournalUnavailable):
        played.repairer.decide(played.rows, 2)
    played.reads, played.told = [ONE, NONE], [Told("running", 1, 0)]
    commands, ended = played.repairer.decide(played.rows, 2)
    assert ([one.number for one in commands], ended) == ([1], 1)
    assert played.results[2].state is RowState.AMBIGUOUS


def test_nothing_is_sent_once_it_is_paused(played: Played) -> None:
    """The ledger took nothing: all rows wait for the migration to go on."""
    played.reads, played.told = [ONE, NONE], [Told("paused", 0, 0)]
    assert played.repairer.decide(played.rows, 2) == ([], 0)
    assert played.repairer.state == "paused"
    played.reads, played.told = [ONE, NONE], [Told("running", 1, 0)]
    assert played.repairer.decide(played.rows, 2).ended == 1
