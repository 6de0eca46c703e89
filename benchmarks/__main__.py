"""Runs every benchmark, or those named: `python -m benchmarks [NAME...] [--OPTION...]`; options go to each."""

import importlib
import sys
from pathlib import Path

FOUND = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def main(arguments: list[str]) -> int:
    """Run them in turn; the worst exit code."""
    split = next((at for at, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    named, options = arguments[:split], arguments[split:]
    if unknown := set(named) - set(FOUND):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(FOUND)}", file=sys.stderr)
        return 2
    worst = 0
    for name in named or FOUND:
        print(f"== {name}", file=sys.stderr)
        worst = max(worst, int(importlib.import_module(f"benchmarks.{name}").main(options)))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
