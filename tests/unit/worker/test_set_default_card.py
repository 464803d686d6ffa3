"""The SetDefaultCard handler: what it sends, what it reads, and its verdicts."""

from __future__ import annotations

import pytest

from producer.contract.messages import Text
from tests.unit.worker.attempts import (
    CUSTOMER,
    LIMITED,
    NO_ANSWER,
    NO_CONNECTION,
    SERVER_ERROR,
    answered,
    to_assign,
    to_set_default,
)
from worker.handlers.attempt import LeaseLost
from worker.handlers.set_default_card import SetDefaultCardHandler
from worker.ports import StripeAnswer, StripeResult
from worker.stripe.fake_gateway import Effect, FakeGateway
from worker.verdicts import GaveUp, Rejected, Succeeded, TryAgain


async def test_a_card_becomes_the_default_source(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A card_ is set as default_source, and the answer is the customer with its sources."""
    verdict = await handler.carry_out(to_set_default())
    assert isinstance(verdict, Succeeded)
    assert verdict.text is Text.DEFAULT_SET
    assert verdict.data["default_source"] == "card_1"
    assert [source["id"] for source in verdict.data["sources"]["data"]] == ["card_0", "card_1"]
    assert fake.effects == [Effect("set_default_source", CUSTOMER, "card_1", "key_1")]


async def test_a_payment_method_becomes_the_one_for_invoices(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A pm_ is set in invoice_settings; the answer still has the sources expanded."""
    verdict = await handler.carry_out(to_set_default("pm_1"))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["invoice_settings"] == {"default_payment_method": "pm_1"}
    assert verdict.data["default_source"] == "card_0"
    assert verdict.data["sources"]["object"] == "list"
    assert fake.effects == [Effect("set_default_payment_method", CUSTOMER, "pm_1", "key_1")]


async def test_no_client_secret_is_answered(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """The answer has no client_secret of a source."""
    fake.account.add_source("src_1")
    await fake.attach_source(CUSTOMER, "src_1", command_id="cmd_0", key="key_0", permit=to_assign())
    verdict = await handler.carry_out(to_set_default("src_1"))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["default_source"] == "src_1"
    assert "client_secret" not in repr(verdict.data)


async def test_a_bulk_command_has_a_concise_answer(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A bulk command is answered with the contract's fields of the customer."""
    whole = await handler.carry_out(to_set_default("pm_1"))
    short = await handler.carry_out(to_set_default("pm_1", concise=True))
    assert isinstance(whole, Succeeded)
    assert isinstance(short, Succeeded)
    assert short.text is whole.text
    assert set(short.data) == {
        *("id", "object", "email", "name", "phone", "default_source", "created"),
        *("invoice_settings", "sources"),
    }
    assert short.data["id"] == whole.data["id"]
    assert short.data["default_source"] == whole.data["default_source"]
    assert short.data["invoice_settings"] == {"default_payment_method": "pm_1"}
    assert short.data["sources"]["object"] == "list"
    cards = whole.data["sources"]["data"]
    assert [one["id"] for one in short.data["sources"]["data"]] == [one["id"] for one in cards]
    for card in short.data["sources"]["data"]:
        assert set(card) == {"id", "object", "brand", "last4", "exp_month", "exp_year"}


async def test_a_lost_lease_sends_nothing(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """Without the lease the handler raises before anything is sent."""
    with pytest.raises(LeaseLost):
        await handler.carry_out(to_set_default(held=lambda: False))
    assert fake.sent == []


async def test_another_command_is_a_mistake(handler: SetDefaultCardHandler) -> None:
    """This handler executes no AssignCard."""
    with pytest.raises(TypeError, match="not a SetDefaultCard"):
        await handler.carry_out(to_assign())


@pytest.mark.parametrize("card", ["card_unknown", "src_unknown", "pm_unknown", "pm_loose"])
async def test_a_card_that_is_not_attached_is_refused(
    fake: FakeGateway, handler: SetDefaultCardHandler, card: str
) -> None:
    """Only an attached card can become the default."""
    verdict = await handler.carry_out(to_set_default(card))
    assert isinstance(verdict, Rejected)
    assert verdict.code == "resource_missing"
    assert fake.effects == []


async def test_a_deleted_customer_is_refused(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A deleted customer is Stripe's 404."""
    fake.account.delete_customer(CUSTOMER)
    verdict = await handler.carry_out(to_set_default())
    assert verdict == Rejected("resource_missing", f"No such customer: '{CUSTOMER}'", 404)


async def test_a_lost_answer_is_recovered_under_the_same_key(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A second attempt under the key of a lost answer succeeds without a second update."""
    fake.fail_next("set_default_source", NO_ANSWER, after_effect=True)
    first = await handler.carry_out(to_set_default())
    assert isinstance(first, TryAgain)
    assert first.uncertain is True
    assert isinstance(await handler.carry_out(to_set_default(unsettled=True)), Succeeded)
    assert len(fake.effects) == 1


@pytest.mark.parametrize("unsettled", [False, True])
async def test_only_a_settled_command_can_be_certain(
    fake: FakeGateway, handler: SetDefaultCardHandler, unsettled: bool
) -> None:
    """A limiter's 429 does not settle an earlier attempt."""
    fake.fail_next("set_default_source", LIMITED)
    verdict = await handler.carry_out(to_set_default(unsettled=unsettled))
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is unsettled


@pytest.mark.parametrize(
    ("card", "method"),
    [("card_1", "set_default_source"), ("pm_1", "set_default_payment_method")],
)
async def test_a_saved_500_after_the_effect(
    fake: FakeGateway, handler: SetDefaultCardHandler, card: str, method: str
) -> None:
    """A replayed 500 that took effect is found in the command's slot of the customer."""
    fake.fail_next(method, SERVER_ERROR, after_effect=True)
    await handler.carry_out(to_set_default(card))
    verdict = await handler.carry_out(to_set_default(card, unsettled=True))
    assert isinstance(verdict, Succeeded)
    assert len(fake.effects) == 1


@pytest.mark.parametrize(
    ("card", "method"),
    [("card_1", "set_default_source"), ("pm_1", "set_default_payment_method")],
)
async def test_a_saved_500_before_the_effect(
    fake: FakeGateway, handler: SetDefaultCardHandler, card: str, method: str
) -> None:
    """A replayed 500 without effect is settled, and retried under another key."""
    fake.fail_next(method, SERVER_ERROR, saved=True)
    await handler.carry_out(to_set_default(card))
    verdict = await handler.carry_out(to_set_default(card, unsettled=True))
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (False, True)


async def test_the_other_slot_is_no_proof(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A default source does not prove that a pm_ command took effect."""
    verdict = await handler.carry_out(to_set_default("pm_1", may_send=False))
    assert isinstance(verdict, GaveUp)


async def test_an_expanded_default_is_recognised(
    fake: FakeGateway, handler: SetDefaultCardHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A default that Stripe returns as an object is recognised by its id."""
    body = {
        "id": CUSTOMER,
        "object": "customer",
        "invoice_settings": {"default_payment_method": {"id": "pm_1"}},
    }

    async def customer(customer: str) -> StripeResult:
        return StripeAnswer(body)

    monkeypatch.setattr(fake, "customer", customer)
    verdict = await handler.carry_out(to_set_default("pm_1", may_send=False))
    assert verdict == Succeeded(Text.DEFAULT_SET, body)


async def test_a_deleted_customer_has_no_default(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """The lookup of a deleted or unknown customer finds no effect."""
    fake.account.delete_customer(CUSTOMER)
    assert isinstance(await handler.carry_out(to_set_default(may_send=False)), GaveUp)
    fake.fail_next("customer", answered(404, "resource_missing"))
    assert isinstance(await handler.carry_out(to_set_default(may_send=False)), GaveUp)


async def test_after_the_keys_expiry_an_effect_is_found(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """Once the key has expired nothing is sent, and an effect is found."""
    await handler.carry_out(to_set_default())
    fake.sent.clear()
    verdict = await handler.carry_out(to_set_default(may_send=False, unsettled=True))
    assert isinstance(verdict, Succeeded)
    assert fake.sent == []


async def test_after_the_keys_expiry_with_a_failed_lookup(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """Once the key has expired, the command is not given up before the outcome was read."""
    fake.fail_next("customer", NO_CONNECTION)
    verdict = await handler.carry_out(to_set_default(may_send=False))
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is True


async def test_a_replay_looks_first(fake: FakeGateway, handler: SetDefaultCardHandler) -> None:
    """A replay by an operator sends only a command without effect."""
    assert isinstance(await handler.carry_out(to_set_default(look_up_first=True)), Succeeded)
    again = to_set_default(key="key_2", look_up_first=True)
    assert isinstance(await handler.carry_out(again), Succeeded)
    assert [effect.key for effect in fake.effects] == ["key_1"]
