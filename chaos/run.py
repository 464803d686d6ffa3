"""A run: load and acts of the nemesis, then calm until every command has ended, then the check."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.check.checker import check
from chaos.check.report import Report
from chaos.history import Effect, Observation, Recorder, Request
from chaos.load.callers import HttpCallers
from chaos.load.orders import Orders
from chaos.load.python_callers import PythonCallers
from chaos.options import Options
from chaos.system import faults
from chaos.system.cluster import Cluster
from chaos.system.nemesis import Nemesis
from sandbox.control.client import SandboxControl

_BY_PYTHON = 0.25
_FINAL_ASKED_AT_ONCE = 16
_ABSENT_S = 15.0


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run; `unexpected_exits` are processes and their exit codes."""

    report: Report
    history: Path
    seconds: float
    unexpected_exits: list[tuple[str, int]]


async def run(options: Options, directory: Path) -> Run:
    """Raises NotStartedError if the system does not start, TimeoutError if Redis hangs."""
    started = time.monotonic()
    record = Recorder(directory / "history.jsonl")
    try:
        async with Cluster(options, directory) as cluster:
            http = HttpCallers(cluster.web_url, record, options.seed)
            python = PythonCallers(cluster.client_settings, record, options.seed)
            try:
                await _Stage(options, cluster, record, http, python).play()
            finally:
                await http.close()
                await python.close()
            return Run(
                check(record.history),
                record.path,
                time.monotonic() - started,
                cluster.unexpected_exits,
            )
    finally:
        record.close()


class _Stage:
    def __init__(
        self,
        options: Options,
        cluster: Cluster,
        record: Recorder,
        http: HttpCallers,
        python: PythonCallers,
    ) -> None:
        self._options = options
        self._cluster = cluster
        self._record = record
        self._http = http
        self._python = python
        self._orders = Orders(options)
        self._draw = random.Random(f"load {options.seed}")
        self._nemesis = Nemesis(cluster, options, record)
        self._accepted: set[str] = set()
        self._sent = 0
        self._busy: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []
        self._left = 0

    async def play(self) -> None:
        for customer in self._orders.customers:
            self._record(customer)
        stripe = self._cluster.stripe
        await asyncio.to_thread(
            faults.set_up, stripe, rate=self._options.fault_rate, seed=self._options.seed
        )
        async with _Progress(self._progress):
            nemesis = asyncio.create_task(self._nemesis.run())
            try:
                await self._send_all()
                await nemesis
            finally:
                nemesis.cancel()
            await asyncio.to_thread(faults.set_right, stripe)
            while self._busy:
                await asyncio.wait(self._busy)
            if self._errors:
                raise self._errors[0]  # an error of a caller, not of the product
            await self._settle()
        await asyncio.to_thread(self._collect, stripe)

    async def _send_all(self) -> None:
        started = asyncio.get_running_loop().time()
        every = self._options.seconds / self._options.commands
        for number in range(self._options.commands):
            pause = started + number * every - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, pause))
            self._spawn(self._send_one())
            self._sent += 1

    async def _send_one(self) -> None:
        order = self._orders.next()
        self._record(order)
        callers = self._python if self._draw.random() < _BY_PYTHON else self._http
        id = await callers.place(order)
        if id is not None:
            self._accepted.add(id)
            await callers.follow(id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._busy.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                self._errors.append(error)

        task.add_done_callback(ended)

    async def _settle(self) -> None:
        """Ask for every accepted command until it has ended, for `settle` seconds at most."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._options.settle
        left, absent_since = sorted(self._accepted), None
        while left:
            self._left = len(left)
            limit = asyncio.Semaphore(_FINAL_ASKED_AT_ONCE)

            async def state(id: str, limit: asyncio.Semaphore = limit) -> Observation | None:
                async with limit:
                    return await self._http.ask(id, via="final")

            answers = await asyncio.gather(*map(state, left))
            found = [(id, seen) for id, seen in zip(left, answers, strict=True)]
            left = [id for id, seen in found if seen is None or not seen.ended]
            absent = all(seen and (seen.ended or seen.state == "absent") for _, seen in found)
            absent_since = (absent_since or loop.time()) if absent else None
            # Commands lost with a primary do not come back; waiting longer would find nothing new.
            if loop.time() > min(deadline, (absent_since or deadline) + _ABSENT_S):
                break
            await asyncio.sleep(0.5)
        self._left = len(left)

    def _collect(self, stripe: SandboxControl) -> None:
        for effect in stripe.effects():
            self._record(
                Effect(
                    effect["sequence"],
                    effect["time"],
                    effect["kind"],
                    effect["customer"],
                    effect["object"],
                    effect["idempotency_key"],
                    effect["request_id"],
                )
            )
        for request in stripe.requests():
            self._record(
                Request(
                    request["request_id"],
                    request["method"],
                    request["customer"],
                    request["source"],
                    request["idempotency_key"],
                    request["started"],
                    request["ended"],
                    request["status"],
                    request["replayed"],
                )
            )

    def _progress(self) -> str:
        done = ", ".join(f"{number} {what}" for what, number in self._nemesis.done.items())
        settling = f", {self._left} not ended yet" if self._left else ""
        return (
            f"{self._sent}/{self._options.commands} sent, {len(self._accepted)} accepted"
            f"{settling}; {done}"
        )


class _Progress:
    """A progress line, on a terminal."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        if sys.stderr.isatty():
            self._task = asyncio.create_task(self._show())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            sys.stderr.write("\r\x1b[K")

    async def _show(self) -> None:
        started = time.monotonic()
        while True:
            sys.stderr.write(f"\r\x1b[K{time.monotonic() - started:.0f} s: {self._text()}")
            sys.stderr.flush()
            await asyncio.sleep(0.5)
