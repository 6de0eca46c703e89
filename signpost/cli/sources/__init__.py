"""`signpost sources`: sources of webhooks, one module per command."""

import click

from signpost.cli.sources.add import add
from signpost.cli.sources.check import check
from signpost.cli.sources.listing import list_sources
from signpost.cli.sources.rotate import rotate
from signpost.cli.sources.trial import test_source


@click.group
def sources() -> None:
    """Add, list, rotate and test sources of webhooks."""


for command in (add, list_sources, rotate, check, test_source):
    sources.add_command(command)
