"""Maps a file's columns to the contract's fields."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping

from producer.contract import CommandKind
from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.columns.choice import Choice, Columns
from producer.migrations.input.columns.mapping import Mapping, of_customers
from producer.migrations.input.columns.refusals import EITHER, listed, uncertain
from producer.migrations.input.files.formats import Form
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.records.mapping_records import CARDS, CUSTOMER, ORIGINS
from producer.migrations.input.values import stripe_objects
from producer.migrations.input.values.column_names import DEFAULTS, bare
from producer.migrations.input.values.copied_columns import (
    CopyColumns,
    cards_of_customers,
    copy_columns,
)
from producer.migrations.input.values.id_kinds import OBJECT_NAMES, OBJECT_SIGN, OTHER
from producer.migrations.input.values.trimming import printable
from producer.migrations.model.fields import COMMAND, DEFAULT, FIELDS, OBJECTS, SOURCE, USER
from producer.migrations.texts.reasons import Reason

__all__ = ["COMMAND", "DEFAULT", "FIELDS", "OBJECTS", "SOURCE", "USER", "Mapping", "map_columns"]

# Stripe docs: migrations, PAN copy between accounts.
_COPY_FILE = ("customer_id_old", "source_id_old", "customer_id_new", "source_id_new")
_COPY_NEW = ("customer_id_new", "source_id_new")
# Columns that `errors.csv` adds.
_WHY = ("state", "code", "message")
# Forms whose columns are all known; in other forms a later record may have more.
_TABLES = frozenset({"csv", "parquet", "xlsx"})


def map_columns(
    source: InputFile,
    named: AnyMapping[str, str] | None = None,
    *,
    command: CommandKind | None = None,
    expected: str | None = None,
    repairs: bool = False,
) -> Mapping:
    """Map columns by `named` (`--map`), or else by the contract's or Stripe's names.

    Failing these, by usual names in any case, if only one column fits, and by values (`choice`).
    Stripe's files name cards that are already attached, so they mean SetDefaultCard unless
    `command` says otherwise. With `repairs`, or if there are only customers, each row is a customer
    whose default is repaired.

    Raises:
        FileRefused: a needed or named column is missing, repeated or ambiguous.
    """
    named = dict(named or {})
    for field in named:
        if field not in FIELDS:
            names = ", ".join(FIELDS)
            raise FileRefused(
                "unknown_field", Reason.UNKNOWN_FIELD, field=shown(field), names=names
            )
    if repairs or (command is None and expected is None and _customers_alone(source, named)):
        return _repairs(source, named)
    if named.keys().isdisjoint({USER, SOURCE, DEFAULT}):
        objects = _objects(source, command, expected)
        if objects is not None:
            return objects
    given = {field: field for field in FIELDS if field in source.columns}
    fields = {**_stripe_fields(source, command), **given, **named}
    if command is not None:
        fields = {f: c for f, c in fields.items() if f in (USER, OBJECTS[command])}
    if USER not in fields and not fields.keys() >= {SOURCE, DEFAULT}:
        # Not the contract's file: other columns may fit as well as those with its names.
        fields = {f: c for f, c in fields.items() if f in named or f == COMMAND}
    fields = _filled(source, fields, command, expected)
    if command is None:
        command = _only_command(fields)
    for column in (*fields.values(), *filter(None, [expected])):
        _once(column, source)
    if len(set(fields.values())) < len(fields):
        raise FileRefused("column_repeated", Reason.COLUMN_OF_TWO_FIELDS)
    fields = dict(sorted(fields.items()))
    taken = tuple(f for f, column in fields.items() if column != f and f not in named)
    copied = None
    if command is CommandKind.SET_DEFAULT_CARD:
        copied = _copied(source, fields, named)
    return Mapping(fields, command, expected, taken=taken, copied=copied)


def _filled(
    source: InputFile, fields: dict[str, str], command: CommandKind | None, expected: str | None
) -> dict[str, str]:
    """The fields, completed by usual names."""
    missing: dict[str, Choice] = {}
    columns = Columns(source, {*fields.values(), *filter(None, [expected])})
    if USER not in fields:
        choice = columns.customer()
        if choice.column is None:
            missing[USER] = choice
        else:
            fields = {**fields, USER: choice.column}
    if command is None and bare(fields.get(USER, "")) == bare(USER):
        fields = {**_spelt_otherwise(source, fields), **fields}
    wanted = {OBJECTS[command]} if command else {SOURCE, DEFAULT}
    if fields.keys().isdisjoint(wanted):
        columns = Columns(source, {*fields.values(), *filter(None, [expected])})
        choice = columns.object(tokens=command is CommandKind.ASSIGN_CARD)
        if choice.column is None:
            missing[OBJECTS[command] if command else EITHER] = choice
        else:
            meant = CommandKind.ASSIGN_CARD if choice.token else CommandKind.SET_DEFAULT_CARD
            fields = {**fields, OBJECTS[command or meant]: choice.column}
    if missing:
        raise uncertain(source, columns, missing)
    return fields


def _spelt_otherwise(source: InputFile, fields: dict[str, str]) -> dict[str, str]:
    """Columns with the contract's names apart from case and punctuation.

    `source` and `default_source` count only together: values decide what one alone means.
    """
    found: dict[str, str] = {}
    for one in (SOURCE, DEFAULT, COMMAND):
        spelt = [column for column in source.columns if bare(column) == bare(one)]
        if len(spelt) == 1 and spelt[0] not in fields.values():
            found[one] = spelt[0]
    if found.keys() >= {SOURCE, DEFAULT}:
        return found
    return {one: column for one, column in found.items() if one == COMMAND}


def _customers_alone(source: InputFile, named: AnyMapping[str, str]) -> bool:
    """Whether the file has a customer's column and no other."""
    if named.keys() - {USER}:
        return False
    columns = [name for name in source.columns if name not in _WHY]
    if len(columns) != 1 or source.format.form is Form.STRIPE_MAPPING:
        return False
    return named.get(USER, Columns(source, _WHY).customer().column) == columns[0]


