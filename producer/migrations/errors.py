"""Errors of reading, planning and reporting a migration, with the data that programs need."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, TypeAlias

from producer.contract.texts import Language, Value
from producer.migrations.model.rows import RowState
from producer.migrations.texts.reasons import Reason

_ERRNOS = {
    errno.ENOENT: Reason.NO_SUCH_FILE,
    errno.EACCES: Reason.NO_PERMISSION,
    errno.EISDIR: Reason.A_FOLDER,
}
# What a count of rows is of: a state or code, and where it was counted.
Counted: TypeAlias = tuple[str | Reason, ...]


class MigrationError(Exception):
    """An error about a migration as a whole; `code` is for programs, the text for people.

    No error holds a value of the file.
    """

    code = "migration"

    def message(self, language: Language) -> str:
        """The text in the language; in English where there is no Spanish text. `str` is English."""
        return str(self)


class FileRefused(MigrationError):
    """The file is rejected and nothing of it is stored.

    `column` is "" and `line` 0 where the error is not about one.
    """

    def __init__(
        self, code: str, reason: Reason, *, column: str = "", line: int = 0, **values: Value
    ) -> None:
        self.code = code
        self.column = column
        self.line = line
        self._reason = reason
        self._values: dict[str, Value] = {**values, "column": column, "line": line}
        super().__init__(self.message("en"))

    @classmethod
    def unreadable(cls, error: OSError) -> FileRefused:
        """The error for a file that cannot be read."""
        why = _ERRNOS.get(error.errno or 0, error.strerror or "?")
        return cls("unreadable_file", Reason.UNREADABLE, why=why)

    def message(self, language: Language) -> str:
        """The reason, in the language."""
        return self._reason.say(language, **self._values)


class ExtraMissing(MigrationError):
    """A format needs an optional extra that is not installed; `extra` is its name."""

    code = "extra_missing"

    def __init__(self, extra: str, what: Reason) -> None:
        self.extra = extra
        self._what = what
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """What needs the extra, in the language."""
        return Reason.EXTRA_MISSING.say(language, what=self._what, extra=self.extra)


class SumsDiffer(MigrationError):
    """A report does not add up: it should have `rows` rows and has `counted`.

    `counts` are the rows by state or code.
    """

    code = "sums_differ"

    def __init__(self, rows: int, counted: int, found: Mapping[Counted, int]) -> None:
        self.rows = rows
        self.counted = counted
        self.counts = {_name(what, "en"): count for what, count in found.items()}
        self._found = found
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """The numbers, in the language."""
        counts = [f"{count} {_name(what, language)}" for what, count in self._found.items()]
        listed = ", ".join(counts) or Reason.NONE
        return Reason.SUMS_DIFFER.say(language, rows=self.rows, counted=self.counted, told=listed)


class JournalLost(MigrationError):
    """Redis no longer has the journal in which a migration's rows were sent.

    `counts` are recorded rows by state. `doubtful` more rows were sent, or about to be, and this
    machine does not know their outcome. `known` is the lost journal's id, "" where an earlier
    version did not record it; `found` is the id of the present journal.
    """

    code = "journal_lost"

    def __init__(
        self,
        migration: str,
        known: str,
        found: str | None,
        counts: Mapping[RowState, int],
        doubtful: int,
    ) -> None:
        self.migration = migration
        self.known = known
        self.found = found
        self.counts = dict(counts)
        self.doubtful = doubtful
        super().__init__(self.message("en"))

    @property
    def recorded(self) -> int:
        """Rows that had ended according to the results file."""
        return sum(self.counts.values())

    @property
    def applied(self) -> int:
        """Recorded rows that Stripe applied."""
        return self.counts.get(RowState.APPLIED, 0)

    def message(self, language: Language) -> str:
        """What happened, what is known, and what the operator can do, in the language."""
        return Reason.JOURNAL_LOST.say(
            language,
            migration=self.migration,
            known=self.known or "?",
            found=self.found or Reason.NO_JOURNAL,
            recorded=self.recorded,
            applied=self.applied,
            doubtful=self.doubtful,
        )

    def wire(self) -> dict[str, Any]:
        """For programs."""
        return {
            "migration": self.migration,
            "journal": self.known or None,
            "found": self.found,
            "counts": {state.word: count for state, count in self.counts.items()},
            "recorded": self.recorded,
            "doubtful": self.doubtful,
        }


def _name(what: Counted, language: Language) -> str:
    return " ".join(w.say(language) if isinstance(w, Reason) else w for w in what)
