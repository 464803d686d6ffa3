"""Card numbers are recognised and masked however their digits are written."""

from __future__ import annotations

import json
import sys
import unicodedata
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.card_data.card_numbers import (
    find_card_data,
    holds_card_number,
    looks_like_card_number,
    mask_card_numbers,
    passes_luhn,
)
from producer.contract.card_data.digit_spellings import may_hold_number
from producer.contract.card_data.excerpts import excerpt

VISA, AMEX = "4242424242424242", "378282246310005"
_SEPARATORS = {
    "space": " ",
    "no-break space": "\xa0",
    "narrow no-break space": "\u202f",
    "thin space": "\u2009",
    "figure space": "\u2007",
    "ideographic space": "\u3000",
    "tab": "\t",
    "newline": "\n",
    "CR LF": "\r\n",
    "line separator": "\u2028",
    "NUL": "\0",
    "hyphen": "-",
    "soft hyphen": "\xad",
    "no-break hyphen": "\u2011",
    "en dash": "\u2013",
    "em dash": "\u2014",
    "minus": "\u2212",
    "dot": ".",
    "middle dot": "\xb7",
    "bullet": "\u2022",
    "comma": ",",
    "Arabic comma": "\u060c",
    "ideographic full stop": "\u3002",
    "slash": "/",
    "fraction slash": "\u2044",
    "backslash": "\\",
    "bar": "|",
    "asterisk": "*",
    "plus": "+",
    "underscore": "_",
    "full-width underscore": "\uff3f",
    "ZWSP": "\u200b",
    "ZWNJ": "\u200c",
    "ZWJ": "\u200d",
    "word joiner": "\u2060",
    "BOM": "\ufeff",
    "left-to-right mark": "\u200e",
    "Hangul filler": "\u3164",
    "combining acute": "\u0301",
    "keycap": "\ufe0f\u20e3",
    "mixed": " \u200b-\xa0",
    "many": " - " * 5,
}
_ZEROS = {
    "ASCII": "0",
    "Arabic-Indic": "\u0660",
    "Persian": "\u06f0",
    "Devanagari": "\u0966",
    "Thai": "\u0e50",
    "full-width": "\uff10",
    "mathematical bold": "\U0001d7ce",
    "mathematical monospace": "\U0001d7f6",
}
_ODD = {
    "superscript": "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "subscript": "₀₁₂₃₄₅₆₇₈₉",
    "in circles": "⓪①②③④⑤⑥⑦⑧⑨",
    "in black circles": "⓿❶❷❸❹❺❻❼❽❾",
    "with a comma": "🄁🄂🄃🄄🄅🄆🄇🄈🄉🄊",
}
_DIGITS = {name: "".join(chr(ord(zero) + n) for n in range(10)) for name, zero in _ZEROS.items()}
_DIGITS |= _ODD


def _written(number: str, digits: str = "0123456789", separator: str = "", every: int = 4) -> str:
    groups = [number[at : at + every] for at in range(0, len(number), every)]
    return separator.join(groups).translate({ord(str(n)): digits[n] for n in range(10)})


def _assert_refused(text: str) -> None:
    assert looks_like_card_number(text)
    assert holds_card_number(text)
    assert find_card_data({"source": text}) == "source"
    assert find_card_data({text: "x"}) == "body"
    assert mask_card_numbers(f"a={text};") == "a=***;"


@pytest.mark.parametrize("separator", _SEPARATORS.values(), ids=_SEPARATORS)
@pytest.mark.parametrize("every", [1, 4, 6])
def test_any_separator_between_groups(separator: str, every: int) -> None:
    """Spaces, dashes, dots, slashes and invisible characters hide no number."""
    _assert_refused(_written(VISA, separator=separator, every=every))
    _assert_refused(_written(AMEX, separator=separator, every=every))


@pytest.mark.parametrize("digits", _DIGITS.values(), ids=_DIGITS)
@pytest.mark.parametrize("separator", ["", " ", "\u200b", "_"])
def test_digits_of_any_script(digits: str, separator: str) -> None:
    """Digits of any script count, also those without a decimal value."""
    _assert_refused(_written(VISA, digits, separator))


@pytest.mark.parametrize("separator", ["\xa0", "\u200b", "\u2009", "\t", "\n", "\0", "\xad"])
@pytest.mark.parametrize("digits", ["ASCII", "full-width", "mathematical bold", "in circles"])
def test_escapes_hide_no_number(separator: str, digits: str) -> None:
    """Escapes of Python, JSON, URLs and HTML hide no number."""
    text = _written(VISA, _DIGITS[digits], separator)
    entities = "".join(f"&#{ord(one)};" if one != "\0" else " " for one in text)
    for spelling in (
        repr(text)[1:-1],
        ascii(text)[1:-1],
        json.dumps(text)[1:-1],
        json.dumps(json.dumps(text))[3:-3],
        quote(text, safe=""),
        entities,
    ):
        _assert_refused(spelling)


@pytest.mark.parametrize("space", ["&nbsp;", "&thinsp;", "&shy;", "&#xa0;", "%C2%A0", "\\u{a0}"])
def test_named_and_other_escapes(space: str) -> None:
    """A character has many escapes, and all are decoded."""
    _assert_refused(_written(VISA, separator=space))


@pytest.mark.parametrize("mark", ["²", "①", "⁴"])
def test_a_footnotes_mark_hides_no_number(mark: str) -> None:
    """A superscript next to a number is not part of it."""
    assert looks_like_card_number(f"{VISA}{mark}")
    assert looks_like_card_number(f"{mark}{VISA}")


def test_all_digits_of_unicode() -> None:
    """Every character with a digit's value counts as a digit, in the quick check too."""
    for code in range(sys.maxunicode + 1):
        if unicodedata.digit(chr(code), None) is not None:
            assert may_hold_number(chr(code) * 13)


