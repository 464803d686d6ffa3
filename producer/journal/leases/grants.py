"""Grants: a lease on a customer, and the command to attempt under it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from producer.contract import AssignCard, CommandKind, Lane, SetDefaultCard
from producer.contract.commands import accepted_command
from producer.journal.redis.calls import pairs_to_dict
from producer.journal.redis.endpoints import Endpoint
from producer.journal.redis.queues import lane_of

# Stripe keeps a v1 idempotency key at least 24 h (docs: idempotent requests). One hour is left for
# a request under way and for clock differences.
KEY_LIFE_MS = 23 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """A lease on a customer, and the command to attempt under it.

    `fence` is the fencing token. `start_ms` is when the request may be sent; both it and `now_ms`
    are on Redis' clock.
    """

    command_id: str
    fence: str
    lease_ms: int
    now_ms: int
    row: dict[str, str]
    start_ms: int = 0

    @property
    def customer(self) -> str:
        """The customer of the lease."""
        return self.row["user"]

    @property
    def command(self) -> AssignCard | SetDefaultCard:
        """The command as it was accepted."""
        return accepted_command(CommandKind(self.row["kind"]), self.customer, self.row["card"])

    @property
    def lane(self) -> Lane:
        """The lane it was accepted in."""
        return Lane(self.row["lane"])

    @property
    def queue(self) -> str:
        """The Celery queue its message was put into: its lane's, or its flow's."""
        return self.row.get("queue") or self.row["lane"]

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of its first request (`endpoint_of` in lua/lib/rate_limit.lua)."""
        if self.row["kind"] == CommandKind.SET_DEFAULT_CARD:
            unread = self.looks_first and not self.checked
            return Endpoint.READ_CUSTOMER if unread else Endpoint.DEFAULT
        return Endpoint.ATTACH if self.row["card"].startswith("pm_") else Endpoint.SOURCE

    @property
    def trace(self) -> str:
        """The `traceparent` it was accepted with; "" for none."""
        return self.row.get("trace", "")

    @property
    def in_batch(self) -> bool:
        """Whether it was accepted with others under one message."""
        return "batch" in self.row

    @property
    def attempt_number(self) -> int:
        """The number of this attempt, from 1."""
        return int(self.row["tries"])

    @property
    def retries(self) -> int:
        """How many attempts led to a retry; attempts cut off by a kill do not count."""
        return int(self.row.get("retries", 0))

    @property
    def waited_ms(self) -> int:
        """Time from the acceptance, or the last replay, to this grant."""
        return max(0, self.now_ms - int(self.row.get("accepted_again") or self.row["accepted"]))

    @property
    def age_ms(self) -> int:
        """Time since the first attempt, or since the last replay."""
        return self.now_ms - int(self.row.get("accepted_again") or self.row["started"])

    @property
    def unsettled(self) -> bool:
        """Whether an earlier attempt may have taken effect."""
        return "unsettled" in self.row

    @property
    def may_send(self) -> bool:
        """Whether Stripe still knows the key of the first attempt that may have had an effect."""
        return self.now_ms - int(self.row["sent"]) < KEY_LIFE_MS

    @property
    def look_up_first(self) -> bool:
        """Whether it was replayed, so that it may have taken effect under a former key."""
        return "look" in self.row

    @property
    def expired_leases(self) -> int:
        """How many leases expired during its attempts since one was last completed."""
        return int(self.row.get("strikes", 0))

    @property
    def faults(self) -> int:
        """How often its handler raised."""
        return int(self.row.get("faults", 0))

    @property
    def busy(self) -> int:
        """How many attempts ended with an error that is retried only a few times."""
        return int(self.row.get("busy", 0))

    @property
    def of_migration(self) -> bool:
        """Whether it is a row of a migration."""
        return "migration" in self.row

    @property
    def looks_first(self) -> bool:
        """Whether the customer must be read before anything is sent."""
        return "first" in self.row

    @property
    def expected_default(self) -> str | None:
        """The default the customer must have; "" for none, None for any."""
        return self.row.get("expected")

    @property
    def checked(self) -> bool:
        """Whether the customer was read and had the expected default; written before sending."""
        return "before" in self.row

    @property
    def newer(self) -> bool:
        """Whether a command of no migration has set the default since the migration's creation."""
        return "newer" in self.row

    @property
    def key(self) -> str:
        """The idempotency key at Stripe: the command id, with a number from the second key on."""
        number = int(self.row.get("keyno", 0))
        return f"{self.command_id}-{number + 1}" if number else self.command_id


class ClaimStatus(StrEnum):
    """The status of a claim."""

    GRANTED = "granted"
    BUSY = "busy"  # another holder has the lease and will reach this command
    IDLE = "idle"  # no command may be attempted now; the sweep finds the customer when one is due
    STOPPED = "stopped"  # Stripe refused our API key
    LIMITED = "limited"  # the rate limit allows no request yet: the caller defers the customer
    ENDED = "ended"
    ABSENT = "absent"  # the journal has no such command, or no longer
    DAMAGED = "damaged"  # its data in the journal cannot be read
    LOST = "lost"  # another holder has taken the lease over: nothing was written


@dataclass(frozen=True, slots=True)
class Deferred:
    """A customer whose next command the rate limit allows later; claim again after `wait_ms`.

    For the time of a lease no other worker claims for the customer.
    """

    customer: str
    queue: str
    endpoint: Endpoint
    wait_ms: int = 0

    @property
    def lane(self) -> Lane:
        """The lane of its next command."""
        return lane_of(self.queue)


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """The answer to a claim and to `complete`; `grant` where there is a command to attempt."""

    status: ClaimStatus
    grant: Grant | None = None
    deferred: Deferred | None = None


def claim_result(answer: Any) -> ClaimResult:
    """Parse the answer of a script that claims."""
    status = ClaimStatus(answer[0])
    if status is ClaimStatus.LIMITED:
        _, customer, queue, endpoint, ask_again, now = answer
        wait_ms = max(0, int(ask_again) - int(now))
        return ClaimResult(status, deferred=Deferred(customer, queue, Endpoint(endpoint), wait_ms))
    if status is not ClaimStatus.GRANTED:
        return ClaimResult(status)
    _, command_id, fence, until, now, row, start = answer
    lease_ms = int(until) - int(now)
    grant = Grant(command_id, fence, lease_ms, int(now), pairs_to_dict(row), int(start))
    return ClaimResult(status, grant)


def claim_results(answers: Any) -> list[ClaimResult]:
    """Parse the answer of a script that claims several."""
    return [claim_result(answer) for answer in answers]
