"""Names of the contract's fields on the wire."""

from __future__ import annotations

from producer.contract import CommandKind

USER, SOURCE, DEFAULT, COMMAND = "userId", "source", "default_source", "command"
FIELDS = (USER, SOURCE, DEFAULT, COMMAND)
OBJECTS = {CommandKind.ASSIGN_CARD: SOURCE, CommandKind.SET_DEFAULT_CARD: DEFAULT}
