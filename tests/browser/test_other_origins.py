"""Foreign pages can neither frame our pages nor post forms, read or load anything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browser.other_origin import OtherOrigin
from tests.browser.tab import Tab
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]

_TOKEN = "t0ken-of-a-person"
_ROWS = "userId,default_source\ncus_a1,card_a{}\nkus_a2,card_a2\n"
# The same site on another port, which gets cookies, and another site.
_HOSTS = ("127.0.0.1", "localhost")


@pytest.fixture
def other() -> Iterator[OtherOrigin]:
    """A foreign server."""
    with OtherOrigin() as made:
        yield made


@pytest.fixture
def web(redis_url: str, tmp_path: Path) -> Iterator[WebProcess]:
    """A web process that requires a token, in English."""
    environ = {
        "CARDS_MIGRATIONS_DIR": str(tmp_path / "data"),
        "CARDS_LANGUAGE": "en",
        "CARDS_API_TOKENS": _TOKEN,
    }
    with WebProcess(redis_url, **environ) as made:
        yield made


@pytest.fixture
def open_web(redis_url: str, tmp_path: Path) -> Iterator[WebProcess]:
    """A web process without tokens, which admits everybody on the machine."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path / "open"), "CARDS_LANGUAGE": "en"}
    with WebProcess(redis_url, **environ) as made:
        yield made


def _uploaded(web: WebProcess) -> str:
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    # A different file for each web process: the same file would be the same migration.
    rows = _ROWS.format(web.port).encode()
    answer = httpx.post(f"{web.url}/api/migrations", content=rows, headers=headers, timeout=60)
    migration: str = answer.json()["data"]["migration"]["id"]
    return migration


def _state(web: WebProcess, migration: str) -> str:
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    answer = httpx.get(f"{web.url}/api/migrations/{migration}", headers=headers)
    return "gone" if answer.status_code == 404 else str(answer.json()["data"]["state"])


async def _sign_in(tab: Tab, web: WebProcess) -> None:
    await tab.open(f"{web.url}/migrations")
    await tab.type("#token", _TOKEN)
    await tab.follow("main button")


@pytest.mark.parametrize("host", _HOSTS)
async def test_none_of_our_pages_is_framed(
    tab: Tab, open_web: WebProcess, other: OtherOrigin, host: str
) -> None:
    """No list, migration, report, documentation or data can be framed; a permissive page can."""
    migration = f"/migrations/{await asyncio.to_thread(_uploaded, open_web)}"
    ours = ("/migrations", migration, f"{migration}/report.html", "/docs", "/openapi.json")
    other.pages["/framed"] = "<p>framed"
    for number, path in enumerate(ours):
        other.pages[f"/{number}"] = f"<iframe src='{open_web.url}{path}'></iframe>"
        tab.errors.clear()
        await tab.open(other.url(host, f"/{number}"))
        assert any("frame-ancestors" in error for error in tab.errors), (path, tab.errors)
    other.pages["/own"] = f"<iframe src='{other.url(_HOSTS[0], '/framed')}'></iframe>"
    tab.errors.clear()
    await tab.open(other.url(host, "/own"))
    assert not any("frame" in error for error in tab.errors)


@pytest.mark.parametrize("host", _HOSTS)
async def test_a_foreign_form_controls_nothing(
    tab: Tab, web: WebProcess, open_web: WebProcess, other: OtherOrigin, host: str
) -> None:
    """With a session or without tokens, the form is refused, and the migration continues."""
    await _sign_in(tab, web)
    for one in (web, open_web):
        migration = await asyncio.to_thread(_uploaded, one)
        at = f"/migrations/{migration}"
        before = await asyncio.to_thread(_state, one, migration)
        other.pages["/form"] = (
            f"<form method=post action='{one.url}{at}/discard'><button>x</button>"
        )
        await tab.open(other.url(host, "/form"))
        await tab.follow("button")
        text = await tab.text()
        # No cookie is sent from another site, so the caller is unknown.
        refused = "unauthorized" if host == "localhost" and one is web else "Nothing was done"
        assert refused in text
        assert await asyncio.to_thread(_state, one, migration) == before == "paused"
        # The same form works on our own page, so only its origin is the reason.
        await tab.open(one.url + at)
        await tab.click("#steer summary")
        await tab.follow("form[action$='/discard'] button")
        assert await asyncio.to_thread(_state, one, migration) == "gone"


@pytest.mark.parametrize("host", _HOSTS)
async def test_a_foreign_page_reads_and_loads_nothing(
    tab: Tab, open_web: WebProcess, other: OtherOrigin, host: str
) -> None:
    """It cannot use `fetch`, scripts, styles, images, or a window that it opens."""
    migration = await asyncio.to_thread(_uploaded, open_web)
    api = f"{open_web.url}/api/migrations/{migration}"
    style = (await asyncio.to_thread(httpx.get, f"{open_web.url}/migrations")).text
    asset = open_web.url + style.partition('rel="stylesheet" href="')[2].partition('"')[0]
    other.pages["/reader"] = "<p>reader"
    await tab.open(other.url(host, "/reader"))
    for url in (api, asset, f"{open_web.url}/docs", f"{api}/report.csv"):
        assert await tab.value(f"fetch({url!r}).then(() => 'read', () => 'refused')") == "refused"
        mode = "{mode: 'no-cors'}"
        assert await tab.value(f"fetch({url!r}, {mode}).then(() => 'got', () => 'no')") == "no"
        for element in ("script", "img"):
            loading = f"""new Promise(done => {{
              const one = document.createElement({element!r});
              one.onload = () => done("loaded"); one.onerror = () => done("refused");
              one.src = {url!r}; document.body.append(one); }})"""
            assert await tab.value(loading) == "refused", (element, url)
