"""Drops messages that are not a task's, which Celery lets end the worker, and every next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.exceptions import InvalidTaskError
from celery.worker.strategy import default

# What celery.worker.strategy and Request raise over a damaged body or header. Unhandled, it ends
# the consumer, and the message goes back to the queue for the next worker.
_DAMAGE = (AttributeError, KeyError, TypeError, ValueError)


def strategy(task: Task, app: Celery, consumer: Any) -> Callable[..., Any]:  # type: ignore[type-arg]
    """Celery's way of taking up a message of the task, for `Task.Strategy`.

    What a damaged message was for is found again from the journal.
    """
    take_up = default(task, app, consumer)

    def checked(message: Any, *args: Any, **options: Any) -> Any:
        try:
            return take_up(message, *args, **options)
        except _DAMAGE as error:
            raise InvalidTaskError(f"not a task's message: {type(error).__name__}") from None

    return checked
