"""The Redis of a run: one server, or several with three sentinels."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from chaos.options import Options
from local.servers.sentinels import Sentinels
from local.servers.valkey import ValkeyServer

# A kill with an immediate restart must not cause a failover. Where an unintended failover would
# lose data, neither must a busy machine.
_DOWN_AFTER_MS, _LONG_DOWN_AFTER_MS = 2000, 5000
# A primary that was replaced while paused is demoted within ten seconds.
_INFO_PERIOD_MS = 2000


class RedisServers(Protocol):
    """What the cluster and the nemesis need of the servers. All calls block."""

    @property
    def url(self) -> str:
        """The URL for the product's processes."""

    @property
    def primary_url(self) -> str:
        """The URL of the present primary."""

    def start(self) -> object: ...

    def stop(self) -> None: ...

    def restart(self) -> None:
        """Kill the primary, and restart it with its data at once."""


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
    """Durable servers whose primary accepts no write without the replicas that are waited for."""

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
