"""The log line of every request, and the envelope for unexpected errors."""

from __future__ import annotations

import logging

import httpx
import pytest
from starlette.types import Message

from producer.http.app import create_app
from producer.settings import WebSettings
from tests.unit.http.web import DEFAULT, client_of, running

_ACCESS = "producer.http.access"


async def test_a_request_is_one_line_with_template_and_task(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The line has method, route template, status, time and task id, but never the raw path."""
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


async def test_a_bug_is_answered_without_its_text(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected error is a 500 envelope; its text is neither answered nor logged."""
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
    """HEAD is answered like GET; OPTIONS lists the methods."""
    assert (await client.head("/healthz")).status_code == 200
    options = await client.options("/api/cards/assign")
    assert (options.status_code, options.headers["allow"]) == (204, "OPTIONS, POST")


async def test_requests_are_counted_by_template(client: httpx.AsyncClient) -> None:
    """The metrics contain routes and statuses, not paths."""
    await client.get("/api/tasks/some-id")
    text = (await client.get("/metrics")).text
    assert 'route="/api/tasks/{taskId}",status="404"} 1.0' in text
    assert "some-id" not in text
    assert "cards_http_waiters 0.0" in text


@pytest.mark.parametrize(
    "hosts",
    [
        *([], ["web", "web"], ["web", "other"], ["a b"], ["a/b"], ["user@web"], ["web:http"]),
        *(["[::1"], ["w\u00e9b"]),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/healthz"), ("POST", "/api/cards/default")])
async def test_a_request_needs_one_valid_host(
    client: httpx.AsyncClient, method: str, path: str, hosts: list[str]
) -> None:
    """HTTP/1.1 requires one `Host`: none, two or an invalid one is 400 with an envelope."""
    headers = [(b"Host", host.encode("latin-1")) for host in hosts]
    request = client.build_request(method, path, json=DEFAULT if method == "POST" else None)
    del request.headers["host"]
    request.headers = httpx.Headers([*request.headers.raw, *headers])
    response = await client.send(request)
    assert (response.status_code, response.json()["code"]) == (400, "host_invalid")
    assert list(response.json()) == ["status", "message", "data", "code"]


@pytest.mark.parametrize("host", ["web", "web:8000", "127.0.0.1:8000", "[::1]:8000", "a-b.c_d", ""])
async def test_with_tokens_any_valid_host_is_admitted(redis_url: str, host: str) -> None:
    """Names and addresses are valid, with or without a port."""
    async with client_of(redis_url, CARDS_API_TOKENS="t0ken") as client:
        assert (await client.get("/healthz", headers={"Host": host})).status_code == 200
        bearer = {"Host": host, "Authorization": "Bearer t0ken"}
        assert (await client.get("/api/tasks/x", headers=bearer)).status_code == 404


async def test_http_1_0_needs_no_host(redis_url: str) -> None:
    """HTTP/1.1 introduced `Host`; load balancers' probes may still use 1.0."""
    app = create_app(WebSettings.from_environ({"REDIS_URL": redis_url}))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": "/healthz"}
    await app({**scope, "headers": [], "query_string": b""}, receive, send)
    assert sent[0]["status"] == 200
