"""Copies of streams: what is kept of standard input and of uploads, and how it is read again.

A line of JSON that says what the stream was, then a line for each of its records, whole or not:
its line and the values of the columns that are used. Columns that are not are not in the copy.
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
    """What is known of the stream; its columns by name, also those that are not kept."""

    digest: str
    size: int
    format: Format
    columns: tuple[str, ...]
    kept: tuple[str, ...]
    samples: ColumnSamples

    def line(self) -> bytes:
        """As the first line; as long whatever digest and size are."""
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
        """That of a copy. Raises FileRefused, OSError."""
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
    """A record as its line in a copy."""
    kept: Sequence[Any] = (
        [{"code": values.code, "what": values.what, "column": values.column}]
        if isinstance(values, Fault)
        else values
    )
    # What JSON cannot say, as Parquet may have it, makes the row invalid as its text too.
    return json.dumps([line, *kept], default=str) + "\n"


def copied_records(
    path: Path, kept: Sequence[str], wanted: Sequence[str], *, start_number: int = 1
) -> Iterator[Record]:
    """The records of a copy from a number on.

    Raises:
        FileRefused: a column is wanted that is not in the copy.
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
