"""Injected faults: rules that say what fails, for which requests, and how often."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox.control.milestones import Milestone
from sandbox.protocol.calls import Call

KINDS = ("status", "drop", "stall", "truncate", "garble")


class FaultError(ValueError):
    """A fault rule that is not valid; the message names the field."""


@dataclass(slots=True)
class Fault:
    """A rule. Its patterns are regular expressions, searched for in the request's fields.

    `when` is before or after the effect; truncate and garble always come after. A stall lasts
    `seconds`, or until released if that is None. `times` is the number of hits after which the
    rule ends (None: never); `save` says whether a `status` is saved under the idempotency key.
    """

    id: str
    kind: str
    when: str = "before"
    method: str | None = None
    path: str | None = None
    customer: str | None = None
    idempotency_key: str | None = None
    source: str | None = None
    status: int = 500
    code: str | None = None
    message: str | None = None
    reason: str | None = None
    should_retry: bool | None = None
    seconds: float | None = None
    probability: float = 1.0
    seed: int = 0
    times: int | None = 1
    save: bool | None = None
    hits: Milestone = field(default_factory=Milestone, init=False)
    held: int = field(default=0, init=False)
    _released: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _random: random.Random = field(default_factory=random.Random, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        if self.kind not in KINDS:
            raise FaultError(f"kind: one of {', '.join(KINDS)}")
        if self.kind in ("truncate", "garble"):
            self.when = "after"
        if self.when not in ("before", "after"):
            raise FaultError("when: before or after")
        if not 0 <= self.probability <= 1:
            raise FaultError("probability: 0 to 1")
        if not 400 <= self.status <= 599:
            raise FaultError("status: 400 to 599")
        for name in ("path", "customer", "idempotency_key", "source"):
            pattern = getattr(self, name)
            try:
                re.compile(pattern or "")
            except (re.error, TypeError) as error:
                raise FaultError(f"{name}: not a regular expression") from error

    @property
    def live(self) -> bool:
        return self.times is None or self.hits.value < self.times

    def matches(self, when: str, call: Call) -> bool:
        """Whether the rule hits this request; if so, counts the hit."""
        if self.when != when or not self.live:
            return False
        if self.method is not None and self.method.upper() != call.method:
            return False
        for pattern, text in (
            (self.path, call.path),
            (self.customer, call.customer),
            (self.idempotency_key, call.idempotency_key),
            (self.source, call.source),
        ):
            if pattern is not None and (text is None or not re.search(pattern, text)):
                return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits.advance()
        return True

    async def hold(self) -> None:
        """Stall a request."""
        self.held += 1
        try:
            await asyncio.wait_for(self._released.wait(), self.seconds)
        except TimeoutError:
            pass
        finally:
            self.held -= 1

    def release(self) -> None:
        """End the stalls of this rule, now and in future."""
        self._released.set()

    def saved(self) -> bool:
        """Whether the faulty answer is saved under the idempotency key and replayed.

        By default only a 500 after the effect: Stripe saves a 500 once execution has started, but
        answers of a gateway in front of Stripe are not saved.
        """
        if self.save is not None:
            return self.save
        return self.kind == "status" and self.when == "after" and self.status == 500

    def shown(self) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in _SETTABLE}
        return {
            "id": self.id,
            **shown,
            "live": self.live,
            "held": self.held,
            "hits": self.hits.value,
        }


_SETTABLE = tuple(each.name for each in fields(Fault) if each.init and each.name != "id")


class Faults:
    """The rules, in the order they were added."""

    def __init__(self) -> None:
        self.rules: dict[str, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, settings: dict[str, Any]) -> Fault:
        """Add a rule from its fields. Raises FaultError."""
        unknown = settings.keys() - set(_SETTABLE)
        if unknown:
            raise FaultError(f"{', '.join(sorted(unknown))}: unknown field")
        if "kind" not in settings:
            raise FaultError("kind: required")
        try:
            fault = Fault(id=f"fault_{next(self._ids)}", **settings)
        except TypeError as error:
            raise FaultError(str(error)) from error
        self.rules[fault.id] = fault
        return fault

    def matching(self, when: str, call: Call) -> list[Fault]:
        """The rules that hit this request: all stalls, and the first rule of another kind."""
        found: list[Fault] = []
        ended = False
        for fault in self.rules.values():
            if (fault.kind == "stall" or not ended) and fault.matches(when, call):
                found.append(fault)
                ended = ended or fault.kind != "stall"
        return found

    def clear(self) -> None:
        """Remove every rule and end its stalls."""
        for fault in self.rules.values():
            fault.release()
        self.rules.clear()
