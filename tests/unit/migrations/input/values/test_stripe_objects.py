"""Stripe's dashboard exports, API objects and copies between accounts."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from producer.contract import CommandKind, SetDefaultCard, Slot
from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.input.rows.spool import spool_input
from producer.migrations.model.conditions import Conditions
from producer.migrations.model.rows import BadRow, Row, RowState
from producer.migrations.plan.plan import make_plan
from producer.migrations.report.errors_file import write_bad_rows
from tests.unit.migrations.files import mapped

# Columns of the dashboard's exports, as people have published them.
CARD_COLUMNS = (
    "Card ID,Card Last4,Card Brand,Card Funding,Card Exp Month,Card Exp Year,Card Name,"
    "Card Address Line1,Card Address City,Card Address Zip,Card Issue Country,Card Fingerprint,"
    "Card CVC Status,Card AVS Zip Status,Card AVS Line1 Status,Card Tokenization Method"
)
_CARD = "{},4242,Visa,credit,12,2030,Ann,1 Main,Town,1234,US,fp1,{},pass,,"
CUSTOMERS = f"id,Description,Email,Name,Created (UTC),Delinquent,{CARD_COLUMNS},Plan,Status\n"
PAYMENTS = (
    "id,Description,Created (UTC),Amount,Currency,Mode,Status,Customer ID,Customer Email,Captured,"
    f"{CARD_COLUMNS},Payment Source Type,PaymentIntent ID\n"
)
COPY = "customer_id_old,source_id_old,customer_id_new,source_id_new\n"


def _rows(folder: Path, text: str) -> list[tuple[str, str]]:
    """Customer and card of each row, or its state and code."""
    return [
        (row.state.word, row.code)
        if isinstance(row, BadRow)
        else (row.order.customer, row.order.object_id)
        for row in open_rows(*mapped(folder, text))
    ]


def test_the_customers_export(tmp_path: Path) -> None:
    """`id` is the customer and `Card ID` the card; a customer without a card is skipped."""
    rows = [
        f"cus_1,,a@b.c,Ann,2024-01-01 10:00,false,{_CARD.format('card_1', 'pass')},gold,active",
        f"cus_2,,b@b.c,Bob,2024-01-01 10:00,false,{',' * 15},,",
        f"cus_3,,c@b.c,Eve,2024-01-01 10:00,true,{_CARD.format('pm_3', 'unchecked')},,",
    ]
    text = CUSTOMERS + "\n".join(rows)
    found = [("cus_1", "card_1"), ("skipped", "no_default"), ("cus_3", "pm_3")]
    assert _rows(tmp_path, text) == found
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert plan.mapping.fields == {"userId": "id", "default_source": "Card ID"}
        assert plan.checks == ("Card CVC Status",)
        assert (plan.to_send, plan.invalid, plan.skipped) == (2, 0, {"no_default": 1})
        assert plan.slots == {Slot.DEFAULT_SOURCE: 1, Slot.DEFAULT_PAYMENT_METHOD: 1}


def test_the_default_source_takes_precedence(tmp_path: Path) -> None:
    """The export's column of defaults is used; a bank account as default is skipped."""
    text = "id,Email,Card ID,Default Source\ncus_1,x,card_1,card_2\ncus_2,x,card_3,ba_1\n"
    assert _rows(tmp_path, text) == [("cus_1", "card_2"), ("skipped", "bank_account")]


def test_the_payments_export(tmp_path: Path) -> None:
    """Its `id` is a charge's; the customer has its own column."""
    row = f"ch_1,,2024,1,usd,Live,Paid,cus_1,x,true,{_CARD.format('card_1', 'pass')},card,pi_1"
    assert _rows(tmp_path, f"{PAYMENTS}{row}\n") == [("cus_1", "card_1")]


