"""The executor on a real Valkey, with Stripe in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from producer.contract import CommandKind, CommandStatus, Lane, State, parse_command
from producer.journal import UNLIMITED, Journal, Limits, accept, claim, claim_next, status, stopped
from producer.observability.tracing import is_on
from producer.redis import RedisConfig
from producer.settings import Settings
from tests.spans import Spans
from worker.celery.prefetch import Prefetch
from worker.clock import clock
from worker.execution import backoff
from worker.execution.attempt_runner import AttemptRunner
from worker.execution.executor import Executor
from worker.execution.leases import LeaseKeeper
from worker.execution.message_handler import Delivery, MessageHandler
from worker.execution.message_progress import NO_PROGRESS
from worker.execution.outcomes import Outcomes
from worker.execution.quarantine import Quarantine
from worker.execution.row_signatures import RowSignatures
from worker.handlers.assign_card import AssignCardHandler
from worker.handlers.set_default_card import SetDefaultCardHandler
from worker.observability.command_events import CommandEvents
from worker.observability.task_events import TaskEvents
from worker.observability.tracing import Tracing
from worker.ports import Failure, StripeError
from worker.settings import WorkerSettings
from worker.stripe.fake_gateway import FakeGateway

CUSTOMER = "cus_1"
REFUSED_KEY = StripeError(Failure.ANSWERED, "Invalid API Key", 401, "invalid_request_error")
DROPPED = StripeError(Failure.NO_ANSWER, "connection dropped")
LIMITED = StripeError(Failure.ANSWERED, "slow down", 429, code="lock_timeout")


class Workbench:
    """An executor and message handler, and commands for them."""

    def __init__(self, redis_url: str, limits: Limits = UNLIMITED) -> None:
        shared = Settings(RedisConfig.of(redis_url), language="en")
        settings = WorkerSettings(shared, "sk_test_x", limits=limits)
        self.journal = Journal(redis_url)
        self.stripe = FakeGateway()
        self.leases = LeaseKeeper(self.journal, settings.lease_s)
        command_events, prefetch = CommandEvents(TaskEvents(None, 0, "test", int)), Prefetch(8)
        handlers = {
            CommandKind.ASSIGN_CARD: AssignCardHandler(self.stripe),
            CommandKind.SET_DEFAULT_CARD: SetDefaultCardHandler(self.stripe),
        }
        outcomes = Outcomes("en", settings.shared.status_ttl_s)
        unsigned = RowSignatures(settings.shared.signing)
        attempts = AttemptRunner(
            handlers, Quarantine(), outcomes, command_events, self.journal, unsigned
        )
        self.executor = Executor(
            settings,
            self.journal,
            attempts,
            self.leases,
            command_events,
            prefetch,
            tracing=Tracing("http://127.0.0.1:1", on=is_on()),
        )
        self.message_handler = MessageHandler(
            settings, self.executor, command_events, outcomes, prefetch
        )

    async def accept(
        self, card: str, customer: str = CUSTOMER, lane: Lane = Lane.INTERACTIVE
    ) -> str:
        fields = {"userId": customer, "default_source": card}
        command = parse_command(CommandKind.SET_DEFAULT_CARD, fields)
        return (await self.journal(accept(command, command_id=str(uuid4()), lane=lane))).id

    async def deliver(
        self,
        command_id: str,
        journalled: bool = True,
        lane: Lane = Lane.INTERACTIVE,
        **fields: str,
    ) -> None:
        kind = CommandKind.SET_DEFAULT_CARD
        await self.message_handler.on_message(
            Delivery(command_id, kind, fields, lane.value, journalled)
        )

    async def ended(self, command_id: str) -> CommandStatus:
        """The command's status once it has ended."""
        async with asyncio.timeout(10):
            while True:
                found = await self.journal(status(command_id))
                assert found is not None
                if found.ended:
                    return found
                await asyncio.sleep(0.01)


@pytest.fixture
async def bench(redis_url: str) -> AsyncIterator[Workbench]:
    made = Workbench(redis_url)
    made.stripe.account.add_customer(CUSTOMER, cards=("card_A", "card_B"))
    yield made
    made.executor.stop()
    await made.executor.drained()
    await made.journal.aclose()


async def test_message_executes_its_command(bench: Workbench) -> None:
    """A message has one effect, with the envelope as the result."""
    command = await bench.accept("card_B")
    await bench.deliver(command)
    found = await bench.ended(command)
    assert found.state is State.SUCCEEDED
    assert found.result is not None
    assert found.result.data["default_source"] == "card_B"
    assert [effect.key for effect in bench.stripe.effects] == [command]
    assert len(bench.leases) == 0


