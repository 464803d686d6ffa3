"""Signatures of our callbacks, by the Standard Webhooks specification."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, by the specification


class CallbackSecretsError(ValueError):
    """The setting is wrong. The error names it, and never shows a secret."""

    def __init__(self, reason: str) -> None:
        self.name = "CARDS_CALLBACK_SECRETS"
        self.reason = reason
        super().__init__(f"{self.name} {reason}")


@dataclass(frozen=True, slots=True)
class CallbackSecrets:
    """The secrets of callbacks. Each of them signs every callback, so that one can be replaced."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, *secrets: str) -> Self:
        """From secrets of `whsec_` and base64. Raises CallbackSecretsError."""
        return cls(tuple(_key(secret) for secret in secrets))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read CARDS_CALLBACK_SECRETS. Raises CallbackSecretsError."""
        text = environ.get("CARDS_CALLBACK_SECRETS", "").strip()
        return cls.of(*(secret.strip() for secret in text.split(","))) if text else cls()

    def headers(self, message_id: str, body: bytes, *, now_s: int) -> dict[str, str]:
        """The headers that sign the body at the Unix time `now_s`. The id contains no full stop."""
        signed = b"%b.%d.%b" % (message_id.encode(), now_s, body)
        codes = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in self.keys]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": " ".join(f"v1,{code}" for code in codes),
        }


NO_CALLBACK_SECRETS = CallbackSecrets()
"""No callbacks are sent."""


def _key(secret: str) -> bytes:
    wrong = CallbackSecretsError(
        f"must hold secrets of {_SHORTEST} to {_LONGEST} bytes, whsec_ and base64, "
        "separated by commas"
    )
    if not secret.startswith(_PREFIX):
        raise wrong
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise wrong
    return key
