"""Breadth-first search of all states of a scenario: the first violation has a shortest trace."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.model.journals import NotTheSame
from tests.model.liveness import Aftermath
from tests.model.properties import PROPERTIES, exception_of
from tests.model.protocol import Protocol
from tests.model.states import Scenario, State, Step


@dataclass(frozen=True, slots=True)
class Violation:
    """What was violated, and the steps that led to it."""

    what: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        steps = (f"{number:3} {step}" for number, step in enumerate(self.trace, 1))
        return "\n".join([self.what, *steps])


@dataclass(slots=True)
class Explored:
    """The result of an exploration."""

    scenario: Scenario
    faults: int
    states: int = 0
    steps: int = 0
    exceptions: Counter[str] = field(default_factory=Counter)
    failed: dict[str, Violation] = field(default_factory=dict)
    violation: Violation | None = None

    def __str__(self) -> str:
        seen = f"{self.states} states, {self.steps} steps, up to {self.faults} faults"
        fails = self.scenario.fails
        besides = f" but {', '.join(sorted(fails))}" if fails else ""
        found = (
            f"VIOLATED: {self.violation}" if self.violation else f"every property{besides} holds"
        )
        known = "".join(f"\n    {n} times {what}" for what, n in self.exceptions.items())
        missed = "".join(f"\nEXPECTED TO FAIL, AND HOLDS: {one}" for one in sorted(self.missed))
        failed = "".join(f"\n{one}" for _, one in sorted(self.failed.items()))
        return f"{self.scenario.name}: {seen}; {found}{known}{missed}{failed}"

    @property
    def missed(self) -> frozenset[str]:
        """Properties that were expected to fail, and hold."""
        return self.scenario.fails - self.failed.keys()


_Path = dict[State, tuple[State, Step, bool] | None]


def explore(
    scenario: Scenario,
    *,
    faults: int,
    exceptions: bool = True,
) -> Explored:
    """Explore all states with at most `faults` faults.

    With `exceptions` a documented exception is counted and its consequences are not explored;
    without, it is a violation like any other. If the scenario expects a property to fail, its first
    violation is kept, and its consequences are explored.
    """
    # The search makes no garbage, and collecting would take a third of the time.
    gc.disable()
    try:
        return _explore(Protocol(scenario), faults, exceptions)
    finally:
        gc.enable()


def _explore(protocol: Protocol, faults: int, exceptions: bool) -> Explored:
    aftermath = Aftermath(protocol)
    found = Explored(protocol.scenario, faults)
    start = protocol.start()
    path: _Path = {start: None}
    layer = [start]
    while layer:
        following = []
        for state in layer:
            left = aftermath.left_over(state)
            if left is not None:
                found.violation = _violation(f"P6: forgotten: {left}", path, state, None)
            try:
                for step, after, swapped in protocol.steps(state, faults=faults):
                    found.steps += 1
                    if exceptions:
                        known = exception_of(protocol, state, step, after)
                        if known is not None:
                            found.exceptions[known] += 1
                            continue
                    if after not in path:
                        path[after] = state, step, swapped
                        following.append(after)
                    for name, what in _broken(protocol, state, step, after):
                        if name not in protocol.scenario.fails:
                            found.violation = _violation(what, path, state, step)
                            break
                        if name not in found.failed:
                            found.failed[name] = _violation(what, path, state, step)
                    if found.violation is not None:
                        break
            except NotTheSame as repeated:
                what = f"P7: a repeated script changes something: {repeated}"
                found.violation = _violation(what, path, state, None)
            if found.violation is not None:
                found.states = len(path)
                return found
        layer = following
    found.states = len(path)
    return found


def _broken(
    protocol: Protocol, before: State, step: Step, after: State
) -> Iterator[tuple[str, str]]:
    for one in PROPERTIES:
        what = one(protocol, before, step, after)
        if what is not None:
            name = (one.__doc__ or "").split(":")[0]
            yield name, f"{name}: {what}"


def _violation(what: str, path: _Path, state: State, last: Step | None) -> Violation:
    steps: list[tuple[Step, bool]] = [] if last is None else [(last, False)]
    edge = path[state]
    while edge is not None:
        state, step, swapped = edge
        steps.insert(0, (step, swapped))
        edge = path[state]
    return Violation(what, tuple(_described(steps)))


def _described(steps: Sequence[tuple[Step, bool]]) -> list[str]:
    names = ["w1", "w2"]
    lines = []
    for step, swapped in steps:
        who = "" if step.worker is None else f"{names[step.worker]} "
        lines.append(f"{who}{step.what}{f'  [fault: {step.cause}]' if step.cause else ''}")
        if swapped:
            names.reverse()
    return lines
