"""`signpost rules schema`."""

from pathlib import Path

import click

from signpost.cli.rules.common import FOLDER
from signpost.settings import SHIPPED_RULES


@click.command
@click.argument("folder", type=FOLDER, default=SHIPPED_RULES, required=False)
def schema(folder: Path) -> None:
    """Write the JSON Schemas of rule files and timelines into FOLDER, for editors.

    They name the articles and norms of sources.yaml, so run this again when that file changes.

    \b
    Example:
      signpost rules schema rules
    """
    from signpost.authoring.editor import write_schemas

    for path in write_schemas(folder):
        click.echo(f"{path} written")
