"""The Stripe account to act on, where the API key does not determine it: `Stripe-Context`."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = "CARDS_STRIPE_CONTEXT"
# Stripe docs: context. An account, or the path to one from the key's owner.
_CONTEXT = re.compile(r"acct_[A-Za-z0-9]{1,64}(/acct_[A-Za-z0-9]{1,64}){0,3}")


class StripeContextError(ValueError):
    """The setting is wrong; `reason` says how."""

    def __init__(self, reason: str) -> None:
        self.name = NAME
        self.reason = reason
        super().__init__(f"{NAME} {reason}")


def stripe_context(environ: Mapping[str, str]) -> str:
    """Read CARDS_STRIPE_CONTEXT; "" if it is not set. Raises StripeContextError."""
    context = environ.get(NAME, "").strip()
    if context and _CONTEXT.fullmatch(context) is None:
        raise StripeContextError(
            f"must be an account (acct_...), or several separated by /, not {context[:40]!r}"
        )
    return context
