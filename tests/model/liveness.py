"""P6, nothing is forgotten: from every state, a worker that does not fail ends all commands."""

from __future__ import annotations

from producer.journal import ClaimResult, claim, claim_next
from tests.model.attempts import Wants
from tests.model.journals import USER, long_after
from tests.model.protocol import LEASE_MS, Protocol
from tests.model.states import State
from tests.model.stripe import Request, World, arrive

# A command needs two or three: a retry, a stop after a 401, a new key.
_ROUNDS = 12


class Aftermath:
    """Has a new worker sweep and work from a state until everything has ended.

    It assumes the worst: both workers are dead, and all messages and requests under way are lost.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._good: set[tuple[int, World, int]] = set()

    def left_over(self, state: State) -> str | None:
        """None if every accepted command ends; else the commands that do not."""
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
            journal, claimed = journals.run(journal, call)
            journal, world = self._work(journal, world, claimed)
        return journal, world

    def _work(self, journal: int, world: World, claimed: ClaimResult) -> tuple[int, World]:
        protocol = self._protocol
        attempts = 0
        while (attempt := protocol.attempting(claimed)) is not None:
            attempts += 1
            assert attempts < 50, "attempts follow each other without end"
            granted, answers = attempt.granted, attempt.answers
            while isinstance(then := protocol.attempts.next(granted, answers), Wants):
                if then is Wants.READ:
                    shown = protocol.account.shows(world, granted.command)
                    answer = "shown" if shown else "not shown"
                else:
                    request = Request(granted.command, granted.key, granted.fence)
                    world, answer = arrive(protocol.account, world, request)
                answers = (*answers, answer)
            call = protocol.completion(granted, protocol.numbered(then), f"x{1 + attempts % 2}")
            journal, claimed = protocol.journals.run(journal, call)
        return journal, world

    def _canonical(self, journal: int) -> int:
        fence = self._protocol.journals.facts(journal).fence
        fences = [fence] if fence else []
        return self._protocol.journals.canonical(journal, fences, [])
