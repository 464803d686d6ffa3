"""A primary, its replica, and a relay that points at the present primary."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Self

from local.processes.ports import free_port
from local.processes.waiting import until
from local.servers.access import Access
from local.servers.asking import ask, follows, replication
from local.servers.relay import Relay
from local.servers.valkey import PROMPT, ValkeyServer

_PAUSE_MS = 60_000


class Old(Enum):
    """The state of the old primary after a failover."""

    DEMOTED = auto()
    """It is a read-only replica of the new primary; its connections stay open."""
    CUT_OFF = auto()
    """It is a read-only replica of no server: reads work, publications elsewhere are missed."""
    LEFT = auto()
    """It remains a primary for its connected clients, unaware of the new one."""
    KILLED = auto()
    PAUSED = auto()
    """It is stopped by SIGSTOP: its connections stay open and silent."""


class Open(Enum):
    """The state of the relay's open connections after a failover."""

    KEPT = auto()
    SWALLOWED = auto()
    """They stay open; what they send is read and never answered."""
    CUT = auto()


class Pair:
    """Two servers behind one address, with failovers between them.

    A context manager; its processes end with it, even if its process is killed.
    """

    def __init__(
        self,
        directory: Path,
        *,
        access: Access | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """`config` extends `local.servers.valkey.DURABLE` for both servers."""
        access = access or Access()
        self.primary, self.replica = (
            ValkeyServer(
                directory / name,
                config={
                    **PROMPT,
                    **access.options(directory / name),
                    **access.replica_options(),
                    **(config or {}),
                },
                password=access.password,
            )
            for name in ("one", "two")
        )
        self.relay = Relay(self.primary.port)

    @property
    def url(self) -> str:
        """The relay's URL, for the default user."""
        return self.primary.url.replace(f":{self.primary.port}/", f":{self.relay.port}/")

    def start(self) -> Self:
        """Start everything, and return once the replica has the primary's data."""
        self.primary.start()
        self._follow()
        self.relay.start()
        return self

    def stop(self) -> None:
        self.relay.stop()
        for server in (self.replica, self.primary):
            if server.running:
                server.kill()  # on SIGTERM a primary would wait for its replica
            server.stop()

    def fail_over(self, old: Old = Old.DEMOTED, open: Open = Open.KEPT) -> ValkeyServer:
        """Promote the replica, point the relay at it, and treat the rest as `old` and `open` say.

        A running primary accepts no writes meanwhile, so nothing is lost; of a killed or paused
        one, writes that had not reached the replica are lost. Returns the new primary.
        """
        was, now = self.primary, self.replica
        if open is Open.SWALLOWED:
            self.relay.swallow()
        match old:
            case Old.KILLED:
                was.kill()
                until(lambda: replication(now)["master_link_status"] != "up", "the link went down")
            case Old.PAUSED:
                was.pause()
            case _:
                ask(was, "CLIENT", "PAUSE", _PAUSE_MS, "WRITE")
                until(lambda: follows(now, was), "the replica caught up with the primary")
        ask(now, "REPLICAOF", "NO", "ONE")
        now.config.pop("replicaof", None)
        self.relay.point_at(now.port)
        if open is Open.CUT:
            self.relay.cut()
        if old is Old.DEMOTED:
            ask(was, "REPLICAOF", "127.0.0.1", now.port)
        elif old is Old.CUT_OFF:
            ask(was, "REPLICAOF", "127.0.0.1", free_port())
        if was.running and old is not Old.PAUSED:
            ask(was, "CLIENT", "UNPAUSE")
        self.primary, self.replica = now, was
        return now

    def step_down(self) -> None:
        """Make the primary a read-only replica of no server; no write is accepted anywhere."""
        ask(self.primary, "REPLICAOF", "127.0.0.1", free_port())

    def step_up(self) -> None:
        """Make it a primary again."""
        ask(self.primary, "REPLICAOF", "NO", "ONE")

    def restore(self) -> None:
        """Make the former primary the replica, in whatever state it is, and wait until it is one.

        Writes that only the former primary had are lost.
        """
        self._follow()

    def _follow(self) -> None:
        server, primary = self.replica, self.primary
        server.config["replicaof"] = f"127.0.0.1 {primary.port}"
        if server.running:
            server.resume()
            ask(server, "REPLICAOF", "127.0.0.1", primary.port)
        else:
            server.start()
        until(lambda: follows(server, primary), "the replica caught up with the primary")

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
