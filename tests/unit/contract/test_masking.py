"""How texts from other parties are shown."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from producer.contract.card_data.masking import masked, masked_data, masked_id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("('cus_1', 'card_1')", "('cus_1', 'card_1')"),
        ("{'source': 'tok_1abc'}", "{'source': 'tok_***'}"),
        ("('4242 4242 4242 4242', 917)", "('***', ***)"),
        ("{'cvc': '917', 'n': 917}", "{'cvc': ***, 'n': 917}"),
        ("sk_org_live_1abc rk_live_2 sk_org_9", "sk_org_*** rk_live_*** sk_org_***"),
        ("cvv=917&x=1", "cvv=***"),
        ('{"security code": 9173}', '{"security code": ***}'),
        ("{'a': '917'}", "{'a': '***'}"),
        ("9173", "***"),
        ("{'number': '\\u0034242424242424242'}", "{'number': '***'}"),
        ("['42424242424...", "['***..."),
        ("{'attempts': 917}", "{'attempts': 917}"),
    ],
)
def test_a_text_is_shown_without_its_secrets(text: str, shown: str) -> None:
    """Tokens, keys, card numbers, and everything that looks like a CVC are masked."""
    assert masked(text) == shown


def test_generated_ids_are_kept() -> None:
    """Tasks are found by their ids, and some UUIDs contain what passes for a card number."""
    for ident in (str(uuid4()) for _ in range(2_000)):
        assert masked_id(ident) == ident
    assert masked_id("tok_1abc") == "tok_***"
    assert masked_id("order-4242424242424242") == "***"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"cvc": 917, "cvv": None, "n": 917}, {"cvc": "***", "cvv": None, "n": 917}),
        ([4242424242424242, 1.5, True, None], ["***", 1.5, True, None]),
        ({"a": {"tok_1abc": ["sk_live_1"]}}, {"a": {"tok_***": ["sk_live_***"]}}),
        (10**30, "***"),
    ],
)
def test_nested_data_is_masked(value: Any, shown: Any) -> None:
    """Values and names are masked, however nested."""
    assert masked_data(value) == shown
