"""What a token may do: each route declares its scopes and refuses all others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from producer.http.access.scopes import declared
from producer.http.pages.migrations import migration_view
from producer.http.pages.site.sessions import LOGIN, LOGOUT
from producer.http.pages.texts.say import Say
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.security.api_tokens import Scope
from tests.unit.http.every_route import MIGRATION, every_route
from tests.unit.http.web import DEFAULT, client_of, create_app_of, running

_TOKENS = {scope: f"t0ken-{scope.value}" for scope in Scope}
_SETTING = ",".join(f"by-{scope.value}:{scope.value}:{token}" for scope, token in _TOKENS.items())
_ROWS = b"userId,default_source\ncus_a1,card_a1\ncus_a2,card_a2\n"


def _as(*scopes: Scope) -> dict[str, str]:
    return {"Authorization": f"Bearer {_TOKENS[scopes[0]]}"}


@pytest.fixture
async def web(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with a token for each scope."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, CARDS_API_TOKENS=_SETTING, **environ) as made:
        yield made


def _wanted(method: str, path: str) -> set[Scope] | None:
    """The sufficient scopes according to docs/http.md; None for a public route."""
    if path in ("/healthz", "/readyz", "/stripe/events", LOGIN, LOGOUT) or "/assets/" in path:
        return None
    if path == "/metrics":
        return {Scope.OPERATE}
    if path.endswith("/failed/replay"):
        return {Scope.OPERATE}
    if path in ("/docs", "/openapi.json"):
        return {Scope.READ, Scope.OPERATE}
    if "/migrations" in path:
        return {Scope.MIGRATE} if method != "GET" else {Scope.READ, Scope.MIGRATE}
    return {Scope.SEND} if method == "POST" else {Scope.READ}


async def test_every_route_admits_its_scopes_only(redis_url: str, tmp_path: Path) -> None:
    """For each token and route: 403 exactly if the scope does not suffice, before anything else."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_API_TOKENS": _SETTING}
    environ["CARDS_STRIPE_WEBHOOK_SECRETS"] = "whsec_0123456789abcdef"
    app = create_app_of(redis_url, **environ)
    refused = 0
    async with running(app) as web:
        for method, path, route in every_route(app):
            assert declared(route) is not None, f"{method} {path} says nothing of scopes"
            wanted = _wanted(method, path)
            for scope in Scope:
                if path == "/api/cards/cus_1" and scope is Scope.READ:
                    continue  # it waits for a worker
                if path == "/events" and scope is Scope.READ:
                    continue  # it streams for ever
                answer = await web.request(method, path, headers=_as(scope))
                may = wanted is None or scope in wanted
                assert (answer.status_code == 403) is not may, (method, path, scope)
                refused += not may
            anonymous = await web.request(method, path)
            assert (anonymous.status_code == 401) is (wanted is not None or path == LOGIN), path
    assert refused > 70


async def test_an_idempotency_key_belongs_to_its_token(redis_url: str) -> None:
    """Two services use the same key for different commands, and each gets its own answer."""
    tokens = "shop:send:shop-token,billing:send:billing-token,shop:send:new-shop-token"
    orders = {
        "shop-token": {"userId": "cus_1", "default_source": "card_1"},
        "billing-token": {"userId": "cus_2", "default_source": "card_2"},
        "new-shop-token": {"userId": "cus_1", "default_source": "card_1"},
    }
    async with client_of(redis_url, CARDS_API_TOKENS=tokens) as web:
        told = {}
        for token, order in orders.items():
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "order-7"}
            answer = await web.post(
                "/api/cards/default", json=order, headers={**headers, "Prefer": "respond-async"}
            )
            assert answer.status_code == 202
            told[token] = answer.json()["data"]["taskId"]
    assert told["shop-token"] == told["new-shop-token"] != told["billing-token"]


async def test_a_route_without_scopes_admits_nobody(redis_url: str) -> None:
    """A route that declares no scopes refuses every token; without tokens it is open."""
    for tokens, status in (
        (f"all:send+read+migrate+operate:{_TOKENS[Scope.READ]}", 403),
        ("", 200),
    ):
        app = create_app_of(redis_url, CARDS_API_TOKENS=tokens)

        @app.get("/forgotten")
        async def forgotten() -> None:
            return None

        async with running(app) as web:
            answer = await web.get("/forgotten", headers=_as(Scope.READ))
            assert answer.status_code == status
            if status == 403:
                assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


