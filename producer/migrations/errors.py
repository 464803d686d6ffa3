"""Why a migration cannot be read, planned or reported; each error carries what a program needs."""

from __future__ import annotations


class MigrationError(Exception):
    """Something about a migration as a whole; `code` is for programs, the text for people.

    No error holds a value of the file.
    """

    code = "migration"


class FileRefused(MigrationError):
    """The file is not taken; nothing of it is stored. `column` is "" where it is not about one."""

    def __init__(self, code: str, what: str, *, column: str = "", line: int = 0) -> None:
        self.code = code
        self.column = column
        self.line = line
        super().__init__(what)


class ExtraMissing(MigrationError):
    """A format needs an optional extra that is not installed; `extra` is its name."""

    code = "extra_missing"

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra {extra!r}: pip install 'card-commands[{extra}]'")


class SumsDiffer(MigrationError):
    """A report does not add up: `rows` were to be accounted for, `counted` were."""

    code = "sums_differ"

    def __init__(self, rows: int, counted: int, counts: dict[str, int]) -> None:
        self.rows = rows
        self.counted = counted
        self.counts = counts
        told = ", ".join(f"{count} {word}" for word, count in counts.items())
        super().__init__(f"{rows} rows, but {counted} are accounted for ({told or 'none'})")
