"""Rows of figures, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

_HEAD = ("what", "ours", "against", "ratio", "goal", "reached")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `reached` is None if there is no goal, or nothing to compare."""

    what: str
    ours: str
    against: str = ""
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None


def compared(
    what: str,
    ours: float,
    name: str,
    against: float | None,
    *,
    unit: str,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """A row of two figures and their ratio; `against` is None if the peer was left out."""
    goal = "" if at_most is None else f"at most {at_most:g}"
    if at_least is not None:
        goal = f"at least {at_least:g}"
    if against is None or against == 0:
        return Row(what, f"{figure(ours)} {unit}", f"{name}: left out", "", goal)
    ratio = ours / against
    reached = None if at_most is None else ratio <= at_most
    if at_least is not None:
        reached = ratio >= at_least
    shown = f"{name}: {figure(against)} {unit}"
    return Row(what, f"{figure(ours)} {unit}", shown, f"{ratio:.2f}", goal, reached)


def bounded(what: str, ours: float, *, unit: str, at_most: float, against: str = "") -> Row:
    """A row of one figure with a limit."""
    goal = f"at most {at_most:g} {unit}"
    return Row(what, f"{figure(ours)} {unit}", against, "", goal, ours <= at_most)


def figure(value: float) -> str:
    """Three significant digits, with separators of thousands."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, with columns aligned for a terminal."""
    marks = {True: "yes", False: "no", None: ""}
    cells = [[*astuple(row)[:-1], marks[row.reached]] for row in rows]
    widths = [max(len(line[i]) for line in [list(_HEAD), *cells]) for i in range(len(_HEAD))]
    lines = [list(_HEAD), ["-" * width for width in widths], *cells]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )
