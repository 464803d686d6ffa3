"""Pages of a list, newest first (Stripe docs: api/pagination)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from sandbox.protocol.calls import Call
from sandbox.protocol.errors import StripeError, missing


class _Listed(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Listed)


def check(call: Call) -> None:
    """Raises StripeError 400 for a limit that is not 1 to 100, or for both cursors."""
    text = call.params.get("limit", "10")
    if not isinstance(text, str) or not text.lstrip("-").isdecimal():
        raise StripeError(400, "Invalid integer", code="parameter_invalid_integer", param="limit")
    if not 1 <= int(text) <= 100:
        raise StripeError(
            400,
            "This value must be between 1 and 100 (inclusive).",
            code="parameter_invalid_integer",
            param="limit",
        )
    if "starting_after" in call.params and "ending_before" in call.params:
        raise StripeError(
            400,
            "You can only specify one of these parameters: starting_after, ending_before.",
            param="ending_before",
        )


def page(newest_first: Iterable[T], call: Call, kind: str) -> tuple[list[T], bool]:
    """The requested page, and whether more follow. Raises StripeError for an unknown cursor."""
    items = list(newest_first)
    limit = int(call.params.get("limit", "10"))
    after, before = call.text("starting_after"), call.text("ending_before")
    cursor = after if after is not None else before
    if cursor is None:
        return items[:limit], len(items) > limit
    at = next((place for place, item in enumerate(items) if item.id == cursor), None)
    if at is None:
        raise missing(kind, cursor, "starting_after" if after else "ending_before", 400)
    if after is not None:
        rest = items[at + 1 :]
        return rest[:limit], len(rest) > limit
    return items[max(0, at - limit) : at], at > limit
