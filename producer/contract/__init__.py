"""The contract as code: one definition for the client, the HTTP API, the worker and the CLI.

Wire names are the contract's (`userId`, `default_source`); aliases map them to Python names
(`customer`, `card`). The package imports nothing beyond pydantic.
"""

from producer.contract.cards import Card
from producer.contract.commands import (
    AssignCard,
    Command,
    CommandKind,
    Lane,
    SetDefaultCard,
    Slot,
    parse_command,
    parse_customer,
)
from producer.contract.envelope import Envelope
from producer.contract.refusals import (
    CardNumberRefused,
    ParameterInvalid,
    ParameterMissing,
    Refusal,
)
from producer.contract.states import State
from producer.contract.status import CommandStatus

__all__ = [
    "AssignCard",
    "Card",
    "CardNumberRefused",
    "Command",
    "CommandKind",
    "CommandStatus",
    "Envelope",
    "Lane",
    "ParameterInvalid",
    "ParameterMissing",
    "Refusal",
    "SetDefaultCard",
    "Slot",
    "State",
    "parse_command",
    "parse_customer",
]
