"""A primary, its replica, and a relay that points at whichever of them is the primary."""

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
    """What becomes of the old primary at a failover."""

    DEMOTED = auto()
    """A read-only replica of the new one; its connections stay open."""
    CUT_OFF = auto()
    """A read-only replica of nobody: reads work, what is published elsewhere does not arrive."""
    LEFT = auto()
    """It goes on as a primary for whoever is connected, and does not know of the other."""
    KILLED = auto()
    PAUSED = auto()
    """SIGSTOP: its connections stay open and silent."""


class Open(Enum):
    """What becomes of the connections that are open through the relay at a failover."""

    KEPT = auto()
    SWALLOWED = auto()
    """What they send is read and never answered."""
    CUT = auto()


class Pair:
    """Two servers behind one address, and failovers from one to the other.

    A context manager; nothing is left after it, even where its process is killed.
    """

    def __init__(
        self,
        directory: Path,
        *,
        access: Access | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """`config` is laid over `local.servers.valkey.DURABLE` for both servers."""
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
        """Return once the replica has what the primary has."""
        self.primary.start()
        self._follow()
        self.relay.start()
        return self

    def stop(self) -> None:
        self.relay.stop()
        for server in (self.replica, self.primary):
            if server.running:
                server.kill()  # in good order a primary would wait for its replica
            server.stop()

    def fail_over(self, old: Old = Old.DEMOTED, open: Open = Open.KEPT) -> ValkeyServer:
        """Promote the replica, move the relay, and do to the rest what is said.

        A primary that lives takes no writes meanwhile, so that nothing is lost; of one that is
        killed or paused, what had not come to the replica is. Answers the new primary.
        """
        was, now = self.primary, self.replica
        if open is Open.SWALLOWED:
            self.relay.swallow()
        match old:
            case Old.KILLED:
                was.kill()
                until(lambda: replication(now)["master_link_status"] != "up", "the link stays up")
            case Old.PAUSED:
                was.pause()
            case _:
                ask(was, "CLIENT", "PAUSE", _PAUSE_MS, "WRITE")
                until(lambda: follows(now, was), "the replica does not come up to the primary")
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
        """Make the primary a read-only replica of nobody, and promote none: no write is taken."""
        ask(self.primary, "REPLICAOF", "127.0.0.1", free_port())

    def step_up(self) -> None:
        """Make it the primary again."""
        ask(self.primary, "REPLICAOF", "NO", "ONE")

    def restore(self) -> None:
        """Make what was the primary the replica, whatever became of it, and wait until it is.

        What was written to it alone is gone then.
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
        until(lambda: follows(server, primary), "the replica does not come up to the primary")

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
