"""The format of a file: form, packing, encoding, line ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Form(StrEnum):
    """The form of the unpacked bytes."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    JSON_ARRAY = "json"  # [{…}, …]
    JSON_LIST = "json-list"  # {"data": [{…}, …]}, as Stripe's lists are
    JSON_OBJECTS = "json-objects"  # {…} {…}, each over several lines
    STRIPE_MAPPING = "stripe-mapping"  # {"1893": {"id": "cus_…", "cards": {"2600": {"id": …}}}}
    PARQUET = "parquet"
    XLSX = "xlsx"

    @property
    def is_text(self) -> bool:
        """Whether it is read from start to end; other forms have tables of contents."""
        return self not in (Form.PARQUET, Form.XLSX)

    @property
    def has_open_columns(self) -> bool:
        """Whether a later row may have columns that the first rows lack."""
        return self in (Form.JSON_LINES, Form.JSON_ARRAY, Form.JSON_LIST, Form.JSON_OBJECTS)

    @property
    def counts_rows(self) -> bool:
        """Whether a record's line is its row in a sheet or its position in a list."""
        return self in (
            Form.JSON_ARRAY, Form.JSON_LIST, Form.JSON_OBJECTS, Form.PARQUET, Form.XLSX
        )  # fmt: skip


class Encoding(StrEnum):
    """The encoding of text; the value is its usual name."""

    UTF_8 = "UTF-8"
    UTF_8_BOM = "UTF-8 with BOM"
    UTF_16_LE = "UTF-16 LE"
    UTF_16_BE = "UTF-16 BE"
    UTF_32_LE = "UTF-32 LE"
    UTF_32_BE = "UTF-32 BE"
    WINDOWS_1252 = "Windows-1252"  # includes Latin-1, as in WHATWG's Encoding Standard


class LineEnd(StrEnum):
    """The line ends of the first mebibyte."""

    LF = "LF"
    CRLF = "CRLF"
    CR = "CR"
    MIXED = "mixed, mostly LF"
    MIXED_CR = "mixed, mostly CR"

    @property
    def char(self) -> str:
        """The character at which lines are split; the other one is handled within lines."""
        return "\r" if self in (LineEnd.CR, LineEnd.MIXED_CR) else "\n"


@dataclass(frozen=True, slots=True)
class Format:
    """Detected from a file's bytes, not its name; fields that do not apply are empty."""

    form: Form
    gzipped: bool = False
    delimiter: str = ","
    encoding: Encoding = Encoding.UTF_8
    line_end: LineEnd = LineEnd.LF
    separator_line: bool = False  # whether the first line is like `sep=;`
    member: str = ""  # of a zip archive
    sheet: str = ""
    sheets: int = 0  # of the workbook
    other_sheet: bool = False  # whether it is not the sheet that is read by default

    @property
    def packed(self) -> bool:
        """Whether it must be unpacked to be read."""
        return self.gzipped or bool(self.member)

    @classmethod
    def known(cls, stored: Mapping[str, Any]) -> Self:
        """From `fields`. Raises KeyError, ValueError, TypeError."""
        return cls(
            Form(stored["form"]),
            bool(stored["gzipped"]),
            str(stored["delimiter"]),
            # Copies made before 28 November 2026 lack the rest.
            Encoding(stored.get("encoding", Encoding.UTF_8)),
            LineEnd(stored.get("line_end", LineEnd.LF)),
            bool(stored.get("separator_line", False)),
            str(stored.get("member", "")),
            str(stored.get("sheet", "")),
            int(stored.get("sheets", 0)),
            bool(stored.get("other_sheet", False)),
        )

    def fields(self) -> dict[str, Any]:
        """All fields, for `known`."""
        return asdict(self)

    @classmethod
    def of_wire(cls, fields: Mapping[str, Any]) -> Self:
        """From `wire`, which lacks what people need not see. Raises KeyError, ValueError."""
        return cls(
            Form(fields["form"]),
            gzipped=fields["packing"] == "gzip",
            delimiter=fields["separator"] or ",",
            encoding=Encoding(fields["encoding"] or Encoding.UTF_8),
            line_end=LineEnd(fields["lineEnds"] or LineEnd.LF),
            separator_line=bool(fields["separatorLine"]),
            member=fields["member"] or "",
            sheet=fields["sheet"] or "",
            sheets=fields["sheets"] or 0,
        )

    def wire(self) -> dict[str, Any]:
        """For programs; null where a field does not apply to the form."""
        text, csv = self.form.is_text, self.form is Form.CSV
        return {
            "form": self.form.value,
            "packing": "gzip" if self.gzipped else "zip" if self.member else None,
            "member": self.member or None,
            "encoding": self.encoding.value if text else None,
            "lineEnds": self.line_end.value if text else None,
            "separator": self.delimiter if csv else None,
            "separatorLine": self.separator_line if csv else None,
            "sheet": self.sheet or None,
            "sheets": self.sheets or None,
        }
