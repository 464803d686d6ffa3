"""The rate limit of each token's requests, and its headers."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.http.access.gcra import CellRate
from producer.http.access.request_rate import RequestRate
from tests.unit.http.web import DEFAULT, Clock, client_of


def _told(rate: RequestRate, name: str = "shop") -> tuple[int, str, str]:
    turn = rate.check(name)
    assert turn is not None
    headers = dict(turn.headers)
    return turn.wait_s, headers[b"ratelimit-policy"].decode(), headers[b"ratelimit"].decode()


def test_a_burst_is_one_seconds_worth() -> None:
    """At four a second, four pass at once, and then one every quarter of a second."""
    clock = Clock()
    rate = RequestRate(4, clock)
    policy = '"requests";q=4;w=1'
    for left in (3, 2, 1, 0):
        assert _told(rate) == (0, policy, f'"requests";r={left};t=1')
    assert _told(rate) == (1, policy, '"requests";r=0;t=1')
    assert _told(rate, "other") == (0, policy, '"requests";r=3;t=1')
    clock.now += 0.25
    assert _told(rate)[0] == 0
    assert _told(rate)[0] == 1
    clock.now += 100
    assert _told(rate) == (0, policy, '"requests";r=3;t=1')


def test_less_than_one_a_second() -> None:
    """One passes at once; the reported wait is in whole seconds and never too short."""
    clock = Clock()
    rate = RequestRate(0.3, clock)
    assert _told(rate) == (0, '"requests";q=1;w=4', '"requests";r=0;t=4')
    clock.now += 1
    wait_s, _, state = _told(rate)
    assert (wait_s, state) == (3, '"requests";r=0;t=3')
    clock.now += wait_s
    assert _told(rate)[0] == 0


def test_a_rate_of_zero_is_no_limit() -> None:
    """Without a limit there are no headers."""
    assert RequestRate(0).check("shop") is None


@given(
    st.floats(0.01, 1000),
    st.lists(st.floats(0, 3), min_size=1, max_size=200),
    st.integers(1, 30),
)
def test_the_limit_is_never_exceeded(rps: float, gaps: list[float], burst: int) -> None:
    """No interval exceeds burst and rate; a caller that waits as told passes."""
    clock = Clock()
    rate = RequestRate(rps, clock, burst=burst)
    passed: list[float] = []
    for gap in gaps:
        clock.now += gap
        turn = rate.check("shop")
        assert turn is not None
        if turn.wait_s == 0:
            passed.append(clock.now)
    burst = max(int(rps), burst)
    for first, began in enumerate(passed):
        for count, ended in enumerate(passed[first:], 1):
            assert count <= burst + (ended - began) * rps + 1e-3
    turn = rate.check("shop")
    assert turn is not None
    clock.now += turn.wait_s
    assert turn.wait_s == 0 or _told(rate)[0] == 0


def test_remaining_requests_are_counted() -> None:
    """Used requests become available again one by one."""
    pace = CellRate(10, 5.0)
    due = 0.0
    for left in range(9, -1, -1):
        due = pace.used(due, 100.0)
        assert pace.left(due, 100.0) == left
    assert ceil(pace.wait_s(due, 100.0)) == 5
    assert pace.left(due, 105.0) == 1
    assert pace.wait_s(due, 105.0) == 0


async def test_the_limit_over_http(redis_url: str, tmp_path: Path) -> None:
    """429 has an envelope, `Retry-After` and the draft's headers; other tokens and probes pass."""
    tokens = "shop:send+operate:t0ken-1,web:read+operate:t0ken-2"
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(
        redis_url, CARDS_API_TOKENS=tokens, CARDS_API_RPS="0.01", **environ
    ) as web:
        shop, other = ({"Authorization": f"Bearer t0ken-{n}"} for n in (1, 2))
        first = await web.get("/nope", headers=shop)
        assert first.status_code == 404
        assert first.headers["ratelimit-policy"] == '"requests";q=1;w=100'
        assert first.headers["ratelimit"] == '"requests";r=0;t=100'
        refused = await web.post("/api/cards/default", json=DEFAULT, headers=shop)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert list(refused.json()) == ["status", "message", "data", "code"]
        assert 1 <= int(refused.headers["retry-after"]) <= 100
        reset = refused.headers["ratelimit"].rpartition("t=")[2]
        assert reset == refused.headers["retry-after"]
        for _ in range(3):
            probe = await web.get("/healthz", headers=shop)
            assert probe.status_code == 200
            assert "ratelimit" not in probe.headers
        anonymous = await web.get("/metrics")
        assert (anonymous.status_code, "ratelimit" in anonymous.headers) == (401, False)
        metrics = await web.get("/metrics", headers=other)
        assert metrics.status_code == 200
        assert 'cards_http_rate_limited_total{by="shop"} 1.0' in metrics.text
        assert 'cards_http_rate_limited_total{by="web"} 0.0' in metrics.text


async def test_pages_have_a_limit_of_their_own(redis_url: str, tmp_path: Path) -> None:
    """Twenty requests of pages pass at once; further ones get a page that says to wait."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(
        redis_url, CARDS_API_TOKENS="ana:read:t0ken", CARDS_API_RPS="0.01", **environ
    ) as web:
        await web.post("/login", data={"token": "t0ken"})
        for _ in range(20):
            assert (await web.get("/migrations")).status_code == 200
        page = await web.get("/migrations")
        assert (page.status_code, "Too many requests" in page.text) == (429, True)
        assert int(page.headers["retry-after"]) >= 1
        assert page.headers["ratelimit-policy"] == '"requests";q=20;w=2000'


@pytest.mark.parametrize("value", ["-1", "x", "nan", "inf", "0.001"])
async def test_a_wrong_limit_is_named(redis_url: str, value: str) -> None:
    """The limit must be a finite number that is not negative."""
    with pytest.raises(ValueError, match="CARDS_API_RPS must be"):
        async with client_of(redis_url, CARDS_API_RPS=value):
            raise AssertionError(value)
