"""The listing of a customer's cards."""

from __future__ import annotations

import pytest

from producer.contract import Card
from producer.contract.messages import Text
from tests.unit.worker.attempts import (
    CUSTOMER,
    KEY_REFUSED,
    LIMITED,
    NO_ANSWER,
    SERVER_ERROR,
    to_assign,
)
from worker.handlers.list_cards import list_cards
from worker.ports import StripeAnswer, StripeError, StripeResult
from worker.stripe.fake_gateway import FakeGateway
from worker.verdicts import KeyRefused, Rejected, Succeeded, TryAgain


@pytest.fixture
def fake() -> FakeGateway:
    """A customer with two cards and two payment methods, besides another customer's."""
    fake = FakeGateway()
    fake.account.add_customer(CUSTOMER, cards=("card_1", "card_2"))
    fake.account.add_payment_method("pm_1", customer=CUSTOMER)
    fake.account.add_payment_method("pm_2", customer=CUSTOMER)
    fake.account.add_payment_method("pm_other", customer="cus_other")
    return fake


async def _listed(fake: FakeGateway) -> list[Card]:
    verdict = await list_cards(fake, CUSTOMER)
    assert isinstance(verdict, Succeeded)
    assert verdict.text is Text.CARDS_LISTED
    return [Card.model_validate(card) for card in verdict.data]


async def test_sources_come_first(fake: FakeGateway) -> None:
    """Card sources come in Stripe's order, then the payment methods not among them."""
    assert [card.id for card in await _listed(fake)] == ["card_1", "card_2", "pm_2", "pm_1"]


async def test_one_spelling_of_a_card(fake: FakeGateway) -> None:
    """Card, source and payment method show brand, last4 and expiry in the same place."""
    fake.account.add_source("src_1")
    await fake.attach_source(CUSTOMER, "src_1", command_id="cmd_1", key="key_1", permit=to_assign())
    cards = await _listed(fake)
    assert {card.object for card in cards} == {"card", "source", "payment_method"}
    faces = {(card.brand, card.last4, card.exp_month, card.exp_year) for card in cards}
    assert faces == {("Visa", "4242", 12, 2034)}


async def test_no_client_secret_is_listed(fake: FakeGateway) -> None:
    """The listing has no client_secret of a source."""
    fake.account.add_source("src_1")
    await fake.attach_source(CUSTOMER, "src_1", command_id="cmd_1", key="key_1", permit=to_assign())
    verdict = await list_cards(fake, CUSTOMER)
    assert "src_1" in repr(verdict)
    assert "client_secret" not in repr(verdict)


async def test_other_sources_are_left_out(
    fake: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bank accounts and sources of other types are not listed."""
    others = [
        {"id": "ba_1", "object": "bank_account"},
        {"id": "src_sepa", "object": "source", "type": "sepa_debit"},
    ]

    async def customer(customer: str) -> StripeResult:
        body = {"id": customer, "sources": {"data": others, "has_more": False}}
        return StripeAnswer(body)

    monkeypatch.setattr(fake, "customer", customer)
    listed = {card.id for card in await _listed(fake)}
    assert listed.isdisjoint({"ba_1", "src_sepa"})


async def test_more_sources_than_a_customer_shows(fake: FakeGateway) -> None:
    """All sources are listed, also those beyond the ten that Stripe expands."""
    cards = tuple(f"card_{number}" for number in range(25))
    fake.account.add_customer(CUSTOMER, cards=cards)
    listed = [card.id for card in await _listed(fake)]
    assert listed == [*cards, "pm_2", "pm_1"]


async def test_no_cards(fake: FakeGateway) -> None:
    """A customer without cards has an empty list."""
    fake.account.add_customer("cus_empty")
    assert await list_cards(fake, "cus_empty") == Succeeded(Text.CARDS_LISTED, [])


async def test_an_unknown_customer(fake: FakeGateway) -> None:
    """An unknown customer is refused as Stripe refuses it."""
    verdict = await list_cards(fake, "cus_unknown")
    assert verdict == Rejected("resource_missing", "No such customer: 'cus_unknown'", 404)


async def test_a_deleted_customer(fake: FakeGateway) -> None:
    """A deleted customer, for whom Stripe answers 200, is a 404 that says why."""
    fake.account.delete_customer(CUSTOMER)
    verdict = await list_cards(fake, CUSTOMER)
    assert isinstance(verdict, Rejected)
    assert (verdict.code, verdict.http_status) == ("resource_missing", 404)
    assert "deleted" in verdict.message


@pytest.mark.parametrize("method", ["customer", "sources", "card_payment_methods"])
@pytest.mark.parametrize("error", [NO_ANSWER, LIMITED, SERVER_ERROR])
async def test_a_failed_read(fake: FakeGateway, method: str, error: StripeError) -> None:
    """If any read fails there is no partial list, and nothing is uncertain."""
    cards = tuple(f"card_{number}" for number in range(11))
    fake.account.add_customer(CUSTOMER, cards=cards)
    fake.fail_next(method, error)
    verdict = await list_cards(fake, CUSTOMER)
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is False


async def test_a_refused_key(fake: FakeGateway) -> None:
    """A refused API key is distinguished from errors about the customer."""
    fake.fail_next("customer", KEY_REFUSED)
    assert isinstance(await list_cards(fake, CUSTOMER), KeyRefused)
