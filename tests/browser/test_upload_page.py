"""Uploading a file by the page in a real Chromium, to the end of its migration."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.looks import fits_everywhere
from tests.browser.tab import Tab
from tests.crash.stage import Stage
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]

_PLAN = "#plan section"


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture(scope="module")
def web(stage: Stage) -> Iterator[WebProcess]:
    """A web process of that stage, in English."""
    environ = {
        "CARDS_MIGRATIONS_DIR": str(stage.directory / "upload-data"),
        "CARDS_LANGUAGE": "en",
    }
    with WebProcess(stage.valkey.url, **environ) as made:
        yield made


def _file(stage: Stage, folder: Path, header: str = "userId,default_source") -> Path:
    """A file with thirty valid rows and two invalid ones."""
    customers = [stage.customer("Upload") for _ in range(30)]
    rows = [f"{one},{stage.card(one)}" for one in customers]
    path = folder / "cards.csv"
    path.write_text("\n".join([header, *rows, "kus_1,card_1", "cus_2", ""]), "utf-8")
    return path


def _all(web: WebProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{web.url}/api/migrations").json()["data"]
    return found


def _status(web: WebProcess, url: str) -> dict[str, Any]:
    migration = url.rsplit("/", 1)[1]
    return next(one for one in _all(web) if one["id"] == migration)


def _there(selector: str) -> str:
    return f"!!document.querySelector({selector!r})"


def _says(text: str) -> str:
    return f"document.body?.innerText.includes({text!r})"


async def test_dropped_planned_tried_and_run(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """The plan is shown before anything is sent; then a pilot runs, then the rest."""
    file = await asyncio.to_thread(_file, stage, tmp_path)
    await tab.open(f"{web.url}/migrations")
    await tab.drop("#upload .drop", file)
    await tab.until("document.getElementById('file').files.length == 1")
    await tab.click("#upload form > button")
    await tab.until(_there(_PLAN))
    url = str(await tab.value("location.href"))
    assert await tab.value(_says("line 32, column userId"))
    assert await tab.value(_says("30 SetDefaultCard"))
    status = await asyncio.to_thread(_status, web, url)
    assert (status["state"], status["counts"]["pending"]) == ("paused", 30)
    errors = await asyncio.to_thread(httpx.get, f"{url}/errors.csv", timeout=60)
    assert len(errors.text.splitlines()) == 3
    await tab.type("#rows", "7")
    await tab.follow("form[action$='/pilot'] button")
    await tab.until(_says("Paused:"))
    status = await asyncio.to_thread(_status, web, url)
    assert (status["counts"]["applied"], status["counts"]["pending"]) == (7, 23)
    await tab.follow("form[action$='/resume'] button")
    await tab.until(_says("Finished: 30 rows are as the file says, 2 are not"))
    await tab.click("#planned summary")
    await tab.until("document.querySelector('#planned details').open")
    assert tab.errors == []
    assert tab.violations == []


async def test_a_refused_file_need_not_be_chosen_again(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """The file's columns are offered; the chosen file is still in the form."""
    file = await asyncio.to_thread(_file, stage, tmp_path, "persona,pieza nueva")
    await tab.open(f"{web.url}/migrations")
    await tab.choose("#file", file)
    await tab.click("#upload form > button")
    await tab.until(_there("#upload .notice"))
    assert await tab.value("document.activeElement.matches('.notice')")
    assert await tab.value("document.getElementById('file').files[0].name") == "cards.csv"
    for field, column in (("userId", "persona"), ("default_source", "pieza nueva")):
        await tab.value(f"document.getElementById('map-{field}').value = {column!r}")
    await tab.click("#upload form > button")
    await tab.until(_there(_PLAN))
    assert await tab.value(_says("“persona” is the customer"))
    await tab.click("#steer summary")
    await tab.follow("form[action$='/discard'] button")
    assert await tab.value("location.pathname") == "/migrations"
    # Chromium logs the refusal, which is a page of its own.
    assert [error for error in tab.errors if "400" not in error] == []
    assert tab.violations == []


async def test_it_works_without_javascript(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """The file is refused with its reason, corrected, planned and run; the list does not reload."""
    await tab.javascript(False)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("persona,pieza\ncus_1,card_1\n")
    await tab.open(f"{web.url}/migrations")
    assert not await tab.value(_there("meta[http-equiv=refresh]"))
    await tab.choose("#file", wrong)
    await tab.follow("#upload form > button")
    assert "no column is named like userId" in await tab.text()
    await tab.choose("#file", await asyncio.to_thread(_file, stage, tmp_path))
    await tab.follow("#upload form > button")
    assert "30 SetDefaultCard" in await tab.text()
    url = str(await tab.value("location.href"))
    assert (await asyncio.to_thread(_status, web, url))["state"] == "paused"
    await tab.follow("form[action$='/resume'] button")
    assert (await asyncio.to_thread(_status, web, url))["state"] in ("running", "finished")


async def test_it_fits_phone_and_desk_in_light_and_dark(
    stage: Stage, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """The open form and the plan: nothing is wider than the screen, and all is readable."""
    file = await asyncio.to_thread(_file, stage, tmp_path)
    await tab.open(f"{web.url}/migrations")
    await tab.choose("#file", file)
    await tab.click("#upload form > button")
    await tab.until(_there(_PLAN))
    url = str(await tab.value("location.href"))
    await fits_everywhere(tab, url, tmp_path, "plan")
    await fits_everywhere(tab, f"{web.url}/migrations", tmp_path, "form")
    for width in (390, 1280):
        await tab.view(width)
        await tab.value("document.querySelector('.options').open = true")
        assert await tab.value("document.documentElement.scrollWidth <= innerWidth"), width
        await tab.screenshot(tmp_path / f"options-{width}.png")
    assert tab.errors == []
