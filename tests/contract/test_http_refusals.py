"""Every row of the contract's refusal table, over HTTP."""

from __future__ import annotations

import gzip
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import redis

from tests.unit.http.web import ASSIGN, CARD, CUSTOMER, DEFAULT, WebProcess, client_of

_TOKEN = "t0ken-of-a-service"
_PATHS = {"/api/cards/assign": ASSIGN, "/api/cards/default": DEFAULT}
_JSON = {"content-type": "application/json"}


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app without tokens."""
    async with client_of(redis_url) as made:
        yield made


def _refused(response: httpx.Response, status: int, code: str, *named: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    envelope = response.json()
    assert list(envelope) == ["status", "message", "data", "code"]
    assert (envelope["status"], envelope["code"]) == (False, code)
    for name in named:
        assert name in envelope["message"]


def _nothing_stored(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as stored:
        assert stored.keys("*") == []


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize(
    "coding", ["gzip", "GZIP", "br", "deflate", "identity, gzip", "gzip, identity", "utf-8"]
)
@pytest.mark.parametrize("packed", [True, False])
async def test_a_command_is_not_compressed(
    client: httpx.AsyncClient, redis_url: str, path: str, coding: str, packed: bool
) -> None:
    """Any `Content-Encoding` is 415, compressed or not, and the answer says what is accepted."""
    body = json.dumps(_PATHS[path]).encode()
    content = gzip.compress(body) if packed else body
    response = await client.post(
        path, content=content, headers={**_JSON, "Content-Encoding": coding}
    )
    _refused(response, 415, "encoding_unsupported", "identity")
    assert response.headers["accept-encoding"] == "identity"
    _nothing_stored(redis_url)


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_a_command_may_say_that_it_is_not_compressed(
    client: httpx.AsyncClient, coding: str
) -> None:
    """`identity` is accepted."""
    headers = {"Content-Encoding": coding, "Prefer": "respond-async"}
    assert (await client.post("/api/cards/assign", json=ASSIGN, headers=headers)).status_code == 202


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        ("/api/cards/assign", "source", "userId y source son requeridos"),
        ("/api/cards/default", "default_source", "userId y default_source son requeridos"),
    ],
)
@pytest.mark.parametrize("empty", [{}, {"userId": None}, {"userId": ""}, "without"])
async def test_missing_fields_are_refused_with_the_contracts_sentence(
    client: httpx.AsyncClient, redis_url: str, path: str, field: str, message: str, empty: Any
) -> None:
    """A missing, null or empty field is `parameter_missing`, with the contract's text."""
    without = {k: v for k, v in _PATHS[path].items() if k != field}
    body = without if empty == "without" else {field: _PATHS[path][field], **empty}
    response = await client.post(path, json=body)
    _refused(response, 400, "parameter_missing")
    assert response.json()["message"] == message
    _nothing_stored(redis_url)


