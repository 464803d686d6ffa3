"""Whether what callers were told is what happened."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.check.cases import Case, Cases
from chaos.check.exactly_once import described
from chaos.check.report import Fault, Finding
from chaos.history import ASSIGN, Told

# States that say that nothing has happened yet.
_NOT_DONE = ("queued", "waiting", "retrying")
# Both clocks are of one machine, but not read in the same instant.
_TOLERANCE_S = 0.05


def untruths(cases: Cases) -> Iterator[Finding]:
    """Everything told that is not so, or not what was told before."""
    for case in cases.by_id.values():
        for evidence in (
            *_contradictions(case),
            *_against_effects(cases, case),
            *_supersession(cases, case),
        ):
            yield Finding(Fault.UNTRUTHFUL, (case.id,), f"{described(case)}: {evidence}")
    yield from _lies_at_acceptance(cases)


def failures(cases: Cases) -> Iterator[Finding]:
    """Commands given up that Stripe did, or would have done."""
    for case in cases.accepted:
        if case.state != "failed":
            continue
        code = next((t.envelope[1] for t in case.told if t.ended and t.envelope), None)
        if case.effects:
            yield Finding(Fault.FAILED, (case.id,), f"{described(case)}: {code}, though it is done")
        elif cases.doable(case):
            yield Finding(Fault.FAILED, (case.id,), f"{described(case)}: {code}")


def found_done(cases: Cases, case: Case) -> bool:
    """Whether it succeeded because Stripe already stood as ordered, by another command."""
    order, end = case.order, case.end
    if order is None or end is None or case.effects or not case.succeeded:
        return False
    if order.kind == ASSIGN:
        return not order.object.startswith("tok_") and cases.attached_before(case, until=end.at)
    return cases.was_default(case, until=end.at)


def _contradictions(case: Case) -> Iterator[str]:
    """An end that is not the end, or envelopes that differ."""
    end = case.end
    for told in case.told:
        if told.state == "absent" and told.asked >= case.answered:
            yield f"was accepted and then said not to exist ({told.via})"
        if end is None or told is end:
            continue
        if told.ended and told.state != end.state:
            yield f"{end.state} by {end.via}, {told.state} by {told.via}"
        elif not told.ended and told.state != "absent" and told.asked >= end.at:
            yield f"went back from {end.state} to {told.state} ({told.via})"
    envelopes = {told.envelope for told in case.told if told.ended and told.envelope is not None}
    if len(envelopes) > 1:
        yield f"was answered in {len(envelopes)} ways: {sorted(map(str, envelopes))}"
    for told in case.told:
        if told.ended and told.envelope and told.envelope[0] != (told.state == "succeeded"):
            yield f"{told.state} with an envelope whose status is {told.envelope[0]}"


def _against_effects(cases: Cases, case: Case) -> Iterator[str]:
    order, done = case.order, case.effects
    if order is None:
        if not case.told:
            return
        yield "an id that nobody was given"
        return
    for effect in done:
        right = order.object if order.kind != ASSIGN or order.object[:4] != "tok_" else None
        if effect.customer != order.customer or (right and effect.object != right):
            yield f"effect {effect.sequence} was on {effect.customer} {effect.object}"
        for told in case.told:
            if told.state in _NOT_DONE and told.asked > effect.time + _TOLERANCE_S:
                late = told.asked - effect.time
                yield f"was said to be {told.state} {late:.3f} s after its effect ({told.via})"
    if case.succeeded:
        if not done and not found_done(cases, case):
            yield "succeeded without an effect"
        for told in case.told:
            if told.shown and told.ended and not _shows(told, case):
                yield f"the answer names {told.shown}"
    elif case.state in ("rejected", "superseded", "cancelled"):
        if done:
            yield f"{case.state}, but it is effect {done[0].sequence}"
        elif case.state == "rejected" and cases.doable(case):
            code = next((t.envelope[1] for t in case.told if t.ended and t.envelope), None)
            yield f"rejected ({code}), though Stripe would have done it"


def _shows(told: Told, case: Case) -> bool:
    assert case.order is not None
    shown = {effect.object for effect in case.effects} or {case.order.object}
    return told.shown in shown


def _supersession(cases: Cases, case: Case) -> Iterator[str]:
    for told in case.told:
        if told.state != "superseded":
            if told.superseded_by is not None:
                yield f"{told.state}, yet superseded by {told.superseded_by}"
            continue
        if told.via in ("post", "cancel"):  # those do not name the other
            continue
        by = cases.by_id.get(told.superseded_by or "") or cases.untold.get(told.superseded_by or "")
        order = case.order
        if by is None or order is None:
            yield f"superseded by {told.superseded_by}, which is no command of this run"
        elif not by.effects and not by.succeeded:
            yield f"superseded by {by.id}, which was not applied"
        elif by.order is not None and (by.order.customer, by.order.slot) != (
            order.customer,
            order.slot,
        ):
            yield f"superseded by {by.id}, which is about something else"
        elif by.order is not None and by.answered < case.sent:
            yield f"superseded by {by.id}, which is older"


def _lies_at_acceptance(cases: Cases) -> Iterator[Finding]:
    for number, ids in cases.ids_of.items():
        if len(ids) > 1:
            evidence = f"order {number} was told more than one id under one key"
            yield Finding(Fault.UNTRUTHFUL, tuple(ids), evidence)
    orders: dict[str, int] = {}
    for number, sendings in cases.sendings.items():
        for sending in sendings:
            if sending.id is None:
                continue
            if orders.setdefault(sending.id, number) != number:
                evidence = f"one id for the orders {orders[sending.id]} and {number}"
                yield Finding(Fault.UNTRUTHFUL, (sending.id,), evidence)
            case = cases.by_id.get(sending.id) or cases.untold.get(sending.id)
            if sending.outcome == "unavailable" and case and case.effects:
                evidence = f"said not to be accepted, but it is effect {case.effects[0].sequence}"
                yield Finding(Fault.UNTRUTHFUL, (sending.id,), evidence)
