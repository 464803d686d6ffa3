"""A customer without a default and with one usable card gets that card."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from producer.contract import CommandKind, SetDefaultCard
from producer.migrations.after.undo import write_undo
from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.card_details import AttachedCard, CardDetails
from producer.migrations.model.rows import BadRow, Repair, RowResult, RowState
from producer.migrations.plan.customer_reads import CustomerRead, customer_read
from producer.migrations.plan.estimate import Endpoint
from producer.migrations.plan.plan import make_plan
from producer.migrations.plan.repairs import LeftAlone, decide
from producer.migrations.report.undecided import of_report
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from tests.unit.migrations.files import CARD_NUMBER, mapped, written

TODAY = date(2026, 11, 30)
GOOD = AttachedCard("pm_1", CardDetails("Visa", "4242", "11", "2026"))
OTHER = AttachedCard("card_2", CardDetails("MasterCard", "4444", "1", "2031"))
EXPIRED = AttachedCard("card_3", CardDetails("Visa", "1881", "10", "2026"))
SPENT = AttachedCard("src_4", CardDetails("Visa", "0005", "1", "2031"), "consumed")


def _read(
    *shown: AttachedCard, source: str | None = None, method: str | None = None
) -> CustomerRead:
    return CustomerRead("cus_1", "", source, method, frozenset(c.id for c in shown), shown)


@pytest.mark.parametrize("others", [(), (EXPIRED,), (SPENT, EXPIRED)])
def test_the_only_usable_card_is_set(others: tuple[AttachedCard, ...]) -> None:
    """A card is valid to the end of its month; unusable cards are no candidates."""
    assert decide(_read(GOOD, *others), TODAY) == SetDefaultCard(customer="cus_1", card="pm_1")


def test_nothing_is_guessed() -> None:
    """Several or no usable cards are ambiguous, and the candidates are listed."""
    several = decide(_read(GOOD, OTHER, EXPIRED), TODAY)
    assert several == LeftAlone(
        RowState.AMBIGUOUS,
        "ambiguous_cards",
        "pm_1 Visa 4242 11/2026; card_2 MasterCard 4444 1/2031; card_3 Visa 1881 10/2026 (expired)",
    )
    none = decide(_read(EXPIRED, SPENT), TODAY)
    assert none == LeftAlone(
        RowState.AMBIGUOUS,
        "no_card",
        "card_3 Visa 1881 10/2026 (expired); src_4 Visa 0005 1/2031 (consumed)",
    )
    assert decide(_read(), TODAY) == LeftAlone(
        RowState.AMBIGUOUS, "no_card", "the customer has no card"
    )


def test_a_default_in_either_slot_is_left_alone() -> None:
    """An existing default stays, even an expired card or a bank account."""
    for read, card in (
        (_read(GOOD, source="card_2"), "card_2"),
        (_read(GOOD, source="card_2", method="pm_1"), "pm_1"),
        (_read(GOOD, source="ba_9"), ""),
    ):
        left = decide(read, TODAY)
        assert isinstance(left, LeftAlone)
        assert (left.state, left.code, left.card) == (RowState.ALREADY_SO, "unchanged", card)


def test_unreadable_customers_are_not_judged() -> None:
    """An unreadable customer is retried; one that Stripe does not have is rejected."""
    assert decide(CustomerRead("cus_1", "unavailable"), TODAY) is None
    left = decide(CustomerRead("cus_1", "resource_missing"), TODAY)
    assert isinstance(left, LeftAlone)
    assert (left.state, left.code) == (RowState.REJECTED, "resource_missing")
    old_worker = {"default_source": None, "default_payment_method": None, "cards": ["card_1"]}
    assert decide(customer_read("cus_1", {"status": True, "data": old_worker}), TODAY) is None


@pytest.mark.parametrize(
    "content",
    [
        "customer\ncus_1\ncus_2\ncus_1\n",
        "Stripe Customer ID\r\ncus_1\r\ncus_2\r\ncus_1",
        "userId,state,code,message\ncus_1,rejected,x,\ncus_2,,,\ncus_1,,,\n",
        '{"userId": "cus_1"}\n{"userId": "cus_2"}\n{"userId": "cus_1"}\n',
    ],
)
def test_customers_alone_are_repaired(content: str, tmp_path: Path) -> None:
    """Each customer is repaired once, with at most four requests."""
    source, mapping = mapped(tmp_path, content)
    assert mapping.repairs
    rows = list(open_rows(source, mapping))
    assert [row.order for row in rows if not isinstance(row, BadRow)] == [
        Repair("cus_1"),
        Repair("cus_2"),
        Repair("cus_1"),
    ]
    with make_plan(source, mapping) as plan:
        assert (plan.to_send, plan.repeated, plan.customers) == (2, 1, 2)
        assert plan.commands == {CommandKind.SET_DEFAULT_CARD: 2}
        assert plan.requests == {
            Endpoint.UPDATE_CUSTOMER: 2,
            Endpoint.READ_CUSTOMER: 4,
            Endpoint.READ_PAYMENT_METHODS: 2,
        }


def test_bad_customers_are_bad_rows(tmp_path: Path) -> None:
    """The contract's rules apply as in any file, and card numbers are not shown."""
    source, mapping = mapped(tmp_path, f"customer\ncus_1\nnope\n{CARD_NUMBER}\ncus_2\ncus_3\n")
    bad = [row for row in open_rows(source, mapping) if isinstance(row, BadRow)]
    assert [(row.line, row.code, row.column) for row in bad] == [
        (3, "parameter_invalid", "customer"),
        (4, "card_number_refused", "customer"),
    ]
    assert not any(CARD_NUMBER in row.what for row in bad)


