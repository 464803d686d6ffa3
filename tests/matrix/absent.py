"""What a machine may lack."""

from __future__ import annotations


class NotThereError(Exception):
    """A Python, a server or a package is not on this machine. The message says why not."""
