"""Errors about files have equivalent Spanish and English texts."""

from __future__ import annotations

import errno
import gzip
from pathlib import Path

import pytest

from producer.migrations.errors import ExtraMissing, FileRefused, SumsDiffer
from producer.migrations.input.input_file import open_input
from producer.migrations.plan.plan import make_plan
from producer.migrations.texts.reasons import Reason
from tests.unit.migrations.files import CARD_NUMBER, HEADER, mapped

_ROW = "cus_1,card_1"
_FILES: dict[str, tuple[str | bytes, str, str]] = {
    "empty": ("", "el archivo está vacío", "the file is empty"),
    "zipped": (b"PK\x03\x04", "el archivo zip está incompleto", "the zip archive is incomplete"),
    "a pdf": (b"%PDF-1.4", "es un PDF: guárdelo como CSV", "it is a PDF: save it as CSV"),
    "json array": ("[1]", "no de objetos", "not of objects"),
    "gzip": (b"\x1f\x8bxx", "gzip está dañado", "gzip file is damaged"),
    "gzip torn": (
        gzip.compress(f"{HEADER}{_ROW}\n".encode())[:-4],
        "está incompleto o dañado",
        "is incomplete or damaged",
    ),
    "one column": ("cus_1\ncus_2\n", "una línea de encabezado", "a header line"),
    "one other column": (
        "email\na@example.com\n",
        "ninguna columna corresponde a userId; el archivo tiene email",
        "no column is userId; the file has email",
    ),
    "header quote": ('userId,"x\n', "comillas sin cerrar", "a quote is not closed"),
    "no columns": (
        "a,b\n1,2\n",
        "ninguna columna corresponde a userId; el archivo tiene a, b: indique una con --map "
        "userId=COLUMNA",
        "no column is userId; the file has a, b: name one with --map userId=COLUMN",
    ),
    "no object": (
        "userId,b\n1,2\n",
        "ninguna columna corresponde a source ni default_source;",
        "no column is source or default_source; the file has userId, b: name one with --map "
        "source=COLUMN",
    ),
    "twice": (
        "userId,source,source\n",
        "2 columnas se llaman «source»",
        "2 columns are named 'source'",
    ),
    "named": (
        f"{HEADER[:-1]},cvc\n{_ROW},x\n",
        "la columna «cvc» tiene nombre de número de tarjeta o de CVC",
        "column 'cvc' is named like a card number or CVC",
    ),
    "numbers": (
        f"{HEADER[:-1]},note\n{_ROW},{CARD_NUMBER}\n",
        "valores de la columna «note» parecen números de tarjeta",
        "values of column 'note' look like card numbers",
    ),
    "cvcs": (
        f"{HEADER[:-1]},cid\n{_ROW},123\n",
        "valores de la columna «cid» parecen CVC",
        "values of column 'cid' look like CVCs",
    ),
    "json": (
        '{"1": {"id": "cus_1", "cards": {}},',
        "cerca de la línea 1",
        "near line 1",
    ),
    "copy": (b'{"cards-copy": 1, ', "la copia está dañada", "the copy is damaged"),
}


@pytest.mark.parametrize("case", _FILES)
def test_a_file_is_refused_in_both_languages(case: str, tmp_path: Path) -> None:
    """Both texts name the cause; `str`, and so the command line, is English."""
    content, spanish, english = _FILES[case]
    with pytest.raises(FileRefused) as refused:
        make_plan(*mapped(tmp_path, content))
    assert spanish in refused.value.message("es")
    assert english in refused.value.message("en") == str(refused.value)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_translated(reason: Reason) -> None:
    """The Spanish text is not the English one."""
    assert reason.spanish != reason.english


def test_an_unreadable_file_in_both_languages(tmp_path: Path) -> None:
    """Common system errors are translated; others keep the system's text."""
    with pytest.raises(FileRefused) as refused:
        open_input(tmp_path)
    assert refused.value.message("es") == "no se puede leer: es una carpeta"
    assert refused.value.message("en") == "cannot read it: Is a directory"
    other = FileRefused.unreadable(OSError(errno.EIO, "Input/output error"))
    assert other.message("es") == "no se puede leer: Input/output error"


def test_a_missing_extra_and_sums_in_both_languages() -> None:
    """Both texts have the same command and numbers."""
    missing = ExtraMissing("parquet", Reason.READING_PARQUET)
    assert missing.message("es").startswith("para leer un archivo Parquet hace falta")
    assert str(missing).startswith("reading a Parquet file needs the extra 'parquet': pip install")
    differ = SumsDiffer(3, 2, {("applied", Reason.IN_THE_LEDGER): 2})
    assert differ.message("es") == "son 3 filas, pero constan 2 (2 applied en el registro)"
    assert str(differ) == "3 rows, but 2 are accounted for (2 applied in the ledger)"
    assert SumsDiffer(3, 0, {}).message("es") == "son 3 filas, pero constan 0 (ninguna)"