def test_customers_of_other_files(tmp_path: Path) -> None:
    """A copy's new customers, and an import mapping's customers even without a card."""
    copy = "customer_id_old,source_id_old,customer_id_new,source_id_new\na,b,cus_1,card_1\n"
    nested = json.dumps({"1": {"id": "cus_1", "cards": {}}, "2": {"id": "cus_2"}})
    for content, customers in ((copy, ["cus_1"]), (nested, ["cus_1", "cus_2"])):
        source = written(tmp_path, content)
        rows = list(open_rows(source, map_columns(source, repairs=True)))
        assert [not isinstance(row, BadRow) and row.order.customer for row in rows] == customers
    with pytest.raises(FileRefused):
        map_columns(written(tmp_path, "email,name\na,b\n"), repairs=True)


def test_a_customer_beside_other_columns_is_no_repair(tmp_path: Path) -> None:
    """A missing or misspelt column of cards does not turn a file into repairs."""
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, "customer,crad\ncus_1,card_1\n")
    assert refused.value.code == "column_missing"


def test_a_repair_is_reported(tmp_path: Path) -> None:
    """The report has the card that was set; undo counts customers that had no default."""
    source, mapping = mapped(tmp_path, "customer\ncus_1\ncus_2\ncus_3\ncus_4\n")
    states = {
        1: RowState.APPLIED,
        2: RowState.AMBIGUOUS,
        3: RowState.ALREADY_SO,
        4: RowState.APPLIED,
    }
    with Results(tmp_path / "r.sqlite") as results:
        results.record(
            [
                RowResult(1, RowState.APPLIED, card_id="pm_1", before=""),
                RowResult(2, RowState.AMBIGUOUS, "ambiguous_cards", "pm_1 Visa; pm_2 Visa"),
            ]
        )
        outcomes = RowOutcomes("mig_1", source, mapping, 4, states.__getitem__, results)
        rows = list(outcomes)
        first = rows[0][0]
        assert not isinstance(first, BadRow)
        assert first.order == SetDefaultCard(customer="cus_1", card="pm_1")
        assert rows[2][1].code == "unchanged"
        assert [(one.customer, one.text) for one in of_report(outcomes)] == [
            ("cus_2", "pm_1 Visa; pm_2 Visa")
        ]
        undone = write_undo(outcomes, tmp_path / "undo.csv")
        assert (undone.written, undone.had_none, undone.not_recorded) == (0, 1, 1)
