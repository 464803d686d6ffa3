"""A migration of six rows in the journal, and its driver's calls in short form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from producer.contract import SetDefaultCard, State
from producer.journal import Call, Grant
from producer.journal.migrations import records as journalled
from producer.journal.migrations.records import EndedRow, RowCommand
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowState
from producer.migrations.registry import Registry
from producer.migrations.results.row_ends import result_of, settled_of
from tests.integration.journal.conftest import LEASE_MS, Bench

T = TypeVar("T")
MIGRATION, DRIVER = "mig_1", "host:1:a"
ROWS = 6


class Moves:
    """A migration of six rows, and its driver's calls in short form; each script runs twice."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.registry = Registry(bench.journal)
        self.create()

    def create(self) -> None:
        """Create it with an invalid last row, and take the lease."""
        self.twice(
            journalled.create(
                MIGRATION, "a.csv", ROWS, '{"blind": false}', None, skip_if_newer=True
            )
        )
        self.twice(journalled.enter(MIGRATION, [(6, int(RowState.INVALID))]))
        self.twice(journalled.open_(MIGRATION, {"parameter_invalid": 1}))
        self.lease()

    def twice(self, call: Call[T]) -> T:
        """Run a call twice, as a client whose answer was lost: the second run changes nothing."""
        answer = self.bench.journal(call)
        before = self.dump()
        self.bench.journal(call)
        assert self.dump() == before
        return answer

    def dump(self) -> dict[str, Any]:
        """All keys of Redis, without messages, clocks and times to live."""
        redis = self.bench.redis
        read: dict[str, Callable[[str], Any]] = {
            "hash": redis.hgetall,
            "zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
            "list": redis.llen,
            "string": lambda key: redis.dump(key) if "ledger" in key else redis.get(key),
        }
        found = {}
        for key in redis.scan_iter():
            if key in ("cards:flows", "cards:untold", "cards:watch"):
                continue
            if "ledger" in key:
                found[key] = self.bench.journal(journalled.ledger(MIGRATION, 0, -1))
                continue
            value = read[str(redis.type(key))](key)
            if isinstance(value, dict):
                value = {k: v for k, v in value.items() if k != "until"}
            found[key] = value
        return found

    def lease(self, driver: str = DRIVER) -> None:
        assert self.bench.journal(journalled.lease(MIGRATION, driver, LEASE_MS)) is not None

    def send(self, *numbers: int, driver: str = DRIVER, **more: Any) -> journalled.Progress:
        rows = [
            RowCommand(
                number,
                command_id(MIGRATION, number),
                SetDefaultCard(customer=f"cus_{number}", card=f"card_{number}"),
                more.get("expected"),
            )
            for number in numbers
        ]
        newer = bool(more.get("skip_if_newer"))
        call = journalled.send(
            MIGRATION,
            driver,
            rows,
            look_first=True,
            skip_if_newer=newer,
            sender=more.get("sender", ""),
        )
        return self.twice(call)

    def take(self, number: int) -> Grant:
        return self.bench.granted(command_id(MIGRATION, number))

    def end(self, number: int, state: State = State.SUCCEEDED) -> None:
        self.bench.end(self.take(number), state)

    def ended(self) -> list[EndedRow]:
        return self.bench.journal(journalled.ended(MIGRATION, 100))

    def settle(self) -> journalled.Progress:
        rows = [settled_of(one, result_of(one)) for one in self.ended()]
        return self.twice(journalled.settle(MIGRATION, DRIVER, rows))

    def finish(self) -> None:
        """Cancel the unsent rows, finish the migration and release the lease."""
        self.registry.cancel(MIGRATION)
        self.bench.journal(journalled.cancel_pending(MIGRATION, 1, ROWS))
        assert self.bench.journal(journalled.finish(MIGRATION, DRIVER)) == "cancelled"
        self.bench.journal(journalled.release(MIGRATION, DRIVER))

    def states(self) -> list[RowState]:
        ledger = self.registry.states(MIGRATION)
        return [ledger(number) for number in range(1, ROWS + 1)]

    def check(self) -> dict[RowState, int]:
        """The counts; they must match the ledger."""
        counts = self.registry.status(MIGRATION).counts
        states = self.states()
        assert counts == {state: states.count(state) for state in set(states)}
        return counts
