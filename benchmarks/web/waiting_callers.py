"""Many callers waiting at once in one web process, and how soon they get the outcome."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp

from benchmarks.harness import meter
from benchmarks.harness.names import fresh_customer
from benchmarks.harness.stage import Stage, wait_until
from benchmarks.harness.table import Row, bounded, figure
from producer.contract import CommandStatus
from producer.journal import BlockingJournal, backlog, statuses
from sandbox.control.client import SandboxControl

_CALLERS = 500
_WITHIN_MS = 100
_WAIT_S = 30


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Stall Stripe until all callers wait, then release it, so that many commands end at once."""
    sandbox = stage.sandbox()
    url = stage.valkey().url
    worker = stage.worker(url)
    web, address = stage.web(url)
    journal = BlockingJournal(url)
    delays: list[float] = []
    memory = 0.0
    for _ in range(1 if quick else 5):
        answered, rss = asyncio.run(_round(sandbox, journal, address, web.pid))
        memory = max(memory, rss, meter.rss_mb(web.pid))
        delays += answered
    journal.close()
    stage.stop(worker)
    longest = max(delays)
    shown = f"p50 {figure(meter.percentile(delays, 0.5))} ms, p99 "
    shown += f"{figure(meter.percentile(delays, 0.99))} ms, longest {figure(longest)} ms"
    what = f"{_CALLERS} callers waiting in one web: from a command's end to its answer"
    return [
        Row(what, shown, "", "", f"all within {_WITHIN_MS} ms", longest <= _WITHIN_MS),
        bounded(f"web, resident with {_CALLERS} callers", memory, unit="MB", at_most=150),
    ]


async def _round(
    sandbox: SandboxControl, journal: BlockingJournal, address: str, pid: int
) -> tuple[list[float], float]:
    """Milliseconds from each end, by the journal, to its answer here; the web's memory."""
    held = sandbox.add_fault("stall", times=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call() -> tuple[str, float]:
            body = {"userId": fresh_customer(), "source": "tok_visa"}
            headers = {"Prefer": f"wait={_WAIT_S}"}
            async with session.post(
                f"{address}/api/cards/assign", json=body, headers=headers
            ) as response:
                answered_at = time.time()
                await response.read()
                response.raise_for_status()
                if response.status != 200:
                    raise RuntimeError(f"a caller was answered {response.status}")
                return response.headers["Content-Location"].rpartition("/")[2], answered_at

        calls = [asyncio.create_task(call()) for _ in range(_CALLERS)]
        await asyncio.to_thread(
            wait_until,
            lambda: _unended(sandbox, journal, held) >= _CALLERS,
            "all callers' commands are accepted",
            timeout=_WAIT_S,
            every=0.1,
        )
        # An accepted command's caller may not have subscribed yet; this gives the last ones time.
        await asyncio.sleep(0.5)
        memory = meter.rss_mb(pid)
        await asyncio.to_thread(sandbox.remove_fault, held)
        answers = await asyncio.gather(*calls)
    found = journal(statuses([ident for ident, _ in answers]))
    delays = []
    for (_, answered_at), status in zip(answers, found, strict=True):
        if not isinstance(status, CommandStatus) or status.finished_at is None:
            raise RuntimeError("an answered command has not ended")
        delays.append(1000 * (answered_at - status.finished_at.timestamp()))
    return delays, memory


def _unended(sandbox: SandboxControl, journal: BlockingJournal, held: str) -> int:
    at_stripe = next(int(fault["held"]) for fault in sandbox.faults() if fault["id"] == held)
    return at_stripe + sum(journal(backlog()).unclaimed.values())
