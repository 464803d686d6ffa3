"""Validates what a queue delivers, before Kombu and Celery process it.

Many malformed messages end Celery's consumer, which returns the message to the queue, where it ends
the next worker. So each message is checked once, before anything else reads it.
"""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from uuid import UUID

from celery.utils.time import maybe_iso8601
from kombu.transport.virtual.base import Base64
from kombu.utils.json import object_hook

from producer.contract import Refusal, parse_customer
from producer.contract.card_data.card_numbers import holds_card_number
from producer.journal.commands.messages import BATCH, LIST_CARDS, READ_CUSTOMER, TASKS
from producer.journal.operations.dead_letters import DeadReason

# A message of 50 commands has 3 kB; a request's body may have 16 KiB.
MAX_BYTES = 256 * 1024
_MAX_DEPTH = 64
_MAX_ID_LENGTH = 255
_MAX_IDS = 1000
_TYPED = '"__type__"'  # Kombu's key for values that JSON has no type for
_DECOMPRESSORS: Mapping[str, Callable[[], Any]] = {
    "application/x-gzip": zlib.decompressobj,
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": lzma.LZMADecompressor,
}
_CHARSETS = (None, "utf-8", "utf8", "us-ascii", "ascii")

# The headers and properties that Celery and Kombu read, each null or of these types.
_TEXT, _NUMBER, _LIST, _OBJECT, _FLAG = (str,), (int, float), (list,), (dict,), (bool,)
_HEADERS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("lang", "root_id", "parent_id", "group", "shadow", "origin", "meth"), _TEXT),
    **dict.fromkeys(("argsrepr", "kwargsrepr", "eta", "expires", "hostname"), _TEXT),
    **dict.fromkeys(("timelimit", "stamped_headers", "groups"), _LIST),
    **dict.fromkeys(("retries", "replaced_task_nesting", "group_index"), _NUMBER),
    **dict.fromkeys(("stamps", "delivery_info", "properties"), _OBJECT),
    **dict.fromkeys(("ignore_result", "redelivered"), _FLAG),
}
_PROPERTIES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("correlation_id", "reply_to", "body_encoding"), _TEXT),
    **dict.fromkeys(("priority", "delivery_mode"), (int,)),
}
_EMBEDDED: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("callbacks", "errbacks", "chain"), _LIST),
    "chord": _OBJECT,
}


class Dead(Exception):
    """The message cannot be executed. `shown` is what its dead letter may show."""

    def __init__(self, reason: DeadReason, shown: bytes | None = None) -> None:
        self.reason = reason
        self.shown = shown
        super().__init__(reason.value)


class Admitted(dict[str, Any]):
    """A message in Kombu's form, with its body parsed, so that nothing parses it again."""

    body: Any = None


def admit(raw: bytes, queue: str) -> Admitted:
    """Parse a message of one of our tasks, from that queue.

    Raises:
        Dead: it is not such a message.
    """
    message = admit_any(raw)
    properties, headers = message["properties"], message["headers"]
    # The queue to return it to, whatever its sender wrote.
    properties["delivery_info"].update(exchange="", routing_key=queue)
    text = _body(message, headers, properties)
    try:
        message.body = _parsed(text)
        if "task" in headers:
            _check_task(headers, message.body)
        else:
            _check_protocol_1(headers, message.body)
        return message
    except Dead as dead:
        raise Dead(dead.reason, shown(message, text)) from None


def admit_other(raw: bytes) -> Admitted:
    """Parse a message that is for no task: remote control, its replies, events. Raises Dead."""
    message = admit_any(raw)
    message.body = _parsed(_body(message, message["headers"], message["properties"]))
    return message


