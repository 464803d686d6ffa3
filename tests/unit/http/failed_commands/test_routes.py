"""`/api/failed`: listing failed commands by filter, and counting and replaying them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from producer import CardCommands, State
from producer.http.failed_commands import listing, scan
from producer.http.failed_commands import replay as replaying
from producer.journal import Journal
from producer.journal.operations.failed_commands import failed_after
from producer.security.command_signatures import Signing
from tests.integration.ends import Ends
from tests.unit.http.web import CARD, client_of

KEYS = "a-key-of-thirty-two-characters-00"


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url, sender="shop") as made:
        yield made


@pytest.fixture
async def web(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in English."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as made:
        yield made


def _fail(cards: CardCommands, ends: Ends, *codes: str) -> list[str]:
    """Create a failed command of its own customer for each code; return the ids."""
    ids = []
    for number, code in enumerate(codes):
        ids.append(cards.set_default(customer=f"cus_{number}", card="card_1").id)
        ends.fail(ids[-1], code)
    return ids


async def _listed(web: httpx.AsyncClient, query: str = "") -> tuple[list[str], str | None]:
    answer = await web.get(f"/api/failed{query}")
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    return [one["taskId"] for one in data["failed"]], data["next"]


async def _replay(web: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await web.post("/api/failed/replay", json=fields)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_failed_commands_are_listed_oldest_first(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """Each has the contract's fields, the last error and the sender, but no token."""
    token = cards.assign(customer="cus_a", source="tok_1QRs9eKZ4xUzN2TP9vQqWXYZ").id
    ends.fail(token, "rate_limit")
    (other,) = _fail(cards, ends, "api_error")
    answer = (await web.get("/api/failed")).json()
    first, second = answer["data"]["failed"]
    assert (first["taskId"], second["taskId"]) == (token, other)
    assert first["source"] == "tok_***"
    assert {name: second[name] for name in ("userId", "default_source", "sender", "error")} == {
        "userId": "cus_0",
        "default_source": "card_1",
        "sender": "shop",
        "error": "gave up",
    }
    assert answer["data"]["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?code=api_error", [0, 2]),
        ("?code=rate_limit&customer=cus_1", [1]),
        ("?code=rate_limit&customer=cus_0", []),
        ("?command=SetDefaultCard", [0, 1, 2]),
        ("?command=AssignCard", []),
    ],
)
async def test_a_filter_narrows_the_list(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends, query: str, expected: list[int]
) -> None:
    """A filter selects the commands that match all its parts."""
    ids = _fail(cards, ends, "api_error", "rate_limit", "api_error")
    assert await _listed(web, query) == ([ids[at] for at in expected], None)


