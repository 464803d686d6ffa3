"""Three servers and three sentinels, as tests of failovers and chaos use them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.processes.waiting import until
from local.servers.access import Access
from local.servers.asking import ask, is_primary
from local.servers.sentinels import MASTER, Sentinels
from local.servers.valkey import ValkeyServer
from tests.local.running import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.crash, pytest.mark.extended]


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    """Sentinels with a password, and another user."""
    access = Access("secret", {"cards": ">cards ~cards:* +@all"})
    folder = tmp_path_factory.mktemp("six")
    with Sentinels(folder, access=access, min_replicas=1, info_period_ms=500) as made:
        yield made


def write(server: ValkeyServer, value: str) -> None:
    """Write a value and wait until a replica has it, as the guarantees require."""
    ask(server, "SET", "key", value)
    assert int(ask(server, "WAIT", 1, 5000)) >= 1


def test_a_killed_primary_is_replaced(sentinels: Sentinels) -> None:
    """The new primary has the data, and so has the killed one once it is back. All then follow one
    primary, which a late sentinel may have replaced once more."""
    write(sentinels.until_primary(), "killed")
    old = sentinels.kill_primary()
    new = sentinels.until_primary(other_than=old)
    assert ask(new, "GET", "key") == "killed"
    sentinels.bring_back(old)
    assert ask(sentinels.until_whole(), "GET", "key") == "killed"
    assert ask(old, "GET", "key") == "killed"


def test_a_paused_primary_is_replaced(sentinels: Sentinels) -> None:
    """While it is paused another becomes the primary; when it wakes, it is that one's replica."""
    write(sentinels.until_primary(), "paused")
    old = sentinels.pause_primary()
    new = sentinels.until_primary(other_than=old)
    assert ask(new, "GET", "key") == "paused"
    sentinels.bring_back(old)
    assert not is_primary(old)


@pytest.mark.parametrize("coordinated", [False, True])
def test_an_orderly_failover(sentinels: Sentinels, coordinated: bool) -> None:
    """The sentinels replace the primary, with or without coordination with the old one."""
    old = sentinels.until_primary()
    write(old, "orderly")
    new = sentinels.fail_over(coordinated=coordinated)
    assert new is not old
    assert ask(new, "GET", "key") == "orderly"
    # Without coordination the old one remains a primary for its clients.
    assert is_primary(old) is not coordinated
    sentinels.bring_back(old)


def test_a_client_finds_the_primary_by_the_url(sentinels: Sentinels) -> None:
    """Sentinels and servers require a password; the other user may do what its rules permit."""
    assert sentinels.url.startswith("sentinel://:secret@127.0.0.1:")
    assert sentinels.url.endswith(f"/{MASTER}/0")
    assert sentinels.url_of("cards", "cards").startswith("sentinel://cards:cards@")
    hosts = [("127.0.0.1", each.port) for each in sentinels.sentinels]
    once = Retry(NoBackoff(), 0)
    # redis-py's types lack sentinels.
    make: Any = redis.Sentinel
    with pytest.raises(redis.sentinel.MasterNotFoundError):
        make(hosts, sentinel_kwargs={"retry": once}).discover_master(MASTER)
    asked = make(hosts, sentinel_kwargs={"password": "secret"})
    client: redis.Redis = asked.master_for(MASTER, username="cards", password="cards")
    assert client.set("cards:key", "value")
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.set("other", "value")
    client.close()


_OWNER = """
import os, signal, sys
from pathlib import Path
from local.servers.sentinels import Sentinels
made = Sentinels(Path(sys.argv[1])).start()
print(*(each.pid for each in (*made.servers, *made.sentinels)), flush=True)
signal.pause()
"""


def test_a_killed_owner_leaves_no_process(tmp_path: Path) -> None:
    """SIGKILL of the process that started them ends all six."""
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert owner.stdout is not None
    with owner.stdout:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert len(pids) == 6
    owner.kill()
    assert owner.wait() == -signal.SIGKILL
    until(lambda: not any(map(_is_alive, pids)), "a process is left")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
