"""A worker's side of the journal: take a customer's lease, close a try, renew, sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from producer.contract import Envelope, Lane, State
from producer.journal.commands.results import celery_result
from producer.journal.leases.grants import ClaimResult, Grant, claim_result, claim_results
from producer.journal.leases.limits import UNLIMITED, Limits
from producer.journal.redis.calls import Call
from producer.journal.redis.queues import queues_of


def claim(
    command_id: str,
    holder: str,
    lease_ms: int,
    *,
    in_order: bool = True,
    limits: Limits = UNLIMITED,
) -> Call[ClaimResult]:
    """A message for the command arrived: work for its customer may go as far as it.

    `holder` names this taking: repeated with it, the call answers the same grant. `in_order` is
    false where the message did not pass through a queue in the order of acceptance.
    """
    args: list[str | int] = [command_id, holder, lease_ms, int(in_order), limits.argument]
    return Call(claim_result, "claim", args, durable=True)


def claim_many(
    command_ids: Sequence[str], holder: str, lease_ms: int, *, limits: Limits, most: int
) -> Call[list[ClaimResult]]:
    """A message of many commands arrived: as `take` for each, but at most `most` are begun.

    What is not begun is LIMITED, with no time to wait where only `most` was in the way.
    """
    args: list[str | int] = [holder, lease_ms, 1, limits.argument, most]
    return Call(claim_results, "claim_many", [*args, *command_ids], durable=True)


def claim_next(
    customer: str, holder: str, lease_ms: int, *, limits: Limits = UNLIMITED
) -> Call[ClaimResult]:
    """Take up a customer that is due: a retry, a lease that ran out, a stop that is over."""
    return Call(
        claim_result, "claim_next", [customer, holder, lease_ms, limits.argument], durable=True
    )


def claim_next_many(
    customers: Sequence[str], holder: str, lease_ms: int, *, limits: Limits
) -> Call[list[ClaimResult]]:
    """Take up customers that are in hand, in order.

    Answers fewer where one is LIMITED or STOPPED: those after it were not asked.
    """
    args: list[str | int] = [holder, lease_ms, limits.argument, *customers]
    return Call(claim_results, "claim_next_many", args, durable=True)


@dataclass(frozen=True, slots=True)
class End:
    """The command ends. `keep_s` (seconds) is how long it is known; 0 until a person acts."""

    state: State
    http_status: int
    envelope: Envelope
    keep_s: int
    superseded: Envelope


@dataclass(frozen=True, slots=True)
class Retry:
    """The command is tried again after `delay_ms`. `count` names a counter to raise."""

    delay_ms: int
    uncertain: bool
    code: str
    message: str
    new_key: bool = False
    count: str = ""
    slow: str = ""  # the scope of the rate limit that all workers slow down in


@dataclass(frozen=True, slots=True)
class ClaimingStopped:
    """Stripe refused our key: nothing is taken for `window_ms`, then one try finds out."""

    window_ms: int
    code: str
    message: str
    uncertain: bool = False


Outcome: TypeAlias = End | Retry | ClaimingStopped
_SUPERSEDED_HTTP = 409
_LONGEST_REQUEST = 64


def complete(
    grant: Grant,
    outcome: Outcome,
    *,
    next_holder: str,
    lease_ms: int,
    limits: Limits = UNLIMITED,
    request: str = "",
) -> Call[ClaimResult]:
    """Write what a try came to, and go on with the customer's next command.

    `request` is Stripe's id of the try's last request, for people who ask.

    With an empty `next_holder` the lease is given back instead. Answers LOST, and writes nothing,
    where the lease was taken over; ABSENT where the journal has nothing of the command any more.
    """
    args: list[str | int] = [grant.customer, grant.command_id, grant.fence, next_holder, lease_ms]
    args.append(limits.argument)
    match outcome:
        case End():
            args += ["end", outcome.state.value, outcome.http_status]
            result = celery_result(grant.command_id, outcome.envelope)
            args += [outcome.envelope.code or "", result]
            # Only what sets a slot can supersede others.
            has_slot = "slot" in grant.row
            others = celery_result("@ID@", outcome.superseded) if has_slot else ""
            args += [outcome.keep_s * 1000, others]
            args += [_SUPERSEDED_HTTP]
        case Retry():
            args += ["again", outcome.delay_ms, int(outcome.uncertain), int(outcome.new_key)]
            args += [outcome.code, outcome.message, outcome.count, outcome.slow]
        case ClaimingStopped():
            args += ["stopped", outcome.window_ms, outcome.code, outcome.message]
            args += [int(outcome.uncertain)]
    args.append(request[:_LONGEST_REQUEST])
    return Call(claim_result, "complete", args, durable=True)


def renew(held: Sequence[tuple[str, str]], lease_ms: int) -> Call[list[bool]]:
    """Renew leases, given as (customer, fence); answers which are still held.

    A customer in hand has no lease, and the fence "". A `lease_ms` of 0 gives it back.
    """
    flat = [part for pair in held for part in pair]
    # Durable too: after a failover that lost it, others would see the lease end before its holder.
    return Call(
        lambda answer: [bool(one) for one in answer], "renew", [lease_ms, *flat], durable=True
    )


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Customers that are due, commands whose message was lost, and ends to tell Flower of.

    Besides, the lanes that are paused.
    """

    customers: list[str]
    commands: list[str]
    ends: list[tuple[str, State]]
    paused: frozenset[Lane] = frozenset()


def sweep(worker: str, *, limit: int, patience_ms: int) -> Call[Forgotten]:
    """Find what nobody works on, and note that this worker takes messages; not where it is ""."""
    queues = [queue for lane in Lane for queue in queues_of(lane)]

    def parse(answer: Any) -> Forgotten:
        customers, commands, untold, paused = answer
        ends = [end for one in untold if (end := _end(one)) is not None]
        return Forgotten(customers, commands, ends, frozenset(map(Lane, paused)))

    return Call(parse, "sweep", [worker, limit, patience_ms, *queues])


def _end(told: str) -> tuple[str, State] | None:
    """An end as the scripts note it; None where it is damaged. An id may hold spaces."""
    command_id, _, state = told.rpartition(" ")
    try:
        return command_id, State(state)
    except ValueError:
        return None
