"""What a migration is made of: rows, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum, unique
from typing import NamedTuple, TypeAlias

from producer.contract import AssignCard, CommandKind, SetDefaultCard
from producer.migrations.model.card_details import UNKNOWN, CardDetails

# Of rows with which nothing is wrong.
SKIPPED_CODES = frozenset({"blank_row", "bank_account", "not_a_card", "no_default"})


@unique
class RowState(IntEnum):
    """What became of a row. The values are written to the journal's ledger and must stay."""

    PENDING = 0  # not sent yet
    SENT = 1  # accepted, its end not recorded yet
    APPLIED = 2  # Stripe did it
    ALREADY_SO = 3  # it was so before; nothing was changed
    SUPERSEDED = 4  # a newer command for the same customer and slot was applied first
    DRIFTED = 5  # the customer was no longer as the file believed; nothing was changed
    REJECTED = 6  # Stripe said no for good
    INVALID = 7  # the row itself is wrong; nothing was sent
    CANCELLED = 8  # the migration was cancelled before the row was sent
    FAILED = 9  # gave up; a person can replay the command
    UNKNOWN = 10  # sent, and whether it took effect could not be found out yet
    AMBIGUOUS = 11  # a person has to say which card is meant; nothing was sent
    SKIPPED = 12  # nothing is wrong with the row, and nothing is to be done for it

    @property
    def word(self) -> str:
        """As reports and JSON write it."""
        return self.name.lower()

    @property
    def settled(self) -> bool:
        """Whether nothing more happens to the row by itself."""
        return self not in (RowState.PENDING, RowState.SENT, RowState.UNKNOWN)


class WasDefault(StrEnum):
    """Whether a card was its customer's default in the account it was copied from."""

    NOT_SAID = ""
    YES = "yes"
    NO = "no"
    BOTH = "?"  # what was said of the customer contradicts itself


class Origin(NamedTuple):
    """Where a card that was copied between accounts came from; "" where that is not said."""

    customer: str
    source: str
    was_default: WasDefault = WasDefault.NOT_SAID
    face: CardDetails = UNKNOWN


@dataclass(frozen=True, slots=True)
class Repair:
    """A customer that gets a default if it has none. Which card, Stripe is asked first."""

    customer: str

    @property
    def kind(self) -> CommandKind:
        """Of the command that it comes to."""
        return CommandKind.SET_DEFAULT_CARD

    @property
    def object_id(self) -> str:
        """ "": not known yet."""
        return ""


Order: TypeAlias = AssignCard | SetDefaultCard | Repair


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be sent. `number` counts data rows from 1, `line` is where it begins."""

    number: int
    line: int
    order: Order
    expected_default: str | None = None  # of --only-if-default-is; "" expects that there is none
    origin: Origin | None = None  # of a copy between accounts


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be sent, or need not be, and why. No field holds a value of the row."""

    number: int
    line: int
    column: str  # as the file names it; "" where it is the row as a whole
    code: str
    what: str
    todo: str

    @property
    def state(self) -> RowState:
        """As which it is entered."""
        return RowState.SKIPPED if self.code in SKIPPED_CODES else RowState.INVALID


@dataclass(frozen=True, slots=True)
class RowResult:
    """What is recorded of a row. Times are UTC; `before` is the default before the change."""

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
