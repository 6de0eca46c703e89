"""The result of a benchmark: a row with its yardstick and goal, as a table and as JSON."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

AT_LEAST: Final = "at least"
AT_MOST: Final = "at most"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound of the ratio, or of the value where there is no yardstick."""

    relation: str
    number: float
    of_value: bool = False

    def __str__(self) -> str:
        return f"{self.relation} {self.number:g}"

    def is_met(self, value: float, ratio: float | None) -> bool:
        """Whether the measured value or ratio keeps the bound."""
        measured = value if self.of_value or ratio is None else ratio
        return measured >= self.number if self.relation == AT_LEAST else measured <= self.number


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `spread`: the lowest and the highest value of the rounds."""

    name: str
    value: float
    unit: str
    yardstick: str = ""
    yardstick_value: float | None = None
    goal: Goal | None = None
    spread: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """The value relative to that of its yardstick."""
        return self.value / self.yardstick_value if self.yardstick_value else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        return None if self.goal is None else self.goal.is_met(self.value, self.ratio)

    def to_json(self) -> dict[str, Any]:
        """The row for programs."""
        return {
            "name": self.name,
            "value": _round(self.value),
            "unit": self.unit,
            "yardstick": self.yardstick,
            "yardstick_value": _round(self.yardstick_value),
            "ratio": _round(self.ratio),
            "goal": None if self.goal is None else str(self.goal),
            "met": self.met,
        }


@dataclass(slots=True)
class Rounds:
    """Measures several ways in turn, round after round, so that all have the same neighbours on the machine."""

    count: int
    values: dict[str, list[float]] = field(default_factory=dict)

    def run(self, ways: Mapping[str, Callable[[int], float]]) -> None:
        """Call each way once in each round, with the number of the round."""
        for number in range(self.count):
            for name, way in ways.items():
                value = way(number)
                self.values.setdefault(name, []).append(value)
                progress(f"round {number + 1} of {self.count}: {name}: {value:.4g}")

    def median(self, name: str) -> float:
        """The median of a way."""
        return statistics.median(self.values[name])

    def row(self, name: str, way: str, unit: str, yardstick: str = "", goal: Goal | None = None) -> Row:
        """The row of a way beside another."""
        measured = self.values[way]
        beside = self.median(yardstick) if yardstick else None
        return Row(name, self.median(way), unit, yardstick, beside, goal, (min(measured), max(measured)))


_STARTED: Final = time.monotonic()


def progress(text: str) -> None:
    """Show what is going on, beside the result."""
    print(f"[{time.monotonic() - _STARTED:5.0f} s] {text}", file=sys.stderr, flush=True)


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows for people."""
    table = Table("what", "measured", "spread", "yardstick", "its value", "ratio", "goal", "met")
    for row in rows:
        low, high = row.spread or (row.value, row.value)
        table.add_row(
            row.name,
            f"{row.value:.4g} {row.unit}",
            f"{low:.4g} to {high:.4g}",
            row.yardstick,
            "" if row.yardstick_value is None else f"{row.yardstick_value:.4g}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            str(row.goal or ""),
            {True: "yes", False: "no", None: ""}[row.met],
        )
    Console(width=160).print(table)


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
