"""Joins mappings of copies with each other and with the old account's defaults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from producer.migrations.errors import FileRefused
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import InputFile, open_input
from producer.migrations.input.rows.joining import Part, join
from producer.migrations.input.rows.old_defaults import OldDefaults
from producer.migrations.input.rows.reader import open_rows
from producer.migrations.model.rows import BadRow, WasDefault
from producer.migrations.plan.plan import Plan, make_plan
from tests.unit.migrations.files import CARD_NUMBER, written

HEADER = "customer_id_old,source_id_old,customer_id_new,source_id_new"
COPY = f"""{HEADER}
cus_a,card_a1,cus_A,card_A1
cus_a,card_a2,cus_A,card_A2
cus_b,card_b1,cus_B,card_B1
cus_c,pm_c1,cus_C,pm_C1
cus_c,card_c2,cus_C,card_C2
"""


def _joined(folder: Path, old: str | None, *copies: str) -> InputFile:
    parts = []
    for place, text in enumerate(copies or (COPY,)):
        source = written(folder, text, f"copy-{place}.csv")
        parts.append(Part(source, map_columns(source)))
    if old is None:
        return join(parts, None, folder)
    with OldDefaults(written(folder, old, "old.csv")) as defaults:
        return join(parts, defaults, folder)


def _planned(source: InputFile) -> Plan:
    return make_plan(source, map_columns(source))


def _unsent(plan: Plan) -> dict[int, str]:
    return {one.number: one.reason.value for one in plan.unsent_rows()}


def test_the_old_default_becomes_the_new_one(tmp_path: Path) -> None:
    """The copy of the old default is sent; the customer's other cards are `not_default`."""
    old = "customer,default_source\ncus_a,card_a2\ncus_c,pm_c1\n"
    with _planned(_joined(tmp_path, old)) as plan:
        assert _unsent(plan) == {1: "not_default", 5: "not_default"}
        assert (plan.to_send, plan.skipped, plan.ambiguous) == (3, {"not_default": 2}, {})
        assert plan.source.name == "copy-0.csv"


def test_unknown_old_defaults_stay_undecided(tmp_path: Path) -> None:
    """A missing, uncopied or contradictory old default leaves the customer undecided."""
    old = "customer,default_source\ncus_c,card_gone\ncus_b,card_gone\nx,\n"
    with _planned(_joined(tmp_path, old)) as plan:
        assert _unsent(plan) == {
            1: "ambiguous_cards",
            2: "ambiguous_cards",
            3: "default_not_copied",
            4: "default_not_copied",
            5: "default_not_copied",
        }
    old = "customer,default_source\ncus_a,card_a1\ncus_a,card_a2\n"
    with _planned(_joined(tmp_path, old)) as plan:
        assert _unsent(plan)[1] == _unsent(plan)[2] == "contradictory_defaults"


@pytest.mark.parametrize(
    "old",
    [
        "id,Email,Card ID\ncus_a,a@example.com,card_a2\n",
        "Customer ID;Default Source\ncus_a;card_a2\n",
        "ID,CARD.ID,DEFAULT_SOURCE\ncus_a,card_a1,card_a2\ncus_a,card_a2,card_a2\n",
        "id,default_source_id,invoice_settings_default_payment_method_id\ncus_a,card_a1,card_a2\n",
        "customer_id_old,default_payment_method,default_source\ncus_a,,card_a2\n",
        json.dumps({"id": "cus_a", "default_source": "card_a2", "invoice_settings": {}}),
        json.dumps({"id": "cus_a", "default_source": {"id": "card_a2", "object": "card"}}),
        json.dumps(
            {
                "id": "cus_a",
                "default_source": "card_a1",
                "invoice_settings": {"default_payment_method": "card_a2"},
            }
        ),
    ],
)
def test_exports_of_the_old_account(old: str, tmp_path: Path) -> None:
    """Defaults are found by the names in Stripe's exports and objects, in Stripe's precedence."""
    with _planned(_joined(tmp_path, old)) as plan:
        assert {n: why for n, why in _unsent(plan).items() if n < 3} == {1: "not_default"}


