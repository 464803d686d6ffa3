"""What other services import to send card commands and to learn what became of them.

from producer import CardCommands

with CardCommands.from_env() as cards:
    handle = cards.set_default(customer="cus_...", card="card_...")
    envelope = handle.wait(timeout=10)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from producer.client.asynchronous import AsyncCardCommands, AsyncCommandHandle
    from producer.client.blocking import CardCommands, CommandHandle
    from producer.client.errors import (
        CardNumberRefused,
        CommandError,
        CommandNotFound,
        IdempotencyKeyReused,
        JournalFault,
        NotCancellable,
        NotFailed,
        NotVouchedFor,
        ParameterInvalid,
        ParameterMissing,
        RecordDamaged,
        Refusal,
        ResultGone,
        Unavailable,
        WaitTimeout,
    )
    from producer.contract import (
        AssignCard,
        CommandKind,
        CommandStatus,
        Envelope,
        Lane,
        SetDefaultCard,
        State,
    )
    from producer.journal.operations.failed_commands import FailedCommand
    from producer.redis import RedisConfig
    from producer.security.command_signatures import Signing
    from producer.settings import Settings, SettingsError

__all__ = [
    "AssignCard",
    "AsyncCardCommands",
    "AsyncCommandHandle",
    "CardCommands",
    "CardNumberRefused",
    "CommandError",
    "CommandHandle",
    "CommandKind",
    "CommandNotFound",
    "CommandStatus",
    "Envelope",
    "FailedCommand",
    "IdempotencyKeyReused",
    "JournalFault",
    "Lane",
    "NotCancellable",
    "NotFailed",
    "NotVouchedFor",
    "ParameterInvalid",
    "ParameterMissing",
    "RecordDamaged",
    "RedisConfig",
    "Refusal",
    "ResultGone",
    "SetDefaultCard",
    "Settings",
    "SettingsError",
    "Signing",
    "State",
    "Unavailable",
    "WaitTimeout",
]

_HOMES = {
    "client.asynchronous": ("AsyncCardCommands", "AsyncCommandHandle"),
    "client.blocking": ("CardCommands", "CommandHandle"),
    "contract": (
        "AssignCard",
        "CommandKind",
        "CommandStatus",
        "Envelope",
        "Lane",
        "SetDefaultCard",
        "State",
    ),
    "journal.operations.failed_commands": ("FailedCommand",),
    "redis": ("RedisConfig",),
    "settings": ("Settings", "SettingsError"),
    "security.command_signatures": ("Signing",),
}


def __getattr__(name: str) -> Any:
    # On first use, so that the command line starts without redis and pydantic.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "client.errors")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