def _card(**more: Any) -> dict[str, Any]:
    return {
        "id": "card_1",
        "object": "card",
        "address_zip": "1234",
        "address_zip_check": "pass",
        "brand": "Visa",
        "customer": "cus_1",
        "cvc_check": "pass",
        "dynamic_last4": None,
        "exp_month": 8,
        "exp_year": 2030,
        "fingerprint": "Xt5EWLLDS7FJjR1c",
        "last4": "4242",
        "metadata": {},
        "networks": {"available": ["visa"], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        **more,
    }


def _method(**more: Any) -> dict[str, Any]:
    return {
        "id": "pm_1",
        "object": "payment_method",
        "billing_details": {"address": {"postal_code": "1234"}, "phone": "+15555550000"},
        "card": {"checks": {"cvc_check": "unchecked"}, "last4": "4242", "exp_year": 2030},
        "created": 1_700_000_000,
        "customer": "cus_1",
        "type": "card",
        **more,
    }


def _customer(source: Any, method: Any, **more: Any) -> dict[str, Any]:
    settings = {"custom_fields": None, "default_payment_method": method, "footer": None}
    return {
        "id": "cus_1",
        "object": "customer",
        "default_source": source,
        "email": "ann@example.com",
        "invoice_settings": settings,
        **more,
    }


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (_card(), ("cus_1", "card_1")),
        (_card(customer={"id": "cus_9", "object": "customer"}), ("cus_9", "card_1")),
        (_card(customer=None), ("invalid", "parameter_missing")),
        (_method(), ("cus_1", "pm_1")),
        (_method(type="us_bank_account"), ("skipped", "not_a_card")),
        (
            {"id": "src_1", "object": "source", "type": "card", "customer": "cus_1"},
            ("cus_1", "src_1"),
        ),
        (
            {"id": "src_1", "object": "source", "type": "sepa_debit", "customer": "cus_1"},
            ("skipped", "not_a_card"),
        ),
        (
            {"id": "ba_1", "object": "bank_account", "customer": "cus_1"},
            ("skipped", "bank_account"),
        ),
        (_customer("card_1", None), ("cus_1", "card_1")),
        (_customer("card_1", "pm_1"), ("cus_1", "pm_1")),
        (_customer(None, "pm_1"), ("cus_1", "pm_1")),
        (_customer({"id": "card_2", "object": "card"}, None), ("cus_1", "card_2")),
        (_customer(None, _method(id="pm_2")), ("cus_1", "pm_2")),
        (_customer(None, None), ("skipped", "no_default")),
        (_customer("ba_1", None), ("skipped", "bank_account")),
        ({"id": "cus_1", "object": "customer", "deleted": True}, ("skipped", "no_default")),
        ({"id": "txi_1", "object": "tax_id", "customer": "cus_1"}, ("invalid", "unknown_object")),
    ],
)
def test_a_stripe_object(one: dict[str, Any], found: tuple[str, str], tmp_path: Path) -> None:
    """Objects of any kind are rows among others, and the same in a stream's copy."""
    text = "".join(json.dumps(each) + "\n" for each in (_card(), one, _method()))
    rows = _rows(tmp_path, text)
    assert rows == [("cus_1", "card_1"), found, ("cus_1", "pm_1")]
    source, mapping = mapped(tmp_path, text)
    copy = spool_input(io.BytesIO(text.encode()), tmp_path / "data")
    assert map_columns(copy) == mapping
    assert list(open_rows(copy, mapping)) == list(open_rows(source, mapping))
    assert migration_id(copy, mapping, Conditions()) == migration_id(source, mapping, Conditions())


def test_customers_with_two_defaults_are_counted(tmp_path: Path) -> None:
    """The plan counts rows by slot, and customers with another default in the other slot."""
    ones = [
        _customer("card_1", "pm_1"),
        _customer("card_2", None, id="cus_2"),
        _customer("card_3", "card_3", id="cus_3"),
    ]
    text = "".join(json.dumps(one) + "\n" for one in ones)
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert plan.mapping.fields["userId"] == "id"
        assert plan.notes.both_defaults == 1
        assert plan.slots == {Slot.DEFAULT_SOURCE: 2, Slot.DEFAULT_PAYMENT_METHOD: 1}


