"""Metrics and the API's description can be closed, or have a port of their own."""

from __future__ import annotations

import httpx
import pytest

from local.processes.ports import free_port
from producer.settings import SettingsError, WebSettings
from tests.unit.http.web import WebProcess, client_of

_OPERATIONS = ("/metrics", "/docs", "/openapi.json")
_PROBES = ("/healthz", "/readyz")


@pytest.mark.parametrize(
    ("setting", "closed"),
    [("CARDS_DOCS", {"/docs", "/openapi.json"}), ("CARDS_METRICS", {"/metrics"})],
)
async def test_paths_can_be_closed(redis_url: str, setting: str, closed: set[str]) -> None:
    """Closed paths are not found; open ones are."""
    async with client_of(redis_url, **{setting: "off"}) as web:
        for path in _OPERATIONS:
            answer = await web.get(path)
            assert (answer.status_code == 404) is (path in closed), path
            assert (await web.head(path)).status_code == answer.status_code
    async with client_of(redis_url, **{setting: "On"}) as web:
        assert (await web.get(_OPERATIONS[0])).status_code == 200


@pytest.mark.integration
def test_operations_can_have_a_port_of_their_own(redis_url: str) -> None:
    """That port serves only the three paths and the probes; the other port does not serve them."""
    port = free_port()
    environ = {
        "CARDS_OPERATIONS_PORT": str(port),
        "CARDS_API_TOKENS": "prometheus:operate:t0ken,web:read:t0ken-2",
    }
    with WebProcess(redis_url, **environ) as web, httpx.Client() as client:
        operations = f"http://127.0.0.1:{port}"
        headers = {"Authorization": "Bearer t0ken"}
        for path in _OPERATIONS:
            assert client.get(operations + path, headers=headers).status_code == 200
            assert client.get(operations + path).status_code == 401
            elsewhere = client.get(web.url + path, headers=headers)
            assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not_found")
        for path in _PROBES:
            assert (
                client.get(operations + path).status_code == client.get(web.url + path).status_code
            )
        reader = {"Authorization": "Bearer t0ken-2"}
        assert (
            client.get(f"{web.url}/api/tasks/x", headers=reader).json()["code"] == "task_not_found"
        )
        for path in ("/api/tasks/x", "/migrations", "/api/migrations"):
            assert client.get(operations + path, headers=reader).json()["code"] == "not_found", path
        assert client.get(f"{operations}/metrics", headers=reader).status_code == 403


@pytest.mark.integration
def test_a_port_that_is_taken_is_named(redis_url: str) -> None:
    """The process exits at once and names the setting."""
    with WebProcess(redis_url) as first:
        second = WebProcess(redis_url, CARDS_OPERATIONS_PORT=str(first.port))
        assert second.ended(60) == 2
        assert f"CARDS_OPERATIONS_PORT {first.port} is taken" in second.log


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARDS_OPERATIONS_PORT", "8000"),
        ("CARDS_OPERATIONS_PORT", "0"),
        ("CARDS_OPERATIONS_PORT", "65536"),
        ("CARDS_DOCS", "maybe"),
        ("CARDS_METRICS", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The port must differ from PORT; switches must be on or off."""
    with pytest.raises(SettingsError, match=f"{name} must be"):
        WebSettings.from_environ({"REDIS_URL": "redis://h/0", name: value})
