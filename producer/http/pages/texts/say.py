"""How the pages say texts, figures, shares and times in one language."""

from __future__ import annotations

from producer.contract import texts
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.texts.states import MigrationStateText, RowStateMeaning, RowStateText


class Say(texts.Say):
    """Texts and figures of the pages in one language."""

    def state(self, state: MigrationState) -> str:
        """A migration's state."""
        return self(MigrationStateText[state.name])

    def row(self, state: RowState) -> tuple[str, str]:
        """A row's state, and what it means."""
        return self(RowStateText[state.name]), self(RowStateMeaning[state.name])

    def share(self, part: int, whole: int) -> str:
        """A share in per cent that is 0 or 100 only where it is."""
        percent = 100 * part / whole if whole else 100.0
        if part and percent < 0.1:
            return f"<{self.figure(0.1, 1)} %"
        if part < whole and percent > 99.9:
            return f">{self.figure(99.9, 1)} %"
        return f"{self.figure(percent, 0 if percent in (0, 100) else 1)} %"
