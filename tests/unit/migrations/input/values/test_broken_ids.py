"""Ids are trimmed, and damage to ids is recognised."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.migrations.input.rows.reader import open_rows
from producer.migrations.input.values.broken_ids import CASE, HIDDEN, SPREADSHEET, damage
from producer.migrations.input.values.trimming import EDGES, blank, printable, trimmed
from producer.migrations.model.rows import BadRow
from producer.migrations.plan.plan import make_plan
from producer.migrations.texts.codes import todo
from tests.unit.migrations.files import HEADER, by_line, mapped, read

_IDS = st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True)
# Of one line: quotes are another matter.
_AROUND = st.text(st.sampled_from(sorted(set(EDGES) - set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"))))


@given(st.lists(st.tuples(_IDS, _IDS, _AROUND, _AROUND), min_size=1, max_size=10))
def test_characters_around_ids_change_nothing(rows: list[tuple[str, str, str, str]]) -> None:
    """The rows are those of the trimmed file, and trimmed values are counted."""
    plain = "".join(f"cus_{a},card_{b}\n" for a, b, _, _ in rows)
    around = "".join(f"{x}cus_{a}{y},{y}card_{b}{x}\n" for a, b, x, y in rows)
    with TemporaryDirectory() as folder:
        expected = read(Path(folder), HEADER + plain)
        source, mapping = mapped(Path(folder), HEADER + around)
        assert list(open_rows(source, mapping)) == expected
        with make_plan(source, mapping) as plan:
            assert plan.notes.trimmed == sum(2 * bool(x + y) for _, _, x, y in rows)
            assert plan.invalid == 0


@given(_IDS, st.sampled_from(EDGES), _IDS)
def test_a_hidden_character_within_an_id_is_named(before: str, hidden: str, after: str) -> None:
    """It is not removed, since the original id is not certain."""
    fault = damage(f"cus_{before}{hidden}{after}", "userId")
    assert fault is not None
    assert (fault.code, f"U+{ord(hidden):04X}" in fault.what) == (HIDDEN, True)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("1.23E+15", SPREADSHEET, "scientific notation"),
        ("1,23E+15", SPREADSHEET, "scientific notation"),
        ("-4e12", SPREADSHEET, "scientific notation"),
        ("123456789012345000", SPREADSHEET, "15 digits"),
        ("#NAME?", SPREADSHEET, "error"),
        ("#¿NOMBRE?", SPREADSHEET, "error"),
        ("#N/A", SPREADSHEET, "error"),
        ("#DIV/0!", SPREADSHEET, "error"),
        ("#####", SPREADSHEET, "error"),
        ("'cus_1", SPREADSHEET, "apostrophe"),
        ('=HYPERLINK("https://x/cus_1")', SPREADSHEET, "formula"),
        ("=cus_1", SPREADSHEET, "formula"),
        ("12/03/2024", SPREADSHEET, "date"),
        ("2024-03-12 10:00:00", SPREADSHEET, "date"),
        ("3-Mar", SPREADSHEET, "date"),
        ("Mar-24", SPREADSHEET, "date"),
        (1.23e15, SPREADSHEET, "number"),
        (1_230_000_000_000_000, SPREADSHEET, "number"),
        ("CUS_ABC", CASE, "case"),
        ("Card_1", CASE, "case"),
        ("cus_1 2", HIDDEN, "U+0020 SPACE"),
        ("17", None, ""),
        (17, None, ""),
        (True, None, ""),
        ("cus-1", None, ""),
        ("ann@example.com", None, ""),
        ("tok_1", None, ""),
    ],
)
def test_damage_to_an_id(value: object, code: str | None, text: str) -> None:
    """Known damage has its own code and advice; other invalid ids have the contract's message."""
    fault = damage(value, "userId")
    assert (fault.code if fault else None) == code
    if fault is not None:
        assert text in fault.what
        assert "Stripe's documentation" not in todo(fault.code)


def test_a_damaged_id_is_a_bad_row(tmp_path: Path) -> None:
    """It has line and column, and nothing of the value."""
    rows = read(tmp_path, f"{HEADER}cus_1,card_1\n1.23E+15,card_1\ncus_2,CARD_2\n")
    assert by_line(rows) == [(2, "cus_1"), (3, SPREADSHEET), (4, CASE)]
    assert [row.column for row in rows if isinstance(row, BadRow)] == ["userId", "default_source"]
    assert "1.23" not in repr(rows[1])


@pytest.mark.parametrize(
    "text",
    [
        "userId,default_source,note\n{}cus_1,card_1,x\n,,\n \t,\u00a0,\u200b\n,\n,,x\n",
        '{{"userId": "cus_0", "default_source": "card_0"}}\n{}'
        '{{"userId": "cus_1", "default_source": "card_1"}}\n{{}}\n'
        '{{"userId": null, "default_source": " "}}\n{{"userId": ""}}\n{{"note": "x"}}\n',
    ],
)
def test_blank_rows_are_skipped_and_counted(text: str, tmp_path: Path) -> None:
    """A row is blank if all columns are; with a value only in an unused column it is invalid."""
    with make_plan(*mapped(tmp_path, text.format(""))) as plan:
        assert plan.skipped == {"blank_row": 3}
        assert plan.codes == {"parameter_missing": 1}
        assert plan.to_send + plan.invalid + 3 == plan.rows


@given(st.lists(st.one_of(st.none(), st.text(st.sampled_from(EDGES)), st.text(), st.integers())))
def test_blank_is_what_trims_to_nothing(values: list[object]) -> None:
    """A row is blank if all values are empty when trimmed; numbers are values."""
    plain = all(v is None or (isinstance(v, str) and trimmed(v) == "") for v in values)
    assert blank(values) == plain


@pytest.mark.parametrize(
    ("name", "fit"),
    [("Customer\u00a0ID\u200b", True), (" x ", True), ("a\x1b[2Jb", False), ("a\u202eb", False)],
)
def test_names_that_may_be_shown(name: str, fit: bool) -> None:
    """No-break and zero-width characters are harmless; direction and control characters are not."""
    assert printable(name) is fit
