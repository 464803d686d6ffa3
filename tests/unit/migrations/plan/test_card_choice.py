"""One of a customer's several cards in a copy between accounts is sent, or none."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import CommandKind
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.model.card_details import AttachedCard, CardDetails
from producer.migrations.model.rows import RowState
from producer.migrations.plan.card_choice import UnsentReason
from producer.migrations.plan.customer_reads import CustomerRead
from producer.migrations.plan.plan import Plan, make_plan
from producer.migrations.report.rows_report import summarise
from producer.migrations.report.undecided import (
    Candidate,
    Undecided,
    first_of_plan,
    of_plan,
    of_report,
    write_undecided,
)
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from tests.unit.migrations.files import CARD_NUMBER, mapped

HEADER = "customer_id_old,source_id_old,customer_id_new,source_id_new"
_STATES = {
    UnsentReason.AMBIGUOUS: RowState.AMBIGUOUS,
    UnsentReason.DEFAULTS_DIFFER: RowState.AMBIGUOUS,
    UnsentReason.DEFAULT_NOT_COPIED: RowState.AMBIGUOUS,
    UnsentReason.COPIES_DIFFER: RowState.AMBIGUOUS,
    UnsentReason.NOT_DEFAULT: RowState.SKIPPED,
    UnsentReason.REPEATED: RowState.ALREADY_SO,
}


def _planned(folder: Path, *rows: str, header: str = HEADER) -> Plan:
    return make_plan(*mapped(folder, "\n".join([header, *rows, ""])))


def _unsent(plan: Plan) -> dict[int, str]:
    found = {one.number: one.reason.value for one in plan.unsent_rows()}
    assert list(plan.not_sent()) == sorted(
        (n, _STATES[UnsentReason(why)]) for n, why in found.items()
    )
    return found


def test_several_cards_are_not_sent_and_a_single_one_is(tmp_path: Path) -> None:
    """The positions and order of a customer's rows do not matter."""
    rows = [
        "cus_a,card_a1,cus_A,card_A1",
        "cus_b,card_b1,cus_B,card_B1",
        "cus_a,card_a2,cus_A,card_A2",
        "cus_b,card_b1,cus_B,card_B1",
    ]
    for some in (rows, rows[::-1]):
        with _planned(tmp_path, *some) as plan:
            why = [plan_why for _, plan_why in sorted(_unsent(plan).items())]
            assert sorted(why) == ["ambiguous_cards", "ambiguous_cards", "repeated_row"]
            assert (plan.to_send, plan.repeated, plan.ambiguous, plan.undecided) == (
                1,
                1,
                {"ambiguous_cards": 2},
                1,
            )
            assert plan.wire()["ambiguous"] == {"ambiguous_cards": 2}


def test_an_import_mapping_is_judged_alike(tmp_path: Path) -> None:
    """In Stripe's import mapping only the customer with two cards is ambiguous."""
    document = {
        "1893": {"id": "cus_A", "cards": {"1": {"id": "card_A1"}, "2": {"id": "card_A2"}}},
        "1894": {"id": "cus_B", "cards": {"3": {"id": "card_B1"}}},
        "1895": {"id": "cus_C", "cards": {}},
    }
    with make_plan(*mapped(tmp_path, json.dumps(document))) as plan:
        assert _reasons(plan) == {1: "ambiguous_cards", 2: "ambiguous_cards"}
        assert (plan.to_send, plan.codes, plan.rows) == (1, {"no_card": 1}, 4)


def _reasons(plan: Plan) -> dict[int, str]:
    return {one.number: one.reason.value for one in plan.unsent_rows()}


def test_a_header_alone_is_an_empty_plan(tmp_path: Path) -> None:
    """Nothing could be copied: nothing to send, and nothing wrong."""
    with _planned(tmp_path) as plan:
        assert (plan.rows, plan.to_send, plan.invalid, plan.ambiguous) == (0, 0, 0, {})