async def test_the_refusal_names_the_scope(web: httpx.AsyncClient) -> None:
    """403 `forbidden` names the scope in the message and by RFC 6750; the body is not read."""
    answer = await web.post("/api/cards/default", content=b"{", headers=_as(Scope.READ))
    assert (answer.status_code, answer.json()) == (
        403,
        {
            "status": False,
            "message": "The token does not allow this; it needs the scope: send",
            "data": None,
            "code": "forbidden",
        },
    )
    challenge = 'Bearer error="insufficient_scope", scope="send"'
    assert answer.headers["www-authenticate"] == challenge
    either = await web.get("/api/migrations", headers=_as(Scope.SEND))
    assert either.headers["www-authenticate"].endswith('scope="read"')
    assert "read / migrate" in either.json()["message"]


async def test_a_command_s_sender_is_named_in_the_log(
    web: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """`by=` names the caller's token, if any; the token itself is not logged."""
    caplog.set_level(logging.INFO)
    headers = {"Prefer": "respond-async", **_as(Scope.SEND)}
    assert (await web.post("/api/cards/default", json=DEFAULT, headers=headers)).status_code == 202
    await web.get("/api/tasks/x")
    lines = [r.getMessage() for r in caplog.records if r.name == "producer.http.access"]
    assert " 202 " in lines[0]
    assert " by=by-send task=" in lines[0]
    assert " 401 " in lines[1]
    assert " by=" not in lines[1]
    assert not any(token in caplog.text for token in _TOKENS.values())


async def _uploaded(web: httpx.AsyncClient) -> str:
    answer = await web.post("/api/migrations?name=c.csv", content=_ROWS, headers=_as(Scope.MIGRATE))
    migration: str = answer.json()["data"]["migration"]["id"]
    return migration


async def _signed_in(web: httpx.AsyncClient, scope: Scope) -> None:
    web.cookies.clear()
    assert (await web.post(LOGIN, data={"token": _TOKENS[scope]})).status_code == 303


async def test_the_log_names_who_controls_a_migration(
    web: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Entering, controlling and forgetting, by API or page, log a line with the migration's id."""
    caplog.set_level(logging.INFO, "producer.http.migrations")
    migration = await _uploaded(web)
    path = f"/api/migrations/{migration}"
    await web.post(f"{path}/throttle", json={"rps": 2}, headers=_as(Scope.MIGRATE))
    await _signed_in(web, Scope.MIGRATE)
    await web.post(f"/migrations/{migration}/cancel")
    while (await web.get(path, headers=_as(Scope.READ))).json()["data"]["state"] != "cancelled":
        await asyncio.sleep(0.05)
    while (await web.delete(path, headers=_as(Scope.MIGRATE))).status_code == 409:
        await asyncio.sleep(0.05)
    told = [r.getMessage() for r in caplog.records if r.getMessage().startswith("migration mig_")]
    assert told == [
        f"migration {migration}: {what} by by-migrate"
        for what in ("enter", "throttle", "cancel", "forget")
    ]


async def test_a_reader_cannot_control_migrations(web: httpx.AsyncClient) -> None:
    """A reader's page has no buttons, and a form that it sends nevertheless is refused."""
    migration = await _uploaded(web)
    path = f"/migrations/{migration}"
    await _signed_in(web, Scope.READ)
    page = await web.get(path)
    assert page.status_code == 200
    assert "Signed in: by-read" in page.text
    assert "steering it takes a token with the scope migrate" in page.text
    assert page.text.count("<form") == 1  # signing out
    resumed = await web.post(f"{path}/resume")
    assert (resumed.status_code, "Your token does not allow this" in resumed.text) == (403, True)
    assert LOGOUT in resumed.text
    state = await web.get(f"/api/migrations/{migration}", headers=_as(Scope.READ))
    assert state.json()["data"]["state"] == "paused"
    # Live updates of the page have no buttons either.
    status = MigrationStatus(
        MIGRATION, "c.csv", MigrationState.PAUSED, 2, {RowState.PENDING: 2}, datetime.now(UTC)
    )
    for may in (True, False):
        sent = migration_view.event(Say("en"), status, False, can_steer=may)["parts"]["steer"]
        assert ("<form" in sent) is may
        assert ("scope migrate" in sent) is not may
    await _signed_in(web, Scope.MIGRATE)
    steers = await web.get(path)
    assert "Signed in: by-migrate" in steers.text
    assert f"{path}/resume" in steers.text
    assert (await web.post(f"{path}/pause")).status_code in (303, 409)


async def test_a_token_without_the_scope_is_told_why(web: httpx.AsyncClient) -> None:
    """A token with only `send` can sign in, is told what it lacks, and can sign out."""
    await _signed_in(web, Scope.SEND)
    for path in ("/migrations", f"/migrations/{MIGRATION}"):
        page = await web.get(path)
        assert (page.status_code, "scope read / migrate" in page.text) == (403, True)
        assert LOGOUT in page.text
