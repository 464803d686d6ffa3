"""What is read of Stripe's events, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.stripe_events import StripeEvent, stripe_event

_CUSTOMER = {
    "id": "cus_1",
    "object": "customer",
    "default_source": "card_2",
    "email": "a@example.com",
    "invoice_settings": {"default_payment_method": None},
}


def _event(type: str, object: Any, before: Any = None, **fields: Any) -> dict[str, Any]:
    data = {"object": object} | ({} if before is None else {"previous_attributes": before})
    request = {"id": "req_1", "idempotency_key": "key-1"}
    made = {"id": "evt_1", "object": "event", "created": 7, "type": type, "data": data}
    return {**made, "request": request, **fields}


def _read(*args: Any, **fields: Any) -> StripeEvent:
    found = stripe_event(_event(*args, **fields))
    assert found is not None
    return found


def test_new_defaults() -> None:
    """Those that changed, with what they are now; "" where there is none any more."""
    before = {"default_source": "card_1", "invoice_settings": {"default_payment_method": "pm_1"}}
    found = _read("customer.updated", _CUSTOMER, before)
    assert found == StripeEvent(
        "evt_1",
        "customer.updated",
        7,
        "cus_1",
        "cus_1",
        "req_1",
        "key-1",
        {"default_source": "card_2", "default_payment_method": ""},
    )
    assert found.of_cards
    assert "key-1" not in repr(found)
    address = _read("customer.updated", _CUSTOMER, {"email": "b@example.com"})
    assert (address.defaults, address.of_cards) == ({}, False)


@pytest.mark.parametrize(
    ("type", "object", "before"),
    [
        ("customer.deleted", {**_CUSTOMER, "deleted": True}, None),
        ("customer.source.created", {"id": "card_1", "customer": "cus_1"}, None),
        ("payment_method.attached", {"id": "pm_1", "customer": {"id": "cus_1"}}, None),
        ("payment_method.detached", {"id": "pm_1", "customer": None}, {"customer": "cus_1"}),
    ],
)
def test_whose_it_is(type: str, object: Any, before: Any) -> None:
    """The customer is found for each type, also the one that a payment method had before."""
    found = _read(type, object, before)
    assert (found.customer, found.object) == ("cus_1", object["id"])
    assert found.of_cards


@pytest.mark.parametrize(
    "body",
    [
        {},
        _event("charge.succeeded", _CUSTOMER),
        _event("customer.created", _CUSTOMER),
        _event("customer.subscription.updated", _CUSTOMER),
        _event("customer.updated", _CUSTOMER, account="acct_1"),
        _event("customer.updated", _CUSTOMER, id=None),
        _event("payment_method.X y", _CUSTOMER),
        {"id": "evt_1", "object": "v2.core.event", "type": "v1.customer.updated"},
    ],
)
def test_what_is_ignored(body: dict[str, Any]) -> None:
    """Other types, those of connected accounts, and what is no snapshot event."""
    assert stripe_event(body) is None


def test_a_request_without_a_key() -> None:
    """The dashboard's changes have no request; a key that is too long for ours is none."""
    for request in (None, "req_1", {}, {"id": None, "idempotency_key": None}):
        found = _read("customer.deleted", _CUSTOMER, request=request)
        assert (found.request, found.key) == ("", "")
    assert _read("customer.deleted", _CUSTOMER, request={"idempotency_key": "x" * 256}).key == ""


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("customer"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "object", "customer", "invoice_settings", "default_source"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(_JSON, _JSON, _JSON, _JSON)
def test_any_json_is_read_or_ignored(object: Any, before: Any, request: Any, at: Any) -> None:
    """No form of its parts raises, and ids are ids."""
    body = _event("customer.updated", object, before, request=request, created=at)
    found = stripe_event(body)
    assert found is not None
    ids = [found.customer, found.object, found.request, *found.defaults.values()]
    assert set(ids) == {""}
