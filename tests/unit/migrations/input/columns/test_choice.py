"""Columns are chosen by usual names if only one fits; otherwise the error proposes `--map`."""

from __future__ import annotations

import shlex
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import CommandKind
from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.values.column_names import CARDS, CUSTOMERS, DEFAULTS, TOKENS, bare
from producer.migrations.model.conditions import Conditions
from producer.migrations.plan.plan import make_plan
from tests.unit.migrations.files import mapped

ASSIGN, SET = CommandKind.ASSIGN_CARD, CommandKind.SET_DEFAULT_CARD


def _mapping(text: str, command: CommandKind | None = None) -> Mapping:
    with TemporaryDirectory() as folder:
        return mapped(Path(folder), text, command=command)[1]


@pytest.mark.parametrize(
    ("header", "row", "fields"),
    [
        ("Customer ID,Card ID", "cus_1,card_1", "Customer ID>Card ID"),
        ("CUSTOMER_ID,CARD_ID", "cus_1,card_1", "CUSTOMER_ID>CARD_ID"),
        ("customer-id,payment-method", "cus_1,pm_1", "customer-id>payment-method"),
        ("stripe_customer_id,pm", "cus_1,pm_1", "stripe_customer_id>pm"),
        ("cus,card", "cus_1,card_1", "cus>card"),
        ("customer,default_source", "cus_1,card_1", "customer>default_source"),
        ("Customer,Default Payment Method", "cus_1,pm_1", "Customer>Default Payment Method"),
        ("User ID,Default Source", "cus_1,card_1", "User ID>Default Source"),
        ("userid,defaultsource", "cus_1,card_1", "userid>defaultsource"),
        ("Cliente,Tarjeta", "cus_1,card_1", "Cliente>Tarjeta"),
        ("customer_id_new,source_id_new", "cus_1,card_1", "customer_id_new>source_id_new"),
        # Old columns beside: they have other names.
        (
            "Customer ID Old,Source ID Old,Customer ID New,Source ID New",
            "cus_0,card_0,cus_1,card_1",
            "Customer ID New>Source ID New",
        ),
        # What says the default goes before what says a card.
        ("id,Card ID,Default Source", "cus_1,card_1,card_2", "id>Default Source"),
        ("customer,card,default_card", "cus_1,card_1,card_2", "customer>default_card"),
        # Two names, and only one of them holds such ids.
        ("user_id,customer_id,card_id", "17,cus_1,card_1", "customer_id>card_id"),
        ("customer,card,card_id", "cus_1,Visa,card_1", "customer>card_id"),
        ("id,customer,card", "ch_1,cus_1,card_1", "customer>card"),
        ("id,customer", "card_1,cus_1", "customer>id"),
        ("customer,default_card,card_id", "cus_1,yes,card_1", "customer>card_id"),
        ("customer,card,payment_method", "cus_1,card_1,", "customer>card"),
    ],
)
def test_a_default_is_set_by_these_columns(header: str, row: str, fields: str) -> None:
    """Names are found in any case and punctuation, among any other columns."""
    mapping = _mapping(f"Name,{header},Plan\nAnn,{row},gold\n")
    assert mapping.command is SET
    assert f"{mapping.fields['userId']}>{mapping.fields['default_source']}" == fields
    assert set(mapping.taken) == {f for f, column in mapping.fields.items() if column != f}


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("customer,token", "cus_1,tok_1", "token"),
        ("customer,source", "cus_1,tok_1", "source"),
        ("customer,source", "cus_1,src_1", "source"),
        ("Customer,Card", "cus_1,tok_1", "Card"),
        ("USERID,SOURCE", "cus_1,tok_1", "SOURCE"),
    ],
)
def test_a_card_is_attached_by_these_columns(header: str, row: str, column: str) -> None:
    """A token can only be attached, and the contract's `source` is attached."""
    mapping = _mapping(f"{header}\n{row}\n")
    assert (mapping.command, mapping.fields["source"]) == (ASSIGN, column)


def test_a_source_with_cards_is_no_token() -> None:
    """A `source` column with `card_` ids, beside other names, cannot be attached."""
    mapping = _mapping("customer,source\ncus_1,card_1\n")
    assert (mapping.command, mapping.fields["default_source"]) == (SET, "source")
    assert _mapping("userId,source\ncus_1,card_1\n").command is ASSIGN  # the contract's own file


def test_the_command_overrides_values_and_names() -> None:
    """--command takes precedence over values and names."""
    mapping = _mapping("Customer ID,Payment Method\ncus_1,pm_1\n", ASSIGN)
    assert (mapping.command, mapping.fields["source"]) == (ASSIGN, "Payment Method")


def test_the_contracts_names_in_another_case_are_its_file() -> None:
    """Such a file is read like one with the contract's exact names."""
    mapping = _mapping("User Id,Source,Default Source,Command\ncus_1,tok_1,,\n")
    assert mapping.command is None
    assert mapping.fields == {
        "userId": "User Id",
        "source": "Source",
        "default_source": "Default Source",
        "command": "Command",
    }


