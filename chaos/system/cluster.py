"""The processes of a run: Redis, the sandbox, workers and web, on free ports."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from chaos.options import SENTINEL, Options
from chaos.system.members import Member, environment
from chaos.system.redis_servers import RedisServers, Replicated, Standalone
from chaos.system.relay import Relay
from local.processes.guard import Guard
from local.processes.ports import free_port
from local.running.readiness import get
from sandbox.control.client import SandboxControl

API_KEY = "sk_test_chaos"
VALKEY = "valkey"
"""The folder of the servers' data."""
_START_S = 60.0
_POLL_S = 0.05
_SLOTS = "20"
_WORKER = ["celery", "-A", "worker.app", "worker", "-Q", "interactive,bulk", "--loglevel", "INFO"]


class NotStartedError(Exception):
    """A process did not become ready; the message says which and where its output is."""


class Cluster:
    """An async context in which all processes run; they end with it.

    They end even if this process is killed (`local.processes.guard`).
    """

    def __init__(self, options: Options, directory: Path) -> None:
        self.directory = directory
        self.unexpected_exits: list[tuple[str, int]] = []
        """Processes that exited without being killed, with their exit codes."""
        self._guard = Guard()
        self.replicated = (
            Replicated(directory / VALKEY, options) if options.redis == SENTINEL else None
        )
        """With sentinels, the servers that fail over."""
        self.redis: RedisServers = self.replicated or Standalone(directory / VALKEY)
        ports = _free_ports(2 + options.workers)
        sandbox, web = next(ports), next(ports)
        self.stripe = SandboxControl(f"http://127.0.0.1:{sandbox}")
        self.web_port = web
        self.web_url = f"http://127.0.0.1:{web}"
        self.relays = [Relay(port, sandbox) for port in ports]
        python = [sys.executable, "-m"]
        self.client_settings = {"REDIS_URL": self.redis.url}
        """The settings of a caller through the Python client, which every process has too."""
        if options.replicas:
            self.client_settings["CARDS_REPLICAS"] = str(options.replicas)
        shared = {
            **self.client_settings,
            "PYTHONPYCACHEPREFIX": str(directory / "pycache"),
        }
        self._sandbox_port = sandbox
        self._sandbox = self._member(
            "sandbox", [*python, "sandbox", "--port", str(sandbox)], environment(**shared)
        )
        self.web = self._member(
            "web", [*python, "producer.http"], environment(PORT=str(web), **shared)
        )
        self.workers = [
            self._member(
                f"worker{number}",
                [*python, *_WORKER, "-n", f"worker{number}@chaos"],
                environment(
                    STRIPE_API_KEY=API_KEY,
                    STRIPE_API_BASE=f"http://127.0.0.1:{relay.port}",
                    CARDS_STRIPE_TIMEOUT=str(options.stripe_timeout),
                    CARDS_LEASE=str(options.lease),
                    CARDS_STRIPE_RPS=str(options.rps),
                    CARDS_STRIPE_ENDPOINT_RPS=str(options.rps),
                    CARDS_WORKER_CONCURRENCY=_SLOTS,
                    **shared,
                ),
            )
            for number, relay in enumerate(self.relays, 1)
        ]
        self._keeper: asyncio.Task[None] | None = None
        self.servers_busy = asyncio.Lock()
        """Held while a Redis server is killed, moved or started: one at a time."""

    async def __aenter__(self) -> Self:
        """Raises NotStartedError, or what the servers' `start` raises."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def restart_redis(self) -> None:
        """Kill the Redis primary, and restart it with its data."""
        async with self.servers_busy:
            await asyncio.to_thread(self.redis.restart)

    def held_by(self, worker: Member) -> tuple[str, ...]:
        """The idempotency keys of the worker's requests at Stripe."""
        return self.relays[self.workers.index(worker)].held

    async def wait_ready(self) -> None:
        """Wait until web has seen a worker. Raises NotStartedError."""
        for _ in range(int(_START_S / 0.1)):
            answer = await get("127.0.0.1", self.web_port, "/readyz")
            if answer.ok:
                return
            await asyncio.sleep(0.1)
        raise NotStartedError(f"not ready: {answer.body}; its output is in {self.directory}")

    async def _start(self) -> None:
        await asyncio.to_thread(self.redis.start)
        for relay in self.relays:
            await relay.start()
        for member in self._members:
            member.start()
        self._keeper = asyncio.create_task(self._keep())
        for _ in range(int(_START_S / 0.1)):
            if (await get("127.0.0.1", self._sandbox_port, "/_sandbox/health")).ok:
                break
            await asyncio.sleep(0.1)
        await self.wait_ready()

    async def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        for member in self._members:
            member.kill()
        for relay in self.relays:
            await relay.stop()
        async with self.servers_busy:
            await asyncio.to_thread(self.redis.stop)
        await asyncio.to_thread(self._guard.close)

    async def _keep(self) -> None:
        """Restart members that ended."""
        while True:
            for member in self._members:
                code = member.revive()
                if code is not None:
                    self.unexpected_exits.append((member.name, code))
            await asyncio.sleep(_POLL_S)

    @property
    def _members(self) -> list[Member]:
        return [self._sandbox, *self.workers, self.web]

    def _member(self, name: str, argv: list[str], env: dict[str, str]) -> Member:
        log = self.directory / f"{name}.log"
        return Member(name, argv, env, guard=self._guard, log=log)


def _free_ports(count: int) -> Iterator[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return iter(ports)
