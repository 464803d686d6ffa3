"""`cards explain`: which card a customer is charged, which command set it, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from producer.cli.exits import Exit

if TYPE_CHECKING:
    from producer.cli.output import Line
    from producer.explain.customer import Explanation, SlotNow
    from producer.journal.operations.customers import CommandSummary

_WITHIN_S = 10.0
_WORKER_SEEN_S = 30.0
_OWN_DEFAULT = "a subscription's own default comes first where one is set"
_NOT_READ = {
    "not_permitted": "subscriptions could not be read: the workers' key may not read them",
    "not_asked": "subscriptions were not read: the worker is of an earlier version",
}
_SHOWN = 10


@click.command()
@click.argument("customer", metavar="CUSTOMER")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(customer: str, as_json: bool) -> int:
    """Show which card CUSTOMER is charged now, and why: what set it, what waits.

    The customer is read at Stripe through a worker. Its commands are the newest 50 that ended, as
    long as their statuses are kept, and up to 100 that have not ended.
    """
    from producer.cli import environment
    from producer.cli.output import show_json
    from producer.contract import parse_customer
    from producer.explain.customer import explain as explained
    from producer.explain.json_types import explanation_wire
    from producer.journal import workers_seen
    from producer.journal.commands.stripe_events import events_of
    from producer.journal.operations.customers import customer_record
    from producer.migrations.plan.customer_reads import CustomerRead, read_now
    from producer.settings import signing_config

    name = parse_customer(customer)
    signing = signing_config(environment.environ())
    with environment.journal() as journal:
        if journal(workers_seen(_WORKER_SEEN_S)):
            read = read_now(journal, name, within_s=_WITHIN_S, signing=signing)
        else:
            read = CustomerRead(name, "no_worker")
        events = journal(events_of(name))
        found = explained(journal(customer_record(name)), read, events)
    if as_json:
        show_json(explanation_wire(found))
    else:
        _show(found)
    return Exit.DONE if not read.code else Exit.NOT_DONE


def _show(found: Explanation) -> None:
    from producer.cli.output import show
    from producer.migrations.input.values.display_text import visible

    lines: list[Line] = [("customer", found.record.customer)]
    if found.read is not None and found.read.code:
        lines.append(("not read", f"{found.read.code}: what Stripe has now is unknown"))
    else:
        invoiced = found.invoiced
        lines.append(("invoices", invoiced.card if invoiced else "no card: none is set"))
        lines += _subscriptions(found)
    for slot in found.slots:
        lines += _slot(slot)
    for at, one in enumerate(found.record.unended):
        lines.append(("waiting" if at == 0 else " ", f"{_brief(one)}, for {found.wait(at).value}"))
    for at, one in enumerate(found.record.ended[:_SHOWN]):
        lines.append(("ended" if at == 0 else " ", _brief(one)))
    if len(found.record.ended) > _SHOWN:
        lines.append((" ", f"and {len(found.record.ended) - _SHOWN} more: --json has all"))
    for at, event in enumerate(found.events[:_SHOWN]):
        by = f"{event.changed_by.value} {event.command_id}".strip()
        text = f"{event.type} {event.object} at {event.at:%Y-%m-%d %H:%M:%SZ}, by {by}"
        if event.read_at:
            text += (
                f"; the event does not say what changed, GET {event.read_at} has the present state"
            )
        lines.append(("Stripe events" if at == 0 else " ", text))
    show([(label, visible(str(text))) for label, text in lines])


def _subscriptions(found: Explanation) -> list[Line]:
    own = found.read.subscriptions if found.read else None
    if own is None:
        why = found.read.subscriptions_not_read if found.read else "not_asked"
        reason = _NOT_READ.get(why, f"subscriptions could not be read: {why}")
        return [(" ", f"{_OWN_DEFAULT}; {reason}")]
    if not own:
        return [(" ", f"{_OWN_DEFAULT}; none is")]
    return [
        (" ", f"but invoices of {one.subscription} are charged to {one.card}, its {one.slot}")
        for one in own
    ]


def _slot(slot: SlotNow) -> list[Line]:
    from producer.explain.customer import Origin

    by = _by(slot.command) if slot.command else ""
    cause = {
        Origin.COMMAND: f"set by {by}",
        Origin.FIRST_CARD: f"Stripe made it the default when {by} attached it, the first card",
        Origin.ELSEWHERE: "changed elsewhere"
        + (f" since {by} set {slot.command.card}" if slot.command else ""),
        Origin.NOT_KNOWN: "set by no command still known; a migration's report has its rows",
        Origin.EMPTY: "",
        Origin.NOT_READ: f"last set by {by} to {slot.command.card}" if slot.command else "",
    }[slot.origin]
    card = "" if slot.origin is Origin.NOT_READ else (slot.card or "none")
    lines: list[Line] = [(slot.slot.value, ", ".join(part for part in (card, cause) if part))]
    if slot.origin is not Origin.NOT_READ:
        lines += [("", f"shadowed: {shadow}") for shadow in slot.shadowed_by]
    return lines


def _by(one: CommandSummary) -> str:
    when = f" at {one.finished_at:%Y-%m-%d %H:%M:%SZ}" if one.finished_at else ""
    return f"{one.id} of {_who(one)}{when}"


def _who(one: CommandSummary) -> str:
    if one.migration:
        return f"migration {one.migration}"
    return one.sender or "a sender without a name"


def _brief(one: CommandSummary) -> str:
    parts = [one.id, one.command, one.card, one.state, one.code if one.code != one.state else ""]
    text = " ".join(part for part in parts if part)
    if one.superseded_by:
        text += f" by {one.superseded_by}"
    return f"{text}, of {_who(one)}"
