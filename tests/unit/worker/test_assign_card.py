"""The AssignCard handler: what it sends, what it reads, and its verdicts."""

from __future__ import annotations

import pytest

from producer.contract.messages import Text
from tests.unit.worker.attempts import (
    CUSTOMER,
    KEY_REFUSED,
    LIMITED,
    LOCKED,
    NO_ANSWER,
    NO_CONNECTION,
    PROCESSING_ERROR,
    SERVER_ERROR,
    UNREADABLE,
    answered,
    to_assign,
    to_set_default,
)
from worker.handlers.assign_card import AssignCardHandler
from worker.handlers.attempt import LeaseLost
from worker.ports import StripeError
from worker.stripe.fake_gateway import Effect, FakeGateway
from worker.verdicts import GaveUp, KeyRefused, Rejected, Succeeded, TryAgain

VISA = {"cardId": "card_1", "brand": "Visa", "last4": "4242"}


@pytest.fixture
def fake() -> FakeGateway:
    """A customer, a token, a source and a payment method."""
    fake = FakeGateway()
    fake.account.add_customer(CUSTOMER)
    fake.account.add_customer("cus_other")
    fake.account.add_token("tok_1")
    fake.account.add_source("src_1")
    fake.account.add_payment_method("pm_1")
    return fake


@pytest.fixture
def handler(fake: FakeGateway) -> AssignCardHandler:
    """The handler, on the fake."""
    return AssignCardHandler(fake)


async def _spend_elsewhere(fake: FakeGateway, token: str, *, command_id: str = "cmd_9") -> None:
    await fake.attach_source(
        "cus_other", token, command_id=command_id, key="other", permit=to_assign()
    )
    fake.sent.clear()
    fake.effects.clear()


