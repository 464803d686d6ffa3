"""The scenarios to explore: commands of one customer, and the faults that may occur."""

from __future__ import annotations

from typing import get_args

from tests.model.states import Cause, Scenario

_SAME_SLOT = ("default card_A", "default card_B")

# (scenario, faults in the default tests)
DEFAULT: tuple[tuple[Scenario, int], ...] = (
    (Scenario("two defaults of a slot, then a card", (*_SAME_SLOT, "assign tok_A")), 1),
    (
        Scenario(
            "a card between two defaults", ("default card_A", "assign tok_A", "default card_B")
        ),
        1,
    ),
    (Scenario("both slots", ("default card_A", "default pm_A", "default card_B")), 1),
    (Scenario("A, B, and A again", (*_SAME_SLOT, "default card_A")), 1),
    (Scenario("two defaults of a slot", _SAME_SLOT), 2),
    (
        Scenario(
            "a default of a card that is yet to be attached",
            ("default src_N", "assign src_N"),
            causes=frozenset({"kill", "pause", "stripe"}),
        ),
        2,
    ),
    (Scenario("a person cancels", (*_SAME_SLOT, "assign tok_A"), person=frozenset({"cancel"})), 1),
    (
        Scenario(
            "bare messages",
            _SAME_SLOT,
            causes=frozenset({"kill", "pause", "broker", "journal"}),
            bare_messages=True,
        ),
        2,
    ),
    (
        Scenario(
            "a person replays and cancels what failed",
            _SAME_SLOT,
            person=frozenset({"cancel", "replay"}),
            causes=frozenset({"handler", "person"}),
        ),
        4,
    ),
    (
        Scenario(
            "a person replays one of three",
            (*_SAME_SLOT, "default card_C"),
            person=frozenset({"replay"}),
            causes=frozenset({"handler", "person"}),
        ),
        2,
    ),
    (
        Scenario(
            "Stripe sends events, true or not",
            _SAME_SLOT,
            causes=frozenset({"event", "kill", "stripe"}),
        ),
        2,
    ),
)

_THREE = (*_SAME_SLOT, "assign tok_A")
# The properties that a failover violates if no replica confirms. P2 and P3 need a second fault, and
# P1 a replay; P4, P6 and P7 hold.
_LOST = frozenset({"P0", "P5", "P8"})
_LOST_AND_MORE = _LOST | {"P2", "P3"}

CONFIRMED = Scenario(
    "failover, confirmed", _SAME_SLOT, causes=frozenset({"failover"}), replicas=True, tail=2
)
UNCONFIRMED = Scenario(
    "failover, unconfirmed",
    ("default card_A", "assign tok_A"),
    causes=frozenset({"failover"}),
    tail=2,
    fails=_LOST,
)

# Redis fails over and loses its last writes: with replicas that confirm, and without.
FAILOVERS: tuple[tuple[Scenario, int], ...] = (
    (CONFIRMED, 2),
    (
        Scenario(
            "failover, confirmed, and a worker fails",
            _SAME_SLOT,
            causes=frozenset({"failover", "kill", "pause"}),
            replicas=True,
        ),
        2,
    ),
    (
        Scenario(
            "failover, confirmed, and a person cancels",
            _SAME_SLOT,
            person=frozenset({"cancel"}),
            causes=frozenset({"failover", "person"}),
            replicas=True,
        ),
        2,
    ),
    (
        Scenario(
            "failover, confirmed, and Stripe fails",
            _SAME_SLOT,
            causes=frozenset({"failover", "stripe"}),
            replicas=True,
            tail=2,
        ),
        2,
    ),
    (UNCONFIRMED, 1),
    (
        Scenario(
            "failover, unconfirmed, and a person cancels",
            _SAME_SLOT,
            person=frozenset({"cancel"}),
            causes=frozenset({"failover", "person"}),
            fails=_LOST_AND_MORE,
        ),
        2,
    ),
    (
        Scenario(
            "failover, unconfirmed, undoes a replay",
            ("default card_A",),
            person=frozenset({"replay"}),
            causes=frozenset({"failover", "handler", "person"}),
            tail=4,
            fails=frozenset({"P0", "P1", "P5"}),
        ),
        3,
    ),
)

# Explored only by `python -m tests.model`; they take minutes.
FURTHER: tuple[tuple[Scenario, int], ...] = (
    (
        Scenario(
            "failover, confirmed, three commands",
            _THREE,
            causes=frozenset({"failover"}),
            replicas=True,
            tail=2,
        ),
        2,
    ),
    (
        Scenario(
            "failover, confirmed, and anything fails",
            ("default card_A", "assign tok_A"),
            causes=frozenset(get_args(Cause)) - {"person"},
            replicas=True,
        ),
        2,
    ),
    (
        Scenario(
            "failover, confirmed, and a person replays",
            _SAME_SLOT,
            person=frozenset({"cancel", "replay"}),
            causes=frozenset({"failover", "handler", "person"}),
            replicas=True,
        ),
        3,
    ),
    (
        Scenario(
            "failover, confirmed, bare messages",
            _SAME_SLOT,
            causes=frozenset({"failover", "kill", "pause", "broker"}),
            bare_messages=True,
            replicas=True,
        ),
        2,
    ),
    (
        Scenario(
            "failover, confirmed, a card that is yet to be attached",
            ("default src_N", "assign src_N"),
            causes=frozenset({"failover", "kill", "pause", "stripe"}),
            replicas=True,
        ),
        2,
    ),
    (
        Scenario(
            "failover, unconfirmed, three commands",
            _THREE,
            causes=frozenset({"failover"}),
            tail=2,
            fails=_LOST,
        ),
        1,
    ),
    (
        Scenario(
            "failover, unconfirmed, and a worker fails",
            _SAME_SLOT,
            causes=frozenset({"failover", "kill", "pause"}),
            fails=_LOST,
        ),
        2,
    ),
    (
        Scenario(
            "failover, unconfirmed, and Stripe fails",
            _SAME_SLOT,
            causes=frozenset({"failover", "stripe"}),
            fails=_LOST_AND_MORE,
        ),
        2,
    ),
)

VALIDATION = Scenario(
    "late after a validation failure",
    ("default src_N", "assign src_N"),
    causes=frozenset({"pause"}),
)
GIVEN_UP = Scenario("late after giving up", _SAME_SLOT, causes=frozenset({"handler"}))
REPLAYED = Scenario(
    "replayed after giving up",
    _SAME_SLOT,
    person=frozenset({"replay"}),
    causes=frozenset({"handler", "person"}),
)
