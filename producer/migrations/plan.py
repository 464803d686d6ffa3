"""What a file comes to before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from producer.contract import CommandKind
from producer.migrations.columns import Mapping
from producer.migrations.conditions import Conditions
from producer.migrations.estimate import Endpoint
from producer.migrations.inputs import InputFile
from producer.migrations.rows import BadRow, RowState


@dataclass(frozen=True, slots=True)
class Plan:
    """`to_send` + `repeated` + `invalid` are `rows`. Close it: it holds a temporary file."""

    id: str
    source: InputFile
    mapping: Mapping
    conditions: Conditions
    blind: bool
    rows: int
    commands: dict[CommandKind, int]  # rows to be sent, by command
    invalid: int
    repeated: int
    contradicted: int  # customers with rows that contradict each other
    customers: int
    requests: dict[Endpoint, int]
    codes: dict[str, int] = field(default_factory=dict)  # invalid rows by code
    examples: dict[str, list[BadRow]] = field(default_factory=dict)  # the first ones, by code

    @property
    def to_send(self) -> int:
        """Rows that a run sends."""
        return sum(self.commands.values())

    def not_sent(self) -> Iterator[tuple[int, RowState]]:
        """Row numbers, in order, with INVALID or (a repetition) ALREADY_SO: for the ledger."""
        raise NotImplementedError

    def bad_rows(self) -> Iterator[BadRow]:
        """Every invalid row, in order."""
        raise NotImplementedError

    def close(self) -> None:
        """Remove the temporary file."""
        raise NotImplementedError


def make_plan(
    source: InputFile,
    mapping: Mapping,
    conditions: Conditions = Conditions(),  # noqa: B008
    *,
    blind: bool = False,
    on_progress: Callable[[int], object] | None = None,
) -> Plan:
    """Read and check the whole file, in flat memory. `on_progress` is told rows read, at times.

    Raises:
        FileRefused: the file turns out to be torn or to hold card data.
    """
    raise NotImplementedError
