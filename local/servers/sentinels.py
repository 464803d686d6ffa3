"""Servers, one of them the primary, and three sentinels that keep one primary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from local.processes.waiting import until
from local.servers.access import Access
from local.servers.asking import ask, follows, is_primary
from local.servers.sentinel import Sentinel, Watched
from local.servers.valkey import PROMPT, ValkeyServer

MASTER = "cards"
"""The name by which clients ask for the primary."""
_SENTINELS, _QUORUM = 3, 2


class Sentinels:
    """All the processes, and failovers among them. Raises TimeoutError if something hangs.

    A context manager; its processes end with it, even if its process is killed.
    """

    def __init__(
        self,
        directory: Path,
        *,
        servers: int = 3,
        access: Access | None = None,
        min_replicas: int = 0,
        max_lag_s: int = 10,
        down_after_ms: int = 1000,
        failover_timeout_ms: int = 5000,
        info_period_ms: int = 10_000,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """`min_replicas` is `min-replicas-to-write`: with fewer a primary accepts no writes.

        `access` is for servers and sentinels; `config` extends the servers' options.
        `info_period_ms` is how often sentinels read the servers' INFO; at production's long periods
        they may take 20 s to demote a primary that they have replaced.
        """
        access = access or Access()
        options = {
            **PROMPT,
            **access.replica_options(),
            "min-replicas-to-write": str(min_replicas),
            "min-replicas-max-lag": str(max_lag_s),
            **(config or {}),
        }
        folders = [directory / f"server{number}" for number in range(1, servers + 1)]
        self.servers = [
            ValkeyServer(
                folder, config={**access.options(folder), **options}, password=access.password
            )
            for folder in folders
        ]
        self.sentinels = [
            Sentinel(directory / f"sentinel{number}", number=number, access=access)
            for number in range(1, _SENTINELS + 1)
        ]
        self._down_after_ms = down_after_ms
        self._failover_timeout_ms = failover_timeout_ms
        self._info_period_ms = info_period_ms
        self._failover_s = failover_timeout_ms / 1000
        # Sentinels retry a failover that was impossible after twice its timeout.
        self._patience_s = (down_after_ms + 3 * failover_timeout_ms) / 1000 + 15

    @property
    def url(self) -> str:
        """The default user's URL."""
        password = self.servers[0].password
        return self.url_of("", password) if password is not None else self._url("")

    def url_of(self, user: str, password: str) -> str:
        """The URL of another user."""
        return self._url(f"{user}:{password}@")

    def _url(self, who: str) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"sentinel://{who}{hosts}/{MASTER}/0"

    def start(self) -> Self:
        """Return once all have found each other, so that any one of them may be killed."""
        first, *others = self.servers
        first.start()
        for server in others:
            server.config["replicaof"] = f"127.0.0.1 {first.port}"
            server.start()
        self._until_follow(first)
        watched = Watched(
            MASTER,
            first.port,
            [server.port for server in others],
            _QUORUM,
            self._down_after_ms,
            self._failover_timeout_ms,
        )
        for sentinel in self.sentinels:
            sentinel.watch(watched, [each for each in self.sentinels if each is not sentinel])
            sentinel.start()
            ask(sentinel, "SENTINEL", "DEBUG", "INFO-PERIOD", self._info_period_ms)
        self.until_whole()
        return self

    def stop(self) -> None:
        # Sentinels first, lest they promote a replica; all by SIGKILL, since SIGTERM would wait.
        for server in (*self.sentinels, *self.servers):
            if server.running:
                server.kill()
            server.stop()

    def primary(self) -> ValkeyServer | None:
        """The server that a quorum of sentinels names and that has the role of a primary."""
        named = Counter(self._named_by(sentinel) for sentinel in self.sentinels)
        port, votes = named.most_common(1)[0]
        found = next((server for server in self.servers if server.port == port), None)
        return found if found and votes >= _QUORUM and is_primary(found) else None

    def until_primary(
        self, *, other_than: ValkeyServer | None = None, within_s: float | None = None
    ) -> ValkeyServer:
        """Wait for a primary other than the given one; without one, for any."""

        def found() -> ValkeyServer | None:
            named = self.primary()
            return named if named is not other_than else None

        timeout = within_s or self._patience_s
        return until(found, "the sentinels have a new primary", timeout)  # type: ignore[return-value]

    def kill_primary(self) -> ValkeyServer:
        """Kill the primary; return it. `until_primary` and `bring_back` come after."""
        old = self.until_primary()
        old.kill()
        return old

    def restart_primary(self) -> ValkeyServer:
        """Kill the primary and restart it at once, too soon for a failover; return it."""
        old = self.until_primary()
        old.config.pop("replicaof", None)
        return old.restart()

    def pause_primary(self) -> ValkeyServer:
        """Stop the primary by SIGSTOP: its connections stay open and silent. Returns it."""
        old = self.until_primary()
        old.pause()
        return old

    def fail_over(self, *, coordinated: bool = False) -> ValkeyServer:
        """Have the sentinels replace a healthy primary; return the new one.

        With plain SENTINEL FAILOVER the old one stays a primary for some seconds, for about one of
        them with a replica, if there are two. With `coordinated` (Valkey 9) the two servers agree,
        and nothing is lost.
        """
        from redis.exceptions import RedisError

        old = self.until_primary()
        command = ["SENTINEL", "FAILOVER", MASTER, *(["COORDINATED"] if coordinated else [])]

        def attempted() -> ValkeyServer | None:
            for sentinel in filter(lambda each: each.running, self.sentinels):
                try:
                    ask(sentinel, *command)
                except RedisError:
                    continue  # a failover is running, or this sentinel knows no suitable replica
                with suppress(TimeoutError):  # the sentinels may give up
                    return self.until_primary(other_than=old, within_s=self._failover_s)
            return None

        return until(attempted, "the sentinels failed over", self._patience_s)  # type: ignore[return-value]

    def bring_back(self, server: ValkeyServer) -> None:
        """Make a killed, paused or replaced primary a replica, and wait until it is one.

        Sentinels would let a resumed primary remain one for a while; call `resume()` for that case.
        """
        primary = self.until_primary()
        if server is not primary:
            server.config["replicaof"] = f"127.0.0.1 {primary.port}"
            if server.running:
                server.resume()
                ask(server, "REPLICAOF", "127.0.0.1", primary.port)
            else:
                server.start()
        self.until_whole()

    def until_whole(self) -> ValkeyServer:
        """Wait until all servers follow the primary and all sentinels see them; return it."""

        def whole() -> bool:
            primary = self.primary()
            return (
                primary is not None
                and all(follows(each, primary) for each in self.servers if each is not primary)
                and all(self._sees_all(sentinel, primary) for sentinel in self.sentinels)
            )

        # Sentinels take ten seconds to demote a primary that they did not know as one.
        until(whole, "servers and sentinels agree", self._patience_s + 15)
        return self.until_primary()

    def _until_follow(self, primary: ValkeyServer) -> None:
        for server in self.servers:
            if server is not primary:
                until(lambda server=server: follows(server, primary), "a replica caught up")  # type: ignore[misc]

    def _named_by(self, sentinel: Sentinel) -> int | None:
        from redis.exceptions import RedisError

        try:
            found = ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        except RedisError:
            return None
        return int(found[1]) if found else None

    def _sees_all(self, sentinel: Sentinel, primary: ValkeyServer) -> bool:
        from redis.exceptions import RedisError

        try:
            (known,) = [_fields(ask(sentinel, "SENTINEL", "MASTER", MASTER))]
            replicas = [_fields(each) for each in ask(sentinel, "SENTINEL", "REPLICAS", MASTER)]
        except RedisError:
            return False
        return (
            known["port"] == str(primary.port)
            and known["flags"] == "master"
            and known["num-other-sentinels"] == str(_SENTINELS - 1)
            and sum(each["flags"] == "slave" for each in replicas) == len(self.servers) - 1
        )

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()


def _fields(answer: object) -> dict[str, str]:
    """Fields of an answer: a list of alternating names and values, or the client's mapping."""
    if isinstance(answer, dict):
        return {str(name): str(value) for name, value in answer.items()}
    assert isinstance(answer, list)
    return dict(zip(answer[::2], answer[1::2], strict=True))
