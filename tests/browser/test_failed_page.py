"""The pages of failed commands in a real Chromium: list, question, replay."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer import CardCommands, State
from tests.browser.hostile import VALUES
from tests.browser.looks import fits_everywhere
from tests.browser.tab import Tab
from tests.integration.ends import Ends
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def web(redis_url: str, tmp_path: Path) -> Iterator[WebProcess]:
    """A web process without tokens, in English."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path / "data"), "CARDS_LANGUAGE": "en"}
    with WebProcess(redis_url, **environ) as made:
        yield made


def _fail(redis_url: str, ends: Ends, *codes: str) -> list[str]:
    """Create a failed command for each code."""
    ids = []
    with CardCommands(redis_url, sender="shop") as cards:
        for number, code in enumerate(codes):
            ids.append(cards.set_default(customer=f"cus_failed{number}", card="card_1").id)
            ends.fail(ids[-1], code)
    return ids


def _states(redis_url: str, ids: list[str]) -> list[State]:
    with CardCommands(redis_url) as cards:
        return [cards.status(one).state for one in ids]


async def test_it_fits_phone_and_desk_in_light_and_dark(
    redis_url: str, ends: Ends, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """The overview with its buttons, the list, the question and the outcome fit."""
    codes = ("api_error", "lock_timeout", "api_error", "poison")
    await asyncio.to_thread(_fail, redis_url, ends, *codes)
    for name, path in (
        ("overview", "/"),
        ("all", "/failed"),
        ("list", "/failed?code=api_error"),
        ("question", "/failed/replay?command=SetDefaultCard"),
    ):
        await fits_everywhere(tab, web.url + path, tmp_path, name)
    await tab.open(f"{web.url}/failed/replay?code=api_error")
    await tab.follow("main form[method=post] button")
    await tab.screenshot(tmp_path / "outcome.png")
    assert "2 were replayed" in await tab.text()
    assert tab.errors == []


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
async def test_commands_of_a_code_are_replayed(
    redis_url: str, ends: Ends, web: WebProcess, tab: Tab, javascript: bool
) -> None:
    """From `/`: the code's button, the count, the confirmation; other commands stay failed."""
    ids = await asyncio.to_thread(_fail, redis_url, ends, "api_error", "poison", "api_error")
    await tab.javascript(javascript)
    await tab.open(web.url)
    await tab.follow("#failed form[action='/failed/replay'] button")
    assert "2 would be replayed" in await tab.text()
    assert await asyncio.to_thread(_states, redis_url, ids) == [State.FAILED] * 3
    await tab.follow("main form[method=post] button")
    assert "2 were replayed" in await tab.text()
    states = await asyncio.to_thread(_states, redis_url, ids)
    assert states == [State.QUEUED, State.FAILED, State.QUEUED]
    await tab.follow("main a[href='/failed?code=api_error']")
    assert "None matches" in await tab.text()
    assert tab.errors == []


async def test_the_list_is_narrowed_by_its_form(
    redis_url: str, ends: Ends, web: WebProcess, tab: Tab
) -> None:
    """Typed code and customer filter the list, and the button replays those."""
    ids = await asyncio.to_thread(_fail, redis_url, ends, "api_error", "api_error", "rate_limit")
    await tab.open(f"{web.url}/failed")
    await tab.type("#code", "api_error")
    await tab.type("#customer", "cus_failed1")
    await tab.follow(".narrow button")
    shown = await tab.text()
    assert ids[1] in shown
    assert ids[0] not in shown
    await tab.follow("form[action='/failed/replay'] button")
    assert "1 would be replayed" in await tab.text()


@pytest.mark.parametrize("value", VALUES[:8], ids=range(8))
async def test_hostile_values_are_text(
    redis_url: str, ends: Ends, web: WebProcess, tab: Tab, value: str
) -> None:
    """Nothing in a row or a URL runs."""
    ids = await asyncio.to_thread(_fail, redis_url, ends, "api_error")
    planted = {"error": value, "code": value, "sender": value}
    ends.redis.hset(f"cards:command:{ids[0]}", mapping=planted)  # type: ignore[arg-type]
    for path in ("/", "/failed"):
        await tab.open(web.url + path)
        await tab.value("new Promise(done => setTimeout(done))")
    await tab.type("#code", value[:100])
    await tab.follow(".narrow button")
    await tab.value("new Promise(done => setTimeout(done))")
    assert tab.ran == []
    assert tab.violations == []
    assert not [url for url in tab.requests if url.startswith("http://127.0.0.1:1/")]
