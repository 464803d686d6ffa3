"""The parts of an Excel workbook (.xlsx, ECMA-376): sheets, shared strings, styles."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import BinaryIO
from zipfile import ZipInfo

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import shown
from producer.migrations.input.files.archives import Member, check_size, opened_archive
from producer.migrations.input.files.formats import Format
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.workbook.cell_texts import is_date_format
from producer.migrations.input.workbook.shared_strings import SharedStrings
from producer.migrations.input.workbook.xml_parts import Start, broken, local, parse_small
from producer.migrations.texts.reasons import Reason

# Bounds of any workbook if the caller has none.
_BOUNDS = Bounds(4 << 30)
_MOST_SHEETS = 1_000
_MOST_STYLES = 100_000
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet; `part` is its path in the archive."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """A workbook. All methods raise FileRefused if it is damaged."""

    def __init__(self, file: BinaryIO, bounds: Bounds | None = None) -> None:
        self._file = file
        self._bounds = bounds or _BOUNDS
        self._archive = opened_archive(file)
        self._parts = {_path(one.filename): one for one in self._archive.infolist()}
        self._main = next(iter(self._related("", "officeDocument").values()), "xl/workbook.xml")
        self.from_1904 = False
        self.sheets = self._listed()

    def chosen(self, name: str = "") -> Sheet:
        """The sheet with that name in any case; without a name, the first that is not hidden.

        Raises:
            FileRefused: there is no such sheet.
        """
        if not self.sheets:
            raise FileRefused("empty_file", Reason.NO_SHEET)
        if not name:
            return next((one for one in self.sheets if not one.hidden), self.sheets[0])
        wanted = name.strip().casefold()
        for one in self.sheets:
            if one.name.strip().casefold() == wanted:
                return one
        names = ", ".join(shown(one.name) for one in self.sheets[:_NAMED])
        more = ", …" if len(self.sheets) > _NAMED else ""
        what = Reason.NO_SUCH_SHEET
        raise FileRefused("no_such_sheet", what, sheet=shown(name), names=names + more)

    def format_of(self, packed: Format, name: str = "") -> Format:
        """The format with that sheet. Raises FileRefused."""
        sheet = self.chosen(name)
        return replace(
            packed,
            sheet=sheet.name,
            sheets=len(self.sheets),
            other_sheet=sheet != self.chosen(),
        )

    def opened(self, part: str) -> Member:
        """A part as a stream; call `check` first."""
        return Member(self._archive, self._info(part))

    def strings(self) -> SharedStrings:
        """The shared strings."""
        for part in self._related(self._main, "sharedStrings").values():
            return SharedStrings(self.opened(part).__enter__())
        return SharedStrings(None)

    def date_styles(self) -> frozenset[str]:
        """The styles that show dates or times, as cells refer to them."""
        found: set[str] = set()
        for part in self._related(self._main, "styles").values():
            with self.opened(part) as stream:
                found |= _date_styles(stream)
        return frozenset(found)

    def check(self, sheet: Sheet) -> None:
        """Raise FileRefused if the parts needed for the sheet are too large."""
        parts = [sheet.part, self._main]
        for kind in ("sharedStrings", "styles"):
            parts += self._related(self._main, kind).values()
        infos = [self._parts[part] for part in dict.fromkeys(parts) if part in self._parts]
        check_size(self._file, infos, self._bounds)

    def _listed(self) -> tuple[Sheet, ...]:
        parts = self._related(self._main, "worksheet")
        sheets: list[Sheet] = []

        def start(name: str, given: dict[str, str]) -> None:
            name = local(name)
            if name == "workbookPr":
                self.from_1904 = given.get("date1904") in ("1", "true")
            elif name == "sheet" and len(sheets) < _MOST_SHEETS:
                ident = next((v for k, v in given.items() if local(k) == "id"), "")
                if ident in parts:  # charts and macros have no rows
                    hidden = given.get("state", "visible") != "visible"
                    sheets.append(Sheet(given["name"], parts[ident], hidden))

        self._read(self._main, start)
        return tuple(sheets)

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """The parts of this kind that a part refers to, by the id of the reference."""
        folder, name = posixpath.split(part)
        table = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, str] = {}
        if table not in self._parts:
            return found

        def start(name: str, given: dict[str, str]) -> None:
            of_kind = given.get("Type", "").rpartition("/")[2] == kind
            if local(name) == "Relationship" and of_kind and "Target" in given:
                # A target that starts with a slash is absolute in the archive.
                whole = posixpath.join("/", folder, given["Target"])
                found[given.get("Id", "")] = _path(posixpath.normpath(whole))

        self._read(table, start)
        return found

    def _read(self, part: str, start: Start) -> None:
        info = self._info(part)
        check_size(self._file, [info], self._bounds)
        with Member(self._archive, info) as stream:
            parse_small(stream, start)

    def _info(self, part: str) -> ZipInfo:
        if part not in self._parts:
            raise broken()
        return self._parts[part]


def _path(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _date_styles(stream: BinaryIO) -> set[str]:
    codes: dict[int, str] = {}
    found: set[str] = set()
    count = 0
    in_cells = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal count, in_cells
        name = local(name)
        if name == "cellXfs":
            in_cells = True
        elif name == "numFmt" and len(codes) < _MOST_STYLES:
            codes[int(given.get("numFmtId", 0))] = given.get("formatCode", "")
        elif name == "xf" and in_cells and count < _MOST_STYLES:
            number = int(given.get("numFmtId", 0))
            if is_date_format(number, codes.get(number)):
                found.add(str(count))
            count += 1

    def end(name: str) -> None:
        nonlocal in_cells
        if local(name) == "cellXfs":
            in_cells = False

    parse_small(stream, start, end)
    return found
