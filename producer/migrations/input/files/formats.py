"""What a file was taken as: its form, and how that is packed and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Form(StrEnum):
    """What the bytes are, once unpacked."""

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
        """Whether it is read from its beginning to its end; others have tables of contents."""
        return self not in (Form.PARQUET, Form.XLSX)

    @property
    def has_open_columns(self) -> bool:
        """Whether a later row may have columns that the first ones have not."""
        return self in (Form.JSON_LINES, Form.JSON_ARRAY, Form.JSON_LIST, Form.JSON_OBJECTS)

    @property
    def counts_rows(self) -> bool:
        """Whether the line of a record is its row: in a sheet, or its place in the list."""
        return self in (
            Form.JSON_ARRAY, Form.JSON_LIST, Form.JSON_OBJECTS, Form.PARQUET, Form.XLSX
        )  # fmt: skip


class Encoding(StrEnum):
    """How text is written as bytes; the value is the usual name."""

    UTF_8 = "UTF-8"
    UTF_8_BOM = "UTF-8 with BOM"
    UTF_16_LE = "UTF-16 LE"
    UTF_16_BE = "UTF-16 BE"
    UTF_32_LE = "UTF-32 LE"
    UTF_32_BE = "UTF-32 BE"
    WINDOWS_1252 = "Windows-1252"  # Latin-1 among it, as WHATWG's Encoding Standard has it


class LineEnd(StrEnum):
    """What ends the lines of the first mebibyte."""

    LF = "LF"
    CRLF = "CRLF"
    CR = "CR"
    MIXED = "mixed, mostly LF"
    MIXED_CR = "mixed, mostly CR"

    @property
    def char(self) -> str:
        """The character at which lines are parted; the other one is looked at within them."""
        return "\r" if self in (LineEnd.CR, LineEnd.MIXED_CR) else "\n"


@dataclass(frozen=True, slots=True)
class Format:
    """Found out from a file's bytes, not from its name; what is not so of a form is empty."""

    form: Form
    gzipped: bool = False
    delimiter: str = ","
    encoding: Encoding = Encoding.UTF_8
    line_end: LineEnd = LineEnd.LF
    separator_line: bool = False  # `sep=;` stands first
    member: str = ""  # of a zip archive
    sheet: str = ""
    sheets: int = 0  # of the workbook
    other_sheet: bool = False  # than the one that is read where none is named

    @property
    def packed(self) -> bool:
        """Whether it must be unpacked to be read."""
        return self.gzipped or bool(self.member)

    @classmethod
    def known(cls, told: Mapping[str, Any]) -> Self:
        """From what `wire` told. Raises KeyError, ValueError, TypeError."""
        return cls(
            Form(told["form"]),
            bool(told["gzipped"]),
            str(told["delimiter"]),
            # Copies that were made before 28 November 2026 have no more.
            Encoding(told.get("encoding", Encoding.UTF_8)),
            LineEnd(told.get("line_end", LineEnd.LF)),
            bool(told.get("separator_line", False)),
            str(told.get("member", "")),
            str(told.get("sheet", "")),
            int(told.get("sheets", 0)),
            bool(told.get("other_sheet", False)),
        )

    def fields(self) -> dict[str, Any]:
        """For `known`."""
        return asdict(self)

    @classmethod
    def of_wire(cls, told: Mapping[str, Any]) -> Self:
        """From what `wire` told, as far as a person is told of it. Raises KeyError, ValueError."""
        return cls(
            Form(told["form"]),
            gzipped=told["packing"] == "gzip",
            delimiter=told["separator"] or ",",
            encoding=Encoding(told["encoding"] or Encoding.UTF_8),
            line_end=LineEnd(told["lineEnds"] or LineEnd.LF),
            separator_line=bool(told["separatorLine"]),
            member=told["member"] or "",
            sheet=told["sheet"] or "",
            sheets=told["sheets"] or 0,
        )

    def wire(self) -> dict[str, Any]:
        """For programs; null where it is not so of the form."""
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
