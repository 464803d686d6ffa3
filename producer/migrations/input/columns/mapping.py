"""The meaning of a file's columns."""

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
    """The columns of the contract's fields (`userId`, `source`, `default_source`, `command`).

    `command` is that of all rows; None if each row determines its own.
    """

    fields: dict[str, str]
    command: CommandKind | None = None
    expected: str | None = None  # the column of --only-if-default-is
    # The columns read of records that are objects of Stripe's API (`stripe_objects`); `fields` are
    # then those of most objects.
    objects: tuple[str, ...] = ()
    # Fields whose column was chosen without the contract's name or `--map`: the plan lists them.
    taken: tuple[str, ...] = field(default=(), compare=False)
    copied: CopyColumns | None = None  # if rows are cards, of which one can be the default
    repairs: bool = False  # rows are customers, whose missing defaults are repaired

    @property
    def of_customers(self) -> bool:
        """Whether a row is a customer, possibly without a card, rather than an order."""
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
    def of(cls, stored: AnyMapping[str, Any]) -> Self:
        """From `wire`, also of an earlier version."""
        return cls(
            stored["fields"],
            CommandKind(stored["command"]) if stored["command"] else None,
            stored["expected"],
            tuple(stored.get("objects") or ()),
            copied=CopyColumns.of(stored.get("copied")),
            repairs=bool(stored.get("repairs")),
        )


def of_customers(fields: AnyMapping[str, str]) -> bool:
    """Whether these columns make a row a customer with its default."""
    return bare(fields[USER]) in IDS and fields.get(DEFAULT) not in (None, CARDS)
