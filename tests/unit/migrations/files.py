"""Input files for tests of migrations, and helpers that read them."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from pathlib import Path

from producer.contract import CommandKind
from producer.migrations.input.columns.columns import Mapping, map_columns
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.rows import BadRow, Row

CARD_NUMBER = "4242424242424242"  # Stripe docs: testing
HEADER = "userId,default_source\n"


def written(folder: Path, content: str | bytes, name: str = "cards.csv") -> InputFile:
    """Write a file with that content and open it."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_input(path)


def mapped(
    folder: Path,
    content: str | bytes,
    named: AnyMapping[str, str] | None = None,
    *,
    command: CommandKind | None = None,
    expected: str | None = None,
) -> tuple[InputFile, Mapping]:
    """Write a file; return it with the meaning of its columns."""
    source = written(folder, content)
    return source, map_columns(source, named, command=command, expected=expected)


def read(folder: Path, content: str | bytes) -> list[Row | BadRow]:
    """The rows of a file with the contract's column names."""
    return list(open_rows(*mapped(folder, content)))


def by_line(rows: list[Row | BadRow]) -> list[tuple[int, str]]:
    """Each row's line, with its customer or the code of its fault."""
    return [(r.line, r.code if isinstance(r, BadRow) else r.order.customer) for r in rows]