async def test_second_delivery_changes_nothing(bench: Workbench) -> None:
    """The same message again finds its command ended."""
    command = await bench.accept("card_B")
    await asyncio.gather(bench.deliver(command), bench.deliver(command))
    await bench.deliver(command)
    assert len(bench.stripe.sent) == 1


async def test_later_commands_go_behind_deferred_ones(redis_url: str) -> None:
    """Bulk commands that arrive one by one, faster than the limit, are sent in that order."""
    bench = Workbench(redis_url, Limits(account=100))
    deferred = asyncio.create_task(bench.executor.run())
    commands = []
    for number in range(60):
        bench.stripe.account.add_customer(f"cus_{number}", cards=("card_A",))
        commands.append(await bench.accept("card_A", f"cus_{number}", Lane.BULK))
        await bench.deliver(commands[-1], lane=Lane.BULK)
        # Three arrive in the time in which two are sent, so that ever more are deferred.
        while len(bench.stripe.sent) < number * 2 // 3:
            await asyncio.sleep(0.001)
    for one in commands:
        await bench.ended(one)
    assert [sent.key for sent in bench.stripe.sent] == commands
    deferred.cancel()
    bench.executor.stop()
    await bench.executor.drained()
    await bench.journal.aclose()


async def test_dropped_answer_is_requested_again_under_the_same_key(bench: Workbench) -> None:
    """If the connection drops after the effect, the command still takes effect once."""
    bench.stripe.fail_next("set_default_source", DROPPED, after_effect=True)
    command = await bench.accept("card_B")
    await bench.deliver(command)
    found = await bench.ended(command)
    assert (found.state, found.attempts) == (State.SUCCEEDED, 2)
    assert len(bench.stripe.effects) == 1
    assert {sent.key for sent in bench.stripe.sent} == {command}


async def test_saved_error_is_looked_up_and_sent_under_a_further_key(bench: Workbench) -> None:
    """A 500 that Stripe saved without an effect is not requested again and again."""
    error = StripeError(Failure.ANSWERED, "oops", 500, "api_error")
    bench.stripe.fail_next("set_default_source", error, saved=True)
    command = await bench.accept("card_B")
    await bench.deliver(command)
    found = await bench.ended(command)
    assert found.state is State.SUCCEEDED
    assert [sent.key for sent in bench.stripe.sent] == [command, command, f"{command}-2"]
    assert len(bench.stripe.effects) == 1


async def test_newer_default_supersedes_one_that_waits(bench: Workbench) -> None:
    """The newest intent is applied, and the older one never over it."""
    bench.stripe.fail_next("set_default_source", LIMITED)
    older = await bench.accept("card_A")
    await bench.deliver(older)
    await bench.journal._redis.hset(f"cards:command:{older}", "due", 9e15)
    newer = await bench.accept("card_B")
    await bench.deliver(newer)
    assert (await bench.ended(newer)).state is State.SUCCEEDED
    found = await bench.ended(older)
    assert (found.state, found.superseded_by) == (State.SUPERSEDED, newer)
    assert [effect.object_id for effect in bench.stripe.effects] == ["card_B"]


async def test_bare_message_is_journalled_on_arrival(bench: Workbench) -> None:
    """A command sent by plain Celery is journalled when its message is received."""
    command = str(uuid4())
    await bench.deliver(command, journalled=False, userId=CUSTOMER, default_source="card_B")
    assert (await bench.ended(command)).state is State.SUCCEEDED


async def test_bare_message_that_is_invalid_ends_rejected(bench: Workbench) -> None:
    """Bad input is answered with an envelope that names the field, and is not stored."""
    command = str(uuid4())
    await bench.deliver(
        command, journalled=False, userId=CUSTOMER, default_source="4242424242424242"
    )
    found = await bench.ended(command)
    assert found.result is not None
    assert (found.state, found.http_status) == (State.REJECTED, 400)
    assert found.result.code == "card_number_refused"
    assert "4242" not in found.model_dump_json()


async def test_message_for_an_expired_command_does_nothing(bench: Workbench) -> None:
    """A message whose command's status has expired is not executed again."""
    command = str(uuid4())
    await bench.deliver(command, userId=CUSTOMER, default_source="card_B")
    assert await bench.journal(status(command)) is None
    assert not bench.stripe.sent


