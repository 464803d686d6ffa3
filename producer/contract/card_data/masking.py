"""Masks texts from other parties, such as the arguments of a foreign task, so they can be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from producer.contract.card_data.card_numbers import (
    holds_card_number,
    mask_card_numbers,
    named_like_cvc,
)
from producer.contract.card_data.redaction import redact

_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_SECURITY_CODE = re.compile(
    r"(?i)((?:cvc|cvv|csc|cvn|cid|security[\s_-]?code)\d?\\*[\"']?\s*[:=,]\s*)[^\s,}\])]+"
)
_THREE_OR_FOUR_DIGITS = re.compile(r"([\"']\s*)\d{3,4}(\s*\\*[\"'])")
# Numbers next to a card number: its CVC, or its expiry.
_BESIDE_A_NUMBER = re.compile(r"(?<![\w.])\d{3,4}(?![\w.])")
_WHOLE_CVC = re.compile(r"\s*\d{3,4}\s*")
# Celery cuts long arguments anywhere, even within a number.
_CUT_OFF = re.compile(r"\d[\d\s_.-]{3,}(?=\.\.\.)")


def unescaped(text: str) -> str:
    """The text with the `\\uXXXX` escapes of JSON and `repr` decoded."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def mask_security_codes(text: str) -> str:
    """The text with values named like a CVC, and quoted ones of three or four digits, masked."""
    return _THREE_OR_FOUR_DIGITS.sub(r"\1***\2", _SECURITY_CODE.sub(r"\1***", text))


def masked(text: str) -> str:
    """The text with tokens and keys redacted, card numbers and security codes masked."""
    text = redact(unescaped(text))
    without_numbers = mask_card_numbers(text)
    if without_numbers != text:
        without_numbers = _BESIDE_A_NUMBER.sub("***", without_numbers)
    if _WHOLE_CVC.fullmatch(without_numbers):
        return "***"
    return _CUT_OFF.sub("***", mask_security_codes(without_numbers))


def masked_id(text: str) -> str:
    """A caller's id, redacted, or masked if it contains a card number; generated ids are kept."""
    text = redact(text)
    return "***" if holds_card_number(text) else text


def masked_data(value: Any) -> Any:
    """A JSON value with every text and name masked, and every value named like a CVC."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {
            masked_id(name) if isinstance(name, str) else name: (
                "***" if _is_cvc(name, inner) else masked_data(inner)
            )
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [masked_data(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        text = mask_card_numbers(str(value)) if abs(value) < 10**24 else "***"
        return value if text == str(value) else text
    return value


def _is_cvc(name: object, value: object) -> bool:
    return isinstance(name, str) and value not in (None, "") and named_like_cvc(name)
