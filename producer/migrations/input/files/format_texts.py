"""Descriptions of a file's format, in Spanish and English."""

from __future__ import annotations

from collections.abc import Iterator

from producer.contract.texts import Bilingual, Language
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.files.formats import Encoding, Form, Format, LineEnd


class FormatText(Bilingual):
    """The parts of a description."""

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


_SEPARATORS = {",": FormatText.COMMA, ";": FormatText.SEMICOLON, "\t": FormatText.TAB}


def form_words(format_: Format, language: Language = "en") -> str:
    """The form and its packing: `CSV, gzipped`."""
    parts = [FormatText[format_.form.name].say(language)]
    if format_.gzipped:
        parts.append(FormatText.GZIPPED.say(language))
    if format_.member:
        parts.append(FormatText.MEMBER.say(language, member=shown(format_.member)))
    return ", ".join(parts)


def reading_words(format_: Format, language: Language = "en") -> tuple[str, ...]:
    """How the file is read: separator, encoding, line ends; or the sheet."""
    return tuple(_reading(format_, language))


def _reading(format_: Format, language: Language) -> Iterator[str]:
    if format_.sheet:
        text = FormatText.OF_SHEETS if format_.sheets > 1 else FormatText.SHEET
        yield text.say(language, sheet=shown(format_.sheet), sheets=format_.sheets)
    if not format_.form.is_text:
        return
    if format_.form is Form.CSV:
        known = _SEPARATORS.get(format_.delimiter)
        name = known.say(language) if known else format_.delimiter
        source = FormatText.BY_FIRST_LINE.say(language) if format_.separator_line else ""
        yield FormatText.SEPARATOR.say(language, name=name) + source
    bom = format_.encoding is Encoding.UTF_8_BOM
    yield FormatText.BOM.say(language) if bom else format_.encoding.value
    if format_.form in (Form.CSV, Form.JSON_LINES):
        mixed = format_.line_end in (LineEnd.MIXED, LineEnd.MIXED_CR)
        name = FormatText.MIXED.say(language) if mixed else format_.line_end.value
        yield FormatText.LINE_ENDS.say(language, name=name)
