"""Which of a file's columns hold what."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass

from producer.contract import CommandKind
from producer.migrations.inputs import InputFile


@dataclass(frozen=True, slots=True)
class Mapping:
    """Contract fields (`userId`, `source`, `default_source`, `command`) by the file's columns.

    `command` is that of all rows; None where each row says it, or what it has filled.
    """

    fields: dict[str, str]
    command: CommandKind | None = None
    expected: str | None = None  # the column of --only-if-default-is


def map_columns(
    source: InputFile,
    named: AnyMapping[str, str] | None = None,
    *,
    command: CommandKind | None = None,
    expected: str | None = None,
) -> Mapping:
    """What the columns mean: as named (`--map`), else by the contract's or Stripe's names.

    Raises:
        FileRefused: a needed or named column is missing, or stands twice.
    """
    raise NotImplementedError