@pytest.mark.parametrize(
    ("path", "changes", "named"),
    [
        ("/api/cards/assign", {"source": "card_1"}, "source"),
        ("/api/cards/assign", {"userId": "QRs9"}, "userId"),
        ("/api/cards/assign", {"userId": "acct_1"}, "userId no es válido: acct_… es un Account"),
        ("/api/cards/default", {"userId": "acct_1"}, "cus_… de un Customer"),
        ("/api/cards/default", {"default_source": "tok_1"}, "default_source"),
        ("/api/cards/default", {"default_source": 7}, "default_source"),
        ("/api/cards/default", {"default_source": ["card_1"]}, "default_source"),
        ("/api/cards/default", {"userId": True}, "userId"),
        ("/api/cards/default", {"userId": "cus_a/../b"}, "userId"),
        ("/api/cards/default", {"userId": "cus_" + "a" * 300}, "userId"),
        ("/api/cards/assign", {"colour": "red"}, "colour"),
        ("/api/cards/assign", {"kind": "AssignCard"}, "kind"),
        ("/api/cards/assign", {"customer": "cus_1"}, "customer"),
        ("/api/cards/assign", {"\ud800": "x"}, ""),
    ],
)
async def test_invalid_fields_are_named(
    client: httpx.AsyncClient, redis_url: str, path: str, changes: dict[str, Any], named: str
) -> None:
    """Wrong prefix, type, form, or an unknown field is `parameter_invalid`, naming the field."""
    body = json.dumps({**_PATHS[path], **changes})
    _refused(await client.post(path, content=body), 400, "parameter_invalid", named)
    _nothing_stored(redis_url)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"userId=cus_1",
        b"null",
        b"[]",
        b'"text"',
        b'{"userId": NaN}',
        b"\xff\xfe{}",
        b"[" * 8000 + b"]" * 8000,
        b'{"userId": ' + b"9" * 5000 + b"}",
        b"{}" + b" " * 16 * 1024,
    ],
)
async def test_other_bodies_than_small_json_objects_are_refused(
    client: httpx.AsyncClient, redis_url: str, body: bytes
) -> None:
    """Not JSON, not an object, nested beyond reason, or over 16 KiB is `parameter_invalid`."""
    for headers in ({}, _JSON, {"content-type": "application/x-www-form-urlencoded"}):
        response = await client.post("/api/cards/assign", content=body, headers=headers)
        _refused(response, 400, "parameter_invalid", "body")
    _nothing_stored(redis_url)


@pytest.mark.parametrize("depth", [50, 200, 400, 480, 700, 900, 960, 990, 1500])
async def test_nesting_hides_no_card_number(client: httpx.AsyncClient, depth: int) -> None:
    """A card number is refused at any depth, or the body because it is too deep."""
    body = '{"a":' * depth + f'"{CARD}"' + "}" * depth
    response = await client.post("/api/cards/assign", content=body)
    assert response.status_code == 400
    assert response.json()["code"] in ("card_number_refused", "parameter_invalid")


async def test_16_kib_are_accepted(client: httpx.AsyncClient) -> None:
    """A body of exactly 16 KiB is within the limit."""
    body = json.dumps(DEFAULT).encode().ljust(16 * 1024)
    headers = {"Prefer": "respond-async"}
    response = await client.post("/api/cards/default", content=body, headers=headers)
    assert response.status_code == 202


async def test_a_field_given_twice_is_refused(client: httpx.AsyncClient, redis_url: str) -> None:
    """A field given twice is refused, also if one of the values is a card number."""
    twice = '{"userId": "cus_1", "source": "%s", "source": "tok_2"}'
    response = await client.post("/api/cards/assign", content=twice % "tok_1")
    _refused(response, 400, "parameter_invalid", "source")
    response = await client.post("/api/cards/assign", content=twice % CARD)
    _refused(response, 400, "card_number_refused")
    _nothing_stored(redis_url)


_SPACED = "4242 4242-4242.4242"
_CARD_BODIES: list[dict[str, Any]] = [
    {**ASSIGN, "source": CARD},
    {**ASSIGN, "source": f"tok_{CARD}"},
    {**ASSIGN, "userId": f"cus_{CARD}"},
    {**ASSIGN, "source": int(CARD)},
    {**ASSIGN, "source": float(CARD)},
    {**ASSIGN, "note": f"pay with {_SPACED} please"},
    {**ASSIGN, "card": {"deep": [{"number": CARD}]}},
    {**ASSIGN, "card": {"cvc": 123}},
    {**ASSIGN, "cvv": "1234"},
    {**ASSIGN, "source": "737"},
    {**ASSIGN, CARD: "x"},
    {"number": CARD},
    {"source": CARD, "unknown": 1},
]


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("body", _CARD_BODIES)
async def test_card_data_is_refused_in_any_field(
    client: httpx.AsyncClient,
    redis_url: str,
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: dict[str, Any],
) -> None:
    """Card data in any field is refused, and neither stored, logged nor echoed."""
    caplog.set_level(logging.DEBUG)
    response = await client.post(path, json=body)
    _refused(response, 400, "card_number_refused")
    shown = response.text + str(response.headers) + _web_log(caplog)
    assert not any(form in shown for form in (CARD, _SPACED, "737"))
    _nothing_stored(redis_url)


