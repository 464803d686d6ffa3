"""Celery's view of a message, with the tokens in its arguments redacted for logs and Flower."""

from __future__ import annotations

from celery.worker.request import Request

from producer.contract.card_numbers import mask_card_numbers
from producer.contract.redaction import redact


class RedactedRequest(Request):
    """A sender that knows nothing of ours puts tokens, or worse, into the representation."""

    @property
    def argsrepr(self) -> str:
        """The positional arguments, as Flower shows them."""
        return mask_card_numbers(redact(str(super().argsrepr)))

    @property
    def kwargsrepr(self) -> str:
        """The keyword arguments, as Flower shows them."""
        return mask_card_numbers(redact(str(super().kwargsrepr)))
