"""Which column is meant is not certain: refused, with the `--map` that says it."""

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
"""The field of what may be `source` or `default_source`."""
_MOST = 6
_LISTED = 12


def uncertain(source: InputFile, columns: Columns, open_: Mapping[str, Choice]) -> FileRefused:
    """The refusal of a file that lacks fields, or has several columns for one."""
    proposals = {field: _options(columns, field, choice) for field, choice in open_.items()}
    maps = " ".join(" / ".join(some[:_MOST]) for some in proposals.values() if some)
    tied = next((one for one in open_.items() if one[1].possible), None)
    if tied is not None:
        field, choice = tied
        names = ", ".join(repr(shown(name)) for name in choice.possible[:_MOST])
        what = Reason.COLUMNS_TIE
        return FileRefused("column_ambiguous", what, field=_name(field), names=names, maps=maps)
    field = next(iter(open_))
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
    """The names of its columns, the first ones."""
    names = [shown(name) for name in source.columns[:_LISTED]]
    more = ", …" if len(source.columns) > len(names) else ""
    return f"{', '.join(names)}{more}"


def _options(columns: Columns, field: str, choice: Choice) -> list[str]:
    """What may be typed, one for each column that it may be."""
    wanted = CUSTOMER_IDS if field == USER else OBJECT_IDS
    found = choice.possible or columns.hold(wanted)
    return [_option(field or _meant(columns, name), name) for name in found]


def _meant(columns: Columns, name: str) -> str:
    return SOURCE if columns.holds_only(name, frozenset({id_kinds.TOKEN})) else DEFAULT


def _option(field: str, column: str) -> str:
    return f"--map {field}={shlex.quote(shown(column))}"


def _name(field: str) -> str | Reason:
    return field or Reason.SOURCE_OR_DEFAULT
