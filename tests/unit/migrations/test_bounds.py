"""What a file may come to."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from producer.migrations.bounds import ALWAYS, RATIO, Bounds
from producer.migrations.errors import FileRefused
from producer.migrations.spool import spool_file
from tests.unit.migrations.files import HEADER

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


def test_so_many_columns_are_too_many(tmp_path: Path) -> None:
    """Each is looked at in every row."""
    columns = ",".join(f"c{number}" for number in range(2_000))
    assert refused(tmp_path, f"{HEADER.strip()},{columns}\n".encode()) == "header"
