"""Errors about uncertain columns, with the `--map` options that resolve them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.columns.choice import CUSTOMER_IDS, OBJECT_IDS, Choice, Columns
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.values import id_kinds
from producer.migrations.model.fields import DEFAULT, SOURCE, USER
from producer.migrations.texts.reasons import Reason

EITHER = ""
"""Stands for a field that may be `source` or `default_source`."""
_MOST = 6
_LISTED = 12


def uncertain(source: InputFile, columns: Columns, missing: Mapping[str, Choice]) -> FileRefused:
    """The error for a file that lacks fields, or has several columns for one."""
    proposals = {field: _options(columns, field, choice) for field, choice in missing.items()}
    maps = " ".join(" / ".join(options[:_MOST]) for options in proposals.values() if options)
    tied = next((one for one in missing.items() if one[1].possible), None)
    if tied is not None:
        field, choice = tied
        names = ", ".join(repr(shown(name)) for name in choice.possible[:_MOST])
        what = Reason.COLUMNS_TIE
        return FileRefused("column_ambiguous", what, field=_name(field), names=names, maps=maps)
    field = next(iter(missing))
    known = all(proposals.values())
    what = Reason.COLUMN_BY_VALUES if known else Reason.FIELD_WITHOUT_COLUMN
    return FileRefused(
        "column_missing",
        what,
        field=_name(field),
        example=field or SOURCE,
        columns=listed(source),
        maps=maps,
    )


def listed(source: InputFile) -> str:
    """The names of the file's first columns."""
    names = [shown(name) for name in source.columns[:_LISTED]]
    more = ", …" if len(source.columns) > len(names) else ""
    return f"{', '.join(names)}{more}"


def _options(columns: Columns, field: str, choice: Choice) -> list[str]:
    """A `--map` option for each column that may be the field's."""
    wanted = CUSTOMER_IDS if field == USER else OBJECT_IDS
    found = choice.possible or columns.hold(wanted)
    return [_option(field or _meant(columns, name), name) for name in found]


def _meant(columns: Columns, name: str) -> str:
    return SOURCE if columns.holds_only(name, frozenset({id_kinds.TOKEN})) else DEFAULT


def _option(field: str, column: str) -> str:
    return f"--map {field}={shlex.quote(shown(column))}"


def _name(field: str) -> str | Reason:
    return field or Reason.SOURCE_OR_DEFAULT
