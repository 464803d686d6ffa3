"""Files are opened in any packing, and identified by bytes and meaning."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest

from producer.migrations.errors import ExtraMissing, FileRefused
from producer.migrations.input.input_file import open_input
from producer.migrations.input.rows.ids import command_id, migration_id
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.conditions import Conditions
from tests.unit.migrations.files import HEADER, by_line, mapped, read, written

BODY = "".join(f"cus_{n},card_{n}\n" for n in range(50_000))


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_reads_the_same_however_it_is_written(
    bom: str, delimiter: str, end: str, pack: type[bytes], tmp_path: Path
) -> None:
    """BOM, delimiter, line ends and gzip change no row."""
    text = bom + f"{HEADER}cus_1,card_1\n\ncus_2,card_2\n".replace(",", delimiter)
    data = pack(text.replace("\n", end).encode())
    assert by_line(read(tmp_path, data)) == [(2, "cus_1"), (4, "cus_2")]


@pytest.mark.parametrize("cut", [1_000, -1, -9])
def test_a_torn_gzip_file_is_refused(cut: int, tmp_path: Path) -> None:
    """An unknown number of rows is missing from it."""
    data = gzip.compress((HEADER + BODY).encode())[:cut]
    with pytest.raises(FileRefused) as refused:
        read(tmp_path, data)
    assert refused.value.code == "gzip_torn"


def test_unreadable_files_are_rejected(tmp_path: Path) -> None:
    """A missing file and a folder are rejected with the system's reason."""
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(FileRefused) as refused:
            open_input(path)
        assert refused.value.code == "unreadable_file"


def test_parquet_without_its_library_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyarrow is imported only to open a Parquet file; the error names the missing extra."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExtraMissing) as missing:
        written(tmp_path, b"PAR1....", "cards.parquet")
    assert missing.value.extra == "parquet"
    assert "card-commands[parquet]" in str(missing.value)


def test_the_same_file_with_the_same_meaning_is_the_same_migration(tmp_path: Path) -> None:
    """The id depends on bytes, columns and conditions, but not on path and name."""
    text = "userId,default_source,old\ncus_1,card_1,card_0\n"
    source, mapping = mapped(tmp_path, text)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    same = migration_id(*mapped(elsewhere, text), Conditions())
    one = migration_id(source, mapping, Conditions())
    assert one == same
    others = {
        migration_id(source, mapping, Conditions(skip_if_newer=True)),
        migration_id(source, mapping, Conditions("old")),
        migration_id(*mapped(tmp_path, text, {"default_source": "old"}), Conditions()),
        migration_id(*mapped(tmp_path, text + "\n"), Conditions()),
    }
    assert len(others - {one}) == 4


def test_ids_never_change(tmp_path: Path) -> None:
    """A started migration continues with another version, so ids are fixed."""
    one = migration_id(*mapped(tmp_path, f"{HEADER}cus_1,card_1\n"), Conditions())
    assert one == "mig_6091f8560bc773a881a38c4e"
    assert command_id(one, 1) == "b41b5a9e-0554-501c-a9ad-edac423da32d"
    assert len({command_id(one, number) for number in range(1_000)}) == 1_000


def test_a_row_late_in_the_file_is_found_by_its_number(tmp_path: Path) -> None:
    """Rows before it are skipped, in every format, with the same numbers."""
    lines = [line.split(",") for line in BODY.split()]
    texts = [
        HEADER + BODY,
        "".join(f'{{"userId": "{c}", "default_source": "{d}"}}\n' for c, d in lines),
    ]
    for text in texts:
        source, mapping = mapped(tmp_path, text)
        rows = list(open_rows(source, mapping))
        assert list(open_rows(source, mapping, start_number=49_990)) == rows[49_989:]
