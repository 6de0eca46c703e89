"""Runs benchmarks: `python -m benchmarks [LINE...] [--json] [--rounds N] [--long] [--plots FOLDER]`."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.regression import compare, save
from benchmarks.rows import Row, print_table, progress
from signpost.garbage import collect_rarely

LINES = ("evaluate", "advisor", "intake", "latency", "scale")
ALONE = ("scaling", "under_attack")
"""Lines that run only when they are named, and print their own result."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all lines get. `long`: with the sizes that take an hour."""

    rounds: int
    long: bool
    plots: Path | None


def main(arguments: Sequence[str]) -> int:
    """Run the named lines, or all. Returns the exit code."""
    collect_rarely()  # as every process of Signpost does
    named = [one for one in arguments if one in ALONE]
    if named:
        rest = [one for one in arguments if one not in ALONE]
        return max(int(importlib.import_module(f"benchmarks.{name}").main(rest)) for name in named)
    chosen = _parser().parse_args(arguments)
    options = Options(chosen.rounds, chosen.long, chosen.plots)
    rows: list[Row] = []
    for name in chosen.lines or LINES:
        progress(f"== {name}")
        rows += importlib.import_module(f"benchmarks.{name}").measure(options)
    if chosen.save:
        save(rows)
    if chosen.json:
        print(json.dumps({"rows": [row.to_json() for row in rows]}, indent=1))
    else:
        print_table(rows)
    return compare(rows) if chosen.check else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("lines", nargs="*", metavar="LINE", help=f"{', '.join(LINES)}; alone: {', '.join(ALONE)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts (3)")
    parser.add_argument("--long", action="store_true", help="with a million cases")
    parser.add_argument("--plots", type=Path, help="write plots to this folder")
    parser.add_argument("--save", action="store_true", help="write the ratios to benchmarks/baseline.json")
    parser.add_argument("--check", action="store_true", help="compare the ratios with benchmarks/baseline.json")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
