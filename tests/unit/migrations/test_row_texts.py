"""What is said of single rows speaks the language of envelopes, everywhere it is read."""

from __future__ import annotations

import ast
import csv
import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import producer.migrations
from producer.contract.messages import Text, say
from producer.migrations.input.values.broken_ids import _SPREADSHEET
from producer.migrations.model.rows import RowState
from producer.migrations.plan.customer_reads import CustomerRead
from producer.migrations.plan.plan import make_plan
from producer.migrations.plan.repairs import Left, decide
from producer.migrations.plan.unsent import _WORDS
from producer.migrations.report.errors_file import write_bad_rows, write_errors
from producer.migrations.report.rows_report import write_csv
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from producer.migrations.texts.row_texts import in_language, plan_in, where
from tests.unit.migrations.files import mapped

_FILE = "userId,default_source\nkus_1,card_1\ncus_2\ncus_3," + "x" * 256 + "\n"


def _said_of_rows() -> Iterator[tuple[str, str]]:
    """Each sentence of a `Fault`, where it stands, its values as 7."""
    for path in Path(producer.migrations.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        faults = [
            call.args[1]
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Fault"
            if len(call.args) > 1
        ]
        names = {one.id for one in faults if isinstance(one, ast.Name)}
        given = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and names & {getattr(t, "id", "") for t in node.targets}
        ]
        for one in (*faults, *given):
            if isinstance(one, ast.Constant):
                yield str(one.value), path.name
            elif isinstance(one, ast.JoinedStr):
                parts = [v.value if isinstance(v, ast.Constant) else "7" for v in one.values]
                yield "".join(map(str, parts)), path.name


def test_every_sentence_of_a_bad_row_has_a_spanish_one() -> None:
    """A new fault is said in both languages: `row_texts.py` has the Spanish."""
    found = list(_said_of_rows())
    assert len(found) >= 15
    lacking = [one for one in found if in_language(one[0], "es") == one[0]]
    assert lacking == []


def test_why_a_row_is_held_or_a_customer_left_is_said_in_spanish_too() -> None:
    """These stand in no `Fault` either; what is printed on the card stays as it is."""
    for words in _WORDS.values():
        told = words.format(cards=3)
        assert in_language(told, "es") != told
        faced = in_language(f"Visa 4242 12/2030: {told}", "es")
        assert faced == f"Visa 4242 12/2030: {in_language(told, 'es')}"
    today = date(2026, 11, 28)
    reads = (
        CustomerRead("cus_1", "resource_missing"),
        CustomerRead("cus_1", default_source="card_1", shown=()),
        CustomerRead("cus_1", shown=()),
    )
    for read in reads:
        left = decide(read, today)
        assert isinstance(left, Left)
        assert in_language(left.message, "es") != left.message


def test_values_come_through() -> None:
    """Of sentences with values, those of the contract too; a text of Stripe's stays as it is."""
    prefixed = say(Text.WRONG_PREFIX, "en", field="userId", prefixes="cus_")
    assert in_language(prefixed, "es") == "userId no es válido: debe empezar por cus_"
    assert in_language(prefixed, "en") == prefixed
    assert in_language("the value has more than 255 characters", "es").endswith("255 caracteres")
    assert in_language("No such customer: 'cus_1'", "es") == "No such customer: 'cus_1'"
    assert in_language("", "es") == ""
    assert (where(7, "id", "es"), where(7, "", "en")) == ("línea 7, columna id", "line 7")


def test_plan_report_and_errors_file_speak_it(tmp_path: Path) -> None:
    """The same rows in Spanish and in English, whatever they are written to."""
    source, mapping = mapped(tmp_path, _FILE)
    with make_plan(source, mapping) as plan:
        told = plan_in(plan.wire(), "es")
        assert plan_in(plan.wire(), "en")["examples"] == plan.wire()["examples"]
    (prefix,) = told["examples"]["parameter_invalid"]
    assert prefix["what"] == "userId no es válido: debe empezar por cus_"
    assert "corrija la fila" in prefix["todo"]
    results = Results(tmp_path / "none.sqlite", readonly=True)
    accounts = RowOutcomes(
        plan.id, source, mapping, 3, lambda _: RowState.INVALID, results, language="es"
    )
    write_csv(accounts, tmp_path / "report.csv")
    messages = [row["message"] for row in csv.DictReader((tmp_path / "report.csv").open())]
    assert messages == [
        "userId no es válido: debe empezar por cus_",
        "la fila tiene menos campos que el encabezado",
        "el valor tiene más de 255 caracteres",
    ]
    write_errors(accounts, tmp_path / "errors.csv")
    write_bad_rows(source, mapping, tmp_path / "bad.csv", "es")
    assert (tmp_path / "bad.csv").read_text("utf-8") == (tmp_path / "errors.csv").read_text("utf-8")
    errors = [row["message"] for row in csv.DictReader((tmp_path / "errors.csv").open())]
    assert errors[0] == f"línea 2, columna userId: {messages[0]}"
    write_csv(dataclasses.replace(accounts, language="en"), tmp_path / "report.csv")
    english = next(csv.DictReader((tmp_path / "report.csv").open()))
    assert english["message"] == "userId is not valid: it must start with cus_"


def test_what_a_spreadsheet_did_is_said_in_spanish_too() -> None:
    """These sentences stand in a table and not in a `Fault`."""
    assert len(_SPREADSHEET) == 6
    for _, what in _SPREADSHEET:
        assert in_language(what, "es") != what
