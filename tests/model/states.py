"""The model's types: scenarios, workers, the whole state, and steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from producer.contract import AssignCard, CommandKind, SetDefaultCard, parse_command
from tests.model.attempts import AttemptInput
from tests.model.journals import USER
from tests.model.stripe import Request, World

Cause: TypeAlias = Literal[
    "kill", "pause", "journal", "broker", "stripe", "handler", "person", "failover", "event"
]
_USUAL: frozenset[Cause] = frozenset(get_args(Cause)) - {"failover", "event"}


@dataclass(frozen=True)
class Scenario:
    """Commands of one customer, accepted in this order, and the faults that may occur."""

    name: str
    orders: tuple[str, ...]
    attached: frozenset[str] = frozenset({"card_A", "card_B", "card_C", "pm_A"})
    person: frozenset[Literal["cancel", "replay"]] = frozenset()
    causes: frozenset[Cause] = _USUAL  # of faults
    bare_messages: bool = False  # the commands arrive as bare messages, and the worker accepts them
    replicas: bool = False  # a durable call is answered once replicas have confirmed it
    tail: int = 1  # how many writes a failover may lose
    fails: frozenset[str] = frozenset()  # properties that are expected to fail

    def commands(self) -> tuple[AssignCard | SetDefaultCard, ...]:
        """`default card_A` and `assign tok_A`, as commands."""
        return tuple(_command(order) for order in self.orders)


def _command(order: str) -> AssignCard | SetDefaultCard:
    verb, card = order.split()
    if verb == "assign":
        return parse_command(CommandKind.ASSIGN_CARD, {"userId": USER, "source": card})
    return parse_command(CommandKind.SET_DEFAULT_CARD, {"userId": USER, "default_source": card})


class Idle(NamedTuple):
    """A worker that does nothing for this customer."""


class Claiming(NamedTuple):
    """A claim that is repeated, because its answer was lost or claiming is stopped."""

    what: str  # a command's id, or "" for the customer
    in_order: bool
    holder: str


class Attempting(NamedTuple):
    """An attempt; `waits` means that its request is under way.

    `believes` means that its worker still counts on a lease that a failover has lost.
    """

    granted: AttemptInput
    answers: tuple[str, ...] = ()
    waits: bool = False
    believes: bool = False


class Completing(NamedTuple):
    """An attempt with an outcome; `holder` is set if it was completed and the answer was lost."""

    granted: AttemptInput
    outcome: int
    holder: str = ""


Worker: TypeAlias = Idle | Claiming | Attempting | Completing
IDLE = Idle()


class State(NamedTuple):
    """The whole state. `journal` and `behind` are numbers of `Journals`.

    `behind` are the states, newest first, to which a failover may return the journal: those that
    the promoted replica may have. `accepted` counts the acceptances that callers know of.
    """

    journal: int
    accepted: int = 0
    world: World = World()
    under_way: tuple[Request, ...] = ()
    workers: tuple[Worker, Worker] = (IDLE, IDLE)
    faults: int = 0
    acted: int = 0  # actions of the operator
    replayed: frozenset[int] = frozenset()
    behind: tuple[int, ...] = ()


class Step(NamedTuple):
    """A step, for the trace and for the properties of steps."""

    what: str
    worker: int | None = None
    command: int | None = None
    kind: str = ""
    cause: Cause | None = None  # of the fault, if the step is one
