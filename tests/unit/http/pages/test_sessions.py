"""Sessions: sign-out ends them for every web process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import redis

from producer.http.pages.site.sessions import COOKIE, LASTS_S, LOGIN, LOGOUT, Sessions
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.journal import Journal
from producer.security.api_tokens import read_tokens
from tests.unit.http.web import Clock, WebProcess, client_of

_TOKEN = "t0ken-of-a-person"


def _environ(tmp_path: Path, tokens: str = f"ana:read:{_TOKEN}") -> dict[str, str]:
    return {
        "CARDS_MIGRATIONS_DIR": str(tmp_path),
        "CARDS_LANGUAGE": "en",
        "CARDS_API_TOKENS": tokens,
    }


@pytest.fixture
async def web(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with a token."""
    async with client_of(redis_url, **_environ(tmp_path)) as made:
        yield made


async def _cookie(web: httpx.AsyncClient) -> dict[str, str]:
    answer = await web.post(LOGIN, data={"token": _TOKEN})
    web.cookies.clear()
    value = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    return {"cookie": f"{COOKIE}={value}"}


async def test_sign_out_ends_the_session_everywhere(
    web: httpx.AsyncClient, redis_url: str, tmp_path: Path
) -> None:
    """The old cookie is invalid afterwards: here, on other processes, and after a restart."""
    first, second = await _cookie(web), await _cookie(web)
    async with client_of(redis_url, **_environ(tmp_path)) as other:
        for cookie in (first, second):
            assert (await other.get("/migrations", headers=cookie)).status_code == 200
        out = await web.post(LOGOUT, headers=first)
        assert (out.status_code, "Max-Age=0" in out.headers["set-cookie"]) == (303, True)
        for one in (web, other):
            assert (await one.get("/migrations", headers=first)).status_code == 401
            assert (await one.post("/migrations/x/pause", headers=first)).status_code == 401
            assert (await one.get("/migrations", headers=second)).status_code == 200
    async with client_of(redis_url, **_environ(tmp_path)) as restarted:
        assert (await restarted.get("/migrations", headers=first)).status_code == 401
        assert (await restarted.get("/migrations", headers=second)).status_code == 200
    assert (await web.post(LOGOUT, headers=first)).status_code == 303  # repeated, without harm
    assert (await web.post(LOGOUT)).status_code == 303


async def test_redis_holds_nothing_that_admits_anybody(
    web: httpx.AsyncClient, redis_url: str
) -> None:
    """Redis holds a digest and a name for twelve hours; a forged record makes no session."""
    cookie = await _cookie(web)
    value = cookie["cookie"].partition("=")[2]
    until, ident, signature = value.split(".")
    with redis.Redis.from_url(redis_url, decode_responses=True) as stored:
        (key,) = stored.scan_iter("cards:session:*")
        assert key == f"cards:session:{sha256(ident.encode()).hexdigest()}"
        assert stored.get(key) == "ana"
        assert LASTS_S - 60 < stored.ttl(key) <= LASTS_S
        assert all(secret not in key for secret in (ident, signature, _TOKEN))
        forged = "A" * 43
        stored.set(f"cards:session:{sha256(forged.encode()).hexdigest()}", "ana")
        wrong = (
            f"{until}.{forged}.{signature}",
            f"{int(until) + 1}.{ident}.{signature}",
            f"{until}.{ident}.{'0' * 64}",
            f"{until}.{ident}",
            f"{until}.{ident}.{signature}0",
            f"{until}.{ident}.{signature.upper()}",
        )
        for one in wrong:
            answer = await web.get("/migrations", headers={"cookie": f"{COOKIE}={one}"})
            assert answer.status_code == 401, one
        stored.delete(key)
    assert (await web.get("/migrations", headers=cookie)).status_code == 401


async def test_a_session_ends_with_its_token(
    web: httpx.AsyncClient, redis_url: str, tmp_path: Path
) -> None:
    """Another token of the same name ends the session; the same token, hashed, keeps it."""
    cookie = await _cookie(web)
    hashed = f"ana:read:sha256={sha256(_TOKEN.encode()).hexdigest()}"
    for tokens, status in ((hashed, 200), (f"ana:read:new,{hashed}", 200), ("ana:read:new", 401)):
        async with client_of(redis_url, **_environ(tmp_path, tokens)) as other:
            answer = await other.get("/migrations", headers=cookie)
            assert answer.status_code == status, tokens


async def test_a_session_ends_after_twelve_hours(redis_url: str) -> None:
    """The cookie's own expiry counts, even if Redis still has the session."""
    clock, journal = Clock(), Journal(redis_url)
    tokens = read_tokens({"CARDS_API_TOKENS": f"ana:read:{_TOKEN}"})
    sessions = Sessions(tokens, JournalBulkhead(journal), clock)
    try:
        value = await sessions.start(f" {_TOKEN} ")
        headers = [(b"cookie", f"other=1; {COOKIE}={value}".encode())]
        clock.now += LASTS_S - 1
        caller = await sessions.caller(headers)
        assert caller is not None
        assert caller.name == "ana"
        clock.now += 1
        assert await sessions.caller(headers) is None
        assert await sessions.start("wrong") is None
    finally:
        await journal.aclose()


async def test_without_redis_nobody_signs_in_or_out(tmp_path: Path) -> None:
    """The page says that Redis does not answer, and does not claim a sign-out."""
    async with client_of("redis://127.0.0.1:1/0", **_environ(tmp_path)) as web:
        entering = await web.post(LOGIN, data={"token": _TOKEN})
        assert (entering.status_code, "does not answer" in entering.text) == (503, True)
        assert (await web.post(LOGIN, data={"token": "wrong"})).status_code == 401
        assert (await web.get("/migrations")).status_code == 401


async def test_without_redis_a_session_is_not_accepted(redis_url: str, tmp_path: Path) -> None:
    """A signed cookie is not enough; the sign-out reports its failure."""
    async with client_of(redis_url, **_environ(tmp_path)) as web:
        cookie = await _cookie(web)
    async with client_of("redis://127.0.0.1:1/0", **_environ(tmp_path)) as away:
        looked = await away.get("/migrations", headers=cookie)
        assert (looked.status_code, "Redis does not answer" in looked.text) == (503, True)
        out = await away.post(LOGOUT, headers=cookie)
        assert (out.status_code, "not signed out" in out.text) == (503, True)
        assert "set-cookie" not in out.headers


@pytest.mark.integration
def test_an_open_page_gets_no_more_events(redis_url: str, tmp_path: Path) -> None:
    """A page that was open when its session ended gets no further changes."""
    tokens = f"ana:migrate:{_TOKEN}"
    with (
        WebProcess(redis_url, **_environ(tmp_path, tokens)) as web,
        httpx.Client(base_url=web.url, timeout=60) as client,
    ):
        bearer = {"Authorization": f"Bearer {_TOKEN}"}
        rows = b"userId,default_source\ncus_a1,card_a1\n"
        entered = client.post("/api/migrations?name=c.csv", content=rows, headers=bearer)
        migration = entered.json()["data"]["migration"]["id"]
        client.post(LOGIN, data={"token": _TOKEN})
        cookie = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
        with client.stream("GET", f"/migrations/{migration}/events", headers=cookie) as events:
            lines = events.iter_lines()
            while not next(lines).startswith("data:"):
                pass
            client.post(LOGOUT, headers=cookie)
            throttle = f"/api/migrations/{migration}/throttle"
            assert client.post(throttle, json={"rps": 7}, headers=bearer).status_code == 200
            assert not [line for line in lines if line.startswith("data:")]
