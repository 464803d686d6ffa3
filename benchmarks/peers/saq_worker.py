"""saq with the bare job: `python -m saq benchmarks.peers.saq_worker.settings`."""

from __future__ import annotations

import os
from typing import Any

from saq import Queue  # type: ignore[import-not-found]

from benchmarks.peers import bare_job


async def assign(context: dict[str, Any], **fields: str) -> dict[str, Any]:
    """The job."""
    return await bare_job.carry_out(context["sdk"], fields, context["job"].key)


async def _start(context: dict[str, Any]) -> None:
    context["sdk"] = bare_job.client(os.environ["STRIPE_API_BASE"], bare_job.AsyncHttp())


settings = {
    "queue": Queue.from_url(os.environ["REDIS_URL"]),
    "functions": [assign],
    "concurrency": 50,
    "startup": _start,
}
