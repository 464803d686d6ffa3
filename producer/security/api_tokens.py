"""Who may ask the web process: tokens with names and scopes, of which only digests are kept."""

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
"""The prefix of tokens made here; `producer.contract.card_data.redaction` knows it too."""

_HASHED = "sha256="
_LARGEST_FILE = 1 << 20  # bytes
_LETTERS = 45  # of 52: 256 bits. No digits, so that no token can look like a card number.
_TOKEN = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
# What is meant as scopes, right or wrong.
_SCOPE = r"(?<![A-Za-z])(?:send|read|migrate|operate)(?![A-Za-z])"
_LIKE_SCOPES = re.compile(rf"(?:[A-Za-z]+(?:\+[A-Za-z]+)*)?|.*{_SCOPE}.*", re.IGNORECASE)
_SCOPES_ALONE = re.compile(rf"{_SCOPE}(?:\+{_SCOPE})*", re.IGNORECASE)


class Scope(StrEnum):
    """What a token may do."""

    SEND = "send"  # order commands
    READ = "read"  # cards, tasks, migrations
    MIGRATE = "migrate"  # enter, steer and forget migrations; and read them
    OPERATE = "operate"  # metrics and the description of the API


ALL_SCOPES = frozenset(Scope)


class ApiTokensError(ValueError):
    """A setting's tokens cannot be taken. `reason` holds no part of a token."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token by its digest (SHA-256); several may have the same name, while they are changed."""

    name: str
    scopes: frozenset[Scope]
    digest: bytes = field(repr=False)


def read_tokens(environ: Mapping[str, str]) -> tuple[ApiToken, ...]:
    """The tokens of CARDS_API_TOKENS and of the file that CARDS_API_TOKENS_FILE names.

    Raises:
        ApiTokensError: an entry is wrong, a setting holds none, or the file cannot be read.
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
    """The token that was given, if it is one of these.

    All are compared, each in constant time, so that the time taken tells nothing.
    """
    digest = hashlib.sha256(given).digest()
    matches = [one for one in tokens if hmac.compare_digest(one.digest, digest)]
    return matches[0] if matches else None


def new_token() -> str:
    """A token that nobody can guess."""
    return PREFIX + "".join(secrets.choice(string.ascii_letters) for _ in range(_LETTERS))


def hashed_entry(name: str, scopes: Iterable[Scope], token: str) -> str:
    """The entry that lets the token in without telling it. Raises ValueError for a wrong name."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(_NAMED)
    wanted = "+".join(scope.value for scope in Scope if scope in frozenset(scopes))
    return f"{name}:{wanted}:{_HASHED}{hashlib.sha256(token.encode()).hexdigest()}"


_NAMED = "a name has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter"
_WRITTEN = f"write NAME:SCOPE+SCOPE:TOKEN with {', '.join(scope.value for scope in Scope)}"


def _listed(environ: Mapping[str, str]) -> dict[str, str] | None:
    """The entries by where they are; None where nothing is set."""
    text = environ.get(TOKENS, "").strip()
    if not text:
        return None
    return {f"entry {n}": one.strip() for n, one in enumerate(text.split(","), 1)}


def _filed(environ: Mapping[str, str]) -> dict[str, str] | None:
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
    """Append the entry's token, unless it is there already, under the same name."""
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
    """The entry's token. Raises ValueError, which tells nothing of what may be a token."""
    if _TOKEN.fullmatch(entry) is None:
        raise ValueError("a token is of printable ASCII without spaces")
    parts = entry.split(":", 2)
    if len(parts) == 2 and any(_SCOPES_ALONE.fullmatch(part) for part in parts):
        # `shop:send,read:TOKEN` would else let in whoever says `shop:send`.
        raise ValueError(f"lacks a name, scopes or a token: {_WRITTEN}")
    if len(parts) < 3 or _LIKE_SCOPES.fullmatch(parts[1]) is None:
        digest = hashlib.sha256(entry.encode()).digest()
        return ApiToken(f"token-{digest.hex()[:8]}", ALL_SCOPES, digest)
    name, scopes, token = parts
    wanted = frozenset(one for one in Scope if one.value in scopes.split("+"))
    if not scopes or len(wanted) != len(scopes.split("+")):
        raise ValueError(f"has unknown or repeated scopes, or none: {_WRITTEN}")
    if _NAME.fullmatch(name) is None:
        raise ValueError(_NAMED)
    if not token.startswith(_HASHED):
        if not token:
            raise ValueError(f"({name}) has an empty token")
        return ApiToken(name, wanted, hashlib.sha256(token.encode()).digest())
    if _DIGEST.fullmatch(token.removeprefix(_HASHED)) is None:
        raise ValueError(f"({name}) {_HASHED} must be followed by 64 hexadecimal digits")
    return ApiToken(name, wanted, bytes.fromhex(token.removeprefix(_HASHED)))


def names_of(tokens: Sequence[ApiToken]) -> list[str]:
    """Their names, each once, in order."""
    return list(dict.fromkeys(token.name for token in tokens))
