"""How the journals react to a real server in each state in which it refuses calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.exceptions import RedisError

from local.processes.ports import free_port
from local.processes.waiting import until
from local.servers.valkey import ValkeyServer
from producer.client.sending import acceptance
from producer.contract import SetDefaultCard
from producer.journal import ClaimStatus, JournalUnavailable, Limits, claim, claim_next
from tests.unit.redis.both_journals import KINDS, Asking, get, put

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A server of these tests' own, since they do to it what others must not see."""
    config = {"appendonly": "no", "enable-protected-configs": "local"}
    with ValkeyServer(tmp_path_factory.mktemp("states"), config=config) as made:
        yield made


@pytest.fixture
def admin(server: ValkeyServer) -> Iterator[Any]:
    """Whoever runs the server."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture(params=KINDS)
def asking(request: pytest.FixtureRequest, server: ValkeyServer) -> Iterator[Callable[..., Asking]]:
    """Makes journals of either kind."""
    made = []

    def make(retries: int = 0) -> Asking:
        made.append(Asking(request.param, server.url, retries=retries))
        return made[-1]

    yield make
    for one in made:
        one.close()


def refused(found: Any, code: str) -> None:
    assert isinstance(found, JournalUnavailable), found
    assert found.fault.code == code, found.cause


def order() -> Any:
    return acceptance(SetDefaultCard(customer="cus_1", card="card_1"), None, "interactive")


@pytest.mark.parametrize(
    ("setting", "value", "back", "code"),
    [
        ("maxmemory", "1", "0", "OOM"),
        ("min-replicas-to-write", "1", "0", "NOREPLICAS"),
    ],
)
def test_a_server_that_refuses_writes(
    asking: Callable[..., Asking], admin: Any, setting: str, value: str, back: str, code: str
) -> None:
    """Writes are refused at once, also in scripts; reads in the same trip are answered."""
    admin.set("key", "value")
    journal = asking(retries=5)
    admin.config_set(setting, value)
    try:
        found, write, script = journal.ask(get(), put("other"), order())
    finally:
        admin.config_set(setting, back)
    assert found == "value"
    refused(write, code)
    refused(script, code)
    assert set(admin.scan_iter()) == {"key"}  # nothing of the command was begun
    assert journal.ask(order())[0].id


def test_a_full_server_starts_accepted_commands(asking: Callable[..., Asking], admin: Any) -> None:
    """A delivered command is started; refused writes are reported as such, not as damage."""
    journal = asking()
    first, second = (
        journal.ask(acceptance(SetDefaultCard(customer=one, card="card_1"), None, "interactive"))[0]
        for one in ("cus_1", "cus_2")
    )
    journal.ask(claim(second.id, "w", 1000, in_order=True, limits=Limits()))
    admin.hset("cards:customer:cus_2", "until", 0)
    admin.config_set("maxmemory", "1")
    try:
        taken, resumed = journal.ask(
            claim(first.id, "w", 1000, in_order=True, limits=Limits()),
            claim_next("cus_2", "w", 1000, limits=Limits()),
        )
    finally:
        admin.config_set("maxmemory", "0")
    assert taken.status is ClaimStatus.GRANTED
    refused(resumed, "OOM")
    (taken,) = journal.ask(claim_next("cus_2", "w", 1000, limits=Limits()))
    assert taken.status is ClaimStatus.GRANTED


def test_a_disk_that_cannot_be_written(asking: Callable[..., Asking], admin: Any) -> None:
    """After a failed save writes are refused with that reason, until a save succeeds."""
    folder = Path(admin.config_get("dir")["dir"])
    lost = folder / "lost"
    lost.mkdir(exist_ok=True)
    journal = asking()
    admin.config_set("save", "3600 1000000")
    admin.config_set("dir", str(lost))
    lost.rmdir()
    try:
        admin.bgsave()
        until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err", "no failure")
        (found,) = journal.ask(put())
    finally:
        admin.config_set("dir", str(folder))
        admin.config_set("save", "")
        until(lambda: not admin.info("persistence")["rdb_bgsave_in_progress"], "a save goes on")
        admin.save()
    refused(found, "MISCONF")
    assert journal.ask(put()) == [True]


def test_a_script_that_does_not_end(
    asking: Callable[..., Asking], admin: Any, server: ValkeyServer
) -> None:
    """While a script keeps the server busy calls are retried, and then answered."""
    admin.config_set("busy-reply-threshold", "10")
    impatient, patient = asking(), asking(retries=20)

    def run() -> None:
        with redis.Redis.from_url(server.url) as client, suppress(RedisError):
            client.eval("while true do end", 0)

    busy = threading.Thread(target=run)
    busy.start()
    try:
        until(lambda: _busy(admin), "the script does not run")
        refused(impatient.ask(get())[0], "BUSY")
        threading.Timer(0.5, _kill_script, [server.url]).start()
        assert patient.ask(put()) == [True]
    finally:
        with suppress(RedisError):
            admin.script_kill()
        busy.join()


def _busy(admin: Any) -> bool:
    try:
        admin.ping()
    except RedisError as error:
        return "BUSY" in str(error) or "busy" in str(error)
    return False


def _kill_script(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.script_kill()


def test_a_primary_that_becomes_a_replica(asking: Callable[..., Asking], admin: Any) -> None:
    """A former primary is used for neither writes nor reads, also on existing connections."""
    journal = asking()
    assert journal.ask(put()) == [True]
    admin.execute_command("REPLICAOF", "127.0.0.1", free_port())
    try:
        for call in (put(), get()):
            (found,) = journal.ask(call)
            assert isinstance(found, JournalUnavailable), found
            assert found.fault.code in ("READONLY", "MASTERDOWN", "REPLICA")
    finally:
        admin.execute_command("REPLICAOF", "NO", "ONE")
    assert journal.ask(put()) == [True]


def test_a_server_that_does_not_answer(
    asking: Callable[..., Asking],
    admin: Any,
    server: ValkeyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stopped server with open connections is a timeout; once it continues it is used."""
    monkeypatch.setattr("producer.redis.clients.ANSWER_TIMEOUT_S", 0.3)
    journal = asking()
    assert journal.ask(put()) == [True]
    server.pause()
    try:
        refused(journal.ask(get())[0], "timeout")
    finally:
        server.resume()
    assert journal.ask(get()) == ["1"]


def test_connections_that_were_closed_are_replaced(
    asking: Callable[..., Asking], admin: Any
) -> None:
    """After CLIENT KILL the next call is answered on a new connection."""
    journal = asking(retries=1)
    assert journal.ask(put()) == [True]
    admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert journal.ask(get()) == ["1"]