def _repairs(source: InputFile, named: AnyMapping[str, str]) -> Mapping:
    column = named.get(USER)
    if column is None and source.format.form is Form.STRIPE_MAPPING:
        column = CUSTOMER
    elif column is None and USER in source.columns:
        column = USER
    elif column is None:
        columns = Columns(source, ())
        choice = columns.customer()
        if choice.column is None:
            raise uncertain(source, columns, {USER: choice})
        column = choice.column
    _once(column, source)
    taken = (USER,) if column != USER and USER not in named else ()
    return Mapping({USER: column}, CommandKind.SET_DEFAULT_CARD, taken=taken, repairs=True)


def _copied(
    source: InputFile, fields: dict[str, str], named: AnyMapping[str, str]
) -> CopyColumns | None:
    """The columns that describe each card, if rows are a customer's cards; None if they are orders.

    Rows are cards in a copy between accounts, and if the column names a card, not the default.
    """
    if source.format.form is Form.STRIPE_MAPPING:
        return ORIGINS
    found = copy_columns(source.columns, fields[USER], fields[DEFAULT])
    if found is not None or DEFAULT in named or of_customers(fields):
        return found
    says_default = bare(fields[DEFAULT]) in DEFAULTS
    return None if says_default else cards_of_customers(source.columns)


def _stripe_fields(source: InputFile, command: CommandKind | None) -> dict[str, str]:
    """The fields of a file made by Stripe; empty for other files."""
    meant = OBJECTS[command or CommandKind.SET_DEFAULT_CARD]
    if source.format.form is Form.STRIPE_MAPPING:
        return {USER: CUSTOMER, meant: CARDS}
    columns = {bare(name): name for name in source.columns}
    if all(bare(name) in columns for name in _COPY_FILE):
        customer, card = (columns[bare(name)] for name in _COPY_NEW)
        return {USER: customer, meant: card}
    return {}


def _objects(
    source: InputFile, command: CommandKind | None, expected: str | None
) -> Mapping | None:
    """The mapping of records that are objects of Stripe's API; None for other records.

    Raises FileRefused if the objects are about no card.
    """
    has = set(source.columns)
    if USER in has or not has >= {stripe_objects.OBJECT, stripe_objects.ID}:
        return None
    kinds_of = dict(zip(source.columns, source.samples.kinds, strict=False))
    kinds = kinds_of.get(stripe_objects.OBJECT, frozenset())
    known = frozenset(one for one in kinds if one.startswith(OBJECT_SIGN))
    if not known:
        if kinds == {OTHER}:
            names = ", ".join(sorted(OBJECT_NAMES))
            raise FileRefused("unknown_objects", Reason.OTHER_OBJECTS, names=names)
        return None
    if expected is not None:
        _once(expected, source)
    table = source.format.form.value in _TABLES
    read = tuple(one for one in stripe_objects.COLUMNS if one in has or not table)
    kind = command or CommandKind.SET_DEFAULT_CARD
    customers = known == stripe_objects.CUSTOMER_ONLY
    columns = (
        (stripe_objects.ID, stripe_objects.DEFAULTS)
        if customers
        else (stripe_objects.OWNER, stripe_objects.ID)
    )
    fields = dict(sorted(zip((USER, OBJECTS[kind]), columns, strict=True)))
    return Mapping(fields, kind, expected, read)


def _only_command(fields: dict[str, str]) -> CommandKind | None:
    if COMMAND in fields or {SOURCE, DEFAULT} <= fields.keys():
        return None
    return next((kind for kind, field in OBJECTS.items() if field in fields), None)


def _once(column: str, source: InputFile) -> None:
    if not printable(column):
        raise FileRefused("column_name", Reason.COLUMN_NAME, column=shown(column))
    # JSON may have the column only in a later record.
    count = source.columns.count(column)
    if count == 1 or (count == 0 and source.format.form.has_open_columns):
        return
    if count == 0:
        what, columns = Reason.NO_SUCH_COLUMN, listed(source)
        raise FileRefused("column_missing", what, column=shown(column), columns=columns)
    raise FileRefused("column_repeated", Reason.COLUMN_REPEATED, column=shown(column), count=count)
