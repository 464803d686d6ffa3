"""The servers that tests run on besides the embedded Valkey."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.absent import NotThereError
from tests.matrix.debian import debian_redis


@dataclass(frozen=True)
class Server:
    """A server's program and its version as printed, e.g. "Redis 7.0.15"."""

    binary: Path
    version: str


def redis_7_0(folder: Path) -> Server:
    """The oldest supported Redis: the one on PATH if it is a 7.0, else Debian 12's."""
    on_path = shutil.which("redis-server")
    if on_path and (server := server_at(Path(on_path))).version.startswith("Redis 7.0."):
        return server
    return server_at(debian_redis("bookworm", folder))


def newest_redis(folder: Path) -> Server:
    """The newest available Redis: Debian unstable's."""
    return server_at(debian_redis("sid", folder))


SERVERS: dict[str, Callable[[Path], Server]] = {"redis-7.0": redis_7_0, "redis-new": newest_redis}
"""By name; each may download into the given folder, and raises NotThereError."""


def server_at(binary: Path) -> Server:
    """The server with its version. Raises NotThereError if it does not start."""
    try:
        ran = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NotThereError(f"{binary}: {error.strerror}") from None
    named = re.search(r"(Redis|Valkey) server v=(\S+)", ran.stdout)
    if named is None:
        raise NotThereError(f"{binary} does not start: {ran.stderr.strip()[-200:]}")
    return Server(binary, f"{named[1]} {named[2]}")
