"""Bearer tokens: who may ask."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

# Probes of orchestrators carry no token, and what these two answer is no secret.
OPEN_PATHS = frozenset({"/healthz", "/readyz"})


class Bearers:
    """The configured tokens, kept as digests. Without any, everybody may ask."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._digests = [_digest(token.encode()) for token in tokens]

    def admit(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request with these raw headers may ask for the path."""
        if not self._digests or path in OPEN_PATHS:
            return True
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, token = given[0].strip().partition(b" ")
        if scheme.lower() != b"bearer":
            return False
        digest = _digest(token.strip())
        # All are compared, each in constant time, so that the time taken tells nothing.
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return any(matches)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
