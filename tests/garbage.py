"""Kinds of garbage that may stand in a queue, by what is wrong with each."""

from __future__ import annotations

import base64
import bz2
import json
import zlib
from typing import Any
from uuid import uuid4

from producer.journal.commands.messages import BATCH, LIST_CARDS, READ_CUSTOMER, message
from producer.journal.operations.dead_letters import DeadReason

TOKEN, NUMBER = "tok_secret1234567890", "4242424242424242"
_FIELDS = {"userId": "cus_1", "source": TOKEN}


def good(task: str = "AssignCard", **kwargs: Any) -> dict[str, Any]:
    """A message that is as it should be, to be spoiled."""
    found: dict[str, Any] = json.loads(
        message(task, str(uuid4()), kwargs or _FIELDS, "interactive")
    )
    return found


def _with(**parts: Any) -> bytes:
    return json.dumps({**good(), **parts}).encode()


def _without(*names: str) -> bytes:
    return json.dumps({k: v for k, v in good().items() if k not in names}).encode()


def _headers(**changed: Any) -> bytes:
    one = good()
    one["headers"] = {**one["headers"], **changed}
    return json.dumps(one).encode()


def _properties(**changed: Any) -> bytes:
    one = good()
    one["properties"] = {**one["properties"], **changed}
    return json.dumps(one).encode()


def _body(body: Any, task: str = "AssignCard") -> bytes:
    return json.dumps({**good(task), "body": json.dumps(body)}).encode()


def _kwargs(task: str, **kwargs: Any) -> bytes:
    return _body([[], kwargs, {}], task)


def _protocol_1(**changed: Any) -> bytes:
    body = {"task": "AssignCard", "id": str(uuid4()), "args": [], "kwargs": _FIELDS, **changed}
    return _with(headers={}, body=json.dumps(body))


def _encoded(body: bytes, compression: str | None = None) -> bytes:
    one = good()
    one["body"] = base64.b64encode(body).decode()
    one["properties"]["body_encoding"] = "base64"
    if compression is not None:
        one["headers"]["compression"] = compression
    return json.dumps(one).encode()


def _replaced(old: str, new: str) -> bytes:
    return json.dumps(good()).replace(old, new).encode("utf-8", "surrogatepass")


