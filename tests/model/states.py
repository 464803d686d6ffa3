"""What the model is made of: scenarios, workers, all there is at one time, and steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from producer.contract import AssignCard, CommandKind, SetDefaultCard, parse_command
from tests.model.journals import USER
from tests.model.stripe import Request, World
from tests.model.trying import Granted

Cause: TypeAlias = Literal[
    "kill", "pause", "journal", "broker", "stripe", "handler", "person", "failover", "event"
]
_USUAL: frozenset[Cause] = frozenset(get_args(Cause)) - {"failover", "event"}


@dataclass(frozen=True)
class Scenario:
    """Commands of one customer, accepted in this order, and what may befall them."""

    name: str
    orders: tuple[str, ...]
    attached: frozenset[str] = frozenset({"card_A", "card_B", "card_C", "pm_A"})
    person: frozenset[Literal["cancel", "replay"]] = frozenset()
    causes: frozenset[Cause] = _USUAL  # of faults
    bare_messages: bool = (
        False  # the commands come as bare messages and are journalled by the worker
    )
    replicas: bool = False  # a durable call counts once replicas have confirmed it
    tail: int = 1  # how many writes a failover may lose
    fails: frozenset[str] = frozenset()  # properties that do not hold

    def commands(self) -> tuple[AssignCard | SetDefaultCard, ...]:
        """`default card_A` and `assign tok_A`, as commands."""
        return tuple(_command(order) for order in self.orders)


def _command(order: str) -> AssignCard | SetDefaultCard:
    verb, card = order.split()
    if verb == "assign":
        return parse_command(CommandKind.ASSIGN_CARD, {"userId": USER, "source": card})
    return parse_command(CommandKind.SET_DEFAULT_CARD, {"userId": USER, "default_source": card})


class Idle(NamedTuple):
    """A worker with nothing of this customer's."""


class Asking(NamedTuple):
    """A take or resume that is repeated: its answer was lost, or taking is stopped."""

    what: str  # a command's id, or "" for the customer
    in_order: bool
    holder: str


class Trial(NamedTuple):
    """A try under way; `waits` says that its request is on its way.

    `believes` that it has the lease, by its own clock, though a failover has lost it.
    """

    granted: Granted
    answers: tuple[str, ...] = ()
    waits: bool = False
    believes: bool = False


class Closing(NamedTuple):
    """A try that came to an end; `holder` where its close ran and the answer was lost."""

    granted: Granted
    outcome: int
    holder: str = ""


Worker: TypeAlias = Idle | Asking | Trial | Closing
IDLE = Idle()


class State(NamedTuple):
    """All there is. `journal` and `behind` number states of `Journals`.

    `behind` are those that the journal goes back to in a failover, newest first: what the replica
    that is promoted may have instead. `accepted` is how many callers were told so.
    """

    journal: int
    accepted: int = 0
    world: World = World()
    under_way: tuple[Request, ...] = ()
    workers: tuple[Worker, Worker] = (IDLE, IDLE)
    faults: int = 0
    acted: int = 0  # what a person did
    replayed: frozenset[int] = frozenset()
    behind: tuple[int, ...] = ()


class Step(NamedTuple):
    """A step, for the trace and for the properties that look at steps."""

    what: str
    worker: int | None = None
    command: int | None = None
    kind: str = ""
    cause: Cause | None = None  # what failed, where something did
