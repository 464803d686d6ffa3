"""One request to Stripe's API, as the handlers receive it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.protocol.errors import StripeError
from sandbox.protocol.forms import Pairs, Params


@dataclass(slots=True)
class Call:
    """A decoded request. `ids` are those in its path, `decoding_error` is raised later.

    `effects` are its effects: kind and the object's id.
    """

    method: str
    path: str
    pairs: Pairs
    request_id: str
    authorization: str
    idempotency_key: str | None
    started: float
    version: str = ""
    context: str = ""
    params: Params = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    customer: str | None = None
    source: str | None = None
    replayed: bool = False
    decoding_error: StripeError | None = None
    effects: list[tuple[str, str]] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """A parameter that is a plain string, else None."""
        value = self.params.get(name)
        return value if isinstance(value, str) else None

    @property
    def expand(self) -> frozenset[str]:
        return frozenset(self.params.get("expand", ()))

    @property
    def command_id(self) -> str | None:
        metadata = self.params.get("metadata")
        value = metadata.get("command_id") if isinstance(metadata, dict) else None
        return value if isinstance(value, str) else None
