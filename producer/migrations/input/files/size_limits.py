"""Limits of a file's unpacked size."""

from __future__ import annotations

from dataclasses import dataclass

from producer.migrations.errors import FileRefused
from producer.migrations.texts.reasons import Reason

# Different rows of a customer and a card pack 3:1 to 10:1, generated ones 12:1; DEFLATE reaches
# 1,032:1. More than 100:1 means constant repetition.
RATIO = 100
# Unpacked bytes that are accepted at any ratio.
ALWAYS = 8 << 20
_SLACK = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """`unpacked` is in bytes; it also bounds a file that is not packed."""

    unpacked: int

    @property
    def copied(self) -> int:
        """Maximum bytes of the copy: its form adds to short rows."""
        return 2 * self.unpacked + _SLACK

    def check(self, unpacked: int, packed: int) -> None:
        """Raise FileRefused if these bytes, unpacked from `packed` bytes, are too many."""
        if unpacked > self.unpacked:
            raise FileRefused("file_too_large", Reason.UNPACKED_TOO_LARGE, limit=self.unpacked)
        if unpacked > ALWAYS and unpacked > RATIO * packed:
            raise FileRefused("packed_too_tightly", Reason.PACKED_TOO_TIGHTLY, ratio=RATIO)

    def check_copied(self, copied: int) -> None:
        """Raise FileRefused if a copy of this many bytes is too large."""
        if copied > self.copied:
            raise FileRefused("file_too_large", Reason.COPY_TOO_LARGE, limit=self.copied)
