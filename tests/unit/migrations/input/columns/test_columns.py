"""What columns mean: by the contract's names, by Stripe's, or as they are mapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.contract import AssignCard, CommandKind, SetDefaultCard
from producer.migrations.errors import FileRefused
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.rows import BadRow, Row
from tests.unit.migrations.files import mapped, written

COPY = "customer_id_old,source_id_old,customer_id_new,source_id_new\ncus_a,card_a,cus_b,card_b\n"
MIXED = "userId,source,default_source,command\n"
ASSIGN, SET = CommandKind.ASSIGN_CARD, CommandKind.SET_DEFAULT_CARD


def test_stripes_copy_file_sets_the_new_cards_as_defaults(tmp_path: Path) -> None:
    """A copied card is attached already, to the new customer; --command says otherwise."""
    source, mapping = mapped(tmp_path, COPY)
    (row,) = open_rows(source, mapping)
    assert isinstance(row, Row)
    assert row.order == SetDefaultCard(customer="cus_b", card="card_b")
    assigning = mapped(tmp_path, COPY.replace("card_b", "src_b"), command=ASSIGN)
    (row,) = open_rows(*assigning)
    assert isinstance(row, Row)
    assert row.order == AssignCard(customer="cus_b", source="src_b")


def test_columns_are_mapped(tmp_path: Path) -> None:
    """--map names columns for the contract's fields, and goes before what they are called."""
    text = "userId,who,card\nx,cus_1,card_1\n"
    (row,) = open_rows(*mapped(tmp_path, text, {"userId": "who", "default_source": "card"}))
    assert isinstance(row, Row)
    assert row.order == SetDefaultCard(customer="cus_1", card="card_1")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("cus_1,tok_1,,AssignCard", ASSIGN),
        ("cus_1,,card_1,SetDefaultCard", SET),
        ("cus_1,tok_1,,", ASSIGN),
        ("cus_1,,card_1,", SET),
        ("cus_1,tok_1,card_1,", "both_filled"),
        ("cus_1,tok_1,card_1,AssignCard", "both_filled"),
        ("cus_1,tok_1,,SetDefaultCard", "parameter_missing"),
        ("cus_1,,,", "parameter_missing"),
        ("cus_1,tok_1,,Assign", "unknown_command"),
    ],
)
def test_a_row_says_its_command_or_has_one_column_filled(
    line: str, found: object, tmp_path: Path
) -> None:
    """Where both are filled, or the command is another than what is filled, nothing is guessed."""
    (row,) = open_rows(*mapped(tmp_path, f"{MIXED}{line}\n"))
    assert (row.code if isinstance(row, BadRow) else row.order.kind) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("card_9", "card_9"), ("", ""), ("pm_9", "pm_9"), ("nothing", None), ("123", None)],
)
def test_the_expected_default_is_read(value: str, found: str | None, tmp_path: Path) -> None:
    """An empty one expects that there is none; one that is no id makes the row invalid."""
    text = f"userId,default_source,was\ncus_1,card_1,{value}\n"
    (row,) = open_rows(*mapped(tmp_path, text, expected="was"))
    assert (row.expected_default if isinstance(row, Row) else None) == found
    if isinstance(row, BadRow):
        assert row.column == "was"


@pytest.mark.parametrize(
    ("header", "named", "expected", "code"),
    [
        ("old_customer_id,stripe_customer_id", {}, None, "column_missing"),
        ("userId,carta", {}, None, "column_missing"),
        ("source,default_source", {}, None, "column_missing"),
        ("userId,source", {"source": "src"}, None, "column_missing"),
        ("userId,source", {}, "was", "column_missing"),
        ("userId,source,source", {}, None, "column_repeated"),
        ("userId,source", {"userId": "source"}, None, "column_repeated"),
        ("userId,source", {"card": "source"}, None, "unknown_field"),
        ("userId,\x1bsource", {"source": "\x1bsource"}, None, "column_name"),
    ],
)
def test_columns_that_are_missing_refuse_the_file(
    header: str, named: dict[str, str], expected: str | None, code: str, tmp_path: Path
) -> None:
    """What is needed or named and not there once is told before any row is read."""
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, f"{header}\n", named, expected=expected)
    assert refused.value.code == code


def test_the_only_command_there_can_be_is_that_of_all_rows(tmp_path: Path) -> None:
    """Saying what the columns say anyway changes nothing of what the file means."""
    source = written(tmp_path, "userId,source\n")
    plain = mapped(tmp_path, "userId,source\n")[1]
    assert plain.command is ASSIGN
    assert mapped(tmp_path, "userId,source\n", command=ASSIGN)[1] == plain
    assert source.columns == ("userId", "source")


def test_a_file_without_a_header_is_refused_without_its_tokens(tmp_path: Path) -> None:
    """Its first row is taken for the names of columns, and those are told."""
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, "cus_1,tok_secret\ncus_2,tok_other\n")
    assert "cus_1, tok_***" in str(refused.value)


def test_an_empty_name_at_the_beginning_is_a_column(tmp_path: Path) -> None:
    """What was saved with an index column, as data frames are, is read by its other columns."""
    for text in ("\n\tuserId\tsource\n0\tcus_1\ttok_1\n", ",userId,source\n0,cus_1,tok_1\n"):
        (row,) = open_rows(*mapped(tmp_path, text))
        assert isinstance(row, Row)
        assert row.order.customer == "cus_1"


@pytest.mark.parametrize("command", ["{}", "[1]", "7", '"assign"'])
def test_a_command_of_any_type_is_checked(command: str, tmp_path: Path) -> None:
    """JSON may say anything: what is no command's name is a bad row."""
    text = f'{{"userId": "cus_1", "source": "tok_1", "command": {command}}}\n'
    (row,) = open_rows(*mapped(tmp_path, text))
    assert isinstance(row, BadRow)
    assert (row.code, row.column) == ("unknown_command", "command")
