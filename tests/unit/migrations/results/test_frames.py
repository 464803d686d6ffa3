"""What Redis keeps of recorded rows comes back as it was, in few bytes."""

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
def test_they_come_back_as_they_were(rows: list[Recorded]) -> None:
    """Every field; a card that is the row's own is said to be that."""
    expected = [
        replace(one.result, card_id=SAME_CARD)
        if one.result.card_id and one.result.card_id == one.object_id
        else one.result
        for one in rows
    ]
    assert unpacked(MIGRATION, packed(rows)) == expected


@given(st.binary(max_size=200))
def test_damaged_ones_are_named(frame: bytes) -> None:
    """Whatever bytes are there, there are rows or one kind of error."""
    for one in (frame, b"\x01" + frame, b"\x02" + frame):
        try:
            unpacked(MIGRATION, one)
        except ValueError:
            continue


def test_they_take_few_bytes() -> None:
    """A default that was changed takes 27 bytes at most, one that was so already 9."""
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


def test_the_same_message_again_takes_little() -> None:
    """Messages of rows that failed alike are packed together."""
    rows = [
        Recorded(RowResult(n, RowState.REJECTED, "resource_missing", "No such customer: 'cus_x'"))
        for n in range(1, 201)
    ]
    assert len(packed(rows)) < 200 * 4


@pytest.mark.parametrize("frame", [b"", b"\x07abc"])
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    """Of a version that is not known, or nothing at all."""
    with pytest.raises(ValueError, match="no frame"):
        unpacked(MIGRATION, frame)
