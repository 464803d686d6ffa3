"""The Celery edge: tasks that hand a message to the runtime, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery, Task
from celery.exceptions import Reject

from producer.contract import CommandKind, Lane
from producer.journal.messages import JOURNALLED, LIST_CARDS
from worker.executor import Arrived, Stopping
from worker.runtime import Runtime

_LANES = {lane.value: lane for lane in Lane}


class CommandTask(Task):  # type: ignore[type-arg]
    """A task whose end, result and events are the command's, not the message's."""

    Request = "worker.redacted_request:RedactedRequest"
    Strategy = "worker.message_check:strategy"
    ignore_result = True
    send_events = False
    kind: CommandKind
    runtime: Callable[[], Runtime]

    def run(self, *args: Any, **fields: Any) -> None:
        """In a thread or a child process: any pool of Celery's."""
        request = self.request
        arrived = _arrived(
            self.kind, request.id, request.delivery_info, request.headers, args, fields
        )
        try:
            self.runtime().carry_out(arrived)
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None

    async def on_loop(
        self, request: dict[str, Any], args: list[Any], fields: dict[str, Any]
    ) -> None:
        """On the loop of `worker.asyncio_pool`."""
        arrived = _arrived(
            self.kind, request["id"], request.get("delivery_info"), request, args, fields
        )
        try:
            await self.runtime().executor.on_message(arrived)
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None


def register_tasks(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Register a task for each kind of command, and the read."""
    for kind in CommandKind:
        members = {"name": kind.value, "kind": kind, "runtime": staticmethod(runtime)}
        app.register_task(type(f"{kind}Task", (CommandTask,), members)())

    @app.task(name=LIST_CARDS, base=ReadTask, bind=True)
    def list_cards(self: ReadTask, /, **fields: str) -> str:
        return runtime().list_cards(str(self.request.id), fields["userId"])


class ReadTask(Task):  # type: ignore[type-arg]
    """A read: Celery's own events tell of it."""

    Request = "worker.redacted_request:RedactedRequest"
    Strategy = "worker.message_check:strategy"
    ignore_result = True


def _arrived(
    kind: CommandKind,
    command_id: Any,
    delivery_info: Any,
    headers: Any,
    args: Sequence[Any],
    fields: dict[str, Any],
) -> Arrived:
    queue = str((delivery_info or {}).get("routing_key"))
    if args:
        fields = {**fields, "positional arguments": list(args)}
    return Arrived(
        command_id=str(command_id),
        kind=kind,
        fields=fields,
        lane=_LANES.get(queue, Lane.INTERACTIVE),
        journalled=bool((headers or {}).get(JOURNALLED)),
    )
