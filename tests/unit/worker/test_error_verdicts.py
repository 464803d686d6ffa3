"""What each of Stripe's errors means for a command."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.worker.attempts import (
    KEY_REFUSED,
    LIMITED,
    LOCKED,
    NO_ANSWER,
    NO_CONNECTION,
    PROCESSING_ERROR,
    SERVER_ERROR,
    UNREADABLE,
    answered,
)
from worker.ports import StripeError
from worker.stripe.error_verdicts import (
    Lookup,
    says_missing,
    verdict_of,
    verdict_of_listing,
    verdict_of_lookup,
)
from worker.verdicts import GaveUp, KeyRefused, Rejected, TryAgain

KEY_IN_USE = answered(409, "idempotency_key_in_use", type="idempotency_error")
OTHER_PARAMETERS = answered(400, type="idempotency_error")
USED = answered(400, "token_already_used")
ATTACHED = answered(400, message="The payment method ... has already been attached to a customer.")
DETACHED = answered(400, message="This PaymentMethod was ... detached from a Customer, and may not")


@pytest.mark.parametrize(
    "error",
    [
        NO_CONNECTION,
        LIMITED,
        LOCKED,
        answered(409),
        answered(400, "token_in_use"),
        answered(400, "rate_limit"),
    ],
    ids=lambda error: f"{error.failure}-{error.http_status}-{error.code}",
)
def test_errors_that_had_no_effect(error: StripeError) -> None:
    """A request that certainly had no effect is retried under the same key."""
    verdict = verdict_of(error)
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key, verdict.final) == (False, False, None)


@pytest.mark.parametrize(
    "error",
    [
        NO_ANSWER,
        UNREADABLE,
        SERVER_ERROR,
        answered(502),
        answered(503),
        answered(424),
        KEY_IN_USE,
    ],
    ids=lambda error: f"{error.failure}-{error.http_status}-{error.code}",
)
def test_errors_that_leave_the_effect_open(error: StripeError) -> None:
    """A request that may have had an effect is retried under the same key, as uncertain."""
    verdict = verdict_of(error)
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key, verdict.final) == (True, False, None)


def test_a_saved_answer_without_effect_needs_a_new_key() -> None:
    """A replayed answer without effect would be replayed again under the same key."""
    verdict = verdict_of(answered(400, "token_in_use", replayed=True))
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (False, True)


@pytest.mark.parametrize("status", [424, 500, 503])
def test_a_saved_server_error_is_looked_up(status: int) -> None:
    """A 5xx or 424 that Stripe replays needs a lookup, then a new key."""
    verdict = verdict_of(replace(answered(status), replayed=True))
    assert isinstance(verdict, Lookup)
    assert isinstance(verdict.otherwise, TryAgain)
    assert (verdict.otherwise.uncertain, verdict.otherwise.new_key) == (False, True)


def test_processing_error() -> None:
    """402 processing_error is looked up, retried under a new key, and ends in Stripe's refusal."""
    rejected = Rejected("processing_error", PROCESSING_ERROR.message, 402)
    expected = TryAgain(
        "processing_error", PROCESSING_ERROR.message, uncertain=False, new_key=True, final=rejected
    )
    assert verdict_of(PROCESSING_ERROR) == Lookup(expected)


@pytest.mark.parametrize("error", [USED, ATTACHED], ids=["token_already_used", "attached"])
def test_our_own_possible_effect_is_looked_up(error: StripeError) -> None:
    """A used token or an attached payment method is refused only if we did not do it."""
    code = error.code or "attached_elsewhere"
    assert verdict_of(error) == Lookup(Rejected(code, error.message, 400))


