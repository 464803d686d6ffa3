"""Signatures of commands, so that write access to Redis is not enough to order one.

Each is an HMAC-SHA256 with keys that senders and workers share. It covers the content, the purpose
and the time. It does not reveal a replay.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

DAY_S = 86_400
# As long as the idempotency key of an open command is kept: longer than any command waits.
MAX_AGE_S = 8 * DAY_S
_SHORTEST_KEY = 32
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")  # printable ASCII without the comma
_FORM = re.compile(r"1\.([0-9]{1,15})\.([A-Za-z0-9_-]{43})")
_encoded = json.JSONEncoder(separators=(",", ":")).encode


class SigningError(ValueError):
    """A setting of signatures is wrong. The error names the setting, and never shows a key."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}")


class Flaw(StrEnum):
    """What is wrong with a signature; also the code of a command that ends with it."""

    MISSING = "signature_missing"
    INVALID = "signature_invalid"  # made with another key, or of other content
    STALE = "signature_stale"  # signed too long ago


class Purpose(StrEnum):
    """What a signature is for: a message's signature is not valid for a row."""

    ROW = "row"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Signing:
    """The signing keys, the first of which signs, and whether signatures are `required`.

    `max_age_s` (seconds) is how long a command may wait for its first attempt.
    """

    keys: tuple[bytes, ...] = field(default=(), repr=False)
    required: bool = False
    max_age_s: int = MAX_AGE_S

    @classmethod
    def of(cls, *keys: str) -> Self:
        """From keys of at least 32 printable ASCII characters each. Raises SigningError."""
        return cls(_keys("signing keys", keys))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read CARDS_SIGNING_KEYS, CARDS_REQUIRE_SIGNATURES and CARDS_SIGNATURE_MAX_AGE.

        Raises:
            SigningError: one of them is wrong.
        """
        text = environ.get("CARDS_SIGNING_KEYS", "").strip()
        keys = _keys("CARDS_SIGNING_KEYS", [key.strip() for key in text.split(",")] if text else [])
        required = _required(environ)
        if required and not keys:
            raise SigningError(
                "CARDS_REQUIRE_SIGNATURES", "needs CARDS_SIGNING_KEYS, which is not set"
            )
        return cls(keys, required, _max_age(environ))

    @property
    def on(self) -> bool:
        """Whether there are keys."""
        return bool(self.keys)

    @property
    def environ(self) -> dict[str, str]:
        """The settings from which `from_environ` builds this, for a child process."""
        if not self.keys:
            return {}
        return {
            "CARDS_SIGNING_KEYS": ",".join(key.decode() for key in self.keys),
            "CARDS_REQUIRE_SIGNATURES": "yes" if self.required else "",
            "CARDS_SIGNATURE_MAX_AGE": str(self.max_age_s),
        }

    def sign(self, purpose: Purpose, fields: Sequence[str]) -> str:
        """Sign the fields, with the present time; "" without keys."""
        if not self.keys:
            return ""
        at = int(time.time() * 1000)
        return f"1.{at}.{_code(self.keys[0], _text(purpose, at, fields))}"

    def flaw(
        self,
        signature: str,
        purpose: Purpose,
        fields: Sequence[str],
        *,
        now_ms: float,
        max_age_s: float | None,
    ) -> Flaw | None:
        """What is wrong with the signature of these fields; None if nothing is.

        `max_age_s` (seconds) also bounds how far ahead the signer's clock may be; None for any age.
        """
        if not signature:
            return Flaw.MISSING
        found = _FORM.fullmatch(signature)
        if found is None:
            return Flaw.INVALID
        at, code = int(found[1]), found[2]
        text = _text(purpose, at, fields)
        if not any(hmac.compare_digest(_code(key, text), code) for key in self.keys):
            return Flaw.INVALID
        if max_age_s is not None and abs(now_ms - at) > max_age_s * 1000:
            return Flaw.STALE
        return None


UNSIGNED = Signing()
"""Nothing is signed, and no signature is checked."""


def _text(purpose: Purpose, at: int, fields: Sequence[str]) -> bytes:
    # JSON separates the fields whatever they contain, and writes each text in one way only.
    return _encoded(["card-commands", 1, purpose.value, at, *fields]).encode()


def _code(key: bytes, text: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text, "sha256"))[:43].decode()


def _keys(name: str, texts: Sequence[str]) -> tuple[bytes, ...]:
    if not all(len(text) >= _SHORTEST_KEY and _KEY.fullmatch(text) for text in texts):
        raise SigningError(
            name,
            f"must hold keys of at least {_SHORTEST_KEY} printable ASCII characters, "
            "separated by commas",
        )
    return tuple(text.encode() for text in texts)


def _required(environ: Mapping[str, str]) -> bool:
    match environ.get("CARDS_REQUIRE_SIGNATURES", "").strip().lower():
        case "yes" | "true" | "1":
            return True
        case "" | "no" | "false" | "0":
            return False
        case _:
            raise SigningError("CARDS_REQUIRE_SIGNATURES", "must be yes or no")


def _max_age(environ: Mapping[str, str]) -> int:
    name = "CARDS_SIGNATURE_MAX_AGE"
    text = environ.get(name, "").strip() or str(MAX_AGE_S)
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 60:
        raise SigningError(
            name, f"must be a whole number of at least 60 (seconds), not {text[:40]!r}"
        )
    return int(text)
