"""Redacts tokens and keys in logs, Flower, reprs and errors."""

from __future__ import annotations

import re

_SECRET = re.compile(r"\b((?:tok|src|btok|[sr]k_(?:live|test|org))_)[A-Za-z0-9_]+")
# Our own webhook secrets are base64.
_WEBHOOK_SECRET = re.compile(r"\b(whsec_)[A-Za-z0-9_+/]+=*")
# Tokens of `cards token new`, not names such as cards_http_requests_total.
_API_TOKEN = re.compile(r"\b(cards_)[A-Za-z0-9]{16,}")
_BEARER = re.compile(r"(?i)\b(bearer\s+)\S+")
# Every match of the patterns contains one of these, and few log lines do: searching for them first
# takes a tenth of the patterns' time.
_MARKS = ("tok_", "src_", "sk_", "rk_", "whsec_", "cards_", "bearer")


def redact(text: str) -> str:
    """The text with single-use tokens, API keys and bearer tokens cut to their prefix."""
    lowered = text.lower()
    if not any(mark in lowered for mark in _MARKS):
        return text
    text = _API_TOKEN.sub(r"\1***", _SECRET.sub(r"\1***", text))
    text = _WEBHOOK_SECRET.sub(r"\1***", text)
    return _BEARER.sub(r"\1***", text)
