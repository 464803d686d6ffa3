"""The pages of migrations over ASGI: contents, permissions, forms."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from producer.http.pages.migrations import list_view, migration_view
from producer.http.pages.texts.say import Say
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus, Sample
from tests.unit.http.web import client_of

_ID = "mig_0123456789abcdef01234567"
_NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_TOKEN = "t0ken-of-a-person"
_ROWS = b"userId,default_source\ncus_a1,card_a1\ncus_a2,card_a2\nkus_a3,card_a3\n"
_RUNNING = MigrationStatus(
    id=_ID,
    name="<b>cards</b>.csv",
    state=MigrationState.RUNNING,
    rows=1_000_000,
    counts={
        RowState.APPLIED: 410_000,
        RowState.REJECTED: 2_003,
        RowState.SENT: 500,
        RowState.PENDING: 587_497,
    },
    created_at=_NOW,
    rate=25.0,
    eta_s=23_520.0,
    rps=25.0,
    driver="machine:4242:ab",
    codes={"resource_missing": 2_000, "card_declined": 3},
    history=[Sample(_NOW, 0), Sample(_NOW + timedelta(hours=4), 412_003)],
)


@pytest.fixture
async def web(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in English."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, **environ) as made:
        yield made


@pytest.fixture
async def guarded(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in English with a token configured."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, CARDS_API_TOKENS=_TOKEN, **environ) as made:
        yield made


async def _uploaded(web: httpx.AsyncClient, **headers: str) -> str:
    answer = await web.post("/api/migrations?name=cards.csv", content=_ROWS, headers=headers)
    migration: str = answer.json()["data"]["migration"]["id"]
    return migration


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_running_migrations_page() -> None:
    """It shows share, time left, speed, and codes with advice; the file's name is text."""
    html = migration_view.body(Say("en"), _RUNNING)
    text = _text(html)
    assert "Running: 41.2 % done, about 6 h 32 min left" in text
    assert "412,003 of 1,000,000" in text
    assert "2,000 rows : resource_missing Check that the ids are of this account" in text
    assert "<b>cards</b>" not in html
    assert "style=" not in html  # the Content-Security-Policy blocks it
    spanish = _text(migration_view.body(Say("es"), _RUNNING))
    assert "En marcha: 41,2 %, faltan aproximadamente 6 h 32 min" in spanish
    assert "Compruebe que los ids sean de esta cuenta" in spanish


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"driver": None, "rate": 0.0, "eta_s": None}, "Standing still: nobody drives it"),
        ({"state": MigrationState.PAUSED, "eta_s": None}, "Paused: 41.2 % done"),
        ({"state": MigrationState.STOPPED}, "Stopped: too many rows failed"),
        ({"state": MigrationState.CANCELLING}, "Being cancelled"),
        ({"rate": 0.0, "eta_s": None}, "none has ended in the last few seconds"),
    ],
)
def test_every_state_has_its_sentence(change: dict[str, object], said: str) -> None:
    """Each state has its sentence, and the list marks those that need an operator."""
    status = replace(_RUNNING, **change)  # type: ignore[arg-type]
    assert said in _text(migration_view.body(Say("en"), status))
    assert "412,003 of 1,000,000" in _text(list_view.body(Say("en"), [status], base="http://h"))


def test_an_ended_migration_has_no_forms() -> None:
    """An ended migration has no forms; its page shows sums and problems."""
    counts = {RowState.APPLIED: 999_990, RowState.REJECTED: 10}
    status = replace(
        _RUNNING, state=MigrationState.FINISHED, counts=counts, driver=None, finished_at=_NOW
    )
    html = migration_view.body(Say("en"), status)
    assert "<form" not in html
    assert "Finished: 999,990 rows are as the file says, 10 are not" in _text(html)
    assert ">99.9 %" in _text(html) or "&gt;99.9 %" in html


async def test_the_list_and_a_migrations_page(web: httpx.AsyncClient) -> None:
    """Both are HTML with a policy that blocks foreign content; an unknown migration is 404."""
    assert "There is no migration yet" in (await web.get("/migrations")).text
    migration = await _uploaded(web)
    listed = await web.get("/migrations")
    assert f'href="/migrations/{migration}"' in listed.text
    found = await web.get(f"/migrations/{migration}")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "Ready, not started" in found.text
    assert not re.search(r"""(?:src|href)=["']https?:""", found.text)
    missing = await web.get(f"/migrations/{_ID}")
    assert (missing.status_code, "There is no such migration" in missing.text) == (404, True)


