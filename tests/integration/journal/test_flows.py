"""Each sender in the bulk lane has its own queue, as long as there are enough queues."""

from __future__ import annotations

from uuid import uuid4

from producer.contract import CommandKind, Lane, parse_command
from producer.journal import Candidate, accept_many
from producer.journal.redis.queues import FLOW_QUEUES, queues_of
from tests.integration.journal.conftest import Bench


def _send(bench: Bench, flow: str, count: int = 2) -> None:
    fields = {"userId": f"cus_{flow}", "default_source": "card_A"}
    command = parse_command(CommandKind.SET_DEFAULT_CARD, fields)
    batch = [Candidate(str(uuid4()), command) for _ in range(count)]
    bench.journal(accept_many(batch, flow=flow))


def _lengths(bench: Bench) -> dict[str, int]:
    lengths = {queue: int(str(bench.redis.llen(queue))) for queue in queues_of(Lane.BULK)}
    return {queue: length for queue, length in lengths.items() if length}


def test_flows_have_queues_of_their_own(bench: Bench) -> None:
    """One sender's messages never wait behind another's."""
    for _ in range(20):
        _send(bench, "large")
    _send(bench, "small")
    assert sorted(_lengths(bench).values()) == [1, 20]


def test_a_flow_keeps_its_queue(bench: Bench) -> None:
    """A sender's messages stay in one queue, in order, even if it is the longest."""
    for _ in range(5):
        _send(bench, "one")
        _send(bench, "two")
    assert list(_lengths(bench).values()) == [5, 5]


def test_more_flows_than_queues_share_the_shortest(bench: Bench) -> None:
    """A further sender joins the shortest queue, not that of the largest sender."""
    for _ in range(10):
        _send(bench, "large")
    for number in range(FLOW_QUEUES):
        _send(bench, f"small{number}")
    lengths = _lengths(bench)
    assert len(lengths) == FLOW_QUEUES
    assert max(lengths.values()) == 10