def test_an_ordinary_file_is_sent_in_its_order(tmp_path: Path) -> None:
    """In a file of customers and cards two cards are a contradiction: the last row wins."""
    with _planned(tmp_path, "cus_A,card_1", "cus_A,card_2", header="userId,default_source") as plan:
        assert (plan.to_send, plan.contradicted, plan.ambiguous) == (2, 1, {})


def test_cards_that_are_only_attached_are_not_ambiguous(tmp_path: Path) -> None:
    """With --command AssignCard every card of a customer is attached."""
    text = f"{HEADER}\ncus_a,src_1,cus_A,src_A1\ncus_a,src_2,cus_A,src_A2\n"
    source, mapping = mapped(tmp_path, text, command=CommandKind.ASSIGN_CARD)
    with make_plan(source, mapping) as plan:
        assert (plan.to_send, plan.ambiguous) == (2, {})


@pytest.mark.parametrize("header", [HEADER.upper(), HEADER.replace("_", " ").title()])
def test_the_column_was_default_decides(header: str, tmp_path: Path) -> None:
    """A file may name the old defaults itself."""
    source, mapping = mapped(
        tmp_path,
        f"{header},Was default\nx,1,cus_A,card_A1,no\nx,2,cus_A,card_A2,Yes\n",
        {"userId": header.split(",")[2], "default_source": header.split(",")[3]},
    )
    with make_plan(source, mapping) as plan:
        assert _unsent(plan) == {1: "not_default"}
        assert plan.skipped == {"not_default": 1}


@pytest.mark.parametrize(
    ("rows", "unsent"),
    [
        (["x,1,cus_A,card_1,yes", "x,2,cus_A,card_2,yes"], ["contradictory_defaults"] * 2),
        (["x,1,cus_A,card_1,?"], ["contradictory_defaults"]),
        (["x,1,cus_A,card_1,no", "x,2,cus_A,card_2,no"], ["default_not_copied"] * 2),
        (["x,1,cus_A,card_1,no"], ["default_not_copied"]),
        (["x,1,cus_A,card_1,yes", "x,1,cus_A,card_2,yes"], ["contradictory_copies"] * 2),
        (["x,1,cus_A,card_1,", "x,1,cus_B,card_2,"], ["contradictory_copies"] * 2),
        (["x,1,cus_A,card_1,yes", "x,1,cus_A,card_1,yes"], ["repeated_row"]),
        (["x,1,cus_A,card_1,no", "x,2,cus_A,card_1,yes"], ["repeated_row"]),
        (["x,1,cus_A,card_1,yes", "x,2,cus_A,card_2,no"], ["not_default"]),
        (["x,1,cus_A,card_1,yes", "x,2,cus_A,pm_2,"], ["not_default"]),
        (["x,1,cus_A,card_1,maybe", "x,2,cus_A,pm_2,"], ["ambiguous_cards"] * 2),
    ],
)
def test_each_reason(rows: list[str], unsent: list[str], tmp_path: Path) -> None:
    """Contradictory rows are not sent, and missing information is not guessed."""
    with _planned(tmp_path, *rows, header=f"{HEADER},was_default") as plan:
        assert list(_unsent(plan).values()) == unsent
        assert plan.to_send == len(rows) - len(unsent)


_ROWS = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.sampled_from("123"), st.sampled_from(["yes", "no", "", "?"])
    ),
    max_size=8,
)


@given(_ROWS, st.randoms())
def test_the_order_of_rows_decides_nothing(
    rows: Sequence[tuple[str, str, str]], draw: object
) -> None:
    """In any order at most one card of a customer is sent, and the same one."""
    shuffled = list(rows)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    sent = []
    for some in (rows, shuffled):
        lines = [f"{c},{n},cus_{c},card_{c}{n},{was}" for c, n, was in some]
        with (
            TemporaryDirectory() as folder,
            _planned(Path(folder), *lines, header=f"{HEADER},was_default") as plan,
        ):
            unsent = _unsent(plan)
            sent.append({some[n - 1][:2] for n in range(1, len(some) + 1) if n not in unsent})
            assert plan.to_send == len(some) - len(unsent)
    assert sent[0] == sent[1]
    assert len({customer for customer, _ in sent[0]}) == len(sent[0])


