"""Filters for failed commands: the same for the API, the pages and `cards`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from producer.contract.caller_texts import Text
from producer.contract.card_data.card_numbers import find_card_data
from producer.contract.commands import AssignCard, CommandKind, SetDefaultCard, parse_customer
from producer.contract.metadata import parse_metadata
from producer.contract.refusals import CardNumberRefused, ParameterInvalid

FILTERS = ("code", "command", "customer")
POISON = "poison"
"""The code of commands that killed their worker and would again: replayed only on demand."""
_LONGEST = 100
_TAG = "tag."


def is_filter(name: str) -> bool:
    """Whether a field of this name is part of a filter; `tag.batch` filters by the tag `batch`."""
    return name in FILTERS or name.startswith(_TAG)


@dataclass(frozen=True, slots=True)
class FailedFilter:
    """Matches commands by every part that is given; an empty filter matches all."""

    code: str = ""
    command: CommandKind | None = None
    customer: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """A filter from untrusted fields; fields that are not `is_filter` are ignored.

        Raises:
            CardNumberRefused, ParameterInvalid: a field is wrong; the refusal names it.
        """
        given = {name: fields[name] for name in FILTERS if name in fields}
        if (leaking := find_card_data(given)) is not None:
            raise CardNumberRefused(Text.CARD_NUMBER, field=leaking)
        for name, value in given.items():
            if not isinstance(value, str) or not value.isprintable() or not value.strip():
                raise ParameterInvalid(Text.BAD_PARAMETER, field=name, wanted="a … z")
            if len(value) > _LONGEST and name != "customer":
                raise ParameterInvalid(Text.BAD_PARAMETER, field=name, wanted=f"≤ {_LONGEST}")
        tags = {name: value for name, value in fields.items() if name.startswith(_TAG)}
        command = given.get("command")
        if command is not None and command not in frozenset(CommandKind):
            raise ParameterInvalid(Text.UNKNOWN_COMMAND)
        customer = given.get("customer")
        return cls(
            given.get("code", ""),
            CommandKind(command) if command else None,
            parse_customer(customer) if customer else "",
            parse_metadata({name.removeprefix(_TAG): tags[name] for name in tags}, "tag"),
        )

    def __bool__(self) -> bool:
        return bool(self.parts())

    def parts(self) -> dict[str, str]:
        """The given parts, by name."""
        command = self.command.value if self.command else ""
        given = {"code": self.code, "command": command, "customer": self.customer}
        given |= {f"{_TAG}{name}": value for name, value in self.tags.items()}
        return {name: value for name, value in given.items() if value}

    def matches(
        self, code: str, order: AssignCard | SetDefaultCard, metadata: Mapping[str, str]
    ) -> bool:
        """Whether a failed command matches."""
        return (
            self.code in ("", code)
            and self.command in (None, order.kind)
            and self.customer in ("", order.customer)
            and self.tags.items() <= metadata.items()
        )
