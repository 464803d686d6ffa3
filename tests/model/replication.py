"""Asynchronous replication: which of the journal's writes a failover may lose.

A promoted replica has a prefix of the former primary's writes, so Redis as a whole returns to one
of its earlier states. Workers, callers and Stripe do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from producer.journal import Call, renew
from tests.model.journals import Facts, Journals, lease_runs_out
from tests.model.mini_redis import MiniRedis
from tests.model.states import Attempting, Cause, Scenario, State, Step, Worker

T = TypeVar("T")


class Replication:
    """The journal's states to which a failover may return, after each step."""

    def __init__(self, scenario: Scenario, journals: Journals) -> None:
        self._journals = journals
        self._tail = scenario.tail if "failover" in scenario.causes else 0
        self._replicas = scenario.replicas and self._tail > 0
        # If replicas confirm, only unconfirmed writes can be lost: the missing answer is the fault.
        self.unconfirmed: Cause = "failover" if self._replicas else "journal"
        self._loses_renewals = not (self._replicas and renew([], 1).durable)

    def run(self, state: State, call: Call[T], *, answered: bool = True) -> tuple[State, T]:
        """The state after the call. If it is durable, its answer means that replicas have it."""
        journal, answer = self._journals.run(state.journal, call)
        after = self.wrote(state, journal)
        if self._replicas and call.durable and answered:
            after = after._replace(behind=())
        return after, answer

    def wrote(self, state: State, journal: int) -> State:
        """The state after a write that replicas may lack."""
        if journal == state.journal or not self._tail:
            return state._replace(journal=journal)
        return state._replace(journal=journal, behind=(state.journal, *state.behind)[: self._tail])

    def passed(self, state: State, change: Callable[[MiniRedis], None]) -> State:
        """The state after time has passed, in the journals of all replicas alike."""
        journal, *behind = (
            self._journals.changed(one, change) for one in (state.journal, *state.behind)
        )
        return state._replace(journal=journal, behind=tuple(behind))

    def failovers(self, state: State, may_fail: bool) -> Iterator[tuple[Step, State]]:
        """The failovers possible now. If replicas confirm, the fault was counted before."""
        if not self._tail:
            return
        if may_fail or self._replicas:
            cause: Cause | None = None if self._replicas else "failover"
            for lost, journal in enumerate(state.behind, 1):
                writes = "the last write" if lost == 1 else f"the last {lost} writes"
                what = f"Redis fails over and loses {writes}"
                yield Step(what, kind="failover", cause=cause), self._gone_back(state, journal)
        facts = self._journals.facts(state.journal)
        if may_fail and self._loses_renewals and any(_holds(one, facts) for one in state.workers):
            # Time passes for both; the holder counts from a renewal that is lost.
            step = Step(
                "Redis fails over, loses a renewal, and the lease expires",
                kind="failover",
                cause="failover",
            )
            journal = self._journals.changed(state.journal, lease_runs_out)
            yield step, self._gone_back(state, journal)

    def _gone_back(self, state: State, journal: int) -> State:
        was, now = self._journals.facts(state.journal), self._journals.facts(journal)
        first, second = (
            one._replace(believes=True)
            if isinstance(one, Attempting) and _holds(one, was) and not _holds(one, now)
            else one
            for one in state.workers
        )
        return state._replace(
            journal=journal,
            behind=(),
            workers=(first, second),
            accepted=min(state.accepted, len(now.states)),
        )


def _holds(worker: Worker, facts: Facts) -> bool:
    """Whether the worker makes an attempt under a lease that has not expired."""
    return isinstance(worker, Attempting) and facts.leased and worker.granted.fence == facts.fence
