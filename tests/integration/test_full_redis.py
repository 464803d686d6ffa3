"""A Redis that takes no writes is told as that, and what is in it can still be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from local.servers.valkey import ValkeyServer
from producer import CardCommands
from producer.cli.app import run
from producer.cli.exits import Exit
from tests.unit.http.web import DEFAULT, client_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path_factory.mktemp("full")) as made:
        yield made


@pytest.fixture
def command(server: ValkeyServer) -> Iterator[str]:
    """A command that was accepted before Redis was full, as it is from then on."""
    with CardCommands(server.url) as cards, redis.Redis.from_url(server.url) as admin:
        accepted = cards.set_default(customer=DEFAULT["userId"], card=DEFAULT["default_source"])
        admin.config_set("maxmemory", 1)
        yield accepted.id
        admin.config_set("maxmemory", 0)


def _api(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["data"]
    return found


async def test_the_page_and_the_api_say_why_nothing_is_accepted(
    server: ValkeyServer, command: str, tmp_path: Path
) -> None:
    """That it is full comes first; that there is no worker is not claimed, since nobody knows."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(server.url, **environ) as web:
        assert (await web.post("/api/cards/default", json=DEFAULT)).status_code == 503
        page = (await web.get("/")).text
        told = _api(await web.get("/api/overview"))
    assert "Commands are refused: Redis is full (maxmemory)" in page
    assert "docs/runbook.md#cardsrefusingcommands" in page
    for wrong in ("All is well", "There is no worker"):
        assert wrong not in page
    assert (told["refuses"], told["workers"]) == ("OOM", None)
    assert told["lanes"]["interactive"]["open"] == 1


def test_what_is_in_it_can_be_looked_at(
    server: ValkeyServer,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The commands that the runbook begins with need no write."""
    monkeypatch.setenv("REDIS_URL", server.url)
    for line in ("failed list", "dead-letters", f"status {command}", f"export {command}"):
        assert run(line.split()) == Exit.DONE, line
    assert command in capsys.readouterr().out
