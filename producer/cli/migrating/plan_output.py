"""How a plan is shown to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from producer.cli.output import Line, show
from producer.migrations.codes import todo
from producer.migrations.estimate import (
    LIVE,
    READS_PER_TRANSACTION,
    TEST,
    Limits,
    seconds,
    transactions_for,
)
from producer.migrations.format_words import form_words, reading_words
from producer.migrations.plan import Plan


def present(
    plan: Plan,
    *,
    rps: float | None = None,
    limits: Limits | None = None,
    present_rate: float | None = None,
    more: Iterable[Line] = (),
    errors: Path | None = None,
) -> None:
    """Print it, with a verdict at the end.

    `limits` are those of the settings, `present_rate` the rows a second that a run is known to
    reach now, `more` what others know of the migration: what is done already, what a look at Stripe
    found.
    """
    show([*_lines(plan), *_times(plan, rps, limits, present_rate), *more])
    where = "row" if plan.source.format.form.counts_rows else "line"
    if plan.codes:
        click.echo("\ninvalid rows, by code")
        for code, count in plan.codes.items():
            click.echo(f"  {count:,} {code}: {todo(code)}")
            for bad in plan.examples[code]:
                column = f", column {bad.column}" if bad.column else ""
                click.echo(f"      {where} {bad.line:,}{column}: {bad.what}")
    click.echo(f"\n{_verdict(plan, errors)}")


def span(seconds_: float) -> str:
    """A time for people, in two units at most."""
    if seconds_ < 1:
        return "under 1 s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts: list[str] = []
    rest = round(seconds_)
    for name, size in units:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def _lines(plan: Plan) -> Iterator[Line]:
    format_ = plan.source.format
    yield "file", f"{plan.source.name} ({form_words(format_)})"
    if read_as := ", ".join(reading_words(format_)):
        yield "read as", read_as
    yield "migration", plan.id
    yield "columns", ", ".join(f"{f} = {column}" for f, column in plan.mapping.fields.items())
    yield "rows", f"{plan.rows:,}"
    kinds = ", ".join(f"{count:,} {kind.value}" for kind, count in plan.commands.items())
    yield "to send", kinds or "0"
    yield "invalid", f"{plan.invalid:,}"
    if plan.repeated:
        yield "repeated", f"{plan.repeated:,} say what the customer's row before says; not sent"
    if plan.contradicted:
        many = plan.contradicted
        whose = "1 customer has" if many == 1 else f"{many:,} customers have"
        yield "contradictions", f"{whose} rows that set different defaults: the last one stands"
    yield "customers", f"{plan.customers:,}"


def _times(
    plan: Plan, rps: float | None, limits: Limits | None, present_rate: float | None
) -> Iterator[Line]:
    label = "requests"
    for endpoint, count in plan.requests.items():
        yield label, f"{count:,} {endpoint.value}"
        label = ""
    if needed := transactions_for(plan.reads):
        what = f"Stripe allows {READS_PER_TRANSACTION} for each payment in 30 days, so they use up"
        yield "reads", f"{what} the allowance of {needed:,} payments; --blind saves them"
    if not plan.to_send:
        return
    at_limits = (("live", LIVE), ("test", TEST))
    told = ", ".join(f"{span(seconds(plan.requests, one))} {mode}" for mode, one in at_limits)
    yield "takes", f"{told}, if the limits of the account (100/s, 25/s) are not raised"
    if limits is not None:
        yield "", f"{span(seconds(plan.requests, limits))} at the limits that are set"
    for rate, what in ((rps, "as asked"), (present_rate, "as at present")):
        if rate:
            yield "", f"{span(plan.to_send / rate)} at {rate:,.6g} rows a second, {what}"


def _verdict(plan: Plan, errors: Path | None) -> str:
    if not plan.rows:
        return "There are no rows."
    if not plan.invalid:
        return "Every row can be sent."
    some = "1 row is" if plan.invalid == 1 else f"{plan.invalid:,} rows are"
    where = f"; they are in {errors}" if errors else " (--errors FILE writes them to a file)"
    if not plan.to_send:
        return f"Nothing can be sent: {some} invalid{where}."
    return f"{some} invalid and would not be sent{where}. The rest can be run."
