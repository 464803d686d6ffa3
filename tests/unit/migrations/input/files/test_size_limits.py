"""Limits of a file's unpacked size."""

from __future__ import annotations

import gzip
import io
import os
import random
import zipfile
from pathlib import Path

import pytest

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.size_limits import ALWAYS, RATIO, Bounds
from producer.migrations.input.input_file import open_input
from producer.migrations.input.rows.spool import spool_file
from tests.unit.migrations.files import HEADER
from tests.unit.migrations.shapes import Table, as_xlsx, zipped

LIMIT = 1 << 20
ROW = b"cus_1,card_1\n"


def refused(tmp_path: Path, data: bytes, limit: int = LIMIT) -> str:
    """The code with which a file is rejected; no file is left behind."""
    path, folder = tmp_path / "in", tmp_path / "data"
    path.write_bytes(data)
    with pytest.raises(FileRefused) as error:
        spool_file(path, folder, name="in", bounds=Bounds(limit))
    assert not folder.exists() or os.listdir(folder) == []
    return error.value.code


def test_unpacked_bytes_count(tmp_path: Path) -> None:
    """The limit is exact, for one gzip member or several."""
    rows = HEADER.encode() + ROW * 1_000
    for packed in (gzip.compress(rows), gzip.compress(rows[:500]) + gzip.compress(rows[500:])):
        path = tmp_path / "in"
        path.write_bytes(packed)
        spool_file(path, tmp_path, name="in", bounds=Bounds(len(rows)))
        assert refused(tmp_path, packed, len(rows) - 1) == "file_too_large"


def test_a_ratio_is_refused_beyond_some_size(tmp_path: Path) -> None:
    """Repetitive content is accepted up to some megabytes."""
    rows = HEADER.encode() + ROW * (ALWAYS // len(ROW) - 2)
    assert len(rows) <= ALWAYS
    path = tmp_path / "in"
    path.write_bytes(gzip.compress(rows))
    assert path.stat().st_size * RATIO < len(rows)
    spool_file(path, tmp_path, name="in", bounds=Bounds(1 << 30))
    bomb = gzip.compress(rows * 4)
    assert refused(tmp_path, bomb, 1 << 30) == "packed_too_tightly"


def test_a_copy_is_no_larger_than_twice_the_limit(tmp_path: Path) -> None:
    """The copy of short faulty rows is larger than the file, and bounded too."""
    data = HEADER.encode() + b"x\n" * (Bounds(LIMIT).copied // 50)
    assert len(data) < LIMIT
    assert refused(tmp_path, data) == "file_too_large"


def test_damaged_gzip_is_rejected(tmp_path: Path) -> None:
    """A truncated, damaged or twice packed file is rejected with its own code."""
    made = random.Random(1)
    rows = HEADER + "".join(f"cus_{made.random()},card_1\n" for _ in range(20_000))
    packed = gzip.compress(rows.encode())
    assert refused(tmp_path, packed[:-1]) == "gzip_torn"
    assert refused(tmp_path, packed[:-8] + b"00000000") == "gzip_torn"
    assert refused(tmp_path, gzip.compress(packed)) == "unknown_format"


def test_an_archive_is_bounded_as_gzip_is(tmp_path: Path) -> None:
    """The limits on size and ratio also apply to zip archives."""
    rows = HEADER.encode() + ROW * 1_000
    path = tmp_path / "in"
    path.write_bytes(zipped(rows))
    spool_file(path, tmp_path, name="in", bounds=Bounds(len(rows)))
    assert refused(tmp_path, zipped(rows), len(rows) - 1) == "file_too_large"
    bomb = zipped(HEADER.encode() + ROW * (4 * ALWAYS // len(ROW)))
    assert refused(tmp_path, bomb, 1 << 30) == "packed_too_tightly"


def test_an_archive_of_thousands_of_files_is_rejected(tmp_path: Path) -> None:
    """Its table of contents alone would fill memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}.csv", "")
    assert refused(tmp_path, out.getvalue(), 1 << 30) == "unknown_format"


def test_an_archive_that_understates_its_size_is_damaged(tmp_path: Path) -> None:
    """Only the stated bytes are unpacked, and their checksum is then wrong."""
    data = bytearray(zipped(HEADER.encode() + ROW * 1_000))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    assert refused(tmp_path, bytes(data)) == "zip_torn"


def test_a_workbook_is_bounded_by_what_is_read_of_it(tmp_path: Path) -> None:
    """Pictures and other sheets do not count; default bounds apply if the caller sets none."""
    table = Table(("userId", "default_source"), (("cus_1", "card_1"),))
    path = tmp_path / "cards.xlsx"
    path.write_bytes(_with(as_xlsx(table), "xl/media/image1.png", bytes(64 << 20)))
    spool_file(path, tmp_path, name="in", bounds=Bounds(LIMIT))
    bomb = _with(as_xlsx(table), "xl/sharedStrings.xml", b"<sst>" + bytes(64 << 20))
    assert refused(tmp_path, bomb) == "file_too_large"
    assert refused(tmp_path, bomb, 1 << 30) == "packed_too_tightly"
    assert refused(tmp_path, gzip.compress(bomb), 1 << 30) == "packed_too_tightly"
    path.write_bytes(bomb)
    with pytest.raises(FileRefused) as error:
        open_input(path)
    assert error.value.code == "packed_too_tightly"


def _with(workbook: bytes, part: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for info in before.infolist():
            if info.filename != part:
                after.writestr(info.filename, before.read(info))
        after.writestr(part, data)
    return out.getvalue()


@pytest.mark.parametrize("begins", [b'[{"userId": "', b'[{"userId": ', b'{"data": [{"userId": "'])
def test_json_that_does_not_end_is_refused(begins: bytes, tmp_path: Path) -> None:
    """An element of megabytes is rejected after the first megabyte."""
    for more in (b"x", b"[", b'{"a":'):
        assert refused(tmp_path, begins + more * (3 << 20), 1 << 30) == "json_broken"


def test_too_many_columns_are_rejected(tmp_path: Path) -> None:
    """Every column is checked in every row, so their number is bounded."""
    columns = ",".join(f"c{number}" for number in range(2_000))
    assert refused(tmp_path, f"{HEADER.strip()},{columns}\n".encode()) == "header"
    assert refused(tmp_path, b"a," * 2_000_000, 1 << 30) == "header"
