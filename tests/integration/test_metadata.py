"""Tags of a command, from whoever sends it to whoever looks at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from producer import (
    AsyncCardCommands,
    CardCommands,
    CardNumberRefused,
    IdempotencyKeyReused,
    ParameterInvalid,
    SetDefaultCard,
    State,
)
from producer.cli.app import run
from producer.client.sending import Item
from producer.security.command_signatures import Signing
from tests.integration.ends import Ends
from tests.unit.http.web import ASSIGN, DEFAULT, client_of

pytestmark = pytest.mark.integration

TAGS = {"batch": "2026-11", "who": "José, ops"}
HEADER = {"Metadata": "batch=2026-11, who=Jos%C3%A9%2C ops", "Prefer": "respond-async"}
KEYS = "a-key-of-thirty-two-characters-00"


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def cards(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CardCommands]:
    """A client; the command line finds the same Redis."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CARDS_LANGUAGE", "en")
    with CardCommands(redis_url) as made:
        yield made


def _order(number: int = 0) -> SetDefaultCard:
    return SetDefaultCard(customer=f"cus_{number}", card="card_1")


def test_the_status_tells_the_tags_and_nothing_where_there_are_none(cards: CardCommands) -> None:
    """Of each way of sending; the view of others is as it was."""
    for sent in (
        cards.send(_order(), metadata=TAGS),
        cards.assign(customer="cus_1", source="tok_1", metadata=TAGS),
        cards.set_default(customer="cus_1", card="card_1", metadata=TAGS),
    ):
        assert sent.status().metadata == TAGS
        assert sent.status().wire()["metadata"] == TAGS
    assert "metadata" not in cards.send(_order()).status().wire()


def test_each_of_many_has_its_own(cards: CardCommands, ends: Ends) -> None:
    """Those that share a message, too; one that is refused stops no other."""
    items: list[Item] = [
        (_order(0), "key-0", TAGS),
        (_order(1), None, {"batch": "b"}),
        (_order(2), "key-2"),
        _order(3),
        (_order(4), None, {"BulkMessage": "b"}),
    ]
    refused: list[Any] = []
    handles = list(cards.send_many(items, on_refused=lambda *why: refused.append(why)))
    assert [one.status().metadata for one in handles] == [TAGS, {"batch": "b"}, {}, {}]
    ((item, why),) = refused
    assert item == items[4]
    assert isinstance(why, ParameterInvalid)
    rows = [ends.row(one.id) for one in handles]
    assert ["metadata" in row for row in rows] == [True, True, False, False]
    assert all(row["batch"] == "1" for row in rows)


async def test_the_async_client_sends_them_too(redis_url: str) -> None:
    """One, and many."""
    async with AsyncCardCommands(redis_url) as cards:
        sent = await cards.set_default(customer="cus_1", card="card_1", metadata=TAGS)
        assert (await sent.status()).metadata == TAGS
        async for one in cards.send_many([(_order(), None, TAGS)]):
            assert (await one.status()).metadata == TAGS


def test_a_key_is_used_with_one_set_of_tags(cards: CardCommands) -> None:
    """As Stripe does: the same parameters are the same command, others are refused."""
    first = cards.send(_order(), idempotency_key="k", metadata=TAGS)
    again = cards.send(_order(), idempotency_key="k", metadata=dict(reversed(TAGS.items())))
    assert (again.id, again.known) == (first.id, True)
    for other in ({"batch": "other"}, {}, None):
        with pytest.raises(IdempotencyKeyReused):
            cards.send(_order(), idempotency_key="k", metadata=other)
    plain = cards.send(_order(1), idempotency_key="plain")
    assert cards.send(_order(1), idempotency_key="plain", metadata={}).id == plain.id


def test_secrets_are_not_accepted(cards: CardCommands, ends: Ends) -> None:
    """Nothing of them reaches Redis."""
    before = ends.redis.dbsize()
    with pytest.raises(CardNumberRefused, match=r"metadata\.note"):
        cards.send(_order(), metadata={"note": "4242 4242 4242 4242"})
    with pytest.raises(ParameterInvalid, match=r"metadata\.note"):
        cards.send(_order(), metadata={"note": "sk_live_abcdefgh"})
    assert ends.redis.dbsize() == before


def test_a_replay_keeps_them(redis_url: str, ends: Ends) -> None:
    """Signed or not: tags are not signed, since they change nothing that is done."""
    for number, signing in enumerate((Signing.of(KEYS), Signing())):
        with CardCommands(redis_url, signing=signing) as cards:
            sent = cards.send(_order(number), metadata=TAGS)
            ends.fail(sent.id)
            assert cards.failed_command(sent.id).metadata == TAGS
            ends.redis.hset(f"cards:command:{sent.id}", "metadata", '{"batch":"other"}')
            assert cards.replay(sent.id) is State.QUEUED
            assert sent.status().metadata == {"batch": "other"}


