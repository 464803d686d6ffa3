"""Outcomes of verdicts, and the limits on attempts."""

from __future__ import annotations

import random

import pytest

from producer.contract import State
from producer.contract.messages import Text
from producer.journal import ClaimingStopped, End, Grant, Retry
from producer.security.command_signatures import Flaw
from worker.execution import backoff
from worker.execution.outcomes import Outcomes
from worker.verdicts import GaveUp, KeyRefused, Rejected, Succeeded, TryAgain

KEEP_S = 90_000
DECLINED = Rejected("card_declined", "Your card was declined.", 402)


def a_grant(**row: str) -> Grant:
    """A grant of a first attempt, with changes to its row."""
    fields = {
        "kind": "AssignCard",
        "user": "cus_1",
        "card": "tok_1",
        "lane": "interactive",
        "tries": "1",
        "accepted": "1000",
        "started": "1000",
        "sent": "1000",
    }
    return Grant("id", "7", 15_000, 2_000, fields | row)


@pytest.fixture
def outcomes() -> Outcomes:
    """Outcomes in English, with a seeded random generator."""
    return Outcomes("en", KEEP_S, random.Random(7))


def test_success_ends_with_the_data_in_the_callers_language() -> None:
    """The envelope's message is the contract's Spanish by default."""
    end = Outcomes("es", KEEP_S).of(a_grant(), Succeeded(Text.CARD_ADDED, {"cardId": "card_1"}))
    assert isinstance(end, End)
    assert (end.state, end.http_status, end.keep_s) == (State.SUCCEEDED, 200, KEEP_S)
    assert end.envelope.model_dump() == {
        "status": True,
        "message": "Tarjeta añadida con éxito",
        "data": {"cardId": "card_1"},
    }


def test_bulk_commands_have_their_own_retention() -> None:
    """Ended bulk commands are kept for a shorter time than interactive ones."""
    outcomes = Outcomes("en", KEEP_S, keep_bulk_s=7)
    ends = [outcomes.of(a_grant(lane=lane), DECLINED) for lane in ("interactive", "bulk")]
    assert [end.keep_s for end in ends if isinstance(end, End)] == [KEEP_S, 7]


def test_decline_ends_with_stripes_status_code_and_message(outcomes: Outcomes) -> None:
    """A refusal by Stripe is answered in Stripe's words."""
    end = outcomes.of(a_grant(), DECLINED)
    assert isinstance(end, End)
    assert (end.state, end.http_status) == (State.REJECTED, 402)
    assert end.envelope.code == "card_declined"
    assert end.envelope.data is None


@pytest.mark.parametrize(
    ("code", "english", "spanish"),
    [
        ("attached_elsewhere", "belongs to another customer", "Es de otro cliente"),
        ("payment_method_not_reusable", "collect the card again", "pida al cliente la tarjeta"),
        ("customer_max_payment_methods", "detach those", "desvincule los que"),
    ],
)
def test_refusals_that_need_advice_have_it(code: str, english: str, spanish: str) -> None:
    """The advice is in the data, in the caller's language; code and message are unchanged."""
    said = {}
    for language in ("en", "es"):
        end = Outcomes(language, KEEP_S).of(a_grant(), Rejected(code, "Stripe's words.", 400))
        assert isinstance(end, End)
        assert (end.envelope.code, end.envelope.message) == (code, "Stripe's words.")
        said[language] = end.envelope.data["advice"]
    assert english in said["en"]
    assert spanish in said["es"]


def test_secrets_in_stripes_message_are_redacted(outcomes: Outcomes) -> None:
    """No answer carries a token or a key."""
    end = outcomes.of(a_grant(), Rejected("x", "No such token: 'tok_1Secret' (sk_live_9)", 400))
    assert isinstance(end, End)
    assert "Secret" not in end.envelope.message
    assert "sk_live_9" not in end.envelope.message


def test_uncertain_attempt_stays_uncertain(outcomes: Outcomes) -> None:
    """An attempt that may have taken effect is unknown, one that has not is retrying."""
    unsure = outcomes.of(a_grant(), TryAgain("no_answer", "timeout", uncertain=True))
    sure = outcomes.of(a_grant(), TryAgain("rate_limit", "slow down", uncertain=False))
    assert isinstance(unsure, Retry)
    assert isinstance(sure, Retry)
    assert (unsure.uncertain, sure.uncertain) == (True, False)


