"""Reasons to reject a client before or while its request is read, and their answers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from http import HTTPStatus

from producer.contract.messages import Text
from producer.http.responses import Responses

_RETRY_AFTER_S = 5


class Rejection(Enum):
    """Label in the metrics, code, HTTP status, text; without a text there is no answer."""

    HEAD_TOO_LARGE = ("head_too_large", "head_too_large", 431, Text.HEAD_TOO_LARGE)
    HEAD_SLOW = ("head_slow", "request_timeout", 408, Text.TOO_SLOW)
    BODY_SLOW = ("body_slow", "request_timeout", 408, Text.TOO_SLOW)
    ANSWER_UNREAD = ("answer_unread", "", 0, None)
    MALFORMED = ("malformed", "malformed_request", 400, Text.MALFORMED)
    PIPELINED = ("pipelined", "too_many_pipelined", 503, Text.TOO_MANY)
    CONNECTIONS = ("connections", "too_many_connections", 503, Text.TOO_MANY)
    CONNECTIONS_PER_ADDRESS = (
        "connections_per_address",
        "too_many_connections",
        503,
        Text.TOO_MANY,
    )
    UNFINISHED = ("unfinished", "too_many_connections", 503, Text.TOO_MANY)
    """Its place was needed while its request head was incomplete."""

    def __init__(self, label: str, code: str, status: int, text: Text | None) -> None:
        self.label = label
        self.code = code
        self.status = status
        self.text = text

    def response(
        self, responses: Responses, default_headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> bytes:
        """The complete answer as sent before the connection closes; empty if there is none."""
        if self.text is None:
            return b""
        retry = {"Retry-After": str(_RETRY_AFTER_S)} if self.status == 503 else {}
        response = responses.no(
            self.status, self.code, self.text, headers={"Connection": "close", **retry}
        )
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()]
        lines += [b"%b: %b" % header for header in (*default_headers, *response.raw_headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body)
