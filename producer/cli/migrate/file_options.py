"""What the commands that take a file share: its options, and opening it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from producer.migrations.input.columns.columns import Mapping
    from producer.migrations.input.input_file import InputFile
    from producer.migrations.model.conditions import Conditions

_F = TypeVar("_F", bound=Callable[..., Any])
_STDIN = "-"


def file_options(function: _F) -> _F:
    """The files, and the options that give their meaning: all are part of a migration's id."""
    for decorate in (
        click.option(
            "--skip-if-newer", is_flag=True,
            help="Leave customers alone whose default another command has set since.",
        ),
        click.option(
            "--only-if-default-is", "expected", metavar="COLUMN",
            help="Apply a row only if the customer's default still is what COLUMN says.",
        ),
        click.option(
            "--command", "command", type=click.Choice(["AssignCard", "SetDefaultCard"]),
            help="The command of every row, if no column names it.",
        ),
        click.option(
            "--map", "maps", metavar="FIELD=COLUMN", multiple=True,
            help="The column of userId, source, default_source or command; may be repeated.",
        ),
        click.option(
            "--sheet", "sheet", metavar="NAME", default="",
            help="The sheet of an Excel workbook; by default the first one.",
        ),
        click.option(
            "--old-defaults", "old_defaults", metavar="FILE",
            type=click.Path(path_type=Path),
            help="For a copy between accounts: the old account's customers and default cards.",
        ),
        click.option(
            "--all-customers-of", "customers_of", metavar="FILE", type=click.Path(),
            help="Instead of FILE: repair the defaults of all customers named in this file.",
        ),
        click.argument("files", metavar="FILE...", nargs=-1, type=click.Path()),
    ):  # fmt: skip
        function = decorate(function)
    return function


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened file with its meaning."""

    source: InputFile
    mapping: Mapping
    conditions: Conditions
    old_defaults: str = ""  # a summary of --old-defaults, for people


def opened(
    files: tuple[str, ...],
    maps: tuple[str, ...],
    command: str | None,
    expected: str | None,
    skip_if_newer: bool,
    sheet: str = "",
    old_defaults: Path | None = None,
    customers_of: str | None = None,
    *,
    blind: bool = False,
    folder: Path | None = None,
) -> Opened:
    """Open the files, with the meaning the options give; several are joined into one.

    --old-defaults is joined too. With `customers_of`, that file's customers are repaired. Standard
    input, `-`, is copied first, into `folder` or else the data folder.

    Raises:
        FileRefused, ExtraMissing: the file is rejected.
        click.UsageError: options that do not fit, or a --map that is no FIELD=COLUMN.
    """
    from producer.contract import CommandKind
    from producer.migrations.input.columns.columns import map_columns
    from producer.migrations.model.conditions import Conditions
    from producer.migrations.report.errors_file import EXPECTED

    named = dict(_pair(one) for one in maps)
    kind = CommandKind(command) if command else None

    def mapped(source: InputFile) -> Mapping:
        # `undo` and `--errors` write a column of this name.
        known = EXPECTED if expected is None and EXPECTED in source.columns else expected
        repairs = customers_of is not None
        return map_columns(source, named, command=kind, expected=known, repairs=repairs)

    if (customers_of is None) == (not files):
        raise click.UsageError("name a file, or one with --all-customers-of")
    if customers_of is not None:
        files = (customers_of,)
    if files.count(_STDIN) > 1:
        raise click.UsageError("- is standard input, and can be given once")
    into = folder or data_folder()
    sources = [_source(file, sheet, into, mapped) for file in files]
    summary = ""
    if len(sources) > 1 or old_defaults is not None:
        if expected is not None:
            raise click.UsageError("--only-if-default-is is for one file, without --old-defaults")
        source, summary = _joined([(one, mapped(one)) for one in sources], old_defaults, into)
        mapping = map_columns(source)
    else:
        source = sources[0]
        mapping = mapped(source)
    if mapping.repairs and (blind or command or expected or old_defaults):
        raise click.UsageError(
            "repairing defaults reads each customer: leave out --blind, --command, "
            "--only-if-default-is and --old-defaults"
        )
    return Opened(source, mapping, Conditions(mapping.expected, skip_if_newer), summary)


def data_folder() -> Path:
    """The folder of results and of copies of standard input: CARDS_MIGRATIONS_DIR."""
    from producer.settings import MIGRATIONS_DIR

    return Path(os.environ.get("CARDS_MIGRATIONS_DIR", "").strip() or MIGRATIONS_DIR)


def _source(
    file: str, sheet: str, folder: Path, mapped: Callable[[InputFile], Mapping]
) -> InputFile:
    from producer.migrations.errors import FileRefused
    from producer.migrations.input.input_file import open_input
    from producer.migrations.input.rows.spool import spool_input

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


def _joined(
    files: list[tuple[InputFile, Mapping]], old_defaults: Path | None, folder: Path
) -> tuple[InputFile, str]:
    from producer.migrations.input.input_file import open_input
    from producer.migrations.input.rows.joining import Part, join
    from producer.migrations.input.rows.old_defaults import OldDefaults

    parts = [Part(*one) for one in files]
    if old_defaults is None:
        return join(parts, None, folder), ""
    with OldDefaults(open_input(old_defaults)) as old:
        summary = f"{old.customers:,} customers with a default in {old.source.name}"
        if old.without:
            summary += f", {old.without:,} rows without one"
        if old.unread:
            summary += f", {old.unread:,} rows that could not be read"
        return join(parts, old, folder), summary


def _pair(text: str) -> tuple[str, str]:
    field, sign, column = (part.strip() for part in text.partition("="))
    if not (field and sign and column):
        raise click.UsageError("--map is FIELD=COLUMN, as in --map userId=customer_id_new")
    return field, column
