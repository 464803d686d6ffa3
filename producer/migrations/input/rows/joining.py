"""Joins several mappings of copies, and the old account's defaults, into one file.

The join is stored like a copy of a stream; it has the column `was_default` for each card.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.columns.columns import DEFAULT, USER, Mapping, map_columns
from producer.migrations.input.files.formats import Form, Format
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.rows.checks import RowChecks
from producer.migrations.input.rows.old_defaults import OldDefaults
from producer.migrations.input.rows.origins import Origins
from producer.migrations.input.rows.spool import write_copy
from producer.migrations.input.values.copied_columns import (
    DETAIL_COLUMNS,
    NEW_CUSTOMER,
    NEW_SOURCE,
    OLD_CUSTOMER,
    OLD_SOURCE,
    WAS_DEFAULT,
)
from producer.migrations.model.records import Fault, Record
from producer.migrations.model.rows import WasDefault
from producer.migrations.texts.reasons import Reason

_COLUMNS = (NEW_CUSTOMER, NEW_SOURCE, OLD_CUSTOMER, OLD_SOURCE, WAS_DEFAULT, *DETAIL_COLUMNS)
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping to join, with the meaning of its columns."""

    source: InputFile
    mapping: Mapping


def join(parts: Sequence[Part], old: OldDefaults | None, folder: Path) -> InputFile:
    """Write one file with the rows of all parts, in their order, into the folder.

    Its digest is derived from theirs: the same files in the same order are the same migration.

    Raises:
        FileRefused: a part is no mapping of a copy, or holds card data.
        OSError: the join cannot be written.
    """
    for part in parts:
        copied = part.mapping.copied
        if copied is None or not copied.between_accounts or part.mapping.expected is not None:
            raise FileRefused("not_a_copy", Reason.NOT_A_COPY, name=part.source.name)
    sources = [part.source for part in parts] + ([old.source] if old is not None else [])
    inputs = [
        [part.source.digest, part.mapping.wire(), *_other_sheet(part.source)] for part in parts
    ]
    identity = json.dumps(["joined", inputs, old.source.digest if old is not None else None])
    digest = sha256(identity.encode()).hexdigest()
    names = [part.source.name for part in parts]
    more = f" + {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    joined = InputFile(
        path=Path(),
        name=" + ".join(names[:_NAMES_SHOWN]) + more,
        size=sum(source.size for source in sources),
        digest=digest,
        format=Format(Form.CSV),
        columns=_COLUMNS,
    )
    checks = RowChecks(map_columns(joined))
    cards = CardColumns(_COLUMNS)
    records = _records(parts, old)
    return write_copy(records, joined, checks, folder, lambda: (digest, joined.size), cards)


def _other_sheet(source: InputFile) -> list[str]:
    return [source.format.sheet] if source.format.other_sheet else []


def _records(parts: Sequence[Part], old: OldDefaults | None) -> Iterator[Record]:
    number = 0
    for part in parts:
        cards = CardColumns(part.source.columns)
        fields, copied = part.mapping.fields, part.mapping.copied
        assert copied is not None
        origins = Origins(copied)
        own = [fields[USER], fields[DEFAULT]]
        where = f" (in {part.source.name})" if len(parts) > 1 else ""
        for _, line, values in part.source.records([*own, *origins.wanted], cards=cards):
            number += 1
            if isinstance(values, Fault):
                yield number, line, Fault(values.code, values.what + where, values.column)
            else:
                yield number, line, [*values[:2], *_origin(origins, values[2:], old)]
        cards.refuse()


def _origin(origins: Origins, values: Sequence[Any], old: OldDefaults | None) -> list[str]:
    origin = origins.of(values)
    was = origin.was_default
    if was is WasDefault.NOT_SAID and old is not None:
        was = old.of(origin.customer, origin.source)
    return [origin.customer, origin.source, was.value, *origin.details]
