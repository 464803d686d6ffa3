"""A Celery application that has nothing to do with ours, for `celery -A`."""

from __future__ import annotations

import os

from celery import Celery

app = Celery("foreign", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(task_default_queue="interactive", worker_send_task_events=True)


@app.task(name="SetDefaultCard")
def set_default_card(**fields: str) -> str:
    """Its task has our task's name."""
    return f"foreign {sorted(fields)}"
