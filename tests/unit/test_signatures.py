"""What a signature covers, and which changes it detects."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.security.command_signatures import (
    MAX_AGE_S,
    UNSIGNED,
    Flaw,
    Purpose,
    Signing,
    SigningError,
)
from producer.settings import Settings, SettingsError

OLD, NEW = "o" * 32, "n" * 40
ROW, MESSAGE = Purpose.ROW, Purpose.MESSAGE
SIGNING = Signing.of(NEW, OLD)
FIELDS = ("id", "SetDefaultCard", "cus_1", "card_1")
_texts = st.lists(st.text(st.characters(exclude_categories=()), max_size=8), max_size=6)


def flaw(
    signature: str, fields: list[str] | tuple[str, ...] = FIELDS, signing: Signing = SIGNING
) -> Flaw | None:
    """What is wrong with the signature now."""
    now_ms = time.time() * 1000
    return signing.flaw(signature, ROW, fields, now_ms=now_ms, max_age_s=60)


@given(_texts, _texts)
def test_a_signature_fits_only_its_fields(signed: list[str], other: list[str]) -> None:
    """No other fields have the same signature, whatever they contain."""
    signature = SIGNING.sign(ROW, signed)
    assert flaw(signature, signed) is None
    assert flaw(signature, other) == (None if other == signed else Flaw.INVALID)


@given(st.lists(st.text(max_size=4), min_size=2, max_size=5), st.data())
def test_nothing_moves_between_fields(fields: list[str], data: st.DataObject) -> None:
    """Joined or differently cut fields are other fields."""
    at = data.draw(st.integers(0, len(fields) - 2))
    joined = [*fields[:at], fields[at] + fields[at + 1], *fields[at + 2 :]]
    moved = [*fields[:at], fields[at] + fields[at + 1], "", *fields[at + 2 :]]
    signature = SIGNING.sign(ROW, fields)
    assert flaw(signature, joined) is Flaw.INVALID
    assert flaw(signature, moved) == (None if moved == fields else Flaw.INVALID)


@given(st.integers(0, 58), st.characters(categories=(), include_characters="09azAZ-_.="))
def test_any_changed_character_is_detected(at: int, character: str) -> None:
    """A change of the signature's version, time or code is detected."""
    signature = SIGNING.sign(ROW, FIELDS)
    assert len(signature) == 59  # within what a small hash of Redis' keeps packed, 64
    changed = signature[:at] + character + signature[at + 1 :]
    assert (flaw(changed) is None) == (changed == signature)


def test_a_signature_is_for_one_purpose() -> None:
    """A message's signature is not valid for a row with the same fields."""
    assert flaw(SIGNING.sign(MESSAGE, FIELDS)) is Flaw.INVALID


@pytest.mark.parametrize("text", ["1", "1..", "2.1." + "A" * 43, "1.1." + "A" * 42, "ñ", "1.1.\n"])
def test_any_other_text_is_invalid(text: str) -> None:
    """Any malformed text is invalid; only an empty one is missing."""
    assert flaw(text) is Flaw.INVALID
    assert flaw("") is Flaw.MISSING


def test_a_signature_is_valid_for_a_time() -> None:
    """It is stale after its time, or if it is as far ahead; never without a bound."""
    signature = SIGNING.sign(ROW, FIELDS)
    at = int(signature.split(".")[1])
    for offset, wanted in ((59, None), (61, Flaw.STALE), (-59, None), (-61, Flaw.STALE)):
        now = at + offset * 1000
        assert SIGNING.flaw(signature, ROW, FIELDS, now_ms=now, max_age_s=60) is wanted
    assert SIGNING.flaw(signature, ROW, FIELDS, now_ms=0, max_age_s=None) is None


def test_keys_are_rotated() -> None:
    """The first key signs, and all verify: an old key's signatures hold until it is removed."""
    before, during, after = Signing.of(OLD), Signing.of(NEW, OLD), Signing.of(NEW)
    by_old, by_new = before.sign(ROW, FIELDS), during.sign(ROW, FIELDS)
    assert flaw(by_old, signing=during) is None
    assert flaw(by_new, signing=after) is None
    assert flaw(by_old, signing=after) is Flaw.INVALID
    assert flaw(by_new, signing=before) is Flaw.INVALID


def test_without_keys_nothing_is_signed() -> None:
    """Without keys there are no signatures."""
    assert UNSIGNED.sign(ROW, FIELDS) == ""
    assert not UNSIGNED.on
    assert UNSIGNED.environ == {}


def environ(**settings: str) -> dict[str, str]:
    """Settings beside the one that is always needed."""
    return {"REDIS_URL": "redis://127.0.0.1:6379/0", **settings}


def test_settings_are_read_and_passed_to_child_processes() -> None:
    """A child process gets the keys, whether they are required, and the maximum age."""
    settings = environ(
        CARDS_SIGNING_KEYS=f"{NEW}, {OLD}",
        CARDS_REQUIRE_SIGNATURES="yes",
        CARDS_SIGNATURE_MAX_AGE="3600",
    )
    signing = Settings.from_environ(settings).signing
    assert signing == Signing((NEW.encode(), OLD.encode()), True, 3600)
    assert Signing.from_environ(signing.environ) == signing
    assert Settings.from_environ(environ()).signing == Signing(max_age_s=MAX_AGE_S) == UNSIGNED


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("CARDS_SIGNING_KEYS", {"CARDS_SIGNING_KEYS": "hunter2"}),
        ("CARDS_SIGNING_KEYS", {"CARDS_SIGNING_KEYS": f"{NEW},hunter2"}),
        ("CARDS_SIGNING_KEYS", {"CARDS_SIGNING_KEYS": f"{NEW},"}),
        ("CARDS_SIGNING_KEYS", {"CARDS_SIGNING_KEYS": "hunter2 " * 8}),
        ("CARDS_SIGNING_KEYS", {"CARDS_SIGNING_KEYS": "hunter2ñ" * 8}),
        ("CARDS_REQUIRE_SIGNATURES", {"CARDS_REQUIRE_SIGNATURES": "yes"}),
        ("CARDS_REQUIRE_SIGNATURES", {"CARDS_REQUIRE_SIGNATURES": "si"}),
        ("CARDS_SIGNATURE_MAX_AGE", {"CARDS_SIGNATURE_MAX_AGE": "59"}),
        ("CARDS_SIGNATURE_MAX_AGE", {"CARDS_SIGNATURE_MAX_AGE": "8 days"}),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(name: str, settings: dict[str, str]) -> None:
    """The error starts with the setting's name, and shows no key."""
    with pytest.raises(SettingsError) as wrong:
        Settings.from_environ(environ(**settings))
    assert str(wrong.value).startswith(name)
    assert "\n" not in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


def test_keys_are_never_shown() -> None:
    """Neither a repr nor the error of a short key shows a key."""
    assert NEW not in repr(Signing.of(NEW))
    with pytest.raises(SigningError) as wrong:
        Signing.of("hunter2")
    assert "hunter2" not in str(wrong.value)