async def test_forms_work_without_javascript(web: httpx.AsyncClient) -> None:
    """A limit is set and removed, the rest is cancelled; each form leads back to the page."""
    migration = await _uploaded(web)
    path = f"/migrations/{migration}"
    set_ = await web.post(f"{path}/throttle", data={"rps": "2.5"})
    assert (set_.status_code, set_.headers["location"]) == (303, path)
    assert 'value="2.5"' in (await web.get(path)).text
    assert (await web.post(f"{path}/throttle", data={"rps": ""})).status_code == 303
    wrong = await web.post(f"{path}/throttle", data={"rps": "fast"})
    assert (wrong.status_code, "The limit must be" in wrong.text) == (400, True)
    assert (await web.post(f"{path}/cancel")).status_code == 303
    async with web.stream("GET", f"{path}/events") as events:
        last = [line async for line in events.aiter_lines() if line.startswith("data:")][-1]
    assert '"ended":true' in last
    late = await web.post(f"{path}/pause")
    assert (late.status_code, "That was not possible" in late.text) == (409, True)


async def test_foreign_pages_cannot_control_migrations(web: httpx.AsyncClient) -> None:
    """A form of another site, or of a foreign host name that leads here, changes nothing."""
    path = f"/migrations/{await _uploaded(web)}"
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        forged = await web.post(f"{path}/cancel", headers=headers)
        assert (forged.status_code, "Nothing was done" in forged.text) == (403, True), headers
    rebound = {"origin": "http://evil.example", "host": "evil.example"}  # DNS rebinding
    answer = await web.post(f"{path}/cancel", headers=rebound)
    assert (answer.status_code, "Nothing was done" in answer.text) == (421, True)
    own = {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}
    assert (await web.post(f"{path}/pause", headers=own)).status_code == 303


async def test_with_tokens_users_sign_in(guarded: httpx.AsyncClient) -> None:
    """The form sets a cookie without the token, which scripts cannot read and sign-out ends."""
    asked = await guarded.get("/migrations")
    assert (asked.status_code, 'type="password"' in asked.text) == (401, True)
    login = "/login"
    wrong = await guarded.post(login, data={"token": "guess"})
    assert (wrong.status_code, "is not valid" in wrong.text) == (401, True)
    elsewhere = {"token": _TOKEN, "next": "https://evil.example/"}
    signed = await guarded.post(login, data=elsewhere)
    assert (signed.status_code, signed.headers["location"]) == (303, "/")
    cookie = signed.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert _TOKEN not in cookie
    assert (await guarded.get("/migrations")).status_code == 200
    # The API accepts only bearer tokens.
    value = cookie.partition("=")[2].partition(";")[0]
    api = await guarded.get("/api/migrations", headers={"cookie": f"cards_session={value}"})
    assert api.status_code == 401
    until, _, signature = value.partition(".")
    guarded.cookies.clear()
    for forged in (f"{int(until) + 1}.{signature}", f"{until}.0", "x", f"{until}.{'é' * 9}"):
        headers = {b"cookie": f"cards_session={forged}".encode()}
        assert (await guarded.get("/migrations", headers=headers)).status_code == 401
    out = await guarded.post("/logout", headers={"cookie": f"cards_session={value}"})
    assert "Max-Age=0" in out.headers["set-cookie"]


async def test_a_session_ends_with_its_token(
    guarded: httpx.AsyncClient, redis_url: str, tmp_path: Path
) -> None:
    """A session is invalid once its token is no longer configured."""
    await guarded.post("/login", data={"token": _TOKEN})
    headers = {"cookie": f"cards_session={guarded.cookies['cards_session']}"}
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_API_TOKENS": "another"}
    async with client_of(redis_url, **environ) as other:
        assert (await other.get("/migrations", headers=headers)).status_code == 401


async def test_without_redis_the_page_says_so(tmp_path: Path) -> None:
    """Without Redis the page says so, and that nothing is lost."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of("redis://127.0.0.1:1/0", **environ) as web:
        away = await web.get("/migrations")
        assert (away.status_code, "Redis does not answer" in away.text) == (503, True)
