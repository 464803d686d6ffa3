"""Payment methods."""

from __future__ import annotations

from sandbox.http.server import SandboxServer
from sandbox.objects import seed
from tests.sandbox.conftest import Api

JOHN = f"/v1/customers/{seed.CUSTOMER}"
OWN = {"customer": seed.CUSTOMER}


async def test_attach_once(api: Api, server: SandboxServer) -> None:
    """An attached payment method is not attached again, and the default does not change."""
    path = f"/v1/payment_methods/{seed.PAYMENT_METHOD}"
    attached = await api.post(f"{path}/attach", OWN, key="k1")
    assert (attached.status, attached.body["customer"]) == (200, seed.CUSTOMER)
    again = await api.post(f"{path}/attach", OWN, key="k2")
    assert again.status == 400
    assert "already been attached" in again.error["message"]
    assert (await api.get(path)).body["customer"] == seed.CUSTOMER
    settings = (await api.get(JOHN)).body["invoice_settings"]
    assert settings["default_payment_method"] is None
    (effect,) = server.account.effects.kept
    assert (effect.kind, effect.idempotency_key) == ("payment_method.attached", "k1")


async def test_detached_stays_detached(api: Api) -> None:
    """A detached payment method cannot be attached again, and is no longer the default."""
    path = f"/v1/payment_methods/{seed.PAYMENT_METHOD}"
    await api.post(f"{path}/attach", OWN)
    await api.post(JOHN, {"invoice_settings[default_payment_method]": seed.PAYMENT_METHOD})
    detached = await api.post(f"{path}/detach")
    assert (detached.status, detached.body["customer"]) == (200, None)
    settings = (await api.get(JOHN)).body["invoice_settings"]
    assert settings["default_payment_method"] is None
    again = await api.post(f"{path}/attach", OWN)
    assert again.status == 400
    assert "may not be used again" in again.error["message"]
    assert (await api.post(f"{path}/detach")).status == 400


async def test_test_payment_methods_create_new_ids(api: Api) -> None:
    """Attaching pm_card_visa attaches a new pm_ each time, as at Stripe."""
    answers = [
        (await api.post("/v1/payment_methods/pm_card_visa/attach", OWN)).body for _ in range(2)
    ]
    assert answers[0]["id"] != answers[1]["id"]
    assert all(each["id"].startswith("pm_1") for each in answers)


async def test_listing_shows_card_sources_too(api: Api) -> None:
    """A customer's payment methods include its card sources, under their card_ ids."""
    new = (await api.post("/v1/payment_methods/pm_card_amex/attach", OWN)).body["id"]
    expected = [new, seed.CARD, seed.SECOND_CARD]
    for path, form in (("/v1/payment_methods", OWN), (f"{JOHN}/payment_methods", {})):
        found = (await api.get(path, type="card", **form)).body
        assert [each["id"] for each in found["data"]] == expected
        assert found["data"][1]["card"]["brand"] == "visa"
        page = (await api.get(path, limit="1", starting_after=new, **form)).body
        assert [each["id"] for each in page["data"]] == [seed.CARD]
        assert page["has_more"] is True
        assert (await api.get(path, type="sepa_debit", **form)).body["data"] == []
    assert (await api.get("/v1/payment_methods", type="card")).body["data"] == []
    one = await api.get(f"{JOHN}/payment_methods/{seed.CARD}", **{"expand[]": "customer"})
    assert one.body["customer"]["name"] == "John Doe"
    assert (await api.get(f"{JOHN}/payment_methods/pm_unknown")).status == 404
    assert (await api.get(f"/v1/payment_methods/{seed.CARD}")).body["id"] == seed.CARD
    assert (await api.post(f"/v1/payment_methods/{seed.CARD}/attach", OWN)).status == 400


async def test_detaching_a_card_removes_the_source(api: Api) -> None:
    """A card_ detached through the payment-method API is removed from the sources."""
    assert (await api.post(f"/v1/payment_methods/{seed.CARD}/detach")).status == 200
    assert (await api.get(JOHN)).body["default_source"] == seed.SECOND_CARD


async def test_create_from_token(api: Api) -> None:
    """Creating a payment method from a token uses the token up; type and card are required."""
    form = {"type": "card", "card[token]": seed.TOKEN, "metadata[a]": "1"}
    made = await api.post("/v1/payment_methods", form)
    assert (made.body["card"]["last4"], made.body["metadata"]) == ("4242", {"a": "1"})
    spent = await api.post("/v1/payment_methods", form)
    assert (spent.status, spent.error["code"]) == (400, "token_already_used")
    for wrong in ({}, {"type": "card"}, {"type": "card", "card[cvc]": "1"}):
        assert (await api.post("/v1/payment_methods", wrong)).status == 400


async def test_update_needs_a_customer(api: Api) -> None:
    """Metadata can be written to an attached payment method, but not to another."""
    path = f"/v1/payment_methods/{seed.PAYMENT_METHOD}"
    assert (await api.post(path, {"metadata[a]": "1"})).status == 400
    await api.post(f"{path}/attach", OWN)
    assert (await api.post(path, {"metadata[a]": "1"})).body["metadata"] == {"a": "1"}


async def test_attach_needs_both(api: Api) -> None:
    """No customer is 400, an unknown customer or payment method 404."""
    path = "/v1/payment_methods/pm_card_visa/attach"
    missing = await api.post(path)
    assert (missing.status, missing.error["code"]) == (400, "parameter_missing")
    for answer in (
        await api.post(path, {"customer": "cus_unknown"}),
        await api.post("/v1/payment_methods/pm_unknown/attach", OWN),
    ):
        assert (answer.status, answer.error["code"]) == (404, "resource_missing")
