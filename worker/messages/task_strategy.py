"""Dead-letters messages that Celery cannot consume, which would otherwise end the worker."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.exceptions import InvalidTaskError
from celery.worker.strategy import default
from kombu.exceptions import ContentDisallowed, DecodeError

from producer.journal.operations.dead_letters import DeadReason
from worker.messages import dead_letters

log = logging.getLogger(__name__)

# What celery.worker.strategy and Request raise over a damaged body or header. Unhandled, it ends
# the consumer, and the message returns to the queue for the next worker.
_DAMAGE = (
    *(AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError),
    *(InvalidTaskError, ContentDisallowed, DecodeError),
)


def strategy(task: Task, app: Celery, consumer: Any) -> Callable[..., Any]:  # type: ignore[type-arg]
    """Celery's strategy of consuming a task's messages, with damage handled, for `Task.Strategy`.

    `worker.messages.validation` has checked the message before. The sweep finds the command of a
    journalled message without it.
    """
    consume = default(task, app, consumer)

    def checked(message: Any, *args: Any, **options: Any) -> Any:
        try:
            return consume(message, *args, **options)
        except _DAMAGE:
            queue = str(message.delivery_info.get("routing_key"))
            dead_letters.put(queue, DeadReason.NOT_TAKEN_UP, json.dumps(message._raw).encode())
            message.reject_log_error(log, consumer.connection_errors)
            return None

    return checked
