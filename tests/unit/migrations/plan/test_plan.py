"""A plan adds up, and finds all repetitions and contradictions."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import CommandKind
from producer.migrations.model.rows import RowState
from producer.migrations.plan.estimate import (
    LIVE,
    TEST,
    Endpoint,
    Limits,
    seconds,
    transactions_for,
)
from producer.migrations.plan.plan import make_plan
from tests.unit.migrations.files import CARD_NUMBER, HEADER, mapped

MIXED = "userId,source,default_source\n"
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["cus_1", "cus_2", "bad"]),
        st.sampled_from(["tok_1,", "pm_1,", ",card_1", ",card_2", ",pm_1", ",pm_2"]),
    ),
    max_size=25,
)


@given(_ROWS)
def test_repetitions_and_contradictions(rows: list[tuple[str, str]]) -> None:
    """A repetition equals the customer's row before; a contradiction sets a slot again.

    Compared with a simple implementation, for rows in any order.
    """
    before: dict[str, str] = {}
    repeated, slots = [], defaultdict(set)
    for number, (customer, order) in enumerate(rows, 1):
        if customer == "bad":
            continue
        if before.get(customer) == order:
            repeated.append(number)
        before[customer] = order
        if order.startswith(","):
            slots[customer, order.startswith(",pm_")].add(order)
    text = MIXED + "".join(f"{customer},{order}\n" for customer, order in rows)
    with TemporaryDirectory() as folder, make_plan(*mapped(Path(folder), text)) as plan:
        bad = [n for n, (customer, _) in enumerate(rows, 1) if customer == "bad"]
        assert [one.number for one in plan.unsent_rows()] == repeated
        assert [row.number for row in plan.bad_rows()] == bad
        assert list(plan.not_sent()) == sorted(
            [(n, RowState.ALREADY_SO) for n in repeated] + [(n, RowState.INVALID) for n in bad]
        )
        assert plan.contradicted == len({c for (c, _), orders in slots.items() if len(orders) > 1})
        assert plan.customers == len(before)
        assert plan.to_send + plan.repeated + plan.invalid == plan.rows == len(rows)


def test_requests_of_the_sent_rows(tmp_path: Path) -> None:
    """Each row writes once; a SetDefaultCard reads first, unless the migration is blind."""
    text = f"{MIXED}cus_1,tok_1,\ncus_1,pm_1,\ncus_1,,card_1\ncus_1,,card_1\ncus_2,,pm_1\n"
    source, mapping = mapped(tmp_path, text)
    writes = {
        Endpoint.CREATE_SOURCE: 1,
        Endpoint.ATTACH_PAYMENT_METHOD: 1,
        Endpoint.UPDATE_CUSTOMER: 2,
    }
    with make_plan(source, mapping, blind=True) as plan:
        assert plan.requests == writes
        assert plan.commands == {CommandKind.ASSIGN_CARD: 2, CommandKind.SET_DEFAULT_CARD: 2}
    with make_plan(source, mapping) as plan:
        assert plan.requests == {**writes, Endpoint.READ_CUSTOMER: 2}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (LIVE, 40_000),  # the endpoint's 25 a second
        (TEST, 80_000),  # the account's 25 a second, for reads and writes together
        (Limits(10, 0), 200_000),
        (Limits(0, 0), 0),
    ],
)
def test_the_duration_at_the_limits(limits: Limits, expected: float) -> None:
    """The account's limit or the busiest endpoint's decides, whichever is reached first."""
    million = {Endpoint.UPDATE_CUSTOMER: 1_000_000, Endpoint.READ_CUSTOMER: 1_000_000}
    assert seconds(million, limits) == expected


def test_reads_against_stripes_allowance() -> None:
    """Any account may read 10,000 a month, and 500 more for each payment in 30 days."""
    assert [transactions_for(reads) for reads in (0, 10_000, 10_001, 1_000_000)] == [0, 0, 21, 2000]


def test_planted_faults_are_all_found(tmp_path: Path) -> None:
    """Bad ids, duplicates, a card number, Latin-1, a torn last line and Windows line ends."""
    lines = [f"cus_{n},card_{n:08}" for n in range(2_000)]
    lines[9] = "10,card_00000010"
    lines[99] = lines[98]
    lines[499] = f"cus_500,{CARD_NUMBER}"
    lines[999] = "cus_\xe9,card_00001000"
    lines[1999] = lines[1999][:-3]
    data = (HEADER + "\n".join(lines)).replace("\n", "\r\n").encode("latin-1")
    with make_plan(*mapped(tmp_path, data)) as plan:
        assert {bad.line: bad.code for bad in plan.bad_rows()} == {
            11: "parameter_invalid",
            501: "card_number_refused",
            1001: "parameter_invalid",
            2001: "torn_line",
        }
        assert [one.number for one in plan.unsent_rows()] == [100]
        assert (plan.rows, plan.to_send) == (2_000, 1_995)
        assert all(bad.todo for bad in plan.bad_rows())


def test_an_expected_default_distinguishes_rows(tmp_path: Path) -> None:
    """Two rows that expect different defaults are no repetition."""
    text = "userId,default_source,was\ncus_1,card_1,card_0\ncus_1,card_1,\ncus_1,card_1,\n"
    with make_plan(*mapped(tmp_path, text, expected="was")) as plan:
        assert [one.number for one in plan.unsent_rows()] == [3]
