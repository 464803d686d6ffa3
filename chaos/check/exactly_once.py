"""No command lost, none done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chaos.check.cases import Case, Cases
from chaos.check.report import Fault, Finding
from chaos.history import Order


def lost(cases: Cases) -> Iterator[Finding]:
    """Commands that were accepted and whose end no caller observed."""
    for case in cases.accepted:
        if case.end is None:
            last = max(case.observations, key=lambda seen: seen.at, default=None)
            seen_as = f"last observed as {last.state}" if last else "never observed"
            yield Finding(Fault.LOST, (case.id,), f"accepted, {seen_as}")


def doubled(cases: Cases) -> Iterator[Finding]:
    """Commands with more than one effect, and orders executed as more than one command."""
    for case in (*cases.by_id.values(), *cases.unreported.values()):
        if len(case.effects) > 1:
            effects = ", ".join(f"{e.sequence} ({e.kind} {e.object})" for e in case.effects)
            yield Finding(Fault.DOUBLED, (case.id,), f"effects {effects}")
    for number, ids in cases.ids_of.items():
        done = [id for id in ids if cases.by_id[id].effects]
        if len(done) > 1:
            order = cases.history.orders[number]
            yield Finding(
                Fault.DOUBLED, tuple(done), f"all are order {number}, sent under key {order.key}"
            )
    yield from _strangers(cases)


def refused_but_done(cases: Cases) -> int:
    """How many orders took effect though their callers never received an id."""
    return len(cases.unreported) - sum(1 for _ in _strangers(cases))


def _strangers(cases: Cases) -> Iterator[Finding]:
    """Effects of commands whose id no caller received and that no refused order explains."""
    open_orders = Counter(_place(order) for order in unresolved(cases))
    sources = {request.request_id: request.source for request in cases.history.requests}
    for case in cases.unreported.values():
        effect = case.effects[0]
        ordered = sources.get(effect.request_id) or effect.object
        place = (effect.customer or "", ordered)
        if open_orders[place] > 0:
            open_orders[place] -= 1
        else:
            evidence = f"effect {effect.sequence} ({effect.kind} {effect.object})"
            yield Finding(Fault.DOUBLED, (case.id,), f"{evidence} of a command without a known id")


def unresolved(cases: Cases) -> list[Order]:
    """Orders whose callers got a 503 or no answer, and never an id."""
    return [
        order
        for number, order in cases.history.orders.items()
        if not cases.ids_of.get(number)
        and any(s.outcome in ("unavailable", "silent", "broken") for s in cases.sendings[number])
    ]


def _place(order: Order) -> tuple[str, str]:
    return order.customer, order.object


def described(case: Case) -> str:
    """A command in short."""
    order = case.order
    return f"{order.kind} {order.customer} {order.object}" if order else "not accepted in this run"
