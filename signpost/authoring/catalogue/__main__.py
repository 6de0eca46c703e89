"""`python -m signpost.authoring.catalogue [RULES [FOLDER]]`: writes the pages. A process edge."""

import sys
from pathlib import Path

from signpost.authoring.catalogue import pages


def main(arguments: list[str]) -> int:
    """Replace the pages in the folder; returns the exit code."""
    rules, folder = [Path(argument) for argument in (*arguments, *("rules", "docs/rulebook")[len(arguments) :])]
    folder.mkdir(parents=True, exist_ok=True)
    texts = pages(rules, link="/".join([".."] * len(folder.parts)) + f"/{rules}")
    for old in set(folder.glob("*.md")) - {folder / name for name in texts}:
        old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"{len(texts)} pages written to {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
