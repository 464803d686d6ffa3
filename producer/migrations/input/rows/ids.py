"""Ids of migrations and commands: the same for the same file and meaning on any machine."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.files.formats import Form
from producer.migrations.input.input_file import InputFile
from producer.migrations.model.conditions import Conditions

_VERSION = 1
# Made once with uuid4; it must never change, since command ids of running migrations depend on it.
_COMMANDS = UUID("333b3ee0-3243-4935-b911-0906f6fa3a37")
_HEX = 24


def migration_id(source: InputFile, mapping: Mapping, conditions: Conditions) -> str:
    """`mig_` and 24 hexadecimal digits of a SHA-256 over digest, columns and conditions."""
    meaning: list[Any] = [
        _VERSION,
        source.digest,
        sorted(mapping.fields.items()),
        mapping.command.value if mapping.command else None,
        conditions.only_if_default_is,
        conditions.skip_if_newer,
    ]
    if mapping.objects:
        meaning.append(["objects", *mapping.objects])
    # Other columns of a copy between accounts follow from its bytes.
    if mapping.copied is not None and not mapping.copied.between_accounts:
        meaning.append("cards")
    if source.format.form is Form.STRIPE_MAPPING:
        meaning.append("a row for each card")  # before 28 November 2026: for each customer
    if mapping.repairs:
        meaning.append("repairs")
    if source.format.other_sheet:
        meaning.append(["sheet", source.format.sheet])
    return "mig_" + sha256(json.dumps(meaning).encode()).hexdigest()[:_HEX]


def command_id(migration: str, number: int) -> str:
    """The id of a row's command, a UUID version 5 of the migration's id and the row's number."""
    return str(uuid5(_COMMANDS, f"{migration}/{number}"))
