"""What a file's columns were found to mean."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from typing import Any, Self

from producer.contract import CommandKind
from producer.migrations.input.records.mapping_records import CARDS
from producer.migrations.input.values.column_names import IDS, bare
from producer.migrations.input.values.copied_columns import CopyColumns
from producer.migrations.model.fields import DEFAULT, USER


@dataclass(frozen=True, slots=True)
class Mapping:
    """Contract fields (`userId`, `source`, `default_source`, `command`) by the file's columns.

    `command` is that of all rows; None where each row says it, or what it has filled.
    """

    fields: dict[str, str]
    command: CommandKind | None = None
    expected: str | None = None  # the column of --only-if-default-is
    # Of records that are objects of Stripe's API, the columns that are read: `stripe_objects`.
    # `fields` are what most of them say.
    objects: tuple[str, ...] = ()
    # Fields whose column has another name, which nobody named: to be told.
    taken: tuple[str, ...] = field(default=(), compare=False)
    copied: CopyColumns | None = None  # where rows are cards, of which one can be the default
    repairs: bool = False  # there are customers alone: who has no default gets one, if it is clear

    @property
    def of_customers(self) -> bool:
        """Whether a row is a customer, who may have no card, rather than an order."""
        return not self.objects and of_customers(self.fields)

    def wire(self) -> dict[str, Any]:
        """For JSON, and for `Mapping.of`."""
        return {
            "fields": self.fields,
            "command": self.command.value if self.command else None,
            "expected": self.expected,
            "objects": list(self.objects),
            "copied": self.copied.wire() if self.copied else None,
            "repairs": self.repairs,
        }

    @classmethod
    def of(cls, told: AnyMapping[str, Any]) -> Self:
        """From `wire`, of an earlier version too."""
        return cls(
            told["fields"],
            CommandKind(told["command"]) if told["command"] else None,
            told["expected"],
            tuple(told.get("objects") or ()),
            copied=CopyColumns.of(told.get("copied")),
            repairs=bool(told.get("repairs")),
        )


def of_customers(fields: AnyMapping[str, str]) -> bool:
    """Whether by these columns a row is a customer, with its default."""
    return bare(fields[USER]) in IDS and fields.get(DEFAULT) not in (None, CARDS)
