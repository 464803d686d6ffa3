"""Card sources and tokens."""

from __future__ import annotations

import pytest

from sandbox.http.server import SandboxServer
from sandbox.objects import seed
from tests.sandbox.conftest import Api

JOHN = f"/v1/customers/{seed.CUSTOMER}"


async def test_a_token_is_used_up_by_its_first_use(api: Api, server: SandboxServer) -> None:
    """A token makes one card; the second use is 400 token_already_used, without effect."""
    form = {"source": seed.TOKEN, "metadata[command_id]": "c1"}
    made = await api.post(f"{JOHN}/sources", form)
    assert (made.status, made.body["object"], made.body["last4"]) == (200, "card", "4242")
    assert made.body["metadata"] == {"command_id": "c1"}
    assert made.body["customer"] == seed.CUSTOMER
    again = await api.post(f"{JOHN}/sources", form)
    assert (again.status, again.error["code"]) == (400, "token_already_used")
    assert [each.kind for each in server.account.effects.kept] == ["source.created"]
    assert (await api.get(f"/v1/tokens/{seed.TOKEN}")).body["used"] is True


async def test_test_tokens_are_reusable(api: Api) -> None:
    """tok_visa creates a new card each time, with one fingerprint."""
    one = (await api.post(f"{JOHN}/sources", {"source": "tok_visa"})).body
    two = (await api.post(f"{JOHN}/sources", {"source": "tok_visa"})).body
    assert one["id"] != two["id"]
    assert one["fingerprint"] == two["fingerprint"]


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("tok_chargeDeclined", "card_declined", "generic_decline"),
        ("tok_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("tok_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("tok_chargeDeclinedExpiredCard", "expired_card", None),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("tok_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
async def test_declining_cards_are_not_attached(
    api: Api, server: SandboxServer, token: str, code: str, decline_code: str | None
) -> None:
    """Stripe's declining test cards are refused with 402 at attachment, as pm_card_ too."""
    attach = f"/v1/payment_methods/pm_card_{token.removeprefix('tok_')}/attach"
    for answer in (
        await api.post(f"{JOHN}/sources", {"source": token}),
        await api.post(attach, {"customer": seed.CUSTOMER}),
    ):
        assert (answer.status, answer.error["type"]) == (402, "card_error")
        assert answer.error["code"] == code
        assert answer.error.get("decline_code") == decline_code
    assert server.account.effects.kept == []


async def test_charge_customer_fail_attaches(api: Api) -> None:
    """tok_chargeCustomerFail attaches; only a later charge would fail."""
    answer = await api.post(f"{JOHN}/sources", {"source": "tok_chargeCustomerFail"})
    assert (answer.status, answer.body["last4"]) == (200, "0341")


async def test_first_source_becomes_default(api: Api, server: SandboxServer) -> None:
    """The first source of a customer becomes its default; the second does not."""
    customer = (await api.post("/v1/customers")).body["id"]
    path = f"/v1/customers/{customer}"
    first = (await api.post(f"{path}/sources", {"source": "tok_visa"})).body["id"]
    await api.post(f"{path}/sources", {"source": "tok_mastercard"})
    assert (await api.get(path)).body["default_source"] == first
    assert server.account.effects.counts["default_source.implied"] == 1
    assert server.account.effects.counts["default_source.set"] == 0


async def test_refused_sources(api: Api) -> None:
    """No source, an unknown token, a pm_ and raw card details are refused with 400."""
    for form, code in (
        ({}, "parameter_missing"),
        ({"source": "tok_unknown"}, "resource_missing"),
        ({"source": "src_unknown"}, "resource_missing"),
        ({"source": "pm_card_visa"}, None),
        ({"source[object]": "card", "source[number]": "4242424242424242"}, None),
    ):
        answer = await api.post(f"{JOHN}/sources", form)
        assert (answer.status, answer.error.get("code")) == (400, code)


async def test_source_objects_attach_once(api: Api) -> None:
    """A src_ attaches, can be the default, and cannot be attached twice or after detaching."""
    made = (await api.post("/v1/sources", {"type": "card", "token": "tok_visa"})).body
    assert (await api.get(f"/v1/sources/{made['id']}")).body["status"] == "chargeable"
    attached = await api.post(
        f"{JOHN}/sources", {"source": made["id"], "metadata[command_id]": "c1"}
    )
    assert (attached.status, attached.body["object"]) == (200, "source")
    assert attached.body["metadata"] == {"command_id": "c1"}
    changed = await api.post(JOHN, {"default_source": made["id"]})
    assert changed.body["default_source"] == made["id"]
    assert (await api.post(f"{JOHN}/sources", {"source": made["id"]})).status == 400
    gone = await api.delete(f"{JOHN}/sources/{made['id']}")
    assert gone.body["status"] == "consumed"
    assert (await api.post(f"{JOHN}/sources", {"source": made["id"]})).status == 400


async def test_deleting_the_default_moves_it(api: Api) -> None:
    """The most recently added source becomes the new default (Stripe docs: api/cards/delete)."""
    await api.post(f"{JOHN}/sources", {"source": seed.TOKEN})
    newest = (await api.get(f"{JOHN}/sources", limit="1")).body["data"][0]["id"]
    gone = await api.delete(f"{JOHN}/sources/{seed.CARD}")
    assert gone.body == {"id": seed.CARD, "object": "card", "deleted": True}
    assert (await api.get(JOHN)).body["default_source"] == newest
    missing = await api.get(f"{JOHN}/sources/{seed.CARD}")
    assert (missing.status, missing.error["code"]) == (404, "resource_missing")


async def test_pages_of_sources(api: Api) -> None:
    """Sources are listed newest first, in pages that can be followed in both directions."""
    made = [
        (await api.post(f"{JOHN}/sources", {"source": "tok_visa"})).body["id"] for _ in range(3)
    ]
    order = [*reversed(made), seed.CARD, seed.SECOND_CARD]
    first = (await api.get(f"{JOHN}/sources", object="card", limit="2")).body
    assert [each["id"] for each in first["data"]] == order[:2]
    assert (first["has_more"], first["url"]) == (True, f"{JOHN}/sources")
    second = (await api.get(f"{JOHN}/sources", limit="2", starting_after=order[1])).body
    assert [each["id"] for each in second["data"]] == order[2:4]
    back = (await api.get(f"{JOHN}/sources", limit="2", ending_before=order[3])).body
    assert [each["id"] for each in back["data"]] == order[1:3]
    assert back["has_more"] is True
    assert (await api.get(f"{JOHN}/sources", object="bank_account")).body["data"] == []
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"starting_after": "card_unknown"}):
        assert (await api.get(f"{JOHN}/sources", **wrong)).status == 400


