"""The figures as an SVG: waits by lane, fairness among senders, and the busiest account's hour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from benchmarks.simulation.account import Command
from benchmarks.simulation.figures import Figures
from benchmarks.simulation.traffic import HOUR_MS
from producer.contract import Lane

_WIDTH, _HEIGHT = 960, 760
_COLOURS = {Lane.INTERACTIVE: "#c2410c", Lane.BULK: "#1d4ed8"}
# Of the busiest account's senders, the largest first; then its interactive lane.
_SHADES = ("#1e3a8a", "#1d4ed8", "#3b82f6", "#60a5fa", "#93c5fd", "#bfdbfe", "#cbd5e1", "#e2e8f0")
_STEP_MS = 20_000.0


class _Panel:
    """A coordinate system in the picture."""

    def __init__(self, box: tuple[float, float, float, float], title: str) -> None:
        self.left, self.top, self.width, self.height = box
        self.parts = [_text(self.left, self.top - 14, title, size=14, weight="bold")]
        self.x: Callable[[float], float] = lambda share: self.left + share * self.width
        self.y: Callable[[float], float] = lambda share: self.top + (1 - share) * self.height

    def grid(self, xs: dict[float, str], ys: dict[float, str], x_name: str) -> None:
        """Lines at shares (0 to 1) of the axes, with their labels."""
        bottom, right = self.top + self.height, self.left + self.width
        for share, label in xs.items():
            self.parts.append(_line(self.x(share), self.top, self.x(share), bottom))
            self.parts.append(_text(self.x(share), bottom + 16, label, anchor="middle"))
        for share, label in ys.items():
            self.parts.append(_line(self.left, self.y(share), right, self.y(share)))
            self.parts.append(_text(self.left - 6, self.y(share) + 4, label, anchor="end"))
        middle = self.left + self.width / 2
        self.parts.append(_text(middle, bottom + 34, x_name, anchor="middle"))

    def curve(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """A line through points given as shares of the axes."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )

    def area(self, points: Sequence[tuple[float, float, float]], colour: str) -> None:
        """A band: x, its lower and its upper edge."""
        edge = [(x, low) for x, low, _ in points] + [(x, high) for x, _, high in reversed(points)]
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in edge)
        self.parts.append(f'<polygon points="{path}" fill="{colour}"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        """One value."""
        at = f'cx="{self.x(x):.1f}" cy="{self.y(y):.1f}"'
        self.parts.append(f'<circle {at} r="3" fill="{colour}" fill-opacity="0.6"/>')

    def note(self, x: float, y: float, text: str, colour: str = "#111827") -> None:
        """A text at a place."""
        self.parts.append(_text(self.x(x), self.y(y), text, colour=colour))


def draw(figures: Figures, busiest: Sequence[Command], limit: float) -> str:
    """The SVG. `busiest` is the account with most commands, `limit` an endpoint's a second."""
    panels = [
        _hour((70, 60, 860, 270), busiest, limit),
        _waits((70, 430, 380, 250), figures),
        _fairness((550, 430, 380, 250), figures),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
    )
    return "\n".join([head, *(part for panel in panels for part in panel.parts), "</svg>", ""])


def _hour(
    box: tuple[float, float, float, float], commands: Sequence[Command], limit: float
) -> _Panel:
    panel = _Panel(box, "Busiest account: requests a second, by bulk sender and interactive")
    senders = sorted({one.sender for one in commands})
    steps = int(HOUR_MS / _STEP_MS)
    counts = {sender: [0] * (steps + 1) for sender in senders}
    for one in commands:
        counts[one.sender][min(steps, int(one.sent / _STEP_MS))] += 1
    top = 2 * limit + 10
    scale = _STEP_MS / 1000 * top
    base = [0.0] * steps
    for order, sender in enumerate(senders):
        colour = _COLOURS[Lane.INTERACTIVE] if sender == 0 else _SHADES[order - 1]
        upper = [low + count / scale for low, count in zip(base, counts[sender], strict=False)]
        panel.area(
            [(step / steps, base[step], upper[step]) for step in range(steps)],
            colour,
        )
        base = upper
    rates = {limit * n / top: f"{limit * n:g}" for n in (0, 1, 2)}
    panel.grid({n / 6: f"{10 * n}" for n in range(7)}, rates, "minute of the hour")
    panel.note(0.70, 0.93, f"two endpoints of {limit:g}/s; at the bottom (red) interactive")
    return panel


def _waits(box: tuple[float, float, float, float], figures: Figures) -> _Panel:
    panel = _Panel(box, "Share of commands sent within a wait")
    # From 1 ms to 10,000 s; commands that do not wait are at the left edge.
    decades = 7
    for lane, waits in figures.waits.items():
        shares = [number / 500 for number in range(1, 501)]
        ordered = sorted(waits)
        points = [
            (math.log10(max(1.0, ordered[math.ceil(share * len(ordered)) - 1])) / decades, share)
            for share in shares
        ]
        panel.curve(points, _COLOURS[lane])
    labels = ("1 ms", "10 ms", "0.1 s", "1 s", "10 s", "100 s", "1000 s", "")
    xs = {n / decades: label for n, label in enumerate(labels)}
    panel.grid(xs, {n / 4: f"{25 * n} %" for n in range(5)}, "from acceptance to Stripe")
    panel.note(0.06, 0.90, "interactive", _COLOURS[Lane.INTERACTIVE])
    panel.note(0.62, 0.25, "bulk", _COLOURS[Lane.BULK])
    return panel


def _fairness(box: tuple[float, float, float, float], figures: Figures) -> _Panel:
    panel = _Panel(box, "Jain's index among bulk senders, each minute")
    lowest = 0.95
    for senders, indices in figures.fairness.items():
        for number, index in enumerate(sorted(indices)):
            beside = (number % 9 - 4) / 12
            panel.dot(
                (senders - 1 + beside) / 8, max(0.0, index - lowest) / (1 - lowest), "#1d4ed8"
            )
    ys = {n / 5: f"{lowest + n * (1 - lowest) / 5:.2f}" for n in range(6)}
    xs = {(senders - 1) / 8: f"{senders}" for senders in range(2, 9)}
    panel.grid(xs, ys, "senders with something to send all that minute")
    return panel


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = 12,
    weight: str = "normal",
    colour: str = "#111827",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="#9ca3af" stroke-width="0.5"/>'