_TIES = [
    ("customer,customer_id,card", "cus_1,cus_2,card_1"),
    ("customer,card,payment_method", "cus_1,card_1,pm_1"),
    ("customer,default_source,default_payment_method", "cus_1,card_1,pm_1"),
    ("Customer ID,customer_id,Card ID,card_id", "cus_1,cus_1,card_1,card_1"),
    ("kunde,karte", "cus_1,card_1"),
    ("kunde,Bon", "cus_1,tok_1"),
    ("id,reference", "cus_1,card_1"),
    ("customer,what, x='y'", "cus_1,a,card_1"),
]


@pytest.mark.parametrize(("header", "row"), _TIES)
def test_the_proposed_map_options_work(header: str, row: str, tmp_path: Path) -> None:
    """If two columns fit or none does, the options that the error proposes make the file valid."""
    text = f"{header}\n{row}\n"
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, text)
    assert refused.value.code in ("column_ambiguous", "column_missing")
    named: dict[str, str] = {}
    words = shlex.split(str(refused.value)[str(refused.value).index("--map") :])
    for flag, value in pairwise(words):
        if flag == "--map":
            field, _, column = value.partition("=")
            named.setdefault(field, column)
    assert named
    with make_plan(*mapped(tmp_path, text, named)) as plan:
        assert (plan.to_send, plan.invalid) == (1, 0)


def test_a_column_that_is_empty_so_far_is_not_ruled_out(tmp_path: Path) -> None:
    """A column that is empty in the sample may hold cards later, unless the file ends there."""
    few = "customer,card,payment_method\n" + "cus_1,card_1,\n" * 10
    assert _mapping(few).fields["default_source"] == "card"
    many = few + "cus_1,card_1,\n" * 2_000 + "cus_2,,pm_2\n"
    with pytest.raises(FileRefused) as refused:
        _mapping(many)
    assert refused.value.code == "column_ambiguous"


@pytest.mark.parametrize("header", ["customer,cards total", "id,amount", "card,card_id", "a,b"])
def test_unrelated_columns_are_not_used(header: str) -> None:
    """A file without fitting columns is rejected."""
    with pytest.raises(FileRefused) as refused:
        _mapping(f"{header}\n1,2\n")
    assert refused.value.code in ("column_missing", "column_ambiguous")


def _decorated(name: str) -> st.SearchStrategy[str]:
    signs = st.lists(
        st.sampled_from(["", " ", "_", "-", ".", "\u00a0"]), min_size=len(name), max_size=len(name)
    )
    cases = st.lists(st.booleans(), min_size=len(name), max_size=len(name))
    return st.tuples(signs, cases).map(
        lambda pair: "".join(
            (one.upper() if up else one) + sign
            for one, up, sign in zip(name, pair[1], pair[0], strict=True)
        ).strip(" _-.\u00a0")
    )


@given(
    st.sampled_from(sorted(CUSTOMERS - {"cid"})).flatmap(_decorated),
    st.sampled_from(sorted(CARDS | DEFAULTS | TOKENS)).flatmap(_decorated),
    st.permutations(["customer", "card", "other"]),
)
def test_spelling_and_order_change_nothing(customer: str, card: str, order: list[str]) -> None:
    """A column is found in any spelling and position."""
    names = {"customer": f'"{customer}"', "card": f'"{card}"', "other": "Notes"}
    token = bare(card) in TOKENS
    values = {"customer": "cus_1", "card": "tok_1" if token else "card_1", "other": "x"}
    text = ",".join(names[one] for one in order) + "\n" + ",".join(values[o] for o in order) + "\n"
    mapping = _mapping(text)
    assert mapping.fields["userId"] == customer
    assert mapping.fields["source" if token else "default_source"] == card


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"userId,default_source\ncus_1,card_1\n", "mig_6091f8560bc773a881a38c4e"),
        (b"userId,source,default_source,command\ncus_1,tok_1,,\n", "mig_40d82f6fc45011806b7a4399"),
        (
            b"customer_id_old,source_id_old,customer_id_new,source_id_new\n"
            b"cus_1,card_1,cus_1,card_2\n",
            "mig_c6fce8280e935c1369e313a0",
        ),
        (
            b'{"userId": "cus_1", "source": "tok_1", "object": "x", "id": 7}\n',
            "mig_d7f0928d330644b2c1777a80",
        ),
    ],
)
def test_earlier_files_keep_their_ids(content: bytes, expected: str, tmp_path: Path) -> None:
    """Ids are those of version 1, so a running migration continues after an upgrade."""
    source, mapping = mapped(tmp_path, content)
    assert migration_id(source, mapping, Conditions()) == expected


def test_an_import_mapping_is_another_migration_than_in_version_1(tmp_path: Path) -> None:
    """Its rows were customers then and are cards now, so it is another migration."""
    content = b'{"1893": {"id": "cus_1", "cards": {"26": {"id": "card_1"}}}}'
    source, mapping = mapped(tmp_path, content)
    assert migration_id(source, mapping, Conditions()) == "mig_b093de39f9d36b00cc312bbb"
    assert migration_id(source, mapping, Conditions()) != "mig_cde00ec3b4f1d3fd60d2e61e"
