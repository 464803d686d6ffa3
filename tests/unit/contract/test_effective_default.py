"""Which default takes precedence over the one that was set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import Slot
from producer.contract.effective_default import (
    INVOICE_SETTINGS,
    Shadow,
    shadow_in_answer,
    shadow_of,
    shadow_read,
)

FIRST = Shadow(INVOICE_SETTINGS, "pm_1")


def _customer(method: Any) -> dict[str, Any]:
    return {"default_source": "card_1", "invoice_settings": {"default_payment_method": method}}


@pytest.mark.parametrize(
    ("slot", "card", "method", "shadow"),
    [
        (Slot.DEFAULT_SOURCE, "card_1", None, None),
        (Slot.DEFAULT_SOURCE, "card_1", "pm_1", FIRST),
        (Slot.DEFAULT_SOURCE, "card_1", {"id": "pm_1"}, FIRST),
        (Slot.DEFAULT_SOURCE, "card_1", "card_1", None),
        (Slot.DEFAULT_SOURCE, "card_1", "card_2", Shadow(INVOICE_SETTINGS, "card_2")),
        (Slot.DEFAULT_PAYMENT_METHOD, "pm_1", "pm_1", None),
        ("default_source", "card_1", "pm_1", FIRST),
        ("", "card_1", "pm_1", None),
    ],
)
def test_which_default_takes_precedence(
    slot: str, card: str, method: Any, shadow: Shadow | None
) -> None:
    """`invoice_settings` takes precedence over `default_source`, unless both have the same card."""
    assert shadow_of(slot, card, _customer(method)) == shadow
    told = {"status": True, "message": "", "data": _customer(method)}
    assert shadow_in_answer(slot, card, told) == shadow
    assert shadow_in_answer(slot, card, {**told, "status": False}) is None


def test_a_shadow_is_written_and_read_back() -> None:
    """A shadow is read back with its subscription, also from a short answer."""
    own = Shadow("subscription.default_source", "card_2", "sub_1")
    for one in (FIRST, own):
        assert shadow_read(one.wire()) == one
        data = {"id": "cus_1", "shadowedBy": one.wire()}
        assert shadow_in_answer("default_source", "card_1", {"status": True, "data": data}) == one
    assert str(own) == "subscription.default_source of sub_1 is card_2, which comes first"
    assert "subscription" not in FIRST.wire()


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["invoice_settings", "default_payment_method", "id", "slot", "card"]),
            inner,
        )
    ),
    max_leaves=6,
)


@given(_JSON)
def test_any_json_is_read(data: Any) -> None:
    """No stored or answered JSON raises an error."""
    for found in (shadow_of("default_source", "card_1", data), shadow_read(data)):
        assert found is None or (found.card and found.slot)
    assert shadow_in_answer("default_source", "card_1", None) is None
