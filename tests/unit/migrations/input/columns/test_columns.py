"""Columns are mapped by the contract's names, by Stripe's names, or by `--map`."""

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
    """A copied card is already attached to the new customer; --command overrides this."""
    source, mapping = mapped(tmp_path, COPY)
    (row,) = open_rows(source, mapping)
    assert isinstance(row, Row)
    assert row.order == SetDefaultCard(customer="cus_b", card="card_b")
    assigning = mapped(tmp_path, COPY.replace("card_b", "src_b"), command=ASSIGN)
    (row,) = open_rows(*assigning)
    assert isinstance(row, Row)
    assert row.order == AssignCard(customer="cus_b", source="src_b")


def test_map_overrides_names(tmp_path: Path) -> None:
    """--map takes precedence over column names."""
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
def test_a_row_names_its_command_or_fills_one_column(
    line: str, found: object, tmp_path: Path
) -> None:
    """A row with both columns filled, or another command than the filled column, is invalid."""
    (row,) = open_rows(*mapped(tmp_path, f"{MIXED}{line}\n"))
    assert (row.code if isinstance(row, BadRow) else row.order.kind) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("card_9", "card_9"), ("", ""), ("pm_9", "pm_9"), ("nothing", None), ("123", None)],
)
def test_the_expected_default_is_read(value: str, found: str | None, tmp_path: Path) -> None:
    """An empty value expects no default; a value that is no id makes the row invalid."""
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
def test_missing_columns_reject_the_file(
    header: str, named: dict[str, str], expected: str | None, code: str, tmp_path: Path
) -> None:
    """A needed or named column that is missing or repeated is reported before any row is read."""
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, f"{header}\n", named, expected=expected)
    assert refused.value.code == code


def test_the_columns_imply_the_command(tmp_path: Path) -> None:
    """Naming the command that the columns imply changes nothing."""
    source = written(tmp_path, "userId,source\n")
    plain = mapped(tmp_path, "userId,source\n")[1]
    assert plain.command is ASSIGN
    assert mapped(tmp_path, "userId,source\n", command=ASSIGN)[1] == plain
    assert source.columns == ("userId", "source")


def test_an_error_about_the_header_redacts_tokens(tmp_path: Path) -> None:
    """The first row is taken as names, which the error lists."""
    with pytest.raises(FileRefused) as refused:
        mapped(tmp_path, "cus_1,tok_secret\ncus_2,tok_other\n")
    assert "cus_1, tok_***" in str(refused.value)


def test_an_empty_first_name_is_a_column(tmp_path: Path) -> None:
    """Files saved with an index column, as by data frames, are read by their other columns."""
    for text in ("\n\tuserId\tsource\n0\tcus_1\ttok_1\n", ",userId,source\n0,cus_1,tok_1\n"):
        (row,) = open_rows(*mapped(tmp_path, text))
        assert isinstance(row, Row)
        assert row.order.customer == "cus_1"


@pytest.mark.parametrize("command", ["{}", "[1]", "7", '"assign"'])
def test_a_command_of_any_type_is_checked(command: str, tmp_path: Path) -> None:
    """A JSON value that is no command's name makes a bad row."""
    text = f'{{"userId": "cus_1", "source": "tok_1", "command": {command}}}\n'
    (row,) = open_rows(*mapped(tmp_path, text))
    assert isinstance(row, BadRow)
    assert (row.code, row.column) == ("unknown_command", "command")
