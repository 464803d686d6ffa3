"""What lives as long as a worker process: an asyncio loop in a thread, and what runs on it."""

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

# With Stripe's timeout of 20 s below it, a worker told to stop ends within 30 s.
_DRAIN_S = 25.0


class Runtime:
    """The side of a worker that Celery does not see. Its methods are called from task threads."""

    def __init__(
        self,
        settings: WorkerSettings,
        journal: Journal,
        gateway: CardGateway,
        executor: Executor,
        message_handler: MessageHandler,
        leases: LeaseKeeper,
        sweeper: Sweeper,
        callbacks: Callbacks,
        events: TaskEvents,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        """With a loop given, that runs already; else one of its own is started in a thread."""
        self._settings = settings
        self._journal = journal
        self._gateway = gateway
        self.executor = executor
        self.message_handler = message_handler
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
        """Start the loop, the renewing of leases and the sweeping."""
        if self._thread is not None:
            self._thread.start()
        self._call(self._start())

    def stop_taking(self) -> None:
        """Begin nothing more."""
        self._loop.call_soon_threadsafe(self.executor.stop)

    def stop(self) -> None:
        """Finish what is at Stripe, within bounds, and end the loop."""
        self._call(self._stop())
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def carry_out(self, delivery: Delivery) -> None:
        """Do what a message asks for; returns when its part is done.

        Raises:
            worker.execution.executor.Stopping: the worker stops; the message is for another.
        """
        self._call(self.message_handler.on_message(delivery))

    def carry_out_many(self, batch_id: str, command_ids: list[str], queue: str) -> None:
        """Do what a message of many commands asks for.

        Raises:
            worker.execution.executor.Stopping: the worker stops; the message is for another.
        """
        self._call(self.message_handler.on_bulk_message(batch_id, command_ids, queue))

    def list_cards(self, read_id: str, customer: str) -> str:
        """Answer a read, if its caller still waits. Returns what Flower may show of it."""
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
        log.info("Stripe is at %s", self._settings.way_to_stripe)
        await _warn_unless_durable(self._journal)
        loop = asyncio.get_running_loop()
        self._background = [
            loop.create_task(self._leases.run(), name="leases"),
            loop.create_task(self._sweeper.run(), name="sweeper"),
            loop.create_task(self.executor.run(), name="waiting room"),
            loop.create_task(self._callbacks.run(), name="callbacks"),
        ]

    async def _stop(self) -> None:
        self.executor.stop()
        try:
            await asyncio.wait_for(self.executor.drained(), _DRAIN_S)
        except TimeoutError:
            log.warning("work was still under way; its customers are taken over by others")
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._events.stop()
        await self._sweeper.tell()
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
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    for name, found in (await journal.configuration()).items():
        if found != wanted.get(name, found):
            log.warning(
                "Redis has %s %s, and the promises want %s: see docs/guarantees.md",
                name,
                found,
                wanted[name],
            )
