"""A Celery application that has nothing to do with ours, for `celery -A`."""

from __future__ import annotations

import os
from typing import Any

import redis
from celery import Celery

app = Celery("foreign", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(task_default_queue="interactive", worker_send_task_events=True)


@app.task(name="SetDefaultCard")
def set_default_card(**fields: str) -> str:
    """Its task has our task's name."""
    return f"foreign {sorted(fields)}"


@app.task(name="foreign.hold")
def hold(*args: Any, **kwargs: Any) -> None:
    """Fails once somebody lets it go on, and says of what."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.blpop(["foreign:go"], 60)
    raise ValueError(f"not with {args} and {kwargs}")


@app.task(name="foreign.give")
def give(**kwargs: Any) -> dict[str, Any]:
    """Answers what it was given."""
    return kwargs
