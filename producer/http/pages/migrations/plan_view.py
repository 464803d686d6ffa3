"""Renders a migration's plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from producer.http.pages.site.parts import prose
from producer.http.pages.texts.say import Say
from producer.http.pages.texts.uploads import Upload
from producer.migrations.input.files.format_texts import form_words, reading_words
from producer.migrations.input.files.formats import Format
from producer.migrations.input.values.display_text import visible
from producer.migrations.model.fields import COMMAND, DEFAULT, SOURCE, USER
from producer.migrations.texts.codes import todo
from producer.migrations.texts.row_texts import plan_in, where

Plan = Mapping[str, Any]
_SHOWN = 8  # codes of invalid rows
_MAX_VALUES = 12
# Fields that the page renders in words. Other fields of a plan are shown by their own names.
_KNOWN = frozenset(
    {
        "migration",
        "file",
        "form",
        "format",
        "digest",
        "mapping",
        "taken",
        "stripeObjects",
        "cvcCheckColumns",
        "trimmedValues",
        "slots",
        "rows",
        "toSend",
        "commands",
        "invalid",
        "skipped",
        "ambiguous",
        "undecidedCustomers",
        "undecided",
        "repairs",
        "repeated",
        "customers",
        "contradictedCustomers",
        "codes",
        "examples",
        "requests",
        "reads",
        "readsNeedTransactions",
        "seconds",
        "keptBytes",
        "wouldSend",
    }
)
_MEANS = {
    USER: Upload.USER,
    SOURCE: Upload.SOURCE,
    DEFAULT: Upload.DEFAULT,
    COMMAND: Upload.DONE_WITH_IT,
}
_SLOTS = {"default_payment_method": "invoice_settings.default_payment_method"}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def section(say: Say, plan: Plan, errors: str) -> str:
    """The whole plan. `errors` is a link to the file of rejected rows, as HTML."""
    plan = plan_in(plan, say.language)
    return (
        f"<section><h2>{escape(say(Upload.PLAN))}</h2>"
        f"<h3>{escape(say(Upload.TAKEN_AS))}</h3>{_pairs(_taken(say, plan))}"
        f"<h3>{escape(say(Upload.ROWS))}</h3>{_pairs(_rows(say, plan))}"
        f"{_invalid(say, plan, errors)}"
        f"<h3>{escape(say(Upload.COST))}</h3>{_pairs(_cost(say, plan))}</section>"
    )


def folded(say: Say, plan: Plan, errors: str) -> str:
    """The plan, collapsed, once there is progress to show."""
    return (
        f'<details class="plain-details"><summary>{escape(say(Upload.PLAN_BEFORE))}</summary>'
        f"{section(say, plan, errors)}</details>"
    )


def _taken(say: Say, plan: Plan) -> Iterator[tuple[str, str]]:
    form, reading = _format(say, plan)
    yield say(Upload.FILE), f"{_text(plan.get('file'))} ({escape(form)})"
    if reading:
        yield say(Upload.READ_AS), escape(", ".join(reading))
    yield say(Upload.COLUMNS), "<br>".join(_columns(say, plan))
    if slots := plan.get("slots"):
        names = (
            f"{say.figure(n)} <code>{_text(_SLOTS.get(s, s))}</code>" for s, n in slots.items()
        )
        yield say(Upload.SETS), ", ".join(names)
    if trimmed := plan.get("trimmedValues"):
        yield say(Upload.TRIMMED), f"{say.figure(trimmed)} {escape(say(Upload.TRIMMED_MEANS))}"
    for name, value in plan.items():
        if name not in _KNOWN and value not in (None, "", [], {}, False, 0):
            yield _named(name), _value(value)


def _format(say: Say, plan: Plan) -> tuple[str, tuple[str, ...]]:
    """The file's form and how it was read; a plan of an earlier version has only its form."""
    try:
        format_ = Format.of_wire(plan["format"])
    except (KeyError, ValueError, TypeError):
        return visible(str(plan.get("form") or "")), ()
    return form_words(format_, say.language), reading_words(format_, say.language)


def _columns(say: Say, plan: Plan) -> Iterator[str]:
    """The meaning of each used column, in words."""
    if plan.get("stripeObjects"):
        yield escape(say(Upload.OBJECTS))
    for field, column in (plan.get("mapping") or {}).items():
        if isinstance(column, str) and not plan.get("stripeObjects"):
            means = say(_MEANS[field]) if field in _MEANS else field
            sentence = say(Upload.COLUMN_IS, column="{column}", means=means)
            yield escape(sentence).replace("{column}", _text(column))
    for column in plan.get("cvcCheckColumns") or ():
        sentence = say(Upload.COLUMN_IS, column="{column}", means=say(Upload.CHECKS))
        yield escape(sentence).replace("{column}", _text(column))


