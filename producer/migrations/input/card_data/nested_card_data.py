"""Card numbers and CVCs in what JSON holds within a column."""

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

_LOOKED_AT = 1_000  # characters of a value
# What three or four digits are in a member of such a name. Others have them often: the last digits
# of a card, postal codes, years.
_CODE = re.compile(r"(?:^|_)(?:card_?)?(?:code|codigo)$", re.I)
_OTHER_CODE = re.compile(r"postal|zip|country|currency|decline|status|error|area|promo|sort", re.I)
_WORDS = ("cvc", "cvv", "csc", "cvn", "cv2", "securit", "segurid")
# Behind such a word: the rest of the name and a value that is none of a check's. Of 80 characters:
# a name.
_NO_OUTCOME = re.compile(
    r'[^"]{0,80}"\s*:\s*(?!null\b|true\b|false\b|"\s*"|"\s*(?:pass|fail|unavailable|unchecked)\s*")\S'
)


class Found(Enum):
    """What was found within a value."""

    LIKE_CARD = "a number, or a customer's id that may be a CVC"
    CVC = "a member named like a CVC that holds something else than the outcome of a check"


def look_within(value: Any) -> Found | None:
    """What a column's value of JSON holds; a CVC goes before a number."""
    return min(_found(value, ""), key=lambda one: one is Found.LIKE_CARD, default=None)


def may_hold_cvc(text: str) -> bool:
    """Whether JSON text of many records has a member that is named like a CVC and may hold one.

    A quick look: text that is spelt with escapes is overlooked.
    """
    low = text.lower()
    for word in _WORDS:
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
        if looks_like_card_number(value[:_LOOKED_AT]) or (_named_code(name) and is_cvc(value)):
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
    """What is not empty, however deep within."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _filled(inner)
    elif value is not None and value != "":
        yield value


def _named_code(name: str) -> bool:
    return _CODE.search(name) is not None and _OTHER_CODE.search(name) is None
