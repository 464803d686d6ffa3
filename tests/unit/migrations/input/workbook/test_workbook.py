"""Excel workbooks are read like a CSV file of the sheet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.conditions import Conditions
from producer.migrations.run.setup import Run, reopened
from tests.unit.migrations.files import CARD_NUMBER, by_line, read, written
from tests.unit.migrations.shapes import zipped

HEADER = ["userId", "default_source"]


def workbook(sheets: dict[str, list[Any]], **options: Any) -> bytes:
    """A workbook with these rows in its sheets."""
    out = io.BytesIO()
    given = {"in_memory": True, "default_date_format": "dd/mm/yyyy", **options}
    with xlsxwriter.Workbook(out, given) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return out.getvalue()


def changed(data: bytes, part: str, old: str, new: str) -> bytes:
    """The workbook with a text in one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", 8) as after:
        for info in before.infolist():
            text = before.read(info)
            if info.filename == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            after.writestr(info.filename, text)
    return out.getvalue()


def values(source: InputFile) -> list[Any]:
    """The values of all records."""
    return [list(found) for _, _, found in source.records(source.columns)]  # type: ignore[arg-type]


def test_cells_are_as_in_a_csv_file(tmp_path: Path) -> None:
    """Numbers have no needless fraction, dates are ISO 8601, errors are as displayed."""
    rows = [
        ["userId", "default_source", "number", "when"],
        ["cus_1", True, 1234567890123, datetime(2026, 11, 28, 13, 5, 9)],
        ["cus_2", None, 0.1, date(2026, 11, 28)],
        ["cus_3", "", -7, time(13, 5, 9)],
        ["cus_4", "x", 1e21, 0.5],
        [" cus_5 ", "=1+1", "007", "_x0041_"],
    ]
    source = written(tmp_path, workbook({"Cards": rows}))
    assert values(source) == [
        ["cus_1", "TRUE", "1234567890123", "2026-11-28T13:05:09"],
        ["cus_2", "", "0.1", "2026-11-28"],
        ["cus_3", "", "-7", "13:05:09"],
        ["cus_4", "x", "1e+21", "0.5"],
        [" cus_5 ", "0", "007", "_x0041_"],
    ]


def test_another_reader_reads_the_same(tmp_path: Path) -> None:
    """The widely used calamine reads the same texts at the same places."""
    rows: list[list[Any]] = [[*HEADER, "name"]]
    rows += [[f"cus_{n}", f"card_{n}" if n % 3 else "", f"Zoë\n{n} <&> \t"] for n in range(2_000)]
    data = workbook({"Cards": rows})
    theirs = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    source = written(tmp_path, data)
    assert [list(source.columns), *values(source)] == theirs


def test_the_header_is_found_below_titles_and_empty_rows(tmp_path: Path) -> None:
    """Lines are the sheet's row numbers; empty rows, also formatted ones, are no rows."""
    rows = [[], ["Cards to be moved, 2026"], [], HEADER, ["cus_1", "card_1"], [], ["cus_2", "x"]]
    data = workbook({"Cards": rows})
    assert by_line(read(tmp_path, data)) == [(5, "cus_1"), (7, "parameter_invalid")]


def test_a_merged_title_is_no_header(tmp_path: Path) -> None:
    """Only the first of merged cells has a value."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:B1", "Cards to be moved")
        sheet.write_row("A2", HEADER)
        sheet.write_row("A3", ["cus_1", "card_1"])
    assert by_line(read(tmp_path, out.getvalue())) == [(3, "cus_1")]


def test_the_first_visible_sheet_or_the_named_one(tmp_path: Path) -> None:
    """Names match in any case; another sheet than the default is another migration."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, card in (("Hidden", "card_0"), ("Cards", "card_1"), ("Más", "card_2")):
            sheet = book.add_worksheet(name)
            sheet.write_row("A1", HEADER)
            sheet.write_row("A2", ["cus_1", card])
            if name == "Hidden":
                sheet.hide()
            elif name == "Cards":
                sheet.activate()
    path = tmp_path / "cards.xlsx"
    path.write_bytes(out.getvalue())
    found = {name: open_input(path, sheet=name) for name in ("", "cards", "MÁS", "Hidden")}
    cards = {name: values(one)[0][1] for name, one in found.items()}
    assert cards == {"": "card_1", "cards": "card_1", "MÁS": "card_2", "Hidden": "card_0"}
    assert found["MÁS"].format.sheet == "Más"
    ids = {n: migration_id(one, map_columns(one), Conditions()) for n, one in found.items()}
    assert ids[""] == ids["cards"]
    assert len(set(ids.values())) == 3
    with pytest.raises(FileRefused) as refused:
        open_input(path, sheet="Other")
    assert refused.value.code == "no_such_sheet"
    assert "Hidden, Cards, Más" in str(refused.value)


