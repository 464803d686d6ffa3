"""Advice for the sender about Stripe's refusals, beside Stripe's own message."""

from __future__ import annotations

from typing import Any

from producer.contract.messages import Text
from producer.contract.texts import Language

ATTACHED_ELSEWHERE = "attached_elsewhere"
"""Our code: Stripe has none for a card attached to another customer, nor for the next."""
NOT_REUSABLE = "payment_method_not_reusable"
_ADVICE = {
    ATTACHED_ELSEWHERE: Text.ATTACHED_ELSEWHERE,
    NOT_REUSABLE: Text.NOT_REUSABLE,
    "customer_max_payment_methods": Text.MAX_PAYMENT_METHODS,
}


def advice_data(code: str, language: Language) -> dict[str, Any] | None:
    """The data of a refusal: `advice`, for codes that have one."""
    text = _ADVICE.get(code)
    return None if text is None else {"advice": text.say(language)}
