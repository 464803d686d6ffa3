"""Repairing defaults: what is done for a customer, by what Stripe has of it.

Who has no default and exactly one card that Stripe would charge gets that card. Nothing is guessed:
who has several, or none, is left to a person.

A card is taken as one that Stripe would charge unless it has expired, by what is printed on it, or
is a `src_` whose status is not `chargeable` (Stripe docs: declines/codes, `expired_card`;
api/sources/object, status).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from producer.contract import SetDefaultCard
from producer.migrations.model.card_details import ShownCard
from producer.migrations.model.rows import RowState
from producer.migrations.plan.customer_reads import CustomerRead

UNCHANGED, SEVERAL, NONE = "unchanged", "ambiguous_cards", "no_card"
# Of one customer: as many as a person tells apart.
_MOST_SHOWN = 20
_SETTABLE = ("card_", "src_", "pm_")


class Left(NamedTuple):
    """Why a customer is left as it is; `card` is the default that it has."""

    state: RowState
    code: str
    message: str = ""
    card: str = ""


def decide(read: CustomerRead, on: date) -> SetDefaultCard | Left | None:
    """What is to be done on that day; None where the customer could not be read."""
    if read.code == "unavailable":
        return None
    if read.code:
        return Left(RowState.REJECTED, read.code, "Stripe does not show the customer")
    default = read.default_payment_method or read.default_source
    if default:
        card = default if default.startswith(_SETTABLE) else ""
        return Left(RowState.ALREADY_SO, UNCHANGED, f"the default is {default}", card)
    if read.shown is None:  # by a worker of an earlier version
        return None
    usable = [card for card in read.shown if not card.unusable(on)]
    if len(usable) == 1:
        return SetDefaultCard(customer=read.customer, card=usable[0].id)
    code = SEVERAL if usable else NONE
    return Left(RowState.AMBIGUOUS, code, _candidates(read.shown, on))


def _candidates(shown: tuple[ShownCard, ...], on: date) -> str:
    texts = []
    for card in shown[:_MOST_SHOWN]:
        why = card.unusable(on)
        parts = (card.id, card.face.text, f"({why})" if why else "")
        texts.append(" ".join(part for part in parts if part))
    if len(shown) > _MOST_SHOWN:
        texts.append(f"{len(shown) - _MOST_SHOWN} more")
    return "; ".join(texts) or "the customer has no card"
