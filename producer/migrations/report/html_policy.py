"""Content-Security-Policy of single-file HTML, with digests of its inline parts."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256

from producer.migrations.report.html_style import STYLE


def digest(inline: str) -> str:
    """The source expression for the content of a script or style element (CSP 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


@cache
def report_policy() -> str:
    """The report's policy: only its style is allowed, should a value ever become markup."""
    return f"default-src 'none'; style-src {digest(STYLE)}; base-uri 'none'; form-action 'none'"
