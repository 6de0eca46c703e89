"""`signpost key`: a fresh API key, and what the tenants file keeps of it."""

import click

from signpost.cli.edge import json_option, print_json
from signpost.tenants.model import hash_key, new_key


@click.command
@json_option
def key(as_json: bool) -> None:
    """Make an API key. Give the key to the client; write its hash into the tenants file under `api_keys`."""
    fresh = new_key()
    if as_json:
        print_json({"key": fresh, "hash": hash_key(fresh)})
    else:
        click.echo(f"key   {fresh}\nhash  {hash_key(fresh)}")
