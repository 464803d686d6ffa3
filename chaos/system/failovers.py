"""Failovers of a run: the primary is killed, paused, or hands over."""

from __future__ import annotations

import time

from chaos.options import Options
from chaos.system.redis_servers import Replicated
from local.processes.waiting import until
from local.servers.asking import follows
from local.servers.valkey import ValkeyServer

KILL, PAUSE, HAND_OVER, REPLACE = (
    "primary killed",
    "primary paused",
    "primary handed over",
    "primary replaced while it worked",
)
KINDS = (KILL, PAUSE, HAND_OVER, REPLACE)
RESTART = "Redis killed"
_SHARES = {KILL: 50, PAUSE: 25, HAND_OVER: 25}
_FOLLOW_S = 30.0


def shares(options: Options) -> dict[str, int]:
    """The weight of each kind in the draw."""
    return {**_SHARES, REPLACE: 25} if options.replaceable else _SHARES


class Failovers:
    """Carries out failovers, and kills with an immediate restart; blocks until all servers work."""

    def __init__(self, redis: Replicated, options: Options) -> None:
        self._redis = redis
        self._replaceable = options.replaceable

    def carry_out(self, what: str, chance: float) -> tuple[ValkeyServer, ValkeyServer, float]:
        """The old primary, the new one, and the seconds until the sentinels named it.

        They are the same server if none was replaced: the old one was back in time.
        Raises TimeoutError if the servers do not become whole again.
        """
        redis = self._redis
        old, started = redis.until_primary(), time.monotonic()
        match what:
            case "primary killed":
                old.kill()
                new, took = redis.until_primary(other_than=old), time.monotonic() - started
                time.sleep(3 * chance)
                redis.bring_back(old)
            case "primary paused":
                new, took = self._pause(old, chance)
            case "Redis killed":
                redis.restart()
                new, took = redis.until_primary(), time.monotonic() - started
            case _:
                try:
                    new = redis.fail_over(coordinated=what == HAND_OVER)
                except TimeoutError:  # sentinels give up hand-overs that take too long
                    new = redis.until_primary()
                took = time.monotonic() - started
        redis.until_whole()
        return old, new, took

    def _pause(self, old: ValkeyServer, chance: float) -> tuple[ValkeyServer, float]:
        redis, started = self._redis, time.monotonic()
        old.pause()
        if not self._replaceable:
            # If it woke during the failover, it would be a primary with a replica.
            new, took = redis.until_primary(other_than=old), time.monotonic() - started
            others = [each for each in redis.servers if each not in (old, new)]
            until(
                lambda: all(follows(each, new) for each in others), "all replicas follow", _FOLLOW_S
            )
            time.sleep(3 * chance)
            old.resume()
            return new, took
        time.sleep(1 + 7 * chance)
        old.resume()
        new = redis.until_whole()
        return new, time.monotonic() - started
