"""The terms under which a migration's commands are executed."""

from __future__ import annotations

import pytest

from producer.contract.messages import Text
from producer.journal import JournalUnavailable
from producer.journal.migrations.records import NO_DEFAULT
from tests.unit.worker.attempts import (
    CUSTOMER,
    LIMITED,
    NO_ANSWER,
    SERVER_ERROR,
    answered,
    to_assign,
    to_set_default,
)
from worker.execution.quarantine import _write_attempt, read_attempt
from worker.handlers.assign_card import AssignCardHandler
from worker.handlers.attempt import Terms
from worker.handlers.read_customer import read_customer
from worker.handlers.set_default_card import SetDefaultCardHandler
from worker.ports import StripeError
from worker.stripe.fake_gateway import FakeGateway
from worker.verdicts import Rejected, Succeeded, TryAgain

LOOK = Terms(look_first=True)


class Notes:
    """Records the former defaults that were noted."""

    def __init__(self, error: Exception | None = None) -> None:
        self.noted: list[str | None] = []
        self._error = error

    async def __call__(self, default: str | None) -> None:
        if self._error is not None:
            raise self._error
        self.noted.append(default)


async def test_the_default_before_is_noted(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """The former default is recorded before the change, and the answer is small."""
    notes = Notes()
    verdict = await handler.carry_out(to_set_default(terms=LOOK, note_before=notes))
    assert verdict == Succeeded(Text.DEFAULT_SET, {"id": CUSTOMER, "default_source": "card_1"})
    assert notes.noted == ["card_0"]


@pytest.mark.parametrize(("card", "state"), [("card_1", "set"), ("card_0", "so already")])
async def test_a_shadowed_default_is_reported(
    fake: FakeGateway, handler: SetDefaultCardHandler, card: str, state: str
) -> None:
    """Whether set or already so, the answer names the slot that takes precedence, and its card."""
    await handler.carry_out(to_set_default("pm_1", key="key_0"))
    verdict = await handler.carry_out(to_set_default(card, terms=LOOK, note_before=Notes()))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["shadowedBy"] == {
        "slot": "invoice_settings.default_payment_method",
        "card": "pm_1",
    }
    assert verdict.data.get("alreadySo", False) is (state == "so already")


async def test_no_default_before_is_noted_as_none(handler: SetDefaultCardHandler) -> None:
    """A customer without a default of that kind differs from one whose default is unknown."""
    notes = Notes()
    await handler.carry_out(to_set_default("pm_1", terms=LOOK, note_before=notes))
    assert notes.noted == [""]


async def test_nothing_is_sent_where_it_is_so_already(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """A card that is already the default is not set again, and the answer says so."""
    notes = Notes()
    verdict = await handler.carry_out(to_set_default("card_0", terms=LOOK, note_before=notes))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["alreadySo"] is True
    assert (fake.sent, notes.noted) == ([], [])


@pytest.mark.parametrize(
    ("card", "expected", "applied"),
    [
        ("card_1", "card_0", True),
        ("card_1", "card_9", False),
        ("card_1", "", False),
        ("pm_1", "", True),
        ("pm_1", "card_0", True),
        ("pm_1", "card_1", False),
        ("card_0", "card_9", True),
        ("pm_1", NO_DEFAULT, False),
        ("card_1", NO_DEFAULT, False),
    ],
)
async def test_only_if_default_is(
    fake: FakeGateway, handler: SetDefaultCardHandler, card: str, expected: str, applied: bool
) -> None:
    """A row is applied only over the default that it expects, of the expected card's own kind."""
    terms = Terms(look_first=True, expected_default=expected)
    verdict = await handler.carry_out(to_set_default(card, terms=terms, note_before=Notes()))
    if applied:
        assert isinstance(verdict, Succeeded)
    else:
        assert isinstance(verdict, Rejected)
        assert (verdict.code, verdict.http_status) == ("drifted", 409)
        assert fake.sent == []


@pytest.mark.parametrize("unsettled", [False, True])
async def test_a_newer_command_is_left_alone(
    fake: FakeGateway, handler: SetDefaultCardHandler, unsettled: bool
) -> None:
    """If another command has set the default since, nothing is read or sent."""
    terms = Terms(newer=True)
    verdict = await handler.carry_out(to_set_default(terms=terms, unsettled=unsettled))
    assert isinstance(verdict, Rejected)
    assert verdict.code == "drifted"
    assert fake.sent == []


async def test_our_own_effect_is_not_taken_for_drift(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """An attempt that may have taken effect is sent again under its key without a comparison."""
    fake.fail_next("set_default_source", NO_ANSWER, after_effect=True)
    terms = Terms(look_first=True, expected_default="card_0")
    first = await handler.carry_out(to_set_default(terms=terms, note_before=Notes()))
    assert isinstance(first, TryAgain)
    assert first.uncertain
    checked = Terms(look_first=True, expected_default="card_0", checked=True)
    again = await handler.carry_out(
        to_set_default(terms=checked, unsettled=True, note_before=Notes())
    )
    assert isinstance(again, Succeeded)
    assert "alreadySo" not in again.data
    assert len(fake.effects) == 1


async def test_an_unchecked_attempt_was_not_sent(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """An attempt that ended before its check was recorded is compared after all."""
    terms = Terms(look_first=True, expected_default="card_9")
    verdict = await handler.carry_out(
        to_set_default(terms=terms, unsettled=True, note_before=Notes())
    )
    assert isinstance(verdict, Rejected)
    assert fake.sent == []


async def test_nothing_is_sent_without_the_record(
    fake: FakeGateway, handler: SetDefaultCardHandler
) -> None:
    """While Redis is away no default is changed, since the former one could not be recorded."""
    notes = Notes(JournalUnavailable(OSError()))
    verdict = await handler.carry_out(to_set_default(terms=LOOK, note_before=notes))
    assert isinstance(verdict, TryAgain)
    assert not verdict.uncertain
    assert fake.sent == []


@pytest.mark.parametrize("error", [LIMITED, SERVER_ERROR, NO_ANSWER])
async def test_a_failed_check_is_certain(
    fake: FakeGateway, handler: SetDefaultCardHandler, error: object
) -> None:
    """A failed read is retried, and nothing was sent."""
    fake.fail_next("customer", error)  # type: ignore[arg-type]
    verdict = await handler.carry_out(to_set_default(terms=LOOK, note_before=Notes()))
    assert isinstance(verdict, TryAgain)
    assert not verdict.uncertain
    assert fake.sent == []


async def test_an_unknown_customer_is_rejected_by_the_check(fake: FakeGateway) -> None:
    """Stripe's answer to the read ends the row, with its code."""
    fake.account.delete_customer(CUSTOMER)
    verdict = await SetDefaultCardHandler(fake).carry_out(
        to_set_default(terms=LOOK, note_before=Notes())
    )
    assert isinstance(verdict, Rejected)
    assert (verdict.code, verdict.http_status) == ("resource_missing", 404)


async def test_a_payment_method_attached_before_is_so_already(fake: FakeGateway) -> None:
    """A pm_ attached before is already so; one that this command attached is not."""
    handler = AssignCardHandler(fake)
    verdict = await handler.carry_out(to_assign("pm_1", terms=Terms()))
    assert isinstance(verdict, Succeeded)
    assert verdict.data["alreadySo"] is True
    assert verdict.data["cardId"] == "pm_1"
    ours = await handler.carry_out(to_assign("pm_1", terms=Terms(), unsettled=True))
    assert isinstance(ours, Succeeded)
    assert "alreadySo" not in ours.data
    new = await handler.carry_out(to_assign("pm_loose", key="key_2", terms=Terms()))
    assert isinstance(new, Succeeded)
    assert "alreadySo" not in new.data


async def test_a_customer_is_read(fake: FakeGateway) -> None:
    """A read returns both defaults and, if wanted, the cards with their printed details."""
    face = {"brand": "Visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "status": None}
    verdict = await read_customer(fake, CUSTOMER, with_cards=True)
    assert verdict == Succeeded(
        Text.CUSTOMER_READ,
        {
            "id": CUSTOMER,
            "default_source": "card_0",
            "default_payment_method": None,
            "cards": ["card_0", "card_1", "pm_1"],
            "faces": [{"id": one, **face} for one in ("card_0", "card_1", "pm_1")],
        },
    )
    brief = await read_customer(fake, CUSTOMER, with_cards=False)
    assert isinstance(brief, Succeeded)
    assert (brief.data["cards"], brief.data["faces"]) == (None, None)
    assert isinstance(await read_customer(fake, "cus_none", with_cards=False), Rejected)


async def test_subscriptions_are_read_if_wanted(fake: FakeGateway) -> None:
    """Subscriptions with a default of their own are returned, a payment method before a source."""
    fake.account.add_subscription("sub_0", CUSTOMER)
    fake.account.add_subscription("sub_1", CUSTOMER, default_source="card_1")
    both = {"default_payment_method": "pm_1", "default_source": "card_1"}
    fake.account.add_subscription("sub_2", CUSTOMER, **both)
    verdict = await read_customer(fake, CUSTOMER, with_cards=False, with_subscriptions=True)
    assert isinstance(verdict, Succeeded)
    assert verdict.data["subscriptions"] == [
        {"slot": "subscription.default_payment_method", "card": "pm_1", "subscription": "sub_2"},
        {"slot": "subscription.default_source", "card": "card_1", "subscription": "sub_1"},
    ]
    assert verdict.data["subscriptionsNotRead"] is None


@pytest.mark.parametrize(
    ("error", "code"),
    [(answered(403), "not_permitted"), (LIMITED, "rate_limit"), (NO_ANSWER, "no_answer")],
)
async def test_a_key_that_may_not_read_subscriptions_is_good_for_the_rest(
    fake: FakeGateway, error: StripeError, code: str
) -> None:
    """The customer is still returned, with the reason why its subscriptions are not."""
    fake.fail_next("subscriptions", error)
    verdict = await read_customer(fake, CUSTOMER, with_cards=False, with_subscriptions=True)
    assert isinstance(verdict, Succeeded)
    assert (verdict.data["subscriptions"], verdict.data["subscriptionsNotRead"]) == (None, code)
    assert verdict.data["default_source"] == "card_0"


def test_terms_reach_the_child_process() -> None:
    """A child process executes a suspect command under the same terms."""
    terms = Terms(look_first=True, expected_default="card_0", newer=True, checked=True)
    assert read_attempt(_write_attempt(to_set_default(terms=terms), 5.0)).terms == terms
    assert read_attempt(_write_attempt(to_set_default(), 5.0)).terms is None
