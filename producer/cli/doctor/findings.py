"""What `cards doctor` finds: one line each, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from producer.cli.exits import Exit


class Level(StrEnum):
    """How severe a finding is."""

    OK = "OK"
    WARN = "WARN"  # works; a guarantee is weaker than it could be, or an optional part is missing
    FAIL = "FAIL"  # commands are not accepted, not carried out, or can be lost


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one thing; `exit_code` applies if the level is FAIL."""

    level: Level
    what: str
    text: str
    todo: str = ""
    exit_code: Exit = Exit.NOT_DONE

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        fields = asdict(self)
        del fields["exit_code"]
        return {**fields, "level": self.level.value}


def ok(what: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, what, text)


def warn(what: str, text: str, todo: str) -> Finding:
    """It works, but an operator should look at it."""
    return Finding(Level.WARN, what, text, todo)


def misconfigured(what: str, text: str, todo: str) -> Finding:
    """It stays wrong until an operator changes a setting."""
    return Finding(Level.FAIL, what, text, todo)


def unreachable(what: str, text: str, todo: str) -> Finding:
    """It does not answer."""
    return Finding(Level.FAIL, what, text, todo, Exit.UNREACHABLE)


def exit_code(findings: list[Finding]) -> Exit:
    """The exit code of the worst: out of reach goes before misconfigured."""
    codes = {one.exit_code for one in findings if one.level is Level.FAIL}
    return max(codes, default=Exit.DONE)
