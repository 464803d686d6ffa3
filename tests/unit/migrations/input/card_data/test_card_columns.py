"""Card numbers and CVCs reject a file by column and a row by value."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from producer.contract.card_data.card_numbers import passes_luhn
from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_column_names import named_cid, named_like_card_data
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.rows.spool import spool_input
from producer.migrations.plan.plan import make_plan
from tests.unit.migrations.files import CARD_NUMBER, HEADER, mapped, written

FILLED = "userId,default_source,{}\ncus_1,card_1,x\n"


@pytest.mark.parametrize(
    "name",
    [
        *("card_number", "cardNumber", "Card Number", "card.number", "CARD_NO", "card_num", "pan"),
        *("PAN", "primary_account_number", "cc_number", "ccnum", "credit_card_number"),
        *("old_card_number", "número de tarjeta", "num_tarjeta", "numero_tarjeta"),
        *("cvc", "CVV", "cvv2", "card_cvc", "cardCvc", "security_code", "codigo_seguridad"),
        *("card_cid", "cardCid", "amex cid", "cid_code", "csc", "cvn"),
    ],
)
def test_a_column_named_like_card_data_refuses_the_file(name: str, tmp_path: Path) -> None:
    """The file is rejected whatever the column holds, and the error names the column."""
    assert named_like_card_data(name)
    for text in (FILLED.format(name), f'{{"userId": "cus_1", "source": "tok_1", "{name}": ""}}\n'):
        with pytest.raises(FileRefused) as refused:
            written(tmp_path, text)
        assert refused.value.code == "card_data_column"
        assert refused.value.column == name


@pytest.mark.parametrize(
    "name",
    [
        *("card", "card_id", "source", "default_source", "last4", "card_last4", "pan_last4"),
        *(
            "customer_number",
            "account_number",
            "number",
            "company",
            "panel",
            "acc_number",
            "accounts",
        ),
        *("tarjeta", "card_note", "customer_id_new", "source_id_new", "discount", "cards"),
        *("cid", "CID", "customer_cid", "customerCid", "cid2", "cid_last4", "acid", "cidade"),
    ],
)
def test_other_columns_are_accepted(name: str, tmp_path: Path) -> None:
    """Ids, last digits and other numbers are no card numbers."""
    assert not named_like_card_data(name)
    if name not in ("source", "default_source"):
        assert name in written(tmp_path, FILLED.format(name)).columns


def test_a_header_that_is_a_card_number_is_not_repeated(tmp_path: Path) -> None:
    """A file without a header may start with a card number, which the error does not repeat."""
    with pytest.raises(FileRefused) as refused:
        written(tmp_path, f"cus_1,{CARD_NUMBER}\n")
    assert "4242" not in str(refused.value) + refused.value.column


def _numbers(share: float, count: int) -> list[str]:
    """Numbers of 16 digits, of which `share` pass Luhn."""
    chance = random.Random(7)
    found: list[str] = []
    while len(found) < count:
        number = str(chance.randrange(4 * 10**15, 5 * 10**15))
        if passes_luhn(number) == (len(found) < share * count):
            found.append(number)
    chance.shuffle(found)
    return found


def _grouped(separator: str) -> Callable[[str], str]:
    return lambda number: separator.join(number[at : at + 4] for at in range(0, 16, 4))


def _full_width(number: str) -> str:
    return "".join(chr(0xFF10 + int(digit)) for digit in number)


@pytest.mark.parametrize(
    "fill",
    [
        *(str, " {} ".format, "no. {}".format, _grouped("_"), _grouped("\xa0"), _grouped("\u200b")),
        *(_grouped("/"), _full_width),
    ],
)
@pytest.mark.parametrize("late", [0, 20_000])
def test_a_column_of_card_numbers_refuses_the_file(
    fill: Callable[[str], str], late: int, tmp_path: Path
) -> None:
    """The first rows are checked when the file is opened, all rows when it is planned."""
    lines = [f"cus_{n},card_{n}," for n in range(late)]
    lines += [f"cus_x{n},card_x,{fill(one)}" for n, one in enumerate(_numbers(0.6, 50))]
    text = "userId,default_source,reference\n" + "\n".join(lines)

    def plan() -> None:
        make_plan(*mapped(tmp_path, text)).close()

    with pytest.raises(FileRefused) as refused:
        plan()
    assert (refused.value.code, refused.value.column) == ("card_data_column", "reference")


def test_a_column_of_long_customer_numbers_is_accepted(tmp_path: Path) -> None:
    """One number in ten passes Luhn by chance, so columns are judged, not single values."""
    lines = [f"cus_{n},card_{n},{one}" for n, one in enumerate(_numbers(0.1, 500))]
    text = "userId,default_source,customer_number\n" + "\n".join(lines)
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert (plan.rows, plan.invalid) == (500, 0)


def test_one_card_number_makes_its_row_invalid(tmp_path: Path) -> None:
    """A card number in a used column is a bad row; unused columns are not read."""
    text = f"userId,default_source,note\ncus_1,{CARD_NUMBER},x\ncus_2,card_2,{CARD_NUMBER}\n"
    text += "cus_3,card_3,x\n" * 3
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert plan.codes == {"card_number_refused": 1}
        assert [bad.number for bad in plan.bad_rows()] == [1]


_CIDS: dict[str, tuple[list[object], bool]] = {
    "CVCs": (["123", "0123", " 987 "], True),
    "most are CVCs": (["123", "456", "cus_3"], True),
    "half are CVCs": (["123", "456", "cus_3", "cus_4"], False),
    "most of those that are filled": (["123", "", "  ", ""], True),
    "customers of ours": (["cus_1", "cus_2"], False),
    "numbers of customers": (["12345", "17", "999"], False),
    "numbers with gaps": (["123.0", "", "456.0"], True),
    "nothing": (["", ""], False),
}


def _table(cids: list[object]) -> str:
    lines = (f"cus_{n},card_{n},{cid}\n" for n, cid in enumerate(cids))
    return "userId,default_source,cid\n" + "".join(lines)


def _lines(cids: list[object]) -> str:
    rows = ({"userId": f"cus_{n}", "source": f"tok_{n}", "cid": c} for n, c in enumerate(cids))
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("case", _CIDS)
@pytest.mark.parametrize("write", [_table, _lines])
def test_a_column_named_cid_is_judged_by_its_values(
    case: str, write: Callable[[list[object]], str], tmp_path: Path
) -> None:
    """`cid` may be a customer's id: rejected if most filled values have 3 or 4 digits."""
    cids, refused = _CIDS[case]
    if not refused:
        assert "cid" in written(tmp_path, write(cids)).columns
        make_plan(*mapped(tmp_path, write(cids))).close()
        return
    with pytest.raises(FileRefused) as error:
        written(tmp_path, write(cids))
    assert (error.value.code, error.value.column) == ("card_data_column", "cid")
    assert not [one for one in cids if str(one).strip() and str(one) in str(error.value)]


