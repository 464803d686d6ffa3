"""`cards doctor` names the missing right or the state of the server, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from local.processes.ports import free_port
from local.servers.replication import Pair
from local.servers.tls import TlsServer
from local.servers.valkey import ValkeyServer
from producer.cli.doctor.findings import Finding, Level
from producer.cli.doctor.redis_checks import check_redis
from producer.cli.exits import Exit
from producer.redis import RedisConfig
from tests.unit.redis.scripted import Error, Hangup, ScriptedServer, Silence

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A durable server."""
    with ValkeyServer(tmp_path_factory.mktemp("doctor")) as made:
        yield made


@pytest.fixture
def admin(server: ValkeyServer) -> Iterator[Any]:
    """Whoever runs the server; what it set is taken back."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        yield client
        client.config_set("maxmemory", "0")
        client.config_set("min-replicas-to-write", "0")
        client.execute_command("ACL", "DELUSER", "limited")


def found(url: str, **settings: str) -> dict[str, Finding]:
    """What doctor says of that Redis, by what it is about."""
    config = RedisConfig.from_environ({"REDIS_URL": url, **settings})
    return {finding.what: finding for finding in check_redis(config)}


@pytest.mark.parametrize(
    ("denied", "what", "level", "text"),
    [
        ("-info", "redis", Level.WARN, "may not run INFO: answers at redis://127.0.0.1"),
        ("-config", "durability", Level.WARN, "may not run CONFIG GET: durability cannot"),
        ("-evalsha", "writes", Level.FAIL, "may not run EVALSHA: no command is accepted"),
        ("-script", "writes", Level.FAIL, "may not run SCRIPT LOAD: no command is accepted"),
        ("-set", "writes", Level.FAIL, "may not run SET: no command is accepted"),
        (
            "-subscribe",
            "channels",
            Level.FAIL,
            "may not run SUBSCRIBE: callers that wait are not woken",
        ),
        ("-hmget", "stripe key", Level.FAIL, "may not run HMGET: this cannot be checked"),
        ("resetchannels", "channels", Level.FAIL, "channel"),
        ("resetkeys", "writes", Level.FAIL, "key"),
        ("-@dangerous", "durability", Level.WARN, "may not run CONFIG GET"),
    ],
)
def test_a_missing_right_is_named_and_the_rest_is_looked_at(
    server: ValkeyServer, admin: Any, denied: str, what: str, level: Level, text: str
) -> None:
    """It says which command, key or channel is denied and what that costs, and goes on."""
    admin.script_flush()
    rules = ("on", ">pw", "~*", "&*", "+@all", denied)
    admin.execute_command("ACL", "SETUSER", "limited", "reset", *rules)
    told = found(server.url.replace("redis://", "redis://limited:pw@"))
    assert (told[what].level, text in told[what].text) == (level, True), told[what]
    assert "deploy/redis-users.acl" in told[what].todo
    if "may not run" in text:
        assert "ACL SETUSER limited +" in told[what].todo
    assert {"redis", "journal", "workers", "rate limit"} <= set(told)
    assert "pw" not in str(told[what])


def test_a_server_that_takes_no_writes_says_why(server: ValkeyServer, admin: Any) -> None:
    """A full memory and too few replicas are told as what they are, with what to do."""
    admin.config_set("maxmemory", "1")
    told = found(server.url)
    full, workers = told["writes"], told["workers"]
    admin.config_set("maxmemory", "0")
    assert full.level is Level.FAIL
    assert "full" in full.text
    assert "maxmemory" in full.todo
    assert (workers.level, workers.text[:9]) == (Level.WARN, "not known")
    admin.config_set("min-replicas-to-write", "1")
    alone = found(server.url)
    assert "too few replicas" in alone["writes"].text
    assert "min-replicas-to-write 1" in alone["min replicas"].text
    assert "workers" in alone


def test_replicas_are_compared_with_what_is_demanded(tmp_path: Path, server: ValkeyServer) -> None:
    """It says how many replicas follow, whether as many as CARDS_REPLICAS wants, and the role."""
    told = found(server.url, CARDS_REPLICAS="1")
    assert told["replicas"].level is Level.FAIL
    assert "0 in step, and CARDS_REPLICAS wants 1" in told["replicas"].text
    assert told["writes"].level is Level.FAIL
    with Pair(tmp_path) as pair:
        told = found(pair.url, CARDS_REPLICAS="1")
        assert told["replicas"].level is Level.OK
        assert "on 1 replicas too" in told["writes"].text
        assert found(pair.url)["replicas"].level is Level.WARN
        replica = found(pair.replica.url)
    assert set(replica) == {"redis"}
    assert "read-only replica" in replica["redis"].text
    assert "primary" in replica["redis"].todo


def test_the_server_and_its_journal_are_shown(server: ValkeyServer) -> None:
    """It shows where it looked, without the password, and the journal's id."""
    known = "0123456789abcdef" * 2
    with redis.Redis.from_url(server.url) as client:
        client.set("shop:cards:journal", known)
    url = server.url.replace("redis://", "redis://default:secret@")
    told = found(url, CARDS_NAMESPACE="shop")
    assert told["journal"].text.startswith(known)
    assert f"redis://127.0.0.1:{server.port}/0, Valkey" in told["redis"].text
    assert "secret" not in str(told)
    other = found(url, CARDS_NAMESPACE="shop", CARDS_JOURNAL_ID="f" * 32)["journal"]
    assert other.level is Level.FAIL
    assert known in other.text
    assert "CARDS_JOURNAL_ID" in other.text


@pytest.mark.parametrize(
    ("answer", "code", "text", "todo"),
    [
        (Error("LOADING Redis is loading the dataset in memory"), 3, "loading", "wait"),
        (Error("BUSY Redis is busy running a script."), 3, "busy", "SCRIPT KILL"),
        (Error("CLUSTERDOWN Hash slot not served"), 3, "busy", "cluster"),
        (Error("READONLY You can't write against a read only replica."), 3, "replica", "primary"),
        (Error("MISCONF Redis is configured to save RDB snapshots"), 1, "disk", "disk"),
        (Error("ERR max number of clients reached"), 3, "connections", "maxclients"),
        (Hangup, 3, "does not answer", "rediss://"),
        (Silence, 3, "in time", "firewall"),
    ],
)
def test_each_failure_has_its_own_advice(answer: Any, code: int, text: str, todo: str) -> None:
    """The one finding says what the server's answer means, and what to do about it."""
    with ScriptedServer(lambda command: answer) as scripted:
        told = found(scripted.url)
    assert set(told) == {"redis"}
    assert told["redis"].exit_code == code, told["redis"]
    assert text in told["redis"].text
    assert todo in told["redis"].todo


def test_certificates_and_sentinels_have_their_own_advice(tmp_path: Path) -> None:
    """A wrong CA names its setting; sentinels that are not there are told as sentinels."""
    with TlsServer(tmp_path) as tls:
        told = found(tls.url)["redis"]
    assert told.exit_code is Exit.NOT_DONE
    assert told.text.startswith("CARDS_REDIS_CA is not set")
    away = found(f"sentinel://127.0.0.1:{free_port()}/cards")["redis"]
    assert away.exit_code is Exit.UNREACHABLE
    assert "sentinels" in away.todo
