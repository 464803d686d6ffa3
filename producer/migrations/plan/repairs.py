"""Decides how to repair a customer's default, from what Stripe has of the customer.

A customer without a default and with exactly one usable card gets that card. Nothing is guessed:
customers with several usable cards, or none, are left to a person.

A card is usable unless its printed expiry has passed, or it is a `src_` whose status is not
`chargeable` (Stripe docs: declines/codes, `expired_card`; api/sources/object, status).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from producer.contract import SetDefaultCard
from producer.migrations.model.card_details import AttachedCard
from producer.migrations.model.rows import RowState
from producer.migrations.plan.customer_reads import CustomerRead

UNCHANGED, SEVERAL, NONE = "unchanged", "ambiguous_cards", "no_card"
_MOST_CANDIDATES = 20  # of one customer: more are of no help to a person
_SETTABLE = ("card_", "src_", "pm_")


class LeftAlone(NamedTuple):
    """Why a customer is left unchanged; `card` is its present default."""

    state: RowState
    code: str
    message: str = ""
    card: str = ""


def decide(read: CustomerRead, on: date) -> SetDefaultCard | LeftAlone | None:
    """What to do on that day; None if the customer could not be read."""
    if read.code == "unavailable":
        return None
    if read.code:
        return LeftAlone(RowState.REJECTED, read.code, "Stripe does not show the customer")
    default = read.default_payment_method or read.default_source
    if default:
        card = default if default.startswith(_SETTABLE) else ""
        return LeftAlone(RowState.ALREADY_SO, UNCHANGED, f"the default is {default}", card)
    if read.attached is None:  # a worker of an earlier version answered
        return None
    usable = [card for card in read.attached if not card.unusable(on)]
    if len(usable) == 1:
        return SetDefaultCard(customer=read.customer, card=usable[0].id)
    code = SEVERAL if usable else NONE
    return LeftAlone(RowState.AMBIGUOUS, code, _candidates(read.attached, on))


def _candidates(cards: tuple[AttachedCard, ...], on: date) -> str:
    texts = []
    for card in cards[:_MOST_CANDIDATES]:
        why = card.unusable(on)
        parts = (card.id, card.details.text, f"({why})" if why else "")
        texts.append(" ".join(part for part in parts if part))
    if len(cards) > _MOST_CANDIDATES:
        texts.append(f"{len(cards) - _MOST_CANDIDATES} more")
    return "; ".join(texts) or "the customer has no card"