@st.composite
def _numbers(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from("3456")) + draw(st.text("0123456789", min_size=11, max_size=17))
    return next(body + check for check in "0123456789" if passes_luhn(body + check))


@given(_numbers(), st.data())
def test_a_number_is_found_in_every_spelling(number: str, data: st.DataObject) -> None:
    """Any script for each digit, and any separator between two digits, alone or mixed."""
    digits = st.sampled_from([*_DIGITS.values(), _DIGITS["ASCII"]])
    between = st.text(st.sampled_from("".join(_SEPARATORS.values())), max_size=3)
    text = ""
    for digit in number:
        text += data.draw(between) if text else ""
        text += data.draw(digits)[int(digit)]
    assert looks_like_card_number(text)
    assert holds_card_number(text)
    assert not looks_like_card_number(mask_card_numbers(f"n {text} n"))
    for spelling in (ascii(text), json.dumps(text), quote(text, safe="")):
        assert looks_like_card_number(spelling)
        assert not looks_like_card_number(mask_card_numbers(spelling))


_ANY = st.text(st.sampled_from("0123456789²④٣４ .-_,/x:\u200b\xa0\u0301\\u0t%&#;'"), max_size=40)


@given(_ANY)
def test_the_quick_check_misses_nothing(text: str) -> None:
    """A text that the quick check passes would pass the full one too."""
    assert looks_like_card_number(text) == (mask_card_numbers(text) != text)
    assert looks_like_card_number(text) or not holds_card_number(text)


@given(_ANY)
def test_a_masked_text_has_no_number(text: str) -> None:
    """A masked text contains no number, and a text without one is unchanged."""
    assert not looks_like_card_number(mask_card_numbers(text))


_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


@given(
    st.sampled_from(["cus_", "card_", "pm_", "tok_", "src_", "order-", "", "José "]),
    st.lists(st.tuples(st.text("0123456789", max_size=12), st.sampled_from(_LETTERS)), max_size=12),
)
def test_ids_pass(prefix: str, parts: list[tuple[str, str]]) -> None:
    """Letters separate numbers: an id whose digits are among letters is no card number."""
    text = prefix + "".join(digits + letter for digits, letter in parts)
    assert not looks_like_card_number(text)
    assert not holds_card_number(text)
    assert mask_card_numbers(text) == text


@given(st.uuids(), st.sampled_from("-_"), st.booleans())
def test_uuids_as_keys_pass(uuid: UUID, separator: str, upper: bool) -> None:
    """UUIDs with any digits pass, with hyphens or underscores."""
    text = str(uuid).replace("-", separator)
    assert not holds_card_number(f"assign:{text.upper() if upper else text}")


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2099, 12, 31)),
    st.sampled_from(
        [
            "%Y-%m-%dT%H:%M:%S.%f",
            "%Y-%m-%d %H:%M:%S",
            "%Y_%m_%d_%H_%M_%S",
            "%Y/%m/%d/%H/%M",
            "%Y.%m.%d.%H.%M.%S",
            "%Y%m%d%H%M%S",
            "%Y%m%d-%H%M%S",
            "%Y%m%d_%H%M%S",
            "%Y%m%dT%H%M%S%f",
            "%Y-%m-%d_%H%M%S",
        ]
    ),
)
def test_times_in_keys_pass(moment: datetime, form: str) -> None:
    """A date and time pass in a key, with any separator."""
    text = format(moment, form)
    assert not holds_card_number(text)
    assert not holds_card_number(f"nightly_{text}_export")


@pytest.mark.parametrize(
    "text",
    [
        "1,234,567.89",
        "1.234.567,89 EUR",
        "12_345_678",
        "10.50 20.75 30.00",
        "1763896645",
        "127.0.0.1:6379",
        "192.168.100.200:50123",
        "11:17:25.123456",
        "cus_QRs9eKZ4xUzN2TP9",
        "pm_1QRs9eKZ4xUzN2TP9vQqWXYZ",
        "cus_0000000000000018",
        "card_0000_0000_0000_0018",
        "['4242', '4242', '4242', '4242']",
        "[4242] [4242] [4242] [4242]",
    ],
)
def test_amounts_addresses_and_ids_pass(text: str) -> None:
    """Colons, quotes and brackets separate numbers, and amounts have too few digits."""
    assert not looks_like_card_number(text)
    assert mask_card_numbers(text) == text


@pytest.mark.parametrize(
    "data",
    [
        f"1\0{VISA}".encode(),
        VISA.encode("utf-16-le"),
        VISA.encode("utf-16-be"),
        _written(VISA, separator="\u200b").encode(),
        _written(VISA, separator="_").encode(),
        ascii(_written(VISA, separator="\xa0")).encode(),
        b"x" * 16_375 + b'"' + VISA[:15].encode() + VISA[15:].encode(),
    ],
)
def test_an_excerpt_shows_no_number(data: bytes) -> None:
    """An excerpt shows no number, whatever unprintable characters are in or next to it."""
    shown = "".join(character for character in excerpt(data) if character.isdigit())
    assert VISA[:12] not in shown


def test_the_id_of_a_command_is_not_masked() -> None:
    """One random UUID in 500 passes for a card number; an operator searches the log by it."""
    command = "4bb61af6-245f-4fa7-8a45-329675935019"
    assert looks_like_card_number(command)
    assert mask_card_numbers(f"command {command} ended") == f"command {command} ended"
    card = "4242424242424242"
    assert mask_card_numbers(f"{command} {card}") == f"{command} ***"
    assert card[:4] not in mask_card_numbers(f"{card[:4]}-{card[4:8]}-{card[8:12]}-{card[12:]}-")
