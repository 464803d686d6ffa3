"""Rows are checked like the contract's commands, only faster."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producer.contract import AssignCard, CommandKind, Refusal, SetDefaultCard, parse_command
from producer.migrations.input.columns.columns import OBJECTS, Mapping
from producer.migrations.input.rows.checks import RowChecks
from producer.migrations.input.values.broken_ids import CASE, HIDDEN, SPREADSHEET
from producer.migrations.input.values.trimming import trimmed
from producer.migrations.model.rows import BadRow, Row

NAMED = {CASE, HIDDEN, SPREADSHEET}
_PREFIX = st.sampled_from(["cus_", "tok_", "src_", "card_", "pm_", "", "Cus_", " cus_"])
_BODY = st.one_of(
    st.text(st.sampled_from("aZ09_4242"), max_size=30),
    st.text(st.sampled_from("0123456789"), min_size=12, max_size=20),
    st.sampled_from(["4242424242424242", "x4242424242424242x", "0000000000000018", "a" * 251]),
    st.text(max_size=5),
)
_VALUE = st.one_of(
    st.tuples(_PREFIX, _BODY).map("".join), st.none(), st.integers(), st.just({"id": "cus_1"})
)


@given(st.sampled_from(list(CommandKind)), _VALUE, _VALUE)
def test_a_row_is_good_exactly_if_its_command_is(
    kind: CommandKind, customer: Any, object_id: Any
) -> None:
    """The fast path accepts the same values as `parse_command`, with the same command."""
    field = OBJECTS[kind]
    checks = RowChecks(Mapping({"userId": "a", field: "b"}, kind))
    row = checks.row(1, 2, [customer, object_id])
    made = _made(kind, {"userId": _trimmed(customer), field: _trimmed(object_id)})
    if isinstance(made, Refusal):
        assert isinstance(row, BadRow)
        assert row.code in {made.code, "field_too_long", "nul_byte", "not_utf8", *NAMED}
        assert row.column in ("a", "b")
    else:
        assert row == Row(1, 2, made)


def _trimmed(value: Any) -> Any:
    return trimmed(value) if isinstance(value, str) else value


def _made(kind: CommandKind, fields: dict[str, Any]) -> AssignCard | SetDefaultCard | Refusal:
    try:
        return parse_command(kind, fields)
    except Refusal as refusal:
        return refusal


@given(_VALUE, _VALUE)
def test_both_paths_agree(customer: Any, object_id: Any) -> None:
    """Files that mix commands take the slow path, with the same result for the same values."""
    kind = CommandKind.SET_DEFAULT_CARD
    fast = RowChecks(Mapping({"userId": "a", "default_source": "b"}, kind))
    slow = RowChecks(Mapping({"userId": "a", "default_source": "b", "command": "c"}))
    one = fast.row(1, 2, [customer, object_id])
    assert slow.row(1, 2, [customer, object_id, kind.value]) == one


def test_no_bad_row_repeats_a_value() -> None:
    """A fault is described without the value."""
    secret = "tok_verysecret"
    checks = RowChecks(Mapping({"userId": "a", "source": "b"}, CommandKind.ASSIGN_CARD))
    for values in ([secret, secret], ["cus_1", f"{secret}!"], [secret, ""], ["4" * 400, secret]):
        assert "secret" not in repr(checks.row(1, 2, values))


def test_an_account_as_customer_is_explained() -> None:
    """Accounts v2 are not supported yet: the fault says so, and what to send."""
    fields = {"userId": "userId", "default_source": "card"}
    checks = RowChecks(Mapping(fields, CommandKind.SET_DEFAULT_CARD))
    row = checks.row(1, 2, ["acct_1", "card_1"])
    assert isinstance(row, BadRow)
    assert (row.code, row.column) == ("parameter_invalid", "userId")
    assert "customer_account" in row.what
    assert "acct_1" not in row.what
