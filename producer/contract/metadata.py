"""A command's metadata: small, bounded tags from its sender. They do not affect the command."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from producer.contract.caller_texts import Text
from producer.contract.card_data.card_numbers import (
    holds_card_number,
    looks_like_cvc,
    named_like_cvc,
)
from producer.contract.card_data.redaction import redact
from producer.contract.refusals import CardNumberRefused, ParameterInvalid

MOST_TAGS, LONGEST_VALUE, MOST_BYTES = 10, 100, 1024
NAME = r"[a-z0-9_-]{1,40}"
FIELD = "metadata"
_NAME = re.compile(NAME)
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse_metadata(given: Any, field: str = FIELD) -> dict[str, str]:
    """Tags from an untrusted value, sorted by name; refusals call the value `field`.

    Raises:
        CardNumberRefused: a name or value looks like a card number or CVC.
        ParameterInvalid: the value is not a flat map of at most 10 texts, of 100 characters each
            and 1 kB together, with names of a-z, 0-9, _ and -; or a text is a token or a key.
    """
    if not isinstance(given, Mapping) or len(given) > MOST_TAGS:
        raise ParameterInvalid(Text.BAD_METADATA, field=field)
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ParameterInvalid(Text.BAD_METADATA, field=field)
        if holds_card_number(name):
            raise CardNumberRefused(Text.CARD_NUMBER, field=field)
        if not _NAME.fullmatch(name) or redact(name) != name:
            raise ParameterInvalid(Text.BAD_METADATA, field=field)
        _check(value, f"{field}.{name}", name)
    tags = {name: given[name] for name in sorted(given)}
    if len(metadata_text(tags).encode()) > MOST_BYTES:
        raise ParameterInvalid(Text.BAD_METADATA, field=field)
    return tags


def _check(value: str, field: str, name: str) -> None:
    if holds_card_number(value) or looks_like_cvc(value) or named_like_cvc(name):
        raise CardNumberRefused(Text.CARD_NUMBER, field=field)
    if redact(value) != value:
        raise ParameterInvalid(Text.SECRET_IN_METADATA, field=field)
    if not 1 <= len(value) <= LONGEST_VALUE or not value.isprintable():
        raise ParameterInvalid(Text.BAD_METADATA, field=field)


def parse_metadata_header(given: Sequence[str]) -> dict[str, str]:
    """Tags from `Metadata: name=value, name=value`, values percent-encoded as in W3C's baggage.

    Raises:
        CardNumberRefused, ParameterInvalid: as `parse_metadata`, or the form is wrong.
    """
    tags: dict[str, str] = {}
    for part in ",".join(given).split(",") if given else ():
        name, sign, encoded = (text.strip() for text in part.partition("="))
        value = _decoded(encoded)
        if not sign or name in tags or value is None:
            if any(holds_card_number(header) for header in given):
                raise CardNumberRefused(Text.CARD_NUMBER, field="Metadata")
            raise ParameterInvalid(Text.BAD_METADATA, field="Metadata")
        tags[name] = value
    return parse_metadata(tags, "Metadata")


def _decoded(encoded: str) -> str | None:
    if not encoded.isascii() or _ESCAPE.search(encoded):
        return None
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return None


def metadata_text(tags: Mapping[str, str] | None) -> str:
    """The tags as a command's row has them, always in the same form; "" for none."""
    if not tags:
        return ""
    return json.dumps(dict(sorted(tags.items())), ensure_ascii=False, separators=(",", ":"))


def stored_metadata(stored: str) -> dict[str, str]:
    """The tags of a row; none if they are not valid."""
    try:
        return parse_metadata(json.loads(stored)) if stored else {}
    except (ValueError, RecursionError):  # refusals are ValueErrors
        return {}
