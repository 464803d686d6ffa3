"""Reads the contract's fields from a record's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.values import stripe_objects
from producer.migrations.model.fields import COMMAND, DEFAULT, SOURCE, USER
from producer.migrations.model.records import Fault


@dataclass(frozen=True, slots=True)
class FieldsRead:
    """Unchecked values by field, and the columns that they come from."""

    fields: dict[str, Any]
    columns: dict[str, str]
    both_defaults: bool = False  # see `stripe_objects.ObjectCard.both`


class FieldValues:
    """Reads records whose values are those of `wanted`, in that order."""

    def __init__(self, mapping: Mapping) -> None:
        self._columns = mapping.fields
        self._objects = mapping.objects
        self._fields = [USER, *(f for f in (SOURCE, DEFAULT, COMMAND) if f in mapping.fields)]
        named = [mapping.fields[field] for field in self._fields]
        self.wanted = list(mapping.objects) or named
        if mapping.expected is not None:
            self.wanted.append(mapping.expected)
        self._expected = mapping.expected is not None

    def read(self, values: Sequence[Any]) -> FieldsRead | Fault:
        """The fields; a Fault if an object of Stripe's is about no card."""
        if not self._objects:
            return FieldsRead(dict(zip(self._fields, values, strict=False)), self._columns)
        found = stripe_objects.card_of(self._objects, values)
        if isinstance(found, Fault):
            return found
        fields = zip(self._fields, (found.customer, found.card), strict=True)
        columns = zip(self._fields, (found.customer_column, found.card_column), strict=True)
        return FieldsRead(dict(fields), dict(columns), found.both)

    def pruned(self, values: Sequence[Any]) -> Sequence[Any]:
        """A record's values without unused parts."""
        if not self._objects:
            return values
        kept = stripe_objects.pruned(self._objects, values)
        return [*kept, values[-1]] if self._expected else kept
