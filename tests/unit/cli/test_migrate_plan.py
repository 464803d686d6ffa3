"""`cards migrate plan` shows what a run of a file would do, to people and to programs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from producer.cli.app import run
from producer.cli.exits import Exit
from producer.cli.migrate.plan_output import span
from tests.unit.migrations.shapes import Table, as_csv, as_xlsx, zipped

GOOD = "userId,default_source\ncus_1,card_1\ncus_2,card_2\ncus_2,card_3\ncus_2,card_3\n"
NUMBER = "4242424242424242"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARDS_MIGRATIONS_DIR", raising=False)


def _write(text: str) -> str:
    Path("cards.csv").write_text(text)
    return "cards.csv"


def test_a_good_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows, requests, times, and a verdict at the end; exit code 0."""
    assert run(["migrate", "plan", _write(GOOD), "--rps", "0.001"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == "Every row can be sent."
    for expected in (
        "3 SetDefaultCard",
        "1 customer has rows that set different defaults",
        "1 repeat the customer's previous row",
        "3 GET /v1/customers/:id",
        "50 min at 0.001 rows a second, as asked",
    ):
        assert expected in shown


def test_the_files_format_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Form, packing, separator, encoding and line ends; for a workbook the sheet and its rows."""
    table = Table(
        ("userId", "default_source", "name"), (("cus_1", "card_1", "Zoë"), ("1", "card_2", ""))
    )
    text = as_csv(table, ";", ("\r\n",), "cp1252", first="sep=;\r\n")
    Path("cards.zip").write_bytes(zipped(text, "cards.csv"))
    assert run(["migrate", "plan", "cards.zip"]) == Exit.NOT_DONE
    shown = capsys.readouterr().out
    assert "cards.zip (CSV, cards.csv in a zip archive)" in shown
    read_as = (
        "columns separated by semicolons, as the first line says, Windows-1252, lines ending in"
    )
    assert f"{read_as} CRLF" in shown
    assert "line 4, column userId" in shown
    Path("cards.xlsx").write_bytes(as_xlsx(table, above=2))
    assert run(["migrate", "plan", "cards.xlsx", "--sheet", "CARDS"]) == Exit.NOT_DONE
    shown = capsys.readouterr().out
    assert "cards.xlsx (Excel workbook)" in shown
    assert "sheet 'Cards', one of 2" in shown
    assert "row 5, column userId" in shown
    assert run(["migrate", "plan", "cards.xlsx", "--json"]) == Exit.NOT_DONE
    output = json.loads(capsys.readouterr().out)["format"]
    assert (output["sheet"], output["sheets"], output["encoding"]) == ("Cards", 2, None)


def test_the_limits_in_the_settings_are_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the account's limits were raised, its own time is shown; a wrong setting is named."""
    monkeypatch.setenv("CARDS_STRIPE_RPS", "2")
    assert run(["migrate", "plan", _write(GOOD)]) == Exit.DONE
    assert "3 s at the limits that are set" in capsys.readouterr().out
    monkeypatch.setenv("CARDS_STRIPE_RPS", "many")
    assert run(["migrate", "plan", _write(GOOD)]) == Exit.NOT_DONE
    assert "CARDS_STRIPE_RPS" in capsys.readouterr().err


def test_invalid_rows_are_shown_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """By code, with line and column; exit code 1; and --errors writes them all."""
    text = GOOD + "".join(f"{n},card_1\n" for n in range(10, 17)) + f"cus_1,{NUMBER}\n"
    assert run(["migrate", "plan", _write(text), "--errors", "errors.csv"]) == Exit.NOT_DONE
    shown = capsys.readouterr().out
    assert "7 parameter_invalid: " in shown
    assert "line 6, column userId: userId is not valid: it must start with cus_" in shown
    assert "line 10" not in shown
    assert shown.splitlines()[-1].startswith("8 rows are invalid and would not be sent")
    assert len(Path("errors.csv").read_text().splitlines()) == 9
    assert NUMBER not in shown + Path("errors.csv").read_text()


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the plan as one value, with the id that a run of it will have."""
    _write(GOOD)
    ids = set()
    for more in ([], ["--blind"], ["--skip-if-newer"]):
        assert run(["migrate", "plan", "cards.csv", "--json", *more]) == Exit.DONE
        output = json.loads(capsys.readouterr().out)
        assert (output["rows"], output["toSend"], output["repeated"], output["invalid"]) == (
            4,
            3,
            1,
            0,
        )
        assert output["reads"] == (0 if more == ["--blind"] else 3)
        ids.add(output["migration"])
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("text", "more", "code"),
    [
        ("userId,source,cvc\ncus_1,tok_1,1\n", [], "card_data_column"),
        ("userId,ticket\ncus_1,tok_1\n", [], "column_missing"),
        (GOOD, ["--map", "card=userId"], "unknown_field"),
        (GOOD, ["--map", "userId"], "usage"),
        (GOOD, ["--command", "Assign"], "usage"),
        (GOOD, ["--rps", "0"], "usage"),
        (GOOD, ["--blind", "--only-if-default-is", "userId"], "usage"),
    ],
)
def test_refused_files_and_wrong_usage(
    text: str, more: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both exit with 2 and print one line, or an envelope for programs."""
    assert run(["migrate", "plan", _write(text), *more]) == Exit.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("cards: ")
    assert shown.err.count("\n") == 1
    assert run(["migrate", "plan", "cards.csv", "--json", *more]) == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["code"] == code


def test_standard_input_is_planned_and_no_copy_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its plan is of the same migration as the file's, and leaves no copy."""
    run(["migrate", "plan", _write(GOOD), "--json"])
    of_file = json.loads(capsys.readouterr().out)
    stdin = SimpleNamespace(buffer=io.BytesIO(GOOD.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert run(["migrate", "plan", "-", "--json"]) == Exit.DONE
    of_stdin = json.loads(capsys.readouterr().out)
    assert of_stdin == {**of_file, "file": "standard input"}
    assert [path.name for path in Path().iterdir()] == ["cards.csv"]


def test_it_shows_how_columns_were_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns by other names, results of CVC checks, trimmed values and skipped rows."""
    text = (
        "Customer ID,Default Source,Card CVC Status\n"
        "\u00a0cus_1,card_1,pass\ncus_2,ba_1,\n,,\ncus_3, pm_3 ,fail\n"
    )
    assert run(["migrate", "plan", _write(text)]) == Exit.DONE
    shown = capsys.readouterr().out
    for expected in (
        "column 'Customer ID' was taken as customer (userId)",
        "column 'Default Source' was taken as card to make the default (default_source)",
        "column 'Card CVC Status' was taken as outcomes of CVC checks: not used",
        "2 values trimmed",
        "1 default_source, 1 invoice_settings.default_payment_method",
        "2 with nothing to send",
        "1 bank_account: nothing",
        "line 3, column Default Source: a bank account, not a card",
        "1 blank_row: nothing",
    ):
        assert expected in shown
    assert shown.splitlines()[-1] == "Every other row can be sent."
    assert run(["migrate", "plan", "cards.csv", "--json"]) == Exit.DONE
    output = json.loads(capsys.readouterr().out)
    assert {"column": "Customer ID", "field": "userId"} in output["taken"]
    assert output["skipped"] == {"bank_account": 1, "blank_row": 1}
    assert (output["trimmedValues"], output["invalid"]) == (2, 0)
    assert output["cvcCheckColumns"] == ["Card CVC Status"]
    assert output["slots"] == {"default_source": 1, "default_payment_method": 1}


def test_an_ambiguous_column_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """If two columns fit, it exits with 2 and shows the option to add; with that, with 0."""
    text = "customer,Card ID,payment_method\ncus_1,card_1,pm_1\n"
    assert run(["migrate", "plan", _write(text)]) == Exit.USAGE
    assert "--map default_source='Card ID'" in capsys.readouterr().err
    assert run(["migrate", "plan", "cards.csv", "--map", "default_source=Card ID"]) == Exit.DONE


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", "Nothing to do: the file has no rows."),
        ("cus_1,ba_1,cus_1,ba_2\n", "Nothing to do: no row has anything to send."),
    ],
)
def test_nothing_to_do(rows: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy in which nothing could be copied gives an empty plan and exit code 0."""
    head = "customer_id_old,source_id_old,customer_id_new,source_id_new\n"
    assert run(["migrate", "plan", _write(head + rows)]) == Exit.DONE
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "under 1 s"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (40_000, "11 h 6 min"),
        (86_460, "1 d"),
    ],
)
def test_times_for_people(seconds: float, expected: str) -> None:
    """At most two units, and none that is zero."""
    assert span(seconds) == expected


@pytest.mark.parametrize("language", ["", "es", "en"])
def test_errors_about_files_are_in_english(
    language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Like the rest of the command line, whatever the language of refused orders."""
    monkeypatch.setenv("CARDS_LANGUAGE", language)
    assert run(["migrate", "plan", _write("a,b\n1,2\n")]) == Exit.USAGE
    assert "no column is userId; the file has a, b" in capsys.readouterr().err
    assert run(["migrate", "plan", "nowhere.csv", "--json"]) == Exit.USAGE
    output = json.loads(capsys.readouterr().out)
    assert output["message"] == "cannot read it: No such file or directory"
