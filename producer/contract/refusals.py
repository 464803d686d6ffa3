"""Refusals: why an order was not accepted. Each carries what its envelope says."""

from __future__ import annotations

from producer.contract.messages import Text
from producer.contract.texts import Language


class Refusal(ValueError):
    """An order that is not accepted; nothing of it is stored.

    `code` and `http_status` are the contract's. `text` and `values` make the message in either
    language; no refusal holds the offending value, so none can leak it.
    """

    code: str
    http_status = 400

    def __init__(self, text: Text, **values: str) -> None:
        self.text = text
        self.values = values
        super().__init__(text.say("en", **values))

    def message(self, language: Language) -> str:
        """The message for the caller."""
        return self.text.say(language, **self.values)


class ParameterMissing(Refusal):
    """A required field is absent, null or empty."""

    code = "parameter_missing"


class ParameterInvalid(Refusal):
    """A field is of the wrong type or prefix, unknown, or the body is not usable JSON."""

    code = "parameter_invalid"


class CardNumberRefused(Refusal):
    """A field holds what looks like a card number or CVC; it is not queued, logged or echoed."""

    code = "card_number_refused"


class IdempotencyKeyReused(Refusal):
    """The idempotency key was used before, with another body."""

    code = "idempotency_key_reused"
    http_status = 422
