"""What lives as long as a worker process: an asyncio loop and the tasks that run on it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from producer.contract import Envelope
from producer.contract.messages import Text
from producer.journal import Journal, answer_read, read_wanted
from worker.callbacks.delivery import Callbacks
from worker.execution.bulk_message import BulkMessageHandler
from worker.execution.executor import Executor
from worker.execution.leases import LeaseKeeper
from worker.execution.message_handler import Delivery, MessageHandler
from worker.execution.sweeper import Sweeper
from worker.handlers.list_cards import list_cards
from worker.handlers.read_customer import read_customer
from worker.observability.task_events import TaskEvents
from worker.ports import CardGateway
from worker.settings import WorkerSettings
from worker.verdicts import Rejected, Succeeded, Verdict

log = logging.getLogger(__name__)
T = TypeVar("T")

# Above Stripe's timeout of 20 s, so that on SIGTERM a worker ends within 30 s.
_DRAIN_S = 25.0


class Runtime:
    """The part of a worker that Celery does not see. Task threads call its methods."""

    def __init__(
        self,
        settings: WorkerSettings,
        journal: Journal,
        gateway: CardGateway,
        executor: Executor,
        message_handler: MessageHandler,
        bulk_message_handler: BulkMessageHandler,
        leases: LeaseKeeper,
        sweeper: Sweeper,
        callbacks: Callbacks,
        events: TaskEvents,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        """A given loop runs already; without one, the runtime starts its own in a thread."""
        self._settings = settings
        self._journal = journal
        self._gateway = gateway
        self.executor = executor
        self.message_handler = message_handler
        self.bulk_message_handler = bulk_message_handler
        self._leases = leases
        self._sweeper = sweeper
        self._callbacks = callbacks
        self._events = events
        self._loop = loop or asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        if loop is None:
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._background: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the loop, and what renews leases, sweeps and delivers callbacks."""
        if self._thread is not None:
            self._thread.start()
        self._call(self._start())

    def stop_claiming(self) -> None:
        """Start no more commands."""
        self._loop.call_soon_threadsafe(self.executor.stop)

    def stop(self) -> None:
        """Finish requests at Stripe, within bounds, and end the loop."""
        self._call(self._stop())
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def carry_out(self, delivery: Delivery) -> None:
        """Execute a message's command; returns when the message is done.

        Raises:
            worker.execution.shutdown.Stopping: the worker stops; the message is for another.
        """
        self._call(self.message_handler.on_message(delivery))

    def carry_out_many(self, message_id: str, command_ids: list[str], queue: str) -> None:
        """Execute the commands of a bulk message.

        Raises:
            worker.execution.shutdown.Stopping: the worker stops; the message is for another.
        """
        work = self.bulk_message_handler.on_bulk_message(message_id, command_ids, queue)
        self._call(work)

    def list_cards(self, read_id: str, customer: str) -> str:
        """Answer a read, if its caller still waits. Returns the result that Flower shows."""
        return self._call(self._read(read_id, list_cards(self._gateway, customer)))

    def read_customer(
        self, read_id: str, customer: str, with_cards: bool, with_subscriptions: bool
    ) -> str:
        """Answer a read, likewise."""
        work = read_customer(
            self._gateway,
            customer,
            with_cards=with_cards,
            with_subscriptions=with_subscriptions,
        )
        return self._call(self._read(read_id, work))

    async def _start(self) -> None:
        log.info("Stripe is at %s", self._settings.stripe_route)
        await _warn_unless_durable(self._journal)
        loop = asyncio.get_running_loop()
        self._background = [
            loop.create_task(self._leases.run(), name="leases"),
            loop.create_task(self._sweeper.run(), name="sweeper"),
            loop.create_task(self.executor.run(), name="deferred customers"),
            loop.create_task(self._callbacks.run(), name="callbacks"),
        ]

    async def _stop(self) -> None:
        self.executor.stop()
        try:
            await asyncio.wait_for(self.executor.drained(), _DRAIN_S)
        except TimeoutError:
            log.warning("work was still running; other workers take over its customers")
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._events.stop()
        await self._sweeper.flush_counts()
        await self._gateway.close()
        await self._journal.aclose()

    async def _read(self, read_id: str, work: Coroutine[Any, Any, Verdict]) -> str:
        if not await self._journal(read_wanted(read_id)):
            work.close()
            return "no longer wanted"
        language = self._settings.shared.language
        verdict = await work
        match verdict:
            case Succeeded(text, data):
                status, envelope = 200, Envelope.yes(text.say(language), data)
            case Rejected(code, message, http_status):
                status, envelope = http_status, Envelope.no(code, message)
            case _:
                status = 503
                envelope = Envelope.no("unavailable", Text.READ_UNANSWERED.say(language))
        await self._journal(answer_read(read_id, status, envelope.model_dump()))
        return f"answered {status}"

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _warn_unless_durable(journal: Journal) -> None:
    required = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    for name, found in (await journal.configuration()).items():
        if found != required.get(name, found):
            log.warning(
                "Redis has %s %s, but the guarantees need %s: see docs/guarantees.md",
                name,
                found,
                required[name],
            )
