"""Recognises what must never enter: card numbers and CVCs, in any field, however nested."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Digits in groups, single spaces, dots or dashes between them.
_GROUPED = re.compile(r"\d+(?:[ .\-]\d+)*")
_DIGITS = re.compile(r"\d+")
_LENGTHS = range(13, 20)  # ISO/IEC 7812-1
# Most texts do not hold so many digits, and need no closer look.
_ENOUGH = re.compile(r"\d(?:[ .\-]?\d){12}")
_CVC_VALUE = re.compile(r"\d{3,4}")
_CVC_NAME = re.compile(r"(?:^|[^a-z])(?:cvc|cvv|csc|cvn|cid)\d?(?:$|[^a-z])|security_?code", re.I)
# One random UUID in 500 holds a run of digits that passes Luhn, a SHA-256 one in 230 (counted over
# 20,000 of each): what callers generate must not be refused at random.
_GENERATED = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,})(?![0-9A-Za-z])",
    re.I,
)
_ID_PREFIX = re.compile(r"[A-Za-z]+_$")
# Leading digits of payment cards in use (ISO/IEC 7812-1 major industry identifiers 2 to 6). Asked
# for only behind an id's prefix, so that zero-padded ids such as cus_0000000000000018 pass.
_CARD_INDUSTRIES = "23456"


def passes_luhn(digits: str) -> bool:
    """Whether the check digit of ISO/IEC 7812-1, annex B, holds."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def looks_like_card_number(text: str) -> bool:
    """Whether the text holds 13 to 19 digits that pass Luhn, other digits beside them or not."""
    return _ENOUGH.search(text) is not None and next(_card_numbers(text), None) is not None


def holds_card_number(key: str) -> bool:
    """Whether an idempotency key, path or query holds a card number.

    Unlike a field, these hold what programs generate: UUIDs, digests and timestamps are let pass.
    """
    text = _GENERATED.sub("#", key)
    return any(text[start] in _CARD_INDUSTRIES for start, _ in _card_numbers(text))


def mask_card_numbers(text: str) -> str:
    """The text with whatever passes for a card number masked, for logs."""
    shown, end = [], 0
    for start, stop in _card_numbers(text):
        if start >= end:
            shown += [text[end:start], "***"]
        end = max(end, stop)
    return "".join([*shown, text[end:]])


def _card_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where a run of whole groups of digits passes for a card number."""
    for run in _GROUPED.finditer(text):
        groups = [(g.start() + run.start(), g.group()) for g in _DIGITS.finditer(run.group())]
        for first, (start, _) in enumerate(groups):
            digits = ""
            for at, group in groups[first:]:
                digits += group
                if len(digits) > _LENGTHS[-1]:
                    break
                if len(digits) in _LENGTHS and passes_luhn(digits) and _may_be(text, start, digits):
                    yield start, at + len(group)


def _may_be(text: str, start: int, digits: str) -> bool:
    behind_prefix = _ID_PREFIX.search(text, 0, start) is not None
    return not behind_prefix or digits[0] in _CARD_INDUSTRIES


def looks_like_cvc(text: str) -> bool:
    """Whether the text is nothing but three or four digits."""
    return _CVC_VALUE.fullmatch(text.strip()) is not None


def named_like_cvc(name: str) -> bool:
    """Whether a field of this name would hold a CVC."""
    return _CVC_NAME.search(name) is not None


def find_card_data(value: Any, field: str = "body") -> str | None:
    """The name of the first field that holds a card number or CVC; None where there is none.

    A field's name that is itself a card number is answered as "body", so as not to echo it.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = str(key)
            if looks_like_card_number(name):
                return "body"
            if named_like_cvc(name) and inner not in (None, ""):
                return name
            found = find_card_data(inner, name)
            if found is not None:
                return found
        return None
    if isinstance(value, str):
        return field if looks_like_card_number(value) or looks_like_cvc(value) else None
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return next((f for item in value if (f := find_card_data(item, field))), None)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        text = str(int(value)) if value == value and abs(value) < 1e20 else ""
        return field if looks_like_card_number(text) else None
    return None
