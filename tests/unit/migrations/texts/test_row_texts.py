"""Messages about single rows follow the envelopes' language everywhere."""

from __future__ import annotations

import ast
import csv
import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import producer.migrations
from producer.contract.messages import Text
from producer.migrations.input.values.broken_ids import _SPREADSHEET
from producer.migrations.model.rows import RowState
from producer.migrations.plan.customer_reads import CustomerRead
from producer.migrations.plan.plan import make_plan
from producer.migrations.plan.repairs import LeftAlone, decide
from producer.migrations.plan.unsent_texts import TEXTS
from producer.migrations.report.errors_file import write_bad_rows, write_errors
from producer.migrations.report.rows_report import write_csv
from producer.migrations.results.results_file import Results
from producer.migrations.results.row_outcomes import RowOutcomes
from producer.migrations.texts.row_texts import in_language, plan_in, where
from tests.unit.migrations.files import mapped

_FILE = "userId,default_source\nkus_1,card_1\ncus_2\ncus_3," + "x" * 256 + "\n"


def _row_messages() -> Iterator[tuple[str, str]]:
    """Each message of a `Fault`, with 7 for values, and its file."""
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


def test_every_fault_has_a_spanish_message() -> None:
    """`row_texts.py` has a Spanish text for each message of a `Fault`."""
    found = list(_row_messages())
    assert len(found) >= 15
    lacking = [one for one in found if in_language(one[0], "es") == one[0]]
    assert lacking == []


def test_unsent_rows_and_unrepaired_customers_have_spanish_messages() -> None:
    """Messages outside of `Fault` are translated too, but not a card's details."""
    for template in TEXTS.values():
        text = template.format(cards=3)
        assert in_language(text, "es") != text
        with_details = in_language(f"Visa 4242 12/2030: {text}", "es")
        assert with_details == f"Visa 4242 12/2030: {in_language(text, 'es')}"
    today = date(2026, 11, 28)
    reads = (
        CustomerRead("cus_1", "resource_missing"),
        CustomerRead("cus_1", default_source="card_1", attached=()),
        CustomerRead("cus_1", attached=()),
    )
    for read in reads:
        left = decide(read, today)
        assert isinstance(left, LeftAlone)
        assert in_language(left.message, "es") != left.message


def test_values_are_kept() -> None:
    """Values are kept in translations, also of the contract's; Stripe's texts stay unchanged."""
    prefixed = Text.WRONG_PREFIX.say("en", field="userId", prefixes="cus_")
    assert in_language(prefixed, "es") == "userId no es válido: debe empezar por cus_"
    assert in_language(prefixed, "en") == prefixed
    assert in_language("the value has more than 255 characters", "es").endswith("255 caracteres")
    assert in_language("No such customer: 'cus_1'", "es") == "No such customer: 'cus_1'"
    assert in_language("", "es") == ""
    assert (where(7, "id", "es"), where(7, "", "en")) == ("línea 7, columna id", "line 7")


def test_plan_report_and_errors_file_in_both_languages(tmp_path: Path) -> None:
    """The same rows in Spanish and in English, in every output."""
    source, mapping = mapped(tmp_path, _FILE)
    with make_plan(source, mapping) as plan:
        plan_es = plan_in(plan.wire(), "es")
        assert plan_in(plan.wire(), "en")["examples"] == plan.wire()["examples"]
    (prefix,) = plan_es["examples"]["parameter_invalid"]
    assert prefix["what"] == "userId no es válido: debe empezar por cus_"
    assert "corrija la fila" in prefix["todo"]
    results = Results(tmp_path / "none.sqlite", readonly=True)
    outcomes = RowOutcomes(
        plan.id, source, mapping, 3, lambda _: RowState.INVALID, results, language="es"
    )
    write_csv(outcomes, tmp_path / "report.csv")
    messages = [row["message"] for row in csv.DictReader((tmp_path / "report.csv").open())]
    assert messages == [
        "userId no es válido: debe empezar por cus_",
        "la fila tiene menos campos que el encabezado",
        "el valor tiene más de 255 caracteres",
    ]
    write_errors(outcomes, tmp_path / "errors.csv")
    write_bad_rows(source, mapping, tmp_path / "bad.csv", "es")
    assert (tmp_path / "bad.csv").read_text("utf-8") == (tmp_path / "errors.csv").read_text("utf-8")
    errors = [row["message"] for row in csv.DictReader((tmp_path / "errors.csv").open())]
    assert errors[0] == f"línea 2, columna userId: {messages[0]}"
    write_csv(dataclasses.replace(outcomes, language="en"), tmp_path / "report.csv")
    english = next(csv.DictReader((tmp_path / "report.csv").open()))
    assert english["message"] == "userId is not valid: it must start with cus_"


def test_spreadsheet_damage_has_spanish_messages() -> None:
    """These messages are in a table, not in a `Fault`."""
    assert len(_SPREADSHEET) == 6
    for _, what in _SPREADSHEET:
        assert in_language(what, "es") != what
