"""Customers, as Stripe models them."""

from __future__ import annotations

from sandbox.http.server import SandboxServer
from sandbox.objects import seed
from sandbox.objects.auto_created import auto_card_id
from tests.sandbox.conftest import Api

JOHN = f"/v1/customers/{seed.CUSTOMER}"


async def test_the_initial_customer_is_the_documented_one(api: Api) -> None:
    """The documentation's customer exists, with both cards and the first as default."""
    answer = await api.get(JOHN, **{"expand[]": "sources"})
    assert answer.status == 200
    body = answer.body
    assert (body["name"], body["phone"]) == ("John Doe", "+1234567890")
    assert body["email"] == "john.doe@example.com"
    assert body["default_source"] == seed.CARD
    first, second = body["sources"]["data"]
    assert (first["id"], first["brand"], first["last4"]) == (seed.CARD, "Visa", "4242")
    assert (first["exp_month"], first["exp_year"]) == (12, 2026)
    assert (second["id"], second["last4"]) == (seed.SECOND_CARD, "4444")


async def test_sources_only_when_expanded(api: Api) -> None:
    """`sources` is absent and `default_source` an id unless expanded."""
    plain = (await api.get(JOHN)).body
    assert "sources" not in plain
    expanded = (await api.get(JOHN, **{"expand[0]": "default_source"})).body
    assert expanded["default_source"]["id"] == seed.CARD
    refused = await api.get(JOHN, **{"expand[]": "sauces"})
    assert (refused.status, refused.error["param"]) == (400, "expand")


async def test_default_source_is_set_once_attached(api: Api, server: SandboxServer) -> None:
    """An attached card becomes the default, with one effect that names the request."""
    answer = await api.post(
        JOHN,
        {"default_source": seed.SECOND_CARD, "metadata[command_id]": "c1", "expand[]": "sources"},
        key="k1",
    )
    assert answer.body["default_source"] == seed.SECOND_CARD
    (effect,) = [e for e in server.account.effects.kept if e.kind == "default_source.set"]
    assert (effect.customer, effect.object) == (seed.CUSTOMER, seed.SECOND_CARD)
    assert (effect.idempotency_key, effect.command_id) == ("k1", "c1")
    assert effect.request_id == answer.headers["Request-Id"]


async def test_default_source_unattached_changes_nothing(api: Api, server: SandboxServer) -> None:
    """A default_source that is not the customer's is 404 resource_missing, without effect."""
    answer = await api.post(JOHN, {"default_source": "card_other", "name": "Jane"})
    assert (answer.status, answer.error["code"]) == (404, "resource_missing")
    assert answer.error["message"] == "No such source: 'card_other'"
    assert answer.error["param"] == "default_source"
    assert answer.error["doc_url"].endswith("/resource-missing")
    assert answer.headers["Request-Id"] in answer.error["request_log_url"]
    assert (await api.get(JOHN)).body["name"] == "John Doe"
    assert server.account.effects.kept == []


async def test_default_payment_method_must_be_attached(api: Api) -> None:
    """invoice_settings takes an attached payment method or card, and "" unsets it."""
    name = "invoice_settings[default_payment_method]"
    refused = await api.post(JOHN, {name: seed.PAYMENT_METHOD})
    assert (refused.status, refused.error["code"]) == (400, "resource_missing")
    unknown = await api.post(JOHN, {name: "pm_unknown"})
    assert (unknown.status, unknown.error["code"]) == (400, "resource_missing")
    await api.post(f"/v1/payment_methods/{seed.PAYMENT_METHOD}/attach", {"customer": seed.CUSTOMER})
    answer = await api.post(JOHN, {name: seed.PAYMENT_METHOD})
    settings = answer.body["invoice_settings"]
    assert settings["default_payment_method"] == seed.PAYMENT_METHOD
    expand = {"expand[]": "invoice_settings.default_payment_method"}
    expanded = (await api.get(JOHN, **expand)).body["invoice_settings"]
    assert expanded["default_payment_method"]["card"]["last4"] == "4242"
    answer = await api.post(JOHN, {name: ""})
    assert answer.body["invoice_settings"]["default_payment_method"] is None


