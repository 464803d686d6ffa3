"""The same rows in every file format that a plan reads."""

from __future__ import annotations

import csv
import gzip
import json
import random
import shutil
import string
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_ALPHABET = string.ascii_letters + string.digits
_NAMES = ("customer_id_old", "source_id_old", "customer_id_new", "source_id_new")


def written(folder: Path, rows: int) -> Path:
    """Stripe's copy file as CSV, including repetitions and bad rows."""
    chance = random.Random(20261125)
    path = folder / f"{rows}.csv"

    def name(length: int) -> str:
        return "".join(chance.choices(_ALPHABET, k=length))

    with path.open("w") as file:
        file.write(",".join(_NAMES) + "\n")
        line = ""
        for number in range(rows):
            if number % 1_000 == 1:  # a repetition
                file.write(line)
                continue
            prefix = "bad_" if number % 1_000 == 2 else "cus_"
            old = f"cus_{name(14)},card_{name(24)}"
            line = f"{old},{prefix}{name(14)},card_{name(24)}\n"
            file.write(line)
    return path


def _text(delimiter: str, end: str, encoding: str) -> Callable[[Path, Path], None]:
    def write(source: Path, target: Path) -> None:
        with source.open() as rows, target.open("w", encoding=encoding, newline=end) as out:
            for place, line in enumerate(rows):
                # A letter whose bytes depend on the encoding.
                more = "Zoë" if place else "name"
                out.write(f"{line.rstrip().replace(',', delimiter)}{delimiter}{more}\n")

    return write


def _gzipped(source: Path, target: Path) -> None:
    with source.open("rb") as rows, gzip.open(target, "wb", compresslevel=6) as out:
        shutil.copyfileobj(rows, out)


def _zipped(source: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source, "cards.csv")


def _json_lines(source: Path, target: Path) -> None:
    with target.open("w") as out:
        out.writelines(json.dumps(one) + "\n" for one in _objects(source))


def _json_array(source: Path, target: Path) -> None:
    _json(source, target, "[", "]")


def _json_list(source: Path, target: Path) -> None:
    _json(source, target, '{"object": "list", "data": [', '], "has_more": false}')


def _json(source: Path, target: Path, begin: str, end: str) -> None:
    with target.open("w") as out:
        out.write(begin)
        for place, one in enumerate(_objects(source)):
            out.write(("," if place else "") + json.dumps(one))
        out.write(end)


def _parquet(source: Path, target: Path) -> None:
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    with (
        arrow_csv.open_csv(source) as batches,
        parquet.ParquetWriter(target, batches.schema) as out,
    ):
        for batch in batches:
            out.write_batch(batch)


def _xlsx(source: Path, target: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(target, {"tmpdir": str(target.parent)}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(_rows(source)):
            for column, value in enumerate(row):
                sheet.write_string(place, column, value)


def _rows(source: Path) -> Iterator[list[str]]:
    with source.open(newline="") as file:
        yield from csv.reader(file)


def _objects(source: Path) -> Iterator[dict[str, Any]]:
    with source.open(newline="") as file:
        yield from csv.DictReader(file)


# By name; each is made from the CSV file.
SHAPES: dict[str, Callable[[Path, Path], None]] = {
    "UTF-16, tabs, CRLF": _text("\t", "\r\n", "utf-16"),
    "Windows-1252, semicolons": _text(";", "\r\n", "cp1252"),
    "CR alone": _text(",", "\r", "utf-8"),
    "gzip": _gzipped,
    "zip": _zipped,
    "JSON Lines": _json_lines,
    "JSON array": _json_array,
    'JSON {"data": []}': _json_list,
    "Parquet": _parquet,
    "Excel": _xlsx,
}
