"""Plots of cost against size as SVG, without a library."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final, TypeAlias

Series: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]
WIDTH, HEIGHT, MARGIN = 640, 400, 60
COLORS: Final = ("#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#b8860b", "#444444")


def write_plot(path: Path, title: str, x_label: str, y_label: str, series: Series) -> None:
    """Write a plot with logarithmic axes. Points with a coordinate of 0 are left out."""
    points = [point for one in series.values() for point in one if min(point) > 0]
    if not points:
        return
    x, y = (_Axis([point[index] for point in points], index) for index in (0, 1))
    parts = [_text(WIDTH / 2, 24, title, "middle", 16), _text(WIDTH / 2, HEIGHT - 12, x_label, "middle")]
    parts += [_text(8, 44, y_label, "start"), *x.marks(), *y.marks()]
    for number, (name, one) in enumerate(series.items()):
        color, known = COLORS[number % len(COLORS)], [point for point in one if min(point) > 0]
        line = " ".join(f"{x.place(first):.1f},{y.place(second):.1f}" for first, second in known)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x.place(first):.1f}" cy="{y.place(second):.1f}" r="3" fill="{color}"/>'
            for first, second in known
        ]
        parts.append(_text(MARGIN + 12, 64 + 16 * number, name, "start", 12, color))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"]))


class _Axis:
    """A logarithmic axis: 0 is horizontal, 1 vertical."""

    def __init__(self, values: Sequence[float], direction: int) -> None:
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.high = max(self.high, self.low + 1)
        self.direction = direction

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        length = (WIDTH if self.direction == 0 else HEIGHT) - 2 * MARGIN
        return MARGIN + share * length if self.direction == 0 else HEIGHT - MARGIN - share * length

    def marks(self) -> list[str]:
        found = []
        for power in range(self.low, self.high + 1):
            at, text = self.place(10**power), f"{10**power:,}" if power >= 0 else f"{10**power:g}"
            found += [_line(at, MARGIN, at, HEIGHT - MARGIN)] if self.direction == 0 else []
            found += [_line(MARGIN, at, WIDTH - MARGIN, at)] if self.direction == 1 else []
            place = (at, HEIGHT - MARGIN + 16, "middle") if self.direction == 0 else (MARGIN - 6, at + 4, "end")
            found.append(_text(place[0], place[1], text, place[2], 11))
        return found


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def _text(x: float, y: float, text: str, anchor: str, size: int = 12, color: str = "#222222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{color}">{escape(text)}</text>'
