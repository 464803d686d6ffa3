"""The users of deploy/redis-users.acl at a real server, as docs/redis.md says to make them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from local.servers.valkey import ValkeyServer, valkey_argv
from tests.crash.worker_process import ROOT

_COMMAND = re.compile(r"```sh\n(hashed\(\).*?redis-users\.acl) > users\.acl", re.DOTALL)
ROLES = ("web", "client", "celery", "cli", "worker", "flower")


def password(role: str) -> str:
    """A role's password in these tests."""
    return f"secret-of-{role}"


def rendered(namespace: str) -> str:
    """What the command of docs/redis.md makes of the template."""
    found = _COMMAND.search((ROOT / "docs" / "redis.md").read_text())
    assert found is not None
    command = found[1].replace("/shop:/", f"/{namespace}:/" if namespace else "//")
    passwords = {role.upper(): password(role) for role in ROLES} | {"ADMIN": password("default")}
    return subprocess.run(
        ["sh", "-euc", command],
        env={"PATH": os.environ["PATH"], **passwords},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
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
