"""Which rows of a customer are sent, where several of its cards were copied from another account.

Only one card can be the default. Which one is never guessed: it is the only one, or it was the
default before, or nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from producer.migrations.model.rows import RowState, WasDefault


class Why(StrEnum):
    """Codes of rows that can be sent, and are not."""

    REPEATED = "repeated_row"
    NOT_DEFAULT = "not_default"  # another card of the customer was the default
    AMBIGUOUS = "ambiguous_cards"  # several cards, and no word on which was the default
    DEFAULTS_DIFFER = "contradictory_defaults"  # several cards are said to have been the default
    DEFAULT_NOT_COPIED = "default_not_copied"  # the default was none of the cards that were copied
    COPIES_DIFFER = "contradictory_copies"  # a card was copied to several places

    @property
    def state(self) -> RowState:
        """The state in which such a row begins, and ends."""
        return _STATES.get(self, RowState.AMBIGUOUS)


_STATES = {Why.REPEATED: RowState.ALREADY_SO, Why.NOT_DEFAULT: RowState.SKIPPED}


class Choice(NamedTuple):
    """`chosen` is the only card to be sent, None where `why` says that none is."""

    chosen: int | None
    why: Why | None
    cards: int  # how many different ones there are


def choose(cards: Sequence[int], defaults: Sequence[WasDefault], clashes: bool) -> Choice:
    """Choose among a customer's rows, each of a card; `clashes`: one was copied elsewhere too."""
    different = len(set(cards))
    if clashes:
        return Choice(None, Why.COPIES_DIFFER, different)
    said = set(defaults)
    were = {card for card, was in zip(cards, defaults, strict=True) if was is WasDefault.YES}
    if WasDefault.BOTH in said or len(were) > 1:
        return Choice(None, Why.DEFAULTS_DIFFER, different)
    if were:
        return Choice(were.pop(), None, different)
    if WasDefault.NO in said:
        return Choice(None, Why.DEFAULT_NOT_COPIED, different)
    if different > 1:
        return Choice(None, Why.AMBIGUOUS, different)
    return Choice(cards[0], None, different)
