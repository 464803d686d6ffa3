"""The Redis of a run: one server, or several with three sentinels."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from chaos.options import Options
from local.servers.sentinels import Sentinels
from local.servers.valkey import ValkeyServer

# A kill with an immediate restart is to be no failover. Where a failover that nobody meant would
# lose something, neither is a busy machine.
_DOWN_AFTER_MS, _LONG_DOWN_AFTER_MS = 2000, 5000
# So that a primary that was replaced while it slept is told so within ten seconds.
_INFO_PERIOD_MS = 2000


class RedisServers(Protocol):
    """What the cluster and its mischief need of either. All of it blocks."""

    @property
    def url(self) -> str:
        """What the processes of the product are given."""

    @property
    def primary_url(self) -> str:
        """The server that takes the writes just now."""

    def start(self) -> object: ...

    def stop(self) -> None: ...

    def restart(self) -> None:
        """SIGKILL to the one that takes the writes, and the same again on its data, at once."""


class Standalone:
    """One durable server."""

    def __init__(self, directory: Path) -> None:
        self._server = ValkeyServer(directory)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def primary_url(self) -> str:
        return self._server.url

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def restart(self) -> None:
        self._server.restart()


class Replicated(Sentinels):
    """Durable servers, of which the primary takes no write without as many as are waited for."""

    def __init__(self, directory: Path, options: Options) -> None:
        super().__init__(
            directory,
            servers=options.servers,
            min_replicas=options.replicas,
            max_lag_s=3,
            down_after_ms=_DOWN_AFTER_MS if options.replaceable else _LONG_DOWN_AFTER_MS,
            info_period_ms=_INFO_PERIOD_MS,
        )

    @property
    def primary_url(self) -> str:
        return self.until_primary().url

    def restart(self) -> None:
        self.restart_primary()
        self.until_whole()
