"""The rows of a migration and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum, unique
from typing import NamedTuple, TypeAlias

from producer.contract import AssignCard, CommandKind, SetDefaultCard
from producer.migrations.model.card_details import UNKNOWN, CardDetails

# Codes of rows that are correct but need no command.
SKIPPED_CODES = frozenset({"blank_row", "bank_account", "not_a_card", "no_default"})


@unique
class RowState(IntEnum):
    """The state of a row. The values are written to the journal's ledger and must stay."""

    PENDING = 0  # not sent yet
    SENT = 1  # accepted, outcome not recorded yet
    APPLIED = 2  # Stripe applied it
    ALREADY_SO = 3  # nothing had to change
    SUPERSEDED = 4  # a newer command for the same customer and slot was applied first
    DRIFTED = 5  # the customer was not as the file expects; nothing was changed
    REJECTED = 6  # Stripe rejected it for good
    INVALID = 7  # the row itself is wrong; nothing was sent
    CANCELLED = 8  # the migration was cancelled before the row was sent
    FAILED = 9  # the worker gave up; an operator can replay the command
    UNKNOWN = 10  # sent, and it is not known yet whether it took effect
    AMBIGUOUS = 11  # a person must choose the card; nothing was sent
    SKIPPED = 12  # the row is correct and needs no command

    @property
    def word(self) -> str:
        """The state's name in reports and JSON."""
        return self.name.lower()

    @property
    def settled(self) -> bool:
        """Whether the state is final unless an operator acts."""
        return self not in (RowState.PENDING, RowState.SENT, RowState.UNKNOWN)


class WasDefault(StrEnum):
    """Whether a card was its customer's default in the account it was copied from."""

    NOT_SAID = ""
    YES = "yes"
    NO = "no"
    BOTH = "?"  # the sources contradict each other about the customer


class Origin(NamedTuple):
    """The old account's ids of a card that was copied between accounts; "" where unknown."""

    customer: str
    source: str
    was_default: WasDefault = WasDefault.NOT_SAID
    details: CardDetails = UNKNOWN


@dataclass(frozen=True, slots=True)
class Repair:
    """A customer that gets a default if it has none. Its cards are read from Stripe first."""

    customer: str

    @property
    def kind(self) -> CommandKind:
        """The kind of command that a repair sends."""
        return CommandKind.SET_DEFAULT_CARD

    @property
    def object_id(self) -> str:
        """ "": not known yet."""
        return ""


Order: TypeAlias = AssignCard | SetDefaultCard | Repair


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be sent. `number` counts data rows from 1, `line` is its first line."""

    number: int
    line: int
    order: Order
    expected_default: str | None = None  # by --only-if-default-is; "" expects no default
    origin: Origin | None = None  # for cards copied between accounts


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be sent, or needs no command. No field holds a value of the row."""

    number: int
    line: int
    column: str  # the file's name of it; "" for the row as a whole
    code: str
    what: str
    todo: str

    @property
    def state(self) -> RowState:
        """The state with which the row is entered."""
        return RowState.SKIPPED if self.code in SKIPPED_CODES else RowState.INVALID


@dataclass(frozen=True, slots=True)
class RowResult:
    """The recorded outcome of a row. Times are UTC; `before` is the default before the change."""

    number: int
    state: RowState
    code: str = ""
    message: str = ""
    command_id: str = ""
    card_id: str = ""
    attempts: int = 0
    accepted_at: datetime | None = None
    finished_at: datetime | None = None
    before: str | None = None  # None: not recorded; "": there was none
