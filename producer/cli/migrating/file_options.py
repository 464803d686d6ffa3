"""What the commands that take a file share: its options, and how it is opened."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from producer.migrations.columns import Mapping
    from producer.migrations.conditions import Conditions
    from producer.migrations.inputs import InputFile

_F = TypeVar("_F", bound=Callable[..., Any])
_STDIN = "-"


def file_options(function: _F) -> _F:
    """FILE and the options that say what it means; all of them are part of a migration's id."""
    for decorate in (
        click.option(
            "--skip-if-newer", is_flag=True,
            help="Leave a customer alone whose default another command has set since.",
        ),
        click.option(
            "--only-if-default-is", "expected", metavar="COLUMN",
            help="Apply a row only if the customer's default still is what COLUMN says.",
        ),
        click.option(
            "--command", "command", type=click.Choice(["AssignCard", "SetDefaultCard"]),
            help="What every row orders, where the columns do not say it.",
        ),
        click.option(
            "--map", "maps", metavar="FIELD=COLUMN", multiple=True,
            help="The column of userId, source, default_source or command; may be repeated.",
        ),
        click.option(
            "--sheet", "sheet", metavar="NAME", default="",
            help="The sheet of an Excel workbook; else its first one.",
        ),
        click.argument("file", metavar="FILE", type=click.Path()),
    ):  # fmt: skip
        function = decorate(function)
    return function


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with what it means."""

    source: InputFile
    mapping: Mapping
    conditions: Conditions


def opened(
    file: str,
    maps: tuple[str, ...],
    command: str | None,
    expected: str | None,
    skip_if_newer: bool,
    sheet: str = "",
    *,
    folder: Path | None = None,
) -> Opened:
    """The file with what the options say of it.

    Standard input, `-`, is copied first, into the folder or else the data folder.

    Raises:
        FileRefused, ExtraMissing: it is not taken.
        click.UsageError: a --map that is none.
    """
    from producer.contract import CommandKind
    from producer.migrations.columns import map_columns
    from producer.migrations.conditions import Conditions
    from producer.migrations.errors_file import EXPECTED

    named = dict(_pair(one) for one in maps)
    kind = CommandKind(command) if command else None

    def mapped(source: InputFile) -> Mapping:
        # Also as `undo` and `--errors` write it.
        known = EXPECTED if expected is None and EXPECTED in source.columns else expected
        return map_columns(source, named, command=kind, expected=known)

    source = _source(file, sheet, folder or data_folder(), mapped)
    mapping = mapped(source)
    return Opened(source, mapping, Conditions(mapping.expected, skip_if_newer))


def data_folder() -> Path:
    """Where copies of standard input and results lie: CARDS_MIGRATIONS_DIR."""
    from producer.settings import MIGRATIONS_DIR

    return Path(os.environ.get("CARDS_MIGRATIONS_DIR", "").strip() or MIGRATIONS_DIR)


def _source(
    file: str, sheet: str, folder: Path, mapped: Callable[[InputFile], Mapping]
) -> InputFile:
    from producer.migrations.errors import FileRefused
    from producer.migrations.inputs import open_input
    from producer.migrations.spool import spool_input

    path = Path(file)
    if file == _STDIN:
        return spool_input(sys.stdin.buffer, folder, sheet=sheet, mapped=mapped)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe, as of <(...)
            with path.open("rb") as stream:
                return spool_input(stream, folder, name=path.name, sheet=sheet, mapped=mapped)
    except OSError as error:
        raise FileRefused.unreadable(error) from error
    return open_input(path, sheet=sheet)


def _pair(text: str) -> tuple[str, str]:
    field, sign, column = (part.strip() for part in text.partition("="))
    if not (field and sign and column):
        raise click.UsageError("--map is FIELD=COLUMN, as in --map userId=customer_id_new")
    return field, column