def test_a_copy_keeps_nothing_of_an_object_but_ids(tmp_path: Path) -> None:
    """Only ids are kept of expanded customers and cards."""
    whole = {"id": "cus_1", "object": "customer", "email": "ann@example.com"}
    ones = [_card(customer=whole), _customer(_card(), _method()), _customer(None, "pm_1")]
    text = "".join(json.dumps(one) + "\n" for one in ones)
    copy = spool_input(io.BytesIO(text.encode()), tmp_path / "data")
    stored = copy.path.read_text()
    for private in ("example.com", "4242", "fingerprint", "postal_code", "Xt5E"):
        assert private not in stored.partition("\n")[2]


def test_invalid_objects_are_written_for_correction(tmp_path: Path) -> None:
    """`errors.csv` has the contract's columns for any records, without skipped ones."""
    ones = [_card(id="card"), _customer(None, None), _customer("oops", None), _card()]
    source, mapping = mapped(tmp_path, "".join(json.dumps(one) + "\n" for one in ones))
    errors = tmp_path / "errors.csv"
    assert write_bad_rows(source, mapping, errors) == 2
    lines = errors.read_text().splitlines()
    assert lines[0].startswith("userId,default_source,state,code")
    assert [line.split(",")[:2] for line in lines[1:]] == [["cus_1", "card"], ["cus_1", "oops"]]
    again = open_input(errors)
    assert [type(row) for row in open_rows(again, map_columns(again))] == [BadRow, BadRow]


def test_objects_may_be_mapped(tmp_path: Path) -> None:
    """--map works for objects of any kind; without it, other kinds are rejected."""
    text = json.dumps({"id": "sub_1", "object": "subscription", "customer": "cus_1", "pm": "pm_1"})
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, text)
    assert refused.value.code == "unknown_objects"
    (row,) = open_rows(*mapped(tmp_path, text, {"userId": "customer", "default_source": "pm"}))
    assert isinstance(row, Row)
    assert row.order == SetDefaultCard(customer="cus_1", card="pm_1")


def test_objects_may_be_attached(tmp_path: Path) -> None:
    """With --command AssignCard a payment method is attached to the customer that it names."""
    source, mapping = mapped(tmp_path, json.dumps(_method()), command=CommandKind.ASSIGN_CARD)
    (row,) = open_rows(source, mapping)
    assert isinstance(row, Row)
    assert row.order.kind is CommandKind.ASSIGN_CARD


def test_a_copy_between_accounts(tmp_path: Path) -> None:
    """All three kinds of cards are sent, bank accounts are skipped, and the sums add up."""
    text = COPY + (
        "cus_1,card_1,cus_1,card_2\ncus_2,ba_1,cus_2,ba_2\ncus_3,src_1,cus_3,src_2\n"
        "cus_4,pm_1,cus_4,pm_2\nnone,card_1,none,card_2\n"
    )
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert (plan.to_send, plan.invalid, plan.skipped) == (3, 1, {"bank_account": 1})
        assert plan.to_send + plan.repeated + plan.invalid + sum(plan.skipped.values()) == plan.rows
        assert list(plan.not_sent()) == [(2, RowState.SKIPPED), (5, RowState.INVALID)]
        assert plan.mapping.taken == ("default_source", "userId")


@pytest.mark.parametrize("text", [COPY, COPY.strip(), CUSTOMERS, f"\ufeff{COPY}\r\n\r\n"])
def test_a_header_alone_is_an_empty_plan(text: str, tmp_path: Path) -> None:
    """A file with only a header is valid and sends nothing."""
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert (plan.rows, plan.to_send, plan.invalid) == (0, 0, 0)
