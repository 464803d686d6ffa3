"""Foreign host names are refused: a foreign page may have pointed them here (DNS rebinding)."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from producer.http.app import create_app
from producer.http.pages.site.sessions import is_page
from producer.settings import SettingsError, WebSettings
from tests.unit.http.every_route import every_route
from tests.unit.http.web import DEFAULT, client_of, running

_OURS = ("localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1", "127.9.9.9:1", "[::1]:80")
_OTHERS = ("evil.example", "evil.example:8000", "10.0.0.1", "localhost.evil.example", "", "[::2]")


@pytest.mark.parametrize("host", _OURS)
async def test_loopback_is_ours(client: httpx.AsyncClient, host: str) -> None:
    """Loopback is accepted by name or any of its addresses, with any port."""
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


async def test_without_tokens_every_route_refuses_foreign_hosts(
    redis_url: str, tmp_path: Path
) -> None:
    """Every route and method, probes included, answers 421 before doing anything."""
    settings = {"REDIS_URL": redis_url, "CARDS_MIGRATIONS_DIR": str(tmp_path)}
    app = create_app(WebSettings.from_environ(settings))
    asked = 0
    async with running(app) as web:
        for method, path, _ in every_route(app):
            for host in ("evil.example", "10.0.0.1:8000"):
                answer = await web.request(method, path, headers={"Host": host}, json=DEFAULT)
                assert answer.status_code == 421, (method, path)
                if "json" in answer.headers["content-type"]:
                    assert answer.json()["code"] == "host_unknown"
                else:
                    assert is_page(path)
                asked += 1
        for host in _OTHERS:
            answer = await web.get("/nope", headers={"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (421, "host_unknown"), host
    assert asked > 60


async def test_names_can_be_configured(redis_url: str) -> None:
    """CARDS_HOSTS adds names, for a proxy on the same machine; HOST is always accepted."""
    names = {"CARDS_HOSTS": "Cards.example, [fd00::1]", "HOST": "127.0.0.2"}
    async with client_of(redis_url, **names) as web:
        for host in ("cards.example", "cards.example:443", "[fd00::1]", "127.0.0.2", "localhost"):
            answer = await web.get("/healthz", headers={"Host": host})
            assert answer.status_code == 200, host
        assert (await web.get("/healthz", headers={"Host": "example"})).status_code == 421


async def test_with_tokens_only_configured_names_are_checked(redis_url: str) -> None:
    """Without CARDS_HOSTS any name is accepted; with it, only probes may use another."""
    bearer = {"Authorization": "Bearer t0ken", "Host": "10.0.0.1:8000"}
    async with client_of(redis_url, CARDS_API_TOKENS="t0ken") as web:
        assert (await web.get("/api/tasks/x", headers=bearer)).status_code == 404
    async with client_of(redis_url, CARDS_API_TOKENS="t0ken", CARDS_HOSTS="cards.example") as web:
        for path, status in (("/api/tasks/x", 421), ("/metrics", 421), ("/healthz", 200)):
            assert (await web.get(path, headers=bearer)).status_code == status, path
        assert (await web.get("/readyz", headers=bearer)).status_code == 503
        page = await web.get("/migrations", headers={"Host": "10.0.0.1"})
        assert (page.status_code, "CARDS_HOSTS" in page.text) == (421, True)
        bearer["Host"] = "cards.example"
        assert (await web.get("/api/tasks/x", headers=bearer)).status_code == 404


@pytest.mark.parametrize("value", ["a:8000", "http://a", "a/b", "*", "a b"])
def test_malformed_names_are_refused(value: str) -> None:
    """Ports, schemes and patterns are refused as names, since they would never match."""
    with pytest.raises(SettingsError, match="CARDS_HOSTS must hold names"):
        WebSettings.from_environ({"REDIS_URL": "redis://h/0", "CARDS_HOSTS": value})