def admit_any(raw: bytes) -> Admitted:
    """Parse any message that Kombu can requeue or deliver. Raises Dead."""
    if len(raw) > MAX_BYTES:
        raise Dead(DeadReason.TOO_LARGE)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Dead(DeadReason.NOT_UTF8) from None
    try:
        found = _parsed(text)
    except Dead as dead:
        reason = DeadReason.NOT_JSON if dead.reason is DeadReason.UNREADABLE_BODY else dead.reason
        raise Dead(reason) from None
    if not isinstance(found, dict):
        raise Dead(DeadReason.NOT_A_MESSAGE)
    message = Admitted(found)
    properties = message.get("properties")
    if message.get("headers") is None:
        message["headers"] = {}
    if not isinstance(properties, dict) or not isinstance(message["headers"], dict):
        raise Dead(DeadReason.NOT_A_MESSAGE)
    info = properties.get("delivery_info")
    valid = (
        _is_name(properties.get("delivery_tag"))
        and isinstance(info, dict)
        and all(isinstance(value, (str, bool, int)) or value is None for value in info.values())
        and _have_types(properties, _PROPERTIES)
        and isinstance(message.get("body"), str)
    )
    if not valid:
        raise Dead(DeadReason.NOT_A_MESSAGE)
    return message


def _parsed(text: str) -> Any:
    try:
        hook = object_hook if _TYPED in text else None
        found = json.loads(text, object_hook=hook, parse_constant=_refuse)
    except RecursionError:
        raise Dead(DeadReason.NESTED_TOO_DEEP) from None
    except Exception:  # Kombu's own types: their constructors raise anything
        raise Dead(DeadReason.UNREADABLE_BODY) from None
    if text.count("[") + text.count("{") > _MAX_DEPTH and _is_too_deep(found):
        raise Dead(DeadReason.NESTED_TOO_DEEP)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are not JSON


def _is_too_deep(found: Any) -> bool:
    level = [found]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def _body(message: Admitted, headers: dict[str, Any], properties: dict[str, Any]) -> str:
    """The body as text, decoded as Kombu will decode it."""
    text: str = message["body"]
    body: str | bytes = text
    encoding, charset = properties.get("body_encoding"), message.get("content-encoding")
    compression = headers.get("compression")
    valid = (
        message.get("content-type") == "application/json"
        and (charset is None or (isinstance(charset, str) and charset.lower() in _CHARSETS))
        and (encoding is None or encoding.lower() in ("base64", "utf-8", ""))
        and (
            compression is None or (isinstance(compression, str) and compression in _DECOMPRESSORS)
        )
    )
    if not valid:
        raise Dead(DeadReason.UNREADABLE_BODY)
    try:
        if encoding and encoding.lower() == "base64":
            body = Base64().decode(text)
        if compression is not None:
            decompressor = _DECOMPRESSORS[compression]()
            packed = body.encode() if isinstance(body, str) else body
            body = decompressor.decompress(packed, MAX_BYTES + 1)
            if len(body) > MAX_BYTES:
                raise Dead(DeadReason.TOO_LARGE)
        if isinstance(body, str):
            body = body.encode("utf-8")  # as Kombu will; half a surrogate pair has no UTF-8
        return body.decode("utf-8")
    except (Base64Error, ValueError, EOFError, OSError, zlib.error, lzma.LZMAError):
        raise Dead(DeadReason.UNREADABLE_BODY) from None


def _check_task(headers: dict[str, Any], body: Any) -> None:
    """Celery's message protocol 2."""
    _check_names(headers)
    valid = (
        isinstance(body, list)
        and len(body) == 3
        and isinstance(body[0], list)
        and isinstance(body[1], dict)
        and isinstance(body[2], dict)
        and _have_types(body[2], _EMBEDDED)
        and _have_types(headers, _HEADERS)
        and _are_valid(headers)
    )
    if not valid:
        raise Dead(DeadReason.NOT_A_TASK)
    _check_arguments(headers["task"], body[0], body[1])


