"""The properties that must hold in every reachable state, and the documented exceptions.

P6 (nothing is forgotten) is in `liveness.py`. `journals.py` checks P7 (a repeated script changes
nothing) whenever a script runs.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from producer.contract import SetDefaultCard
from producer.contract import State as CommandState
from tests.model.protocol import Protocol
from tests.model.states import Attempting, Completing, State, Step
from tests.model.stripe import Request

_NOTHING_CHANGED = (CommandState.REJECTED, CommandState.SUPERSEDED, CommandState.CANCELLED)

Property: TypeAlias = Callable[[Protocol, State, Step, State], str | None]


def effect_once(protocol: Protocol, _before: State, _step: Step, after: State) -> str | None:
    """P1: a command takes effect at Stripe at most once, under any key."""
    effects = [command for command, _ in after.world.effects]
    for command in set(effects):
        if effects.count(command) > 1:
            return f"{protocol.ids[command]} took effect {effects.count(command)} times"
    return None


def effects_in_order(protocol: Protocol, _before: State, _step: Step, after: State) -> str | None:
    """P2: an older command never takes effect after a newer one.

    Commands that failed do not count: the operator has to find out what they did.
    """
    states = protocol.journals.facts(after.journal).states
    known = (one for one, _ in after.world.effects if one not in after.replayed)
    effects = [one for one in known if states.get(protocol.ids[one]) is not CommandState.FAILED]
    for newer, older in pairwise(effects):
        if older < newer:
            return f"{protocol.ids[older]} took effect after {protocol.ids[newer]}"
    return None


def states_are_true(protocol: Protocol, _before: State, _step: Step, after: State) -> str | None:
    """P3: succeeded means an effect; rejected, superseded and cancelled mean none, ever.

    A SetDefaultCard also counts as applied if Stripe shows its card as the default anyway.
    """
    states = protocol.journals.facts(after.journal).states
    for command, id in enumerate(protocol.ids[: len(states)]):
        happened = after.world.happened(command)
        if states[id] is CommandState.SUCCEEDED and not happened:
            order = protocol.commands[command]
            if not (isinstance(order, SetDefaultCard) and _was_set(protocol, after, order)):
                return f"{id} is reported as succeeded, and had no effect"
        if states[id] in _NOTHING_CHANGED and happened:
            return f"{id} is reported as {states[id]}, and had an effect"
        if states[id] is CommandState.SUPERSEDED:
            by = protocol.index[protocol.journals.facts(after.journal).superseded_by[id]]
            if by < command or not after.world.happened(by):
                return f"{id} is reported as superseded by {protocol.ids[by]}, which is wrong"
    return None


def one_holder(protocol: Protocol, before: State, step: Step, after: State) -> str | None:
    """P4: at most one worker holds a lease; one whose lease was taken over writes nothing."""
    facts = protocol.journals.facts(after.journal)
    holding = [worker for worker in after.workers if _fence(worker) == facts.fence]
    if facts.leased and len(holding) > 1:
        return "two workers hold the customer's lease"
    if step.kind == "complete" and step.worker is not None:
        completing = before.workers[step.worker]
        assert isinstance(completing, Completing)
        lease = protocol.journals.facts(before.journal).fence
        if completing.granted.fence != lease and not completing.holder:
            changed = protocol.command_states(before) != protocol.command_states(after)
            if changed or step.what.split("-> ")[-1].startswith("granted"):
                return "a worker whose lease was taken over wrote its outcome or was granted more"
    return None


def accepted_is_kept(protocol: Protocol, before: State, step: Step, after: State) -> str | None:
    """P0: a command whose acceptance was reported stays accepted."""
    if after.accepted < before.accepted:
        return f"{protocol.ids[after.accepted]} was reported as accepted, and is not known"
    return None


def ends_are_final(protocol: Protocol, before: State, step: Step, after: State) -> str | None:
    """P5: a command never leaves an end state, unless the operator replays a failed one.

    If replicas confirm, a failover can only lose an end that was not reported: reading a status
    waits for the replicas too.
    """
    was = protocol.journals.facts(before.journal).states
    now = protocol.journals.facts(after.journal).states
    for command, id in enumerate(protocol.ids[: before.accepted]):
        if was[id].ended and now.get(id) is not was[id]:
            if protocol.scenario.replicas and step.kind == "failover":
                behind = map(protocol.journals.facts, before.behind)
                if any(one.states.get(id) is not was[id] for one in behind):
                    continue
            replayed = step.kind == "replay" and step.command == command
            if not (replayed and was[id] is CommandState.FAILED):
                return f"{id} was {was[id]}, and is {now.get(id, 'not known')}"
    return None


def settled_first(protocol: Protocol, before: State, step: Step, _after: State) -> str | None:
    """P8: nothing is sent while another command of the customer may have taken effect.

    Requests of other commands that are still under way only repeat an answer when they arrive.
    """
    if step.kind != "send":
        return None
    facts = protocol.journals.facts(before.journal)
    for command, id in enumerate(protocol.ids[: len(facts.states)]):
        if command == step.command or facts.states[id].ended:
            continue
        open_ = facts.states[id] in (CommandState.RUNNING, CommandState.UNKNOWN)
        if open_ or id in facts.unsettled:
            return f"{id} was not settled when {protocol.ids[step.command or 0]} was sent"
    for request in before.under_way:
        if request.command == step.command or before.world.answer_saved(request.key) is not None:
            continue
        if reachable_late(protocol, before, request) is None:
            return f"a request of {protocol.ids[request.command]} could still take effect"
    return None


PROPERTIES: tuple[Property, ...] = (
    accepted_is_kept,
    effect_once,
    effects_in_order,
    states_are_true,
    one_holder,
    ends_are_final,
    settled_first,
)

REJECTED_UNSAVED = (
    "a late request of a command that was rejected by an answer which Stripe does not save under "
    "the key (a validation failure): it executes if a later command made it valid"
)
GIVEN_UP = "a late request of a command that was given up as failed, or replayed since"
REPLAY_OF_DONE = (
    "a failed default that is replayed is superseded by a newer one that was applied, although it "
    "had happened before it failed"
)
REPLAY_REPEATS = (
    "a failed default that is replayed sets its card again, where another one that failed has set "
    "a different one since"
)
EXCEPTIONS = (REJECTED_UNSAVED, GIVEN_UP, REPLAY_OF_DONE, REPLAY_REPEATS)


def reachable_late(protocol: Protocol, state: State, request: Request) -> str | None:
    """The documented exception that the request is if it takes effect in this state, if any."""
    facts = protocol.journals.facts(state.journal)
    id = protocol.ids[request.command]
    if id not in facts.states:
        return None
    if facts.states[id] is CommandState.FAILED or facts.keys[id] != request.key:
        return GIVEN_UP
    if request.command in state.replayed and facts.states[id].ended:
        return GIVEN_UP
    return REJECTED_UNSAVED if facts.states[id] is CommandState.REJECTED else None


def exception_of(protocol: Protocol, before: State, step: Step, after: State) -> str | None:
    """The documented exception that the step is, if any."""
    was = protocol.journals.facts(before.journal).states
    now = protocol.journals.facts(after.journal).states
    for command in after.replayed:
        id = protocol.ids[command]
        if now.get(id) is CommandState.SUPERSEDED is not was.get(id) and after.world.happened(
            command
        ):
            return REPLAY_OF_DONE
    if before.world.effects == after.world.effects or step.command is None:
        return None
    command, key = after.world.effects[-1]
    if command in before.replayed and before.world.happened(command):
        shown = protocol.account.set_by(before.world, command)
        if shown not in (None, command) and (
            shown in before.replayed or was.get(protocol.ids[shown]) is CommandState.FAILED
        ):
            return REPLAY_REPEATS
    return reachable_late(protocol, before, Request(command, key, ""))


def _was_set(protocol: Protocol, state: State, order: SetDefaultCard) -> bool:
    set_to = (protocol.commands[command] for command, _ in state.world.effects)
    return any(
        isinstance(one, SetDefaultCard) and (one.slot, one.card) == (order.slot, order.card)
        for one in set_to
    )


def _fence(worker: object) -> str | None:
    return worker.granted.fence if isinstance(worker, Attempting | Completing) else None
