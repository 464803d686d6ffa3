"""A browser's requests for foreign pages change nothing; programs, which send no origin, may."""

from __future__ import annotations

import httpx
import pytest
import redis

from producer.http.app import create_app
from producer.settings import WebSettings
from tests.unit.http.every_route import every_route
from tests.unit.http.web import ASSIGN, DEFAULT, client_of, running

_TOKEN = "t0ken-of-a-service"
_OWN = {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}
_OTHERS = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://[evil"},
    {"origin": "http://127.0.0.1:3000", "host": "127.0.0.1:8000"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
)
_ASYNC = {"Prefer": "respond-async"}


@pytest.mark.parametrize("headers", _OTHERS)
@pytest.mark.parametrize(
    ("path", "body"), [("/api/cards/assign", ASSIGN), ("/api/cards/default", DEFAULT)]
)
async def test_a_foreign_page_cannot_send_commands(
    client: httpx.AsyncClient,
    redis_url: str,
    path: str,
    body: dict[str, str],
    headers: dict[str, str],
) -> None:
    """Its command is refused with an envelope in the process's language, and nothing is stored."""
    answer = await client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "status": False,
            "message": "La petición viene de otra página; no se hizo nada",
            "data": None,
            "code": "other_origin",
        },
    )
    with redis.Redis.from_url(redis_url) as stored:
        assert stored.keys("*") == []


@pytest.mark.parametrize("headers", [{}, _OWN, {"sec-fetch-site": "same-origin", **_OWN}])
async def test_programs_and_our_own_pages_can_send_commands(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """A command without an Origin, as from curl and services, or from `/docs` is accepted."""
    answer = await client.post("/api/cards/default", json=DEFAULT, headers=_ASYNC | headers)
    assert answer.status_code == 202, answer.text


async def test_every_state_changing_route_checks_the_origin(redis_url: str) -> None:
    """Every state-changing route, the pages' included, refuses foreign origins; no read does."""
    environ = {"REDIS_URL": redis_url, "CARDS_STRIPE_WEBHOOK_SECRETS": "whsec_0123456789abcdef"}
    app = create_app(WebSettings.from_environ(environ))
    changing = 0
    async with running(app) as web:
        for method, path, _ in every_route(app):
            if path in ("/api/cards/cus_1", "/events"):
                continue  # it waits for a worker, or streams for ever
            answer = await web.request(method, path, headers=_OTHERS[0])
            assert (answer.status_code == 403) == (method != "GET"), (method, path)
            changing += method != "GET"
    assert changing >= 14


async def test_tokens_are_checked_before_origins(redis_url: str) -> None:
    """401 without a token; with one, any page is admitted, since no browser adds it by itself."""
    async with client_of(redis_url, CARDS_API_TOKENS=_TOKEN) as web:
        bearer = {"Authorization": f"Bearer {_TOKEN}", **_ASYNC}
        ours = {"origin": "https://cards.example", "host": "cards.example"}
        for headers, status in (
            (_OTHERS[0], 401),
            (bearer | _OTHERS[0], 202),
            (bearer | ours, 202),
            (bearer, 202),
        ):
            answer = await web.post("/api/cards/default", json=DEFAULT, headers=headers)
            assert answer.status_code == status, headers


async def test_a_preflight_allows_no_foreign_origin(client: httpx.AsyncClient) -> None:
    """OPTIONS lists methods; no header allows another origin anything."""
    asked = {**_OTHERS[0], "access-control-request-method": "POST"}
    for method in ("OPTIONS", "GET"):
        answer = await client.request(method, "/healthz", headers=asked)
        assert answer.status_code in (200, 204)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