def _rows(say: Say, plan: Plan) -> Iterator[tuple[str, str]]:
    def figure(name: str) -> str:
        return say.figure(plan.get(name) or 0)

    kinds = ", ".join(
        f"{say.figure(count)} {escape(visible(str(kind)))}"
        for kind, count in (plan.get("commands") or {}).items()
    )
    yield say(Upload.ROWS), figure("rows")
    if plan.get("repairs"):
        yield say(Upload.TO_REPAIR), f"{figure('toSend')} {escape(say(Upload.TO_REPAIR_MEANS))}"
    else:
        yield say(Upload.TO_SEND), kinds or "0"
    yield say(Upload.INVALID), figure("invalid")
    for name, word in (("ambiguous", Upload.AMBIGUOUS), ("skipped", Upload.SKIPPED)):
        if codes := plan.get(name):
            yield say(word), _by_code(say, codes)
    if plan.get("undecidedCustomers"):
        means = escape(say(Upload.UNDECIDED_MEANS))
        yield say(Upload.UNDECIDED), f"{figure('undecidedCustomers')} {means}"
    if plan.get("repeated"):
        yield say(Upload.REPEATED), f"{figure('repeated')} {escape(say(Upload.REPEATED_MEANS))}"
    if plan.get("contradictedCustomers"):
        means = escape(say(Upload.CONTRADICTED_MEANS))
        yield say(Upload.CONTRADICTED), f"{figure('contradictedCustomers')} {means}"
    yield say(Upload.CUSTOMERS), figure("customers")


def _cost(say: Say, plan: Plan) -> Iterator[tuple[str, str]]:
    requests = "<br>".join(
        f"{say.figure(count)} <code>{_text(endpoint)}</code>"
        for endpoint, count in (plan.get("requests") or {}).items()
    )
    yield say(Upload.REQUESTS), requests or "0"
    seconds = plan.get("seconds") or {}
    if plan.get("toSend") and {"live", "test"} <= seconds.keys():
        live, test = say.span(seconds["live"]), say.span(seconds["test"])
        yield say(Upload.TAKES), escape(say(Upload.TAKES_BOTH, live=live, test=test))
    if needed := plan.get("readsNeedTransactions"):
        yield say(Upload.READS), escape(say(Upload.READS_NEED, count=say.figure(needed)))
    if kept := plan.get("keptBytes"):
        size = say.figure(max(kept / 1_000_000, 0.1), 1)
        yield say(Upload.KEPT), escape(say(Upload.KEPT_MEANS, size=size))


def _invalid(say: Say, plan: Plan, errors: str) -> str:
    codes: Mapping[str, int] = plan.get("codes") or {}
    if not codes:
        return f"<p>{escape(say(Upload.NONE_INVALID))}</p>" if plan.get("toSend") else ""
    items = ""
    for code, count in list(codes.items())[:_SHOWN]:
        examples = plan["examples"].get(code, [])
        lines = "".join(
            f"<li>{_text(_place(say, row))}: {_text(row['what'])}</li>" for row in examples
        )
        if count > len(examples):
            more = say(Upload.AND_MORE, count=say.figure(count - len(examples)))
            lines += f"<li>{escape(more)}</li>"
        todo = examples[0]["todo"] if examples else ""
        items += (
            f"<li><b>{say.figure(count)}</b> <code>{_text(code)}</code>"
            f'<p>{prose(f"{todo[:1].upper()}{todo[1:]}.")}</p><ul class="lines">{lines}</ul></li>'
        )
    if len(codes) > _SHOWN:
        items += f"<li>{escape(say(Upload.AND_MORE, count=say.figure(len(codes) - _SHOWN)))}</li>"
    left_out = escape(say(Upload.INVALID_LEFT_OUT, errors="\0")).replace("\0", errors)
    return (
        f'<h3>{escape(say(Upload.FIRST_INVALID))}</h3><ul class="wrong">{items}</ul>'
        f'<p class="quiet small">{left_out}</p>'
    )


def _by_code(say: Say, codes: Mapping[str, int]) -> str:
    return "<br>".join(
        f"{say.figure(count)} <code>{_text(code)}</code>: {prose(todo(code, say.language))}"
        for code, count in codes.items()
    )


def _place(say: Say, row: Mapping[str, Any]) -> str:
    return where(row["line"], row["column"], say.language)


def _pairs(rows: Iterator[tuple[str, str]]) -> str:
    shown = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{html}</td></tr>' for name, html in rows
    )
    return f'<table class="pairs"><tbody>{shown}</tbody></table>'


def _value(value: Any) -> str:
    """Any value of a plan, as HTML."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(k)} = {_value(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        parts = [_value(one) for one in value[:_MAX_VALUES]]
        more = ["…"] if len(value) > _MAX_VALUES else []
        return "<br>".join(parts + more)
    return _text(value)


def _named(name: str) -> str:
    words = _CAPITAL.sub(" ", name).replace("_", " ").lower()
    return words[:1].upper() + words[1:]


def _text(value: Any) -> str:
    return escape(visible("" if value is None else str(value)))
