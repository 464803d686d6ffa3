"""Checks records by the contract's rules and makes rows of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from producer.contract import AssignCard, CommandKind, Refusal, SetDefaultCard, parse_command
from producer.contract.card_data.card_numbers import find_card_data
from producer.contract.refusals import CardNumberRefused, ParameterInvalid, ParameterMissing
from producer.migrations.input.columns.columns import Mapping
from producer.migrations.input.columns.field_values import FieldsRead, FieldValues
from producer.migrations.input.rows.origins import Origins, origin_of_object
from producer.migrations.input.values.broken_ids import damage
from producer.migrations.input.values.notes import RowNotes
from producer.migrations.input.values.trimming import trimmed
from producer.migrations.model.fields import COMMAND, DEFAULT, OBJECTS, SOURCE, USER
from producer.migrations.model.records import Fault
from producer.migrations.model.rows import BadRow, Origin, Repair, Row
from producer.migrations.texts.codes import todo

# Ids that `parse_command` accepts for certain. It decides about ids with 13 digits in sequence,
# which may be card numbers.
_ID = r"(?![A-Za-z0-9_]*[0-9](?:_*[0-9]){12})[A-Za-z0-9_]{1,250}"
_CUSTOMER = re.compile(rf"cus_{_ID}")
_OBJECT = {
    CommandKind.ASSIGN_CARD: re.compile(rf"(?:tok|src|pm)_{_ID}"),
    CommandKind.SET_DEFAULT_CARD: re.compile(rf"(?:card|src|pm)_{_ID}"),
}
_MODELS: dict[CommandKind, Callable[[str, str], AssignCard | SetDefaultCard]] = {
    CommandKind.ASSIGN_CARD: lambda customer, one: AssignCard(customer=customer, source=one),
    CommandKind.SET_DEFAULT_CARD: lambda customer, one: SetDefaultCard(customer=customer, card=one),
}
_KINDS = {kind.value: kind for kind in CommandKind}
# An expected default may be of any kind, also a bank account.
_EXPECTED = re.compile(r"(?:(?:card|src|pm|ba)_[A-Za-z0-9_]{1,250})?")
_BANK_ACCOUNT = re.compile(r"ba_[A-Za-z0-9_]{1,250}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONGEST = 255  # maximum characters of an id, by the contract
# A placeholder, to check a customer alone as in a command.
_ANY_CARD = "card_any"

_Order: TypeAlias = tuple[AssignCard | SetDefaultCard, str | None]


class RowChecks:
    """Makes rows of records whose values are in the order of `wanted`."""

    def __init__(self, mapping: Mapping, notes: RowNotes | None = None) -> None:
        self._command = mapping.command
        self._expected = mapping.expected
        self._of_customers = mapping.of_customers
        self._notes = notes or RowNotes()
        self.values = FieldValues(mapping)
        self._repairs = mapping.repairs
        # The number of values of the row itself; the values of its card's origin follow.
        self._own = len(self.values.wanted)
        self._origins = Origins(mapping.copied) if mapping.copied is not None else None
        self.wanted = list(self.values.wanted)
        if self._origins is not None:
            self.wanted += self._origins.wanted
        simple = mapping.command is not None and mapping.expected is None
        self._plain = simple and not mapping.objects
        self._simple = simple and bool(mapping.objects)
        # Only one of a customer's cards can become the default; all of them can be attached.
        self._rivals = bool(mapping.objects) and mapping.command is CommandKind.SET_DEFAULT_CARD
        if mapping.command is not None:
            self._object = _OBJECT[mapping.command].fullmatch
            self._model = _MODELS[mapping.command]

    def row(self, number: int, line: int, values: Sequence[Any] | Fault) -> Row | BadRow:
        """The row, or its fault as a bad row."""
        if isinstance(values, Fault):
            return _bad(number, line, values)
        if self._repairs:
            repair = self._repair(values[0])
            if isinstance(repair, Fault):
                return _bad(number, line, repair)
            return Row(number, line, repair)
        origin: Origin | None = None
        if self._origins is not None:
            origin, values = self._origins.of(values[self._own :]), values[: self._own]
        if self._plain:
            customer, object_id = values
            if (
                type(customer) is str
                and type(object_id) is str
                and _CUSTOMER.fullmatch(customer)
                and self._object(object_id)
            ):
                return Row(number, line, self._model(customer, object_id), None, origin)
        read = self.values.read(values)
        if isinstance(read, Fault):
            return _bad(number, line, read)
        self._notes.both_defaults += read.both_defaults
        if self._rivals:
            origin = origin_of_object(read.columns[USER])
        if self._simple:  # an object of Stripe's API
            customer, object_id = read.fields.values()
            if (
                type(customer) is str
                and type(object_id) is str
                and _CUSTOMER.fullmatch(customer)
                and self._object(object_id)
            ):
                return Row(number, line, self._model(customer, object_id), None, origin)
        order = self._order(values, read)
        if isinstance(order, Fault):
            return _bad(number, line, order)
        return Row(number, line, *order, origin)

    def fault(self, values: Sequence[Any] | Fault) -> Fault | None:
        """The fault of a record, or None."""
        if isinstance(values, Fault):
            return values
        order = self._repair(values[0]) if self._repairs else self._order(values[: self._own])
        return order if isinstance(order, Fault) else None

    def storable(self, values: Sequence[Any]) -> Sequence[Any]:
        """The values of a good row as a copy of the file may keep them."""
        return [*self.values.pruned(values[: self._own]), *Origins.storable(values[self._own :])]

    def _repair(self, customer: Any) -> Repair | Fault:
        """A repair of a customer, who is checked as in a command."""
        if type(customer) is str and _CUSTOMER.fullmatch(customer):
            return Repair(customer)
        customer, column = self._trimmed(customer), self.values.wanted[0]
        fault = _unreadable([(column, customer)])
        if fault is not None:
            return fault
        fields = {USER: customer, DEFAULT: _ANY_CARD}
        try:
            order = parse_command(CommandKind.SET_DEFAULT_CARD, fields)
        except Refusal as refusal:
            return _refused(refusal, fields, CommandKind.SET_DEFAULT_CARD, {USER: column})
        return Repair(order.customer)

    def _order(self, values: Sequence[Any], known: FieldsRead | None = None) -> _Order | Fault:
        read = known or self.values.read(values)
        if isinstance(read, Fault):
            return read
        columns = read.columns
        fields = {field: self._trimmed(value) for field, value in read.fields.items()}
        expected = self._trimmed(values[-1]) if self._expected is not None else None
        named = [(columns[field], value) for field, value in fields.items()]
        named += [(self._expected, expected)] if self._expected is not None else []
        fault = _unreadable(named) or self._wrong_expected(expected)
        if fault is not None:
            return fault
        kind = self._kind(fields, columns)
        if isinstance(kind, Fault):
            return kind
        fields.pop(COMMAND, None)
        field = OBJECTS[kind]
        fault = self._nothing_to_do(fields, field, columns.get(field, field))
        if fault is not None:
            return fault
        try:
            order = parse_command(kind, {f: v for f, v in fields.items() if f in (USER, field)})
        except Refusal as refusal:
            return _refused(refusal, fields, kind, columns)
        return order, ("" if expected is None else expected) if self._expected else None

    def _trimmed(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = trimmed(value)
        self._notes.trimmed += text != value and text != ""
        return text

    def _kind(self, fields: dict[str, Any], columns: dict[str, str]) -> CommandKind | Fault:
        if self._command is not None:
            return self._command
        filled = [kind for kind, f in OBJECTS.items() if fields.get(f) not in (None, "")]
        if len(filled) > 1:
            what = "both source and default_source are filled: which is meant is not said"
            return Fault("both_filled", what, columns[SOURCE])
        command = fields.get(COMMAND)
        if command in (None, ""):
            if filled:
                return filled[0]
            column = next(columns[f] for f in OBJECTS.values() if f in columns)
            what = "neither source nor default_source is filled"
            return Fault("parameter_missing", what, column)
        if not isinstance(command, str) or command not in _KINDS:
            what = "command is not valid: AssignCard or SetDefaultCard"
            return Fault("unknown_command", what, columns[COMMAND])
        return _KINDS[command]

    def _nothing_to_do(self, fields: dict[str, Any], field: str, column: str) -> Fault | None:
        """Why a correct row needs no command, or None."""
        value = fields.get(field)
        if field == DEFAULT and isinstance(value, str) and _BANK_ACCOUNT.fullmatch(value):
            return Fault("bank_account", "a bank account, not a card", column)
        if self._of_customers and value in (None, "") and fields.get(USER) not in (None, ""):
            return Fault("no_default", "the customer has no card here", column)
        return None

    def _wrong_expected(self, value: Any) -> Fault | None:
        if value is None or (isinstance(value, str) and _EXPECTED.fullmatch(value)):
            return None
        what = "the expected default is not valid: it must be empty or start with card_, src_, pm_"
        return Fault("parameter_invalid", what, self._expected or "")


def _unreadable(named: Sequence[tuple[str, Any]]) -> Fault | None:
    # First: other checks of a very long value would take too long.
    for column, value in named:
        if isinstance(value, str) and len(value) > _LONGEST:
            what = f"the value has more than {_LONGEST} characters"
            return Fault("field_too_long", what, column)
    # Before all others: copies leave out the values of such a row.
    for column, value in named:
        if find_card_data(value) is not None:
            what = "the value looks like a card number or a CVC"
            return Fault(CardNumberRefused.code, what, column)
    for column, value in named:
        if isinstance(value, str) and "\0" in value:
            return Fault("nul_byte", "the value holds a NUL byte", column)
        if isinstance(value, str) and _SURROGATE.search(value):
            return Fault("not_utf8", "the value is not UTF-8", column)
    return None


def _refused(
    refusal: Refusal, fields: dict[str, Any], kind: CommandKind, columns: dict[str, str]
) -> Fault:
    """A refusal as a fault of the file's column."""
    field = refusal.values.get("field", "")
    if isinstance(refusal, ParameterMissing):
        field = next(f for f in (USER, OBJECTS[kind]) if fields.get(f) in (None, ""))
    column = columns.get(field, field)
    if isinstance(refusal, ParameterInvalid):
        found = damage(fields.get(field), column)
        if found is not None:
            return found
    return Fault(refusal.code, refusal.message("en"), column)


def _bad(number: int, line: int, fault: Fault) -> BadRow:
    return BadRow(number, line, fault.column, fault.code, fault.what, todo(fault.code))
