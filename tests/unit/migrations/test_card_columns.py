"""Card numbers and CVCs keep a file out by column, and a row out by value."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest

from producer.contract.card_numbers import passes_luhn
from producer.migrations.card_columns import CardColumns, named_like_card_data
from producer.migrations.errors import FileRefused
from producer.migrations.plan import make_plan
from producer.migrations.spool import spool_input
from tests.unit.migrations.files import CARD_NUMBER, HEADER, mapped, written

FILLED = "userId,default_source,{}\ncus_1,card_1,x\n"


@pytest.mark.parametrize(
    "name",
    [
        *("card_number", "cardNumber", "Card Number", "card.number", "CARD_NO", "card_num", "pan"),
        *("PAN", "primary_account_number", "cc_number", "ccnum", "credit_card_number"),
        *("old_card_number", "número de tarjeta", "num_tarjeta", "numero_tarjeta"),
        *("cvc", "CVV", "cvv2", "card_cvc", "cardCvc", "security_code", "codigo_seguridad"),
    ],
)
def test_a_column_named_like_card_data_refuses_the_file(name: str, tmp_path: Path) -> None:
    """Used or not, and whatever stands in it; the refusal names the column."""
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
    ],
)
def test_other_columns_are_let_in(name: str, tmp_path: Path) -> None:
    """Ids, last digits and numbers of other things are no card numbers."""
    assert not named_like_card_data(name)
    if name not in ("source", "default_source"):
        assert name in written(tmp_path, FILLED.format(name)).columns


def test_a_header_that_is_a_card_number_is_not_repeated(tmp_path: Path) -> None:
    """A file without a header line may begin with a card number: it is refused without it."""
    with pytest.raises(FileRefused) as refused:
        written(tmp_path, f"cus_1,{CARD_NUMBER}\n")
    assert "4242" not in str(refused.value) + refused.value.column


def _numbers(share: float, count: int) -> list[str]:
    """Numbers of 16 digits, so many of which pass Luhn."""
    chance = random.Random(7)
    found: list[str] = []
    while len(found) < count:
        number = str(chance.randrange(4 * 10**15, 5 * 10**15))
        if passes_luhn(number) == (len(found) < share * count):
            found.append(number)
    chance.shuffle(found)
    return found


@pytest.mark.parametrize("fill", ["{}", " {} ", "no. {}"])
@pytest.mark.parametrize("late", [0, 20_000])
def test_a_column_of_card_numbers_refuses_the_file(fill: str, late: int, tmp_path: Path) -> None:
    """Seen in the first rows when the file is opened, and in any rows when it is planned."""
    lines = [f"cus_{n},card_{n}," for n in range(late)]
    lines += [f"cus_x{n},card_x,{fill.format(one)}" for n, one in enumerate(_numbers(0.6, 50))]
    text = "userId,default_source,reference\n" + "\n".join(lines)

    def plan() -> None:
        make_plan(*mapped(tmp_path, text)).close()

    with pytest.raises(FileRefused) as refused:
        plan()
    assert (refused.value.code, refused.value.column) == ("card_data_column", "reference")


def test_a_column_of_long_customer_numbers_is_let_in(tmp_path: Path) -> None:
    """One in ten passes Luhn by chance: the column is judged, not its values."""
    lines = [f"cus_{n},card_{n},{one}" for n, one in enumerate(_numbers(0.1, 500))]
    text = "userId,default_source,customer_number\n" + "\n".join(lines)
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert (plan.rows, plan.invalid) == (500, 0)


def test_one_card_number_makes_its_row_invalid(tmp_path: Path) -> None:
    """In a used column; in one that is not used it is not read."""
    text = f"userId,default_source,note\ncus_1,{CARD_NUMBER},x\ncus_2,card_2,{CARD_NUMBER}\n"
    text += "cus_3,card_3,x\n" * 3
    with make_plan(*mapped(tmp_path, text)) as plan:
        assert plan.codes == {"card_number_refused": 1}
        assert [bad.number for bad in plan.bad_rows()] == [1]


def test_nested_card_data_is_found() -> None:
    """JSON may hold a card within a column: numbers and CVCs in it count as the column's."""
    cards = CardColumns(["card"])
    cards.see([{"details": [{"n": CARD_NUMBER}]}])
    cards.see([{"cvc": "1"}])
    with pytest.raises(FileRefused):
        cards.refuse()


@pytest.mark.parametrize("text", [FILLED.format("cvc"), f"{HEADER}cus_1,{CARD_NUMBER}\n"])
def test_nothing_of_a_refused_stream_is_stored(text: str, tmp_path: Path) -> None:
    """Standard input is judged before the folder for it is so much as made."""
    folder = tmp_path / "data"
    with pytest.raises(FileRefused):
        spool_input(io.BytesIO(text.encode()), folder)
    assert not folder.exists()