def kinds() -> dict[str, tuple[bytes, DeadReason]]:
    """Each kind by name: the bytes, and the reason for which they are set aside."""
    whole = json.dumps(good())
    r = DeadReason
    return {
        "empty": (b"", r.NOT_JSON),
        "blank": (b"  \n", r.NOT_JSON),
        "words": (b"not json", r.NOT_JSON),
        "half a message": (whole[: len(whole) // 2].encode(), r.NOT_JSON),
        "two messages": ((whole + whole).encode(), r.NOT_JSON),
        "a byte order mark": (b"\xef\xbb\xbf" + whole.encode(), r.NOT_JSON),
        "single quotes": (whole.replace('"', "'").encode(), r.NOT_JSON),
        "a zero byte": (b"\x00", r.NOT_JSON),
        "NaN": (b"NaN", r.NOT_JSON),
        "a number NaN within": (
            _replaced('"headers": {', '"headers": {"retries": NaN, '),
            r.NOT_JSON,
        ),
        "Infinity within": (
            _replaced('"headers": {', '"headers": {"retries": -Infinity, '),
            r.NOT_JSON,
        ),
        "a number of 5,000 digits": (b"1" * 5000, r.NOT_JSON),
        "an unknown type of Kombu's": (_with(x={"__type__": "x", "__value__": 1}), r.NOT_JSON),
        "a broken type of Kombu's": (_with(x={"__type__": "uuid", "__value__": 5}), r.NOT_JSON),
        "a type of Kombu's that is a list": (_with(x={"__type__": [], "__value__": 5}), r.NOT_JSON),
        "not UTF-8": (b"\xff\xfe\x00", r.NOT_UTF8),
        "Latin-1": (whole.replace("AssignCard", "Señor").encode("latin-1"), r.NOT_UTF8),
        "UTF-16": (whole.encode("utf-16"), r.NOT_UTF8),
        "a surrogate as bytes": (_replaced("AssignCard", "\ud800"), r.NOT_UTF8),
        "gzip": (zlib.compress(whole.encode()), r.NOT_UTF8),
        "pickle": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00.", r.NOT_UTF8),
        "nested without end": (b"[" * 100_000, r.NESTED_TOO_DEEP),
        "nested 900 deep": (b"[" * 900 + b"]" * 900, r.NESTED_TOO_DEEP),
        "headers nested": (_headers(x=json.loads("[" * 80 + "]" * 80)), r.NESTED_TOO_DEEP),
        "a body nested": (_with(body="[" * 5000 + "]" * 5000), r.NESTED_TOO_DEEP),
        "arguments nested": (
            _kwargs("AssignCard", source=json.loads("[" * 90 + "]" * 90)),
            r.NESTED_TOO_DEEP,
        ),
        "a megabyte": (_with(body="x" * 1_000_000), r.TOO_LARGE),
        "a list": (b"[]", r.NOT_A_MESSAGE),
        "null": (b"null", r.NOT_A_MESSAGE),
        "a number": (b"5", r.NOT_A_MESSAGE),
        "a text": (b'"text"', r.NOT_A_MESSAGE),
        "true": (b"true", r.NOT_A_MESSAGE),
        "an empty object": (b"{}", r.NOT_A_MESSAGE),
        "another's object": (b'{"jsonrpc": "2.0", "method": "x"}', r.NOT_A_MESSAGE),
        "headers a list": (_with(headers=[]), r.NOT_A_MESSAGE),
        "headers a text": (_with(headers="x"), r.NOT_A_MESSAGE),
        "no properties": (_without("properties"), r.NOT_A_MESSAGE),
        "properties null": (_with(properties=None), r.NOT_A_MESSAGE),
        "properties a list": (_with(properties=[]), r.NOT_A_MESSAGE),
        "properties empty": (_with(properties={}), r.NOT_A_MESSAGE),
        "no delivery tag": (_properties(delivery_tag=None), r.NOT_A_MESSAGE),
        "a delivery tag that is a list": (_properties(delivery_tag=["x"]), r.NOT_A_MESSAGE),
        "a delivery tag that is an object": (_properties(delivery_tag={}), r.NOT_A_MESSAGE),
        "a delivery tag that is a number": (_properties(delivery_tag=5), r.NOT_A_MESSAGE),
        "an empty delivery tag": (_properties(delivery_tag=""), r.NOT_A_MESSAGE),
        "half a surrogate for a delivery tag": (
            _properties(delivery_tag="\ud800"),
            r.NOT_A_MESSAGE,
        ),
        "a long delivery tag": (_properties(delivery_tag="x" * 1000), r.NOT_A_MESSAGE),
        "no delivery info": (_properties(delivery_info=None), r.NOT_A_MESSAGE),
        "delivery info a number": (_properties(delivery_info=7), r.NOT_A_MESSAGE),
        "delivery info a list": (_properties(delivery_info=["a"]), r.NOT_A_MESSAGE),
        "a routing key that is an object": (
            _properties(delivery_info={"exchange": "", "routing_key": {}}),
            r.NOT_A_MESSAGE,
        ),
        "a priority that is a text": (_properties(priority="high"), r.NOT_A_MESSAGE),
        "a body encoding that is a list": (_properties(body_encoding=[]), r.NOT_A_MESSAGE),
        "a correlation id that is an object": (_properties(correlation_id={}), r.NOT_A_MESSAGE),
        "reply to a list": (_properties(reply_to=[1]), r.NOT_A_MESSAGE),
        "no body": (_without("body"), r.NOT_A_MESSAGE),
        "body null": (_with(body=None), r.NOT_A_MESSAGE),
        "body an object": (_with(body={"a": 1}), r.NOT_A_MESSAGE),
        "body a number of JSON": (_with(body=5), r.NOT_A_MESSAGE),
        "an unknown body encoding": (_properties(body_encoding="rot13"), r.UNREADABLE_BODY),
        "pickle as content type": (
            _with(**{"content-type": "application/x-python-serialize"}),
            r.UNREADABLE_BODY,
        ),
        "YAML as content type": (
            _with(**{"content-type": "application/x-yaml"}),
            r.UNREADABLE_BODY,
        ),
        "no content type": (_without("content-type"), r.UNREADABLE_BODY),
        "a content type that is a list": (_with(**{"content-type": []}), r.UNREADABLE_BODY),
        "an unknown charset": (_with(**{"content-encoding": "klingon"}), r.UNREADABLE_BODY),
        "a charset that is an object": (_with(**{"content-encoding": {}}), r.UNREADABLE_BODY),
        "an unknown compression": (_headers(compression="zip"), r.UNREADABLE_BODY),
        "a compression that is a list": (_headers(compression=[]), r.UNREADABLE_BODY),
        "body no JSON": (_with(body="{tok_secret"), r.UNREADABLE_BODY),
        "body with half a surrogate": (
            _with(body='[[], {"userId": "\ud800"}, {}]'),
            r.UNREADABLE_BODY,
        ),
        "body empty": (_with(body=""), r.UNREADABLE_BODY),
        "body no base64": (
            json.dumps(
                {
                    **good(),
                    "body": "%%%",
                    "properties": {**good()["properties"], "body_encoding": "base64"},
                }
            ).encode(),
            r.UNREADABLE_BODY,
        ),
        "body base64 of no UTF-8": (_encoded(b"\xff\xff"), r.UNREADABLE_BODY),
        "body not compressed": (_encoded(b"[]", "application/x-gzip"), r.UNREADABLE_BODY),
        "body half compressed": (
            _encoded(zlib.compress(b"x" * 100)[:10], "application/x-gzip"),
            r.UNREADABLE_BODY,
        ),
        "a bomb": (_encoded(bz2.compress(b" " * 50_000_000), "application/x-bz2"), r.TOO_LARGE),
        "body null as JSON": (_body(None), r.NOT_A_TASK),
        "body a number as JSON": (_body(1), r.NOT_A_TASK),
        "body an empty list": (_body([]), r.NOT_A_TASK),
        "body of two": (_body([[], {}]), r.NOT_A_TASK),
        "body of four": (_body([[], {}, {}, {}]), r.NOT_A_TASK),
        "body of texts": (_body(["a", "b", "c"]), r.NOT_A_TASK),
        "arguments an object": (_body([{}, {}, {}]), r.NOT_A_TASK),
        "keyword arguments a list": (_body([[], [], {}]), r.NOT_A_TASK),
        "keyword arguments null": (_body([[], None, {}]), r.NOT_A_TASK),
        "embedded null": (_body([[], {}, None]), r.NOT_A_TASK),
        "a chain that is a text": (_body([[], {}, {"chain": "x"}]), r.NOT_A_TASK),
        "callbacks that are a number": (_body([[], {}, {"callbacks": 5}]), r.NOT_A_TASK),
        "no task and no protocol 1": (_with(headers={}), r.NOT_A_TASK),
        "headers null": (_with(headers=None), r.NOT_A_TASK),
        "task a list": (_headers(task=["AssignCard"]), r.NOT_A_TASK),
        "task an object": (_headers(task={"name": "AssignCard"}), r.NOT_A_TASK),
        "task null": (_headers(task=None), r.NOT_A_TASK),
        "task a number": (_headers(task=5), r.NOT_A_TASK),
        "a time limit that is a number": (_headers(timelimit=5), r.NOT_A_TASK),
        "a time limit of one": (_headers(timelimit=[5]), r.NOT_A_TASK),
        "a time limit of texts": (_headers(timelimit=["a", "b"]), r.NOT_A_TASK),
        "stamped headers that are a number": (_headers(stamped_headers=5), r.NOT_A_TASK),
        "stamped headers of lists": (_headers(stamped_headers=[[]]), r.NOT_A_TASK),
        "a shadow that is a list": (_headers(shadow=["x"]), r.NOT_A_TASK),
        "an eta that is a number": (_headers(eta=5), r.NOT_A_TASK),
        "an eta that is no time": (_headers(eta="tomorrow"), r.NOT_A_TASK),
        "an eta in the year 1": (_headers(eta="0001-01-01T00:00:00"), r.NOT_A_TASK),
        "expires that is an object": (_headers(expires={}), r.NOT_A_TASK),
        "retries that are a text": (_headers(retries="many"), r.NOT_A_TASK),
        "a representation that is a list": (_headers(kwargsrepr=[]), r.NOT_A_TASK),
        "stamps that are a list": (_headers(stamps=[]), r.NOT_A_TASK),
        "an unknown task": (_headers(task="ChargeCard"), r.UNKNOWN_TASK),
        "an empty task": (_headers(task=""), r.UNKNOWN_TASK),
        "a task of Celery's": (_headers(task="celery.chord_unlock"), r.UNKNOWN_TASK),
        "a task in lower case": (_headers(task="assigncard"), r.UNKNOWN_TASK),
        "half a surrogate for a task": (_headers(task="\ud800"), r.UNKNOWN_TASK),
        "no id": (json.dumps({**good(), "headers": {"task": "AssignCard"}}).encode(), r.WRONG_ID),
        "id null": (_headers(id=None), r.WRONG_ID),
        "id empty": (_headers(id=""), r.WRONG_ID),
        "id a list": (_headers(id=["x"]), r.WRONG_ID),
        "id an object": (_headers(id={"a": 1}), r.WRONG_ID),
        "id a number": (_headers(id=5), r.WRONG_ID),
        "id of 300 characters": (_headers(id="x" * 300), r.WRONG_ID),
        "id with a line break": (_headers(id="a\nb"), r.WRONG_ID),
        "id with half a surrogate": (_headers(id="a\udc00"), r.WRONG_ID),
        "id with a zero": (_headers(id="a\x00"), r.WRONG_ID),
        "id a card number": (_headers(id=NUMBER), r.CARD_NUMBER),
        "ids of other types": (_kwargs(BATCH, ids=[{"a": 1}, None, 5]), r.WRONG_ARGUMENTS),
        "ids a text": (_kwargs(BATCH, ids="abc"), r.WRONG_ARGUMENTS),
        "ids null": (_kwargs(BATCH, ids=None), r.WRONG_ARGUMENTS),
        "no ids": (_kwargs(BATCH), r.WRONG_ARGUMENTS),
        "ids empty": (_kwargs(BATCH, ids=[]), r.WRONG_ARGUMENTS),
        "ids an object": (_kwargs(BATCH, ids={"a": "b"}), r.WRONG_ARGUMENTS),
        "an id with half a surrogate": (_kwargs(BATCH, ids=["a", "\ud800"]), r.WRONG_ARGUMENTS),
        "an id that is a list": (_kwargs(BATCH, ids=["a", ["b"]]), r.WRONG_ARGUMENTS),
        "too many ids": (_kwargs(BATCH, ids=["a"] * 1001), r.WRONG_ARGUMENTS),
        "ids and more": (_kwargs(BATCH, ids=["a"], more=1), r.WRONG_ARGUMENTS),
        "ids by position": (_body([[["a"]], {}, {}], BATCH), r.WRONG_ARGUMENTS),
        "a read of nobody": (_kwargs(LIST_CARDS), r.WRONG_ARGUMENTS),
        "a read of a number": (_kwargs(LIST_CARDS, userId=5), r.WRONG_ARGUMENTS),
        "a read of a path": (_kwargs(LIST_CARDS, userId="cus_1/../x"), r.WRONG_ARGUMENTS),
        "a read with a list": (
            _kwargs(READ_CUSTOMER, userId="cus_1", withCards=[]),
            r.WRONG_ARGUMENTS,
        ),
        "protocol 1, task a list": (_protocol_1(task=[]), r.NOT_A_TASK),
        "protocol 1, task unknown": (_protocol_1(task="x"), r.UNKNOWN_TASK),
        "protocol 1, no id": (_protocol_1(id=None), r.WRONG_ID),
        "protocol 1, arguments null": (_protocol_1(kwargs=None), r.NOT_A_TASK),
        "protocol 1, arguments a text": (_protocol_1(args="abc"), r.NOT_A_TASK),
        "protocol 1, a time limit": (_protocol_1(timelimit=3), r.NOT_A_TASK),
        "protocol 1, utc a list": (_protocol_1(utc=[]), r.NOT_A_TASK),
    }