async def test_pages_together_are_the_list(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages list each command once, in order, even if several failed in one millisecond."""
    ids = _fail(cards, ends, *["api_error", "other"] * 5)
    for one in ids[2:7]:
        ends.redis.zadd("cards:failed", {one: 1_795_857_140_123})
    wanted = [str(one) for one in ends.redis.zrange("cards:failed", 0, -1)]
    monkeypatch.setattr(scan, "_BATCH", 2)
    for limit in (1, 3, 10, 100):
        seen: list[str] = []
        after = ""
        while True:
            page, next_ = await _listed(web, f"?limit={limit}{after}")
            assert len(page) <= limit
            seen += page
            if next_ is None:
                break
            after = f"&after={next_}"
        assert seen == wanted


async def test_a_page_reads_a_limited_number(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If few match, a page may be empty and still says where to continue."""
    ids = _fail(cards, ends, "api_error", "api_error", "rate_limit")
    monkeypatch.setattr(listing, "MAX_SCANNED", 2)
    monkeypatch.setattr(scan, "_BATCH", 2)
    page, next_ = await _listed(web, "?code=rate_limit")
    assert page == []
    assert await _listed(web, f"?code=rate_limit&after={next_}") == ([ids[2]], None)


async def test_a_dry_run_counts_and_changes_nothing(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """A dry run counts what would be replayed or left out; all commands stay failed."""
    ids = _fail(cards, ends, "api_error", "poison", "api_error", "rate_limit")
    told = await _replay(web, command="SetDefaultCard", dryRun=True)
    assert told == {
        "dryRun": True,
        "matching": 3,
        "replayed": {},
        "leftOut": {"poison": 1},
        "next": None,
    }
    assert {cards.status(one).state for one in ids} == {State.FAILED}


async def test_matching_commands_are_replayed(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    """They keep their ids, and overtaken ones are `superseded`; the log names caller and filter."""
    caplog.set_level(logging.INFO, "producer.http.failed_commands")
    ids = _fail(cards, ends, "api_error", "rate_limit", "api_error")
    ends.end(cards.set_default(customer="cus_2", card="card_2").id)
    told = await _replay(web, code="api_error")
    assert (told["matching"], told["replayed"]) == (2, {"queued": 1, "superseded": 1})
    states = [cards.status(one).state for one in ids]
    assert states == [State.QUEUED, State.FAILED, State.SUPERSEDED]
    assert (await _replay(web, code="api_error"))["matching"] == 0
    said = [one for one in caplog.messages if one.startswith("failed commands")]
    assert said == [
        "failed commands: replay code=api_error by -: 1 queued, 1 superseded",
        "failed commands: replay code=api_error by -: none",
    ]


async def test_poison_is_replayed_only_on_request(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """Poison is left out without `poison`, even if the filter names its code."""
    (one,) = _fail(cards, ends, "poison")
    told = await _replay(web, code="poison")
    assert (told["matching"], told["leftOut"]) == (0, {"poison": 1})
    assert cards.status(one).state is State.FAILED
    assert (await _replay(web, code="poison", poison=True))["replayed"] == {"queued": 1}


async def test_one_request_replays_a_limited_number(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Following `next` replays all, past those that are left out."""
    ids = _fail(cards, ends, "poison", "poison", "api_error", "api_error", "api_error")
    monkeypatch.setattr(replaying, "MAX_SCANNED", 2)
    monkeypatch.setattr(scan, "_BATCH", 2)
    seen: list[int] = []
    after: dict[str, str] = {}
    while True:
        told = await _replay(web, command="SetDefaultCard", limit=1, **after)
        seen.append(told["matching"])
        if told["next"] is None:
            break
        after = {"after": told["next"]}
    assert seen == [0, 1, 1, 1]
    assert {cards.status(one).state for one in ids[2:]} == {State.QUEUED}


async def test_commands_with_bad_signatures_are_left_out(redis_url: str, ends: Ends) -> None:
    """A tampered row is not signed again, and is counted by reason."""
    signing = Signing.of(KEYS)
    with CardCommands(redis_url, signing=signing) as signed:
        ids = _fail(signed, ends, "api_error", "api_error")
    ends.redis.hset(f"cards:command:{ids[0]}", "card", "card_forged")
    async with client_of(redis_url, CARDS_SIGNING_KEYS=KEYS) as web:
        told = await _replay(web, code="api_error")
    assert (told["replayed"], told["leftOut"]) == (
        {"queued": 1},
        {"poison": 0, "signature_invalid": 1},
    )


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({}, "parameter_missing", "empty filter"),
        ({"dryRun": True, "poison": True}, "parameter_missing", "empty filter"),
        ({"colour": "x"}, "parameter_invalid", "colour"),
        ({"code": ""}, "parameter_invalid", "code"),
        ({"code": 5}, "parameter_invalid", "code"),
        ({"code": "x" * 101}, "parameter_invalid", "code"),
        ({"command": "Delete"}, "parameter_invalid", "command"),
        ({"customer": "card_1"}, "parameter_invalid", "userId"),
        ({"code": "x", "limit": 501}, "parameter_invalid", "limit"),
        ({"code": "x", "limit": True}, "parameter_invalid", "limit"),
        ({"code": "x", "poison": "yes"}, "parameter_invalid", "poison"),
        ({"code": "x", "after": "???"}, "parameter_invalid", "after"),
        ({"code": CARD}, "card_number_refused", "code"),
    ],
)
async def test_wrong_requests_are_refused(
    web: httpx.AsyncClient, fields: dict[str, Any], code: str, said: str
) -> None:
    """The answer is 400 and names the field but never its value; nothing is replayed."""
    answer = await web.post("/api/failed/replay", json=fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert said in answer.json()["message"]
    assert CARD not in answer.text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=x", "parameter_invalid"),
        ("code=a&code=b", "parameter_invalid"),
        ("limit=0", "parameter_invalid"),
        ("limit=101", "parameter_invalid"),
        ("limit=ten", "parameter_invalid"),
        ("after=%00", "parameter_invalid"),
        (f"code={CARD}", "card_number_refused"),
    ],
)
async def test_wrong_lists_are_refused(web: httpx.AsyncClient, query: str, code: str) -> None:
    """A wrong query is 400 too."""
    answer = await web.get(f"/api/failed?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert CARD not in answer.text


async def test_a_damaged_row_hides_no_other(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """The damaged row is neither listed nor replayed."""
    ids = _fail(cards, ends, "api_error", "api_error")
    ends.redis.hset(f"cards:command:{ids[0]}", "kind", "Nonsense")
    assert await _listed(web) == ([ids[1]], None)
    assert (await _replay(web, code="api_error"))["replayed"] == {"queued": 1}


async def test_simultaneous_replays_replay_each_once(
    web: httpx.AsyncClient, journal: Journal, cards: CardCommands, ends: Ends
) -> None:
    """Each command has one Celery message, whichever replay was first."""
    ids = _fail(cards, ends, *["api_error"] * 20)
    before = ends.redis.llen("interactive")
    await asyncio.gather(*(_replay(web, code="api_error") for _ in range(3)))
    assert ends.redis.llen("interactive") == before + 20
    assert (await journal(failed_after(None, 100))).places == []
    assert {cards.status(one).state for one in ids} == {State.QUEUED}
