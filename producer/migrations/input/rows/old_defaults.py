"""Which card of each customer was the default in the account that cards were copied from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns, shown
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.values.column_names import bare
from producer.migrations.input.values.trimming import trimmed
from producer.migrations.model.records import Fault
from producer.migrations.model.rows import WasDefault
from producer.migrations.texts.reasons import Reason

# As `bare` writes them. `id` is the customer's in Stripe's exports of customers and cards.
_CUSTOMERS = (
    "customeridold", "oldcustomerid", "customerid", "customer", "stripecustomerid",
    "userid", "id",
)  # fmt: skip
# Of these the first that is filled counts, as at Stripe: an invoice is paid with the customer's
# `invoice_settings.default_payment_method`, and else with its `default_source` (Stripe docs:
# api/subscriptions/object, default_payment_method).
_DEFAULTS = (
    (
        "invoicesettingsdefaultpaymentmethod",
        "invoicesettingsdefaultpaymentmethodid",
        "defaultpaymentmethodid",
        "defaultpaymentmethod",
        "invoicesettings",
    ),
    ("defaultsource", "defaultsourceid", "defaultcard", "defaultcardid"),
)
# Where no column is named like a default: in the dashboard's export of customers it is the default.
_ONLY_CARD = ("cardid", "paymentmethodid", "paymentmethod", "sourceid", "card")
_NESTED = "default_payment_method"
_LONGEST = 255
_BATCH = 5_000
_CACHE_KB = 16_384
_SCHEMA = """
CREATE TABLE said (customer INTEGER, source INTEGER);
CREATE TABLE defaults (customer INTEGER PRIMARY KEY, least INTEGER, most INTEGER);
"""
_SETTLE = "INSERT INTO defaults SELECT customer, min(source), max(source) FROM said GROUP BY 1"


class OldDefaults:
    """Read from a file; of what it says 64-bit hashes are kept, in a temporary SQLite file."""

    def __init__(self, source: InputFile) -> None:
        """Read all of it.

        Raises:
            FileRefused: no column is the customer or the default, or it holds card data.
            ExtraMissing: as `open_input`.
        """
        self.source = source
        self.customers = 0
        self.without = 0  # rows of customers without a default
        self.unread = 0  # rows without a customer, or that cannot be read
        self._db = sqlite3.connect("", isolation_level=None)
        try:
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.executescript(_SCHEMA)
            self._db.execute("BEGIN")
            self._fill()
        except BaseException:
            self._db.close()
            raise

    def of(self, customer: str, source: str) -> WasDefault:
        """Whether the source was the default of the customer, both of the old account."""
        found = self._db.execute(
            "SELECT least, most FROM defaults WHERE customer = ?", (hash(customer),)
        ).fetchone()
        if found is None:
            return WasDefault.NOT_SAID
        least, most = found
        if least != most:
            return WasDefault.BOTH
        return WasDefault.YES if hash(source) == least else WasDefault.NO

    def close(self) -> None:
        """Remove the temporary file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fill(self) -> None:
        said: list[tuple[int, int]] = []
        for customer, default in self._rows():
            said.append((hash(customer), hash(default)))
            if len(said) >= _BATCH:
                self._db.executemany("INSERT INTO said VALUES (?, ?)", said)
                said.clear()
        self._db.executemany("INSERT INTO said VALUES (?, ?)", said)
        self._db.execute(_SETTLE)
        self._db.execute("DROP TABLE said")
        ((self.customers,),) = self._db.execute("SELECT count(*) FROM defaults")

    def _rows(self) -> Iterator[tuple[str, str]]:
        customer, defaults = _columns(self.source)
        cards = CardColumns(self.source.columns)
        wanted = [customer, *defaults]
        for _, _, values in self.source.records(wanted, cards=cards):
            whose = "" if isinstance(values, Fault) else _id(values[0])
            if isinstance(values, Fault) or not whose:
                self.unread += 1
                continue
            default = next(filter(None, map(_id, values[1:])), "")
            if default:
                yield whose, default
            else:
                self.without += 1
        cards.refuse()


def _columns(source: InputFile) -> tuple[str, list[str]]:
    """The column of the customer, and those of the default, the one that counts first.

    Raises:
        FileRefused: one of them is missing.
    """
    by_name = {bare(name): name for name in reversed(source.columns)}
    customer = _first(_CUSTOMERS, by_name)
    found = [_first(names, by_name) for names in _DEFAULTS]
    defaults = [one for one in found if one] or [_first(_ONLY_CARD, by_name)]
    if not customer or not defaults[0]:
        columns = ", ".join(shown(name) for name in source.columns[:12])
        raise FileRefused(
            "column_missing", Reason.NO_OLD_DEFAULTS, name=source.name, columns=columns
        )
    return customer, defaults


def _first(names: Sequence[str], by_name: Mapping[str, str]) -> str:
    return next((by_name[name] for name in names if name in by_name), "")


def _id(value: Any) -> str:
    """An id, also of what Stripe shows expanded, or within `invoice_settings`."""
    if isinstance(value, Mapping):
        return _id(value.get(_NESTED) if _NESTED in value else value.get("id"))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = trimmed(value) if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST else ""
