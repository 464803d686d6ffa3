"""Excerpts of unreadable data: short, and without anything that must not be kept."""

from __future__ import annotations

import re

from producer.contract.card_data.card_numbers import mask_card_numbers
from producer.contract.card_data.masking import mask_security_codes, unescaped
from producer.contract.card_data.redaction import redact

EXCERPT_BYTES = 4096
# Redacting shortens the text, so more is read than kept.
_READ_BYTES = 4 * EXCERPT_BYTES
# Base64: nothing in it can be recognised, and so nothing redacted.
_ENCODED = re.compile(r"[A-Za-z0-9+/=\\]{20,}")
_LAST_WORD = re.compile(r"[^:\"'()\[\]{}<>]{0,200}$")


def excerpt(data: bytes) -> str:
    """The beginning of the data as printable text of at most `EXCERPT_BYTES` in UTF-8.

    Tokens and keys are redacted, card numbers and security codes masked, and long encoded runs
    left out, also where they are written with escapes or wide characters.
    """
    text = data[:_READ_BYTES].decode("utf-8", "replace")
    text = unescaped(text)
    # Mask before unprintable characters are removed: without them other digits could join a number.
    text = mask_card_numbers(redact(text))
    text = "".join(c for c in text if c.isprintable() or c in "\n\t")
    if len(data) > _READ_BYTES:
        text = _LAST_WORD.sub("", text)  # it may be half a number
    text = mask_card_numbers(redact(text))
    text = mask_security_codes(text)
    text = _ENCODED.sub(_left_out, text)
    return text.encode("utf-8", "replace")[:EXCERPT_BYTES].decode("utf-8", "ignore")


def _left_out(found: re.Match[str]) -> str:
    return f"[{len(found[0])} characters]"
