"""Errors about rejected files and unavailable reports are in the envelope's language."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest

from tests.unit.http.web import client_of

_FILE = b"userId,default_source\ncus_1,card_1\n"
_REFUSED: dict[str, tuple[bytes, str, str]] = {
    "column_missing": (
        b"a,b\n1,2\n",
        "El archivo no se acepta: ninguna columna corresponde a userId; el archivo tiene a, b: "
        "indique una con "
        "--map userId=COLUMNA",
        "The file was rejected: no column is userId; the file has a, b: name one with "
        "--map userId=COLUMN",
    ),
    "gzip_torn": (
        gzip.compress(_FILE)[:-4],
        "El archivo no se acepta: el archivo gzip está incompleto o dañado: cópielo de nuevo",
        "The file was rejected: the gzip file is incomplete or damaged: copy it again",
    ),
    "unknown_format": (
        b"%PDF-1.7",
        "El archivo no se acepta: es un PDF: guárdelo como CSV o como libro de Excel (.xlsx)",
        "The file was rejected: it is a PDF: save it as CSV, or as an Excel workbook (.xlsx)",
    ),
    "card_number_refused": (
        b"userId,default_source,cvc\ncus_1,card_1,\n",
        "La columna cvc parece contener números de tarjeta o CVC; no se guardó nada. Quítela del "
        "archivo",
        "Column cvc looks like card numbers or CVCs; nothing was stored. Take it out of the file",
    ),
}


@pytest.mark.parametrize("language", ["es", "en"])
async def test_a_rejected_file_s_reason_is_in_the_language(
    redis_url: str, tmp_path: Path, language: str
) -> None:
    """The reason is Spanish by default, English if set; the code is the same."""
    environ = {"CARDS_LANGUAGE": "en"} if language == "en" else {}
    async with client_of(redis_url, CARDS_MIGRATIONS_DIR=str(tmp_path), **environ) as web:
        for code, (content, spanish, english) in _REFUSED.items():
            answer = await web.post("/api/migrations", content=content)
            assert (answer.status_code, answer.json()["code"]) == (400, code)
            assert answer.json()["message"] == (spanish if language == "es" else english)
        wrong = await web.post("/api/migrations?blind&only-if-default-is=x", content=_FILE)
        assert wrong.json()["code"] == "parameter_invalid"
        assert ("leer cada cliente" in wrong.text) == (language == "es")


async def _report(web: httpx.AsyncClient, folder: Path) -> str:
    path = (await web.post("/api/migrations", content=_FILE)).headers["location"]
    (copy,) = folder.glob("input-*")
    copy.write_bytes(copy.read_bytes()[:40])
    answer = await web.get(f"{path}/report.csv")
    assert (answer.status_code, answer.json()["code"]) == (500, "copy_broken")
    message: str = answer.json()["message"]
    return message


async def test_a_missing_report_s_reason_is_in_the_language(redis_url: str, tmp_path: Path) -> None:
    """The command line, which makes the reports, is in English by default."""
    spanish, english = tmp_path / "es", tmp_path / "en"
    async with client_of(redis_url, CARDS_MIGRATIONS_DIR=str(spanish)) as web:
        assert await _report(web, spanish) == (
            "No se pudo hacer el informe: la copia está dañada: proporcione el archivo de nuevo"
        )
    environ = {"CARDS_MIGRATIONS_DIR": str(english), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, **environ) as web:
        assert await _report(web, english) == (
            "The report could not be made: the copy is damaged: provide the file again"
        )
