"""`signpost rules schema`: writes the JSON Schemas for editors."""

from pathlib import Path

import click

from signpost.cli.edge import echo
from signpost.cli.rules.common import FOLDERS, folders_to_write


@click.command
@click.argument("folder", type=FOLDERS, required=False)
def schema(folder: tuple[Path, ...] | None) -> None:
    """Write the JSON Schemas of rule files, own fields and timelines into FOLDER, for editors; of several folders
    (ours:DIR) into the last. Without FOLDER: the folders of SIGNPOST_RULES, or the shipped rules if they are in the
    current folder.

    They contain the articles and norms of sources.yaml and the fields of fields.yaml: run this command again after a
    change of these files. Exit code 2, and nothing is written, if one of them is invalid.

    \b
    Examples:
      signpost rules schema rules
      signpost rules schema ours:my-rules
    """
    from signpost.authoring.editor import write_schemas

    for path in write_schemas(folders_to_write(folder, "schema")):
        echo(f"{path} written")
