"""Which parts of rows and messages are signed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from producer.contract import AssignCard, Lane, SetDefaultCard
from producer.journal import BlockingJournal, accept, accept_many
from producer.journal.commands.acceptance import Candidate
from producer.journal.commands.messages import batch_message, task_message
from producer.journal.commands.signed_fields import SIGNATURE, message_flaw, row_flaw
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import RowCommand
from producer.security.command_signatures import Flaw, Signing

KEY = "k" * 32
SIGNING = Signing.of(KEY)
ORDER = SetDefaultCard(customer="cus_1", card="card_1")
ASSIGN = AssignCard(customer="cus_1", source="pm_1")


@pytest.fixture
def journal(redis_url: str) -> Any:
    """A journal of the test's own."""
    made = BlockingJournal(redis_url)
    yield made
    made.close()


def row_of(journal: BlockingJournal, ident: str) -> dict[str, str]:
    """The row as a grant has it."""
    return dict(journal._redis.hgetall(f"cards:command:{ident}"))


def found(ident: str, row: dict[str, str], signing: Signing = SIGNING) -> Flaw | None:
    """What is wrong with the row's signature now."""
    return row_flaw(signing, ident, row, now_ms=time.time() * 1000, max_age_s=60)


def sent_row(journal: BlockingJournal, ident: str) -> dict[str, str]:
    """A row of a migration with all terms."""
    journal(journalled.create("m1", "f.csv", 1, "{}", None, skip_if_newer=True))
    journal(journalled.open_("m1", {}))
    journal(journalled.lease("m1", "driver", 60_000))
    row = RowCommand(1, ident, ORDER, expected="")
    told = journal(
        journalled.send("m1", "driver", [row], look_first=True, skip_if_newer=True, signing=SIGNING)
    )
    assert told.count == 1
    return row_of(journal, ident)


def test_rows_are_signed_as_they_are_written(journal: BlockingJournal) -> None:
    """Rows are signed whether accepted alone, with others or for a migration, of either kind."""
    ids = [str(uuid4()) for _ in range(5)]
    journal(accept(ORDER, command_id=ids[0], sender="billing", signing=SIGNING))
    journal(accept(ASSIGN, command_id=ids[1], lane=Lane.BULK, signing=SIGNING))
    some = [Candidate(ids[2], ORDER), Candidate(ids[3], ASSIGN)]
    journal(accept_many(some, sender="billing", signing=SIGNING))
    sent_row(journal, ids[4])
    for ident in ids:
        row = row_of(journal, ident)
        assert found(ident, row) is None, row
        assert found(str(uuid4()), row) is Flaw.INVALID


def test_without_keys_a_row_has_no_further_field(journal: BlockingJournal) -> None:
    """Without keys no field is added, which would cost memory."""
    ident = str(uuid4())
    journal(accept(ORDER, command_id=ident))
    assert "signature" not in row_of(journal, ident)
    assert found(ident, row_of(journal, ident)) is Flaw.MISSING
    assert SIGNATURE not in json.loads(task_message(ORDER, ident, "interactive"))["headers"]


def test_rows_of_bare_messages_are_not_signed(journal: BlockingJournal) -> None:
    """A worker that journals a bare message cannot verify who ordered it."""
    ident = str(uuid4())
    journal(accept(ORDER, command_id=ident, message_received=True))
    assert found(ident, row_of(journal, ident)) is Flaw.MISSING


@pytest.mark.parametrize(
    "field",
    [
        *("kind", "user", "card", "lane", "slot", "sender"),
        *("migration", "number", "first", "since", "expected", "signature"),
    ],
)
def test_any_changed_field_of_a_row_is_detected(journal: BlockingJournal, field: str) -> None:
    """A signed field that was changed, added or removed is detected."""
    ident = str(uuid4())
    row = sent_row(journal, ident)
    changed = {**row, field: "other"} if field not in ("first", "since") else {**row}
    if field in row:
        without = {name: value for name, value in row.items() if name != field}
        assert found(ident, without) is (Flaw.MISSING if field == "signature" else Flaw.INVALID)
    if changed != row:
        assert found(ident, changed) is Flaw.INVALID
    plain = str(uuid4())
    journal(accept(ORDER, command_id=plain, signing=SIGNING))
    assert found(plain, {**row_of(journal, plain), field: "1"}) is Flaw.INVALID


def test_a_default_of_none_is_not_any(journal: BlockingJournal) -> None:
    """An empty `expected` demands no default; without the field any will do."""
    ident = str(uuid4())
    row = sent_row(journal, ident)
    assert row["expected"] == ""
    del row["expected"]
    assert found(ident, row) is Flaw.INVALID


def test_what_workers_write_is_not_signed(journal: BlockingJournal) -> None:
    """A command's progress, which changes with every attempt, is not signed."""
    ident = str(uuid4())
    row = {**sent_row(journal, ident), "state": "running", "tries": "3", "keyno": "2", "due": "1"}
    assert found(ident, row) is None


def headers_of(text: str) -> tuple[dict[str, Any], str]:
    """Headers and body of a message."""
    one = json.loads(text)
    return one["headers"], one["body"]


def message_found(headers: dict[str, Any], body: str) -> Flaw | None:
    """What is wrong with the message's signature now."""
    return message_flaw(SIGNING, headers, body, now_ms=time.time() * 1000, max_age_s=60)


@pytest.mark.parametrize(
    "made",
    [
        lambda: task_message(ORDER, "id", "interactive", signing=SIGNING, sender="billing"),
        lambda: batch_message(["a", "b"], "bulk", signing=SIGNING),
    ],
    ids=["a command", "a batch"],
)
def test_any_changed_part_of_a_message_is_detected(made: Callable[[], str]) -> None:
    """A change of task, id, journalled mark, sender, or any character of the body is detected."""
    headers, body = headers_of(made())
    assert message_found(headers, body) is None
    for name in ("task", "id", "cards-journalled", "cards-sender"):
        assert message_found({**headers, name: "other"}, body) is Flaw.INVALID
        if name in headers:
            without = {key: value for key, value in headers.items() if key != name}
            assert message_found(without, body) is Flaw.INVALID
    for at in range(len(body)):
        assert message_found(headers, body[:at] + "~" + body[at + 1 :]) is Flaw.INVALID