@pytest.mark.parametrize(
    "error",
    [
        answered(402, "card_declined", type="card_error", decline_code="lost_card"),
        answered(402, "expired_card", type="card_error"),
        answered(402, "incorrect_cvc", type="card_error"),
        answered(402, "incorrect_number", type="card_error"),
        answered(404, "resource_missing"),
        answered(400, "resource_missing"),
        answered(400, "parameter_unknown"),
        answered(400, "livemode_mismatch"),
        answered(400, "payment_method_unactivated"),
        answered(400, "customer_max_payment_methods"),
        answered(405, "anything_else"),
    ],
    ids=lambda error: f"{error.http_status}-{error.code}",
)
def test_refusals(error: StripeError) -> None:
    """A refusal keeps Stripe's own HTTP status, code and message."""
    assert error.code is not None
    assert error.http_status is not None
    assert verdict_of(error) == Rejected(error.code, error.message, error.http_status)


def test_too_many_payment_methods_is_another_error() -> None:
    """Stripe's message also mentions attached ones; the code distinguishes the two errors."""
    message = "Customer cus_1 already has the maximum number of payment methods attached."
    error = answered(400, "customer_max_payment_methods", message)
    assert verdict_of(error) == Rejected("customer_max_payment_methods", message, 400)


def test_a_refusal_without_code_is_named_by_its_type() -> None:
    """Without a code, Stripe's error type is used."""
    error = answered(400, None)
    assert verdict_of(error) == Rejected("invalid_request_error", error.message, 400)


@pytest.mark.parametrize(
    "message",
    [
        DETACHED.message,
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
        "attachment, shared with a connected account without Customer attachment, or was detached "
        "from a Customer. It may not be used again. To use a PaymentMethod multiple times, you "
        "must attach it to a Customer first.",
    ],
)
def test_a_detached_payment_method_has_a_code_of_its_own(message: str) -> None:
    """A detached payment method has our code, in both of Stripe's wordings."""
    error = replace(DETACHED, message=message)
    assert verdict_of(error) == Rejected("payment_method_not_reusable", message, 400)


def test_the_same_key_with_other_parameters() -> None:
    """An idempotency error is a bug of ours: the command is kept for an operator."""
    assert verdict_of(OTHER_PARAMETERS) == GaveUp("idempotency_error", OTHER_PARAMETERS.message)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key(status: int) -> None:
    """A refused API key is no verdict on the command."""
    assert isinstance(verdict_of(answered(status)), KeyRefused)


@pytest.mark.parametrize(
    "error", [NO_CONNECTION, LIMITED, SERVER_ERROR, NO_ANSWER, answered(400, "anything")]
)
def test_a_lookup_that_fails_settles_nothing(error: StripeError) -> None:
    """While the outcome cannot be read it is unknown, for any reason."""
    verdict = verdict_of_lookup(error)
    assert isinstance(verdict, TryAgain)
    assert (verdict.uncertain, verdict.new_key) == (True, False)


def test_a_lookup_with_a_refused_key() -> None:
    """A lookup notices a refused API key as well."""
    assert isinstance(verdict_of_lookup(KEY_REFUSED), KeyRefused)


@pytest.mark.parametrize("error", [NO_CONNECTION, NO_ANSWER, UNREADABLE, SERVER_ERROR, LIMITED])
def test_a_listing_that_fails_changed_nothing(error: StripeError) -> None:
    """A failed listing is never uncertain: it has no effect."""
    verdict = verdict_of_listing(error)
    assert isinstance(verdict, TryAgain)
    assert verdict.uncertain is False


def test_says_missing() -> None:
    """A missing object is recognised by status or by code."""
    assert says_missing(answered(404, "resource_missing"))
    assert says_missing(answered(400, "resource_missing"))
    assert not says_missing(answered(400))
    assert not says_missing(replace(UNREADABLE, http_status=404))


def test_key_that_keeps_answering_500_has_one_saved() -> None:
    """Without a replay header the outcome is looked up after the third attempt."""
    for attempts in (1, 2, 3):
        verdict = verdict_of(SERVER_ERROR, attempts=attempts)
        assert isinstance(verdict, TryAgain)
        assert verdict.uncertain
    looked_up = verdict_of(SERVER_ERROR, attempts=4)
    assert isinstance(looked_up, Lookup)
    assert isinstance(looked_up.otherwise, TryAgain)
    assert looked_up.otherwise.new_key
