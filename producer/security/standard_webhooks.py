"""Signatures of what we send to others, as the Standard Webhooks specification has them."""

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
    """The setting is wrong. It names the setting, and never shows a secret."""

    def __init__(self, reason: str) -> None:
        self.name = "CARDS_CALLBACK_SECRETS"
        self.reason = reason
        super().__init__(f"{self.name} {reason}")


@dataclass(frozen=True, slots=True)
class CallbackSecrets:
    """The secrets that callbacks are signed with, each of them, so that one can be replaced."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, *secrets: str) -> Self:
        """With these secrets, `whsec_` and base64. Raises CallbackSecretsError."""
        return cls(tuple(_key(secret) for secret in secrets))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read CARDS_CALLBACK_SECRETS. Raises CallbackSecretsError."""
        text = environ.get("CARDS_CALLBACK_SECRETS", "").strip()
        return cls.of(*(one.strip() for one in text.split(","))) if text else cls()

    def headers(self, message_id: str, body: bytes, *, now_s: int) -> dict[str, str]:
        """The headers that sign the body; `now_s` is the Unix time. The id holds no full stop."""
        signed = b"%b.%d.%b" % (message_id.encode(), now_s, body)
        codes = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in self.keys]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": " ".join(f"v1,{code}" for code in codes),
        }


NO_CALLBACK_SECRETS = CallbackSecrets()
"""Nothing is told to anybody."""


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
