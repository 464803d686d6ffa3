"""Checks whether what callers observed is true."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.check.cases import Case, Cases
from chaos.check.exactly_once import described
from chaos.check.report import Fault, Finding
from chaos.history import ASSIGN, Observation

# States of a command that had no effect yet.
_NOT_DONE = ("queued", "waiting", "retrying")
# The two clocks are of one machine, but not read at the same instant.
_TOLERANCE_S = 0.05


def untruths(cases: Cases) -> Iterator[Finding]:
    """Every observation that is false, or contradicts an earlier one."""
    for case in cases.by_id.values():
        for evidence in (
            *_contradictions(case),
            *_against_effects(cases, case),
            *_supersession(cases, case),
        ):
            yield Finding(Fault.UNTRUTHFUL, (case.id,), f"{described(case)}: {evidence}")
    yield from _lies_at_acceptance(cases)


def failures(cases: Cases) -> Iterator[Finding]:
    """Commands that ended as failed though Stripe did them, or would have."""
    for case in cases.accepted:
        if case.state != "failed":
            continue
        code = next((t.envelope[1] for t in case.observations if t.ended and t.envelope), None)
        if case.effects:
            yield Finding(Fault.FAILED, (case.id,), f"{described(case)}: {code}, though it is done")
        elif cases.doable(case):
            yield Finding(Fault.FAILED, (case.id,), f"{described(case)}: {code}")


def found_done(cases: Cases, case: Case) -> bool:
    """Whether it succeeded because another command had already made Stripe's state so."""
    order, end = case.order, case.end
    if order is None or end is None or case.effects or not case.succeeded:
        return False
    if order.kind == ASSIGN:
        return not order.object.startswith("tok_") and cases.attached_before(case, until=end.at)
    return cases.was_default(case, until=end.at)


def _contradictions(case: Case) -> Iterator[str]:
    """Observations that contradict the end, and envelopes that differ."""
    end = case.end
    for seen in case.observations:
        if seen.state == "absent" and seen.asked >= case.answered:
            yield f"was accepted, then reported as absent ({seen.via})"
        if end is None or seen is end:
            continue
        if seen.ended and seen.state != end.state:
            yield f"{end.state} by {end.via}, {seen.state} by {seen.via}"
        elif not seen.ended and seen.state != "absent" and seen.asked >= end.at:
            yield f"went back from {end.state} to {seen.state} ({seen.via})"
    envelopes = {
        seen.envelope for seen in case.observations if seen.ended and seen.envelope is not None
    }
    if len(envelopes) > 1:
        yield f"was answered in {len(envelopes)} ways: {sorted(map(str, envelopes))}"
    for seen in case.observations:
        if seen.ended and seen.envelope and seen.envelope[0] != (seen.state == "succeeded"):
            yield f"{seen.state} with an envelope whose status is {seen.envelope[0]}"


def _against_effects(cases: Cases, case: Case) -> Iterator[str]:
    order, done = case.order, case.effects
    if order is None:
        if not case.observations:
            return
        yield "an id that no caller received"
        return
    for effect in done:
        right = order.object if order.kind != ASSIGN or order.object[:4] != "tok_" else None
        if effect.customer != order.customer or (right and effect.object != right):
            yield f"effect {effect.sequence} was on {effect.customer} {effect.object}"
        for seen in case.observations:
            if seen.state in _NOT_DONE and seen.asked > effect.time + _TOLERANCE_S:
                late = seen.asked - effect.time
                yield f"was reported as {seen.state} {late:.3f} s after its effect ({seen.via})"
    if case.succeeded:
        if not done and not found_done(cases, case):
            yield "succeeded without an effect"
        for seen in case.observations:
            if seen.shown and seen.ended and not _shows(seen, case):
                yield f"the answer names {seen.shown}"
    elif case.state in ("rejected", "superseded", "cancelled"):
        if done:
            yield f"{case.state}, but it is effect {done[0].sequence}"
        elif case.state == "rejected" and cases.doable(case):
            code = next((t.envelope[1] for t in case.observations if t.ended and t.envelope), None)
            yield f"rejected ({code}), though Stripe would have done it"


def _shows(seen: Observation, case: Case) -> bool:
    assert case.order is not None
    shown = {effect.object for effect in case.effects} or {case.order.object}
    return seen.shown in shown


def _supersession(cases: Cases, case: Case) -> Iterator[str]:
    for seen in case.observations:
        if seen.state != "superseded":
            if seen.superseded_by is not None:
                yield f"{seen.state}, yet superseded by {seen.superseded_by}"
            continue
        if seen.via in ("post", "cancel"):  # these do not name the other command
            continue
        by = cases.by_id.get(seen.superseded_by or "") or cases.unreported.get(
            seen.superseded_by or ""
        )
        order = case.order
        if by is None or order is None:
            yield f"superseded by {seen.superseded_by}, which is no command of this run"
        elif not by.effects and not by.succeeded:
            yield f"superseded by {by.id}, which was not applied"
        elif by.order is not None and (by.order.customer, by.order.slot) != (
            order.customer,
            order.slot,
        ):
            yield f"superseded by {by.id}, which sets something else"
        elif by.order is not None and by.answered < case.sent:
            yield f"superseded by {by.id}, which is older"


def _lies_at_acceptance(cases: Cases) -> Iterator[Finding]:
    for number, ids in cases.ids_of.items():
        if len(ids) > 1:
            evidence = f"order {number} was given more than one id under one key"
            yield Finding(Fault.UNTRUTHFUL, tuple(ids), evidence)
    orders: dict[str, int] = {}
    for number, sendings in cases.sendings.items():
        for sending in sendings:
            if sending.id is None:
                continue
            if orders.setdefault(sending.id, number) != number:
                evidence = f"one id for the orders {orders[sending.id]} and {number}"
                yield Finding(Fault.UNTRUTHFUL, (sending.id,), evidence)
            case = cases.by_id.get(sending.id) or cases.unreported.get(sending.id)
            if sending.outcome == "unavailable" and case and case.effects:
                evidence = f"answered as not accepted, but it is effect {case.effects[0].sequence}"
                yield Finding(Fault.UNTRUTHFUL, (sending.id,), evidence)
