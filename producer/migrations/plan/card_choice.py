"""Chooses a customer's default among several cards that were copied from another account.

The choice is never a guess: the card is the only one, or was the default before, or nothing is
sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from producer.migrations.model.rows import RowState, WasDefault


class UnsentReason(StrEnum):
    """Codes of correct rows that are not sent."""

    REPEATED = "repeated_row"
    NOT_DEFAULT = "not_default"  # another card of the customer was the default
    AMBIGUOUS = "ambiguous_cards"  # several cards, and the old default is unknown
    DEFAULTS_DIFFER = "contradictory_defaults"  # several cards are named as the old default
    DEFAULT_NOT_COPIED = "default_not_copied"  # the old default is not among the copied cards
    COPIES_DIFFER = "contradictory_copies"  # a card was copied to several places

    @property
    def state(self) -> RowState:
        """The state of such a row from start to end."""
        return _STATES.get(self, RowState.AMBIGUOUS)


_STATES = {UnsentReason.REPEATED: RowState.ALREADY_SO, UnsentReason.NOT_DEFAULT: RowState.SKIPPED}


class Choice(NamedTuple):
    """`chosen` is the card to send; None with a `reason` where none is."""

    chosen: int | None
    reason: UnsentReason | None
    cards: int  # the number of different cards


def choose(cards: Sequence[int], defaults: Sequence[WasDefault], clashes: bool) -> Choice:
    """Choose among a customer's rows of one card each.

    `clashes`: one of the cards was also copied to another place.
    """
    different = len(set(cards))
    if clashes:
        return Choice(None, UnsentReason.COPIES_DIFFER, different)
    known = set(defaults)
    old = {card for card, was in zip(cards, defaults, strict=True) if was is WasDefault.YES}
    if WasDefault.BOTH in known or len(old) > 1:
        return Choice(None, UnsentReason.DEFAULTS_DIFFER, different)
    if old:
        return Choice(old.pop(), None, different)
    if WasDefault.NO in known:
        return Choice(None, UnsentReason.DEFAULT_NOT_COPIED, different)
    if different > 1:
        return Choice(None, UnsentReason.AMBIGUOUS, different)
    return Choice(cards[0], None, different)
