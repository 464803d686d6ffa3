"""Idempotency keys (Stripe docs: api/idempotent_requests)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.protocol.errors import StripeError, key_in_use

KEPT_SECONDS = 24 * 3600
LONGEST_KEY = 255


@dataclass(slots=True)
class Answer:
    """A complete answer, as it is saved under a key and replayed."""

    status: int
    body: bytes
    request_id: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Saved:
    path: str
    fingerprint: bytes
    since: float
    answer: Answer | None = None


class IdempotencyKeys:
    """The account's idempotency keys, kept for 24 h."""

    def __init__(self) -> None:
        self._saved: dict[str, _Saved] = {}

    def __len__(self) -> int:
        return len(self._saved)

    def begin(self, key: str, path: str, fingerprint: bytes, now: float) -> Answer | None:
        """Return the saved answer, or claim the key for a first execution and return None.

        Raises StripeError: 400 for other parameters or another endpoint, 409 while in progress.
        """
        if len(key) > LONGEST_KEY:
            raise StripeError(
                400,
                f"Idempotency keys can be at most {LONGEST_KEY} characters long.",
                type="idempotency_error",
            )
        saved = self._saved.get(key)
        if saved is None or (saved.answer is not None and now - saved.since >= KEPT_SECONDS):
            # Deleted first, so that a renewed key moves to the end of the dict.
            self._saved.pop(key, None)
            self._saved[key] = _Saved(path, fingerprint, now)
            return None
        if saved.path != path:
            raise StripeError(
                400,
                "Keys for idempotent requests can only be used for the same endpoint they were "
                f"first used for ('{path}' vs '{saved.path}'). Try using a key other than "
                f"'{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        if saved.fingerprint != fingerprint:
            raise StripeError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                type="idempotency_error",
            )
        if saved.answer is None:
            raise key_in_use(key)
        return saved.answer

    def abandon(self, key: str) -> None:
        """Free a key whose request was not executed."""
        self._saved.pop(key, None)

    def save(self, key: str, answer: Answer, kept: int | None) -> None:
        """Save an answer. At most `kept` keys stay, the oldest go first; None sets no limit."""
        saved = self._saved.get(key)
        if saved is not None:
            saved.answer = answer
        while kept is not None and len(self._saved) > kept:
            oldest = next(iter(self._saved))
            if self._saved[oldest].answer is None:
                break
            del self._saved[oldest]
