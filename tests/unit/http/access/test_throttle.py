"""Failed sign-ins are throttled; valid tokens keep working."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import httpx
import pytest

from producer.http.access.bearer_tokens import BearerTokens
from producer.http.access.gcra import CellRate
from producer.http.access.throttle import Throttle, Throttled, address_of
from producer.http.metrics.request_metrics import Metrics
from producer.security.api_tokens import read_tokens
from tests.unit.http.web import Clock, running, throttled_app

_EACH, _IN_ALL = CellRate(10, 5.0), CellRate(100, 0.5)


def test_ten_at_once_and_then_one_every_five_seconds() -> None:
    """The eleventh attempt must wait; another address need not."""
    clock = Clock()
    throttle = Throttle(_EACH, _IN_ALL, clock)
    for _ in range(10):
        assert throttle.wait_s("a") == 0
        throttle.failed("a")
    assert throttle.wait_s("a") == 5
    assert throttle.wait_s("b") == 0
    clock.now += 5
    assert throttle.wait_s("a") == 0
    throttle.failed("a")
    assert throttle.wait_s("a") == 5
    clock.now += 1000
    for _ in range(10):
        assert throttle.wait_s("a") == 0
        throttle.failed("a")
    assert throttle.wait_s("a") > 0


def test_with_many_failing_addresses_each_may_try_once() -> None:
    """If many addresses fail, a new one may still try once; this wears off."""
    clock = Clock()
    throttle = Throttle(_EACH, _IN_ALL, clock)
    for at in range(100):
        assert throttle.wait_s(f"a{at}") == 0
        throttle.failed(f"a{at}")
    assert throttle.wait_s("new") == 0
    throttle.failed("new")
    assert throttle.wait_s("new") == 5
    clock.now += 50
    assert throttle.wait_s("new") == 0


def test_memory_is_bounded() -> None:
    """Of a million addresses a few thousand are remembered; the last to fail is still throttled."""
    clock = Clock()
    throttle = Throttle(_EACH, _IN_ALL, clock)
    for at in range(5000):
        throttle.failed(f"{at}")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for at in range(20_000):
        throttle.failed(f"x{at}")
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 2_000_000
    assert throttle.wait_s("x19999") > 0
    assert throttle.wait_s("0") == 0  # forgotten


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.0.0.1", 5), "10.0.0.1"),
        (("2001:db8:1:2:3::4", 5), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff::9", 5), "2001:db8:1:2::"),
        (("::ffff:10.0.0.1", 5), "10.0.0.1"),
        (("unix", 0), "unix"),
        (None, "?"),
    ],
)
def test_an_address_identifies_one_caller(client: tuple[str, int] | None, address: str) -> None:
    """For IPv6 the address is its /64 network, all of which one caller may own."""
    assert address_of({"client": client}) == address


def test_a_known_token_keeps_working_beside_failed_attempts() -> None:
    """Behind one proxy, tokens accepted before are admitted; other tokens are not checked."""
    clock = Clock()
    tokens = read_tokens({"CARDS_API_TOKENS": "shop:send:right,web:send:other"})
    bearer_tokens = BearerTokens(tokens, Throttle(CellRate(3, 1.0), _IN_ALL, clock), Metrics())

    def ask(token: str, address: str = "proxy") -> str | None:
        headers = [(b"authorization", f"Bearer {token}".encode())]
        found = bearer_tokens.caller(headers, address)
        return found.name if found else None

    assert ask("right") == "shop"
    assert [ask("wrong") for _ in range(3)] == [None] * 3
    with pytest.raises(Throttled) as throttled:
        ask("wrong")
    assert throttled.value.wait_s == 1
    assert ask("right") == "shop"
    with pytest.raises(Throttled):
        ask("other")  # it could be a guess
    assert ask("other", "elsewhere") == "web"
    clock.now += 1
    assert ask("other") == "web"


async def test_sign_in_is_throttled(redis_url: str, tmp_path: Path) -> None:
    """After ten wrong tokens: 429 with a page; the right token still works elsewhere."""
    clock = Clock()
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    app = throttled_app(redis_url, clock, CARDS_API_TOKENS="ana:migrate:right", **environ)
    login = "/login"
    async with running(app) as web:
        told = [(await web.post(login, data={"token": f"w{n}"})).status_code for n in range(12)]
        assert told == [401] * 10 + [429] * 2
        throttled = await web.post(login, data={"token": "right"})
        assert (throttled.status_code, "Try again in" in throttled.text) == (429, True)
        assert throttled.headers["retry-after"] == "5"
        assert "set-cookie" not in throttled.headers
        transport = httpx.ASGITransport(app, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url=web.base_url) as other:
            assert (await other.post(login, data={"token": "right"})).status_code == 303
        metrics = app.state.services.metrics.response().body.decode()
        assert 'cards_http_wrong_tokens_total{at="page"} 10.0' in metrics
        clock.now += 5
        assert (await web.post(login, data={"token": "right"})).status_code == 303


async def test_wrong_bearer_tokens_are_throttled(redis_url: str) -> None:
    """After a hundred wrong tokens from an address, 429 `rate_limited` with `Retry-After`."""
    app = throttled_app(redis_url, Clock(), CARDS_API_TOKENS="ana:read:right")
    async with running(app) as web:
        told = [
            await web.get("/api/tasks/x", headers={"Authorization": f"Bearer w{n}"})
            for n in range(101)
        ]
        assert {answer.status_code for answer in told[:100]} == {401}
        assert (told[100].status_code, told[100].json()["code"]) == (429, "rate_limited")
        assert told[100].headers["retry-after"] == "1"
        assert (await web.get("/api/tasks/x")).status_code == 401  # a missing token is no attempt
