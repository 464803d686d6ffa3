"""`cards doctor` finds what is wrong, and says what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import redis

from local.processes.ports import free_port
from local.servers.valkey import ValkeyServer, valkey_binary
from producer.cli.app import run
from producer.cli.commands.doctor import examine
from producer.cli.doctor.findings import Finding, Level
from producer.cli.exits import Exit
from producer.contract import Lane
from producer.journal import (
    BlockingJournal,
    ClaimingStopped,
    Limits,
    Retry,
    complete,
    first_use,
    journal_id,
    reserve,
    sweep,
)
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.journal.redis.endpoints import Endpoint
from tests.integration.ends import Ends
from tests.matrix.servers import server_at

pytestmark = pytest.mark.integration


class Web:
    """An HTTP server that answers every path with one status and body."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web(200, {"status": True, "message": "ready", "data": None})
    yield server
    server.close()


@pytest.fixture
def unready() -> Iterator[Web]:
    server = Web(503, {"status": False, "message": "no worker seen", "code": "unavailable"})
    yield server
    server.close()


def examined(url: str, port: int, **settings: str) -> dict[str, Finding]:
    """The findings by what they are about."""
    environ = {"REDIS_URL": url, "PORT": str(port), **settings}
    return {finding.what: finding for finding in examine(environ, {})}


