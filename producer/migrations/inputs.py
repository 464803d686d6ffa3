"""The file of a migration: where it lies, what it is, what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from producer.migrations.formats import Format


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was looked at and is not refused. `digest` is the SHA-256 of its bytes."""

    path: Path
    name: str  # for people: the file's, or "standard input"
    size: int  # bytes on disk
    digest: str
    format: Format
    columns: tuple[str, ...]  # as the file names them; of JSON Lines those of the first rows


def open_input(path: Path, *, name: str | None = None) -> InputFile:
    """Look at a file: format, columns, digest, and whether it holds card numbers or CVCs.

    Raises:
        FileRefused: it cannot be read, is no known format, or has a column of card data.
        ExtraMissing: it is Parquet, and pyarrow is not installed.
    """
    raise NotImplementedError


def spool_input(stream: BinaryIO, folder: Path, *, name: str = "standard input") -> InputFile:
    """Copy a stream into the folder, mode 0600, named by its digest, and look at it.

    The first rows are judged before anything is written; what is refused later is removed again.

    Raises:
        As `open_input`; OSError where it cannot be written.
    """
    raise NotImplementedError
