"""From a record to a row, by the contract's own rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from producer.contract import AssignCard, CommandKind, Refusal, SetDefaultCard, parse_command
from producer.contract.card_numbers import find_card_data
from producer.contract.refusals import CardNumberRefused, ParameterMissing
from producer.migrations.codes import todo
from producer.migrations.columns import COMMAND, DEFAULT, OBJECTS, SOURCE, USER, Mapping
from producer.migrations.origins import Origins
from producer.migrations.records import Fault
from producer.migrations.rows import BadRow, Repair, Row

# What `parse_command` lets pass for certain. Ids with so many digits in a row are left to it: it
# says which of them may be card numbers.
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
# A customer's default may be of any kind that can be made one.
_EXPECTED = re.compile(r"(?:(?:card|src|pm|ba)_[A-Za-z0-9_]{1,250})?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONGEST = 255  # characters of an id, by the contract


# So that a customer alone is checked as in a command.
_ANY_CARD = "card_any"


def _plainly_a_customer(value: Any) -> bool:
    return type(value) is str and _CUSTOMER.fullmatch(value) is not None


class RowChecks:
    """Makes rows of records whose values are those of `wanted`, in that order."""

    def __init__(self, mapping: Mapping) -> None:
        self._columns = mapping.fields
        self._command = mapping.command
        self._expected = mapping.expected
        fields = [USER, *(f for f in (SOURCE, DEFAULT, COMMAND) if f in mapping.fields)]
        self._fields = fields
        self.wanted = [mapping.fields[field] for field in fields]
        self._plain = mapping.command is not None and mapping.expected is None
        if mapping.expected is not None:
            self.wanted.append(mapping.expected)
        self._repairs = mapping.repairs
        # What the row itself is made of; behind that comes where its card was copied from.
        self._own = list(self.wanted)
        self._origins = Origins(mapping.copied) if mapping.copied is not None else None
        if self._origins is not None:
            self.wanted += self._origins.wanted
        if self._repairs:
            # What reads CSV files answers two columns at least.
            self.wanted *= 2
        if mapping.command is not None:
            self._object = _OBJECT[mapping.command].fullmatch
            self._model = _MODELS[mapping.command]

    def row(self, number: int, line: int, values: Sequence[Any] | Fault) -> Row | BadRow:
        """The row, or what is wrong with it."""
        if isinstance(values, Fault):
            return _bad(number, line, values)
        if self._repairs:
            customer = values[0]
            fault = None if _plainly_a_customer(customer) else self._wrong_customer(customer)
            return (
                Row(number, line, Repair(customer)) if fault is None else _bad(number, line, fault)
            )
        origin = None
        if self._origins is not None:
            own = len(self._own)
            origin, values = self._origins.of(values[own:]), values[:own]
        if self._plain:
            customer, object_id = values
            if (
                type(customer) is str
                and type(object_id) is str
                and _CUSTOMER.fullmatch(customer)
                and self._object(object_id)
            ):
                return Row(number, line, self._model(customer, object_id), None, origin)
        made = self._made(values)
        if isinstance(made, Fault):
            return _bad(number, line, made)
        return Row(number, line, *made, origin)

    def fault(self, values: Sequence[Any] | Fault) -> Fault | None:
        """What is wrong with a record; None where nothing is."""
        if self._repairs and not isinstance(values, Fault):
            return self._wrong_customer(values[0])
        made = values if isinstance(values, Fault) else self._made(values[: len(self._own)])
        return made if isinstance(made, Fault) else None

    def _wrong_customer(self, customer: Any) -> Fault | None:
        fault = self._unreadable([customer])
        if fault is not None:
            return fault
        try:
            parse_command(CommandKind.SET_DEFAULT_CARD, {USER: customer, DEFAULT: _ANY_CARD})
        except Refusal as refusal:
            return Fault(refusal.code, refusal.message("en"), self._columns[USER])
        return None

    def storable(self, values: Sequence[Any]) -> Sequence[Any]:
        """The values of a row that is no fault, as a copy of the file may keep them."""
        own = len(self._own)
        return [*values[:own], *Origins.storable(values[own:])]

    def _made(
        self, values: Sequence[Any]
    ) -> tuple[AssignCard | SetDefaultCard, str | None] | Fault:
        fields = dict(zip(self._fields, values, strict=False))
        expected = values[-1] if self._expected is not None else None
        fault = self._unreadable(values) or self._wrong_expected(expected)
        if fault is not None:
            return fault
        kind = self._kind(fields)
        if isinstance(kind, Fault):
            return kind
        fields.pop(COMMAND, None)
        try:
            order = parse_command(
                kind, {f: v for f, v in fields.items() if f in (USER, OBJECTS[kind])}
            )
        except Refusal as refusal:
            return Fault(refusal.code, refusal.message("en"), self._column(refusal, fields, kind))
        return order, ("" if expected is None else expected) if self._expected else None

    def _kind(self, fields: dict[str, Any]) -> CommandKind | Fault:
        if self._command is not None:
            return self._command
        filled = [kind for kind, f in OBJECTS.items() if fields.get(f) not in (None, "")]
        if len(filled) > 1:
            what = "both source and default_source are filled: which is meant is not said"
            return Fault("both_filled", what, self._columns[SOURCE])
        said = fields.get(COMMAND)
        if said in (None, ""):
            if filled:
                return filled[0]
            column = next(self._columns[f] for f in OBJECTS.values() if f in self._columns)
            what = "neither source nor default_source is filled"
            return Fault("parameter_missing", what, column)
        if not isinstance(said, str) or said not in _KINDS:
            what = "command is not valid: AssignCard or SetDefaultCard"
            return Fault("unknown_command", what, self._columns[COMMAND])
        return _KINDS[said]

    def _unreadable(self, values: Sequence[Any]) -> Fault | None:
        named = list(zip(self._own, values, strict=True))
        # First of all: other checks of a very long value would take their time.
        for column, value in named:
            if isinstance(value, str) and len(value) > _LONGEST:
                what = f"the value has more than {_LONGEST} characters"
                return Fault("field_too_long", what, column)
        # Before any other: copies leave the values of such a row out.
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

    def _wrong_expected(self, value: Any) -> Fault | None:
        if value is None or (isinstance(value, str) and _EXPECTED.fullmatch(value)):
            return None
        what = "the expected default is not valid: it must be empty or start with card_, src_, pm_"
        return Fault("parameter_invalid", what, self._expected or "")

    def _column(self, refusal: Refusal, fields: dict[str, Any], kind: CommandKind) -> str:
        """The file's column that a refusal is about."""
        field = refusal.values.get("field", "")
        if isinstance(refusal, ParameterMissing):
            field = next(f for f in (USER, OBJECTS[kind]) if fields.get(f) in (None, ""))
        return self._columns.get(field, field)


def _bad(number: int, line: int, fault: Fault) -> BadRow:
    return BadRow(number, line, fault.column, fault.code, fault.what, todo(fault.code))
