"""Which parts of Stripe's events are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe.events import V1CustomerUpdatedEventNotification

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


def _thin(type: str, **fields: Any) -> dict[str, Any]:
    made = {"id": "evt_1", "object": "v2.core.event", "type": type, "livemode": False}
    related = {"id": "cus_1", "type": "customer", "url": "/v1/customers/cus_1"}
    reason = {"type": "request", "request": {"id": "req_1", "idempotency_key": "key-1"}}
    at = "2023-11-14T22:13:20.000Z"
    return {**made, "created": at, "related_object": related, "reason": reason, **fields}


def _read(*args: Any, **fields: Any) -> StripeEvent:
    found = stripe_event(_event(*args, **fields))
    assert found is not None
    return found


def test_new_defaults() -> None:
    """The changed defaults are read with their new values; "" means none any more."""
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
def test_the_customer_of_an_event(type: str, object: Any, before: Any) -> None:
    """The customer is found for each type, also the former one of a payment method."""
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
        _event("customer.updated", _CUSTOMER, context="acct_1"),
        _event("v1.customer.updated", _CUSTOMER),
        _thin("v1.charge.succeeded"),
        _thin("v1.customer.subscription.updated"),
        _thin("v2.core.account.updated"),
        _thin("customer.updated"),
        _thin("v1.customer.updated", context="acct_1"),
        _thin("v1.customer.updated", related_object=None),
    ],
)
def test_ignored_events(body: dict[str, Any]) -> None:
    """Other types, events of other accounts, and thin events without an object are ignored."""
    assert stripe_event(body) is None


def test_a_thin_event() -> None:
    """A thin event has the customer, the path to read, and the request, but not the change."""
    found = stripe_event(_thin("v1.customer.updated"))
    assert found == StripeEvent(
        "evt_1",
        "v1.customer.updated",
        1_700_000_000,
        "cus_1",
        "cus_1",
        "req_1",
        "key-1",
        read_at="/v1/customers/cus_1",
    )
    assert found.of_cards


def test_a_thin_event_of_a_payment_method() -> None:
    """It has no customer, and no request if the dashboard made the change."""
    related = {"id": "pm_1", "type": "payment_method", "url": "/v1/payment_methods/pm_1"}
    found = stripe_event(_thin("v1.payment_method.attached", related_object=related, reason=None))
    assert found is not None
    assert (found.customer, found.object, found.key) == ("", "pm_1", "")
    assert found.read_at == "/v1/payment_methods/pm_1"


@pytest.mark.parametrize("url", ["https://evil.example/", "/v1/../x", "/v2/x", 7, None])
def test_a_thin_events_path_is_one_of_stripes(url: Any) -> None:
    """Any other path is neither stored nor shown."""
    related = {"id": "cus_1", "type": "customer", "url": url}
    found = stripe_event(_thin("v1.customer.updated", related_object=related))
    assert found is not None
    assert found.read_at == ""


@pytest.mark.parametrize(
    ("context", "fields", "ours"),
    [
        ("acct_1", {"context": "acct_1"}, True),
        ("acct_1", {}, True),
        ("acct_1", {"context": "acct_2"}, False),
        ("acct_1", {"account": "acct_1", "context": "acct_1"}, True),
        ("acct_1/acct_2", {"account": "acct_2", "context": "acct_1/acct_2"}, True),
        ("acct_1/acct_2", {"account": "acct_1"}, False),
        ("", {"context": "acct_1"}, False),
    ],
)
def test_events_of_an_organisations_accounts(
    context: str, fields: dict[str, Any], ours: bool
) -> None:
    """Events of the configured account are ours; those of another account are not."""
    for body in (_event("customer.deleted", _CUSTOMER), _thin("v1.customer.deleted")):
        assert (stripe_event({**body, **fields}, context=context) is not None) is ours


def test_the_sdk_reads_thin_events_alike() -> None:
    """Stripe's SDK parses the same events as each kind."""
    client = stripe.StripeClient("sk_test_x")
    thin, snapshot = _thin("v1.customer.updated"), _event("customer.updated", _CUSTOMER, {})
    note = client.parse_event_notification_without_verification(json.dumps(thin))
    found = stripe_event(thin)
    assert found is not None
    assert isinstance(note, V1CustomerUpdatedEventNotification)
    assert (note.related_object.id, note.related_object.url) == (found.object, found.read_at)
    assert note.reason is not None
    assert note.reason.request is not None
    assert (note.reason.request.id, note.reason.request.idempotency_key) == ("req_1", "key-1")
    with pytest.raises(ValueError, match="construct_event"):
        client.parse_event_notification_without_verification(json.dumps(snapshot))
    with pytest.raises(ValueError, match="parse_event_notification"):
        client.construct_event_without_verification(json.dumps(thin))


def test_a_request_without_a_key() -> None:
    """The dashboard's changes have no request; an overlong key is read as none."""
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
    """No value raises an error, and ids are valid ids."""
    thin = _thin("v1.customer.updated", related_object=object, reason=request, created=at)
    read = stripe_event({**thin, "context": before})
    assert read is None or (read.read_at, read.created) == ("", 0)
    body = _event("customer.updated", object, before, request=request, created=at)
    found = stripe_event(body)
    assert found is not None
    ids = [found.customer, found.object, found.request, *found.defaults.values()]
    assert set(ids) == {""}
