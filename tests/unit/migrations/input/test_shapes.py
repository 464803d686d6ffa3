"""A table reads the same in every shape of file."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.input.rows.spool import spool_file, spool_input
from producer.migrations.model.records import Fault
from tests.unit.migrations.files import by_line
from tests.unit.migrations.shapes import SHAPES, Table

_TEXT = st.text(st.sampled_from("ab,;|\t\"'\n\r _=é漢😀\xa0{}[]<&>\\"), max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables of any texts; the first column is never empty."""
    width = draw(st.integers(2, 4))
    names = ("userId", *(f"né {place}" for place in range(1, width)))
    texts = draw(st.lists(st.tuples(*[_TEXT] * (width - 1)), min_size=1, max_size=6))
    return Table(names, tuple((f"cus_{n}", *row) for n, row in enumerate(texts)))


@pytest.mark.parametrize("name", SHAPES)
@given(drawn=tables())
@settings(max_examples=25, deadline=None)
def test_a_table_is_read_as_it_was_written(name: str, drawn: Table) -> None:
    """Cells may hold quotes, separators, line ends, blanks and letters of any kind."""
    shape = SHAPES[name]
    table = shape.table(drawn)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(shape.write(table))
        source = open_input(path)
        assert source.columns == table.names
        assert _read(source, table) == list(enumerate(table.rows, 1))
        assert _read(source, table, 3) == list(enumerate(table.rows[2:], 3))


def _read(source: InputFile, table: Table, start: int = 1) -> list[tuple[int, object]]:
    """Number and values of each record, or its fault."""
    records = source.records(table.names, start_number=start)
    return [(n, v if isinstance(v, Fault) else tuple(v)) for n, _, v in records]


_CARDS = Table(
    ("userId", "default_source", "name"),
    tuple((f"cus_{n}", f"card_{n}", "Zoë, of\nAcme") for n in range(9)),
)


@pytest.mark.parametrize("name", SHAPES)
def test_a_copy_has_the_same_rows(name: str, tmp_path: Path) -> None:
    """Copies of files, uploads and pipes have the file's digest, rows and lines."""
    data = SHAPES[name].write(_CARDS)
    path = tmp_path / "file"
    path.write_bytes(data)
    source = open_input(path)
    rows = list(open_rows(source, map_columns(source)))
    assert [customer for _, customer in by_line(rows)] == [row[0] for row in _CARDS.rows]
    for copy in (
        spool_file(path, tmp_path / "data", name="file"),
        spool_input(io.BytesIO(data), tmp_path / "data", name="file"),
    ):
        again = open_input(copy.path, name="file")
        assert again == copy
        assert (again.digest, again.size, again.format) == (
            source.digest,
            source.size,
            source.format,
        )
        assert list(open_rows(again, map_columns(again))) == rows
