"""Checks the order of effects, and that requests of a customer do not overlap.

A command comes before another of its customer if a caller had its id before the other was first
sent. Commands accepted at the same time may take effect in either order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from chaos.check.cases import Case, Cases
from chaos.check.report import Fault, Finding
from chaos.history import Effect, Request


def inversions(cases: Cases) -> Iterator[Finding]:
    """Effects that came after the effect of a command accepted later."""
    by_customer: dict[str | None, list[tuple[Effect, Case]]] = defaultdict(list)
    for case in cases.accepted:
        for effect in case.effects:
            by_customer[effect.customer].append((effect, case))
    for customer, found in by_customer.items():
        latest: tuple[Effect, Case] | None = None
        for effect, case in sorted(found, key=lambda pair: pair[0].sequence):
            if latest is not None and case.answered < latest[1].sent:
                yield Finding(
                    Fault.OUT_OF_ORDER,
                    (case.id, latest[1].id),
                    f"{customer}: the first was accepted {latest[1].sent - case.answered:.3f} s "
                    f"before the second was sent, but took effect after it "
                    f"(effects {effect.sequence} and {latest[0].sequence})",
                )
            if latest is None or case.sent > latest[1].sent:
                latest = (effect, case)


def overlaps(cases: Cases) -> Iterator[Finding]:
    """Requests for different commands of one customer in progress at the same time.

    A repetition under the same key is not a second request, nor is a replay. A request ends, for
    this check, once its effect happened or its answer was replayed.
    """
    effects = {effect.request_id: effect.time for effect in cases.history.effects}
    by_customer: dict[str | None, list[tuple[float, float, Request, str]]] = defaultdict(list)
    for id, requests in cases.requests_of.items():
        replayed = [r.ended for r in requests if r.replayed and r.ended is not None]
        for request in requests:
            if request.replayed:
                continue
            ends = [request.ended] if request.ended is not None else []
            ends += [effects[request.request_id]] if request.request_id in effects else []
            ends += [end for end in replayed if end > request.started]
            span = (request.started, min(ends, default=float("inf")), request, id)
            by_customer[request.customer].append(span)
    for customer, spans in by_customer.items():
        spans.sort(key=lambda span: span[:2])
        longest = spans[0]
        for span in spans[1:]:
            started, end, _, id = span
            if started < longest[1] and id != longest[3]:
                yield Finding(
                    Fault.OVERLAP,
                    (longest[3], id),
                    f"{customer}: {longest[2].request_id} was in progress from {longest[0]:.3f} to "
                    f"{longest[1]:.3f}, {span[2].request_id} started at {started:.3f}",
                )
            if end > longest[1]:
                longest = span


def longest_takeover(cases: Cases) -> float | None:
    """The longest time from a worker's kill to the next request or end of a command it had."""
    longest = None
    for event in cases.history.acts:
        for key in event.held:
            id = cases.id_of(key)
            case = cases.by_id.get(id) or cases.unreported.get(id)
            times = [request.started for request in cases.requests_of.get(id, ())]
            times += [seen.finished for seen in case.observations if seen.finished] if case else []
            after = [time - event.at for time in times if time > event.at]
            if after:
                longest = max(longest or 0.0, min(after))
    return longest
