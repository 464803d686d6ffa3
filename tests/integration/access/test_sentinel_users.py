"""Sentinels and replicas do their work as the users that deploy/redis-users.acl has for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from local.processes.waiting import until
from local.servers.access import Access
from local.servers.sentinel import Sentinel, Watched
from local.servers.valkey import PROMPT, ValkeyServer
from producer.redis import RedisConfig, RedisConfigError
from producer.redis.clients import blocking_client
from producer.redis.probe import probe
from tests.crash.worker_process import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.extended]

MASTER, PASSWORD = "cards", "secret"


def rules(name: str) -> list[str]:
    """The rules of a user that the file names in a comment, with a password."""
    text = (ROOT / "deploy" / "redis-users.acl").read_text()
    found = re.search(rf"^#     user {name} (.*)$", text, re.MULTILINE)
    assert found is not None
    return found[1].replace(">...", f">{PASSWORD}").split()


def client(server: ValkeyServer) -> Any:
    return redis.Redis.from_url(server.url, decode_responses=True)


class Watch:
    """A primary, a replica and a sentinel, each known to the others by a user of its own."""

    def __init__(self, folder: Path) -> None:
        self.primary = ValkeyServer(folder / "primary", config=PROMPT)
        self.replica = ValkeyServer(folder / "replica", config=PROMPT)
        self.sentinel = Sentinel(folder / "sentinel", number=1, access=Access())

    def __enter__(self) -> Watch:
        for server in (self.primary, self.replica):
            server.start()
            with client(server) as admin:
                for name in ("sentinel", "replica"):
                    admin.execute_command("ACL", "SETUSER", name, *rules(name))
                admin.config_set("masteruser", "replica")
                admin.config_set("masterauth", PASSWORD)
        with client(self.replica) as admin:
            admin.execute_command("REPLICAOF", "127.0.0.1", self.primary.port)
            until(lambda: admin.info("replication")["master_link_status"] == "up", "no link")
        watched = Watched(MASTER, self.primary.port, [self.replica.port], 1, 1000, 5000)
        self.sentinel.watch(watched, [])
        self.sentinel.start()
        with client(self.sentinel) as admin:
            admin.execute_command("SENTINEL", "SET", MASTER, "auth-user", "sentinel")
            admin.execute_command("SENTINEL", "SET", MASTER, "auth-pass", PASSWORD)
            admin.execute_command("ACL", "SETUSER", "cards", *rules("cards"))
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self.sentinel, self.primary, self.replica):
            if server.running:
                server.kill()
            server.stop()


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    with Watch(tmp_path_factory.mktemp("watch")) as made:
        yield made


def test_a_process_asks_sentinels_as_its_user(watch: Watch) -> None:
    """It may ask for the primary and nothing else; a wrong password is told as that."""
    url = f"sentinel://127.0.0.1:{watch.sentinel.port}/{MASTER}"
    settings = {"REDIS_URL": url, "CARDS_SENTINEL_USER": "cards"}
    right = {**settings, "CARDS_SENTINEL_PASSWORD": PASSWORD}
    probe(RedisConfig.from_environ(right))
    assert blocking_client(RedisConfig.from_environ(right)).ping()
    with pytest.raises(RedisConfigError, match=r"^CARDS_SENTINEL_PASSWORD or CARDS_SENTINEL_USER"):
        probe(RedisConfig.from_environ({**settings, "CARDS_SENTINEL_PASSWORD": "wrong"}))
    at: Any = redis.Redis(port=watch.sentinel.port, username="cards", password=PASSWORD)
    for command in (("SENTINEL", "FAILOVER", MASTER), ("INFO",), ("SENTINEL", "CKQUORUM", MASTER)):
        with at, pytest.raises(redis.exceptions.NoPermissionError):
            at.execute_command(*command)


def test_a_failover_needs_no_other_right(watch: Watch) -> None:
    """The sentinel makes the replica the primary, and the primary its replica, denied nothing."""
    with client(watch.sentinel) as at, client(watch.replica) as new, client(watch.primary) as old:

        def users(admin: Any) -> set[str]:
            return {one["user"] for one in admin.client_list()}

        def role(admin: Any) -> str:
            try:
                return str(admin.info("replication")["role"])
            except redis.ConnectionError:
                return ""  # the sentinel ends the connections of a server that it demotes

        until(lambda: {"sentinel", "replica"} <= users(old), "they do not come as their users")
        for admin in (new, old):
            admin.acl_log_reset()

        def begun() -> bool:
            try:
                return bool(at.execute_command("SENTINEL", "FAILOVER", MASTER))
            except redis.ResponseError:
                return False  # the sentinel knows too little of the replica yet

        until(begun, "no failover comes about")
        until(lambda: role(new) == "master", "no new primary")
        until(lambda: role(old) == "slave", "the old one is left", 60)
        until(lambda: {"sentinel", "replica"} <= users(new), "they do not come to the new one")
        assert [one["object"] for admin in (new, old) for one in admin.acl_log()] == []
