"""Makes foreign text safe to display: no invisible or direction-changing characters, no floods."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 300  # characters
_SUSPECTS = re.compile(r"[^ -~]")
# Controls, formats (such as U+202E, which reverses text), surrogates, line separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The first 300 characters, with invisible ones spelled out: `\\u202e`. Not HTML-escaped."""
    more = "…" if len(text) > _LONGEST else ""
    return _SUSPECTS.sub(_spelled, text[:_LONGEST]) + more


def _spelled(found: re.Match[str]) -> str:
    char = found[0]
    if unicodedata.category(char) not in _INVISIBLE:
        return char
    return char.encode("unicode_escape").decode()
