"""Columns with results of CVC checks are accepted, by their values."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.rows.spool import spool_input
from producer.migrations.plan.plan import Plan, make_plan
from tests.unit.migrations.files import CARD_NUMBER, mapped, written

_OUTCOMES = ["pass", "fail", "unavailable", "unchecked", "PASS", "Fail", " pass ", "", "  "]
_NAMES = ["Card CVC Status", "cvc_check", "card.checks.cvc_check", "cvcCheck", "CVV result"]


def _table(name: str, values: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["userId", "default_source", name])
    writer.writerows([f"cus_{n}", f"card_{n}", value] for n, value in enumerate(values))
    return out.getvalue()


def _lines(name: str, values: list[str]) -> str:
    rows = (
        {"userId": f"cus_{n}", "default_source": f"card_{n}", name: value or None}
        for n, value in enumerate(values)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def _within(name: str, values: list[str]) -> str:
    rows = (
        {
            "userId": f"cus_{n}",
            "default_source": f"card_{n}",
            "card": {"last4": "4242", "checks": {name: value.strip() or None}},
        }
        for n, value in enumerate(values)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


_FORMS = pytest.mark.parametrize("write", [_table, _lines, _within])


def _plan(folder: Path, text: str) -> Plan:
    return make_plan(*mapped(folder, text))


@_FORMS
@pytest.mark.parametrize("name", _NAMES)
def test_check_results_are_accepted(
    name: str, write: Callable[[str, list[str]], str], tmp_path: Path
) -> None:
    """Results pass in any case, also empty ones, and the plan names their column."""
    with _plan(tmp_path, write(name, _OUTCOMES)) as plan:
        assert (plan.to_send, plan.invalid) == (len(_OUTCOMES), 0)
        assert plan.checks == (() if write is _within else (name,))


@_FORMS
@pytest.mark.parametrize("name", [*_NAMES, "cvc", "security_code"])
@pytest.mark.parametrize(
    ("late", "value"), [(0, "123"), (0, "secret"), (0, "a1b2c3"), (8_000, "0123")]
)
def test_anything_else_refuses_the_file(
    name: str, late: int, value: str, write: Callable[[str, list[str]], str], tmp_path: Path
) -> None:
    """A single value that is no check result rejects the file, in the first rows or long after."""
    values = ["pass", *[""] * late, value, "fail"]
    with pytest.raises(FileRefused) as refused:
        _plan(tmp_path, write(name, values))
    assert refused.value.code == "card_data_column"
    assert refused.value.column == ("card" if write is _within else name)
    assert value not in str(refused.value)


@_FORMS
@given(st.lists(st.sampled_from(_OUTCOMES), min_size=1, max_size=20), st.data())
def test_one_cvc_anywhere_is_found(
    write: Callable[[str, list[str]], str], values: list[str], data: st.DataObject
) -> None:
    """A column of check results is accepted; with a CVC at any position it is rejected."""
    values = ["pass", *values]
    with TemporaryDirectory() as folder:
        _plan(Path(folder), write("cvc_check", values)).close()
        at = data.draw(st.integers(0, len(values)))
        values[at:at] = [data.draw(st.from_regex(r"[0-9]{3,4}", fullmatch=True))]
        with pytest.raises(FileRefused):
            _plan(Path(folder), write("cvc_check", values))


@pytest.mark.parametrize(
    ("name", "values", "taken"),
    [
        ("cvc", ["pass", ""], True),  # known by its values, whatever it is called
        ("cvc", ["", ""], False),  # of nothing nothing is known
        ("cvc", [], False),
        ("Card CVC Status", ["", ""], True),  # it says that it is of checks
        ("Card CVC Status", [], True),
        ("require_cvc_recollection", ["false", "true"], True),
        ("cvc_number", [""], False),
    ],
)
def test_an_empty_column_is_judged_by_its_name(
    name: str, values: list[str], taken: bool, tmp_path: Path
) -> None:
    """A column without values is accepted only if its name says that it is of checks."""
    if taken:
        _plan(tmp_path, _table(name, values)).close()
        return
    with pytest.raises(FileRefused):
        written(tmp_path, _table(name, values))


def test_a_row_with_shifted_columns_does_not_refuse_the_file(tmp_path: Path) -> None:
    """A row with too many fields is a bad row: its values belong to other columns."""
    text = "userId,default_source,Card CVC Status,Card Last4\ncus_1,card_1,pass,4242\n"
    with _plan(tmp_path, text + "cus_2,card_2,x,4242,9\n") as plan:
        assert plan.codes == {"too_many_fields": 1}


def test_a_stream_is_judged_as_a_file(tmp_path: Path) -> None:
    """The copy of a stream lacks such a column and is planned like the file."""
    text = _table("cvc", ["pass", "", "fail"])
    copy = spool_input(io.BytesIO(text.encode()), tmp_path / "data")
    source, mapping = mapped(tmp_path, text)
    with make_plan(copy, mapping) as plan, make_plan(source, mapping) as same:
        assert (plan.to_send, plan.id) == (same.to_send, same.id) == (3, plan.id)
    assert "pass" not in copy.path.read_text()
    late = _table("cvc", ["pass", *["fail"] * 30_000, "123"])
    with pytest.raises(FileRefused):
        spool_input(io.BytesIO(late.encode()), tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize(
    ("inside", "refused"),
    [
        ({"last4": "4242", "dynamic_last4": "1234", "exp_year": 2030}, False),
        ({"address": {"postal_code": "1234"}, "metadata": {"order": "777"}}, False),
        ({"checks": {"cvc_check": "pass", "address_postal_code_check": None}}, False),
        ({"three_d_secure_usage": {"supported": True}, "require_cvc": False}, False),
        ({"cvc": None, "cvv": ""}, False),
        ({"cvc": 123}, True),
        ({"cvc": {"value": "123"}}, True),
        ({"cvc_check": {"status": "pass", "at": None}}, False),
        ({"deep": [{"er": {"card_security_code": "999"}}]}, True),
        ({"cvc_check": "passed 123"}, True),
        ({"card": {"code": "123"}}, True),
        ({"number": CARD_NUMBER}, True),
    ],
)
def test_values_within_a_column(inside: object, refused: bool) -> None:
    """Last digits and postal codes also have four digits; a CVC has a telling name."""
    cards = CardColumns(["card"])
    cards.check([inside])
    if refused:
        with pytest.raises(FileRefused):
            cards.refuse()
    else:
        cards.refuse()


def test_a_cvc_within_one_row_of_many_refuses_the_file(tmp_path: Path) -> None:
    """Nested JSON is also searched if its text has a telling name but few digits."""
    line = {
        "userId": "cus_1",
        "default_source": "card_1",
        "card": {"checks": {"cvc_check": "pass"}},
    }
    text = (json.dumps(line) + "\n") * 5_000
    _plan(tmp_path, text).close()
    bad = {**line, "card": {"CVC": "123"}}
    with pytest.raises(FileRefused) as refused:
        _plan(tmp_path, text + json.dumps(bad) + "\n" + text)
    assert "within column 'card' there is a value named like a CVC" in str(refused.value)
