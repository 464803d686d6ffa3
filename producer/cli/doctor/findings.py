"""What `cards doctor` finds: one line each, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from producer.cli.exits import Exit


class Level(StrEnum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"  # works; a promise is weaker than it could be, or something optional is away
    FAIL = "FAIL"  # commands are not accepted, not carried out, or can be lost


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one thing; `exit_code` is what a FAIL of it comes to."""

    level: Level
    what: str
    text: str
    todo: str = ""
    exit_code: Exit = Exit.NOT_DONE

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        fields = asdict(self)
        del fields["exit_code"]
        return {**fields, "level": self.level.value}


def ok(what: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, what, text)


def warn(what: str, text: str, todo: str) -> Finding:
    """Works, but somebody should look at it."""
    return Finding(Level.WARN, what, text, todo)


def misconfigured(what: str, text: str, todo: str) -> Finding:
    """Wrong until somebody changes a setting."""
    return Finding(Level.FAIL, what, text, todo)


def unreachable(what: str, text: str, todo: str) -> Finding:
    """Does not answer."""
    return Finding(Level.FAIL, what, text, todo, Exit.UNREACHABLE)


def exit_code(findings: list[Finding]) -> Exit:
    """Something out of reach goes before something misconfigured."""
    codes = {one.exit_code for one in findings if one.level is Level.FAIL}
    return max(codes, default=Exit.DONE)
