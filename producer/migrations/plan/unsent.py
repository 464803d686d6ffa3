"""What is said of a row that could be sent and is not."""

from __future__ import annotations

from producer.migrations.model.rows import Row
from producer.migrations.plan.card_choice import Why
from producer.migrations.plan.database import Held

_WORDS = {
    Why.NOT_DEFAULT: "another of the customer's {cards} cards was the default",
    Why.AMBIGUOUS: "one of the customer's {cards} cards, and which was the default is not said",
    Why.DEFAULTS_DIFFER: "several of the customer's {cards} cards are said to be the default",
    Why.DEFAULT_NOT_COPIED: "the customer's default was another card, which is not in the file",
    Why.COPIES_DIFFER: "the file says of a card of the customer that it was copied to two places",
}


def told(held: Held, row: Row) -> str:
    """Why it is not sent, behind what is known of its card; "" of a repetition."""
    words = _WORDS.get(held.why)
    if words is None:
        return ""
    face = row.origin.face.text if row.origin is not None else ""
    why = words.format(cards=held.cards)
    return f"{face}: {why}" if face else why
