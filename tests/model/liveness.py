"""P6, nothing forgotten: what becomes of a state when every worker is gone and none fails again."""

from __future__ import annotations

from producer.journal import ClaimResult, claim, claim_next
from tests.model.journals import USER, long_after
from tests.model.protocol import LEASE_MS, Protocol
from tests.model.states import State
from tests.model.stripe import Request, World, arrive
from tests.model.trying import Wants

# A command needs two or three: a retry, a pause after a 401, a further key.
_ROUNDS = 12


class Aftermath:
    """Sweeps and works to the end from a state, by a worker that never saw it before.

    The worst is assumed: both workers are dead, all messages lost, all requests under way lost.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._good: set[tuple[int, World, int]] = set()

    def left_over(self, state: State) -> str | None:
        """None where every accepted command ends; else what is left."""
        journals = self._protocol.journals
        accepted = self._protocol.ids[: state.accepted]
        journal, world = state.journal, state.world
        passed: list[tuple[int, World, int]] = []
        for _ in range(_ROUNDS):
            journal = journals.changed(self._canonical(journal), long_after)
            mark = journal, world, state.accepted
            if mark in self._good:
                break
            passed.append(mark)
            states = journals.facts(journal).states
            if all(states[id].ended for id in accepted):
                break
            journal, world = self._round(journal, world)
        else:
            states = journals.facts(journal).states
            return ", ".join(f"{id} stays {states[id]}" for id in accepted if not states[id].ended)
        self._good.update(passed)
        return None

    def _round(self, journal: int, world: World) -> tuple[int, World]:
        journals = self._protocol.journals
        journal, found = journals.run(journal, self._protocol.sweep)
        for call in [
            *(claim_next(USER, "x0", LEASE_MS) for _ in found.customers),
            *(claim(id, "x0", LEASE_MS, in_order=False) for id in found.commands),
        ]:
            journal, taken = journals.run(journal, call)
            journal, world = self._work(journal, world, taken)
        return journal, world

    def _work(self, journal: int, world: World, taken: ClaimResult) -> tuple[int, World]:
        protocol = self._protocol
        tries = 0
        while (trial := protocol.trial(taken)) is not None:
            tries += 1
            assert tries < 50, "a try follows on a try without end"
            granted, answers = trial.granted, trial.answers
            while isinstance(then := protocol.trying.next(granted, answers), Wants):
                if then is Wants.READ:
                    shown = protocol.account.shows(world, granted.command)
                    answer = "shown" if shown else "not shown"
                else:
                    request = Request(granted.command, granted.key, granted.fence)
                    world, answer = arrive(protocol.account, world, request)
                answers = (*answers, answer)
            call = protocol.close(granted, protocol.numbered(then), f"x{1 + tries % 2}")
            journal, taken = protocol.journals.run(journal, call)
        return journal, world

    def _canonical(self, journal: int) -> int:
        fence = self._protocol.journals.facts(journal).fence
        fences = [fence] if fence else []
        return self._protocol.journals.canonical(journal, fences, [])
