"""Plain Celery with the bare job: `celery -A benchmarks.peers.celery_worker worker -P threads`."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task

from benchmarks.peers import bare_job

app = Celery("peer", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
_sdk = bare_job.client(os.environ["STRIPE_API_BASE"], bare_job.BlockingHttp())


@app.task(name="assign", bind=True)
def assign(self: Task[Any, Any], /, **fields: str) -> dict[str, Any]:
    """The job."""
    return bare_job.carry_out_blocking(_sdk, fields, str(self.request.id))
