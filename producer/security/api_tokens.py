"""API tokens of the web process, with names and scopes; only their digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

TOKENS, TOKENS_FILE = "CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE"
PREFIX = "cards_"
"""The prefix of tokens made here; `producer.contract.card_data.redaction` matches it too."""

_HASHED = "sha256="
_LARGEST_FILE = 1 << 20  # bytes
_LETTERS = 45  # of an alphabet of 52: 256 bits. Without digits no token can look like a card number
_TOKEN = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
# Texts that are meant as scopes, right or wrong.
_SCOPE = r"(?<![A-Za-z])(?:send|read|migrate|operate)(?![A-Za-z])"
_LIKE_SCOPES = re.compile(rf"(?:[A-Za-z]+(?:\+[A-Za-z]+)*)?|.*{_SCOPE}.*", re.IGNORECASE)
_SCOPES_ALONE = re.compile(rf"{_SCOPE}(?:\+{_SCOPE})*", re.IGNORECASE)


class Scope(StrEnum):
    """What a token may do."""

    SEND = "send"  # send commands
    READ = "read"  # cards, tasks, migrations
    MIGRATE = "migrate"  # create, control, forget and read migrations
    OPERATE = "operate"  # metrics and the description of the API


ALL_SCOPES = frozenset(Scope)


class ApiTokensError(ValueError):
    """A setting's tokens are wrong. `reason` contains no part of a token."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token by its SHA-256 digest; during a rotation several may have the same name."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)


def read_tokens(environ: Mapping[str, str]) -> tuple[ApiToken, ...]:
    """The tokens in CARDS_API_TOKENS and in the file that CARDS_API_TOKENS_FILE names.

    Raises:
        ApiTokensError: an entry is wrong, a setting has no token, or the file cannot be read.
    """
    found: list[ApiToken] = []
    for setting, entries in ((TOKENS, _listed(environ)), (TOKENS_FILE, _filed(environ))):
        if entries is not None and not any(entries.values()):
            raise ApiTokensError(setting, "is set but holds no token")
        for place, entry in (entries or {}).items():
            if entry:
                _add(found, setting, place, entry)
    return tuple(found)


def find_token(tokens: Iterable[ApiToken], given: bytes) -> ApiToken | None:
    """The given token, if it is one of these.

    All are compared, each in constant time, so that the duration reveals nothing.
    """
    digest = hashlib.sha256(given).digest()
    matches = [token for token in tokens if hmac.compare_digest(token.digest, digest)]
    return matches[0] if matches else None


def new_token() -> str:
    """A new random token."""
    return PREFIX + "".join(secrets.choice(string.ascii_letters) for _ in range(_LETTERS))


def hashed_entry(name: str, scopes: Iterable[Scope], token: str) -> str:
    """The entry of a token with its digest in place of it. Raises ValueError for a wrong name."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(_NAME_RULE)
    wanted = "+".join(scope.value for scope in Scope if scope in frozenset(scopes))
    return f"{name}:{wanted}:{_HASHED}{hashlib.sha256(token.encode()).hexdigest()}"


_NAME_RULE = "a name has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter"
_ENTRY_RULE = f"write NAME:SCOPE+SCOPE:TOKEN with {', '.join(scope.value for scope in Scope)}"


def _listed(environ: Mapping[str, str]) -> dict[str, str] | None:
    """The entries of CARDS_API_TOKENS, by their place; None if it is not set."""
    text = environ.get(TOKENS, "").strip()
    if not text:
        return None
    return {f"entry {n}": entry.strip() for n, entry in enumerate(text.split(","), 1)}


def _filed(environ: Mapping[str, str]) -> dict[str, str] | None:
    """The entries of the file, by their line; None if CARDS_API_TOKENS_FILE is not set."""
    name = environ.get(TOKENS_FILE, "").strip()
    if not name:
        return None
    try:
        with Path(name).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ApiTokensError(TOKENS_FILE, f"names a file that cannot be read: {why}") from None
    if len(content) > _LARGEST_FILE:
        raise ApiTokensError(TOKENS_FILE, f"names a file of more than {_LARGEST_FILE} bytes")
    lines = content.decode("utf-8-sig", "replace").splitlines()
    entries = {
        f"line {n}": re.sub(r"(?:^|\s)#.*", "", line).strip() for n, line in enumerate(lines, 1)
    }
    for place, entry in entries.items():
        if "," in entry:
            raise ApiTokensError(TOKENS_FILE, f"{place}: has a comma; write one entry a line")
    return entries


def _add(found: list[ApiToken], setting: str, place: str, entry: str) -> None:
    """Append the entry's token, unless it is there already with the same name and scopes."""
    try:
        token = _parsed(entry)
    except ValueError as error:
        raise ApiTokensError(setting, f"{place}: {error}") from None
    for other in found:
        if other.digest != token.digest:
            continue
        if (other.name, other.scopes) == (token.name, token.scopes):
            return
        what = "name" if other.name != token.name else "scopes"
        raise ApiTokensError(setting, f"{place}: the same token was given another {what} before")
    found.append(token)


def _parsed(entry: str) -> ApiToken:
    """The entry's token. Raises ValueError, without anything that may be a token."""
    if _TOKEN.fullmatch(entry) is None:
        raise ValueError("a token is of printable ASCII without spaces")
    parts = entry.split(":", 2)
    if len(parts) == 2 and any(_SCOPES_ALONE.fullmatch(part) for part in parts):
        # Otherwise `shop:send,read:TOKEN` would make `shop:send` a valid token.
        raise ValueError(f"lacks a name, scopes or a token: {_ENTRY_RULE}")
    if len(parts) < 3 or _LIKE_SCOPES.fullmatch(parts[1]) is None:
        digest = hashlib.sha256(entry.encode()).digest()
        return ApiToken(f"token-{digest.hex()[:8]}", ALL_SCOPES, digest)
    name, scopes, token = parts
    wanted = frozenset(scope for scope in Scope if scope.value in scopes.split("+"))
    if not scopes or len(wanted) != len(scopes.split("+")):
        raise ValueError(f"has unknown or repeated scopes, or none: {_ENTRY_RULE}")
    if _NAME.fullmatch(name) is None:
        raise ValueError(_NAME_RULE)
    if not token.startswith(_HASHED):
        if not token:
            raise ValueError(f"({name}) has an empty token")
        return ApiToken(name, wanted, hashlib.sha256(token.encode()).digest())
    if _DIGEST.fullmatch(token.removeprefix(_HASHED)) is None:
        raise ValueError(f"({name}) {_HASHED} must be followed by 64 hexadecimal digits")
    return ApiToken(name, wanted, bytes.fromhex(token.removeprefix(_HASHED)))


def names_of(tokens: Sequence[ApiToken]) -> list[str]:
    """The tokens' names, each once, in order."""
    return list(dict.fromkeys(token.name for token in tokens))
