"""`signpost sources`: sources of webhooks, one module per command."""

import click

from signpost.cli.sources.add import add
from signpost.cli.sources.check import check
from signpost.cli.sources.listing import list_sources
from signpost.cli.sources.new_vendor import new_vendor
from signpost.cli.sources.rotate import rotate
from signpost.cli.sources.switch import disable, enable, remove
from signpost.cli.sources.trial import test_source


@click.group
def sources() -> None:
    """Add, list, test, rotate, disable and remove sources of webhooks, and write mappings for new vendors."""


for command in (add, list_sources, test_source, rotate, disable, enable, remove, new_vendor, check):
    sources.add_command(command)
