"""Which rows are executed, by their signatures and earlier attempts."""

from __future__ import annotations

import time
from typing import Any
from unittest import mock

import pytest

from producer.contract import AssignCard, Lane
from producer.journal import Grant
from producer.journal.commands.signed import sign_row
from producer.security.command_signatures import DAY_S, UNSIGNED, Flaw, Signing
from worker.execution.row_signatures import RowSignatures

SIGNING = Signing.of("k" * 32)
DEMANDED = Signing(SIGNING.keys, required=True)
ORDER = AssignCard(customer="cus_1", source="tok_1")
NOW = 1_800_000_000.0


def granted(signature: str, **row: str) -> Grant:
    """A grant of a row with that signature, at a fixed time."""
    fields = {"kind": "AssignCard", "user": "cus_1", "card": "tok_1", "lane": "bulk", "tries": "1"}
    signed = {"signature": signature} if signature else {}
    return Grant("id", "7", 15_000, int(NOW * 1000), {**fields, **signed, **row})


def signed(age_s: float = 0) -> str:
    """The row's signature of that age."""
    with mock.patch.object(time, "time", return_value=NOW - age_s):
        return sign_row(SIGNING, "id", ORDER, Lane.BULK)


@pytest.mark.parametrize(
    ("signing", "grant", "flaw"),
    [
        (UNSIGNED, granted(""), None),
        (UNSIGNED, granted("garbage"), None),
        (SIGNING, granted(""), None),
        (DEMANDED, granted(""), Flaw.MISSING),
        (SIGNING, granted("garbage"), Flaw.INVALID),
        (DEMANDED, granted(signed()), None),
        (DEMANDED, granted(signed(), card="tok_2"), Flaw.INVALID),
        (DEMANDED, granted(signed(8 * DAY_S - 1)), None),
        (DEMANDED, granted(signed(8 * DAY_S + 1)), Flaw.STALE),
        (DEMANDED, granted(signed(9 * DAY_S - 1), tries="2"), None),
        (DEMANDED, granted(signed(9 * DAY_S + 1), tries="2"), Flaw.STALE),
    ],
)
def test_which_rows_are_executed(signing: Signing, grant: Grant, flaw: Flaw | None) -> None:
    """Without keys all are; with keys those signed in time, an attempted one for a day more."""
    assert RowSignatures(signing).flaw(grant) is flaw


async def test_the_letter_of_a_row_holds_no_token() -> None:
    """The dead letter of a refused row is redacted."""
    calls: list[Any] = []

    async def journal(call: Any) -> None:
        calls.append(call)

    grant = granted("garbage", card="tok_secret1")
    await RowSignatures(SIGNING).dead_letter(journal, grant, Flaw.INVALID)  # type: ignore[arg-type]
    (call,) = calls
    reason, letter, _ = call.args
    assert reason == "forged"
    assert "cus_1" in letter
    assert "secret1" not in letter
