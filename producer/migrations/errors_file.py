"""`errors.csv`: rows that were not applied, in a form that `cards migrate run` takes."""

from __future__ import annotations

from pathlib import Path

from producer.migrations.report import Accounts


def write_errors(accounts: Accounts, path: Path) -> int:
    """Write them by the contract's field names, with state, code and message; answers how many.

    Mode 0600: it holds tokens as they are. A row that holds card data is written without values.
    """
    raise NotImplementedError
