"""Identifies callers by bearer token."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from producer.http.access.gcra import CellRate
from producer.http.access.throttle import Throttle, Throttled
from producer.http.metrics.request_metrics import Metrics
from producer.security.api_tokens import ApiToken, find_token

# Wrong tokens from one address, which may be a proxy's, and from all addresses.
PER_ADDRESS = CellRate(100, 0.1)
OVERALL = CellRate(1000, 0.01)
_MAX_SEEN = 4096


class BearerTokens:
    """The configured tokens. If there are none, every caller is admitted.

    From an address that has sent too many wrong tokens, only tokens that were valid from there
    before are accepted: legitimate callers keep working beside somebody who guesses tokens.
    """

    def __init__(self, tokens: Sequence[ApiToken], throttle: Throttle, metrics: Metrics) -> None:
        self._tokens = tokens
        self._throttle = throttle
        self._metrics = metrics
        self._seen: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    @property
    def required(self) -> bool:
        """Whether callers must send a token."""
        return bool(self._tokens)

    def caller(self, headers: Iterable[tuple[bytes, bytes]], address: str) -> ApiToken | None:
        """The token in these raw headers; None if it is missing or unknown.

        Raises:
            Throttled: the address sent too many wrong tokens.
        """
        values = [value for name, value in headers if name == b"authorization"]
        if len(values) != 1:
            return None
        scheme, _, given = values[0].strip().partition(b" ")
        if scheme.lower() != b"bearer" or not given.strip():
            return None
        found = find_token(self._tokens, given.strip())
        wait_s = self._throttle.wait_s(address)
        if wait_s > 0 and (found is None or (address, found.digest) not in self._seen):
            raise Throttled(wait_s)
        if found is None:
            self._throttle.failed(address)
            self._metrics.wrong_token("api")
            return None
        self._seen[address, found.digest] = None
        self._seen.move_to_end((address, found.digest))
        if len(self._seen) > _MAX_SEEN:
            self._seen.popitem(last=False)
        return found
