"""Text of others as a person is shown it: nothing is unseen, turns the rest around, or floods."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 300  # characters
_SUSPECTS = re.compile(r"[^ -~]")
# Controls, formats (such as U+202E, after which text runs backwards), surrogates, line separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The first 300 characters; what cannot be seen is spelled out: `\\u202e`. It is not HTML."""
    more = "…" if len(text) > _LONGEST else ""
    return _SUSPECTS.sub(_spelled, text[:_LONGEST]) + more


def _spelled(found: re.Match[str]) -> str:
    char = found[0]
    if unicodedata.category(char) not in _UNSEEN:
        return char
    return char.encode("unicode_escape").decode()
