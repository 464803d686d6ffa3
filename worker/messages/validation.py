"""What may go on to Kombu and Celery: bytes of a queue that are a message of a task of ours.

Celery's consumer takes much of what is none for an error it cannot go on after, and gives the
message back, to end the next worker. Here it is looked through once, before anything else.
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
MOST_BYTES = 256 * 1024
_MOST_DEEP = 64
_LONGEST_ID = 255
_MOST_IDS = 1000
_TYPED = '"__type__"'  # how Kombu spells what JSON has no type for
_DECOMPRESSORS: Mapping[str, Callable[[], Any]] = {
    "application/x-gzip": zlib.decompressobj,
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": lzma.LZMADecompressor,
}
_CHARSETS = (None, "utf-8", "utf8", "us-ascii", "ascii")

# The headers and properties that Celery and Kombu look at, each null or of these types.
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
    """These bytes cannot be carried out. `shown` is what of them may be looked at."""

    def __init__(self, reason: DeadReason, shown: bytes | None = None) -> None:
        self.reason = reason
        self.shown = shown
        super().__init__(reason.value)


class Admitted(dict[str, Any]):
    """A message as Kombu has it, with its body read, so that nobody reads it again."""

    body: Any = None


def admit(raw: bytes, queue: str) -> Admitted:
    """The message of a task of ours, from that queue.

    Raises:
        Dead: it is none.
    """
    message = admit_any(raw)
    properties, headers = message["properties"], message["headers"]
    # Where it is given back to, whatever its sender wrote.
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
    """A message that is for no task: remote control, its answers, events. Raises Dead."""
    message = admit_any(raw)
    message.body = _parsed(_body(message, message["headers"], message["properties"]))
    return message


def admit_any(raw: bytes) -> Admitted:
    """Any message that Kombu can give back or deliver. Raises Dead."""
    if len(raw) > MOST_BYTES:
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
    sound = (
        _is_name(properties.get("delivery_tag"))
        and isinstance(info, dict)
        and all(isinstance(one, (str, bool, int)) or one is None for one in info.values())
        and _are(properties, _PROPERTIES)
        and isinstance(message.get("body"), str)
    )
    if not sound:
        raise Dead(DeadReason.NOT_A_MESSAGE)
    return message


def _parsed(text: str) -> Any:
    try:
        hook = object_hook if _TYPED in text else None
        found = json.loads(text, object_hook=hook, parse_constant=_refuse)
    except RecursionError:
        raise Dead(DeadReason.NESTED_TOO_DEEP) from None
    except Exception:  # also of Kombu's own types: whatever their constructors raise
        raise Dead(DeadReason.UNREADABLE_BODY) from None
    if text.count("[") + text.count("{") > _MOST_DEEP and _too_deep(found):
        raise Dead(DeadReason.NESTED_TOO_DEEP)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def _too_deep(found: Any) -> bool:
    level = [found]
    for _ in range(_MOST_DEEP):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def _body(message: Admitted, headers: dict[str, Any], properties: dict[str, Any]) -> str:
    """The body as text, as Kombu will read it."""
    text: str = message["body"]
    body: str | bytes = text
    encoding, charset = properties.get("body_encoding"), message.get("content-encoding")
    compression = headers.get("compression")
    sound = (
        message.get("content-type") == "application/json"
        and (charset is None or (isinstance(charset, str) and charset.lower() in _CHARSETS))
        and (encoding is None or encoding.lower() in ("base64", "utf-8", ""))
        and (
            compression is None or (isinstance(compression, str) and compression in _DECOMPRESSORS)
        )
    )
    if not sound:
        raise Dead(DeadReason.UNREADABLE_BODY)
    try:
        if encoding and encoding.lower() == "base64":
            body = Base64().decode(text)
        if compression is not None:
            decompressor = _DECOMPRESSORS[compression]()
            packed = body.encode() if isinstance(body, str) else body
            body = decompressor.decompress(packed, MOST_BYTES + 1)
            if len(body) > MOST_BYTES:
                raise Dead(DeadReason.TOO_LARGE)
        if isinstance(body, str):
            body = body.encode("utf-8")  # as Kombu will; half a surrogate pair has no UTF-8
        return body.decode("utf-8")
    except (Base64Error, ValueError, EOFError, OSError, zlib.error, lzma.LZMAError):
        raise Dead(DeadReason.UNREADABLE_BODY) from None


def _check_task(headers: dict[str, Any], body: Any) -> None:
    """Celery's message protocol 2."""
    _check_names(headers)
    sound = (
        isinstance(body, list)
        and len(body) == 3
        and isinstance(body[0], list)
        and isinstance(body[1], dict)
        and isinstance(body[2], dict)
        and _are(body[2], _EMBEDDED)
        and _are(headers, _HEADERS)
        and _are_sound(headers)
    )
    if not sound:
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
    sound = (
        isinstance(args, list)
        and isinstance(kwargs, dict)
        and _are(body, {**_HEADERS, **_EMBEDDED, "utc": _FLAG, "taskset": _TEXT})
        and _are(headers, _HEADERS)
        and _are_sound(named)
    )
    if not sound:
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


# What a read may be asked for besides the customer.
_WITH = ("withCards", "withSubscriptions")


def _check_arguments(task: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Of what is no command of its own: a command's are journalled, and refused, like any other."""
    if task == BATCH:
        sound = not args and kwargs.keys() == {"ids"} and is_batch(kwargs["ids"])
    elif task in (LIST_CARDS, READ_CUSTOMER):
        sound = not args and kwargs.keys() <= {"userId", *_WITH} and _is_customer(kwargs)
    else:
        sound = True
    if not sound:
        raise Dead(DeadReason.WRONG_ARGUMENTS)


def _is_customer(kwargs: dict[str, Any]) -> bool:
    try:
        parse_customer(kwargs.get("userId"))
    except Refusal:
        return False
    return all(isinstance(kwargs.get(name, False), bool) for name in _WITH)


def commands_in(fields: Any) -> int:
    """How many commands a message with these keyword arguments is for."""
    ids = fields.get("ids") if isinstance(fields, dict) else None
    return len(ids) if isinstance(ids, list) and ids else 1


def is_batch(ids: Any) -> bool:
    """Whether these are the ids of a message of many commands."""
    return isinstance(ids, list) and 1 <= len(ids) <= _MOST_IDS and all(map(_is_name, ids))


def _is_name(value: Any) -> bool:
    """Whether it is short text that Redis can store and a log can show."""
    return isinstance(value, str) and 1 <= len(value) <= _LONGEST_ID and value.isprintable()


def _are(values: Mapping[str, Any], types: Mapping[str, tuple[type, ...]]) -> bool:
    for name, value in values.items():
        wanted = types.get(name)
        if wanted is None or value is None:
            continue
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted != _FLAG):
            return False
    return True


def _are_sound(headers: dict[str, Any]) -> bool:
    """Whether headers of the right types hold what Celery expects."""
    limits = headers.get("timelimit") or [None, None]
    stamped = headers.get("stamped_headers") or []
    return (
        len(limits) == 2
        and all(one is None or type(one) in _NUMBER for one in limits)
        and all(isinstance(one, str) for one in stamped)
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
    """The message with its body readable, for the excerpt."""
    try:
        if body is None:
            body = json.dumps(message.body, ensure_ascii=False, default=str)
        return json.dumps({**message, "body": body}, ensure_ascii=False).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return (body or "").encode("utf-8", "replace")