def test_all_is_well(tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a durable Redis, a worker and a ready web process, all is OK and the exit code 0."""
    with ValkeyServer(tmp_path) as server:
        journal = BlockingJournal(server.url)
        journal(sweep("a-worker", limit=10, patience_ms=1000))
        journal.close()
        found = examined(server.url, web.port, CARDS_FLOWER_PORT=str(web.port))
        assert {f.level for f in found.values()} == {Level.OK}, found
        assert f", {server_at(Path(valkey_binary())).version}, " in found["redis"].text
        monkeypatch.setenv("REDIS_URL", server.url)
        monkeypatch.setenv("PORT", str(web.port))
        assert run(["doctor"]) == Exit.DONE


def test_what_is_not_durable_is_said(tmp_path: Path, redis_url: str, web: Web) -> None:
    """Settings of Redis that can lose accepted commands are named, with what to set."""
    off = examined(redis_url, web.port)
    assert off["durability"].level is Level.FAIL
    assert "appendonly yes" in off["durability"].todo
    config = {"appendfsync": "everysec", "maxmemory-policy": "allkeys-lru"}
    with ValkeyServer(tmp_path, config=config) as server:
        found = examined(server.url, web.port)
    assert (found["durability"].level, found["eviction"].level) == (Level.WARN, Level.FAIL)
    assert "everysec" in found["durability"].text
    assert "noeviction" in found["eviction"].todo


def test_what_is_wrong_with_commands_is_said(redis_url: str, web: Web) -> None:
    """No worker, a refused key, a limit slowed down, failed commands, queues: each is told."""
    ends = Ends(redis_url)
    from producer import CardCommands

    with CardCommands(redis_url) as cards:
        cards.set_default(customer="cus_1", card="card_1", lane="bulk")
        ends.fail(cards.set_default(customer="cus_2", card="card_1").id)
        ends.fail(cards.set_default(customer="cus_5", card="card_1").id, "poison")
        third = cards.set_default(customer="cus_3", card="card_1")
        fourth = cards.set_default(customer="cus_4", card="card_1")
    again = Retry(3_600_000, False, "code", "message", slow="account")
    ends.journal(reserve(Lane.BULK, Endpoint.DEFAULT, Limits(account=25), ahead_ms=1000))
    ends.journal(complete(ends.take(fourth.id), again, next_holder="", lease_ms=1000))
    refused = ClaimingStopped(60_000, "api_key_expired", "Expired")
    ends.journal(complete(ends.take(third.id), refused, next_holder="", lease_ms=1000))
    ends.close()
    found = examined(redis_url, web.port)
    assert (found["workers"].level, found["workers"].exit_code) == (Level.FAIL, Exit.UNREACHABLE)
    assert found["stripe key"].level is Level.FAIL
    assert "api_key_expired" in found["stripe key"].text
    assert "STRIPE_API_KEY" in found["stripe key"].todo
    assert found["failed"].level is Level.WARN
    assert "1 poison, 1 api_error" in found["failed"].text
    assert "do not replay" in found["poison"].todo
    assert found["rate limit"].level is Level.WARN
    assert "account at 7" in found["rate limit"].text
    assert "CARDS_STRIPE_RPS" in found["rate limit"].todo
    assert found["queue bulk"].text == "1 messages, 1 commands not claimed yet"


def test_an_unready_web_process_is_quoted(redis_url: str, unready: Web) -> None:
    """A web process that is not ready fails with what it says is missing."""
    found = examined(redis_url, unready.port)
    assert found["web"].level is Level.FAIL
    assert "no worker seen" in found["web"].text


def test_what_does_not_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Redis, web and Flower out of reach are each told, and the exit code is 3."""
    url = f"redis://user:secret@127.0.0.1:{free_port()}/0"
    found = examined(url, free_port(), CARDS_FLOWER_PORT=str(free_port()))
    assert set(found) == {"settings", "redis", "web", "flower"}
    assert [found[what].level for what in ("redis", "web", "flower")] == [
        Level.FAIL,
        Level.FAIL,
        Level.WARN,
    ]
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("CARDS_DATA_DIR", str(tmp_path))
    assert run(["doctor", "--json"]) == Exit.UNREACHABLE
    shown = capsys.readouterr().out
    assert json.loads(shown)["ok"] is False
    assert "secret" not in shown


def test_a_wrong_password_is_no_matter_of_reach(tmp_path: Path, web: Web) -> None:
    """A refused password is told as a wrong setting, without showing it."""
    with ValkeyServer(tmp_path) as server, redis.Redis.from_url(server.url) as admin:
        admin.config_set("requirepass", "right")
        url = server.url.replace("redis://", "redis://:wrong@")
        found = examined(url, web.port)
        without = examined(server.url, web.port)
        right = examined(server.url.replace("redis://", "redis://:right@"), web.port)
    assert found["redis"].exit_code is without["redis"].exit_code is Exit.NOT_DONE
    assert "password" in found["redis"].todo
    assert "wrong" not in found["redis"].text
    assert right["redis"].level is Level.OK


def test_a_wrong_setting_does_not_hide_the_rest(redis_url: str, web: Web) -> None:
    """One wrong setting is named, and Redis is looked at all the same."""
    found = examined(redis_url, web.port, CARDS_LANGUAGE="fr")
    assert found["settings"].level is Level.FAIL
    assert "CARDS_LANGUAGE" in found["settings"].text
    assert found["redis"].level is Level.OK


def test_a_redis_that_keeps_its_settings_to_itself_is_a_warning(redis_url: str, web: Web) -> None:
    """Where CONFIG is refused, as on hosted Redis, the person is told to check durability."""
    with redis.Redis.from_url(redis_url) as admin:
        rules = ("on", ">pw", "~*", "&*", "+@all", "-config")
        admin.execute_command("ACL", "SETUSER", "guest", *rules)
        found = examined(redis_url.replace("redis://", "redis://guest:pw@"), web.port)
        admin.execute_command("ACL", "DELUSER", "guest")
    assert found["durability"].level is Level.WARN
    assert "eviction" not in found


def test_what_was_set_aside_and_what_is_damaged_is_said(redis_url: str, web: Web) -> None:
    """Dead letters with their reasons; damaged records by id, and how many were looked at."""
    ends = Ends(redis_url)
    from producer import CardCommands

    with CardCommands(redis_url) as cards:
        sent = [cards.set_default(customer=f"cus_{n}", card="card_1").id for n in range(5)]
    ends.end(sent[3])
    ends.redis.set(f"celery-task-meta-{sent[3]}", "{")
    ends.redis.hset(f"cards:command:{sent[1]}", "state", "x")
    ends.redis.set("cards:command:stray", "x")
    ends.journal(set_aside(dead_letter("bulk", DeadReason.UNKNOWN_TASK, b"x")))
    ends.close()
    found = examined(redis_url, web.port)
    assert found["dead letters"].level is Level.WARN
    assert "1 unknown_task" in found["dead letters"].text
    assert found["records"].level is Level.WARN
    assert "3 damaged of 6 checked" in found["records"].text
    for named in (sent[1], sent[3], "stray"):
        assert named in found["records"].text


def test_a_stuck_lane_is_said(redis_url: str, web: Web) -> None:
    """A worker is seen, but commands have waited for a minute and none of the lane was tried."""
    ends = Ends(redis_url)
    from producer import CardCommands

    with CardCommands(redis_url) as cards:
        command = cards.set_default(customer="cus_1", card="card_1", lane="bulk").id
    accepted = int(str(ends.redis.hget(f"cards:command:{command}", "accepted")))
    ends.redis.hset(f"cards:command:{command}", "accepted", accepted - 120_000)
    ends.journal(sweep("a-worker", limit=0, patience_ms=1000))
    ends.close()
    found = examined(redis_url, web.port)
    assert found["workers"].level is Level.OK
    assert found["lane bulk"].exit_code is Exit.UNREACHABLE
    assert "lane interactive" not in found


@pytest.mark.parametrize("key", ["cards:failed", "cards:watch", "cards:workers", "cards:stop"])
def test_a_key_of_another_type_is_said(redis_url: str, web: Web, key: str) -> None:
    """It is no matter of reach, and doctor does not break over it."""
    with redis.Redis.from_url(redis_url) as admin:
        admin.set(key, "x")
    found = examined(redis_url, web.port)
    assert found["journal"].exit_code is Exit.NOT_DONE
    assert "WRONGTYPE" in found["journal"].text


def test_the_journal_and_the_one_that_the_settings_name(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It tells id and age, suggests the setting, and fails where that names another or a lost one.

    `cards journal` prints the id.
    """
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert "none yet" in examined(redis_url, 1)["journal"].text
    assert run(["journal"]) == Exit.NOT_DONE
    journal = BlockingJournal(redis_url)
    found = journal(first_use())
    capsys.readouterr()
    assert run(["journal"]) == Exit.DONE
    assert capsys.readouterr().out.strip() == found
    assert run(["journal", "--json"]) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["since"][:2]) == (found, "20")
    unset = examined(redis_url, 1)["journal"]
    assert unset.level is Level.OK
    assert f"{found}, since {told['since']}" in unset.text
    assert f"CARDS_JOURNAL_ID={found}" in unset.todo
    fits = examined(redis_url, 1, CARDS_JOURNAL_ID=found)["journal"]
    assert (fits.level, fits.todo) == (Level.OK, "")
    other = examined(redis_url, 1, CARDS_JOURNAL_ID="0" * 32)
    assert (other["journal"].level, other["journal"].exit_code) == (Level.FAIL, Exit.NOT_DONE)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    lost = examined(redis_url, 1, CARDS_JOURNAL_ID=found, CARDS_ACCEPT_OTHER_DATA="yes")
    assert lost["journal"].level is Level.FAIL
    assert "there is none" in lost["journal"].text
    assert lost["lost data"].level is Level.WARN
    assert journal(journal_id()) is None, "looking gives no id"
    journal.close()


def test_a_web_process_that_goes_on_without_the_data_of_before(redis_url: str) -> None:
    """Ready all the same, it is a warning."""
    ready = {"status": True, "message": "Ready, but Redis ...", "data": {"journal": False}}
    server = Web(200, ready)
    found = examined(redis_url, server.port)["web"]
    server.close()
    assert (found.level, "Ready, but" in found.text) == (Level.WARN, True)
