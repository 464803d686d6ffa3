"""What every request passes: the log line, and an envelope when something breaks."""

from __future__ import annotations

import logging

import httpx
import pytest

from producer.http.app import create_app
from producer.settings import WebSettings
from tests.unit.http.web import DEFAULT, running

_ACCESS = "producer.http.access"


async def test_a_request_is_one_line_with_template_and_task(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The line has method, route template, status, time and task id, never the raw path."""
    caplog.set_level(logging.INFO, _ACCESS)
    accepted = await client.post(
        "/api/cards/default?secret=1", json=DEFAULT, headers={"Prefer": "respond-async"}
    )
    task_id = accepted.json()["data"]["taskId"]
    await client.get(f"/api/tasks/{task_id}?wait=0")
    await client.get("/raw/path")
    lines = [r.getMessage() for r in caplog.records if r.name == _ACCESS]
    assert len(lines) == 3
    assert lines[0].startswith("POST /api/cards/default 202 ")
    assert lines[0].endswith(f"ms task={task_id}")
    assert lines[1].startswith("GET /api/tasks/{taskId} 200 ")
    assert lines[2].startswith("GET - 404 ")


async def test_a_bug_is_answered_without_saying_anything_of_it(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen error is a 500 envelope; its text is neither answered nor logged."""
    app = create_app(WebSettings.from_environ({"REDIS_URL": redis_url}))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("sk_live_secret")

    async with running(app) as client:
        response = await client.get("/broken")
    assert response.status_code == 500
    assert response.json() == {
        "status": False,
        "message": "Error interno",
        "data": None,
        "code": "internal_error",
    }
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_head_and_options_work(client: httpx.AsyncClient) -> None:
    """HEAD answers like GET, OPTIONS tells the methods."""
    assert (await client.head("/healthz")).status_code == 200
    options = await client.options("/api/cards/assign")
    assert (options.status_code, options.headers["allow"]) == (204, "OPTIONS, POST")


async def test_requests_are_counted_by_template(client: httpx.AsyncClient) -> None:
    """The metrics know routes and statuses, not paths."""
    await client.get("/api/tasks/some-id")
    text = (await client.get("/metrics")).text
    assert 'route="/api/tasks/{taskId}",status="404"} 1.0' in text
    assert "some-id" not in text
    assert "cards_http_waiters 0.0" in text