async def test_tokens_are_created_from_test_numbers(api: Api, server: SandboxServer) -> None:
    """POST /v1/tokens accepts Stripe's test numbers; the token's card id becomes the card's."""
    form = {"card[number]": "5555555555554444", "card[exp_month]": "8", "card[exp_year]": "2030"}
    token = (await api.post("/v1/tokens", form)).body
    assert (token["card"]["brand"], token["card"]["exp_year"]) == ("MasterCard", 2030)
    card = (await api.post(f"{JOHN}/sources", {"source": token["id"]})).body
    assert card["id"] == token["card"]["id"]
    missing = await api.get("/v1/tokens/tok_unknown")
    assert (missing.status, missing.error["code"]) == (404, "resource_missing")


async def test_real_numbers_are_refused_and_not_kept(api: Api, server: SandboxServer) -> None:
    """Any other number is refused as in Stripe's test mode, and stored nowhere."""
    number = "4539578763621486"
    for path, form in (
        ("/v1/tokens", {}),
        ("/v1/payment_methods", {"type": "card"}),
    ):
        card = {"card[number]": number, "card[exp_month]": "8", "card[exp_year]": "2030"}
        answer = await api.post(path, {**form, **card}, key="k1")
        assert (answer.status, answer.error["code"]) == (402, "card_declined")
        assert answer.error["decline_code"] == "test_mode_live_card"
        assert number not in str(answer.body)
    assert len(server.service.idempotency) == 0
    assert number not in str(server.service.log.entries)
