"""Frames return recorded rows unchanged and take few bytes."""

from __future__ import annotations

import random
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.frames import SAME_CARD, Recorded, packed, unpacked

MIGRATION = "mig_" + "0" * 24
AT = datetime(2026, 11, 28, 8, tzinfo=UTC)
_times = st.none() | st.integers(-(10**9), 10**12).map(lambda ms: AT + timedelta(milliseconds=ms))
_ids = st.sampled_from(["", "card_", "pm_", "src_", "tok_", "xyz_"]).flatmap(
    lambda prefix: st.text(string.ascii_letters + string.digits + "_-", max_size=60).map(
        lambda rest: prefix + rest
    )
)


@st.composite
def _recorded(draw: st.DrawFn) -> list[Recorded]:
    rows = []
    for number in sorted(draw(st.sets(st.integers(1, 10**9), max_size=8))):
        result = RowResult(
            number,
            draw(st.sampled_from(RowState)),
            code=draw(st.text(max_size=20)),
            message=draw(st.text(max_size=300)),
            command_id=draw(st.sampled_from(["", command_id(MIGRATION, number)])),
            card_id=draw(_ids),
            attempts=draw(st.integers(0, 300)),
            accepted_at=draw(_times),
            finished_at=draw(_times),
            before=draw(st.none() | _ids),
        )
        rows.append(Recorded(result, draw(st.sampled_from(["card_other", result.card_id]))))
    return rows


@given(_recorded())
def test_frames_return_the_same_rows(rows: list[Recorded]) -> None:
    """Every field is kept; a card that the row names is SAME_CARD."""
    expected = [
        replace(one.result, card_id=SAME_CARD)
        if one.result.card_id and one.result.card_id == one.object_id
        else one.result
        for one in rows
    ]
    assert unpacked(MIGRATION, packed(rows)) == expected


@given(st.binary(max_size=200))
def test_damaged_frames_raise_one_error(frame: bytes) -> None:
    """Any bytes give rows or ValueError."""
    for one in (frame, b"\x01" + frame, b"\x02" + frame):
        try:
            unpacked(MIGRATION, one)
        except ValueError:
            continue


def test_the_size_of_frames() -> None:
    """A changed default takes at most 27 bytes, an unchanged one 9."""
    draw = random.Random(7)

    def card() -> str:
        return "card_" + "".join(draw.choices(string.ascii_letters + string.digits, k=24))

    changed, so = [], []
    for number in range(1, 501):
        accepted = AT + timedelta(milliseconds=40 * number)
        took = timedelta(milliseconds=draw.randint(100, 9000))
        ident, wanted = command_id(MIGRATION, number), card()
        result = RowResult(
            number, RowState.APPLIED, "", "", ident, wanted, 1, accepted, accepted + took, card()
        )
        changed.append(Recorded(result, wanted))
        so.append(Recorded(replace(result, state=RowState.ALREADY_SO, before=None), wanted))
    assert len(packed(changed)) <= 27 * 500
    assert len(packed(so)) <= 9 * 500
    assert len(packed(changed[:5])) <= 28 * 5


def test_repeated_messages_are_compressed() -> None:
    """Rows that failed alike share their message."""
    rows = [
        Recorded(RowResult(n, RowState.REJECTED, "resource_missing", "No such customer: 'cus_x'"))
        for n in range(1, 201)
    ]
    assert len(packed(rows)) < 200 * 4


@pytest.mark.parametrize("frame", [b"", b"\x07abc"])
def test_other_bytes_are_no_frame(frame: bytes) -> None:
    """Unknown versions and empty bytes are rejected."""
    with pytest.raises(ValueError, match="no frame"):
        unpacked(MIGRATION, frame)
