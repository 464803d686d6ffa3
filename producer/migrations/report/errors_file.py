"""`errors.csv`: rows that were not applied, in a form that `cards migrate run` accepts."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from producer.contract.card_data.card_numbers import find_card_data
from producer.contract.card_data.redaction import redact
from producer.contract.texts import Language
from producer.migrations.input.columns.columns import FIELDS, Mapping
from producer.migrations.input.columns.field_values import FieldValues
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.records import Fault
from producer.migrations.model.rows import BadRow, Row, RowResult, RowState
from producer.migrations.report.csv_cells import cells
from producer.migrations.report.rows_report import written_whole
from producer.migrations.results.row_outcomes import RowOutcomes
from producer.migrations.texts.row_texts import in_language, where

EXPECTED = "only_if_default_is"
WHY = ("state", "code", "message")
# Not superseded rows, which would overwrite newer defaults, nor rows still in progress.
WORTH_ANOTHER_RUN = frozenset(
    {
        RowState.DRIFTED,
        RowState.REJECTED,
        RowState.INVALID,
        RowState.CANCELLED,
        RowState.FAILED,
        RowState.UNKNOWN,
    }
)
_UNPRINTABLE = re.compile(r"[\x00\ud800-\udfff]")
_LONGEST = 300


def write_errors(
    outcomes: RowOutcomes, path: Path, *, states: frozenset[RowState] = WORTH_ANOTHER_RUN
) -> int:
    """Write the rows by the contract's field names, with state, code and message.

    Returns their number. Mode 0600: the file holds unredacted tokens. Values of rows that hold
    card data, or that cannot be read, are left out.

    Raises:
        SumsDiffer: input and ledger differ; then no file is left.
    """
    return _write(outcomes, outcomes.source, outcomes.mapping, path, states, outcomes.language)


def write_bad_rows(
    source: InputFile, mapping: Mapping, path: Path, language: Language = "en"
) -> int:
    """Write the rows that a plan finds invalid, before anything is sent."""

    def rows() -> Iterator[tuple[Row | BadRow, RowResult]]:
        for row in open_rows(source, mapping):
            state = row.state if isinstance(row, BadRow) else RowState.PENDING
            code, message = "", ""
            if isinstance(row, BadRow):
                code, message = row.code, in_language(row.what, language)
            yield row, RowResult(row.number, state, code, message)

    return _write(rows(), source, mapping, path, frozenset({RowState.INVALID}), language)


def _write(
    rows: Iterable[tuple[Row | BadRow, RowResult]],
    source: InputFile,
    mapping: Mapping,
    path: Path,
    states: frozenset[RowState],
    language: Language,
) -> int:
    values_of = FieldValues(mapping)
    names = [field for field in FIELDS if field in mapping.fields]
    expected = [EXPECTED] if mapping.expected is not None else []
    count = 0
    with written_whole(path) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*names, *expected, *WHY])
        records = source.records(values_of.wanted)
        for (row, result), (_, _, values) in zip(rows, records, strict=True):
            if result.state not in states:
                continue
            count += 1
            why = (result.state.word, result.code, _message(row, result, language))
            originals = _originals(values, values_of, names, expected=bool(expected))
            writer.writerow(cells([*originals, *why]))
    return count


def _originals(
    values: Sequence[Any] | Fault, values_of: FieldValues, names: Sequence[str], *, expected: bool
) -> list[str]:
    """The row's values; all are left out if one must be: the others could be misleading."""
    nothing = [""] * (len(names) + expected)
    if isinstance(values, Fault):
        return nothing
    read = values_of.read(values)
    if isinstance(read, Fault):
        return nothing
    texts = [_text(read.fields[name]) for name in names]
    texts += [_text(values[-1])] if expected else []
    if any(find_card_data(text) is not None for text in texts):
        return nothing
    return [_printable(text) for text in texts]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:_LONGEST]


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)


def _message(row: Row | BadRow, result: RowResult, language: Language) -> str:
    place = where(row.line, row.column if isinstance(row, BadRow) else "", language)
    return redact(f"{place}: {result.message}" if result.message else place)
