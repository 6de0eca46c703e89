"""What the commands of `signpost rules` share."""

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def place(position: Any) -> dict[str, Any]:
    """Where something stands, for programs."""
    return {"file": position.file, "line": position.line, "column": position.column}
