"""Content-Security-Policy of HTML that is one file: its inline parts are named by digest."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256

from producer.migrations.report.html_style import STYLE


def digest(inline: str) -> str:
    """The source expression of what stands between the tags of a script or style (CSP 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'"


@cache
def report_policy() -> str:
    """The report's: its style and nothing else, should anything of the file become markup."""
    return f"default-src 'none'; style-src {digest(STYLE)}; base-uri 'none'; form-action 'none'"
