"""Compares ratios with a committed baseline. Never times: machines differ, and neighbours disturb."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.rows import AT_MOST, Row

BASELINE: Final = Path(__file__).with_name("baseline.json")
TOLERANCE: Final = 1.6
"""A ratio may be so many times worse than the baseline."""


def save(rows: Sequence[Row]) -> None:
    """Write the baseline; rows of lines that did not run stay."""
    known = _read()
    known |= {row.name: [float(f"{row.ratio:.3g}"), _better(row)] for row in rows if row.ratio}
    BASELINE.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")


def compare(rows: Sequence[Row]) -> int:
    """Print what has become worse. Returns the exit code."""
    worse = list(find_worse(rows, _read()))
    for line in worse:
        print(line, file=sys.stderr)
    return int(bool(worse))


def find_worse(rows: Sequence[Row], baseline: dict[str, list[object]]) -> list[str]:
    """A line for each row whose ratio is worse than the baseline by more than the tolerance."""
    found = []
    for row in rows:
        if row.name not in baseline or row.ratio is None:
            continue
        before, better = float(str(baseline[row.name][0])), baseline[row.name][1]
        times = before / row.ratio if better == "more" else row.ratio / before
        if times > TOLERANCE:
            found.append(f"{row.name}: ratio {row.ratio:.3g}, was {before:.3g}: {times:.1f} times worse")
    return found


def _better(row: Row) -> str:
    less = row.goal.relation == AT_MOST if row.goal else row.unit in ("us", "ms", "s", "bytes")
    return "less" if less else "more"


def _read() -> dict[str, list[object]]:
    known: dict[str, list[object]] = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    return known
