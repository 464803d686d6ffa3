"""A run: load and mischief, then peace until everything has ended, then the check."""

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
from chaos.history import Effect, Recorder, Request, Told
from chaos.load.callers import HttpCallers
from chaos.load.orders import Orders
from chaos.load.python_callers import PythonCallers
from chaos.options import Options
from chaos.system import faults
from chaos.system.cluster import Cluster
from chaos.system.nemesis import Nemesis
from sandbox.control.client import SandboxControl

_BY_PYTHON = 0.25
_CLOSING_ASKED_AT_ONCE = 16
_GONE_S = 15.0


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run; `unasked` are processes that ended by themselves, with exit codes."""

    report: Report
    history: Path
    seconds: float
    unasked: list[tuple[str, int]]


async def run(options: Options, directory: Path) -> Run:
    """Raises NotStartedError where the system does not come up, TimeoutError where Redis hangs."""
    began = time.monotonic()
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
                check(record.history), record.path, time.monotonic() - began, cluster.unasked
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
        self._imp = Nemesis(cluster, options, record)
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
            imp = asyncio.create_task(self._imp.run())
            try:
                await self._send_all()
                await imp
            finally:
                imp.cancel()
            await asyncio.to_thread(faults.set_right, stripe)
            while self._busy:
                await asyncio.wait(self._busy)
            if self._errors:
                raise self._errors[0]  # a fault of a caller, not of the product
            await self._settle()
        await asyncio.to_thread(self._collect, stripe)

    async def _send_all(self) -> None:
        began = asyncio.get_running_loop().time()
        every = self._options.seconds / self._options.commands
        for number in range(self._options.commands):
            pause = began + number * every - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, pause))
            self._spawn(self._one())
            self._sent += 1

    async def _one(self) -> None:
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
        left, gone_since = sorted(self._accepted), None
        while left:
            self._left = len(left)
            turns = asyncio.Semaphore(_CLOSING_ASKED_AT_ONCE)

            async def state(id: str, turns: asyncio.Semaphore = turns) -> Told | None:
                async with turns:
                    return await self._http.ask(id, via="final")

            answers = await asyncio.gather(*map(state, left))
            found = [(id, told) for id, told in zip(left, answers, strict=True)]
            left = [id for id, told in found if told is None or not told.ended]
            gone = all(told and (told.ended or told.state == "absent") for _, told in found)
            gone_since = (gone_since or loop.time()) if gone else None
            # What was lost with a primary does not come back; waiting on would find nothing new.
            if loop.time() > min(deadline, (gone_since or deadline) + _GONE_S):
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
        done = ", ".join(f"{number} {what}" for what, number in self._imp.done.items())
        settling = f", {self._left} not ended yet" if self._left else ""
        return (
            f"{self._sent}/{self._options.commands} sent, {len(self._accepted)} accepted"
            f"{settling}; {done}"
        )


class _Progress:
    """One line that is kept up to date, on a terminal."""

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
        began = time.monotonic()
        while True:
            sys.stderr.write(f"\r\x1b[K{time.monotonic() - began:.0f} s: {self._text()}")
            sys.stderr.flush()
            await asyncio.sleep(0.5)
