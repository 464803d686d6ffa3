"""A chart of ended rows a second over time, as inline SVG without script or network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

from producer.migrations.model.status import Sample

_WIDTH, _HEIGHT = 600, 160
_STEPS = 120  # at most
_LINES = 4


@dataclass(frozen=True, slots=True)
class Step:
    """The rate between two moments, in ended rows a second."""

    begin: datetime
    end: datetime
    rate: float


def rates(history: Sequence[Sample]) -> list[Step]:
    """The rate between samples, merged where there are many."""
    every = max(1, ceil((len(history) - 1) / _STEPS))
    kept = list(history[::every])
    if history and kept[-1] is not history[-1]:
        kept.append(history[-1])
    steps = []
    for one, other in pairwise(kept):
        seconds = (other.at - one.at).total_seconds()
        if seconds > 0:
            steps.append(Step(one.at, other.at, max(0, other.ended - one.ended) / seconds))
    return steps


TITLE = "Rows ended a second, at most {most}, on average {mean}"
NO_RATE = "It ended too quickly or has just started: there is no rate to draw."


def rate_chart(
    history: Sequence[Sample],
    *,
    title: str = TITLE,
    no_rate: str = NO_RATE,
    figure: Callable[[float, int], str] | None = None,
) -> str:
    """A figure of the rate, or a sentence if there is too little to draw.

    `title` has the placeholders `most` and `mean`; `figure` formats a number with the given
    decimals. The page styles the classes `chart`, `plot`, `ys`, `xs`, `area`, `line` and `grid`.
    """
    write = figure or _grouped
    steps = rates(history)
    if not steps:
        return f'<p class="quiet">{escape(no_rate)}</p>'
    top = _round_up(max(step.rate for step in steps))
    begin, end = steps[0].begin, steps[-1].end
    whole = (end - begin).total_seconds()

    def x(at: datetime) -> float:
        return round(_WIDTH * (at - begin).total_seconds() / whole, 2)

    def y(rate: float) -> float:
        return round(_HEIGHT * (1 - rate / top), 2)

    points = " ".join(f"L{x(s.begin)} {y(s.rate)} L{x(s.end)} {y(s.rate)}" for s in steps)
    line = f"M{points[1:]}"
    area = f"M0 {_HEIGHT} {points} L{_WIDTH} {_HEIGHT} Z"
    marks = [top * part / _LINES for part in range(_LINES, -1, -1)]
    grid = "".join(f'<path class="grid" d="M0 {y(m)} H{_WIDTH}"/>' for m in marks)
    ys = "".join(f"<span>{_figure(mark, write)}</span>" for mark in marks)
    middle = begin + (end - begin) / 2
    days = begin.date() != end.date()
    xs = "".join(f"<span>{_clock(at, days)}</span>" for at in (begin, middle, end))
    ended = history[-1].ended - history[0].ended
    most, mean = max(step.rate for step in steps), ended / whole
    title = title.format(most=_figure(most, write), mean=_figure(mean, write))
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption><div class="ys">{ys}</div>'
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{grid}<path class="area" d="{area}"/>'
        f'<path class="line" d="{line}"/></svg><div class="xs">{xs}</div></figure>'
    )


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 10 and so on, whose quarters are short numbers."""
    if value <= 0:
        return 4.0
    power: float = 10.0 ** floor(log10(value))
    return next(power * step for step in (1, 2, 4, 10) if power * step >= value)


def _figure(value: float, write: Callable[[float, int], str]) -> str:
    whole = value >= 10 or value == int(value)
    return write(value, 0 if whole else 2 if value < 1 else 1)


def _grouped(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}"


def _clock(at: datetime, days: bool) -> str:
    return f"{at:%d %b %H:%M}" if days else f"{at:%H:%M:%S}"
