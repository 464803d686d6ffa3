"""The page of the API's documentation in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.tab import Tab
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest.fixture
def web(redis_url: str) -> Iterator[WebProcess]:
    """A web process."""
    with WebProcess(redis_url) as process:
        yield process


async def test_the_page_is_complete_and_loads_nothing_else(tab: Tab, web: WebProcess) -> None:
    """The operations are shown from one request and without errors in the console."""
    await tab.open(f"{web.url}/docs")
    await tab.until("document.querySelectorAll('.opblock').length > 5")
    assert "/api/cards/default" in await tab.text()
    assert [url for url in tab.requests if not url.startswith("data:")] == [f"{web.url}/docs"]
    assert tab.errors == []


async def test_an_operation_opens_on_a_click(tab: Tab, web: WebProcess) -> None:
    """A click on an operation shows its parameters and answers."""
    await tab.open(f"{web.url}/docs")
    await tab.until("document.querySelector('.opblock-summary-control')")
    await tab.click(".opblock-summary-control")
    await tab.until("document.querySelector('.opblock.is-open .responses-wrapper')")


async def test_everything_works_under_its_policy(tab: Tab, web: WebProcess, tmp_path: Path) -> None:
    """Opening operations and a schema and trying a request violate no policy."""
    await tab.open(f"{web.url}/docs")
    await tab.until("document.querySelectorAll('.opblock').length > 5")
    for kind in ("post", "get", "delete"):
        await tab.click(f".opblock-{kind} .opblock-summary-control")
        await tab.until(f"document.querySelector('.opblock-{kind}.is-open .responses-wrapper')")
    await tab.click("section.models .json-schema-2020-12-accordion")
    await tab.click(".btn.authorize")
    await tab.until("document.querySelector('.auth-container input')")
    await tab.type(".auth-container input", "t0ken")
    await tab.click(".auth-container .modal-btn.authorize")
    await tab.until("document.querySelector('.authorization__btn.locked, .btn.authorize.locked')")
    await tab.click(".btn-done")
    trying = "#operations-operation-healthz"
    await tab.click(f"{trying} .opblock-summary-control")
    await tab.until(f"document.querySelector('{trying} .try-out__btn')")
    await tab.screenshot(tmp_path / "docs.png")
    await tab.click(f"{trying} .try-out__btn")
    await tab.until(f"document.querySelector('{trying} .execute')")
    await tab.click(f"{trying} .execute")
    await tab.until(f"document.querySelector('{trying} .live-responses-table')")
    assert f"{web.url}/healthz" in tab.requests
    assert await tab.value(f"document.querySelector('{trying} .response-col_status').innerText")
    assert (tab.errors, tab.violations) == ([], [])


async def test_without_javascript_nothing_is_shown(tab: Tab, web: WebProcess) -> None:
    """A tab without scripts runs none, so other tests may rely on that."""
    await tab.javascript(False)
    await tab.open(f"{web.url}/docs")
    assert await tab.value("document.querySelectorAll('.opblock').length") == 0
