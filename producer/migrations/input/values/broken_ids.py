"""Recognises ids that spreadsheets or copying have damaged."""

from __future__ import annotations

import re
from typing import Any

from producer.migrations.input.values.trimming import hidden_within
from producer.migrations.model.records import Fault

SPREADSHEET, CASE, HIDDEN = "spreadsheet_damage", "id_case", "hidden_character"
_DIGITS_KEPT = 15  # significant digits of a spreadsheet's number, IEEE 754
_SPREADSHEET = (
    (
        re.compile(r"[+-]?\d+(?:[.,]\d*)?\s?[eE]\s?[+-]?\d+"),
        "a number in scientific notation: a spreadsheet has taken the id for a number",
    ),
    (
        re.compile(r"\d{15}0+(?:[.,]0+)?"),
        "a number cut to 15 digits: a spreadsheet has taken the id for a number",
    ),
    (
        re.compile(r"#(?:[A-ZÁÉÍÓÚÑ¡¿0-9/_ ]+[!?]?|#+)", re.I),
        "an error of a spreadsheet, such as #NAME? or #####, in the id's place",
    ),
    (re.compile(r"[=@].*|\+[^\W\d_].*", re.S), "a formula of a spreadsheet in the id's place"),
    (re.compile(r"['\u2018\u2019`].*", re.S), "an apostrophe before the id, as spreadsheets write"),
    (
        re.compile(
            r"(?:\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d{1,2}[-/ ][^\W\d_]{3,4}\.?(?:[-/ ]\d{2,4})?"
            r"|[^\W\d_]{3,4}[-/ ]\d{2,4})(?:[T ]\d{1,2}:\d{2}.*)?"
        ),
        "a date: a spreadsheet has taken the id for one",
    ),
)
_ID = re.compile(r"(cus|card|pm|src|ba|tok)_", re.I)


def damage(value: Any, column: str) -> Fault | None:
    """The damage to a trimmed value that is no valid id; None if it is unknown.

    The fault repeats no part of the value.
    """
    if isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**_DIGITS_KEPT
    ):
        what = "a number, not a text: a spreadsheet has taken the id for a number"
        return Fault(SPREADSHEET, what, column)
    if not isinstance(value, str):
        return None
    hidden = hidden_within(value)
    if hidden is not None and _ID.match(value):
        return Fault(HIDDEN, f"within the id stands {hidden}", column)
    for pattern, what in _SPREADSHEET:
        if pattern.fullmatch(value):
            return Fault(SPREADSHEET, what, column)
    prefix = _ID.match(value)
    if prefix is not None and prefix[1] != prefix[1].lower():
        what = "the id's letters have lost their case: it begins with capitals"
        return Fault(CASE, what, column)
    return None
