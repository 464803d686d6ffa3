"""Formats are described in Spanish and English."""

from __future__ import annotations

import pytest

from producer.migrations.input.files.format_texts import FormatText, form_words, reading_words
from producer.migrations.input.files.formats import Encoding, Form, Format, LineEnd


@pytest.mark.parametrize("form", Form)
def test_every_form_has_a_text_in_both_languages(form: Form) -> None:
    """Text forms also say how they are read."""
    format_ = Format(form, gzipped=True, delimiter="|", encoding=Encoding.UTF_8_BOM)
    assert form_words(format_, "es").endswith("comprimido con gzip")
    assert form_words(format_).endswith("gzipped")
    assert bool(reading_words(format_, "es")) == form.is_text


def test_all_parts_of_a_description() -> None:
    """Separator, encoding, line ends, the file in an archive, the sheet."""
    format_ = Format(
        Form.CSV, False, "\t", Encoding.UTF_16_LE, LineEnd.MIXED_CR, True, "tarjetas.txt"
    )
    assert form_words(format_, "es") == "CSV, tarjetas.txt en un zip"
    assert reading_words(format_, "es") == (
        "columnas separadas por tabuladores, como dice la primera línea",
        "UTF-16 LE",
        "líneas terminadas en LF, CR o CRLF, mezclados",
    )
    book = Format(Form.XLSX, sheet="Más", sheets=3)
    assert reading_words(book, "es") == ("hoja «Más», una de 3",)
    assert reading_words(book) == ("sheet 'Más', one of 3",)
    assert FormatText.SHEET.say("en", sheet="Cards") == "sheet 'Cards'"
