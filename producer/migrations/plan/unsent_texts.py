"""Messages about correct rows that are not sent."""

from __future__ import annotations

from producer.migrations.model.rows import Row
from producer.migrations.plan.card_choice import UnsentReason
from producer.migrations.plan.database import UnsentRow

TEXTS = {
    UnsentReason.NOT_DEFAULT: "another of the customer's {cards} cards was the default",
    UnsentReason.AMBIGUOUS: (
        "one of the customer's {cards} cards, and which was the default is not said"
    ),
    UnsentReason.DEFAULTS_DIFFER: (
        "several of the customer's {cards} cards are said to be the default"
    ),
    UnsentReason.DEFAULT_NOT_COPIED: (
        "the customer's default was another card, which is not in the file"
    ),
    UnsentReason.COPIES_DIFFER: (
        "the file says of a card of the customer that it was copied to two places"
    ),
}


def unsent_text(unsent: UnsentRow, row: Row) -> str:
    """The card's details, if known, and why the row is not sent; "" for a repetition."""
    text = TEXTS.get(unsent.reason)
    if text is None:
        return ""
    details = row.origin.details.text if row.origin is not None else ""
    why = text.format(cards=unsent.cards)
    return f"{details}: {why}" if details else why
