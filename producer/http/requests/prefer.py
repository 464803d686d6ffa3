"""The `Prefer` header (RFC 7240) and the `wait` parameter: how long a caller waits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid

MAX_WAIT_S = 30
DEFAULT_WAIT_S = 10
_WORD = r'(?:"(?:[^"\\]|\\.)*"|[^\s,;="]+)'
_PREFERENCE = re.compile(
    rf"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*({_WORD})?)?"  # name, value
    rf"(?:\s*;\s*[^\s,;=\"]*(?:\s*=\s*{_WORD}?)?)*\s*$"  # parameters, none of which is supported
)
_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+')
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Preference:
    """How long to wait (seconds), and the value of `Preference-Applied`."""

    wait_s: float = DEFAULT_WAIT_S
    applied: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The response header, if a preference was applied."""
        return {"Preference-Applied": self.applied} if self.applied else {}


def parse_prefer(values: Iterable[str]) -> Preference:
    """Parse all `Prefer` headers of a request.

    By RFC 7240, unknown or invalid preferences are ignored, the first of repeated ones counts, and
    `respond-async, wait=N` together wait up to N.
    """
    found: dict[str, str] = {}
    for value in values:
        for element in _ELEMENT.findall(value):
            match = _PREFERENCE.match(element)
            if match:
                word = match[2] or ""
                if word.startswith('"'):
                    word = re.sub(r"\\(.)", r"\1", word[1:-1])
                found.setdefault(match[1].lower(), word)
    seconds = _whole_seconds(found.get("wait", ""))
    asynchronous = found.get("respond-async") == ""
    applied = ["respond-async"] if asynchronous else []
    if seconds is not None:
        applied.append(f"wait={seconds}")
    elif asynchronous:
        seconds = 0
    return Preference(DEFAULT_WAIT_S if seconds is None else seconds, ", ".join(applied))


def _whole_seconds(word: str) -> int | None:
    if not (word.isascii() and word.isdigit()):
        return None
    return MAX_WAIT_S if len(word.lstrip("0")) > 9 else min(int(word), MAX_WAIT_S)


def parse_wait(value: str | None) -> float:
    """Seconds of `?wait=N`, at most 30; 0 without it. Raises ParameterInvalid."""
    if value is None:
        return 0
    if not (value.isascii() and _SECONDS.fullmatch(value)):
        raise ParameterInvalid(Text.BAD_WAIT, field="wait")
    return min(float(value), MAX_WAIT_S)
