"""Tables of text in every common shape of file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow
import xlsxwriter
from pyarrow import parquet


@dataclass(frozen=True)
class Table:
    """Column names, and rows of as many texts; the first text is never empty."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def without(self, chars: str) -> Table:
        """The table with these characters replaced."""
        table = str.maketrans(dict.fromkeys(chars, "."))
        rows = tuple(tuple(text.translate(table) for text in row) for row in self.rows)
        return Table(self.names, rows)

    def objects(self) -> list[dict[str, str]]:
        """Each row as a dictionary."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Shape:
    """A way to write a table, and the characters that it lacks."""

    write: Callable[[Table], bytes]
    lacks: str = ""

    def table(self, table: Table) -> Table:
        """The table without the characters that the shape lacks."""
        return table.without(self.lacks)


def as_csv(
    table: Table,
    delimiter: str = ",",
    ends: tuple[str, ...] = ("\n",),
    encoding: str = "utf-8",
    first: str = "",
    quoting: int = csv.QUOTE_MINIMAL,
) -> bytes:
    """CSV; the line ends are used in turn."""
    out = io.StringIO(newline="")
    out.write(first)
    for place, row in enumerate([table.names, *table.rows]):
        line = io.StringIO(newline="")
        # It quotes only those line ends that are its own `lineterminator`.
        writer = csv.writer(
            line,
            delimiter=delimiter,
            lineterminator="\r\n",
            quoting=quoting,  # type: ignore[arg-type]
        )
        writer.writerow(row)
        out.write(line.getvalue().removesuffix("\r\n") + ends[place % len(ends)])
    return out.getvalue().encode(encoding)


def as_json_lines(table: Table, end: str = "\n", encoding: str = "utf-8") -> bytes:
    """JSON Lines with unescaped characters."""
    lines = [json.dumps(one, ensure_ascii=False) + end for one in table.objects()]
    return "".join(lines).encode(encoding)


def as_objects(table: Table) -> bytes:
    """JSON objects over several lines each."""
    return "\n".join(json.dumps(one, indent=2) for one in table.objects()).encode()


def as_list(table: Table) -> bytes:
    """Two pages of a Stripe list."""
    rows, half = table.objects(), len(table.rows) // 2
    pages = (rows[:half], rows[half:]) if half else (rows,)
    lists = [
        json.dumps({"object": "list", "has_more": False, "data": page, "url": "/v1/customers"})
        for page in pages
    ]
    return "\n".join(lists).encode()


def as_parquet(table: Table) -> bytes:
    """Parquet with text columns."""
    out = io.BytesIO()
    columns = list(zip(*table.rows, strict=True))
    parquet.write_table(pyarrow.table(dict(zip(table.names, columns, strict=True))), out)
    return out.getvalue()


def as_xlsx(table: Table, *, above: int = 0, sheet: str = "Cards", shared: bool = True) -> bytes:
    """An Excel workbook with `above` empty rows before the header, and another sheet."""
    out = io.BytesIO()
    # Texts in their cells, instead of in a table of all texts, where memory is to be constant.
    with xlsxwriter.Workbook(out, {"constant_memory": not shared, "in_memory": shared}) as book:
        made = book.add_worksheet(sheet)
        for place, row in enumerate([table.names, *table.rows]):
            for column, text in enumerate(row):
                made.write_string(place + above, column, text)
        book.add_worksheet("Other").write_string(0, 0, "nothing")
    return out.getvalue()


def zipped(data: bytes, name: str = "cards") -> bytes:
    """A zip archive with this file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def _csv(**given: object) -> Callable[[Table], bytes]:
    return lambda table: as_csv(table, **given)  # type: ignore[arg-type]


_ALONE = {
    "csv": Shape(_csv()),
    "csv, semicolons, CRLF": Shape(_csv(delimiter=";", ends=("\r\n",))),
    "csv, tabs, CR": Shape(_csv(delimiter="\t", ends=("\r",))),
    "csv, bars, all quoted": Shape(_csv(delimiter="|", quoting=csv.QUOTE_ALL)),
    "csv, sep=;": Shape(_csv(delimiter=";", ends=("\r\n",), first="sep=;\r\n")),
    "csv, mixed ends": Shape(_csv(ends=("\n", "\r\n", "\r"))),
    "csv, BOM": Shape(_csv(encoding="utf-8-sig")),
    "Excel's Unicode text": Shape(_csv(delimiter="\t", ends=("\r\n",), encoding="utf-16")),
    "UTF-16 BE": Shape(_csv(first="\ufeff", encoding="utf-16-be")),
    "Windows-1252": Shape(_csv(delimiter=";", encoding="cp1252"), lacks="漢😀"),
    "json lines": Shape(as_json_lines),
    "json lines, CR": Shape(lambda table: as_json_lines(table, "\r")),
    "json lines, UTF-16": Shape(lambda table: as_json_lines(table, "\r\n", "utf-16")),
    "json array": Shape(lambda table: json.dumps(table.objects()).encode()),
    "json array, UTF-16": Shape(
        lambda table: json.dumps(table.objects(), ensure_ascii=False, indent=1).encode("utf-16")
    ),
    "json list": Shape(as_list),
    "json objects": Shape(as_objects),
    "parquet": Shape(as_parquet),
    # XML makes a line feed of each line end.
    "xlsx": Shape(as_xlsx, lacks="\r"),
    "xlsx, texts in cells": Shape(lambda table: as_xlsx(table, above=3, shared=False), lacks="\r"),
}
SHAPES = {
    **_ALONE,
    **{
        f"{name}, gzipped": Shape(lambda table, one=one: gzip.compress(one.write(table)), one.lacks)  # type: ignore[misc]
        for name, one in _ALONE.items()
    },
    **{
        f"{name}, zipped": Shape(lambda table, one=one: zipped(one.write(table)), one.lacks)  # type: ignore[misc]
        for name, one in _ALONE.items()
    },
}
