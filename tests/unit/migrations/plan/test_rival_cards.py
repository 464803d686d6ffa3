"""Among several cards of a customer in Stripe's objects and exports, none is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from producer.contract import CommandKind
from producer.migrations.errors import FileRefused
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.rows.joining import Part, join
from producer.migrations.model.conditions import Conditions
from producer.migrations.plan.plan import Plan, make_plan
from producer.migrations.report.undecided import of_plan
from tests.unit.migrations.files import mapped

TWO = "cus_1,card_1\ncus_1,card_2\ncus_2,card_3\n"


def _unsent(plan: Plan) -> dict[int, str]:
    return {one.number: one.reason.value for one in plan.unsent_rows()}


def _objects(folder: Path, *some: dict[str, Any], **options: Any) -> Plan:
    text = "".join(json.dumps(one) + "\n" for one in some)
    return make_plan(*mapped(folder, text, **options))


def _card(name: str, customer: str) -> dict[str, Any]:
    return {"object": "card", "id": name, "customer": customer}


def _method(name: str, customer: str) -> dict[str, Any]:
    return {"object": "payment_method", "id": name, "customer": customer, "type": "card"}


def test_several_card_objects_of_a_customer_are_not_sent(tmp_path: Path) -> None:
    """A card and a payment method are rivals, too; a customer's only card is sent."""
    found = (_card("card_1", "cus_1"), _card("card_2", "cus_2"), _method("pm_1", "cus_1"))
    with _objects(tmp_path, *found) as plan:
        assert _unsent(plan) == {1: "ambiguous_cards", 3: "ambiguous_cards"}
        assert (plan.to_send, plan.undecided, plan.contradicted) == (1, 1, 0)
        (undecided,) = of_plan(plan)
    assert undecided.text == "card_1; pm_1"


def test_the_customers_own_object_names_the_default(tmp_path: Path) -> None:
    """Its default is sent from any position; other cards are skipped, the same card is repeated."""
    customer = {"object": "customer", "id": "cus_1", "default_source": "card_2"}
    with _objects(tmp_path, _card("card_1", "cus_1"), customer, _card("card_2", "cus_1")) as plan:
        assert _unsent(plan) == {1: "not_default", 3: "repeated_row"}
        assert (plan.to_send, plan.skipped, plan.ambiguous) == (1, {"not_default": 1}, {})


def test_two_defaults_of_a_customer_object_are_ambiguous(tmp_path: Path) -> None:
    """It is not known which of two exports is the later one."""
    one = {"object": "customer", "id": "cus_1", "default_source": "card_1"}
    with _objects(tmp_path, one, {**one, "default_source": "card_2"}) as plan:
        assert _unsent(plan) == dict.fromkeys((1, 2), "contradictory_defaults")


def test_objects_that_are_only_attached_are_no_rivals(tmp_path: Path) -> None:
    """With --command AssignCard each of them is attached."""
    methods = (_method("pm_1", "cus_1"), _method("pm_2", "cus_1"))
    with _objects(tmp_path, *methods, command=CommandKind.ASSIGN_CARD) as plan:
        assert (plan.to_send, plan.ambiguous) == (2, {})


@pytest.mark.parametrize(
    "header",
    ["Customer ID,Card ID", "customer,id", "customer_id,payment_method", "cliente,tarjeta"],
)
def test_a_column_of_cards_names_no_default(header: str, tmp_path: Path) -> None:
    """In Stripe's exports of cards and payments, a customer with several cards is ambiguous."""
    with make_plan(*mapped(tmp_path, f"{header}\n{TWO}")) as plan:
        assert _unsent(plan) == dict.fromkeys((1, 2), "ambiguous_cards")
        assert plan.to_send == 1


@pytest.mark.parametrize("header", ["userId,default_source", "Customer,Default Card", "id,Card ID"])
def test_a_column_of_defaults_is_sent_in_its_order(header: str, tmp_path: Path) -> None:
    """Several defaults of a customer are contradictions: the rows are sent in order."""
    with make_plan(*mapped(tmp_path, f"{header}\n{TWO}")) as plan:
        assert (plan.to_send, plan.contradicted, plan.ambiguous) == (3, 1, {})


def test_a_mapped_column_is_sent_in_its_order(tmp_path: Path) -> None:
    """`--map default_source=Card ID` makes each row a default, and the file another migration."""
    source, taken = mapped(tmp_path, f"Customer ID,Card ID\n{TWO}")
    _, named = mapped(tmp_path, f"Customer ID,Card ID\n{TWO}", named={"default_source": "Card ID"})
    with make_plan(source, named) as plan:
        assert (plan.to_send, plan.contradicted, plan.ambiguous) == (3, 1, {})
    assert migration_id(source, taken, Conditions()) != migration_id(source, named, Conditions())


def test_an_export_may_have_defaults_and_card_details(tmp_path: Path) -> None:
    """`was_default` names the default; brand and last digits describe the candidates."""
    header = "Customer ID,Card ID,Card Brand,Card Last4,was_default"
    rows = "cus_1,card_1,Visa,4242,\ncus_1,card_2,Visa,1881,yes\ncus_2,card_3,Visa,0002,\n"
    with make_plan(*mapped(tmp_path, f"{header}\n{rows}cus_2,card_4,Amex,0005,\n")) as plan:
        assert _unsent(plan) == {1: "not_default", 3: "ambiguous_cards", 4: "ambiguous_cards"}
        (undecided,) = of_plan(plan)
    assert undecided.text == "card_3 Visa 0002; card_4 Amex 0005"


def test_cards_of_one_account_cannot_be_joined(tmp_path: Path) -> None:
    """--old-defaults needs a file that names the origin of its cards."""
    part = Part(*mapped(tmp_path, f"Customer ID,Card ID\n{TWO}"))
    with pytest.raises(FileRefused) as refused:
        join([part, part], None, tmp_path)
    assert refused.value.code == "not_a_copy"
