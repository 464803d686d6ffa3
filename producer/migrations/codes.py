"""What each code of a row means, and what to do about it: for plan, report and page."""

from __future__ import annotations


def todo(code: str) -> str:
    """What a person does next about rows that ended with the code."""
    raise NotImplementedError
