"""The error table: what each of Stripe's errors means for a command.

Sources: Stripe docs, error-codes, api/errors, api/idempotent_requests, rate-limits and
error-low-level (what is saved under an idempotency key, and what a 500 leaves open).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from worker.ports import Failure, StripeError
from worker.stripe.advice import ATTACHED_ELSEWHERE, NOT_REUSABLE
from worker.verdicts import ACCOUNT, ENDPOINT, GaveUp, KeyRefused, Rejected, TryAgain, Verdict


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer leaves open whether the command took effect: it must be looked up at Stripe.

    `otherwise` is the verdict if it did not.
    """

    otherwise: TryAgain | Rejected


# A key that keeps answering 5xx has that answer saved, even if no header says so: for a request
# still in progress Stripe answers 409.
_MAX_UNSAVED = 3


def verdict_of(error: StripeError, *, attempts: int = 1) -> Verdict | Lookup:
    """What the error of a write means, judged by this attempt and its number alone."""
    if error.failure is Failure.NOT_SENT:
        return _retry(error, uncertain=False)
    if error.failure is not Failure.ANSWERED:
        return _retry(error, uncertain=True)
    match error.http_status, error.code:
        case ((401 | 403), _):
            return KeyRefused(error.code or f"http_{error.http_status}", error.message)
        case 402, "processing_error":
            # The answer is saved under the key, so only a new key can bring another.
            return Lookup(replace(_retry_with_new_key(error), final=_rejected(error)))
        case 400, "token_already_used":
            return Lookup(_rejected(error))  # by this command earlier, or by somebody else?
        case 400, ("token_in_use" | "rate_limit"):
            return _retry(error, uncertain=False)
        case 400, _ if error.type == "idempotency_error":
            return GaveUp(code_of(error), error.message)
        case 400, _ if _already_attached(error):
            # To our customer, or to another?
            return Lookup(replace(_rejected(error), code=ATTACHED_ELSEWHERE))
        case 400, _ if _not_reusable(error):
            return replace(_rejected(error), code=NOT_REUSABLE)
        case 409, "idempotency_key_in_use":
            return _retry(error, uncertain=True)
        case ((409 | 429), _):
            return _retry(error, uncertain=False)
        case int(status), _ if status >= 500 or status == 424:
            saved = error.replayed or attempts > _MAX_UNSAVED
            return Lookup(_retry_with_new_key(error)) if saved else _retry(error, uncertain=True)
        case int(status), _ if status >= 400:
            return _rejected(error)
        case _:
            return _retry(error, uncertain=True)


def verdict_of_lookup(error: StripeError) -> TryAgain | KeyRefused:
    """What the error of a lookup means: the outcome stays unknown."""
    verdict = verdict_of(error)
    if isinstance(verdict, KeyRefused):
        return replace(verdict, uncertain=True)
    return _retry(error, uncertain=True)


def verdict_of_listing(error: StripeError) -> Rejected | TryAgain | KeyRefused:
    """What the error of a caller's read means; a read changes nothing."""
    verdict = verdict_of(error)
    if isinstance(verdict, Rejected | KeyRefused):
        return verdict
    return _retry(error, uncertain=False)


def says_missing(error: StripeError) -> bool:
    """Whether the error says that there is no such object."""
    return error.failure is Failure.ANSWERED and (
        error.http_status == 404 or error.code == "resource_missing"
    )


def code_of(error: StripeError) -> str:
    """Stripe's code; without one its type, or else how far the request came."""
    return error.code or error.type or error.failure.value


def _already_attached(error: StripeError) -> bool:
    # Stripe has no code for this, only "... has already been attached to a customer." The error
    # "... already has the maximum number of payment methods attached" does have a code.
    already = "already" in error.message and "attached" in error.message
    return error.code is None and already


def _not_reusable(error: StripeError) -> bool:
    # Nor for "... or was detached from a Customer, and may not be used again."
    return error.code is None and "detached from a Customer" in error.message


def _rejected(error: StripeError) -> Rejected:
    return Rejected(code_of(error), error.message, error.http_status or 400)


def _retry(error: StripeError, *, uncertain: bool) -> TryAgain:
    # A replayed answer was saved, so the same key brings no other; a new key is sound once it is
    # certain that nothing happened.
    new_key = error.replayed and not uncertain
    slow = _limited_scope(error)
    return TryAgain(code_of(error), error.message, uncertain=uncertain, new_key=new_key, slow=slow)


def _limited_scope(error: StripeError) -> str:
    """The scope that Stripe's limiter refused for; a 429 without a reason is an object lock."""
    reason = error.rate_limited_reason if error.http_status == 429 else None
    if reason is None:
        return ""
    return ACCOUNT if reason.startswith("global") else ENDPOINT


def _retry_with_new_key(error: StripeError) -> TryAgain:
    return TryAgain(code_of(error), error.message, uncertain=False, new_key=True)
