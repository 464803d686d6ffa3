"""Servers, one of them the primary, and three sentinels that see to there being one."""

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
"""The name under which clients ask for the primary."""
_SENTINELS, _QUORUM = 3, 2


class Sentinels:
    """All the processes, and failovers among them. Raises TimeoutError where something hangs.

    A context manager; nothing is left after it, even where its process is killed.
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
        """`min_replicas` are those without which a primary takes no write, as it is set in Redis.

        `access` is for servers and sentinels alike; `config` is laid over the servers' options.
        `info_period_ms` is how often sentinels look at what servers say of themselves; seldom, as
        in production, they may take 20 s to demote a primary that they have replaced.
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
        # A failover that is found impossible is tried again after twice the time it may take.
        self._patience_s = (down_after_ms + 3 * failover_timeout_ms) / 1000 + 15

    @property
    def url(self) -> str:
        """The URL of the default user."""
        password = self.servers[0].password
        return self.url_of("", password) if password is not None else self._url("")

    def url_of(self, user: str, password: str) -> str:
        """The URL of one of the users."""
        return self._url(f"{user}:{password}@")

    def _url(self, who: str) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"sentinel://{who}{hosts}/{MASTER}/0"

    def start(self) -> Self:
        """Return once all have found each other, so that any of them may be killed."""
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
        # The sentinels first, lest they see to a new primary; none in good order, for that waits.
        for server in (*self.sentinels, *self.servers):
            if server.running:
                server.kill()
            server.stop()

    def primary(self) -> ValkeyServer | None:
        """The one that most of the sentinels name and that takes itself for the primary."""
        named = Counter(self._named_by(sentinel) for sentinel in self.sentinels)
        port, votes = named.most_common(1)[0]
        found = next((server for server in self.servers if server.port == port), None)
        return found if found and votes >= _QUORUM and is_primary(found) else None

    def until_primary(
        self, *, other_than: ValkeyServer | None = None, within_s: float | None = None
    ) -> ValkeyServer:
        """Wait for a primary, which is not the one given."""

        def found() -> ValkeyServer | None:
            named = self.primary()
            return named if named is not other_than else None

        timeout = within_s or self._patience_s
        return until(found, "the sentinels have no new primary", timeout)  # type: ignore[return-value]

    def kill_primary(self) -> ValkeyServer:
        """SIGKILL to the primary. Answers it; `until_primary` and `bring_back` come after it."""
        old = self.until_primary()
        old.kill()
        return old

    def restart_primary(self) -> ValkeyServer:
        """SIGKILL to the primary and the same again at once, too soon to be noticed. Answers it."""
        old = self.until_primary()
        old.config.pop("replicaof", None)
        return old.restart()

    def pause_primary(self) -> ValkeyServer:
        """SIGSTOP to the primary: its connections stay open and silent. Answers it."""
        old = self.until_primary()
        old.pause()
        return old

    def fail_over(self, *, coordinated: bool = False) -> ValkeyServer:
        """Have the sentinels make another the primary though nothing is wrong; answers that.

        Plain SENTINEL FAILOVER leaves the old one a primary until it is told otherwise, some
        seconds later, and for about one of them with a replica, where there are two. With
        `coordinated` (Valkey 9) the two agree on it, and nothing is lost.
        """
        from redis.exceptions import RedisError

        old = self.until_primary()
        command = ["SENTINEL", "FAILOVER", MASTER, *(["COORDINATED"] if coordinated else [])]

        def begun() -> ValkeyServer | None:
            for sentinel in filter(lambda each: each.running, self.sentinels):
                try:
                    ask(sentinel, *command)
                except RedisError:
                    continue  # one is going on, or that one knows of no replica that will do
                with suppress(TimeoutError):  # one that is begun may be given up
                    return self.until_primary(other_than=old, within_s=self._failover_s)
            return None

        return until(begun, "no failover comes about", self._patience_s)  # type: ignore[return-value]

    def bring_back(self, server: ValkeyServer) -> None:
        """Make a killed or paused server, or one left a primary, a replica; wait until it is one.

        One that wakes as a primary the sentinels would leave so for a while: `resume()` it to have
        that.
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
        """Wait until all servers follow the primary and all sentinels see all; answers it."""

        def whole() -> bool:
            primary = self.primary()
            return (
                primary is not None
                and all(follows(each, primary) for each in self.servers if each is not primary)
                and all(self._sees_all(sentinel, primary) for sentinel in self.sentinels)
            )

        # Sentinels take ten seconds to make a replica of a primary that they do not know as one.
        until(whole, "servers and sentinels do not come together", self._patience_s + 15)
        return self.until_primary()

    def _until_follow(self, primary: ValkeyServer) -> None:
        for server in self.servers:
            if server is not primary:
                until(lambda server=server: follows(server, primary), "a replica lags behind")  # type: ignore[misc]

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
    """Field and value by turns, as a server tells them, or a mapping where the client made one."""
    if isinstance(answer, dict):
        return {str(name): str(value) for name, value in answer.items()}
    assert isinstance(answer, list)
    return dict(zip(answer[::2], answer[1::2], strict=True))
