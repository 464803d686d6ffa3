"""Stripe's documented test cards (Stripe docs: testing): tokens, payment methods, numbers."""

from __future__ import annotations

from sandbox.objects.cards import Brand, Decline

_DECLINED = "Your card was declined."


def _decline(decline_code: str, message: str = _DECLINED) -> Decline:
    return Decline("card_declined", decline_code, message)


_BRANDS = (
    Brand("visa", "Visa", "4242"),
    Brand("visa_debit", "Visa", "5556", "debit"),
    Brand("mastercard", "MasterCard", "4444"),
    Brand("mastercard_debit", "MasterCard", "3222", "debit"),
    Brand("mastercard_prepaid", "MasterCard", "5100", "prepaid"),
    Brand("amex", "American Express", "8431"),
    Brand("discover", "Discover", "1117"),
    Brand("diners", "Diners Club", "0004"),
    Brand("jcb", "JCB", "0505"),
    Brand("unionpay", "UnionPay", "0005"),
    Brand("mx", "Visa", "8001", country="MX"),
    Brand("es", "Visa", "0007", country="ES"),
    Brand("br", "Visa", "0002", country="BR"),
    Brand("gb", "Visa", "0000", country="GB"),
    # Attaches; only a charge fails.
    Brand("chargeCustomerFail", "Visa", "0341"),
    Brand("chargeDeclined", "Visa", "0002", decline=_decline("generic_decline")),
    Brand(
        "chargeDeclinedInsufficientFunds",
        "Visa",
        "9995",
        decline=_decline("insufficient_funds", "Your card has insufficient funds."),
    ),
    Brand("chargeDeclinedLostCard", "Visa", "9987", decline=_decline("lost_card")),
    Brand("chargeDeclinedStolenCard", "Visa", "9979", decline=_decline("stolen_card")),
    Brand("chargeDeclinedFraudulent", "Visa", "0019", decline=_decline("fraudulent")),
    Brand(
        "chargeDeclinedVelocityLimitExceeded",
        "Visa",
        "6975",
        decline=_decline(
            "card_velocity_exceeded",
            "Your card was declined for making repeated attempts too frequently or exceeding its "
            "amount limit.",
        ),
    ),
    Brand(
        "chargeDeclinedExpiredCard",
        "Visa",
        "0069",
        decline=Decline("expired_card", None, "Your card has expired."),
    ),
    Brand(
        "chargeDeclinedIncorrectCvc",
        "Visa",
        "0127",
        decline=Decline("incorrect_cvc", None, "Your card's security code is incorrect."),
    ),
    Brand(
        "chargeDeclinedProcessingError",
        "Visa",
        "0119",
        decline=Decline(
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
)

BY_SLUG = {brand.slug: brand for brand in _BRANDS}
VISA = BY_SLUG["visa"]
MASTERCARD = BY_SLUG["mastercard"]

# Stripe's published test numbers, the only ones that POST /v1/tokens accepts.
_NUMBERS = {
    "4242424242424242": "visa",
    "4000056655665556": "visa_debit",
    "5555555555554444": "mastercard",
    "2223003122003222": "mastercard_debit",
    "5105105105105100": "mastercard_prepaid",
    "371449635398431": "amex",
    "6011111111111117": "discover",
    "3566002020360505": "jcb",
    "4000000000000341": "chargeCustomerFail",
    "4000000000000002": "chargeDeclined",
    "4000000000009995": "chargeDeclinedInsufficientFunds",
    "4000000000009987": "chargeDeclinedLostCard",
    "4000000000009979": "chargeDeclinedStolenCard",
    "4000000000000069": "chargeDeclinedExpiredCard",
    "4000000000000127": "chargeDeclinedIncorrectCvc",
    "4000000000000119": "chargeDeclinedProcessingError",
}


def of_number(number: str) -> Brand | None:
    slug = _NUMBERS.get(number.replace(" ", "").replace("-", ""))
    return BY_SLUG[slug] if slug else None


def of_test_token(token: str) -> Brand | None:
    """The brand of `tok_visa` and its like, which can be used any number of times."""
    return _of(token.removeprefix("tok_")) if token.startswith("tok_") else None


def of_test_payment_method(id: str) -> Brand | None:
    return _of(id.removeprefix("pm_card_")) if id.startswith("pm_card_") else None


def _of(slug: str) -> Brand | None:
    """The brand; newer names have it first: `visa_chargeDeclined` for `chargeDeclined`."""
    return BY_SLUG.get(slug) or BY_SLUG.get(slug.removeprefix("visa_"))