@pytest.mark.parametrize(
    ("old", "code"),
    [
        ("customer,email\ncus_a,x\n", "column_missing"),
        ("email,default_source\nx,card_a1\n", "column_missing"),
        (f"customer,default_source\ncus_a,{CARD_NUMBER}\n", "card_data_column"),
    ],
)
def test_exports_that_are_refused(old: str, code: str, tmp_path: Path) -> None:
    """Exports without customers or defaults, or with card numbers, are rejected."""
    with pytest.raises(FileRefused) as refused:
        _joined(tmp_path, old)
    assert refused.value.code == code
    assert CARD_NUMBER not in refused.value.message("es")


def test_several_copies_in_one_run(tmp_path: Path) -> None:
    """A later copy adds new rows, repeated rows are sent once, and contradictions are reported."""
    second = f"""{HEADER}
cus_b,card_b1,cus_B,card_B1
cus_d,card_d1,cus_D,card_D1
cus_c,pm_c1,cus_C,pm_C9
cus_e,card_e1,nope,card_E1
"""
    source = _joined(tmp_path, "customer,default_source\ncus_a,card_a1\n", COPY, second)
    with _planned(source) as plan:
        assert _unsent(plan) == {
            2: "not_default",
            4: "contradictory_copies",
            5: "contradictory_copies",
            6: "repeated_row",
            8: "contradictory_copies",
        }
        assert (plan.rows, plan.to_send, plan.codes) == (9, 3, {"parameter_invalid": 1})
    rows = list(open_rows(source, map_columns(source)))
    assert [row.line for row in rows] == [2, 3, 4, 5, 6, 2, 3, 4, 5]
    for number in range(1, 10):
        again = open_input(source.path)
        assert list(open_rows(again, map_columns(again), start_number=number)) == rows[number - 1 :]


def test_a_row_that_cannot_be_read_names_its_file(tmp_path: Path) -> None:
    """With several files, a line number alone is not enough."""
    source = _joined(tmp_path, None, COPY, f"{HEADER}\ntoo,few\n")
    bad = [row for row in open_rows(source, map_columns(source)) if isinstance(row, BadRow)]
    assert [row.what for row in bad] == ["the row has fewer fields than the header (in copy-1.csv)"]


def test_an_import_mapping_is_joined_alike(tmp_path: Path) -> None:
    """Stripe's import mapping is joined by the ids at the former processor."""
    document = {"1893": {"id": "cus_A", "cards": {"1": {"id": "card_A1"}, "2": {"id": "card_A2"}}}}
    source = _joined(tmp_path, "customer,default_source\n1893,2\n", json.dumps(document))
    with _planned(source) as plan:
        assert _unsent(plan) == {1: "not_default"}


def test_the_same_files_are_the_same_migration(tmp_path: Path) -> None:
    """Other files are another migration; the copy holds no card number, whatever the old ids."""
    old = "customer,default_source\ncus_a,card_a2\n"
    with _planned(_joined(tmp_path, old)) as one, _planned(_joined(tmp_path, old)) as again:
        assert one.id == again.id
    with _planned(_joined(tmp_path, None)) as other, _planned(_joined(tmp_path, old)) as one:
        assert other.id != one.id
    odd = f"{HEADER}\n{CARD_NUMBER},card_1,cus_A,card_A1\ncus_b,card_2,cus_B,card_B1\n"
    odd += "".join(f"cus_{n},card_{n},cus_{n},card_{n}\n" for n in range(5))
    assert CARD_NUMBER not in _joined(tmp_path, old, odd).path.read_text()


def test_only_copies_are_joined(tmp_path: Path) -> None:
    """An ordinary file does not name the origin of its cards."""
    with pytest.raises(FileRefused) as refused:
        _joined(tmp_path, None, COPY, "userId,default_source\ncus_A,card_1\n")
    assert refused.value.code == "not_a_copy"


def test_an_old_default_is_looked_up(tmp_path: Path) -> None:
    """The default of a customer without one in the export is unknown."""
    source = written(tmp_path, "customer,default_source\ncus_a,card_a\ncus_b,\n,card_x\n")
    with OldDefaults(source) as old:
        assert [old.of("cus_a", one) for one in ("card_a", "card_b")] == [
            WasDefault.YES,
            WasDefault.NO,
        ]
        assert old.of("cus_b", "card_b") is WasDefault.NOT_SAID
        assert (old.customers, old.without, old.unread) == (1, 1, 1)