class _Registry:
    """Has what was kept with one migration."""

    def __init__(self, run: Run) -> None:
        self._about = {**run._about(), "blind": run.blind}

    def about(self, _: str) -> dict[str, Any]:
        return self._about


def test_the_sheet_is_kept_with_the_migration(tmp_path: Path) -> None:
    """Its report is of the same rows."""
    rows = [HEADER, ["cus_1", "card_1"]]
    path = tmp_path / "cards.xlsx"
    path.write_bytes(workbook({"Cards": rows, "More": [*rows, ["cus_2", "card_2"]]}))
    source = open_input(path, sheet="more")
    run = Run(source, map_columns(source), Conditions())
    again = reopened(_Registry(run), run.id)  # type: ignore[arg-type]
    assert again.id == run.id
    assert len(list(again.rows(1))) == 2


def test_a_sheet_of_another_format_is_rejected(tmp_path: Path) -> None:
    """The option is not silently ignored."""
    path = tmp_path / "cards.csv"
    path.write_text("userId,default_source\n")
    with pytest.raises(FileRefused) as refused:
        open_input(path, sheet="Cards")
    assert refused.value.code == "no_such_sheet"


def test_a_formula_is_its_value(tmp_path: Path) -> None:
    """Excel's calculated value counts; a formula that was not calculated makes the row invalid."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row("A1", HEADER)
        for row, value in ((1, "card_1"), (2, 0), (3, "#N/A")):
            sheet.write_string(row, 0, f"cus_{row}")
            sheet.write_formula(row, 1, '="card_"&1', value=value)
    data = changed(out.getvalue(), "xl/worksheets/sheet1.xml", "</f><v>0</v>", "</f>")
    assert by_line(read(tmp_path, data)) == [
        (2, "cus_1"),
        (3, "formula_not_calculated"),
        (4, "spreadsheet_damage"),
    ]


def test_card_numbers_are_refused_as_texts_and_as_numbers(tmp_path: Path) -> None:
    """A column of card numbers rejects the workbook, a single one its row."""
    for kind in (str, int):
        number = kind(CARD_NUMBER)
        rows = [[*HEADER, "note"], *([f"cus_{n}", f"card_{n}", number] for n in range(3))]
        with pytest.raises(FileRefused) as refused:
            written(tmp_path, workbook({"Cards": rows}))
        assert (refused.value.code, refused.value.column) == ("card_data_column", "note")
        rows = [HEADER, ["cus_1", number], *([f"cus_{n}", f"card_{n}"] for n in range(2, 9))]
        found = by_line(read(tmp_path, workbook({"Cards": rows})))
        assert found[:2] == [(2, "card_number_refused"), (3, "cus_2")]


def test_dates_from_1904(tmp_path: Path) -> None:
    """Excel on old Macs counted from 1904."""
    rows = [[*HEADER, "when"], ["cus_1", "card_1", date(2026, 11, 28)]]
    source = written(tmp_path, workbook({"Cards": rows}, date_1904=True))
    assert values(source)[0][2] == "2026-11-28"


def test_workbooks_of_other_programs(tmp_path: Path) -> None:
    """Tag prefixes, cells without a place and texts in parts; phonetic hints are ignored."""
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>userId</x:t></x:is></x:c>'
        '<x:c t="inlineStr"><x:is><x:r><x:t>default_</x:t></x:r><x:r><x:t>source</x:t></x:r>'
        "<x:rPh><x:t>furigana</x:t></x:rPh></x:is></x:c></x:row>"
        '<x:row><x:c t="str"><x:v>cus_1</x:v></x:c><x:c/><x:c/></x:row>'
        '<x:row><x:c t="str"><x:v>cus_1</x:v></x:c><x:c t="str"><x:v>card_1</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    data = _with_sheet(sheet)
    assert by_line(read(tmp_path, data)) == [(2, "parameter_missing"), (3, "cus_1")]


_ROWS = '<row r="1"><c r="A1" t="str"><v>userId</v></c><c r="B1" t="str"><v>source</v></c></row>'


def _with_sheet(sheet: str) -> bytes:
    data = workbook({"Cards": [HEADER]})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        old = archive.read("xl/worksheets/sheet1.xml").decode()
    return changed(data, "xl/worksheets/sheet1.xml", old, sheet)


def _sheet(rows: str, before: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{before}<worksheet><sheetData>{_ROWS}{rows}</sheetData></worksheet>'
    )


_HOSTILE = {
    "a document type": _sheet("", '<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>'),
    "a tag without end": _sheet('<row r="2" x="' + "x" * (3 << 20) + '"/>'),
    "deeply nested": _sheet("<a>" * 100_000 + "</a>" * 100_000),
    "cells in cells": _sheet("<row>" + "<c>" * 200 + "</c>" * 200 + "</row>"),
    "rows in rows": _sheet("<row>" * 200 + "</row>" * 200),
    "a row far away": _sheet('<row r="99999999999"><c r="A2"><v>1</v></c></row>'),
    "a column far away": _sheet('<row r="2"><c r="XFE2"><v>1</v></c></row>'),
    "no column": _sheet('<row r="2"><c r="é2"><v>1</v></c></row>'),
    "no text of that number": _sheet('<row r="2"><c r="A2" t="s"><v>99999</v></c></row>'),
    "cells without end": _sheet('<row r="2">' + '<c r="A2"><v>1</v></c>' * 20_000 + "</row>"),
    "torn": _sheet("")[:-9],
    "no XML": "userId,source",
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_a_damaged_or_hostile_sheet_is_refused(name: str, tmp_path: Path) -> None:
    """It is rejected with its own code, quickly."""
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, _with_sheet(_HOSTILE[name]))
    assert refused.value.code == "xlsx_broken"


def test_cells_far_apart_take_no_memory_between_them(tmp_path: Path) -> None:
    """Two cells can span 17 thousand million cells, which no reader should allocate."""
    far = '<c r="A1048576" t="str"><v>cus_1</v></c><c r="XFD1048576"><v>1</v></c>'
    rows = read(tmp_path, _with_sheet(_sheet(f'<row r="1048576">{far}</row>')))
    assert by_line(rows) == [(1_048_576, "parameter_missing")]


def test_a_text_of_megabytes_costs_its_row(tmp_path: Path) -> None:
    """It is cut while it is read, wherever it is stored."""
    long = "x" * (2 << 20)
    data = _with_sheet(
        _sheet(
            f'<row r="2"><c r="A2" t="str"><v>cus_{long}</v></c></row>'
            f'<row r="3"><c r="A3" t="inlineStr"><is><t>cus_{long}</t></is></c></row>'
            '<row r="4"><c r="A4" t="str"><v>cus_1</v></c></row>'
        )
    )
    codes = [code for _, code in by_line(read(tmp_path, data))]
    assert codes == ["field_too_long", "field_too_long", "parameter_missing"]


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"]
)
def test_a_workbook_without_a_part_is_refused(part: str, tmp_path: Path) -> None:
    """It is truncated, or no workbook."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook({"Cards": [HEADER]}))) as before,
        zipfile.ZipFile(out, "w") as after,
    ):
        for info in before.infolist():
            if info.filename != part:
                after.writestr(info.filename, before.read(info))
    with pytest.raises(FileRefused):
        read(tmp_path, out.getvalue())


@pytest.mark.parametrize("cut", [-1, -40, 200, 2_000])
def test_a_torn_workbook_is_refused(cut: int, tmp_path: Path) -> None:
    """The table of contents at its end is missing."""
    data = workbook({"Cards": [HEADER, ["cus_1", "card_1"]]})
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, data[:cut])
    assert refused.value.code == "zip_torn"


def test_a_workbook_in_an_archive(tmp_path: Path) -> None:
    """Some mail programs pack workbooks once more."""
    data = workbook({"Cards": [HEADER, ["cus_1", "card_1"]]})
    source = written(tmp_path, zipped(data, "cards.xlsx"))
    assert (source.format.sheet, source.format.member) == ("Cards", "cards.xlsx")
    assert by_line(list(_rows(source))) == [(2, "cus_1")]


def _rows(source: InputFile) -> Iterator[Any]:
    return open_rows(source, map_columns(source))
