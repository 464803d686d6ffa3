"""A rolling deploy under load, which no caller notices."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from producer.contract import Lane, State
from tests.crash.balancer import Balancer
from tests.crash.stage import Stage, is_of
from tests.crash.worker_process import PATIENCE_S, Worker
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.crash, pytest.mark.extended, pytest.mark.timeout(600)]

_CALLERS, _BULK = 6, 20
_ROUNDS = 2
_PREFERENCES: tuple[dict[str, str], ...] = (
    {},
    {"Prefer": "respond-async"},
    {"Lane": "bulk"},
    {"Prefer": "wait=1"},
)


@dataclass
class Answers:
    """The answers that callers got."""

    tasks: dict[str, set[str]] = field(default_factory=dict)
    """Commands by idempotency key."""
    bulk: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def commands(self) -> list[str]:
        return [*self.bulk, *(task for tasks in self.tasks.values() for task in tasks)]


class Webs:
    """Two web processes, restarted at the same ports."""

    def __init__(self, redis_url: str, **environ: str) -> None:
        self._redis_url, self._environ = redis_url, environ
        self.running = [WebProcess(redis_url, **environ) for _ in range(2)]
        self.exits: list[int] = []

    @property
    def ports(self) -> list[int]:
        return [web.port for web in self.running]

    async def restart(self, number: int, balancer: Balancer) -> None:
        """Send SIGTERM, wait for the end, and until the next process is ready.

        A second SIGTERM ends the shutdown delay once the balancer has drained the port.
        """
        web = self.running[number]
        web.terminate()
        await balancer.until_drained(web.port)
        web.terminate()
        self.exits.append(await asyncio.to_thread(web.ended, PATIENCE_S))
        self.running[number] = WebProcess(self._redis_url, PORT=str(web.port), **self._environ)
        await balancer.until_ready(web.port)

    def close(self) -> None:
        for web in self.running:
            web.__exit__()


@pytest.fixture
def rolling(tmp_path: Path) -> Iterator[Stage]:
    """A stage with two workers, each of both lanes."""
    with Stage(tmp_path) as made:
        for name in ("one", "two"):
            made.worker(name, queues="interactive,bulk").ready()
        yield made


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[tuple[Webs, Balancer]]:
    """Two ready web processes behind a balancer."""
    webs = Webs(stage.valkey.url, CARDS_SHUTDOWN_DELAY="300")
    try:
        async with Balancer(webs.ports) as balancer:
            for port in webs.ports:
                await balancer.until_ready(port)
            yield webs, balancer
    finally:
        webs.close()


async def test_rolling_deploy_loses_repeats_and_refuses_nothing(rolling: Stage) -> None:
    """Web and workers restart in turn, twice, while callers send, repeat and send in bulk.

    Every request is answered with 200 or 202, keys lead to one command each, and every command
    succeeds with one effect at Stripe.
    """
    answers, numbers = Answers(), itertools.count(1)
    async with served(rolling) as (webs, balancer), aiohttp.ClientSession(balancer.url) as session:
        sending = [
            asyncio.create_task(_call(session, rolling, answers, numbers)) for _ in range(_CALLERS)
        ]
        sending.append(asyncio.create_task(asyncio.to_thread(_send_in_bulk, rolling, answers)))
        try:
            for number in [0, 1] * _ROUNDS:
                await webs.restart(number, balancer)
                await _more_accepted(answers)
                await _restart(rolling.workers[number])
                await _more_accepted(answers)
        finally:
            answers.enough.set()
        await asyncio.gather(*sending)
        assert all(balancer.total.values())

    assert answers.broken == []
    assert answers.statuses == {200, 202}
    assert {len(tasks) for tasks in answers.tasks.values()} == {1}
    assert webs.exits == [0] * 2 * _ROUNDS
    assert [worker.exits for worker in rolling.workers] == [[0] * _ROUNDS] * 2
    for command in answers.commands:
        await asyncio.to_thread(rolling.ended, command, State.SUCCEEDED)
    keys = [str(effect["idempotency_key"]) for effect in rolling.stripe.effects()]
    keys = [key for key in keys if key != "None"]
    assert len(keys) == len(answers.commands)
    for command in answers.commands:
        assert sum(is_of(key, command) for key in keys) == 1


async def _call(
    session: aiohttp.ClientSession, stage: Stage, answers: Answers, numbers: Iterator[int]
) -> None:
    """Send commands of new customers, each twice under its key, until `enough` is set."""
    while not answers.enough.is_set():
        number = next(numbers)
        customer = stage.customer("Http")
        body = {"userId": customer, "default_source": stage.card(customer)}
        headers = {"Idempotency-Key": f"k-{number}", **_PREFERENCES[number % len(_PREFERENCES)]}
        for _ in range(2):
            try:
                async with session.post("/api/cards/default", json=body, headers=headers) as got:
                    await got.read()
            except aiohttp.ClientError as error:
                answers.broken.append(f"{headers}: {error!r}")
                continue
            answers.statuses.add(got.status)
            if got.status in (200, 202):
                location = got.headers.get("Location") or got.headers["Content-Location"]
                answers.tasks.setdefault(headers["Idempotency-Key"], set()).add(
                    location.split("/")[-1]
                )


def _send_in_bulk(stage: Stage, answers: Answers) -> None:
    """Send twenty commands at a time, and wait for the last, until `enough` is set."""
    while not answers.enough.is_set():
        orders = [stage.order(stage.customer("Bulk")) for _ in range(_BULK)]
        sent = [handle.id for handle in stage.client.send_many(orders, lane=Lane.BULK)]
        answers.bulk.extend(sent)
        stage.ended(sent[-1], State.SUCCEEDED)


async def _restart(worker: Worker) -> None:
    def restart() -> None:
        with worker.ending():
            worker.signal(signal.SIGTERM)
        worker.ready()

    await asyncio.to_thread(restart)


async def _more_accepted(answers: Answers) -> None:
    """Return once more commands were accepted."""
    before = len(answers.tasks)
    while len(answers.tasks) < before + _CALLERS:
        await asyncio.sleep(0.02)
