"""`Callback-Url`: which URLs are accepted, and what is stored."""

from __future__ import annotations

import logging

import httpx
import pytest
import redis

from producer.journal import Journal
from producer.journal.commands.callbacks import take_callbacks
from producer.journal.redis import keys
from tests.unit.http.web import CARD, DEFAULT, claim_command, client_of, complete_command

_ON = {"CARDS_CALLBACKS": "on", "CARDS_LANGUAGE": "en"}
_URL = "https://shop.example/ended?of=s3cret"
_ASYNC = {"Prefer": "respond-async"}


async def _order(web: httpx.AsyncClient, url: str, **headers: str) -> httpx.Response:
    headers = {**_ASYNC, "Callback-Url": url, **headers}
    return await web.post("/api/cards/default", json=DEFAULT, headers=headers)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/ended",
        "http://shop.example/",
        "ftp://shop.example/",
        "https://",
        "https://user@shop.example/",
        "https://:pass@shop.example/",
        "https://shop.example/#part",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://[::1/",
        "https://shop.example/ a",
        "https://shop.example/" + "x" * 2000,
    ],
)
async def test_an_invalid_url_is_refused(redis_url: str, url: str) -> None:
    """The answer is 400, and no command is accepted."""
    async with client_of(redis_url, **_ON) as web:
        answer = await _order(web, url)
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")
    assert "Callback-Url" in answer.json()["message"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("cards:c*") == []


async def test_other_refusals(redis_url: str) -> None:
    """Refused if callbacks are off, if the URL contains a card number, or if there are two."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as web:
        off = await _order(web, _URL)
        assert (off.status_code, off.json()["code"]) == (400, "parameter_invalid")
        assert "CARDS_CALLBACKS" in off.json()["message"]
        assert (await _order(web, f"https://a.example/{CARD}")).json()["code"] == (
            "card_number_refused"
        )
    async with client_of(redis_url, **_ON) as web:
        twice = [("Callback-Url", _URL), ("Callback-Url", _URL)]
        answer = await web.post("/api/cards/default", json=DEFAULT, headers=twice)
        assert answer.status_code == 400


async def test_plain_http_is_allowed_with_private_addresses(redis_url: str) -> None:
    """The setting for private networks also allows plain HTTP."""
    async with client_of(redis_url, **_ON, CARDS_CALLBACK_ALLOW_PRIVATE="yes") as web:
        assert (await _order(web, "http://10.0.0.1:8080/ended")).status_code == 202


async def test_the_end_of_a_command_schedules_its_callback(
    redis_url: str, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    """The script that completes the command schedules the callback; no log contains its URL."""
    caplog.set_level(logging.DEBUG)
    async with client_of(redis_url, **_ON) as web:
        command = (await _order(web, _URL)).json()["data"]["taskId"]
    assert await journal(take_callbacks(10, 60_000)) == []
    await complete_command(journal, await claim_command(journal, command))
    (due,) = await journal(take_callbacks(10, 60_000))
    assert (due.command_id, due.url) == (command, _URL)
    assert "s3cret" not in repr(due)
    assert "s3cret" not in caplog.text


async def test_a_repeated_request_keeps_the_first_url(redis_url: str, journal: Journal) -> None:
    """Of requests with one idempotency key the first one's URL counts; the others' are removed."""
    async with client_of(redis_url, **_ON) as web:
        key = {"Idempotency-Key": "k1"}
        first = (await _order(web, _URL, **key)).json()["data"]["taskId"]
        again = await _order(web, "https://other.example/", **key)
        assert again.json()["data"]["taskId"] == first
        waited = await _order(web, "https://other.example/", **key, Prefer="wait=1")
        assert waited.json()["data"]["taskId"] == first
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.keys("cards:callback:*") == [keys.callback(first)]
        assert client.get(keys.callback(first)) == _URL
