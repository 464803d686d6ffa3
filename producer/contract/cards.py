"""A customer's card, as the list of cards has it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Card(BaseModel):
    """One card: a card source (`card_`, `src_`) or a card payment method (`pm_`)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    object: str
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
