"""What is explored: commands of one customer, and what may befall them."""

from __future__ import annotations

from tests.model.states import Scenario

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
            in_hand=True,
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
