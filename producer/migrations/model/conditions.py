"""Under which conditions the rows of a migration are applied."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conditions:
    """Part of what a migration is, and so of its id. The default applies every row."""

    only_if_default_is: str | None = None  # the column with the default the file believes in
    skip_if_newer: bool = False  # a default set by another command since is left alone
