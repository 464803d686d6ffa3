"""The Celery tasks: each hands its message to the runtime, and does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery, Task
from celery.exceptions import Reject

from producer.contract import CommandKind
from producer.journal.commands.messages import BATCH, LIST_CARDS, READ_CUSTOMER
from producer.journal.commands.signed import JOURNALLED
from worker.execution.message_handler import Delivery
from worker.execution.shutdown import Stopping
from worker.runtime import Runtime


class CardTask(Task):  # type: ignore[type-arg]
    """Redacts arguments where they are shown, and dead-letters damaged messages."""

    Request = "worker.celery.redacted_request:RedactedRequest"
    Strategy = "worker.messages.task_strategy:strategy"
    ignore_result = True

    def __call__(self, /, *args: Any, **fields: Any) -> Any:
        """Celery's own would not accept an argument named "self"."""
        return self.run(*args, **fields)


class CommandTask(CardTask):
    """A task whose end, result and events are the command's, not the message's."""

    send_events = False
    kind: CommandKind
    runtime: Callable[[], Runtime]

    def run(self, /, *args: Any, **fields: Any) -> None:
        """In a thread or a child process, with Celery's own pools."""
        request = self.request
        delivery = _delivery(
            self.kind, request.id, request.delivery_info, request.headers, args, fields
        )
        try:
            self.runtime().carry_out(delivery)
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None

    async def on_loop(
        self, request: dict[str, Any], args: list[Any], fields: dict[str, Any]
    ) -> None:
        """On the loop of `worker.celery.asyncio_pool`."""
        delivery = _delivery(
            self.kind, request["id"], request.get("delivery_info"), request, args, fields
        )
        try:
            await self.runtime().message_handler.on_message(delivery)
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None


def register_tasks(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Register a task for each kind of command, for bulk messages and for reads."""
    for kind in CommandKind:
        members = {"name": kind.value, "kind": kind, "runtime": staticmethod(runtime)}
        app.register_task(type(f"{kind}Task", (CommandTask,), members)())

    app.register_task(type("CardCommands", (BulkTask,), {"runtime": staticmethod(runtime)})())

    @app.task(name=LIST_CARDS, base=CardTask, bind=True)
    def list_cards(self: CardTask, /, **fields: str) -> str:
        return runtime().list_cards(str(self.request.id), fields["userId"])

    @app.task(name=READ_CUSTOMER, base=CardTask, bind=True)
    def read_customer(self: CardTask, /, **fields: Any) -> str:
        options = (bool(fields.get(name)) for name in ("withCards", "withSubscriptions"))
        return runtime().read_customer(str(self.request.id), fields["userId"], *options)


class BulkTask(CardTask):
    """A message of many commands: one task for Flower, but a status for each command."""

    name = BATCH
    send_events = False
    runtime: Callable[[], Runtime]

    def run(self, /, *args: Any, **fields: Any) -> None:
        """In a thread or a child process, with Celery's own pools."""
        request = self.request
        queue, ids = _queue(request.delivery_info), _ids(args, fields)
        try:
            self.runtime().carry_out_many(str(request.id), ids, queue)
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None

    async def on_loop(self, request: Any, args: list[Any], fields: dict[str, Any]) -> None:
        """On the loop of `worker.celery.asyncio_pool`."""
        queue = _queue(request.get("delivery_info"))
        try:
            await self.runtime().bulk_message_handler.on_bulk_message(
                request["id"], _ids(args, fields), queue
            )
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None


def _delivery(
    kind: CommandKind,
    command_id: Any,
    delivery_info: Any,
    headers: Any,
    args: Sequence[Any],
    fields: dict[str, Any],
) -> Delivery:
    if args:
        fields = {**fields, "positional arguments": list(args)}
    return Delivery(
        command_id=str(command_id),
        kind=kind,
        fields=fields,
        queue=_queue(delivery_info),
        journalled=bool((headers or {}).get(JOURNALLED)),
    )


def _ids(args: Sequence[Any], fields: dict[str, Any]) -> Any:
    """What the message has for ids; `BulkMessageHandler` checks it."""
    return fields.get("ids", list(args))


def _queue(delivery_info: Any) -> str:
    return str((delivery_info or {}).get("routing_key"))
