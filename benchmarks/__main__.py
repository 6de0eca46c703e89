"""Runs all benchmarks or the named ones: `python -m benchmarks [NAME...] [--OPTION...]`; each gets all options."""

import importlib
import sys
from pathlib import Path

BENCHMARKS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run them in turn. Returns the highest exit code."""
    split = next((index for index, one in enumerate(arguments) if one.startswith("-")), len(arguments))
    named, options = arguments[:split], arguments[split:]
    if unknown := set(named) - set(BENCHMARKS):
        print(
            f"unknown benchmark {', '.join(sorted(unknown))}; the benchmarks are: {', '.join(BENCHMARKS)}",
            file=sys.stderr,
        )
        return 2
    worst = 0
    for name in named or BENCHMARKS:
        print(f"== {name}", file=sys.stderr)
        worst = max(worst, int(importlib.import_module(f"benchmarks.{name}").main(options)))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
