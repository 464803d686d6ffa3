"""What happened in a run, as the callers and the stand-in for Stripe saw it.

A line of JSON for each event, written as it happens, so that a run that fails can be studied with
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
"""Of a sending: an id was told; 503 or Unavailable; no answer; a 5xx besides; a refusal."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as it was before the first command."""

    id: str
    cards: tuple[str, ...] = ()
    default_source: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants done, once.

    `key` is its idempotency key, under which a caller may send it repeatedly. `doable` says
    whether Stripe would do it; with `needs`, if the order of that number was done before.
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
        """Which default it sets."""
        return slot_of(self.object) if self.kind == SET_DEFAULT else None


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of an order and its answer; `id` where it told one."""

    order: int
    sent: float
    answered: float
    outcome: Outcome
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller was told of a command, asked at `asked` and answered at `at`.

    `state` is "absent" for an id said not to exist. `envelope` holds status, code and a digest of
    the whole, `shown` the card that the envelope names.
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
class Mischief:
    """What was done to a process. `held` are the idempotency keys it had at Stripe just then."""

    at: float
    what: str
    target: str
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failover:
    """Another Redis server became the primary, `seconds` after `what` was begun at `at`."""

    at: float
    what: str
    old: int
    new: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Effect:
    """A change at the stand-in for Stripe."""

    sequence: int
    time: float
    kind: str
    customer: str | None
    object: str
    key: str | None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the stand-in for Stripe received; `ended` None where it still holds it."""

    request_id: str
    method: str
    customer: str | None
    source: str | None
    key: str | None
    started: float
    ended: float | None
    status: int | None = 200
    replayed: bool = False


Event: TypeAlias = Customer | Order | Sending | Told | Mischief | Failover | Effect | Request
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Customer, Order, Sending, Told, Mischief, Failover, Effect, Request)
}
_TUPLES = ("cards", "envelope", "held")


@dataclass(slots=True)
class History:
    """All events of a run, by what they are."""

    customers: dict[str, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    mischief: list[Mischief] = field(default_factory=list)
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
            case Told():
                self.told.append(event)
            case Mischief():
                self.mischief.append(event)
            case Failover():
                self.failovers.append(event)
            case Effect():
                self.effects.append(event)
            case Request():
                self.requests.append(event)


class Recorder:
    """Keeps the history of a run and writes it to a file as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = History()
        self._file = path.open("w", buffering=1, encoding="utf-8")

    def __call__(self, event: Event) -> None:
        self.history.add(event)
        line = {"event": type(event).__name__, **asdict(event)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> History:
    """A history from its file. Raises OSError, or ValueError for a file that is none."""
    made = History()
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                fields = json.loads(line)
                kind = _KINDS[fields.pop("event")]
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
