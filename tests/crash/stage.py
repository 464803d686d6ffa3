"""The environment of the crash tests: a durable Valkey, a sandbox, and workers to be killed."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

import redis
from celery import Celery

from local.servers.valkey import ValkeyServer
from producer import CardCommands
from producer.client.errors import CommandNotFound
from producer.contract import CommandStatus, Lane, SetDefaultCard, State
from producer.journal import BlockingJournal, workers_seen
from sandbox.control.client import EffectRecord, RequestRecord, SandboxControl
from sandbox.http.server import SandboxThread
from tests.crash.worker_process import PATIENCE_S, ROOT, Worker, wait_until

SABOTAGE = Path(__file__).parent / "sabotage"
LEASE_S = 3
# What the sandbox counts as a command's effect.
_EFFECTS = (
    "default_source.set",
    "default_payment_method.set",
    "source.created",
    "payment_method.attached",
)
_customers = itertools.count(1)


class Hold:
    """Requests that the sandbox holds until they are released."""

    def __init__(self, control: SandboxControl, fault: str) -> None:
        self._control, self._fault = control, fault

    def wait(self, hits: int = 1) -> None:
        """Wait until so many requests are, or were, held."""
        self._control.wait_for_hits(self._fault, hits, PATIENCE_S)

    def release(self) -> None:
        self._control.remove_fault(self._fault)


class Stage:
    """Servers and workers of its own, and shortcuts for what tests do with them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._marks = directory / "marks"
        self._marks.mkdir()
        self.valkey = ValkeyServer(directory / "valkey").start()
        self._sandbox = SandboxThread()
        self._sandbox.start()
        self.stripe = SandboxControl(self._sandbox.url)
        self.stripe.configure(auto_create=True)
        self.redis: redis.Redis = redis.Redis.from_url(self.valkey.url, decode_responses=True)
        self.journal = BlockingJournal(self.valkey.url)
        self.client = CardCommands(self.valkey.url)
        self.celery = Celery(broker=self.valkey.url, backend=self.valkey.url)
        self.workers: list[Worker] = []

    def worker(
        self,
        name: str,
        queues: str,
        **settings: str,
    ) -> Worker:
        """Start a worker with these settings besides the stage's, without waiting for it."""
        return self.worker_of(ROOT, name, queues, **settings)

    def worker_of(self, tree: Path, name: str, queues: str, **settings: str) -> Worker:
        """Start a worker with the code of another folder."""
        python = [sys.executable, "-m", "celery", "-A", "worker.app", "worker"]
        # The folder of a sitecustomize, and the code that it patches.
        path = os.pathsep.join([str(SABOTAGE), str(tree)])
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CARDS_")},
            "PYTHONPATH": path,
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": self.valkey.url,
            "STRIPE_API_KEY": "sk_test_crash",
            "STRIPE_API_BASE": self._sandbox.url,
            "CARDS_LEASE": str(LEASE_S),
            "CARDS_LANGUAGE": "en",
            "CRASH_MARKS": str(self._marks),
            "CRASH_CLOCK": f"jump-{name}",
            **settings,
        }
        argv = [*python, "-Q", queues, "--loglevel", "INFO", "--without-mingle"]
        worker = Worker(name, argv, environment, self.directory / f"{name}.log", self.sees, tree)
        self.workers.append(worker)
        return worker

    @contextmanager
    def clock_jump(self, worker: Worker) -> Iterator[None]:
        """Put the worker's wall clock five minutes ahead within the block."""
        mark = self._marks / f"jump-{worker.name}"
        mark.touch()
        yield
        mark.unlink()

    @property
    def stripe_url(self) -> str:
        """The sandbox's address."""
        return self._sandbox.url

    def sees(self, node: str) -> bool:
        """Whether the worker of that name was alive lately."""
        return node in self.journal(workers_seen(60))

    def customer(self, label: str = "Customer") -> str:
        """A new customer, with two cards at Stripe; the label selects faults."""
        return f"cus_{label}{next(_customers)}"

    def card(self, customer: str, number: int = 2) -> str:
        """One of the customer's cards; the first is the default at the start."""
        return f"card_{customer.removeprefix('cus_')}n{number}"

    def set_default(
        self, customer: str, number: int = 2, lane: Lane = Lane.INTERACTIVE, **named: Any
    ) -> str:
        """Have a SetDefaultCard accepted; returns its id."""
        card = self.card(customer, number)
        return self.client.set_default(customer=customer, card=card, lane=lane, **named).id

    def assign(self, customer: str, lane: Lane = Lane.INTERACTIVE) -> str:
        """Have an AssignCard of a new token accepted; returns its id."""
        token = f"tok_for{customer.removeprefix('cus_')}"
        return self.client.assign(customer=customer, source=token, lane=lane).id

    def send_events_to(self, url: str, payload: str = "snapshot") -> None:
        """Have the sandbox send events of its effects there, as snapshot or thin events."""
        self._sandbox.send_events_to(url, payload)

    def hold(
        self, customer: str, when: Literal["before", "after"], times: int | None = 1, **rule: Any
    ) -> Hold:
        """Have the sandbox hold the customer's next write, before or after its effect."""
        fault = self.stripe.add_fault(
            "stall", when=when, method="POST", customer=f"^{customer}$", times=times, **rule
        )
        return Hold(self.stripe, fault)

    def expire_visibility(self) -> None:
        """Make every unacknowledged message exceed Celery's visibility timeout."""
        for tag in cast(list[str], self.redis.zrange("unacked_index", 0, -1)):
            self.redis.zadd("unacked_index", {tag: 1})

    def cut_connections(self) -> None:
        """Send CLIENT KILL for all clients but this one."""
        for kind in ("normal", "pubsub"):
            self.redis.client_kill_filter(_type=kind, skipme=True)

    def now(self) -> float:
        """Redis' clock in seconds, which the journal uses."""
        seconds, microseconds = self.redis.time()
        return seconds + microseconds / 1e6

    def order(self, customer: str, number: int = 2) -> SetDefaultCard:
        """A SetDefaultCard of one of the customer's cards."""
        return SetDefaultCard(customer=customer, card=self.card(customer, number))

    def status_or_none(self, command: str) -> CommandStatus | None:
        """The command's status, if it was accepted."""
        try:
            return self.client.status(command)
        except CommandNotFound:
            return None

    def status(self, command: str) -> CommandStatus:
        return self.client.status(command)

    def ended(self, command: str, state: State, timeout: float = PATIENCE_S) -> CommandStatus:
        """Wait for the command's end and check its state, in journal and results."""
        found = self.client.status(command, wait=timeout)
        assert found.state is state, (found, self.row(command))
        assert found.result is not None
        assert self.celery.AsyncResult(command).result == found.result.model_dump()
        return found

    def effects(self, command: str) -> list[EffectRecord]:
        """The effects of a command, in order."""
        return [
            effect
            for effect in self.stripe.effects()
            if effect["kind"] in _EFFECTS and is_of(effect["idempotency_key"], command)
        ]

    def applied(self, customer: str) -> list[str]:
        """The command or key behind each of the customer's effects, in order."""
        return [
            str(effect["idempotency_key"])
            for effect in self.stripe.effects()
            if effect["kind"] in _EFFECTS and effect["customer"] == customer
        ]

    def requests(self, command: str) -> list[RequestRecord]:
        """The writes that reached Stripe under the command's keys, in order."""
        return [one for one in self.stripe.requests() if is_of(one["idempotency_key"], command)]

    def row(self, command: str) -> dict[str, str]:
        """The journal's row."""
        return dict(self.redis.hgetall(f"cards:command:{command}"))  # type: ignore[arg-type]

    def messages(self, lane: Lane) -> int:
        """How many messages of a lane no worker has received."""
        return int(self.redis.llen(lane.value))

    def unacknowledged(self) -> int:
        """How many messages workers hold unacknowledged."""
        return int(self.redis.hlen("unacked"))

    def idle(self) -> None:
        """Wait until every message was received and acknowledged."""
        wait_until(
            lambda: not self.unacknowledged() and not any(self.messages(lane) for lane in Lane),
            "messages are left",
        )

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.client.close()
        self.journal.close()
        self.redis.close()
        self._sandbox.stop()
        self.valkey.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def is_of(key: str | None, command: str) -> bool:
    """Whether a Stripe key is the command's: its id, or that and a number."""
    return key is not None and (key == command or key.startswith(f"{command}-"))
