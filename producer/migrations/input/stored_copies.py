"""Copies of standard input and uploads, which can be read again.

A copy has one line of JSON that describes the stream, then one line for each record, faulty ones
included: its line number and the values of the used columns. Other columns are not copied.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.formats import Format
from producer.migrations.input.values.column_samples import ColumnSamples
from producer.migrations.model.records import Fault, Record
from producer.migrations.texts.reasons import Reason

MAGIC = b'{"cards-copy": 1, '
_SIZE_DIGITS = 20


@dataclass(frozen=True, slots=True)
class CopyHead:
    """Describes the stream; `columns` includes those that are not kept."""

    digest: str
    size: int
    format: Format
    columns: tuple[str, ...]
    kept: tuple[str, ...]
    samples: ColumnSamples

    def line(self) -> bytes:
        """The first line; its length does not depend on digest and size."""
        fields = {
            "cards-copy": 1,
            "digest": self.digest,
            "size": str(self.size).zfill(_SIZE_DIGITS),
            **self.format.fields(),
            "columns": self.columns,
            "kept": self.kept,
            "evidence": self.samples.wire(),
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a copy's head. Raises FileRefused, OSError."""
        with path.open("rb") as file:
            try:
                found = json.loads(file.readline())
                return cls(
                    found["digest"],
                    int(found["size"]),
                    Format.known(found),
                    tuple(found["columns"]),
                    tuple(found["kept"]),
                    ColumnSamples.read(found.get("evidence")),
                )
            except (ValueError, KeyError, TypeError):
                raise FileRefused("copy_broken", Reason.COPY_BROKEN) from None


def copied_line(line: int, values: Sequence[Any] | Fault) -> str:
    """A record as a line of a copy."""
    kept: Sequence[Any] = (
        [{"code": values.code, "what": values.what, "column": values.column}]
        if isinstance(values, Fault)
        else values
    )
    # Parquet values that JSON lacks are written as text: the row is invalid either way.
    return json.dumps([line, *kept], default=str) + "\n"


def copied_records(
    path: Path, kept: Sequence[str], wanted: Sequence[str], *, start_number: int = 1
) -> Iterator[Record]:
    """The records of a copy from a number on.

    Raises:
        FileRefused: the copy lacks a wanted column.
    """
    missing = [name for name in wanted if name not in kept]
    if missing:
        raise FileRefused("column_missing", Reason.COPY_LACKS_COLUMN, column=missing[0])
    places = [kept.index(name) + 1 for name in wanted]
    with path.open("rb") as file:
        next(file)
        for number, text in enumerate(file, 1):
            if number < start_number:
                continue
            found = json.loads(text)
            if len(found) == 2 and isinstance(found[1], dict):
                yield number, found[0], Fault(**found[1])
            else:
                yield number, found[0], [found[place] for place in places]
