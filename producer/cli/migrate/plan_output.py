"""How a plan is shown to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from producer.cli.output import Line, show
from producer.contract import Slot
from producer.contract.texts import Say
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.files.format_texts import form_words, reading_words
from producer.migrations.model.fields import COMMAND, DEFAULT, SOURCE, USER
from producer.migrations.plan.estimate import (
    LIVE,
    READS_PER_TRANSACTION,
    TEST,
    Limits,
    kept_bytes,
    seconds,
    transactions_for,
)
from producer.migrations.plan.plan import Plan
from producer.migrations.texts.codes import todo
from producer.settings import Keeping

_MB = 1_000_000
_MEANS = {
    USER: "customer",
    SOURCE: "card to attach",
    DEFAULT: "card to make the default",
    COMMAND: "command",
}
_SLOTS = {
    Slot.DEFAULT_SOURCE: "default_source",
    Slot.DEFAULT_PAYMENT_METHOD: "invoice_settings.default_payment_method",
}


def present(
    plan: Plan,
    *,
    rps: float | None = None,
    limits: Limits | None = None,
    present_rate: float | None = None,
    more: Iterable[Line] = (),
    errors: Path | None = None,
) -> None:
    """Print the plan, with a verdict at the end.

    `limits` are those of the settings; `present_rate` is the rows a second that runs reach now;
    `more` are lines about what is done already and what a sample at Stripe shows.
    """
    show([*_lines(plan), *_times(plan, rps, limits, present_rate), *more])
    _show_codes("invalid rows, by code", plan, plan.codes)
    _show_codes("ambiguous rows, by code", plan, plan.ambiguous)
    _show_codes("skipped rows, by code", plan, plan.skipped)
    click.echo(f"\n{_verdict(plan, errors)}")


def span(seconds_: float) -> str:
    """A duration for people, in at most two units."""
    return "under 1 s" if seconds_ < 1 else Say("en").span(seconds_)


def _show_codes(title: str, plan: Plan, codes: Mapping[str, int]) -> None:
    if not codes:
        return
    click.echo(f"\n{title}")
    where = "row" if plan.source.format.form.counts_rows else "line"
    for code, count in codes.items():
        click.echo(f"  {count:,} {code}: {todo(code)}")
        for bad in plan.examples.get(code, ()):
            column = f", column {shown(bad.column)}" if bad.column else ""
            click.echo(f"      {where} {bad.line:,}{column}: {bad.what}")


def _lines(plan: Plan) -> Iterator[Line]:
    format_ = plan.source.format
    yield "file", f"{plan.source.name} ({form_words(format_)})"
    if read_as := ", ".join(reading_words(format_)):
        yield "read as", read_as
    yield "migration", plan.id
    fields = plan.mapping.fields
    yield "columns", ", ".join(f"{f} = {shown(column)}" for f, column in fields.items())
    yield from _taken(plan)
    yield "rows", f"{plan.rows:,}"
    if plan.mapping.repairs:
        yield "to repair", f"{plan.to_send:,} customers: one without a default, with exactly one"
        yield (
            "",
            "card that Stripe would charge, gets it; the others are listed, and left as they are",
        )
    else:
        kinds = ", ".join(f"{count:,} {kind.value}" for kind, count in plan.commands.items())
        yield "to send", kinds or "0"
        yield from _slots(plan)
    yield "invalid", f"{plan.invalid:,}"
    if plan.ambiguous:
        whose = "1 customer" if plan.undecided == 1 else f"{plan.undecided:,} customers"
        yield "ambiguous", f"{sum(plan.ambiguous.values()):,} rows of {whose}; not sent"
    if skipped := sum(plan.skipped.values()):
        yield "skipped", f"{skipped:,} with nothing to send: see below"
    if trimmed := plan.notes.trimmed:
        what = "1 value" if trimmed == 1 else f"{trimmed:,} values"
        yield "trimmed", f"{what} trimmed: spaces or invisible characters around it"
    if plan.repeated:
        yield "repeated", f"{plan.repeated:,} repeat the customer's previous row; not sent"
    if plan.contradicted:
        many = plan.contradicted
        whose = "1 customer has" if many == 1 else f"{many:,} customers have"
        yield "contradictions", f"{whose} rows that set different defaults: the last one applies"
    yield "customers", f"{plan.customers:,}"


def _taken(plan: Plan) -> Iterator[Line]:
    label = "taken"
    for field in plan.mapping.taken:
        column = shown(plan.mapping.fields[field])
        yield label, f"column '{column}' was taken as {_MEANS[field]} ({field})"
        label = ""
    if plan.mapping.objects:
        what = "cards and payment methods with their customers, customers with their defaults"
        yield label, f"the records were taken as Stripe's objects: {what}"
        label = ""
    for column in plan.checks:
        what = "was taken as outcomes of CVC checks: not used"
        yield label, f"column '{shown(column)}' {what}"
        label = ""


def _slots(plan: Plan) -> Iterator[Line]:
    """Which default is set, where both are possible."""
    if len(plan.slots) > 1 or (plan.slots and plan.mapping.objects):
        counts = (f"{n:,} {_SLOTS[slot]}" for slot, n in sorted(plan.slots.items(), reverse=True))
        yield "sets", ", ".join(counts)
    if both := plan.notes.both_defaults:
        who = "1 customer has" if both == 1 else f"{both:,} customers have"
        method = _SLOTS[Slot.DEFAULT_PAYMENT_METHOD]
        yield "", f"{who} another default_source besides: {method} comes first"


def _times(
    plan: Plan, rps: float | None, limits: Limits | None, present_rate: float | None
) -> Iterator[Line]:
    label = "requests"
    for endpoint, count in plan.requests.items():
        most = "at most " if plan.mapping.repairs else ""
        yield label, f"{most}{count:,} {endpoint.value}"
        label = ""
    if needed := transactions_for(plan.reads):
        what = f"Stripe allows {READS_PER_TRANSACTION} for each payment in 30 days, so they use up"
        yield "reads", f"{what} the allowance of {needed:,} payments; --blind saves them"
    if not plan.to_send:
        return
    at_limits = (("live", LIVE), ("test", TEST))
    times = ", ".join(f"{span(seconds(plan.requests, one))} {mode}" for mode, one in at_limits)
    yield "takes", f"{times}, if the limits of the account (100/s, 25/s) are not raised"
    if limits is not None:
        yield "", f"{span(seconds(plan.requests, limits))} at the limits that are set"
    for rate, what in ((rps, "as asked"), (present_rate, "as at present")):
        if rate:
            yield "", f"{span(plan.to_send / rate)} at {rate:,.6g} rows a second, {what}"


def keeping_line(plan: Plan, keeping: Keeping) -> Line:
    """What Redis will keep of the rows, for reports on other machines."""
    if not keeping.most:
        return "kept in Redis", "nothing of single rows: reports are whole only where it is run"
    size, most = _megabytes(kept_bytes(plan.requests)), _megabytes(keeping.most)
    days = f"until {keeping.days:,} days after the end"
    if kept_bytes(plan.requests) > keeping.most:
        return (
            "kept in Redis",
            f"{most} of {size}, {days}: CARDS_MIGRATION_RESULTS_MB allows no more",
        )
    return "kept in Redis", f"{size} for reports on other machines, {days}"


def _megabytes(count: int) -> str:
    return f"about {count / _MB:,.1f} MB" if count >= _MB / 10 else "under 0.1 MB"


def _verdict(plan: Plan, errors: Path | None) -> str:
    if not plan.rows:
        return "Nothing to do: the file has no rows."
    ambiguous = sum(plan.ambiguous.values())
    if not plan.invalid and not ambiguous:
        if not plan.to_send:
            return "Nothing to do: no row has anything to send."
        return "Every other row can be sent." if plan.skipped else "Every row can be sent."
    problems = []
    if plan.invalid:
        where = f"; they are in {errors}" if errors else " (--errors FILE writes them to a file)"
        sent = " and would not be sent" if plan.to_send else ""
        problems.append(f"{_are(plan.invalid)} invalid{sent}{where}.")
    if ambiguous:
        sent = " and would not be sent" if plan.to_send else ""
        problems.append(
            f"{_are(ambiguous)} ambiguous{sent} (--undecided FILE writes their customers to a "
            f"file, for a person to choose)."
        )
    if not plan.to_send:
        return f"Nothing can be sent: {' '.join(problems)}"
    return " ".join([*problems, "The rest can be run."])


def _are(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"