def _check_protocol_1(headers: dict[str, Any], body: Any) -> None:
    """Celery's message protocol 1: all of it is in the body."""
    if not isinstance(body, dict):
        raise Dead(DeadReason.NOT_A_TASK)
    args, kwargs = body.get("args"), body.get("kwargs")
    named = {**body, **headers}
    if "task" not in body:
        raise Dead(DeadReason.NOT_A_TASK)
    _check_names(body)
    if "id" in headers:
        _check_names(named)
        headers["id"] = named["id"]
    valid = (
        isinstance(args, list)
        and isinstance(kwargs, dict)
        and _have_types(body, {**_HEADERS, **_EMBEDDED, "utc": _FLAG, "taskset": _TEXT})
        and _have_types(headers, _HEADERS)
        and _are_valid(named)
    )
    if not valid:
        raise Dead(DeadReason.NOT_A_TASK)
    _check_arguments(body["task"], body["args"], body["kwargs"])


def _check_names(named: dict[str, Any]) -> None:
    task, ident = named.get("task"), named.get("id")
    if not isinstance(task, str):
        raise Dead(DeadReason.NOT_A_TASK)
    if task not in TASKS:
        raise Dead(DeadReason.UNKNOWN_TASK)
    if isinstance(ident, UUID):
        ident = named["id"] = str(ident)
    if not isinstance(ident, str) or not _is_name(ident):
        raise Dead(DeadReason.WRONG_ID)
    if holds_card_number(ident):
        raise Dead(DeadReason.CARD_NUMBER)


# The options of a read, besides the customer.
_READ_OPTIONS = ("withCards", "withSubscriptions")


def _check_arguments(task: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Check the arguments of bulk messages and reads; a command's are refused with an answer."""
    if task == BATCH:
        valid = not args and kwargs.keys() == {"ids"} and is_batch(kwargs["ids"])
    elif task in (LIST_CARDS, READ_CUSTOMER):
        valid = not args and kwargs.keys() <= {"userId", *_READ_OPTIONS} and _is_customer(kwargs)
    else:
        valid = True
    if not valid:
        raise Dead(DeadReason.WRONG_ARGUMENTS)


def _is_customer(kwargs: dict[str, Any]) -> bool:
    try:
        parse_customer(kwargs.get("userId"))
    except Refusal:
        return False
    return all(isinstance(kwargs.get(name, False), bool) for name in _READ_OPTIONS)


def commands_in(fields: Any) -> int:
    """How many commands a message with these keyword arguments has."""
    ids = fields.get("ids") if isinstance(fields, dict) else None
    return len(ids) if isinstance(ids, list) and ids else 1


def is_batch(ids: Any) -> bool:
    """Whether these are the ids of a bulk message."""
    return isinstance(ids, list) and 1 <= len(ids) <= _MAX_IDS and all(map(_is_name, ids))


def _is_name(value: Any) -> bool:
    """Whether it is a short text that Redis can store and a log can show."""
    return isinstance(value, str) and 1 <= len(value) <= _MAX_ID_LENGTH and value.isprintable()


def _have_types(values: Mapping[str, Any], types: Mapping[str, tuple[type, ...]]) -> bool:
    for name, value in values.items():
        expected = types.get(name)
        if expected is None or value is None:
            continue
        if not isinstance(value, expected) or (isinstance(value, bool) and expected != _FLAG):
            return False
    return True


def _are_valid(headers: dict[str, Any]) -> bool:
    """Whether headers of the right types hold what Celery expects."""
    limits = headers.get("timelimit") or [None, None]
    stamped = headers.get("stamped_headers") or []
    return (
        len(limits) == 2
        and all(limit is None or type(limit) in _NUMBER for limit in limits)
        and all(isinstance(header, str) for header in stamped)
        and _is_moment(headers.get("eta"))
        and _is_moment(headers.get("expires"))
    )


def _is_moment(value: str | None) -> bool:
    try:
        moment = maybe_iso8601(value)
        return moment is None or 1970 <= moment.year < 9999
    except (ValueError, TypeError, AttributeError, OverflowError):
        return False


def shown(message: Admitted, body: str | None = None) -> bytes:
    """The message with its body as text, for the excerpt of a dead letter."""
    try:
        if body is None:
            body = json.dumps(message.body, ensure_ascii=False, default=str)
        return json.dumps({**message, "body": body}, ensure_ascii=False).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return (body or "").encode("utf-8", "replace")
