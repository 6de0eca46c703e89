"""`signpost sources`: senders of webhooks, one module for each command."""

import click

from signpost.cli.sources.add import add
from signpost.cli.sources.check import check
from signpost.cli.sources.listing import listing
from signpost.cli.sources.rotate import rotate
from signpost.cli.sources.trial import trial


@click.group
def sources() -> None:
    """Add, list, rotate and try the senders of webhooks."""


for command in (add, listing, rotate, check, trial):
    sources.add_command(command)
