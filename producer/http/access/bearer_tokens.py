"""Bearer tokens: who asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from producer.http.access.gcra import CellRate
from producer.http.access.throttle import Throttle, Throttled
from producer.http.metrics.request_metrics import Metrics
from producer.security.api_tokens import ApiToken, find_token

# Of one address, which may be that of a proxy; and of all.
PER_ADDRESS = CellRate(100, 0.1)
OVERALL = CellRate(1000, 0.01)
_KNOWN = 4096


class BearerTokens:
    """The configured tokens. Without any, everybody may ask.

    From an address that gives too many wrong ones only those are still taken that were right there
    before: who works keeps working, beside somebody who tries.
    """

    def __init__(self, tokens: Sequence[ApiToken], throttle: Throttle, metrics: Metrics) -> None:
        self._tokens = tokens
        self._throttle = throttle
        self._metrics = metrics
        self._right: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    @property
    def required(self) -> bool:
        """Whether one has to show a token at all."""
        return bool(self._tokens)

    def caller(self, headers: Iterable[tuple[bytes, bytes]], address: str) -> ApiToken | None:
        """The token in these raw headers; None where there is none, or it is not one of ours.

        Raises:
            Throttled: too many wrong ones came from the address.
        """
        values = [value for name, value in headers if name == b"authorization"]
        if len(values) != 1:
            return None
        scheme, _, given = values[0].strip().partition(b" ")
        if scheme.lower() != b"bearer" or not given.strip():
            return None
        found = find_token(self._tokens, given.strip())
        wait_s = self._throttle.wait_s(address)
        if wait_s > 0 and (found is None or (address, found.digest) not in self._right):
            raise Throttled(wait_s)
        if found is None:
            self._throttle.failed(address)
            self._metrics.wrong_token("api")
            return None
        self._right[address, found.digest] = None
        self._right.move_to_end((address, found.digest))
        if len(self._right) > _KNOWN:
            self._right.popitem(last=False)
        return found
