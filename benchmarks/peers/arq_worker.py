"""arq with the bare job: its worker, started as by its own command."""

from __future__ import annotations

import os
from typing import Any

from arq import run_worker  # type: ignore[import-not-found]
from arq.connections import RedisSettings  # type: ignore[import-not-found]

from benchmarks.peers import bare_job


async def assign(context: dict[str, Any], **fields: str) -> dict[str, Any]:
    """The job."""
    return await bare_job.carry_out(context["sdk"], fields, context["job_id"])


async def _start(context: dict[str, Any]) -> None:
    context["sdk"] = bare_job.client(os.environ["STRIPE_API_BASE"], bare_job.AsyncHttp())


class WorkerSettings:
    """arq's defaults, except for the number of concurrent jobs."""

    functions = (assign,)
    on_startup = _start
    max_jobs = 50


if __name__ == "__main__":
    settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
    # run_worker configures no logging; arq's own command would write two lines for each job.
    run_worker(WorkerSettings, redis_settings=settings)
