"""The name of a service that sends commands: its token's name, or its client's."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
WANTED = "must begin with a letter and hold at most 64 letters, digits, dots, hyphens, underscores"


def is_sender(name: str) -> bool:
    """Whether a service may have that name."""
    return _NAME.fullmatch(name) is not None
