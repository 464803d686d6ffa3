"""How a file is written down: CSV, JSON Lines, Stripe's import mapping, Parquet; gzipped or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """What the bytes are, once unpacked."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    STRIPE_MAPPING = "stripe-mapping"  # {"1893": {"id": "cus_…", "cards": {"2600": {"id": …}}}}
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Format:
    """Found out from a file's first bytes, not from its name."""

    form: Form
    gzipped: bool = False
    delimiter: str = ","


def detect(head: bytes) -> Format:
    """The format of a file that begins so.

    Raises:
        FileRefused: it is none that is known, or in another encoding than UTF-8.
    """
    raise NotImplementedError
