"""A stream's copy holds what its migration needs, and nothing else."""

from __future__ import annotations

import gzip
import io
import os
from functools import partial
from pathlib import Path

import pytest

from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.ids import migration_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.input.rows.spool import spool_input
from producer.migrations.model.conditions import Conditions
from tests.unit.migrations.files import CARD_NUMBER, HEADER, written

COPY = "customer_id_old,source_id_old,customer_id_new,source_id_new\r\n"
FILES: dict[str, bytes] = {
    "csv": b"userId,default_source,email\ncus_1,card_1,ann@example.com\n\ncus_2,card_2,x\ncus_3\n",
    "copy file": (COPY + "cus_a,card_a,cus_1,card_1\r\n").encode(),
    "json lines": b'{"userId": "cus_1", "source": "tok_1", "email": "ann@example.com"}\n{\n',
    "stripe's mapping": b'{"1893": {"id": "cus_1", "cards": {"26": {"id": "card_1"}}}}',
    "faults": f"{HEADER}cus_\xe9,card_1\nbad,card_1\n{'x' * 999},card_1\n".encode("latin-1"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_copy_is_the_same_migration_as_the_file(
    name: str, pack: type[bytes], tmp_path: Path
) -> None:
    """It has the same id, rows and lines, also when another process opens it."""
    data = pack(FILES[name])
    source = written(tmp_path, data)
    mapping = map_columns(source)
    spooled = spool_input(io.BytesIO(data), tmp_path / "data")
    again = open_input(spooled.path, name="standard input")
    assert again == spooled
    assert (spooled.digest, spooled.size) == (source.digest, len(data))
    assert map_columns(again) == mapping
    assert migration_id(again, mapping, Conditions()) == migration_id(source, mapping, Conditions())
    rows = list(open_rows(source, mapping))
    assert list(open_rows(again, mapping)) == rows
    assert list(open_rows(again, mapping, start_number=2)) == rows[1:]


def test_unused_columns_are_not_stored(tmp_path: Path) -> None:
    """Neither are card numbers in used columns; only the owner can read the copy."""
    lines = ["cus_1,card_1,ann@example.com,card_0", f"cus_2,{CARD_NUMBER},bob@example.com,card_0"]
    lines += [f"cus_\0,{CARD_NUMBER},dan@example.com,card_0", f"cus_1,card_1,,{CARD_NUMBER}"]
    lines += [f"cus_{n},card_{n},carol@example.com,card_0" for n in range(3, 99)]
    data = ("userId,default_source,email,was\n" + "\n".join(lines)).encode()
    folder = tmp_path / "data"
    mapped = partial(map_columns, expected="was")
    spooled = spool_input(io.BytesIO(data), folder, mapped=mapped)
    stored = spooled.path.read_text()
    assert "example.com" not in stored
    assert CARD_NUMBER not in stored
    assert spooled.columns == ("userId", "default_source", "email", "was")
    assert spooled.kept == ("userId", "default_source", "was")
    assert os.listdir(folder) == [spooled.path.name]
    assert spooled.path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    source = written(tmp_path, data)
    assert list(open_rows(spooled, mapped(spooled))) == list(open_rows(source, mapped(source)))


def test_another_column_than_those_kept_needs_the_file_again(tmp_path: Path) -> None:
    """A copy serves one mapping; another mapping of the same stream makes another copy."""
    data = b"userId,default_source,other\ncus_1,card_1,card_2\n"

    def other(source: InputFile) -> object:
        return map_columns(source, {"default_source": "other"})

    spooled = spool_input(io.BytesIO(data), tmp_path / "data")
    with pytest.raises(FileRefused) as refused:
        list(open_rows(spooled, map_columns(spooled, {"default_source": "other"})))
    assert refused.value.column == "other"
    another = spool_input(io.BytesIO(data), tmp_path / "data", mapped=other)  # type: ignore[arg-type]
    assert another.path != spooled.path
    assert another.digest == spooled.digest


def test_a_stream_that_is_rejected_late_leaves_nothing(tmp_path: Path) -> None:
    """A copy that turns out to be truncated or to hold card data is removed."""
    body = "".join(f"cus_{n},card_{n}\n" for n in range(100_000))
    torn = gzip.compress((HEADER + body).encode())[:-5]
    late = '{"userId": "cus_1", "source": "tok_1"}\n' * 50_000 + '{"userId": "cus_1", "cvc": ""}\n'
    for data in (torn, late.encode()):
        with pytest.raises(FileRefused):
            spool_input(io.BytesIO(data), tmp_path / "data")
        assert os.listdir(tmp_path / "data") == []


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    """Without its first line nothing is known about a copy."""
    spooled = spool_input(io.BytesIO(FILES["csv"]), tmp_path / "data")
    spooled.path.write_bytes(spooled.path.read_bytes()[:40])
    with pytest.raises(FileRefused) as refused:
        open_input(spooled.path)
    assert refused.value.code == "copy_broken"


class _Slow(io.BytesIO):
    """Returns a few bytes at a time, like a pipe."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 1_000, 1_000) if size != -1 else 1_000)


def test_a_stream_in_pieces(tmp_path: Path) -> None:
    """The sizes of the pieces change nothing, packed or not."""
    body = "".join(f"cus_{n},card_{n}\n" for n in range(2_000))
    for data in ((HEADER + body).encode(), gzip.compress((HEADER + body).encode())):
        spooled = spool_input(_Slow(data), tmp_path / "data")
        assert spooled.digest == written(tmp_path, data).digest
        assert len(list(open_rows(spooled, map_columns(spooled)))) == 2_000
