"""One sentinel: a process that, with others, watches a primary and replaces it by a replica.

It keeps its state in its configuration file, across `restart()` too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.servers.access import Access
from local.servers.valkey import ValkeyServer, valkey_binary


@dataclass(frozen=True, slots=True)
class Watched:
    """What the sentinels watch. Times are in milliseconds."""

    name: str
    primary: int
    replicas: Sequence[int]
    quorum: int
    down_after_ms: int
    failover_timeout_ms: int


class Sentinel(ValkeyServer):
    """A process like `ValkeyServer`, with an identity that other sentinels are configured with."""

    def __init__(self, directory: Path, *, number: int, access: Access) -> None:
        super().__init__(directory, password=access.password)
        self.identity = f"{number:040x}"
        self._access = access
        self._path = directory / "sentinel.conf"

    def watch(self, watched: Watched, others: Sequence[Sentinel]) -> None:
        """Write the configuration, with facts that sentinels would take seconds to discover."""
        name, host = watched.name, "127.0.0.1"
        lines = [
            f"port {self.port}",
            f"bind {host}",
            f"dir {self.directory}",
            "protected-mode no",
            f"sentinel myid {self.identity}",
            f"sentinel monitor {name} {host} {watched.primary} {watched.quorum}",
            f"sentinel down-after-milliseconds {name} {watched.down_after_ms}",
            f"sentinel failover-timeout {name} {watched.failover_timeout_ms}",
            f"sentinel parallel-syncs {name} 1",
        ]
        lines += [f"sentinel known-replica {name} {host} {port}" for port in watched.replicas]
        lines += [
            f"sentinel known-sentinel {name} {host} {each.port} {each.identity}" for each in others
        ]
        if self.password is not None:
            lines += [
                f"sentinel auth-pass {name} {self.password}",
                f"sentinel sentinel-pass {self.password}",
            ]
        lines += [f"{key} {value}" for key, value in self._access.options(self.directory).items()]
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.touch(0o600)
        self._path.write_text("\n".join(lines) + "\n")

    def _argv(self) -> list[str]:
        return [valkey_binary(), str(self._path), "--sentinel"]
