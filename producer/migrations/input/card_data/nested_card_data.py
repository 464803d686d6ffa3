"""Finds card numbers and CVCs in nested JSON values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from producer.contract.card_data.card_numbers import find_card_data, looks_like_card_number
from producer.migrations.input.card_data.card_column_names import (
    is_cvc,
    is_outcome,
    named_cid,
    named_like_cvcs,
)

_CHECKED = 1_000  # characters of a value
# Members in which three or four digits are a CVC. Elsewhere they are common: last digits of a card,
# postal codes, years.
_CODE = re.compile(r"(?:^|_)(?:card_?)?(?:code|codigo)$", re.I)
_OTHER_CODE = re.compile(r"postal|zip|country|currency|decline|status|error|area|promo|sort", re.I)
_CVC_WORDS = ("cvc", "cvv", "csc", "cvn", "cv2", "securit", "segurid")
# After such a word: the rest of the name, of at most 80 characters, and a value that is no result
# of a check.
_NO_OUTCOME = re.compile(
    r'[^"]{0,80}"\s*:\s*(?!null\b|true\b|false\b|"\s*"|"\s*(?:pass|fail|unavailable|unchecked)\s*")\S'
)


class Found(Enum):
    """What a value contains."""

    LIKE_CARD = "a number, or a customer's id that may be a CVC"
    CVC = "a member named like a CVC that holds something else than the outcome of a check"


def look_within(value: Any) -> Found | None:
    """What a JSON value contains; a CVC takes precedence over a number."""
    return min(_found(value, ""), key=lambda one: one is Found.LIKE_CARD, default=None)


def may_hold_cvc(text: str) -> bool:
    """Whether JSON text of many records has a member named like a CVC that may hold one.

    A quick check that overlooks names written with escapes.
    """
    low = text.lower()
    for word in _CVC_WORDS:
        at = low.find(word)
        while at >= 0:
            if _NO_OUTCOME.match(low, at):
                return True
            at = low.find(word, at + 1)
    return False


def _found(value: Any, name: str) -> Iterator[Found]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _member(str(key), inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _found(inner, name)
    elif isinstance(value, str):
        if looks_like_card_number(value[:_CHECKED]) or (_named_code(name) and is_cvc(value)):
            yield Found.LIKE_CARD
    elif isinstance(value, (int, float)) and find_card_data(value) is not None:
        yield Found.LIKE_CARD


def _member(name: str, value: Any) -> Iterator[Found]:
    if looks_like_card_number(name) or (named_cid(name) and is_cvc(value)):
        yield Found.LIKE_CARD
    elif named_like_cvcs(name) and any(not is_outcome(leaf) for leaf in _filled(value)):
        yield Found.CVC
    yield from _found(value, name)


def _filled(value: Any) -> Iterator[Any]:
    """All filled values, at any depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _filled(inner)
    elif value is not None and value != "":
        yield value


def _named_code(name: str) -> bool:
    return _CODE.search(name) is not None and _OTHER_CODE.search(name) is None
