"""The default card of each customer in the account from which cards were copied."""

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

# In the form of `bare`. `id` is the customer's in Stripe's exports of customers and cards.
_CUSTOMERS = (
    "customeridold", "oldcustomerid", "customerid", "customer", "stripecustomerid",
    "userid", "id",
)  # fmt: skip
# The first filled one counts, as at Stripe: an invoice is paid with the customer's
# `invoice_settings.default_payment_method`, or else with its `default_source` (Stripe docs:
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
# Without a column named like a default: in the dashboard's export of customers this is the default.
_ONLY_CARD = ("cardid", "paymentmethodid", "paymentmethod", "sourceid", "card")
_NESTED = "default_payment_method"
_LONGEST = 255
_BATCH = 5_000
_CACHE_KB = 16_384
_SCHEMA = """
CREATE TABLE found (customer INTEGER, source INTEGER);
CREATE TABLE defaults (customer INTEGER PRIMARY KEY, least INTEGER, most INTEGER);
"""
_SETTLE = "INSERT INTO defaults SELECT customer, min(source), max(source) FROM found GROUP BY 1"


class OldDefaults:
    """Defaults read from a file, kept as 64-bit hashes in a temporary SQLite file."""

    def __init__(self, source: InputFile) -> None:
        """Read the whole file.

        Raises:
            FileRefused: the file has no column of customers or defaults, or holds card data.
            ExtraMissing: as `open_input`.
        """
        self.source = source
        self.customers = 0
        self.without = 0  # rows of customers without a default
        self.unread = 0  # rows without a customer, and unreadable ones
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
        """Whether the source was the customer's default; both ids are of the old account."""
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
        found: list[tuple[int, int]] = []
        for customer, default in self._rows():
            found.append((hash(customer), hash(default)))
            if len(found) >= _BATCH:
                self._db.executemany("INSERT INTO found VALUES (?, ?)", found)
                found.clear()
        self._db.executemany("INSERT INTO found VALUES (?, ?)", found)
        self._db.execute(_SETTLE)
        self._db.execute("DROP TABLE found")
        ((self.customers,),) = self._db.execute("SELECT count(*) FROM defaults")

    def _rows(self) -> Iterator[tuple[str, str]]:
        customer, defaults = _columns(self.source)
        cards = CardColumns(self.source.columns)
        wanted = [customer, *defaults]
        for _, _, values in self.source.records(wanted, cards=cards):
            owner = "" if isinstance(values, Fault) else _id(values[0])
            if isinstance(values, Fault) or not owner:
                self.unread += 1
                continue
            default = next(filter(None, map(_id, values[1:])), "")
            if default:
                yield owner, default
            else:
                self.without += 1
        cards.refuse()


def _columns(source: InputFile) -> tuple[str, list[str]]:
    """The customer's column, and those of the default in order of precedence.

    Raises:
        FileRefused: a column is missing.
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
    """An id, also from an expanded object or within `invoice_settings`."""
    if isinstance(value, Mapping):
        return _id(value.get(_NESTED) if _NESTED in value else value.get("id"))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = trimmed(value) if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST else ""
