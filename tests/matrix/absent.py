"""What a machine may not have."""

from __future__ import annotations


class NotThereError(Exception):
    """A Python, a server or a package is not available. The message says why."""
