"""What happened in a run, as observed by the callers and the sandbox.

Each event is written as a line of JSON when it happens, so that a failed run can be studied with
`python -m chaos --check FILE`. All times are Unix times in seconds, of one machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

ASSIGN, SET_DEFAULT = "AssignCard", "SetDefaultCard"
END_STATES = frozenset({"succeeded", "rejected", "superseded", "cancelled", "failed"})

Outcome: TypeAlias = Literal["accepted", "unavailable", "silent", "broken", "refused"]
"""An id received; 503 or Unavailable; no answer; another 5xx; a refusal."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer before the first command."""

    id: str
    cards: tuple[str, ...] = ()
    default_source: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller orders, once.

    The order may be sent repeatedly under `key`, its idempotency key. `doable` says whether Stripe
    would do it; with `needs`, only if the order of that number was done before.
    """

    number: int
    kind: str
    customer: str
    object: str
    lane: str = "interactive"
    key: str | None = None
    doable: bool = True
    needs: int | None = None

    @property
    def slot(self) -> str | None:
        """The default that it sets."""
        return slot_of(self.object) if self.kind == SET_DEFAULT else None


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of an order and its answer; `id` if the answer has one."""

    order: int
    sent: float
    answered: float
    outcome: Outcome
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A caller's observation of a command, requested at `asked` and answered at `at`.

    `state` is "absent" for an unknown id. `envelope` is its status, its code and a digest of the
    whole; `shown` is the card that the envelope names.
    """

    id: str
    asked: float
    at: float
    state: str
    via: str = "status"
    envelope: tuple[bool, str | None, str] | None = None
    shown: str | None = None
    superseded_by: str | None = None
    finished: float | None = None

    @property
    def ended(self) -> bool:
        return self.state in END_STATES


@dataclass(frozen=True, slots=True)
class NemesisAct:
    """An act against a process. `held` are the idempotency keys it then had at Stripe."""

    at: float
    what: str
    target: str
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failover:
    """Another Redis server became the primary, `seconds` after `what` started at `at`."""

    at: float
    what: str
    old: int
    new: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Effect:
    """A change in the sandbox."""

    sequence: int
    time: float
    kind: str
    customer: str | None
    object: str
    key: str | None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the sandbox received; `ended` is None while it is stalled."""

    request_id: str
    method: str
    customer: str | None
    source: str | None
    key: str | None
    started: float
    ended: float | None
    status: int | None = 200
    replayed: bool = False


Event: TypeAlias = (
    Customer | Order | Sending | Observation | NemesisAct | Failover | Effect | Request
)
# By the names in history files.
_EVENTS: dict[str, type[Any]] = {
    "Customer": Customer,
    "Order": Order,
    "Sending": Sending,
    "Told": Observation,
    "Mischief": NemesisAct,
    "Failover": Failover,
    "Effect": Effect,
    "Request": Request,
}
_NAMES = {kind: name for name, kind in _EVENTS.items()}
_TUPLES = ("cards", "envelope", "held")


@dataclass(slots=True)
class History:
    """All events of a run, by kind."""

    customers: dict[str, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    acts: list[NemesisAct] = field(default_factory=list)
    failovers: list[Failover] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        made = cls()
        for event in events:
            made.add(event)
        return made

    def add(self, event: Event) -> None:
        match event:
            case Customer():
                self.customers[event.id] = event
            case Order():
                self.orders[event.number] = event
            case Sending():
                self.sendings.append(event)
            case Observation():
                self.observations.append(event)
            case NemesisAct():
                self.acts.append(event)
            case Failover():
                self.failovers.append(event)
            case Effect():
                self.effects.append(event)
            case Request():
                self.requests.append(event)


class Recorder:
    """Keeps the history of a run and writes it to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = History()
        self._file = path.open("w", buffering=1, encoding="utf-8")

    def __call__(self, event: Event) -> None:
        self.history.add(event)
        line = {"event": _NAMES[type(event)], **asdict(event)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> History:
    """Read a history. Raises OSError, or ValueError for a file that is not a history."""
    made = History()
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                fields = json.loads(line)
                kind = _EVENTS[fields.pop("event")]
                for name in _TUPLES:
                    if fields.get(name) is not None:
                        fields[name] = tuple(fields[name])
                made.add(kind(**fields))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(f"{path}, line {number}: not an event of a history") from error
    return made


def slot_of(card: str) -> str:
    """The default that a SetDefaultCard of this card sets."""
    return "default_payment_method" if card.startswith("pm_") else "default_source"