async def test_a_token_becomes_a_card(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A token is attached under the attempt's key and with the command's id."""
    verdict = await handler.carry_out(to_assign())
    assert verdict == Succeeded(Text.CARD_ADDED, VISA)
    assert fake.effects == [Effect("attach_source", CUSTOMER, "tok_1", "key_1", "cmd_1")]


async def test_a_source_keeps_its_id(handler: AssignCardHandler) -> None:
    """A src_ is attached; brand and last4 are those of its nested card."""
    verdict = await handler.carry_out(to_assign("src_1"))
    assert verdict == Succeeded(
        Text.CARD_ADDED, {"cardId": "src_1", "brand": "Visa", "last4": "4242"}
    )


async def test_a_payment_method(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A pm_ is attached as a payment method, its brand spelt as a card's."""
    verdict = await handler.carry_out(to_assign("pm_1"))
    assert verdict == Succeeded(
        Text.CARD_ADDED, {"cardId": "pm_1", "brand": "Visa", "last4": "4242"}
    )
    assert fake.effects == [Effect("attach_payment_method", CUSTOMER, "pm_1", "key_1")]


async def test_a_lost_lease_sends_nothing(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """Without the lease the handler raises before anything is sent."""
    with pytest.raises(LeaseLost):
        await handler.carry_out(to_assign(held=lambda: False))
    assert fake.sent == []


async def test_another_command_is_a_mistake(handler: AssignCardHandler) -> None:
    """This handler executes no SetDefaultCard."""
    with pytest.raises(TypeError, match="not an AssignCard"):
        await handler.carry_out(to_set_default())


async def test_an_unknown_customer_is_refused(
    handler: AssignCardHandler, fake: FakeGateway
) -> None:
    """A deleted customer is Stripe's 404, in Stripe's words."""
    fake.account.delete_customer(CUSTOMER)
    verdict = await handler.carry_out(to_assign())
    assert verdict == Rejected("resource_missing", f"No such customer: '{CUSTOMER}'", 404)


async def test_a_declined_card_is_refused(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A decline carries Stripe's code, not the bank's decline code."""
    declined = answered(402, "card_declined", type="card_error", decline_code="lost_card")
    fake.account.add_token("tok_declined", declined=declined)
    verdict = await handler.carry_out(to_assign("tok_declined"))
    assert verdict == Rejected("card_declined", declined.message, 402)


@pytest.mark.parametrize("error", [NO_CONNECTION, LIMITED, LOCKED, answered(400, "token_in_use")])
async def test_an_attempt_without_effect(
    fake: FakeGateway, handler: AssignCardHandler, error: StripeError
) -> None:
    """A request without effect is certain to have had none."""
    fake.fail_next("attach_source", error)
    verdict = await handler.carry_out(to_assign())
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is False


@pytest.mark.parametrize("error", [NO_CONNECTION, LIMITED, LOCKED, answered(400, "token_in_use")])
async def test_an_attempt_without_effect_does_not_settle_an_earlier_one(
    fake: FakeGateway, handler: AssignCardHandler, error: StripeError
) -> None:
    """An earlier attempt that may have taken effect stays unsettled if this one had no effect."""
    fake.fail_next("attach_source", error)
    verdict = await handler.carry_out(to_assign(unsettled=True))
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is True


async def test_a_saved_answer_without_effect_settles_an_earlier_attempt(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """Stripe replays the answer to the earlier attempt, so a new key is sound."""
    fake.fail_next("attach_source", answered(400, "token_in_use"), saved=True)
    await handler.carry_out(to_assign())
    verdict = await handler.carry_out(to_assign(unsettled=True))
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (False, True)


@pytest.mark.parametrize("error", [NO_ANSWER, UNREADABLE])
async def test_a_lost_answer_is_recovered_under_the_same_key(
    fake: FakeGateway, handler: AssignCardHandler, error: StripeError
) -> None:
    """A second attempt under the key of a lost answer succeeds without a second card."""
    fake.fail_next("attach_source", error, after_effect=True)
    first = await handler.carry_out(to_assign())
    assert isinstance(first, TryAgain)
    assert first.uncertain is True
    second = await handler.carry_out(to_assign(unsettled=True))
    assert second == Succeeded(Text.CARD_ADDED, VISA)
    assert len(fake.effects) == 1


async def test_a_refusal_settles_an_earlier_attempt(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A refusal under the same key means that the earlier attempt had no effect either."""
    fake.fail_next("attach_source", answered(404, "resource_missing"))
    verdict = await handler.carry_out(to_assign(unsettled=True))
    assert isinstance(verdict, Rejected)


@pytest.mark.parametrize("source", ["tok_1", "src_1"])
async def test_a_saved_500_after_the_effect(
    fake: FakeGateway, handler: AssignCardHandler, source: str
) -> None:
    """A 500 that Stripe replays is looked up, and found to have succeeded."""
    fake.fail_next("attach_source", SERVER_ERROR, after_effect=True)
    first = await handler.carry_out(to_assign(source))
    assert isinstance(first, TryAgain)
    assert (first.uncertain, first.new_key) == (True, False)
    second = await handler.carry_out(to_assign(source, unsettled=True))
    assert isinstance(second, Succeeded)
    assert len(fake.effects) == 1


async def test_a_saved_500_after_attaching_a_payment_method(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """The outcome for a pm_ is read from the payment method itself."""
    fake.fail_next("attach_payment_method", SERVER_ERROR, after_effect=True)
    await handler.carry_out(to_assign("pm_1"))
    verdict = await handler.carry_out(to_assign("pm_1", unsettled=True))
    assert isinstance(verdict, Succeeded)
    assert len(fake.effects) == 1


@pytest.mark.parametrize("source", ["tok_1", "src_1", "pm_1"])
async def test_a_saved_500_before_the_effect(
    fake: FakeGateway, handler: AssignCardHandler, source: str
) -> None:
    """A replayed 500 without effect is settled, and retried under another key."""
    method = "attach_payment_method" if source == "pm_1" else "attach_source"
    fake.fail_next(method, SERVER_ERROR, saved=True)
    await handler.carry_out(to_assign(source))
    verdict = await handler.carry_out(to_assign(source, unsettled=True))
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (False, True)
    assert isinstance(await handler.carry_out(to_assign(source, key="key_2")), Succeeded)
    assert len(fake.effects) == 1


async def test_a_processing_error_gets_a_new_key(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """402 processing_error without effect is retried under a new key, and ends as refused."""
    fake.fail_next("attach_source", PROCESSING_ERROR, saved=True)
    verdict = await handler.carry_out(to_assign())
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (False, True)
    assert verdict.final == Rejected("processing_error", PROCESSING_ERROR.message, 402)


async def test_a_processing_error_that_took_effect(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """402 processing_error counts only after the sources were read."""
    fake.fail_next("attach_source", PROCESSING_ERROR, after_effect=True)
    assert await handler.carry_out(to_assign()) == Succeeded(Text.CARD_ADDED, VISA)


async def test_a_token_that_we_used(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A token used by this command, whose id the card carries, is a success."""
    await handler.carry_out(to_assign())
    verdict = await handler.carry_out(to_assign(key="key_2"))
    assert verdict == Succeeded(Text.CARD_ADDED, VISA)
    assert len(fake.effects) == 1


async def test_a_token_that_someone_else_used(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A token used by anyone else is refused in Stripe's words, without the token."""
    await _spend_elsewhere(fake, "tok_1")
    verdict = await handler.carry_out(to_assign())
    assert verdict == Rejected(
        "token_already_used", "You cannot use a Stripe token more than once: tok_***.", 400
    )


async def test_the_same_command_id_on_another_customer_is_not_ours(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """Only the command's own customer is read."""
    await _spend_elsewhere(fake, "tok_1", command_id="cmd_1")
    assert isinstance(await handler.carry_out(to_assign()), Rejected)


async def test_a_payment_method_that_is_ours_already(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A payment method attached to this customer before is a success."""
    fake.account.add_payment_method("pm_2", customer=CUSTOMER)
    verdict = await handler.carry_out(to_assign("pm_2"))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["cardId"] == "pm_2"


async def test_a_source_that_is_ours_already(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A src_ attached to this customer before, by anything, is a success."""
    await fake.attach_source(CUSTOMER, "src_1", command_id="cmd_9", key="other", permit=to_assign())
    verdict = await handler.carry_out(to_assign("src_1"))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["cardId"] == "src_1"


async def test_a_payment_method_of_someone_else(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A payment method attached to another customer is refused."""
    fake.account.add_payment_method("pm_2", customer="cus_other")
    verdict = await handler.carry_out(to_assign("pm_2"))
    assert isinstance(verdict, Rejected)
    assert verdict.http_status == 400


async def test_a_detached_payment_method(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A detached payment method is refused for good."""
    fake.account.detach_payment_method("pm_1")
    verdict = await handler.carry_out(to_assign("pm_1"))
    assert isinstance(verdict, Rejected)
    assert "may not be used again" in verdict.message


@pytest.mark.parametrize("trouble", [NO_ANSWER, LIMITED, NO_CONNECTION])
async def test_a_lookup_that_fails_leaves_it_unknown(
    fake: FakeGateway, handler: AssignCardHandler, trouble: StripeError
) -> None:
    """If the sources cannot be read, it is unknown whether this command used the token."""
    await _spend_elsewhere(fake, "tok_1")
    fake.fail_next("sources", trouble)
    verdict = await handler.carry_out(to_assign())
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (True, False)


async def test_a_key_refused_in_a_lookup(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """An API key refused during a lookup stops the worker as at any other time."""
    await _spend_elsewhere(fake, "tok_1")
    fake.fail_next("sources", KEY_REFUSED)
    assert isinstance(await handler.carry_out(to_assign()), KeyRefused)


@pytest.mark.parametrize("source", ["tok_1", "pm_1"])
async def test_after_the_keys_expiry_an_effect_is_found(
    fake: FakeGateway, handler: AssignCardHandler, source: str
) -> None:
    """Once the key has expired nothing is sent, and an effect is found."""
    await handler.carry_out(to_assign(source))
    fake.forget_keys()
    fake.sent.clear()
    verdict = await handler.carry_out(to_assign(source, may_send=False, unsettled=True))
    assert isinstance(verdict, Succeeded)
    assert fake.sent == []


@pytest.mark.parametrize("source", ["tok_1", "pm_1", "pm_unknown"])
@pytest.mark.parametrize("look_up_first", [False, True])
async def test_after_the_keys_expiry_without_effect(
    fake: FakeGateway, handler: AssignCardHandler, source: str, look_up_first: bool
) -> None:
    """Once the key has expired, a command without effect is given up, never sent."""
    attempt = to_assign(source, may_send=False, look_up_first=look_up_first, unsettled=True)
    verdict = await handler.carry_out(attempt)
    assert isinstance(verdict, GaveUp)
    assert verdict.code == "expired"
    assert fake.sent == []


async def test_after_the_keys_expiry_with_a_failed_lookup(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """Once the key has expired, the command is not given up before the outcome was read."""
    fake.fail_next("sources", NO_ANSWER)
    verdict = await handler.carry_out(to_assign(may_send=False, unsettled=True))
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is True


async def test_a_replay_finds_the_earlier_effect(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A replay by an operator sends nothing if the command had taken effect."""
    await handler.carry_out(to_assign())
    fake.sent.clear()
    verdict = await handler.carry_out(to_assign(key="key_2", look_up_first=True))
    assert verdict == Succeeded(Text.CARD_ADDED, VISA)
    assert fake.sent == []


async def test_a_replay_sends_what_did_not_happen(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A replay by an operator sends a command without effect under its own key."""
    verdict = await handler.carry_out(to_assign(key="key_2", look_up_first=True))
    assert isinstance(verdict, Succeeded)
    assert [effect.key for effect in fake.effects] == ["key_2"]


async def test_a_replay_that_cannot_look_sends_nothing(
    fake: FakeGateway, handler: AssignCardHandler
) -> None:
    """A replay whose lookup fails is retried instead of sent blindly."""
    fake.fail_next("sources", SERVER_ERROR)
    verdict = await handler.carry_out(to_assign(look_up_first=True))
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is True
    assert fake.sent == []


async def test_a_reused_key_is_a_bug(fake: FakeGateway, handler: AssignCardHandler) -> None:
    """A command that reuses another's key is given up."""
    fake.account.add_token("tok_2")
    await handler.carry_out(to_assign("tok_1"))
    verdict = await handler.carry_out(to_assign("tok_2"))
    assert isinstance(verdict, GaveUp)
    assert len(fake.effects) == 1


async def test_no_verdict_names_the_token(handler: AssignCardHandler) -> None:
    """A token that Stripe quotes is not in the verdict."""
    verdict = await handler.carry_out(to_assign("tok_secretvalue"))
    assert isinstance(verdict, Rejected)
    assert "secretvalue" not in repr(verdict)
