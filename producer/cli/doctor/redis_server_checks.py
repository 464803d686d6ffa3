"""What `cards doctor` checks about the server: its version, its replicas and its writes.

Where a check lacks a permission, the finding names it, and the other checks go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from redis.exceptions import RedisError

from producer.cli.doctor.findings import Finding, misconfigured, ok, warn
from producer.cli.doctor.redis_advice import missing_right, out_of_order
from producer.contract import Lane
from producer.journal import (
    BlockingJournal,
    Call,
    JournalFault,
    JournalUnavailable,
    write_probe,
)
from producer.journal.migrations.records import oldest_waiting
from producer.redis import Meaning, RedisConfig

_SETTINGS = ("appendonly", "appendfsync", "maxmemory-policy", "min-replicas-to-write")


class ServerChecks:
    """Checks of one server. Errors except missing permissions are raised as JournalUnavailable."""

    def __init__(self, journal: BlockingJournal, redis: RedisConfig) -> None:
        self._journal = journal
        self._redis = redis

    def permitted(
        self, what: str, cost: str, check: Callable[[], Iterable[Finding]], *, fails: bool = True
    ) -> Iterator[Finding]:
        """The findings of a check, or the permission it lacks and the consequence."""
        try:
            yield from check()
        except JournalUnavailable as error:
            if error.fault.code != "NOPERM":
                raise
            yield missing_right(what, error.cause, self._redis, cost, fails=fails)

    def reached(self) -> Iterator[Finding]:
        """Whether it answers at all; this check comes first."""
        self._journal(Call(lambda _: None, commands=[("PING",)]))
        yield from self.permitted(
            "redis",
            f"answers at {self._redis.shown}; its version and replicas are unknown",
            self._server,
            fails=False,
        )

    def writes(self) -> Iterator[Finding]:
        """Whether it accepts writes, has them confirmed by replicas, and runs our scripts."""
        try:
            self._journal(write_probe())
            self._journal(oldest_waiting(Lane.INTERACTIVE))
        except JournalUnavailable as error:
            if error.fault.meaning is not Meaning.REFUSED and error.fault.code != "unconfirmed":
                raise
            found = out_of_order(error.cause, self._redis)
            yield misconfigured("writes", found.text, found.todo)
            return
        where = f" on {self._redis.replicas} replicas too" if self._redis.replicas else ""
        yield ok("writes", f"accepted{where}, and scripts run")

    def changes(self) -> Iterator[Finding]:
        """Whether callers that wait for a command can be woken."""
        try:
            with self._journal.subscription() as changes:
                changes.subscribe(self._journal.changed_channel("doctor"))
                changes.get_message(timeout=1.0)
        except RedisError as error:
            raise JournalUnavailable(error) from error
        yield ok("channels", "subscribing is permitted")

    def settings(self) -> dict[str, str]:
        """The settings that durability depends on; empty where Redis has no CONFIG.

        Raises JournalUnavailable where reading them is not permitted.
        """
        call: Call[dict[str, str]] = Call(
            lambda answers: dict(answers[0]), commands=[("CONFIG GET", *_SETTINGS)]
        )
        try:
            return self._journal(call)
        except JournalFault:  # managed Redis often has no such command
            return {}

    def _server(self) -> Iterator[Finding]:
        call: Call[tuple[dict[str, Any], dict[str, Any]]] = Call(
            lambda answers: (dict(answers[0]), dict(answers[1])),
            commands=[("INFO", "server"), ("INFO", "replication")],
        )
        server, replication = self._journal(call)
        if "valkey_version" in server:
            name = f"Valkey {server['valkey_version']}"
        else:
            name = f"Redis {server.get('redis_version', 'of unknown version')}"
        yield ok("redis", f"answers at {self._redis.shown}, {name}, the primary")
        yield self._replicas(replication)

    def _replicas(self, replication: dict[str, Any]) -> Finding:
        online = sum(
            1
            for name, one in replication.items()
            if name.startswith("slave") and isinstance(one, dict) and one.get("state") == "online"
        )
        wanted = self._redis.replicas
        if online < wanted:
            return misconfigured(
                "replicas",
                f"{online} in step, and CARDS_REPLICAS wants {wanted}: nothing is accepted",
                "bring replicas back, or lower CARDS_REPLICAS",
            )
        if online and not wanted:
            return warn(
                "replicas",
                f"{online} in step, and no write waits for them: a failover may lose the last ones",
                "set CARDS_REPLICAS; docs/redis.md says what it costs",
            )
        return ok("replicas", f"{online} in step, CARDS_REPLICAS waits for {wanted or 'none'}")
