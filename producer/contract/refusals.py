"""Refusals: why a command was not accepted. Each has the content of its envelope."""

from __future__ import annotations

from producer.contract.messages import Text
from producer.contract.texts import Language


class Refusal(ValueError):
    """A command that is not accepted; nothing of it is stored.

    `code` and `http_status` are the contract's. `text` and `values` produce the message in either
    language. No refusal contains the offending value, so none can leak it.
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
    """A field is unknown or has the wrong type or prefix, or the body is not usable JSON."""

    code = "parameter_invalid"


class CardNumberRefused(Refusal):
    """A field looks like a card number or CVC; its value is not queued, logged or echoed."""

    code = "card_number_refused"


class IdempotencyKeyReused(Refusal):
    """The idempotency key was used before, with another body."""

    code = "idempotency_key_reused"
    http_status = 422