def _web_log(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("producer"))


async def test_card_data_beside_the_body_is_refused(
    client: httpx.AsyncClient, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A card number as idempotency key, in a path or in a query is refused likewise."""
    caplog.set_level(logging.INFO)
    key = {"Idempotency-Key": f"order-{CARD}"}
    responses = [
        await client.post("/api/cards/assign", json=ASSIGN, headers=key),
        await client.post("/api/cards/assign", json={}, headers=key),
        await client.post(f"/api/cards/assign?number={CARD}", json=ASSIGN),
        await client.get(f"/api/cards/cus_{CARD}"),
        await client.get(f"/api/cards/{CARD}"),
        await client.get(f"/api/tasks/{CARD}"),
        await client.get(f"/api/tasks/{CARD}/events"),
        await client.get(f"/api/tasks/x?wait={CARD}"),
    ]
    for response in responses:
        _refused(response, 400, "card_number_refused")
        assert CARD not in response.text
    assert CARD not in _web_log(caplog)
    _nothing_stored(redis_url)


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Lane": "fast"}, "Lane"),
        ({"Lane": ""}, "Lane"),
        ({"Lane": "BULK"}, "Lane"),
        ({"Idempotency-Key": ""}, "Idempotency-Key"),
        ({"Idempotency-Key": "x" * 256}, "Idempotency-Key"),
    ],
)
async def test_wrong_headers_are_named(
    client: httpx.AsyncClient, redis_url: str, headers: dict[str, str], named: str
) -> None:
    """An unknown lane or an unusable idempotency key is `parameter_invalid`, naming the header."""
    response = await client.post("/api/cards/assign", json=ASSIGN, headers=headers)
    _refused(response, 400, "parameter_invalid", named)
    _nothing_stored(redis_url)


async def test_missing_comes_before_invalid(client: httpx.AsyncClient) -> None:
    """A body that is incomplete and also wrong is refused for the missing field."""
    body = {"userId": 7, "colour": "red"}
    response = await client.post("/api/cards/assign", json=body, headers={"Lane": "fast"})
    _refused(response, 400, "parameter_missing")


async def test_a_reused_key_is_refused(client: httpx.AsyncClient) -> None:
    """The same key with another body is 422, on either path."""
    headers = {"Idempotency-Key": "k", "Prefer": "respond-async"}
    first = await client.post("/api/cards/default", json=DEFAULT, headers=headers)
    assert first.status_code == 202
    other = {**DEFAULT, "default_source": "card_other"}
    for path, body in (("/api/cards/default", other), ("/api/cards/assign", ASSIGN)):
        response = await client.post(path, json=body, headers=headers)
        _refused(response, 422, "idempotency_key_reused")


async def test_an_unknown_task_is_not_found(client: httpx.AsyncClient) -> None:
    """An unknown id is 404 `task_not_found`, also when waited for or streamed."""
    for path in ("/api/tasks/1234", "/api/tasks/x?wait=5", "/api/tasks/x/events"):
        _refused(await client.get(path), 404, "task_not_found")
    _refused(await client.get("/api/tasks/" + "x" * 300), 404, "task_not_found")


async def test_unusable_waits_and_customers_are_named(client: httpx.AsyncClient) -> None:
    """A wait that is not a number, or a malformed customer id, is `parameter_invalid`."""
    _refused(await client.get("/api/tasks/x?wait=soon"), 400, "parameter_invalid", "wait")
    for wrong in ("tok_1", "cus_", "cus_%20"):
        response = await client.get(f"/api/cards/{wrong}")
        _refused(response, 400, "parameter_invalid", "userId")


async def test_unknown_paths_and_methods_are_enveloped(client: httpx.AsyncClient) -> None:
    """404 and 405 are envelopes like every answer, and quote nothing of the request."""
    response = await client.get(f"/{CARD}")
    _refused(response, 404, "not_found")
    _refused(await client.get("/api/tasks/"), 404, "not_found")
    _refused(await client.request(f"M{CARD}", "/healthz"), 405, "method_not_allowed")
    response = await client.delete("/api/tasks/x")
    _refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_messages_come_in_english(redis_url: str) -> None:
    """With CARDS_LANGUAGE=en the same refusals are in English."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as client:
        response = await client.post("/api/cards/default", json={})
    assert response.json()["message"] == "userId and default_source are required"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {_TOKEN}", _TOKEN, f"Bearer {_TOKEN}x"],
)
async def test_without_a_token_every_request_is_401(
    redis_url: str, authorization: str | None
) -> None:
    """If tokens are configured, 401 comes before any other answer."""
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client_of(redis_url, CARDS_API_TOKENS=f"other,{_TOKEN}") as client:
        for path in ("/api/cards/assign", "/api/cards/default"):
            response = await client.post(path, content=f"{{{CARD}", headers=headers)
            _refused(response, 401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"
        for path in (f"/api/cards/{CUSTOMER}", "/api/tasks/x", "/metrics", "/docs", "/nope"):
            _refused(await client.get(path, headers=headers), 401, "unauthorized")
        assert (await client.get("/healthz")).status_code == 200
    _nothing_stored(redis_url)


@pytest.mark.parametrize("token", ["other", _TOKEN])
async def test_each_configured_token_is_accepted(redis_url: str, token: str) -> None:
    """Each of the configured tokens is accepted; the scheme's case does not matter."""
    async with client_of(redis_url, CARDS_API_TOKENS=f"other, {_TOKEN}") as client:
        response = await client.get("/api/tasks/x", headers={"Authorization": f"bearer {token}"})
    _refused(response, 404, "task_not_found")


@pytest.mark.integration
def test_a_real_server_refuses_the_same(redis_url: str) -> None:
    """Over a socket the refusals are the same, and the process logs nothing of the request."""
    with WebProcess(redis_url) as web:
        with httpx.Client(base_url=web.url) as client:
            post = client.post
            _refused(post("/api/cards/assign", json={}), 400, "parameter_missing")
            _refused(post("/api/cards/assign", json={"x": CARD}), 400, "card_number_refused")
            _refused(client.get(f"/{CARD}?n={CARD}"), 404, "not_found")
            large = b" " * 1_000_000
            _refused(post("/api/cards/assign", content=large), 400, "parameter_invalid")
            chunks = iter([large] * 3)
            _refused(post("/api/cards/assign", content=chunks), 400, "parameter_invalid", "16 KiB")
            head = client.head("/healthz")
            assert (head.status_code, head.content) == (200, b"")
        web.terminate()
        assert web.ended(15) == 0
    assert CARD not in web.log
    assert "POST /api/cards/assign 400" in web.log


@pytest.mark.parametrize(
    ("line", "hosts", "status"),
    [
        ("HTTP/1.1", "", b"400"),
        ("HTTP/1.1", "Host: a\r\nHost: a\r\n", b"400"),
        ("HTTP/1.1", "Host: localhost\r\n", b"200"),
        ("HTTP/1.1", "Host: a\r\n", b"421"),
        ("HTTP/1.0", "", b"200"),
    ],
)
def test_over_a_socket_host_is_required(
    web: WebProcess, line: str, hosts: str, status: bytes
) -> None:
    """The real server passes on the HTTP version and `Host`."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        head = f"GET /healthz {line}\r\n{hosts}Connection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()
    assert answer.split(b" ")[1] == status
    assert (b'"code":"host_invalid"' in answer) == (status == b"400")


@pytest.fixture(scope="module")
def web() -> Iterator[WebProcess]:
    """A web process that refuses without Redis."""
    with WebProcess("redis://127.0.0.1:1/0") as made:
        yield made
