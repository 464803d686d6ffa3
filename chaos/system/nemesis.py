"""The nemesis: acts against the processes of a run, by a schedule that its seed determines."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from chaos.clock import now
from chaos.history import Failover, NemesisAct, Recorder
from chaos.options import Options
from chaos.system import failovers
from chaos.system.cluster import API_KEY, Cluster
from chaos.system.failovers import Failovers
from chaos.system.members import Member

KILL_WORKER, KILL_WEB, KILL_REDIS = "worker killed", "web killed", failovers.RESTART
PAUSE, DEPLOY, CUT, REVOKE = (
    "worker paused",
    "worker told to end",
    "connections cut",
    "key revoked",
)
_ACTS = {KILL_WORKER: 62, PAUSE: 12, KILL_WEB: 11, CUT: 8, DEPLOY: 5, REVOKE: 2}
KILLS = (KILL_WORKER, KILL_WEB, KILL_REDIS, failovers.KILL)
_REVOKED_S = 2.0


@dataclass(frozen=True, slots=True)
class Act:
    """`chance` (0 to 1) decides the open details: the target, the duration."""

    at: float
    what: str
    chance: float


def schedule(options: Options) -> list[Act]:
    """All acts, with times in seconds from the start."""
    draw = random.Random(f"mischief {options.seed}")
    acts = [
        Act(at, draw.choices(tuple(_ACTS), tuple(_ACTS.values()))[0], draw.random())
        for at in _moments(draw, options.kills_every, options.seconds)
    ]
    if options.redis_kills_every > 0:
        acts += [
            Act(at, KILL_REDIS, draw.random())
            for at in _moments(draw, options.redis_kills_every, options.seconds)
        ]
    if options.failovers_every > 0:
        shares = failovers.shares(options)
        acts += [
            Act(at, draw.choices(tuple(shares), tuple(shares.values()))[0], draw.random())
            for at in _moments(draw, options.failovers_every, options.seconds)
        ]
    return sorted(acts, key=lambda act: act.at)


def _moments(draw: random.Random, every: float, until: float) -> Iterator[float]:
    at = every * draw.uniform(0.5, 1.0)
    while at < until:
        yield at
        at += every * draw.uniform(0.7, 1.3)


class Nemesis:
    """Carries out the schedule."""

    def __init__(self, cluster: Cluster, options: Options, record: Recorder) -> None:
        self._cluster = cluster
        self._options = options
        self._record = record
        self._spawned: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []
        self._failovers = Failovers(cluster.replicated, options) if cluster.replicated else None
        self.done: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        return sum(self.done[what] for what in KILLS)

    async def run(self) -> None:
        """Run the schedule, then wait until paused and revoked things are restored.

        Raises TimeoutError if the Redis servers do not become whole again.
        """
        started = now()
        for act in schedule(self._options):
            await asyncio.sleep(max(0.0, started + act.at - now()))
            await self._do(act)
        while self._spawned:
            await asyncio.wait(self._spawned)
        if self._errors:
            raise self._errors[0]

    async def _do(self, act: Act) -> None:
        cluster = self._cluster
        awake = [worker for worker in cluster.workers if not worker.paused]
        worker = awake[int(act.chance * len(awake))] if awake else None
        match act.what:
            case "worker killed" if worker is not None:
                self._note(act.what, worker.name, cluster.held_by(worker))
                worker.kill()
            case "worker paused" if worker is not None and len(awake) > 1:
                self._note(act.what, worker.name)
                self._spawn(self._pause(worker, act.chance))
            case "worker told to end" if worker is not None:
                self._note(act.what, worker.name)
                worker.ask_to_end()
            case "web killed":
                self._note(act.what, "web")
                cluster.web.kill()
            case "Redis killed" if self._failovers is not None:
                self._spawn(self._fail_over(self._failovers, act))
            case "Redis killed":
                self._note(act.what, "Redis")
                self._spawn(cluster.restart_redis())
            case "connections cut":
                self._note(act.what, "Redis")
                self._spawn(self._cut(act.chance))
            case "key revoked":
                self._note(act.what, "Stripe")
                self._spawn(self._revoke())
            case what if what in failovers.KINDS and self._failovers is not None:
                self._spawn(self._fail_over(self._failovers, act))

    async def _pause(self, worker: Member, chance: float) -> None:
        pid = worker.pid
        worker.pause()
        await asyncio.sleep(self._options.lease + 0.5 + 2 * chance)
        worker.resume(pid)

    async def _fail_over(self, by: Failovers, act: Act) -> None:
        async with self._cluster.servers_busy:
            self._note(act.what, "Redis")
            started = now()
            old, new, took = await asyncio.to_thread(by.carry_out, act.what, act.chance)
            if old is not new:
                self._record(Failover(started, act.what, old.port, new.port, took))

    async def _cut(self, chance: float) -> None:
        """Send CLIENT KILL to all connections, the subscribed ones, or a third."""
        try:
            url = await asyncio.to_thread(lambda: self._cluster.redis.primary_url)
        except TimeoutError:
            return  # there is no primary at the moment
        client: Any = redis.asyncio.Redis.from_url(url, decode_responses=True)
        try:
            if chance < 0.3:
                await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            elif chance < 0.5:
                await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            else:
                clients = await client.client_list()
                for each in random.Random(chance).sample(clients, len(clients) // 3):
                    await client.execute_command("CLIENT", "KILL", "ID", each["id"])
        except (RedisError, OSError):
            pass  # the server was being killed
        finally:
            await client.aclose()

    async def _revoke(self) -> None:
        """Make Stripe refuse our key for a while."""
        await asyncio.to_thread(self._cluster.stripe.configure, revoked_keys=[API_KEY])
        await asyncio.sleep(_REVOKED_S)
        await asyncio.to_thread(self._cluster.stripe.configure, revoked_keys=[])

    def _note(self, what: str, target: str, held: tuple[str, ...] = ()) -> None:
        self.done[what] += 1
        self._record(NemesisAct(now(), what, target, held))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._spawned.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._spawned.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                self._errors.append(error)

        task.add_done_callback(ended)
