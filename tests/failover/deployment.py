"""Web, two workers, the sandbox and clients, with one Redis in their settings."""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from local.processes.waiting import until
from producer import CardCommands
from producer.contract import State
from sandbox.control.client import SandboxControl
from sandbox.http.server import SandboxThread
from tests.crash.stage import Hold, is_of
from tests.crash.worker_process import ROOT, Worker, wait_until
from tests.failover.sender import Sender
from tests.failover.waiting import WaitingCallers
from tests.unit.http.web import WebProcess

LEASE_S = 3
_WORKER = [sys.executable, "-m", "celery", "-A", "worker.app", "worker", "--without-mingle"]
_QUEUES = ["-Q", "interactive,bulk", "--loglevel", "INFO"]
_OWN = ("default_source.set", "source.created", "payment_method.attached")
_labels = itertools.count(1)


class Deployment:
    """Real processes; unexpected ends are noticed. A context manager."""

    def __init__(self, directory: Path, redis_url: str, **settings: str) -> None:
        """`settings` are for the environment of every process, and for the client."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.settings = {"REDIS_URL": redis_url, "CARDS_LANGUAGE": "en", **settings}
        self._sandbox = SandboxThread()
        self._sandbox.start()
        self.stripe = SandboxControl(self._sandbox.url)
        self.stripe.configure(auto_create=True)
        self.client = CardCommands.from_env(self.settings)
        self.web = WebProcess(redis_url, CARDS_LANGUAGE="en", **settings)
        self.workers: list[Worker] = []
        for name in ("one", "two"):
            self.worker(name)
        self._pids = [worker.pid for worker in self.workers]

    def worker(self, name: str) -> Worker:
        """Start another worker, not waited for; it ends with the deployment or by `close`."""
        ours = {name: value for name, value in os.environ.items() if name[:6] != "CARDS_"}
        log = self.directory / f"{name}.log"
        made = Worker(
            name,
            [*_WORKER, *_QUEUES],
            {
                **ours,
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "STRIPE_API_KEY": "sk_test_failover",
                "STRIPE_API_BASE": self._sandbox.url,
                "CARDS_LEASE": str(LEASE_S),
                **self.settings,
            },
            log,
            lambda node: f"{node} ready." in log.read_text(errors="replace"),
        )
        self.workers.append(made)
        return made

    def ready(self) -> None:
        """Wait until all processes are ready."""
        self.web.until_listening()
        for worker in self.workers:
            worker.ready()

    def unchanged(self) -> None:
        """Check that no process of the start has ended."""
        for worker, pid in zip(self.workers, self._pids, strict=False):
            assert worker.pid == pid, (worker.name, worker.exits, worker.log[-3000:])
        assert httpx.get(f"{self.web.url}/healthz").status_code == 200

    def readiness(self) -> tuple[int, str]:
        """The answer of /readyz: status and message."""
        answer = httpx.get(f"{self.web.url}/readyz", timeout=10)
        return answer.status_code, str(answer.json()["message"])

    def until_not_ready(self) -> str:
        """Wait for a 503 of /readyz; return its message."""

        def missing() -> str:
            status, message = self.readiness()
            return message if status == 503 else ""

        return until(missing, "the web process stays ready")

    def until_ready(self) -> None:
        wait_until(lambda: self.readiness()[0] == 200, "the web process does not become ready")

    def customer(self, label: str = "Customer") -> str:
        """A new customer, with two cards at Stripe."""
        return f"cus_{label}{next(_labels)}"

    def hold(self, customer: str) -> Hold:
        """Make the sandbox hold back the answer to the customer's next write."""
        fault = self.stripe.add_fault(
            "stall", when="after", method="POST", customer=f"^{customer}$", times=1
        )
        return Hold(self.stripe, fault)

    def sending(self, pause_s: float = 0.02) -> Sender:
        """A context in which commands are sent continuously."""
        return Sender(self.web.url, pause_s)

    def waiting_callers(self) -> WaitingCallers:
        """A context with a waiting caller of each kind, each for a command at Stripe."""
        return WaitingCallers(self)

    def carried_out(self, commands: list[str], within_s: float) -> None:
        """Check that all commands succeed in that time, each with one effect."""
        deadline = time.monotonic() + within_s
        for command in commands:
            found = self.client.status(command)
            if not found.ended:
                left = max(0.0, deadline - time.monotonic())
                found = self.client.status(command, wait=left)
            assert found.state is State.SUCCEEDED, (found, [w.log[-2000:] for w in self.workers])
        keys = [
            effect["idempotency_key"] for effect in self.stripe.effects() if effect["kind"] in _OWN
        ]
        for command in commands:
            assert sum(is_of(key, command) for key in keys) == 1, command

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.web.__exit__()
        self.client.close()
        self._sandbox.stop()

    def __enter__(self) -> Self:
        try:
            self.ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
