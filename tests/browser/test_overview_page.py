"""The overview and its pages in a real Chromium: problems, hostile values, sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer import CardCommands, Lane
from producer.contract import Envelope
from producer.journal import Retry, complete, pause_lane, resume_lane
from tests.browser.hostile import VALUES
from tests.browser.looks import fits_everywhere
from tests.browser.tab import Tab
from tests.integration.ends import Ends
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.browser]

_TOKEN = "t0ken-of-a-person"
_CUSTOMER = "cus_QRs9eKZ4xUzN2TP9"


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url, sender="shop") as client:
        yield client


@pytest.fixture
def web(redis_url: str, tmp_path: Path) -> Iterator[WebProcess]:
    """A web process without tokens, in English."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path / "data"), "CARDS_LANGUAGE": "en"}
    with WebProcess(redis_url, **environ) as made:
        yield made


def _says(text: str) -> str:
    return f"document.body?.innerText.includes({text!r})"


def _troubles(cards: CardCommands, ends: Ends) -> tuple[str, str]:
    """Create ended and unended commands of each kind; return an unknown and a failed one."""
    done = cards.set_default(customer=_CUSTOMER, card="card_1QRs9eKZ4xUzN2TPabcdefgh").id
    ends.end(done)
    ends.end(cards.assign(customer=_CUSTOMER, source="tok_1").id)
    ends.end(
        cards.assign(customer="cus_no", source="tok_2").id,
        Envelope.no("card_declined", "Your card was declined."),
    )
    failed = ""
    for number, code in enumerate(("api_error", "api_error", "poison")):
        failed = cards.set_default(customer=f"cus_failed{number}", card="card_1").id
        ends.fail(failed, code)
    doubted = cards.set_default(customer=_CUSTOMER, card="card_2QRs9eKZ4xUzN2TPabcdefgh").id
    again = Retry(60_000, True, "timeout", "no answer came in time")
    ends.journal(complete(ends.take(doubted), again, next_holder="", lease_ms=60_000))
    cards.set_default(customer=_CUSTOMER, card="card_3QRs9eKZ4xUzN2TPabcdefgh")
    ends.journal(pause_lane(Lane.BULK, "the bank asked us to wait until Monday"))
    return doubted, failed


async def test_it_fits_phone_and_desk_in_light_and_dark(
    cards: CardCommands, ends: Ends, web: WebProcess, tab: Tab, tmp_path: Path
) -> None:
    """Each page fits, with problems of every kind on it."""
    doubted, failed = await asyncio.to_thread(_troubles, cards, ends)
    for name, path in (
        ("overview", "/"),
        ("doubted", f"/commands/{doubted}"),
        ("failed", f"/commands/{failed}"),
        ("customer", f"/customers/{_CUSTOMER}"),
    ):
        await fits_everywhere(tab, web.url + path, tmp_path, name)
    assert tab.errors == []


async def test_changes_appear_without_a_reload(
    cards: CardCommands, ends: Ends, web: WebProcess, tab: Tab
) -> None:
    """A pause, its end and a failed command appear on the open page; then on the command's page."""
    await tab.open(web.url)
    await tab.value("window.stayed = true")
    await asyncio.to_thread(ends.journal, pause_lane(Lane.BULK, "a test"))
    await tab.until(_says("A person paused the lane bulk"))
    await asyncio.to_thread(ends.journal, resume_lane(Lane.BULK))
    await tab.until(f"!{_says('A person paused')}")
    sent = await asyncio.to_thread(cards.set_default, customer="cus_1", card="card_1")
    await asyncio.to_thread(ends.fail, sent.id, "lock_timeout")
    await tab.until(_says("cards failed replay --filter code=lock_timeout"))
    assert await tab.value("window.stayed")
    await tab.follow(f"a[href='/commands/{sent.id}']")
    assert "failed" in await tab.text()
    await tab.follow("a[href='/customers/cus_1']")
    assert "Stripe could not be asked: no_worker" in await tab.text()
    assert tab.errors == []


async def test_a_command_is_followed_to_its_end(
    cards: CardCommands, ends: Ends, web: WebProcess, tab: Tab
) -> None:
    """A command is found by its id, and its page follows it from waiting to the end."""
    sent = await asyncio.to_thread(cards.set_default, customer="cus_1", card="card_1")
    await tab.open(web.url)
    await tab.type("#id", sent.id)
    await tab.follow("form[action='/find'] button")
    assert "a free worker, within the limit" in await tab.text()
    await asyncio.to_thread(ends.end, sent.id)
    await tab.until(_says("succeeded"))
    await tab.until("document.getElementById('result').innerText.includes('cardId')")
    assert tab.errors == []


@pytest.mark.parametrize("value", VALUES[:8], ids=range(8))
async def test_hostile_values_are_text(
    cards: CardCommands, ends: Ends, web: WebProcess, tab: Tab, value: str
) -> None:
    """Nothing in a row, a result or a reason runs on any page."""

    def planted() -> str:
        ends.journal(pause_lane(Lane.BULK, value))
        failed = cards.set_default(customer="cus_1", card="card_1").id
        ends.fail(failed)
        ended = cards.set_default(customer="cus_1", card="card_1").id
        ends.end(ended, Envelope.no(value, value))
        for one in (failed, ended):
            row: dict[Any, Any] = {
                "card": value,
                "sender": value,
                "error": value,
                "code": value,
                "by": value,
            }
            ends.redis.hset(f"cards:command:{one}", mapping=row)
        ends.redis.hset("cards:stop", mapping={"code": value, "message": value, "since": 1})
        return ended

    command = await asyncio.to_thread(planted)
    for path in ("/", f"/commands/{command}", "/customers/cus_1"):
        await tab.open(web.url + path)
        await tab.value("new Promise(done => setTimeout(done))")
    assert tab.ran == []
    assert tab.violations == []
    assert not [url for url in tab.requests if "evil" in url]


async def test_sign_in_leads_to_the_requested_page(
    redis_url: str, cards: CardCommands, ends: Ends, tab: Tab, tmp_path: Path
) -> None:
    """One session serves all pages but not the API, and scripts cannot read its cookie."""
    environ = {
        "CARDS_MIGRATIONS_DIR": str(tmp_path / "other"),
        "CARDS_LANGUAGE": "en",
        "CARDS_API_TOKENS": f"ana:read:{_TOKEN}",
    }
    sent = await asyncio.to_thread(cards.set_default, customer="cus_1", card="card_1")
    with WebProcess(redis_url, **environ) as web:
        await tab.open(f"{web.url}/commands/{sent.id}")
        await tab.type("#token", _TOKEN)
        await tab.follow("main button")
        assert sent.id in await tab.text()
        assert await tab.value("document.cookie") == ""
        for path in ("/", "/migrations", "/customers/cus_1"):
            await tab.open(web.url + path)
            assert "Sign out" in await tab.text()
        refused = await tab.value("fetch('/api/overview').then(answer => answer.status)")
        assert refused == 401
        assert (await asyncio.to_thread(httpx.get, f"{web.url}/")).status_code == 401
        await tab.follow("nav button")
        await tab.until(_says("Access token"))
