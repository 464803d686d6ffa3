"""The two commands, and `parse_command`, the only way from untrusted fields to a command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from producer.contract.caller_texts import Text
from producer.contract.card_data.card_numbers import find_card_data
from producer.contract.card_data.redaction import redact
from producer.contract.refusals import CardNumberRefused, ParameterInvalid, ParameterMissing


class CommandKind(StrEnum):
    """The kinds of commands; the values are also the Celery tasks' names."""

    ASSIGN_CARD = "AssignCard"
    SET_DEFAULT_CARD = "SetDefaultCard"


class Lane(StrEnum):
    """The Celery queue a command travels in."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Slot(StrEnum):
    """Which of the customer's two defaults a SetDefaultCard sets."""

    DEFAULT_SOURCE = "default_source"
    DEFAULT_PAYMENT_METHOD = "default_payment_method"


_ID_BODY = r"[A-Za-z0-9_]{1,250}"
CustomerId: TypeAlias = Annotated[
    str, Field(pattern=rf"^cus_{_ID_BODY}$", max_length=255, examples=["cus_QRs9eKZ4xUzN2TP9"])
]
SourceToken: TypeAlias = Annotated[
    str,
    Field(
        pattern=rf"^(tok|src|pm)_{_ID_BODY}$",
        max_length=255,
        examples=["tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"],
    ),
]
CardId: TypeAlias = Annotated[
    str,
    Field(
        pattern=rf"^(card|src|pm)_{_ID_BODY}$",
        max_length=255,
        examples=["card_1QRs9eKZ4xUzN2TPabcdefgh"],
    ),
]


# Type checkers without pydantic's plugin would rename the parameters of `__init__` after `alias=`,
# and would not see a default that is not passed as `default=`.
class _BaseCommand(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, strict=True, hide_input_in_errors=True
    )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [(name, redact(str(value))) for name, value in super().__repr_args__()]

    def __str__(self) -> str:
        return repr(self)


class AssignCard(_BaseCommand):
    """Attach a tokenised card to a customer."""

    kind: Literal[CommandKind.ASSIGN_CARD] = Field(default=CommandKind.ASSIGN_CARD, exclude=True)
    customer: CustomerId = Field(validation_alias="userId", serialization_alias="userId")
    source: SourceToken

    @property
    def object_id(self) -> str:
        """The token or payment method to attach."""
        return self.source

    def kwargs(self) -> dict[str, str]:
        """The fields as the HTTP body and the Celery message carry them."""
        return {"userId": self.customer, "source": self.source}


class SetDefaultCard(_BaseCommand):
    """Make an attached card the customer's default."""

    kind: Literal[CommandKind.SET_DEFAULT_CARD] = Field(
        default=CommandKind.SET_DEFAULT_CARD, exclude=True
    )
    customer: CustomerId = Field(validation_alias="userId", serialization_alias="userId")
    card: CardId = Field(validation_alias="default_source", serialization_alias="default_source")

    @property
    def object_id(self) -> str:
        """The card to make the default."""
        return self.card

    def kwargs(self) -> dict[str, str]:
        """The fields as the HTTP body and the Celery message carry them."""
        return {"userId": self.customer, "default_source": self.card}

    @property
    def slot(self) -> Slot:
        """Which default is set: payment methods and sources have separate ones."""
        is_payment_method = self.card.startswith("pm_")
        return Slot.DEFAULT_PAYMENT_METHOD if is_payment_method else Slot.DEFAULT_SOURCE


Command: TypeAlias = Annotated[AssignCard | SetDefaultCard, Field(discriminator="kind")]
COMMAND: TypeAdapter[AssignCard | SetDefaultCard] = TypeAdapter(Command)

_MODELS: dict[CommandKind, type[AssignCard] | type[SetDefaultCard]] = {
    CommandKind.ASSIGN_CARD: AssignCard,
    CommandKind.SET_DEFAULT_CARD: SetDefaultCard,
}
_REQUIRED = {
    CommandKind.ASSIGN_CARD: ("source", ("tok_", "src_", "pm_"), Text.ASSIGN_FIELDS_REQUIRED),
    CommandKind.SET_DEFAULT_CARD: (
        "default_source",
        ("card_", "src_", "pm_"),
        Text.DEFAULT_FIELDS_REQUIRED,
    ),
}
_FORM = re.compile(_ID_BODY)


def parse_command(kind: CommandKind, fields: Mapping[str, Any]) -> AssignCard | SetDefaultCard:
    """Build a command from untrusted fields, named as on the wire.

    The checks are explicit, since pydantic's errors echo their input.

    Raises:
        CardNumberRefused: a field, known or not, looks like a card number or CVC.
        ParameterMissing: a required field is absent, null or empty.
        ParameterInvalid: a field is unknown, or has the wrong type, prefix or form.
    """
    leaking = find_card_data(fields)
    if leaking is not None:
        raise CardNumberRefused(Text.CARD_NUMBER, field=_shown(leaking))
    object_field, prefixes, required = _REQUIRED[kind]
    if any(fields.get(name) in (None, "") for name in ("userId", object_field)):
        raise ParameterMissing(required)
    for name in fields:
        if name not in ("userId", object_field):
            raise ParameterInvalid(Text.UNKNOWN_FIELD, field=_shown(name))
    customer = _checked("userId", fields["userId"], ("cus_",))
    object_id = _checked(object_field, fields[object_field], prefixes)
    return _MODELS[kind].model_validate({"userId": customer, object_field: object_id})


def accepted_command(kind: CommandKind, customer: str, object_id: str) -> Command:
    """A command from fields that were checked when it was accepted."""
    if kind is CommandKind.ASSIGN_CARD:
        return AssignCard.model_construct(customer=customer, source=object_id)
    return SetDefaultCard.model_construct(customer=customer, card=object_id)


def parse_customer(value: Any) -> str:
    """A customer id from an untrusted value.

    Raises:
        CardNumberRefused, ParameterInvalid: as `parse_command` does for `userId`.
    """
    if find_card_data(value) is not None:
        raise CardNumberRefused(Text.CARD_NUMBER, field="userId")
    return _checked("userId", value, ("cus_",))


def _checked(field: str, value: Any, prefixes: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise ParameterInvalid(Text.WRONG_TYPE, field=field)
    prefix = next((p for p in prefixes if value.startswith(p)), None)
    if field == "userId" and value.startswith("acct_"):
        raise ParameterInvalid(Text.ACCOUNT_AS_CUSTOMER, field=field)
    if prefix is None:
        raise ParameterInvalid(Text.WRONG_PREFIX, field=field, prefixes=", ".join(prefixes))
    if not _FORM.fullmatch(value[len(prefix) :]):
        raise ParameterInvalid(Text.WRONG_FORM, field=field)
    return value


def _shown(name: object) -> str:
    """A field's name that is safe to answer: short, printable, without secrets."""
    text = "".join(c for c in str(name) if c.isprintable())
    return redact(text[:64])
