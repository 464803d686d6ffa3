"""The Celery edge: tasks that hand a message to the runtime, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.exceptions import Ignore, Reject

from producer.contract import CommandKind, Lane
from producer.journal.messages import JOURNALLED, LIST_CARDS
from worker.executor import Arrived, Stopping
from worker.runtime import Runtime

_LANES = {lane.value: lane for lane in Lane}


class CommandTask(Task):  # type: ignore[type-arg]
    """A task whose end, result and event are the command's, not the message's."""

    Request = "worker.redacted_request:RedactedRequest"
    ignore_result = True


def register_tasks(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Register a task for each kind of command, and the read."""
    for kind in CommandKind:
        app.task(name=kind.value, base=CommandTask, bind=True)(_command_task(kind, runtime))

    @app.task(name=LIST_CARDS, base=CommandTask, bind=True)
    def list_cards(self: CommandTask, /, **fields: str) -> str:
        return runtime().list_cards(str(self.request.id), fields["userId"])


def _command_task(kind: CommandKind, runtime: Callable[[], Runtime]) -> Callable[..., None]:
    def carry_out(self: CommandTask, /, *args: Any, **fields: Any) -> None:
        request = self.request
        queue = str((request.delivery_info or {}).get("routing_key"))
        if args:
            fields["positional arguments"] = list(args)
        arrived = Arrived(
            command_id=str(request.id),
            kind=kind,
            fields=fields,
            lane=_LANES.get(queue, Lane.INTERACTIVE),
            journalled=bool((request.headers or {}).get(JOURNALLED)),
        )
        try:
            runtime().carry_out(arrived)
        except Stopping:
            raise Reject("the worker stops", requeue=True) from None
        # The command's own end says how it ended: this was only its message.
        raise Ignore

    return carry_out
