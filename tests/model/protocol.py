"""The protocol's steps: what two workers, Stripe, Redis, time and the operator can do next.

A worker mirrors `worker/execution/executor.py`: it claims the command of a message or of a due
customer, makes an attempt, completes it, and continues with the next grant. Checking its clock and
sending are one step, since a request may arrive at Stripe however late. `State.faults` counts the
faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from producer.contract import Envelope, Lane
from producer.contract import State as CommandState
from producer.contract.stripe_events import StripeEvent
from producer.journal import (
    Call,
    ClaimResult,
    ClaimStatus,
    End,
    Retry,
    accept,
    cancel,
    claim,
    claim_next,
    complete,
    renew,
    replay,
    sweep,
)
from producer.journal.commands.stripe_events import note_event
from tests.model.attempts import AttemptInput, Attempts, Outcome, Wants
from tests.model.journals import (
    FIRST_FENCE,
    LANE,
    USER,
    Facts,
    Journals,
    comes_due,
    counting_from,
    fence_names,
    lease_runs_out,
    message_is_gone,
    stop_is_over,
)
from tests.model.replication import Replication
from tests.model.states import (
    IDLE,
    Attempting,
    Claiming,
    Completing,
    Idle,
    Scenario,
    State,
    Step,
    Worker,
)
from tests.model.stripe import FAULTS, Account, Request, arrive, fail

T = TypeVar("T")
LEASE_MS = 60_000
PATIENCE_MS = 5_000
_KEEP_S = 90_000
_HOLDERS = tuple(f"h{number}" for number in range(1, 9))
_NO = Envelope.no("superseded", "superseded")


@dataclass
class Protocol:
    """The steps of a scenario. States are equal if no decision depends on their difference."""

    scenario: Scenario
    journals: Journals = field(default_factory=Journals)

    def __post_init__(self) -> None:
        self.commands = self.scenario.commands()
        self.ids = [f"c{number}" for number in range(1, len(self.commands) + 1)]
        self.index = {id: number for number, id in enumerate(self.ids)}
        self.account = Account(self.commands, self.scenario.attached)
        self.attempts = Attempts(self.commands, self.ids)
        self._replication = Replication(self.scenario, self.journals)
        self._outcomes: list[Outcome] = []
        self._outcome_numbers: dict[str, int] = {}
        self._completions: dict[tuple[AttemptInput, int, str], Call[ClaimResult]] = {}
        self._claims: dict[Claiming, Call[ClaimResult]] = {}
        self.sweep = sweep("w", limit=10, patience_ms=PATIENCE_MS)

    def start(self) -> State:
        """The initial state: nothing is accepted. One sweep has run, so others change nothing."""
        return State(
            self.journals.changed(self.journals.run(0, self.sweep)[0], counting_from(FIRST_FENCE))
        )

    def steps(self, state: State, *, faults: int) -> Iterator[tuple[Step, State, bool]]:
        """All steps from a state, with at most `faults` faults in all.

        Each has the state after it, and whether its two workers, which are alike, were swapped.
        """
        may_fail = state.faults < faults
        for step, after in self._all(state, may_fail):
            if step.cause is None:
                yield step, *self._canonical(after)
            elif step.cause in self.scenario.causes:
                yield step, *self._canonical(after._replace(faults=state.faults + 1))

    def _all(self, state: State, may_fail: bool) -> Iterator[tuple[Step, State]]:
        if state.accepted < len(self.commands):
            yield from self._accepts(state, may_fail)
        yield from self._time(state, may_fail)
        yield from self._replication.failovers(state, may_fail)
        for at, worker in enumerate(state.workers):
            match worker:
                case Idle():
                    yield from self._idle(state, at, may_fail)
                case Claiming():
                    yield from self._repeats_claim(state, at, worker)
                case Attempting():
                    yield from self._tries(state, at, worker, may_fail)
                case Completing():
                    yield from self._completes(state, at, worker, may_fail)
            if may_fail and not isinstance(worker, Idle):
                crash = Step("is killed", at, cause="kill")
                yield crash, self._with(state, at, IDLE)
        yield from self._stripe(state, may_fail)
        if may_fail:
            yield from self._events(state)
            yield from self._person(state)
            for id in self.journals.facts(state.journal).messages:
                gone = self.journals.changed(state.journal, message_is_gone(id))
                yield (
                    Step(f"the broker loses {id}'s message", cause="broker"),
                    self._replication.wrote(state, gone),
                )

    def _accepts(self, state: State, may_fail: bool) -> Iterator[tuple[Step, State]]:
        at = state.accepted
        command_id = self.ids[at]
        call = accept(
            self.commands[at], command_id=command_id, message_received=self.scenario.bare_messages
        )
        args = [*call.args[:-1], "" if self.scenario.bare_messages else command_id]
        call = replace(call, args=args)
        what = f"{command_id} is accepted: {self.scenario.orders[at]}"
        after, _ = self._numbered(state, 10 * (at + 1) - 1, call)
        yield Step(what, kind="accept", command=at), after._replace(accepted=at + 1)
        if may_fail and "failover" in self.scenario.causes:
            lost = Step(f"{what}; the answer is lost", cause=self._replication.unconfirmed)
            yield lost, self._numbered(state, 10 * (at + 1) - 1, call, answered=False)[0]

    def _numbered(
        self, state: State, number: int, call: Call[T], *, answered: bool = True
    ) -> tuple[State, T]:
        """Run the call with its own sequence number: commands are numbered below tokens."""
        changed, counted = self.journals.changed, self.journals.facts(state.journal).sequence
        numbered = state._replace(journal=changed(state.journal, counting_from(number)))
        after, answer = self._replication.run(numbered, call, answered=answered)
        behind = tuple(state.journal if one == numbered.journal else one for one in after.behind)
        return (
            after._replace(journal=changed(after.journal, counting_from(counted)), behind=behind),
            answer,
        )

    def _time(self, state: State, may_fail: bool) -> Iterator[tuple[Step, State]]:
        facts, passed = self.journals.facts(state.journal), self._replication.passed
        if facts.leased:
            alive = any(_fence(worker) == facts.fence for worker in state.workers)
            if may_fail or not alive:
                how = " while its holder is paused" if alive else ""
                after = passed(state, lease_runs_out)
                yield Step(f"the lease expires{how}", cause="pause" if alive else None), after
        for id in facts.due_later:
            yield Step(f"{id} is due again", kind="due"), passed(state, comes_due(id))
        if facts.stopped:
            yield Step("the stop after a 401 expires"), passed(state, stop_is_over)

    def _events(self, state: State) -> Iterator[tuple[Step, State]]:
        """Stripe sends an event with a command's present key, at any time, even without effect."""
        if "event" not in self.scenario.causes:
            return
        for id, key in self.journals.facts(state.journal).keys.items():
            event = StripeEvent("evt_1", "customer.updated", 0, USER, USER, key=key)
            after, _ = self._replication.run(state, note_event(event, keep_s=_KEEP_S))
            yield Step(f"Stripe sends an event of {id} under key {key}", cause="event"), after

    def _idle(self, state: State, at: int, may_fail: bool) -> Iterator[tuple[Step, State]]:
        facts = self.journals.facts(state.journal)
        holder = self._new_holder(state)
        if self.scenario.bare_messages:
            deliverable = [id for id in self.ids[: state.accepted] if id not in facts.attempted]
        else:
            deliverable = list(facts.messages)
        for id in deliverable:
            received = self.journals.changed(state.journal, message_is_gone(id))
            claiming = Claiming(id, not self.scenario.bare_messages, holder)
            base = self._replication.wrote(state, received)
            yield from self._claim_steps(base, at, claiming, f"receives {id}'s message", may_fail)
        found = self.journals.run(state.journal, self.sweep)[1]
        if found.customers:
            yield from self._claim_steps(state, at, Claiming("", False, holder), "sweeps", may_fail)
        for id in found.commands:
            yield from self._claim_steps(
                state, at, Claiming(id, False, holder), f"sweeps, finds {id} lost", may_fail
            )
        if may_fail:
            for id in self.ids[: state.accepted]:
                if id not in facts.messages:
                    step = Step(f"receives {id}'s message once more", at, cause="broker")
                    yield self._claimed(state, at, Claiming(id, True, holder), step, stays=False)

    def _claim_steps(
        self, state: State, at: int, claiming: Claiming, what: str, may_fail: bool
    ) -> Iterator[tuple[Step, State]]:
        yield self._claimed(
            state, at, claiming, Step(what, at, kind="claim"), stays=claiming.what != ""
        )
        if may_fail:
            lost = Step(
                f"{what}; the journal's answer is lost", at, cause=self._replication.unconfirmed
            )
            after, _ = self._replication.run(state, self._claim_call(claiming), answered=False)
            yield lost, self._with(after, at, claiming)

    def _repeats_claim(
        self, state: State, at: int, claiming: Claiming
    ) -> Iterator[tuple[Step, State]]:
        step = Step(f"repeats its call for {claiming.what or 'the customer'}", at, kind="claim")
        yield self._claimed(state, at, claiming, step, stays=claiming.what != "")

    def _claimed(
        self, state: State, at: int, claiming: Claiming, step: Step, *, stays: bool
    ) -> tuple[Step, State]:
        after, claimed = self._replication.run(state, self._claim_call(claiming))
        if claimed.status is ClaimStatus.STOPPED and stays:
            return _with_result(step, claimed), self._with(after, at, claiming)
        return _with_result(step, claimed), self._with(after, at, self._after(claimed))

    def _tries(
        self, state: State, at: int, attempt: Attempting, may_fail: bool
    ) -> Iterator[tuple[Step, State]]:
        granted, id = attempt.granted, self.ids[attempt.granted.command]
        facts = self.journals.facts(state.journal)
        current = facts.fence == granted.fence and facts.holder != ""
        if current and not facts.leased:
            renewal = renew([(USER, granted.fence)], LEASE_MS)
            after, _ = self._replication.run(state, renewal)
            yield Step("renews its lease", at, kind="renew"), after
        if attempt.waits:
            if may_fail:
                waited = attempt._replace(answers=(*attempt.answers, "silence"), waits=False)
                yield (
                    Step(f"waits no longer for {id}", at, cause="stripe"),
                    self._answered(state, at, waited),
                )
            return
        wants = self.attempts.next(granted, attempt.answers)
        if wants is Wants.READ:
            shown = "shown" if self.account.shows(state.world, granted.command) else "not shown"
            for answer in [shown, "silence"] if may_fail else [shown]:
                read = attempt._replace(answers=(*attempt.answers, answer))
                step = Step(
                    f"looks {id} up: {answer}", at, cause="stripe" if answer == "silence" else None
                )
                yield step, self._answered(state, at, read)
        if wants is Wants.WRITE and ((current and facts.leased) or attempt.believes):
            request = Request(granted.command, granted.key, granted.fence)
            sends = Step(f"sends {id} under key {granted.key}", at, granted.command, "send")
            yield (
                sends,
                self._with(
                    state._replace(under_way=(*state.under_way, request)),
                    at,
                    attempt._replace(waits=True),
                ),
            )
        if wants is Wants.WRITE and not (current and facts.leased):
            yield Step(f"may not send {id}: its lease is over", at), self._with(state, at, IDLE)
        if may_fail:
            raises = self.numbered(self.attempts.raised(granted))
            yield (
                Step(f"has a handler that raises on {id}", at, cause="handler"),
                self._with(state, at, Completing(granted, raises)),
            )

    def _completes(
        self, state: State, at: int, completing: Completing, may_fail: bool
    ) -> Iterator[tuple[Step, State]]:
        granted = completing.granted
        id = self.ids[granted.command]
        holder = completing.holder or self._new_holder(state)
        call = self.completion(granted, completing.outcome, holder)
        after, claimed = self._replication.run(state, call)
        outcome = _described(self._outcomes[completing.outcome])
        repeated = "repeats: " if completing.holder else ""
        step = Step(f"{repeated}completes {id} as {outcome}", at, granted.command, "complete")
        yield _with_result(step, claimed), self._with(after, at, self._after(claimed))
        if may_fail and not completing.holder:
            lost = Step(
                f"completes {id} as {outcome}; the journal's answer is lost",
                at,
                cause=self._replication.unconfirmed,
            )
            after, _ = self._replication.run(state, call, answered=False)
            yield lost, self._with(after, at, completing._replace(holder=holder))
            after, claimed = self._replication.run(
                state, self.completion(granted, completing.outcome, "")
            )
            stops = Step(
                f"completes {id} as {outcome} and stops", at, granted.command, "complete", "kill"
            )
            yield _with_result(stops, claimed), self._with(after, at, IDLE)

    def _stripe(self, state: State, may_fail: bool) -> Iterator[tuple[Step, State]]:
        for request in dict.fromkeys(state.under_way):
            rest = list(state.under_way)
            rest.remove(request)
            base = state._replace(under_way=tuple(rest))
            id, late = self.ids[request.command], "" if request.fence else "late, "
            world, answer = arrive(self.account, state.world, request)
            step = Step(
                f"Stripe, {late}{id} under key {request.key}: {answer}",
                None,
                request.command,
                "arrival" if request.fence else "late arrival",
            )
            yield step, self._delivered(base._replace(world=world), request, answer)
            if not may_fail or not request.fence:
                continue
            for what, how in FAULTS.items():
                failed = fail(self.account, state.world, request, how)
                if failed is not None:
                    step = Step(
                        f"{id} under key {request.key}: {what}",
                        None,
                        request.command,
                        "arrival",
                        "stripe",
                    )
                    yield step, self._delivered(base._replace(world=failed[0]), request, failed[1])
            for at, worker in enumerate(state.workers):
                if isinstance(worker, Attempting) and worker.granted.fence == request.fence:
                    # The process may have died before or after the request reached Stripe.
                    poisoned = self.attempts.poison(worker.granted)
                    end = Completing(worker.granted, self.numbered(poisoned))
                    poison = Step(f"sees {id} kill its process", at, cause="handler")
                    yield poison, self._with(state, at, end)

    def _person(self, state: State) -> Iterator[tuple[Step, State]]:
        for index, id in enumerate(self.ids[: state.accepted]):
            before = self.journals.facts(state.journal).states[id]
            for act in sorted(self.scenario.person):
                call = self._cancel(id) if act == "cancel" else self._replay(index)
                number = 100 + 10 * state.acted
                after, answer = self._numbered(state, number, call)
                if answer is before:
                    continue
                replayed = state.replayed | ({index} if act == "replay" else set())
                acted = after._replace(acted=state.acted + 1, replayed=replayed)
                what = f"a person's {act} of {id}"
                yield Step(f"{what}: {answer}", None, index, act, "person"), acted
                if "failover" in self.scenario.causes:
                    lost, _ = self._numbered(state, number, call, answered=False)
                    acted = lost._replace(replayed=replayed)
                    cause = self._replication.unconfirmed
                    yield Step(f"{what}; the answer is lost", None, index, act, cause), acted

    def _cancel(self, id: str) -> Call[CommandState | None]:
        return cancel(id, self.attempts.cancelled(), keep_s=_KEEP_S)

    def _replay(self, index: int) -> Call[CommandState | None]:
        id = self.ids[index]
        call = replay(id, self.commands[index], Lane(LANE), _NO, keep_s=_KEEP_S)
        args = list(call.args)
        args[2] = id  # the message, which is only its command's id here
        return replace(call, args=args)

    def _delivered(self, state: State, request: Request, answer: str) -> State:
        for at, worker in enumerate(state.workers):
            if (
                isinstance(worker, Attempting)
                and worker.waits
                and worker.granted.fence == request.fence
            ):
                answers = (*worker.answers, answer)
                return self._answered(state, at, worker._replace(answers=answers, waits=False))
        return state

    def _answered(self, state: State, at: int, attempt: Attempting) -> State:
        """The attempt with one more answer; it is completing if that gives an outcome."""
        then = self.attempts.next(attempt.granted, attempt.answers)
        if isinstance(then, Wants):
            return self._with(state, at, attempt)
        return self._with(state, at, Completing(attempt.granted, self.numbered(then)))

    def attempting(self, claimed: ClaimResult) -> Attempting | None:
        """The attempt that a grant starts."""
        grant = claimed.grant
        if grant is None:
            return None
        return Attempting(
            AttemptInput(
                self.index[grant.command_id],
                grant.fence,
                grant.key,
                grant.unsettled,
                grant.look_up_first,
                grant.busy,
                grant.faults,
                grant.may_send,
            )
        )

    def command_states(self, state: State) -> dict[str, object]:
        """The states of the journal's commands."""
        return dict(self.journals.facts(state.journal).states)

    def _after(self, claimed: ClaimResult) -> Worker:
        return self.attempting(claimed) or IDLE

    def numbered(self, outcome: Outcome) -> int:
        """A number for the outcome; the same for an equal one."""
        text = repr(outcome)
        if text not in self._outcome_numbers:
            self._outcome_numbers[text] = len(self._outcomes)
            self._outcomes.append(outcome)
        return self._outcome_numbers[text]

    def completion(self, granted: AttemptInput, outcome: int, holder: str) -> Call[ClaimResult]:
        """The call that completes an attempt; `outcome` is its number."""
        key = granted, outcome, holder
        if key not in self._completions:
            self._completions[key] = complete(
                self.attempts.grant(granted),
                self._outcomes[outcome],
                next_holder=holder,
                lease_ms=LEASE_MS,
            )
        return self._completions[key]

    def _claim_call(self, claiming: Claiming) -> Call[ClaimResult]:
        if claiming not in self._claims:
            self._claims[claiming] = (
                claim(claiming.what, claiming.holder, LEASE_MS, in_order=claiming.in_order)
                if claiming.what
                else claim_next(USER, claiming.holder, LEASE_MS)
            )
        return self._claims[claiming]

    def _new_holder(self, state: State) -> str:
        leases = (self.journals.facts(one).holder for one in (state.journal, *state.behind))
        used = {*leases, *map(_holder, state.workers)}
        return next(name for name in _HOLDERS if name not in used)

    @staticmethod
    def _with(state: State, at: int, worker: Worker) -> State:
        first, second = state.workers
        return state._replace(workers=(worker, second) if at == 0 else (first, worker))

    def _canonical(self, state: State) -> tuple[State, bool]:
        """An equal state with renumbered tokens, and whether the workers were swapped."""
        first, second = state.workers
        leases = (self.journals.facts(one).fence for one in (state.journal, *state.behind))
        fences = sorted({*leases, _fence(first), _fence(second)} - {""})
        names = fence_names(tuple(fences))
        holders = sorted({_holder(first), _holder(second)} - {""})
        journal, *behind = (
            self.journals.canonical(one, fences, holders) for one in (state.journal, *state.behind)
        )
        # A failover to the present state changes nothing.
        behind = [one for one in dict.fromkeys(behind) if one != journal]
        under_way = state.under_way
        if under_way:
            awaited = {
                worker.granted.fence
                for worker in state.workers
                if isinstance(worker, Attempting) and worker.waits
            }
            fences_of = (names[one.fence] if one.fence in awaited else "" for one in under_way)
            under_way = tuple(
                sorted(
                    Request(one.command, one.key, fence)
                    for one, fence in zip(under_way, fences_of, strict=True)
                )
            )
        facts = self.journals.facts(journal)
        first, second = (_renamed(worker, names, facts) for worker in (first, second))
        swapped = hash(first) > hash(second)
        return State(
            journal,
            state.accepted,
            state.world,
            under_way,
            (second, first) if swapped else (first, second),
            state.faults,
            state.acted,
            state.replayed,
            tuple(behind),
        ), swapped


def _fence(worker: Worker) -> str:
    return worker.granted.fence if isinstance(worker, Attempting | Completing) else ""


def _holder(worker: Worker) -> str:
    return worker.holder if isinstance(worker, Claiming | Completing) else ""


def _renamed(worker: Worker, names: Mapping[str, str], facts: Facts) -> Worker:
    if not isinstance(worker, Attempting | Completing):
        return worker
    fence = names[worker.granted.fence]
    if fence != worker.granted.fence:
        worker = worker._replace(granted=worker.granted._replace(fence=fence))
    if isinstance(worker, Attempting) and worker.believes and facts.leased and facts.fence == fence:
        return worker._replace(believes=False)
    return worker


def _with_result(step: Step, claimed: ClaimResult) -> Step:
    grant = claimed.grant
    then = f"granted {grant.command_id}" if grant else claimed.status.value
    return step._replace(what=f"{step.what} -> {then}")


def _described(outcome: Outcome) -> str:
    match outcome:
        case End(state):
            return state.value
        case Retry(_, uncertain, code):
            new_key = ", under a new key" if outcome.new_key else ""
            return f"{'unknown' if uncertain else 'retrying'} ({code}){new_key}"
        case _:
            return "stopped"
