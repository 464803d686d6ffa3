"""The pages of migrations in a real Chromium, with a web process, a worker and the sandbox."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.looks import fits_everywhere
from tests.browser.tab import Tab
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]

_TOKEN = "t0ken-of-a-person"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture(scope="module")
def web(stage: Stage) -> Iterator[WebProcess]:
    """A web process of that stage, in English."""
    environ = {
        "CARDS_MIGRATIONS_DIR": str(stage.directory / "web-data"),
        "CARDS_LANGUAGE": "en",
    }
    with WebProcess(stage.valkey.url, **environ) as made:
        yield made


def _uploaded(stage: Stage, web: WebProcess, rows: int = 60, **parameters: Any) -> str:
    """Upload a migration with so many customers and one row that Stripe refuses; return its id."""
    customers = [stage.customer("Page") for _ in range(rows - 1)]
    lines = [f"{one},{stage.card(one)}" for one in customers]
    lines.insert(0, f"{stage.customer('Page')},card_nobody{next(_numbers)}")
    content = "\n".join(["userId,default_source", *lines, ""]).encode()
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    params = {"name": "cards.csv", **named}
    answer = httpx.post(f"{web.url}/api/migrations", params=params, content=content, timeout=60)
    migration: str = answer.json()["data"]["migration"]["id"]
    return migration


def _status(web: WebProcess, migration: str) -> dict[str, Any]:
    status: dict[str, Any] = httpx.get(f"{web.url}/api/migrations/{migration}").json()["data"]
    return status


def _begun(web: WebProcess, migration: str) -> bool:
    return bool(_status(web, migration)["counts"]["pending"] < 60)


async def _part(tab: Tab, selector: str) -> str:
    return str(await tab.value(f"document.querySelector({selector!r}).innerText"))


def _says(text: str) -> str:
    return f"document.body?.innerText.includes({text!r})"


async def test_live_progress_pause_limit_and_resume(
    stage: Stage, web: WebProcess, tab: Tab
) -> None:
    """A migration is started, watched without reloads, paused, unthrottled, and finished."""
    migration = await asyncio.to_thread(_uploaded, stage, web, rps="2")
    await tab.view(1280)
    await tab.open(f"{web.url}/migrations/{migration}")
    assert "Ready, not started" in await _part(tab, "#now")
    await tab.follow("form[action$='/resume'] button")
    await tab.until(_says("Running:"))
    await tab.value("window.stayed = true")
    before = await _part(tab, ".facts")
    await tab.until(f"document.querySelector('.facts').innerText != {before!r}")
    await tab.until(_says("resource_missing"))
    await tab.until("document.getElementById('say').textContent.startsWith('running')")
    assert await tab.value("window.stayed")
    await tab.follow("form[action$='/pause'] button")
    await tab.until(_says("Paused:"))
    assert (await asyncio.to_thread(_status, web, migration))["state"] == "paused"
    await tab.type("#rps", "")
    await tab.follow("form[action$='/throttle'] button")
    await tab.until(_says("no limit of its own"))
    await tab.follow("form[action$='/resume'] button")
    await tab.until(_says("Finished: 59 rows are as the file says, 1 are not"))
    assert await tab.value("document.title.startsWith('100 %')")
    status = await asyncio.to_thread(_status, web, migration)
    assert (status["state"], sum(status["counts"].values())) == ("finished", 60)
    assert tab.errors == []


async def test_cancelling_needs_a_confirmation(stage: Stage, web: WebProcess, tab: Tab) -> None:
    """The button is behind an explanation, which stays open during live updates."""
    migration = await asyncio.to_thread(_uploaded, stage, web, rps="1", run="true")
    await tab.view(390)
    await tab.open(f"{web.url}/migrations/{migration}")
    await tab.click("details summary")
    before = await _part(tab, ".facts")
    await tab.until(f"document.querySelector('.facts').innerText != {before!r}")
    assert await tab.value("document.querySelector('details').open")
    await tab.follow("form[action$='/cancel'] button")
    await tab.until(_says("rows were not sent"))
    status = await asyncio.to_thread(_status, web, migration)
    assert (status["state"], sum(status["counts"].values())) == ("cancelled", 60)
    assert status["counts"]["cancelled"] > 0
    assert tab.errors == []


async def test_pages_work_without_javascript(stage: Stage, web: WebProcess, tab: Tab) -> None:
    """Without JavaScript the list leads to a complete page, which reloads itself and has forms."""
    migration = await asyncio.to_thread(_uploaded, stage, web, rps="1")
    await tab.javascript(False)
    await tab.open(f"{web.url}/migrations")
    await tab.follow(f"a[href='/migrations/{migration}']")
    assert "Ready, not started" in await _part(tab, "#now")
    assert "reloads itself" in await _part(tab, "footer")
    assert await tab.value("document.querySelector('meta[http-equiv=refresh]').content") == "10"
    await tab.follow("form[action$='/resume'] button")
    await asyncio.to_thread(wait_until, lambda: _begun(web, migration), "a row that was sent")
    await tab.follow("form[action$='/pause'] button")
    assert (await asyncio.to_thread(_status, web, migration))["state"] == "paused"
    await tab.click("details summary")
    await tab.follow("form[action$='/cancel'] button")
    assert "ancelled" in await _part(tab, "#now")


async def test_it_fits_phone_and_desk_in_light_and_dark(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """Nothing is wider than the screen; the contrast of text is at least 4.5 to 1 (WCAG 2.2)."""
    migration = await asyncio.to_thread(_uploaded, stage, web)
    for path in ("/migrations", f"/migrations/{migration}"):
        await fits_everywhere(tab, web.url + path, tmp_path, f"{path.count('/')}")
    assert tab.errors == []


async def test_signing_in(stage: Stage, tab: Tab) -> None:
    """With tokens a form asks for one; scripts cannot read its cookie."""
    environ = {
        "CARDS_MIGRATIONS_DIR": str(stage.directory / "other-data"),
        "CARDS_LANGUAGE": "en",
        "CARDS_API_TOKENS": _TOKEN,
    }
    with WebProcess(stage.valkey.url, **environ) as web:
        await tab.open(f"{web.url}/migrations")
        await tab.type("#token", _TOKEN)
        await tab.follow("main button")
        await tab.until(_says("Sign out"))
        assert await tab.value("document.cookie") == ""
        assert _TOKEN not in await tab.value("location.href")
        await tab.follow("nav button")
        await tab.until(_says("Access token"))
