"""Parameters of the routes of failed commands: filter, place to continue, limit, flags."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from starlette.datastructures import QueryParams

from producer.contract.failed_filters import FailedFilter, is_filter
from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid, ParameterMissing
from producer.journal.operations.failed import Place

MAX_LISTED, LISTED = 100, 50
MAX_REPLAYED = 500
_PLACE = re.compile(r"([0-9]{1,16}) (.{1,255})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which failed commands to list."""

    filters: FailedFilter
    after: Place | None
    limit: int

    @classmethod
    def of(cls, query: QueryParams) -> Self:
        """Parse the query. Raises Refusal, which names the parameter."""
        given: dict[str, str] = {}
        for name, value in query.multi_items():
            if not (is_filter(name) or name in ("limit", "after")):
                raise ParameterInvalid(Text.UNKNOWN_FIELD, field=name[:40])
            if name in given:
                raise ParameterInvalid(Text.REPEATED_FIELD, field=name)
            given[name] = value
        text = given.get("limit", str(LISTED))
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        return cls(FailedFilter.of(given), _after(given.get("after")), _limit(limit, MAX_LISTED))


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Which failed commands to replay or count."""

    filters: FailedFilter
    after: Place | None = None
    limit: int = MAX_REPLAYED
    poison: bool = False
    dry_run: bool = False

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Parse the body's fields. Raises Refusal, which names the field."""
        for name in fields:
            if not (is_filter(name) or name in ("after", "limit", "poison", "dryRun")):
                raise ParameterInvalid(Text.UNKNOWN_FIELD, field=name[:40])
        filters = FailedFilter.of(fields)
        if not filters:
            raise ParameterMissing(Text.FILTER_REQUIRED)
        return cls(
            filters,
            _after(fields.get("after")),
            _limit(fields.get("limit", MAX_REPLAYED), MAX_REPLAYED),
            _flag(fields, "poison"),
            _flag(fields, "dryRun"),
        )


def place_text(place: Place | None) -> str | None:
    """A place as an opaque text, in which no long number looks like a card number."""
    if place is None:
        return None
    encoded = f"{place.failed_ms} {place.id}".encode("utf-8", "surrogateescape")
    return urlsafe_b64encode(encoded).decode().rstrip("=")


def _after(value: object) -> Place | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii():
        try:
            decoded = urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except ValueError:
            decoded = b""
        if match := _PLACE.fullmatch(decoded.decode("utf-8", "surrogateescape")):
            return Place(int(match[1]), match[2])
    raise ParameterInvalid(Text.BAD_PARAMETER, field="after", wanted="next")


def _limit(value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ParameterInvalid(Text.BAD_PARAMETER, field="limit", wanted=f"1 … {most}")
    return value


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise ParameterInvalid(Text.BAD_PARAMETER, field=name, wanted="true, false")
    return value
