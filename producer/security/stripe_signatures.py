"""Verifies the `Stripe-Signature` header of Stripe's events.

Stripe's SDK has this check too, but `producer` does not depend on the SDK; tests compare the two.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from producer.security.command_signatures import Flaw

TOLERANCE_S = 300
"""How old a signature may be: the SDK's default."""
_NAME = "CARDS_STRIPE_WEBHOOK_SECRETS"
_SECRET = re.compile(r"whsec_[A-Za-z0-9_]{16,}")
_TIME = re.compile(r"[0-9]{1,12}")
_CODE = re.compile(r"[0-9a-f]{64}")


class WebhookSecretsError(ValueError):
    """The setting is wrong. The error names it, and never shows a secret."""

    def __init__(self, reason: str) -> None:
        self.name = _NAME
        self.reason = reason
        super().__init__(f"{_NAME} {reason}")


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """The secrets of our endpoint at Stripe: two during a rotation, else one."""

    secrets: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, *secrets: str) -> Self:
        """From secrets of the form `whsec_…`. Raises WebhookSecretsError."""
        if not all(_SECRET.fullmatch(secret) for secret in secrets):
            raise WebhookSecretsError(
                "must hold signing secrets (whsec_…) as Stripe shows them, separated by commas"
            )
        return cls(secrets)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read CARDS_STRIPE_WEBHOOK_SECRETS. Raises WebhookSecretsError."""
        text = environ.get(_NAME, "").strip()
        return cls.of(*(secret.strip() for secret in text.split(","))) if text else cls()

    def flaw(self, headers: Sequence[str], payload: bytes, *, now_s: float) -> Flaw | None:
        """What is wrong with the signature of the payload; None if nothing is.

        `headers` are the values of `Stripe-Signature`; `now_s` is the Unix time. As with the SDK, a
        time ahead of ours is no flaw: only Stripe can have written it.
        """
        if not headers:
            return Flaw.MISSING
        fields = [part.partition("=") for header in headers for part in header.split(",")]
        times = [value for name, _, value in fields if name == "t"]
        codes = [value for name, _, value in fields if name == "v1" and _CODE.fullmatch(value)]
        if len(headers) > 1 or len(times) != 1 or not _TIME.fullmatch(times[0]):
            return Flaw.INVALID
        at = int(times[0])
        signed = b"%d.%b" % (at, payload)
        valid = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in self.secrets]
        # All are compared, so that the duration does not reveal which one matched.
        if not sum(hmac.compare_digest(one, code) for one in valid for code in codes):
            return Flaw.INVALID
        return Flaw.STALE if at < now_s - TOLERANCE_S else None


NO_WEBHOOK_SECRETS = WebhookSecrets()
"""No events are received from Stripe."""
