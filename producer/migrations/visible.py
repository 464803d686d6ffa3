"""Text of others as it is shown to a person: nothing in it is unseen, or turns the rest around."""

from __future__ import annotations

import re
import unicodedata

_SUSPECTS = re.compile(r"[^ -~]")
# Controls, formats (such as U+202E, after which text runs backwards), surrogates, line separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text with what cannot be seen spelled out, as `\\u202e`. It is not HTML yet."""
    return _SUSPECTS.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    char = found[0]
    if unicodedata.category(char) not in _UNSEEN:
        return char
    return char.encode("unicode_escape").decode()
