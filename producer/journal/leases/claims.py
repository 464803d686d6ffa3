"""The worker's calls: claim a customer's lease, complete an attempt, renew, sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from producer.contract import Envelope, Lane, State
from producer.journal.commands.results import celery_result
from producer.journal.leases.grants import ClaimResult, Grant, claim_result, claim_results
from producer.journal.leases.rate_limit import UNLIMITED, Limits
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
    """Mark the command of an arrived message as delivered, and claim its customer's next one.

    `holder` names this claim: a call repeated with it answers the same grant. `in_order` is false
    where the message did not pass through a queue in the order of acceptance.
    """
    args: list[str | int] = [command_id, holder, lease_ms, int(in_order), limits.argument]
    return Call(claim_result, "claim", args, durable=True)


def claim_many(
    command_ids: Sequence[str], holder: str, lease_ms: int, *, limits: Limits, most: int
) -> Call[list[ClaimResult]]:
    """`claim` for each command of an arrived message, but grant at most `most`.

    The others are LIMITED, with no time to wait where only `most` held them back.
    """
    args: list[str | int] = [holder, lease_ms, 1, limits.argument, most]
    return Call(claim_results, "claim_many", [*args, *command_ids], durable=True)


def claim_next(
    customer: str, holder: str, lease_ms: int, *, limits: Limits = UNLIMITED
) -> Call[ClaimResult]:
    """Claim the next command of a due customer, after a retry's delay or an expired lease."""
    return Call(
        claim_result, "claim_next", [customer, holder, lease_ms, limits.argument], durable=True
    )


def claim_next_many(
    customers: Sequence[str], holder: str, lease_ms: int, *, limits: Limits
) -> Call[list[ClaimResult]]:
    """Claim the next commands of deferred customers, in order.

    The answer ends with the first that is LIMITED or STOPPED: later customers are not claimed.
    """
    args: list[str | int] = [holder, lease_ms, limits.argument, *customers]
    return Call(claim_results, "claim_next_many", args, durable=True)


@dataclass(frozen=True, slots=True)
class End:
    """The command ends. `keep_s` (seconds) is how long its status is kept; 0: until a replay."""

    state: State
    http_status: int
    envelope: Envelope
    keep_s: int
    superseded: Envelope


@dataclass(frozen=True, slots=True)
class Retry:
    """The command is retried after `delay_ms`. `count` names a counter to raise."""

    delay_ms: int
    uncertain: bool
    code: str
    message: str
    new_key: bool = False
    count: str = ""
    slow: str = ""  # the scope of the rate limit in which all workers slow down


@dataclass(frozen=True, slots=True)
class ClaimingStopped:
    """Stripe refused our API key: claiming stops for `window_ms`, then one attempt checks it."""

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
    """Write the outcome of an attempt, and claim the customer's next command.

    `request` is Stripe's id of the attempt's last request, for the operator.

    With an empty `next_holder` the lease is released instead. Answers LOST, and writes nothing,
    where another holder has taken the lease over; ABSENT where the command's row is gone.
    """
    args: list[str | int] = [grant.customer, grant.command_id, grant.fence, next_holder, lease_ms]
    args.append(limits.argument)
    match outcome:
        case End():
            args += ["end", outcome.state.value, outcome.http_status]
            result = celery_result(grant.command_id, outcome.envelope)
            args += [outcome.envelope.code or "", result]
            # Only a command with a slot can supersede others.
            has_slot = "slot" in grant.row
            superseded = celery_result("@ID@", outcome.superseded) if has_slot else ""
            args += [outcome.keep_s * 1000, superseded, _SUPERSEDED_HTTP]
        case Retry():
            args += ["retry", outcome.delay_ms, int(outcome.uncertain), int(outcome.new_key)]
            args += [outcome.code, outcome.message, outcome.count, outcome.slow]
        case ClaimingStopped():
            args += ["stopped", outcome.window_ms, outcome.code, outcome.message]
            args += [int(outcome.uncertain)]
    args.append(request[:_LONGEST_REQUEST])
    return Call(claim_result, "complete", args, durable=True)


def renew(held: Sequence[tuple[str, str]], lease_ms: int) -> Call[list[bool]]:
    """Renew leases, given as (customer, fencing token); answers which are still held.

    A deferred customer has no lease and the token "". A `lease_ms` of 0 gives it back.
    """
    flat = [part for pair in held for part in pair]
    # Durable: if a failover lost a renewal, the lease would expire for others before its holder.
    return Call(lambda answer: list(map(bool, answer)), "renew", [lease_ms, *flat], durable=True)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """Due customers, commands whose message was lost, ends to report to Flower, paused lanes."""

    customers: list[str]
    commands: list[str]
    ends: list[tuple[str, State]]
    paused: frozenset[Lane] = frozenset()


def sweep(worker: str, *, limit: int, patience_ms: int) -> Call[SweepResult]:
    """Find work that no worker has, and record `worker` as seen; "" fetches no messages."""
    queues = [queue for lane in Lane for queue in queues_of(lane)]

    def parse(answer: Any) -> SweepResult:
        customers, commands, unreported, paused = answer
        ends = [end for text in unreported if (end := _end(text)) is not None]
        return SweepResult(customers, commands, ends, frozenset(map(Lane, paused)))

    return Call(parse, "sweep", [worker, limit, patience_ms, *queues])


def _end(text: str) -> tuple[str, State] | None:
    """An end as the scripts write it; None where it is damaged. An id may hold spaces."""
    command_id, _, state = text.rpartition(" ")
    try:
        return command_id, State(state)
    except ValueError:
        return None
