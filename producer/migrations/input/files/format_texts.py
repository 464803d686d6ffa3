"""What a file was taken as, in words."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from producer.contract.messages import Language
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.files.formats import Encoding, Form, Format, LineEnd


class Words(Enum):
    """By their meaning; the value is (Spanish, English)."""

    CSV = ("CSV", "CSV")
    JSON_LINES = ("JSON Lines", "JSON Lines")
    JSON_ARRAY = ("lista JSON", "JSON array")
    JSON_LIST = ("lista JSON en «data»", 'JSON list in "data"')
    JSON_OBJECTS = ("objetos JSON uno tras otro", "JSON objects one after another")
    STRIPE_MAPPING = ("mapeo de importación de Stripe", "Stripe's import mapping")
    PARQUET = ("Parquet", "Parquet")
    XLSX = ("libro de Excel", "Excel workbook")
    GZIPPED = ("comprimido con gzip", "gzipped")
    MEMBER = ("{member} en un zip", "{member} in a zip archive")
    SEPARATOR = ("columnas separadas por {name}", "columns separated by {name}")
    BY_FIRST_LINE = (", como dice la primera línea", ", as the first line says")
    COMMA = ("comas", "commas")
    SEMICOLON = ("punto y coma", "semicolons")
    TAB = ("tabuladores", "tabs")
    LINE_ENDS = ("líneas terminadas en {name}", "lines ending in {name}")
    MIXED = ("LF, CR o CRLF, mezclados", "LF, CR or CRLF, mixed")
    BOM = ("UTF-8 con BOM", "UTF-8 with BOM")
    SHEET = ("hoja «{sheet}»", "sheet {sheet!r}")
    OF_SHEETS = ("hoja «{sheet}», una de {sheets}", "sheet {sheet!r}, one of {sheets}")

    def said(self, language: Language, **values: object) -> str:
        """In the language, placeholders filled."""
        spanish, english = self.value
        return (spanish if language == "es" else english).format(**values)


_SEPARATORS = {",": Words.COMMA, ";": Words.SEMICOLON, "\t": Words.TAB}


def form_words(format_: Format, language: Language = "en") -> str:
    """The form and what it is packed in: `CSV, gzipped`."""
    parts = [Words[format_.form.name].said(language)]
    if format_.gzipped:
        parts.append(Words.GZIPPED.said(language))
    if format_.member:
        parts.append(Words.MEMBER.said(language, member=shown(format_.member)))
    return ", ".join(parts)


def reading_words(format_: Format, language: Language = "en") -> tuple[str, ...]:
    """How it is read: separator, encoding, line ends; or the sheet."""
    return tuple(_reading(format_, language))


def _reading(format_: Format, language: Language) -> Iterator[str]:
    if format_.sheet:
        words = Words.OF_SHEETS if format_.sheets > 1 else Words.SHEET
        yield words.said(language, sheet=shown(format_.sheet), sheets=format_.sheets)
    if not format_.form.is_text:
        return
    if format_.form is Form.CSV:
        known = _SEPARATORS.get(format_.delimiter)
        name = known.said(language) if known else format_.delimiter
        told = Words.BY_FIRST_LINE.said(language) if format_.separator_line else ""
        yield Words.SEPARATOR.said(language, name=name) + told
    bom = format_.encoding is Encoding.UTF_8_BOM
    yield Words.BOM.said(language) if bom else format_.encoding.value
    if format_.form in (Form.CSV, Form.JSON_LINES):
        mixed = format_.line_end in (LineEnd.MIXED, LineEnd.MIXED_CR)
        name = Words.MIXED.said(language) if mixed else format_.line_end.value
        yield Words.LINE_ENDS.said(language, name=name)
