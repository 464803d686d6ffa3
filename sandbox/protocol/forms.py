"""Form decoding with Stripe's bracket nesting: a[b]=1, expand[]=x, expand[0]=x."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from sandbox.protocol.errors import StripeError

Params = dict[str, Any]
Pairs = list[tuple[str, str]]


def pairs_of(encoded: str) -> Pairs:
    return parse_qsl(encoded, keep_blank_values=True) if encoded else []


def nested(pairs: Pairs) -> Params:
    """Pairs as nested dicts; `expand` becomes a list. Raises StripeError 400 on a conflict."""
    params: Params = {}
    for key, value in pairs:
        name, bracket, rest = key.partition("[")
        if not bracket:
            params[name] = value
        elif name == "expand":
            params.setdefault("expand", []).append(value)
        else:
            _put(params, name, rest.rstrip("]").split("]["), value)
    return params


def _put(params: Params, name: str, path: list[str], value: str) -> None:
    node = params.setdefault(name, {})
    for step in path[:-1]:
        if not isinstance(node, dict):
            break
        node = node.setdefault(step, {})
    if not isinstance(node, dict):
        raise StripeError(400, f"Invalid hash: {name}", code="parameter_invalid", param=name)
    node[path[-1]] = value


def fingerprint(method: str, path: str, pairs: Pairs) -> bytes:
    """A hash of a request, to compare repeats by; the parameters themselves are not kept."""
    text = "\0".join([method, path, *(f"{name}={value}" for name, value in sorted(pairs))])
    return blake2b(text.encode(), digest_size=16).digest()


def merged_metadata(old: dict[str, str] | None, new: object) -> dict[str, str] | None:
    """Stripe docs: api/metadata: keys merge, an empty value unsets a key, "" unsets all."""
    if new is None:
        return old
    if not isinstance(new, dict):
        return None
    merged = dict(old or {})
    for key, value in new.items():
        if value == "":
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged or None


def check_metadata(new: object) -> None:
    """Stripe docs: api/metadata: at most 50 keys, names of 40 and values of 500 characters."""
    if new is None or new == "":
        return
    if not isinstance(new, dict):
        raise StripeError(400, "Invalid hash", code="parameter_invalid", param="metadata")
    for key, value in new.items():
        if not isinstance(value, str):
            raise StripeError(
                400, "Metadata values must be strings", code="parameter_invalid", param="metadata"
            )
        if len(new) > 50 or len(key) > 40 or len(value) > 500:
            raise StripeError(
                400,
                "Metadata can have up to 50 keys, with key names up to 40 characters and values "
                "up to 500 characters long.",
                param="metadata",
            )