async def test_refused_key_stops_until_it_works_again(bench: Workbench) -> None:
    """A 401 rejects no command and uses no attempt; the command is executed once the key works."""
    bench.stripe.fail_next("set_default_source", REFUSED_KEY)
    command = await bench.accept("card_B")
    await bench.deliver(command)
    found = await bench.journal(status(command))
    assert found is not None
    assert (found.state, found.attempts) == (State.WAITING, 0)
    reason = await bench.journal(stopped())
    assert reason is not None
    assert reason.message == "Invalid API Key"
    assert (await bench.journal(claim_next(CUSTOMER, "h", 1000))).grant is None
    # As if the time until the next probe were over.
    await bench.journal._redis.hset("cards:stop", "until", 1)
    await bench.executor.on_customer(CUSTOMER)
    assert (await bench.ended(command)).state is State.SUCCEEDED
    assert await bench.journal(stopped()) is None


async def test_key_refused_during_a_lookup_leaves_the_command_unsettled(bench: Workbench) -> None:
    """A command that may have taken effect is unknown, not waiting."""
    error = StripeError(Failure.ANSWERED, "oops", 500, "api_error")
    bench.stripe.fail_next("set_default_source", error, after_effect=True)
    bench.stripe.fail_next("customer", REFUSED_KEY)
    command = await bench.accept("card_B")
    await bench.deliver(command)
    async with asyncio.timeout(10):
        while await bench.journal(stopped()) is None:
            await asyncio.sleep(0.01)
    found = await bench.journal(status(command))
    assert found is not None
    assert found.state is State.UNKNOWN


async def test_holder_that_lost_its_lease_sends_nothing(bench: Workbench) -> None:
    """A grant whose lease has expired by the holder's own clock sends nothing."""
    command = await bench.accept("card_B")
    claimed = await bench.journal(claim(command, "h", 15_000))
    await bench.executor._customers.run(claimed, -1e6, Lane.INTERACTIVE, NO_PROGRESS)
    assert not bench.stripe.sent
    found = await bench.journal(status(command))
    assert found is not None
    assert found.state is State.RUNNING


async def test_a_futile_attempt_has_an_event_in_its_span(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    """A span has an event if the lease was lost before sending, or the customer was taken over."""
    spans = Spans(monkeypatch)
    bench = Workbench(redis_url)
    bench.stripe.account.add_customer(CUSTOMER, cards=("card_A", "card_B"))
    command = await bench.accept("card_B")
    lost = await bench.journal(claim(command, "h", 1))
    await bench.executor._customers.run(lost, -1e6, Lane.INTERACTIVE, NO_PROGRESS)
    assert lost.grant is not None
    stale = replace(lost.grant, fence="0.former", lease_ms=15_000)
    await bench.executor._customers.run(
        replace(lost, grant=stale), clock(), Lane.INTERACTIVE, NO_PROGRESS
    )
    events = [[event.name for event in one.events] for one in spans.named("process")]
    assert events == [["lease lost"], ["taken over"]]
    await bench.executor.drained()
    await bench.journal.aclose()


async def test_stopping_worker_leaves_the_next_command_to_others(bench: Workbench) -> None:
    """A stopping worker finishes its request; the customer's next command is left to a sweep."""
    first, second = await bench.accept("card_A"), await bench.accept("card_B")
    bench.executor.stop()
    await bench.deliver(second)
    assert (await bench.ended(first)).state is State.SUCCEEDED
    found = await bench.journal(status(second))
    assert found is not None
    assert found.state is State.WAITING
    assert (await bench.journal(claim_next(CUSTOMER, "other", 1000))).grant is not None


async def test_outcome_is_looked_up_before_giving_up(bench: Workbench) -> None:
    """A command whose attempts are used up, but that took effect, succeeds."""
    bench.stripe.fail_next("set_default_source", DROPPED, after_effect=True)
    command = await bench.accept("card_B")
    await bench.journal._redis.hset(f"cards:command:{command}", "retries", backoff.MAX_RETRIES)
    await bench.deliver(command)
    assert (await bench.ended(command)).state is State.SUCCEEDED


async def test_command_that_did_not_happen_fails_when_its_attempts_are_used_up(
    bench: Workbench,
) -> None:
    """A command without effect fails after its last attempt."""
    bench.stripe.fail_next("set_default_source", DROPPED)
    command = await bench.accept("card_B")
    await bench.journal._redis.hset(f"cards:command:{command}", "retries", backoff.MAX_RETRIES)
    await bench.deliver(command)
    assert (await bench.ended(command)).state is State.FAILED
