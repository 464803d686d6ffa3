"""The Celery app: `celery -A worker.app worker -Q interactive,bulk`.

Celery finds the app by importing this module, so the import reads the settings; connections and
threads start with the worker.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

from celery import Celery, signals

from producer.contract import Lane
from producer.journal import BlockingJournal
from producer.journal.redis.queues import queues_of
from producer.observability.log_format import format_handlers
from producer.observability.repeated_log import count_repeats
from producer.observability.tracing_setup import set_up
from producer.settings import SettingsError, admitted
from worker.celery.asyncio_pool import TaskPool
from worker.celery.config import celery_config, celery_queue
from worker.celery.consumer_activity import ConsumerActivity
from worker.celery.remote_control import refuse_remote_control
from worker.composition import runtime_of
from worker.messages.dead_letters import DeadLetters
from worker.messages.signatures import MessageSignatures
from worker.observability.log_context import add_context
from worker.observability.logs import quiet_celery_trace, redact_handlers
from worker.runtime import Runtime
from worker.settings import WorkerSettings
from worker.tasks import register_tasks


class WorkerProcess:
    """The runtime of this process: made when first needed, stopped with the worker."""

    def __init__(self, settings: WorkerSettings, app: Any) -> None:
        self._settings = settings
        self._app = app
        self._runtime: Runtime | None = None
        self._hostname = ""
        self._end_tracing: Callable[[], None] = lambda: None
        self._consumer: Any = None

    def runtime(self) -> Runtime:
        """The running runtime of this process."""
        if self._runtime is None:
            pool = getattr(self._consumer, "pool", None)
            loop = pool.loop if isinstance(pool, TaskPool) else None
            tick = self._app.clock.forward
            self._end_tracing = set_up(os.environ, "card-commands-worker")
            self._runtime = runtime_of(self._settings, self._hostname, tick, loop)
            _tune_garbage_collection()
            self._runtime.start()
            if isinstance(pool, TaskPool):
                pool.before_stop = self._runtime.stop_claiming
        return self._runtime

    def on_start(self, **_: Any) -> None:
        """A worker is about to start, with any pool."""
        try:
            admitted(self._settings.shared.redis)
        except SettingsError as error:
            sys.exit(f"worker: {error}")
        if self._settings.shared.signing.required:
            refuse_remote_control()

    def on_set_up(self, sender: str, **_: Any) -> None:
        """The worker knows its name and its lanes: consume from all queues of the bulk lane."""
        self._hostname = sender
        queues = self._app.amqp.queues
        if Lane.BULK.value in queues.consume_from:
            for name in queues_of(Lane.BULK)[1:]:
                queues.select_add(celery_queue(name))

    def on_ready(self, sender: Any, **_: Any) -> None:
        """The worker consumes messages. A prefork parent runs no task: its child processes do."""
        self._consumer = sender
        ConsumerActivity.start()
        if "prefork" not in type(sender.pool).__module__:
            self.runtime()

    def on_child_start(self, **_: Any) -> None:
        """A prefork child process starts."""
        self._runtime = self._consumer = None
        ConsumerActivity.forget()
        self.runtime()

    def on_shutting_down(self, **_: Any) -> None:
        """The worker received a signal to stop."""
        if self._runtime is not None:
            self._runtime.stop_claiming()

    def on_shutdown(self, **_: Any) -> None:
        """The worker, or a prefork child process, ends."""
        if self._runtime is not None:
            self._runtime.stop()
            self._runtime = None
            self._end_tracing()


def _tune_garbage_collection() -> None:
    """Exempt the objects of start-up from collection, and collect less often.

    With Python's defaults the collector was a tenth of a command's cost, measured.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def make_app(settings: WorkerSettings) -> Celery:
    """The Celery app, with its tasks and the process around them."""
    celery_app = Celery("cards", set_as_current=True)
    celery_app.conf.update(celery_config(settings.shared.redis, settings.concurrency))
    MessageSignatures.of_process = MessageSignatures(settings.shared.signing)
    DeadLetters.of_process = DeadLetters(BlockingJournal(settings.shared.redis, retries=1))
    process = WorkerProcess(settings, celery_app)

    def set_up_logs(logger: Any, **_: Any) -> None:
        format_handlers(logger, settings.shared.log_format)
        add_context(logger)
        redact_handlers(logger)
        count_repeats(logger)
        quiet_celery_trace()

    register_tasks(celery_app, process.runtime)
    for signal, receiver in (
        (signals.celeryd_init, process.on_start),
        (signals.celeryd_after_setup, process.on_set_up),
        (signals.worker_ready, process.on_ready),
        (signals.worker_process_init, process.on_child_start),
        (signals.worker_shutting_down, process.on_shutting_down),
        (signals.worker_shutdown, process.on_shutdown),
        (signals.worker_process_shutdown, process.on_shutdown),
        (signals.after_setup_logger, set_up_logs),
        (signals.after_setup_task_logger, set_up_logs),
    ):
        signal.connect(receiver, weak=False)
    return celery_app


try:
    app = make_app(WorkerSettings.from_environ(os.environ))
except SettingsError as error:
    sys.exit(f"worker: {error}")
