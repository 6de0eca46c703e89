"""`python -m signpost.metrics [FILE]`: writes the page of the metrics. A process edge."""

import sys
from pathlib import Path

from signpost.metrics.document import page


def main(arguments: list[str]) -> int:
    """Write docs/metrics.md, or the file that is named; returns the exit code."""
    file = Path(arguments[0] if arguments else "docs/metrics.md")
    file.write_text(page(), encoding="utf-8")
    print(f"{file} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