async def test_create_update_and_metadata(api: Api) -> None:
    """Fields are stored, metadata merges, and an empty value unsets."""
    made = (await api.post("/v1/customers", {"email": "a@b.c", "metadata[a]": "1"})).body
    path = f"/v1/customers/{made['id']}"
    changed = (
        await api.post(path, {"email": "", "name": "Ana", "metadata[b]": "2", "metadata[a]": ""})
    ).body
    assert (changed["email"], changed["name"]) == (None, "Ana")
    assert changed["metadata"] == {"b": "2"}
    assert (await api.post(path, {"metadata": ""})).body["metadata"] == {}
    refused = await api.post(path, {"email": "nobody"})
    assert (refused.status, refused.error["code"]) == (400, "email_invalid")


async def test_create_with_source_and_payment_method(api: Api) -> None:
    """A new customer can have a card and a payment method; the card is its default."""
    made = (
        await api.post(
            "/v1/customers",
            {
                "source": "tok_amex",
                "payment_method": "pm_card_mastercard",
                "invoice_settings[default_payment_method]": "pm_card_mastercard",
                "expand[]": "sources",
            },
        )
    ).body
    assert made["sources"]["data"][0]["id"] == made["default_source"]
    assert made["sources"]["data"][0]["brand"] == "American Express"
    assert made["invoice_settings"]["default_payment_method"].startswith("pm_")


async def test_update_with_source_replaces_the_default(api: Api) -> None:
    """`source=` on an update makes a new default and deletes the old one (Stripe docs)."""
    answer = await api.post(JOHN, {"source": "tok_visa", "expand[]": "sources"})
    held = [card["id"] for card in answer.body["sources"]["data"]]
    assert answer.body["default_source"] in held
    assert seed.CARD not in held
    assert seed.SECOND_CARD in held


async def test_deleted_customer(api: Api) -> None:
    """GET of a deleted customer is 200 with deleted: true; writes and lists are 404."""
    assert (await api.delete(JOHN)).body == {
        "id": seed.CUSTOMER,
        "object": "customer",
        "deleted": True,
    }
    found = await api.get(JOHN)
    assert (found.status, found.body["deleted"]) == (200, True)
    for answer in (
        await api.post(JOHN, {"name": "x"}),
        await api.post(f"{JOHN}/sources", {"source": "tok_visa"}),
        await api.get(f"{JOHN}/sources"),
        await api.delete(JOHN),
    ):
        assert (answer.status, answer.error["code"]) == (404, "resource_missing")


async def test_unknown_customer_parameter_and_path(api: Api) -> None:
    """Unknown ids, parameters and paths are refused as by Stripe."""
    unknown = await api.get("/v1/customers/cus_unknown")
    assert (unknown.status, unknown.error["code"]) == (404, "resource_missing")
    parameter = await api.post(JOHN, {"colour": "red"})
    assert (parameter.status, parameter.error["code"]) == (400, "parameter_unknown")
    clash = await api.post(JOHN, {"metadata[a]": "1", "metadata[a][b]": "1"})
    assert clash.status == 400
    path = await api.get("/v1/charges")
    assert (path.status, path.error["type"]) == (404, "invalid_request_error")


async def test_customers_are_listed_newest_first(api: Api) -> None:
    """The list pages from the newest customer down, and filters by email."""
    made = [(await api.post("/v1/customers", {"email": f"{n}@b.c"})).body["id"] for n in range(3)]
    first = (await api.get("/v1/customers", limit="2")).body
    assert [each["id"] for each in first["data"]] == [made[2], made[1]]
    assert first["has_more"] is True
    rest = (await api.get("/v1/customers", starting_after=made[1])).body
    assert [each["id"] for each in rest["data"]] == [made[0], seed.CUSTOMER]
    assert rest["has_more"] is False
    found = (await api.get("/v1/customers", email="1@b.c", **{"expand[]": "data.sources"})).body
    assert [each["id"] for each in found["data"]] == [made[1]]
    assert found["data"][0]["sources"]["data"] == []


async def test_auto_create(api: Api, server: SandboxServer) -> None:
    """With auto_create every customer has cards with predictable ids, and any token is unused."""
    server.service.config.update({"auto_create": True, "auto_create_cards": 3})
    path = "/v1/customers/cus_load000000001"
    second = auto_card_id("cus_load000000001", 2)
    answer = await api.post(path, {"default_source": second, "expand[]": "sources"})
    assert answer.body["default_source"] == second
    assert len(answer.body["sources"]["data"]) == 3
    for source, expected in (("tok_load1", 200), ("tok_load1", 400), ("src_load1", 200)):
        assert (await api.post(f"{path}/sources", {"source": source})).status == expected
    attached = await api.post("/v1/payment_methods/pm_load1/attach", {"customer": "cus_load2"})
    assert (attached.status, attached.body["id"]) == (200, "pm_load1")
