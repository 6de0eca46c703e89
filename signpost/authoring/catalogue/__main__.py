"""`python -m signpost.authoring.catalogue [RULES [FOLDER]]`: write the pages anew. A process edge."""

import sys
from pathlib import Path

from signpost.authoring.catalogue import pages


def main(arguments: list[str]) -> int:
    """Replace what the folder holds."""
    rules, folder = [Path(one) for one in (*arguments, *("rules", "docs/rulebook")[len(arguments) :])]
    folder.mkdir(parents=True, exist_ok=True)
    found = pages(rules, link="/".join([".."] * len(folder.parts)) + f"/{rules}")
    for old in set(folder.glob("*.md")) - {folder / name for name in found}:
        old.unlink()
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"{len(found)} pages written to {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