async def test_over_http(redis_url: str, ends: Ends) -> None:
    """By a header; in the status, in what is told of the command, and in the failed list."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as web:
        sent = await web.post("/api/cards/default", json=DEFAULT, headers=HEADER)
        assert sent.status_code == 202, sent.text
        command = sent.json()["data"]["taskId"]
        assert (await web.get(f"/api/tasks/{command}")).json()["data"]["metadata"] == TAGS
        told = (await web.get(f"/api/commands/{command}")).json()["data"]
        assert told["metadata"] == TAGS
        assert "who=José, ops" in (await web.get(f"/commands/{command}")).text
        ends.fail(command)
        plain = await web.post(
            "/api/cards/assign", json=ASSIGN, headers={"Prefer": "respond-async"}
        )
        ends.fail(plain.json()["data"]["taskId"])
        for query, found in (
            ("?tag.batch=2026-11", [command]),
            ("?tag.batch=2026-11&tag.who=José, ops", [command]),
            ("?tag.batch=2026-12", []),
            ("?code=api_error&tag.batch=2026-11", [command]),
        ):
            listed = (await web.get(f"/api/failed{query}")).json()["data"]["failed"]
            assert [one["taskId"] for one in listed] == found, query
        assert listed[0]["metadata"] == TAGS
        replay = {"tag.batch": "2026-11"}
        counted = await web.post("/api/failed/replay", json={**replay, "dryRun": True})
        assert counted.json()["data"]["matching"] == 1
        replayed = await web.post("/api/failed/replay", json=replay)
        assert replayed.json()["data"]["replayed"] == {"queued": 1}


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        ("batch", "parameter_invalid", "Metadata"),
        ("4242424242424242", "card_number_refused", "Metadata"),
        ("note=4242424242424242", "card_number_refused", "Metadata.note"),
        ("note=%34242424242424242", "card_number_refused", "Metadata.note"),
        ("note=sk_live_abcdefgh", "parameter_invalid", "Metadata.note"),
    ],
)
async def test_wrong_headers_are_refused(redis_url: str, value: str, code: str, said: str) -> None:
    """400, naming the tag; a field of the body is unknown, as before."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as web:
        refused = await web.post("/api/cards/default", json=DEFAULT, headers={"Metadata": value})
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert said in refused.json()["message"]
        assert "424242" not in refused.text
        body = await web.post("/api/cards/default", json={**DEFAULT, "metadata": {"a": "b"}})
        assert (body.status_code, body.json()["code"]) == (400, "parameter_invalid")


async def test_the_key_and_the_header_belong_together(redis_url: str) -> None:
    """The same key with other metadata is 422."""
    async with client_of(redis_url) as web:
        headers = {**HEADER, "Idempotency-Key": "k"}
        first = await web.post("/api/cards/default", json=DEFAULT, headers=headers)
        again = await web.post("/api/cards/default", json=DEFAULT, headers=headers)
        assert first.json()["data"]["taskId"] == again.json()["data"]["taskId"]
        other = {**headers, "Metadata": "batch=other"}
        refused = await web.post("/api/cards/default", json=DEFAULT, headers=other)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_on_the_page(redis_url: str, ends: Ends) -> None:
    """A tag narrows the list, the question and the replay."""
    with CardCommands(redis_url) as cards:
        ids = [
            cards.send(_order(number), metadata=tags).id
            for number, tags in enumerate((TAGS, {"batch": "b"}))
        ]
        for one in ids:
            ends.fail(one)
        async with client_of(redis_url, CARDS_LANGUAGE="en") as web:
            shown = await web.get("/failed", params={"tag": "batch=2026-11, who=José%2C ops"})
            assert ids[0] in shown.text
            assert ids[1] not in shown.text
            assert 'name="tag.who" value="José, ops"' in shown.text
            assert 'value="batch=2026-11, who=José%2C ops"' in shown.text
            fields = {"tag.batch": "2026-11", "tag.who": "José, ops"}
            question = await web.get("/failed/replay", params=fields)
            assert "1 would be replayed" in question.text
            await web.post("/failed/replay", data=fields)
        assert [cards.status(one).state for one in ids] == [State.QUEUED, State.FAILED]


def test_on_the_command_line(
    cards: CardCommands, ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sent with `--tag`, shown by `status` and `failed`, filtered by, and exported."""
    send = "send set-default cus_1 card_1 --wait 0 --json --tag batch=2026-11 --tag run=nightly"
    assert run(send.split()) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["metadata"] == {"batch": "2026-11", "run": "nightly"}
    command = told["taskId"]
    run(["status", command])
    assert "batch=2026-11, run=nightly" in capsys.readouterr().out
    run(["export", command])
    assert json.loads(json.loads(capsys.readouterr().out)["row"]["metadata"]) == told["metadata"]
    ends.fail(command)
    ends.fail(cards.send(_order()).id)
    run(["failed", "show", command])
    assert "batch=2026-11, run=nightly" in capsys.readouterr().out
    run(["failed", "list", "--filter", "tag.batch=2026-11"])
    assert "api_error  batch=2026-11, run=nightly" in capsys.readouterr().out
    for filters, count in (("tag.batch=2026-11", 1), ("tag.batch=x", 0), ("code=api_error", 2)):
        run(["failed", "list", "--json", "--filter", filters])
        assert len(capsys.readouterr().out.splitlines()) == count
    assert run(["failed", "replay", "--yes", "--json", "--filter", "tag.run=nightly"]) == 0
    assert json.loads(capsys.readouterr().out) == {"queued": 1}


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("batch", "NAME=VALUE"),
        ("Batch=x", "metadata is not valid"),
        ("note=tok_1QRs9eKZ4xUzN2TP9vQqWXYZ", "metadata.note looks like a token"),
    ],
)
def test_wrong_tags_on_the_command_line(
    cards: CardCommands, capsys: pytest.CaptureFixture[str], tag: str, said: str
) -> None:
    """Wrong usage, told without the value."""
    assert run(["send", "set-default", "cus_1", "card_1", "--tag", tag]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "1QRs9" not in shown.out + shown.err
