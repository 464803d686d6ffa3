"""The users of deploy/redis-users.acl at a real server, as docs/redis.md says to make them."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from local.valkey import ValkeyServer, valkey_argv
from tests.crash.worker_process import ROOT

TEMPLATE = ROOT / "deploy" / "redis-users.acl"
ROLES = ("web", "client", "celery", "cli", "worker", "flower")


def password(role: str) -> str:
    """A role's password in these tests."""
    return f"secret-of-{role}"


def rendered(namespace: str) -> str:
    """What the command of docs/redis.md makes of the template."""
    words = [f"s/>CHANGE_ME_{role.upper()}/>{password(role)}/" for role in (*ROLES, "default")]
    words += [f"s/NAMESPACE:/{namespace}:/g" if namespace else "s/NAMESPACE://g", "/^user/p"]
    options = [part for word in words for part in ("-e", word)]
    return subprocess.run(
        ["sed", "-n", *options, str(TEMPLATE)], capture_output=True, text=True, check=True
    ).stdout


@dataclass(frozen=True, slots=True)
class Denied:
    """An entry of ACL LOG: who was denied what, which is a command, a key or a channel."""

    user: str
    reason: str
    what: str


class UsersServer(ValkeyServer):
    """A server with those users, of a program on this machine or the embedded Valkey."""

    def __init__(self, directory: Path, namespace: str, program: str | None = None) -> None:
        super().__init__(directory, password=password("default"))
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "users.acl"
        path.write_text(rendered(namespace))
        self.config |= {"aclfile": str(path), "acllog-max-len": "1000"}
        self.namespace = namespace
        self._program = program
        self.admin: Any = redis.Redis.from_url(self.url, decode_responses=True)

    def _argv(self) -> list[str]:
        argv = valkey_argv(self.directory, self.port, self.config)
        return [self._program, *argv[1:]] if self._program else argv

    def settings(self, role: str) -> dict[str, str]:
        """What a process of that role is told of Redis."""
        url = f"redis://cards-{role}:{password(role)}@127.0.0.1:{self.port}/0"
        found = {"REDIS_URL": url}
        return {**found, "CARDS_NAMESPACE": self.namespace} if self.namespace else found

    def client(self, role: str) -> Any:
        """A plain client with that role's rights."""
        return redis.Redis.from_url(self.settings(role)["REDIS_URL"], decode_responses=True)

    def denied(self) -> set[Denied]:
        """What anybody was denied so far."""
        entries: Sequence[dict[str, Any]] = self.admin.acl_log()
        return {Denied(one["username"], one["reason"], one["object"]) for one in entries}


def debian_redis() -> str | None:
    """The path of a redis-server; where there is none that is said, and None answered."""
    program = shutil.which("redis-server")
    if program is None:
        warnings.warn("no redis-server here: the embedded Valkey stands in", stacklevel=2)
    return program