def test_cids_that_are_numbers_in_json_are_judged(tmp_path: Path) -> None:
    """JSON numbers may be CVCs too; true and false are none."""
    with pytest.raises(FileRefused):
        written(tmp_path, _lines([123, 4567.0, None]))
    assert "cid" in written(tmp_path, _lines([True, False, 12345])).columns


@pytest.mark.parametrize("write", [_table, _lines])
def test_a_cid_is_judged_by_all_rows(write: Callable[[list[object]], str], tmp_path: Path) -> None:
    """Customers counted from 1 start like CVCs, and CVCs may follow a thousand other values."""
    counted = write(list(range(1, 25_000)))
    make_plan(*mapped(tmp_path, counted)).close()
    spool_input(io.BytesIO(counted.encode()), tmp_path / "data")
    late = write([*("x" * 9 for _ in range(1_200)), *(f"{n % 900 + 100}" for n in range(2_000))])
    source, mapping = mapped(tmp_path, late)
    with pytest.raises(FileRefused) as refused:
        make_plan(source, mapping)
    assert refused.value.column == "cid"
    folder = tmp_path / "refused"
    with pytest.raises(FileRefused):
        spool_input(io.BytesIO(late.encode()), folder)
    assert list(folder.iterdir()) == []


def test_a_cid_that_comes_in_a_late_row_is_judged(tmp_path: Path) -> None:
    """In JSON Lines any row may introduce such a column, even each row a different one."""
    line = '{"userId": "cus_1", "source": "tok_1"'
    text = f"{line}}}\n" * 2_000
    with pytest.raises(FileRefused) as refused:
        make_plan(*mapped(tmp_path, f'{text}{line}, "cid": "123"}}\n'))
    assert refused.value.column == "cid"
    make_plan(*mapped(tmp_path, f'{text}{line}, "cid": "cus_1"}}\n')).close()
    many = "".join(f'{line}, "cid-{n}": "cus_1"}}\n' for n in range(200))
    with pytest.raises(FileRefused):
        make_plan(*mapped(tmp_path, text + many))


def test_a_customers_id_may_be_called_cid(tmp_path: Path) -> None:
    """As a used column, `cid` makes only the row with a CVC invalid."""
    text = "cid,default_source\ncus_1,card_1\ncus_2,card_2\n123,card_3\n"
    with make_plan(*mapped(tmp_path, text, {"userId": "cid"})) as plan:
        assert (plan.to_send, plan.codes) == (2, {"card_number_refused": 1})


def test_a_cid_within_a_column_is_judged_by_its_value() -> None:
    """In nested JSON a customer's id is no card data, but a card number beside it is."""
    for inside, refused in (
        ({"cid": "cus_1"}, False),
        ({"cid": "123"}, True),
        ({"cid": CARD_NUMBER}, True),
        ([{"cid": "cus_1", "n": CARD_NUMBER}], True),
    ):
        cards = CardColumns(["customer"])
        cards.check([inside])
        if refused:
            with pytest.raises(FileRefused):
                cards.refuse()
        else:
            cards.refuse()
    assert [named_cid(name) for name in ("cid", "card_cid", "cid_last4")] == [True, False, False]


def test_nested_card_data_is_found() -> None:
    """Card numbers and CVCs in nested JSON count for their column."""
    cards = CardColumns(["card"])
    cards.check([{"details": [{"n": CARD_NUMBER}]}])
    cards.check([{"cvc": "1"}])
    cards.check([[CARD_NUMBER]])
    cards.check(["x"])
    cards.check(["y"])
    with pytest.raises(FileRefused):
        cards.refuse()


@pytest.mark.parametrize("text", [FILLED.format("cvc"), f"{HEADER}cus_1,{CARD_NUMBER}\n"])
def test_nothing_of_a_refused_stream_is_stored(text: str, tmp_path: Path) -> None:
    """Standard input is checked before its folder is created."""
    folder = tmp_path / "data"
    with pytest.raises(FileRefused):
        spool_input(io.BytesIO(text.encode()), folder)
    assert not folder.exists()
