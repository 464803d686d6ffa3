"""Conditions under which the rows of a migration are applied."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conditions:
    """Part of the migration's id. The default applies every row."""

    only_if_default_is: str | None = None  # the column with the default that the file expects
    skip_if_newer: bool = False  # keep a default that another command has set since
