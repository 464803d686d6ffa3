"""Between SIGTERM and its end, web answers everything, while `/readyz` fails for balancers."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.unit.http.web import DEFAULT, WebProcess

pytestmark = pytest.mark.integration

_READY = {"only": "web"}


def test_it_answers_until_the_delay_is_over(redis_url: str) -> None:
    """After SIGTERM web is not ready but accepts; answers close connections; then it ends."""
    web = WebProcess(redis_url, CARDS_SHUTDOWN_DELAY="300").until_listening()
    with httpx.Client(base_url=web.url) as client:
        ready = client.get("/readyz", params=_READY)
        assert (ready.status_code, ready.json()["data"]) == (200, {"redis": True, "journal": True})
        assert "connection" not in ready.headers
        web.terminate()
        while (ready := client.get("/readyz", params=_READY)).status_code == 200:
            time.sleep(0.02)
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert client.get("/healthz").status_code == 200
        headers = {"Prefer": "respond-async"}
        while True:  # uvicorn updates the headers of answers once a second
            accepted = client.post("/api/cards/default", json=DEFAULT, headers=headers)
            assert accepted.status_code == 202
            if accepted.headers.get("connection") == "close":
                break
    web.terminate()
    assert web.ended(60) == 0


def test_the_process_ends_after_the_delay(redis_url: str) -> None:
    """One SIGTERM suffices."""
    web = WebProcess(redis_url, CARDS_SHUTDOWN_DELAY="1").until_listening()
    assert httpx.get(f"{web.url}/healthz").status_code == 200
    web.terminate()
    assert web.ended(60) == 0
