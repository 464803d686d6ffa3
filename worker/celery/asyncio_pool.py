"""A Celery pool that runs tasks on an asyncio loop if they can, and others in threads.

Celery has no such pool. A thread for each command costs more CPU in hand-overs than the command
itself; on a loop a slot costs a few kilobytes.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import uvloop
from billiard.einfo import ExceptionInfo
from celery.concurrency.base import BasePool, apply_target

from worker.celery.prefetch import QueueOrder
from worker.messages.validation import commands_in

Callback: TypeAlias = Callable[[tuple[int, Any, float]], None]
OnLoop: TypeAlias = Callable[[Any, list[Any], dict[str, Any]], Awaitable[Any]]

log = logging.getLogger(__name__)

_THREADS = 4
# The consumer's thread and the loop hand each message over, and one of them waits for the
# interpreter each time: by default 5 ms while the other computes.
_SWITCH_S = 0.0005
# Above Stripe's timeout of 20 s. What still runs then is taken over once its lease expires.
_DRAIN_S = 25.0


class TaskPool(BasePool):
    """Runs `limit` coroutines at a time, as many as Celery fetches messages for."""

    body_can_be_buffer = True
    signal_safe = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="loop", daemon=True)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="task")
        self._ended: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._acknowledger = threading.Thread(target=self._acknowledge, name="acks", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.before_stop: Callable[[], None] = lambda: None

    def on_start(self) -> None:
        """Start the loop's thread, and the one that acknowledges messages."""
        sys.setswitchinterval(_SWITCH_S)
        self._thread.start()
        self._acknowledger.start()

    def on_stop(self) -> None:
        """Wait for running tasks, within bounds.

        Celery also stops the pool without a signal: its consumer may end with Redis.
        """
        self.before_stop()
        asyncio.run_coroutine_threadsafe(self._drain(), self.loop).result()
        self._threads.shutdown(cancel_futures=True)
        self._ended.put(None)
        self._acknowledger.join(5)

    def on_apply(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        callback: Any = None,
        accept_callback: Callable[..., Any] | None = None,
        **_: Any,
    ) -> None:
        """Start a task (celery.worker.request.Request.execute_using_pool)."""
        name, _task_id, request, *_body = args
        on_loop = getattr(self.app.tasks[name], "on_loop", None)
        if on_loop is None:
            self._threads.submit(apply_target, target, args, kwargs, callback, accept_callback)
            return
        arrived = _count_fetched(request)
        self.loop.call_soon_threadsafe(self._start, on_loop, request, callback, arrived)

    def _start(
        self,
        on_loop: OnLoop,
        request: Any,
        callback: Callback,
        arrived: Callable[[], None],
    ) -> None:
        running = self.loop.create_task(self._run(on_loop, request, callback, arrived))
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def _run(
        self,
        on_loop: OnLoop,
        request: Any,
        callback: Callback,
        arrived: Callable[[], None],
    ) -> None:
        started = time.monotonic()
        arrived()
        try:
            returned = await on_loop(request, request["args"], request["kwargs"])
            outcome = (0, returned, time.monotonic() - started)
        except Exception:
            outcome = (1, ExceptionInfo(internal=True), time.monotonic() - started)
        self._ended.put(lambda: callback(outcome))

    def _acknowledge(self) -> None:
        """Runs off the loop: acknowledging is a blocking round trip to Redis."""
        while (ended := self._ended.get()) is not None:
            try:
                ended()
            except Exception:
                log.exception("message not acknowledged")

    async def _drain(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_DRAIN_S)


def _count_fetched(request: Any) -> Callable[[], None]:
    """Count a message on its way to the loop as fetched; call the result once it is there."""
    prefetch = QueueOrder.prefetch
    if prefetch is None:
        return lambda: None
    queue = str((request.get("delivery_info") or {}).get("routing_key"))
    commands = commands_in(request["kwargs"])
    prefetch.fetched(queue, commands)
    return lambda: prefetch.arrived(queue, commands)