def test_a_failed_command_is_kept_for_an_operator(outcomes: Outcomes) -> None:
    """A failed command does not expire."""
    end = outcomes.of(a_grant(), GaveUp("idempotency_error", "other parameters"))
    assert isinstance(end, End)
    assert (end.state, end.keep_s) == (State.FAILED, 0)


@pytest.mark.parametrize(
    "row", [{"retries": str(backoff.MAX_RETRIES)}, {"started": str(-int(backoff.MAX_AGE_S * 1000))}]
)
def test_attempts_are_bounded_by_number_and_age(outcomes: Outcomes, row: dict[str, str]) -> None:
    """Beyond either limit the command fails with its last error."""
    end = outcomes.of(a_grant(**row), TryAgain("api_error", "500", uncertain=True))
    assert isinstance(end, End)
    assert (end.state, end.envelope.code) == (State.FAILED, "api_error")


def test_time_spent_in_the_queue_does_not_age_a_command(outcomes: Outcomes) -> None:
    """Age counts from the first attempt, so that a backlog of days makes no command fail."""
    grant = a_grant(accepted=str(-10 * 86_400_000))
    assert isinstance(outcomes.of(grant, TryAgain("x", "y", uncertain=False)), Retry)


def test_processing_error_is_tried_a_few_times_then_answered(outcomes: Outcomes) -> None:
    """A processing error ends as Stripe's refusal after three attempts."""
    verdict = TryAgain("processing_error", "again", uncertain=False, new_key=True, final=DECLINED)
    first = outcomes.of(a_grant(), verdict)
    assert isinstance(first, Retry)
    assert (first.new_key, first.count) == (True, "busy")
    last = outcomes.of(a_grant(busy="2"), verdict)
    assert isinstance(last, End)
    assert (last.state, last.http_status) == (State.REJECTED, 402)


def test_refused_key_stops_claiming(outcomes: Outcomes) -> None:
    """A 401 ends no command."""
    assert isinstance(outcomes.of(a_grant(), KeyRefused("x", "Invalid API Key")), ClaimingStopped)


def test_handler_that_raises_has_three_attempts(outcomes: Outcomes) -> None:
    """An exception of ours is retried as uncertain, and fails at the third attempt."""
    first = outcomes.fault(a_grant(), ValueError("secret"))
    assert isinstance(first, Retry)
    assert (first.uncertain, first.count) == (True, "faults")
    last = outcomes.fault(a_grant(faults="2"), ValueError("secret"))
    assert isinstance(last, End)
    assert last.state is State.FAILED
    assert "secret" not in last.envelope.message


def test_backoff_is_jittered_and_bounded() -> None:
    """Every wait lies between the floor and the exponential bound, at most the cap."""
    draw = random.Random(1)
    for tries in range(1, 60):
        for _ in range(20):
            wait = backoff.full_jitter(tries, draw)
            bound = max(backoff.FLOOR_S, backoff.BASE_S * 2.0**tries)
            assert backoff.FLOOR_S <= wait <= min(backoff.CAP_S, bound)


@pytest.mark.parametrize("flaw", Flaw)
def test_a_bad_signature_is_rejected(outcomes: Outcomes, flaw: Flaw) -> None:
    """A command with a bad signature is rejected: nothing was sent."""
    end = outcomes.bad_signature(a_grant(), flaw)
    assert (end.state, end.http_status, end.keep_s) == (State.REJECTED, 403, KEEP_S)
    assert end.envelope == outcomes.refusal(flaw)
    assert end.envelope.code == flaw.value


@pytest.mark.parametrize("doubt", ["unsettled", "look"])
def test_a_bad_signature_after_an_earlier_attempt_is_failed(outcomes: Outcomes, doubt: str) -> None:
    """If an earlier attempt may have taken effect, the command fails, for an operator to check."""
    end = outcomes.bad_signature(a_grant(**{doubt: "1"}), Flaw.INVALID)
    assert (end.state, end.keep_s) == (State.FAILED, 0)
    assert end.envelope.code == "signature_invalid"
