"""Which of a file's columns hold what."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass

from producer.contract import CommandKind
from producer.migrations.card_columns import shown
from producer.migrations.errors import FileRefused
from producer.migrations.formats import Form
from producer.migrations.inputs import InputFile
from producer.migrations.mapping_records import CARDS, CUSTOMER
from producer.migrations.reasons import Reason

USER, SOURCE, DEFAULT, COMMAND = "userId", "source", "default_source", "command"
FIELDS = (USER, SOURCE, DEFAULT, COMMAND)
OBJECTS = {CommandKind.ASSIGN_CARD: SOURCE, CommandKind.SET_DEFAULT_CARD: DEFAULT}
# Stripe docs: migrations, PAN copy between accounts.
_COPY_FILE = {"customer_id_old", "source_id_old", "customer_id_new", "source_id_new"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Contract fields (`userId`, `source`, `default_source`, `command`) by the file's columns.

    `command` is that of all rows; None where each row says it, or what it has filled.
    """

    fields: dict[str, str]
    command: CommandKind | None = None
    expected: str | None = None  # the column of --only-if-default-is


def map_columns(
    source: InputFile,
    named: AnyMapping[str, str] | None = None,
    *,
    command: CommandKind | None = None,
    expected: str | None = None,
) -> Mapping:
    """What the columns mean: as named (`--map`), else by the contract's or Stripe's names.

    Stripe's two files say which card belongs to a customer that has it already, so they mean
    SetDefaultCard unless `command` says otherwise.

    Raises:
        FileRefused: a needed or named column is missing, or stands twice.
    """
    named = dict(named or {})
    for field in named:
        if field not in FIELDS:
            names = ", ".join(FIELDS)
            raise FileRefused(
                "unknown_field", Reason.UNKNOWN_FIELD, field=shown(field), names=names
            )
    given = {field: field for field in FIELDS if field in source.columns}
    fields = {**_stripes(source, command), **given, **named}
    if command is not None:
        fields = {f: c for f, c in fields.items() if f in (USER, OBJECTS[command])}
    else:
        command = _only_command(fields)
    if USER not in fields:
        raise _missing(USER, USER, source)
    if not fields.keys() & ({OBJECTS[command]} if command else {SOURCE, DEFAULT}):
        needed = OBJECTS[command] if command else Reason.SOURCE_OR_DEFAULT
        raise _missing(needed, OBJECTS[command] if command else SOURCE, source)
    for column in (*fields.values(), *filter(None, [expected])):
        _once(column, source)
    if len(set(fields.values())) < len(fields):
        raise FileRefused("column_repeated", Reason.COLUMN_OF_TWO_FIELDS)
    return Mapping(dict(sorted(fields.items())), command, expected)


def _stripes(source: InputFile, command: CommandKind | None) -> dict[str, str]:
    """The fields of a file that Stripe made; none where it made none."""
    field = OBJECTS[command or CommandKind.SET_DEFAULT_CARD]
    if source.format.form is Form.STRIPE_MAPPING:
        return {USER: CUSTOMER, field: CARDS}
    if set(source.columns) >= _COPY_FILE:
        return {USER: "customer_id_new", field: "source_id_new"}
    return {}


def _only_command(fields: dict[str, str]) -> CommandKind | None:
    if COMMAND in fields or {SOURCE, DEFAULT} <= fields.keys():
        return None
    return next((kind for kind, field in OBJECTS.items() if field in fields), None)


def _once(column: str, source: InputFile) -> None:
    if not column.isprintable():
        raise FileRefused("column_name", Reason.COLUMN_NAME, column=shown(column))
    # JSON Lines may have it in a later row only.
    count = source.columns.count(column)
    if count == 1 or (count == 0 and source.format.form.has_open_columns):
        return
    if count == 0:
        columns = _columns(source)
        what = Reason.NO_SUCH_COLUMN
        raise FileRefused("column_missing", what, column=shown(column), columns=columns)
    raise FileRefused("column_repeated", Reason.COLUMN_REPEATED, column=shown(column), count=count)


def _missing(field: str | Reason, example: str, source: InputFile) -> FileRefused:
    what, columns = Reason.FIELD_WITHOUT_COLUMN, _columns(source)
    return FileRefused("column_missing", what, field=field, example=example, columns=columns)


def _columns(source: InputFile) -> str:
    names = [shown(name) for name in source.columns[:12]]
    more = ", …" if len(source.columns) > len(names) else ""
    return f"{', '.join(names)}{more}"
