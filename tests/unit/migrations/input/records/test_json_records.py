"""JSON Lines and Stripe's import mapping."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import CommandKind
from producer.migrations.errors import FileRefused
from producer.migrations.input.records.json_records import parsed
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.records import Fault
from producer.migrations.model.rows import BadRow, Origin, Row
from tests.unit.migrations.files import CARD_NUMBER, by_line, mapped, read

LINE = '{"userId": "cus_1", "default_source": "card_1"}\n'


@given(st.text(max_size=40))
def test_any_line_is_an_object_or_a_fault(line: str) -> None:
    """Reading a line of any text raises nothing."""
    assert isinstance(parsed(line), (dict, Fault))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"userId": "cus_2", "default_source": "card_2"', "not_json"),
        ('["cus_2", "card_2"]', "not_json"),
        ("null", "not_json"),
        ('{"userId": "cus_1", "userId": "cus_2", "default_source": "card_1"}', "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"userId": 17, "default_source": "card_2"}', "parameter_invalid"),
        ('{"userId": {"id": "cus_2"}, "default_source": "card_2"}', "parameter_invalid"),
        ('{"userId": null, "default_source": "card_2"}', "parameter_missing"),
        ('{"default_source": "card_2"}', "parameter_missing"),
        ('{"userId": "cus_2\\u0000", "default_source": "card_2"}', "nul_byte"),
        (f'{{"userId": {CARD_NUMBER}, "default_source": "card_2"}}', "card_number_refused"),
        ('{"userId": "cus_2", "default_source": "card_2", "more": [1, {}]}', "cus_2"),
    ],
)
def test_a_bad_line_affects_no_other(line: str, code: str, tmp_path: Path) -> None:
    """A truncated, nested, ill-typed line, or one with a repeated member, is one bad row."""
    rows = read(tmp_path, f"{LINE}{line}\r\n\n{LINE}")
    assert by_line(rows) == [(1, "cus_1"), (2, code), (4, "cus_1")]


def test_a_column_of_card_data_in_a_late_row_refuses_the_file(tmp_path: Path) -> None:
    """In JSON Lines any row may introduce a column, whose name is then checked."""
    text = LINE * 2_000 + '{"userId": "cus_1", "default_source": "card_1", "cvc": "1"}\n'
    rows = open_rows(*mapped(tmp_path, text))
    with pytest.raises(FileRefused) as refused:
        list(rows)
    assert (refused.value.code, refused.value.column) == ("card_data_column", "cvc")


def _mapping(*customers: object) -> str:
    return json.dumps({str(number): one for number, one in enumerate(customers)}, indent=1)


def _customer(*cards: object) -> object:
    of_customer = {f"old_{n}": {"id": card} for n, card in enumerate(cards)}
    return {"id": "cus_1", "cards": of_customer, "email": "a@example.com"}


def test_each_card_of_stripes_mapping_is_a_row(tmp_path: Path) -> None:
    """A row names the former customer and card; the plan chooses the default."""
    text = _mapping(
        _customer("card_1"), _customer("card_1", "card_2"), _customer(), 7, _customer(None)
    )
    source, mapping = mapped(tmp_path, text)
    rows = list(open_rows(source, mapping))
    assert mapping.command is CommandKind.SET_DEFAULT_CARD
    assert [row.code for row in rows if isinstance(row, BadRow)] == [
        "no_card",
        "not_json",
        "parameter_missing",
    ]
    good = [row for row in rows if isinstance(row, Row)]
    assert [row.order.object_id for row in good] == ["card_1", "card_1", "card_2"]
    assert [row.origin for row in good] == [
        Origin("0", "old_0"),
        Origin("1", "old_0"),
        Origin("1", "old_1"),
    ]
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.line for row in rows[:3]] == [2, 11, 11]
    for number in range(1, 8):
        assert list(open_rows(source, mapping, start_number=number)) == rows[number - 1 :]


def test_a_mapping_larger_than_a_block(tmp_path: Path) -> None:
    """It is read member by member at any size, on one line or many, also gzipped."""
    text = _mapping(*(_customer(f"card_é{n}" if n == 7 else f"card_{n}") for n in range(20_000)))
    for data in (text.encode(), gzip.compress(json.dumps(json.loads(text)).encode())):
        rows = read(tmp_path, data)
        assert len(rows) == 20_000
        assert [r.number for r in rows if isinstance(r, BadRow)] == [8]


@pytest.mark.parametrize("cut", [-1, -20, -3_000])
def test_a_torn_mapping_is_refused(cut: int, tmp_path: Path) -> None:
    """The rest of malformed JSON cannot be read, so the file is rejected with the line."""
    text = _mapping(*(_customer(f"card_{n}") for n in range(100)))
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, text[:cut])
    assert refused.value.code == "json_broken"
    assert refused.value.line > 0
