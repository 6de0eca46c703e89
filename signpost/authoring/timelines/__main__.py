"""`python -m signpost.authoring.timelines RULES [PATH...]`: runs timelines without the command-line interface."""

import sys
from pathlib import Path

from signpost.authoring.timelines import run_timelines
from signpost.errors import CallerError


def main(arguments: list[str]) -> int:
    """Exit code 0: all expectations met, 1: some failed, 2: malformed files."""
    paths = [Path(argument) for argument in arguments] or [Path("rules")]
    try:
        result = run_timelines(paths, paths[0] if paths[0].is_dir() else Path("rules"))
    except CallerError as error:
        print(error)
        return 2
    for failure in result.failures:
        print(failure)
    print(result.summary)
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
