"""How much a file may come to once it is unpacked, whatever it weighs packed."""

from __future__ import annotations

from dataclasses import dataclass

from producer.migrations.errors import FileRefused
from producer.migrations.texts.reasons import Reason

# Rows of a customer and a card each, all of them different, pack 3 to 10:1, generated ones 12:1;
# DEFLATE goes to 1,032:1. What comes to more than 100:1 says the same over and over.
RATIO = 100
# So little is taken however tightly it is packed.
ALWAYS = 8 << 20
_SLACK = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """`unpacked` is in bytes: of the file itself where it is not packed."""

    unpacked: int

    @property
    def copied(self) -> int:
        """Bytes of the copy that is kept: its form adds to short rows."""
        return 2 * self.unpacked + _SLACK

    def check(self, unpacked: int, packed: int) -> None:
        """Raise FileRefused where so many bytes, out of so many, are too many."""
        if unpacked > self.unpacked:
            raise FileRefused("file_too_large", Reason.UNPACKED_TOO_LARGE, limit=self.unpacked)
        if unpacked > ALWAYS and unpacked > RATIO * packed:
            raise FileRefused("packed_too_tightly", Reason.PACKED_TOO_TIGHTLY, ratio=RATIO)

    def check_copied(self, copied: int) -> None:
        """Raise FileRefused where the copy has so many bytes."""
        if copied > self.copied:
            raise FileRefused("file_too_large", Reason.COPY_TOO_LARGE, limit=self.copied)