def test_an_origin_that_looks_like_a_card_number_is_dropped(tmp_path: Path) -> None:
    """Another processor's ids may look like card numbers: the row is good, the id is not kept."""
    with _planned(tmp_path, f"{CARD_NUMBER},x,cus_A,card_1", "1,x,cus_B,card_2") as plan:
        assert (plan.to_send, plan.invalid) == (2, 0)


def test_undecided_customers_are_written_for_a_choice(tmp_path: Path) -> None:
    """The file has one row with candidates for each customer; unchanged, none of it is sent."""
    header = f"{HEADER},Card Brand,card_last4,exp_month,exp_year"
    rows = [
        "x,1,cus_B,card_B1,Visa,4242,12,2030",
        "y,1,cus_A,card_A1,Visa,4242,12,2030",
        "x,2,cus_B,pm_B2,MasterCard,4444,1,2031",
        "y,2,cus_A,card_A2,,,,",
        "z,1,cus_C,card_C1,,,,",
    ]
    path = tmp_path / "undecided.csv"
    with _planned(tmp_path, *rows, header=header) as plan:
        found = list(of_plan(plan))
        assert write_undecided(found, path) == 2
        assert [one.customer for one in first_of_plan(plan, 1)] == ["cus_B"]
        assert sorted(first_of_plan(plan, 9), key=lambda one: one.customer) == found
    assert [one.wire()["customer"] for one in found] == ["cus_A", "cus_B"]
    written = list(csv.DictReader(path.open()))
    assert [row["candidates"] for row in written] == [
        "card_A1 Visa 4242 12/2030; card_A2",
        "card_B1 Visa 4242 12/2030; pm_B2 MasterCard 4444 1/2031",
    ]
    source = open_input(path)
    with make_plan(source, map_columns(source)) as again:
        assert (again.to_send, again.codes) == (0, {"parameter_missing": 2})


def test_candidates_have_details_from_stripe() -> None:
    """Brand, last digits, expiry, and whether a card has expired, is the default or missing."""
    one = Undecided("cus_A", "ambiguous_cards", tuple(map(Candidate, ("card_1", "pm_2", "pm_3"))))
    shown = (
        AttachedCard("card_1", CardDetails("Visa", "4242", "2", "2026")),
        AttachedCard("pm_2", CardDetails("Visa", "1881", "3", "2026")),
    )
    read = CustomerRead("cus_A", "", None, "pm_2", frozenset(("card_1", "pm_2")), shown)
    assert one.seen(read, date(2026, 3, 1)).text == (
        "card_1 Visa 4242 2/2026 (expired); pm_2 Visa 1881 3/2026 (a default now); "
        "pm_3 (not attached to the customer)"
    )


def test_a_report_says_why_each_row_was_not_sent(tmp_path: Path) -> None:
    """Ambiguous and skipped rows have codes, and messages with the card's details."""
    text = (
        f"{HEADER},was_default,brand,last4\nx,1,cus_A,card_1,,Visa,4242\nx,2,cus_A,card_2,,,\n"
        "y,1,cus_B,card_3,yes,,\ny,2,cus_B,card_4,no,Visa,1881\n"
    )
    source, mapping = mapped(tmp_path, text)
    states = [RowState.AMBIGUOUS, RowState.AMBIGUOUS, RowState.PENDING, RowState.SKIPPED]
    results = Results(tmp_path / "r.sqlite")
    outcomes = RowOutcomes("mig_1", source, mapping, 4, lambda n: states[n - 1], results)
    with results:
        found = [result for _, result in outcomes]
        assert [one.code for one in found] == [
            "ambiguous_cards",
            "ambiguous_cards",
            "",
            "not_default",
        ]
        assert found[3].message == "Visa 1881: another of the customer's 2 cards was the default"
        assert [one.customer for one in of_report(outcomes)] == ["cus_A"]
        assert summarise(outcomes).counts[RowState.AMBIGUOUS] == 2
