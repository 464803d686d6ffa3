"""Reads request bodies without the framework, whose error answers would echo their input."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.requests import Request

from producer.contract.card_data.card_numbers import find_card_data
from producer.contract.messages import Text
from producer.contract.refusals import CardNumberRefused, ParameterInvalid
from producer.http.requests.content_encoding import refuse_encoded

LIMIT_BYTES = 16 * 1024
_FIELDS = ("userId", "source", "default_source")


async def read_body(request: Request, limit: int = LIMIT_BYTES) -> bytes:
    """Read the body, of at most `limit` bytes (16 KiB by default).

    Raises:
        EncodingUnsupported: the body is compressed.
        ParameterInvalid: the body is longer.
        starlette.requests.ClientDisconnect: the caller disconnected.
    """
    refuse_encoded(request)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def parse_fields(body: bytes) -> dict[str, Any]:
    """Parse a body that is one JSON object.

    Raises:
        ParameterInvalid: the body is no JSON object, or repeats a field.
        CardNumberRefused: a value of a repeated field is card data.
    """
    repeated: list[tuple[str, Any]] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            repeated.extend(pairs)
        return fields

    try:
        fields = json.loads(body.decode(), object_pairs_hook=unique, parse_constant=_not_json)
        if not isinstance(fields, dict):
            raise ParameterInvalid(Text.NOT_JSON)
        card_data = any(find_card_data({name: value}) for name, value in repeated)
    except ParameterInvalid:
        raise
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ParameterInvalid(Text.NOT_JSON) from None
    if card_data:
        raise CardNumberRefused(Text.CARD_NUMBER, field="body")
    if repeated:
        names = [name for name, _ in repeated]
        twice = next((name for name in _FIELDS if names.count(name) > 1), "body")
        raise ParameterInvalid(Text.REPEATED_FIELD, field=twice)
    return fields


def _too_large(limit: int) -> ParameterInvalid:
    return ParameterInvalid(Text.TOO_LARGE, limit=str(limit // 1024))


def _not_json(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
