"""What a file may come to."""

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
    """The code with which it is refused; nothing is left of it."""
    path, folder = tmp_path / "in", tmp_path / "data"
    path.write_bytes(data)
    with pytest.raises(FileRefused) as error:
        spool_file(path, folder, name="in", bounds=Bounds(limit))
    assert not folder.exists() or os.listdir(folder) == []
    return error.value.code


def test_what_is_unpacked_counts(tmp_path: Path) -> None:
    """To the byte, in one member of gzip or in many."""
    rows = HEADER.encode() + ROW * 1_000
    for packed in (gzip.compress(rows), gzip.compress(rows[:500]) + gzip.compress(rows[500:])):
        path = tmp_path / "in"
        path.write_bytes(packed)
        spool_file(path, tmp_path, name="in", bounds=Bounds(len(rows)))
        assert refused(tmp_path, packed, len(rows) - 1) == "file_too_large"


def test_a_ratio_is_refused_beyond_some_size(tmp_path: Path) -> None:
    """Who says the same over and over may do so for some megabytes."""
    rows = HEADER.encode() + ROW * (ALWAYS // len(ROW) - 2)
    assert len(rows) <= ALWAYS
    path = tmp_path / "in"
    path.write_bytes(gzip.compress(rows))
    assert path.stat().st_size * RATIO < len(rows)
    spool_file(path, tmp_path, name="in", bounds=Bounds(1 << 30))
    bomb = gzip.compress(rows * 4)
    assert refused(tmp_path, bomb, 1 << 30) == "packed_too_tightly"


def test_a_copy_is_no_larger_than_twice_the_limit(tmp_path: Path) -> None:
    """Of rows that are short and broken a copy says more than they do."""
    data = HEADER.encode() + b"x\n" * (Bounds(LIMIT).copied // 50)
    assert len(data) < LIMIT
    assert refused(tmp_path, data) == "file_too_large"


def test_what_is_no_gzip_behind_its_first_bytes(tmp_path: Path) -> None:
    """Torn, damaged, or packed twice, it is refused by what it is."""
    made = random.Random(1)
    rows = HEADER + "".join(f"cus_{made.random()},card_1\n" for _ in range(20_000))
    packed = gzip.compress(rows.encode())
    assert refused(tmp_path, packed[:-1]) == "gzip_torn"
    assert refused(tmp_path, packed[:-8] + b"00000000") == "gzip_torn"
    assert refused(tmp_path, gzip.compress(packed)) == "unknown_format"


def test_an_archive_is_bounded_as_gzip_is(tmp_path: Path) -> None:
    """By what is in it, to the byte, and by how tightly that is packed."""
    rows = HEADER.encode() + ROW * 1_000
    path = tmp_path / "in"
    path.write_bytes(zipped(rows))
    spool_file(path, tmp_path, name="in", bounds=Bounds(len(rows)))
    assert refused(tmp_path, zipped(rows), len(rows) - 1) == "file_too_large"
    bomb = zipped(HEADER.encode() + ROW * (4 * ALWAYS // len(ROW)))
    assert refused(tmp_path, bomb, 1 << 30) == "packed_too_tightly"


def test_an_archive_of_thousands_is_not_listed(tmp_path: Path) -> None:
    """Its table of contents alone would fill the memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}.csv", "")
    assert refused(tmp_path, out.getvalue(), 1 << 30) == "unknown_format"


def test_an_archive_that_says_too_little_is_damaged(tmp_path: Path) -> None:
    """No more is unpacked than its table of contents says, whose sum is then wrong."""
    data = bytearray(zipped(HEADER.encode() + ROW * 1_000))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    assert refused(tmp_path, bytes(data)) == "zip_torn"


def test_a_workbook_is_bounded_by_what_is_read_of_it(tmp_path: Path) -> None:
    """Pictures and other sheets do not count; also where nobody has set bounds."""
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
    """A text or a nest of megabytes is no row; it is given up at the first of them."""
    for more in (b"x", b"[", b'{"a":'):
        assert refused(tmp_path, begins + more * (3 << 20), 1 << 30) == "json_broken"


def test_so_many_columns_are_too_many(tmp_path: Path) -> None:
    """Each is looked at in every row."""
    columns = ",".join(f"c{number}" for number in range(2_000))
    assert refused(tmp_path, f"{HEADER.strip()},{columns}\n".encode()) == "header"
    assert refused(tmp_path, b"a," * 2_000_000, 1 << 30) == "header"
