"""The history checker: compares what callers observed with what Stripe did."""

from __future__ import annotations

from collections import Counter

from chaos.check import exactly_once as once
from chaos.check import order
from chaos.check import truthfulness as truth
from chaos.check.cases import Cases
from chaos.check.report import Report
from chaos.history import History


def check(history: History) -> Report:
    """Every violation of a guarantee in a history, with counts."""
    cases = Cases(history)
    accepted = cases.accepted
    return Report(
        accepted=len(accepted),
        ended=Counter(case.state for case in accepted if case.state is not None),
        found_done=sum(truth.found_done(cases, case) for case in accepted),
        not_accepted=sum(1 for number in history.orders if not cases.ids_of.get(number)),
        refused_but_done=once.refused_but_done(cases),
        broken_answers=sum(sending.outcome == "broken" for sending in history.sendings),
        effects=len(history.effects),
        requests=len(history.requests),
        acts=Counter(event.what for event in history.acts),
        failovers=len(history.failovers),
        longest_failover=max((each.seconds for each in history.failovers), default=None),
        longest_takeover=order.longest_takeover(cases),
        findings=[
            *once.lost(cases),
            *once.doubled(cases),
            *order.inversions(cases),
            *truth.untruths(cases),
            *order.overlaps(cases),
            *truth.failures(cases),
        ],
    )
