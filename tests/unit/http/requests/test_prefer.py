"""Parsing of `Prefer` by RFC 7240."""

from __future__ import annotations

import pytest

from producer.contract import ParameterInvalid
from producer.http.requests.prefer import Preference, parse_prefer, parse_wait


@pytest.mark.parametrize(
    ("headers", "wait_s", "applied"),
    [
        ([], 10, ""),
        (["wait=5"], 5, "wait=5"),
        (["WAIT = 5"], 5, "wait=5"),
        (['wait="5"'], 5, "wait=5"),
        (["wait=0"], 0, "wait=0"),
        (["wait=31"], 30, "wait=30"),
        (["wait=" + "9" * 400], 30, "wait=30"),
        (["wait=007"], 7, "wait=7"),
        (["respond-async"], 0, "respond-async"),
        (["Respond-Async"], 0, "respond-async"),
        (["respond-async, wait=3"], 3, "respond-async, wait=3"),
        (["respond-async", "wait=3"], 3, "respond-async, wait=3"),
        (["handling=lenient; a=b, wait=4; x"], 4, "wait=4"),
        (['return="a, wait=9", wait=2'], 2, "wait=2"),
        (["wait=2, wait=9"], 2, "wait=2"),
        (["wait=x, wait=9"], 10, ""),
        (["wait"], 10, ""),
        (["wait=-1"], 10, ""),
        (["wait=1.5"], 10, ""),
        (["wait=٣"], 10, ""),
        (["respond-async=no"], 10, ""),
        ([",, ,", "=;"], 10, ""),
        (["return=minimal"], 10, ""),
    ],
)
def test_prefer_is_read_as_the_rfc_says(headers: list[str], wait_s: int, applied: str) -> None:
    """Valid preferences are applied and reported, all others ignored."""
    preference = parse_prefer(headers)
    assert preference == Preference(wait_s, applied)
    assert preference.headers == ({"Preference-Applied": applied} if applied else {})


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, 0), ("0", 0), ("7", 7), ("0.5", 0.5), ("99", 30)]
)
def test_the_wait_parameter_is_capped(value: str | None, seconds: float) -> None:
    """`?wait=N` waits N seconds, at most 30."""
    assert parse_wait(value) == seconds


@pytest.mark.parametrize("value", ["", "x", "-1", "nan", "inf", "1e3", "٣", " 1"])
def test_a_wait_that_is_no_number_is_refused(value: str) -> None:
    """An invalid number of seconds is refused, and the refusal names `wait`."""
    with pytest.raises(ParameterInvalid, match="wait"):
        parse_wait(value)
