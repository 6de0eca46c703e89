"""`signpost key`: a new API key and its hash for the tenants file."""

import click

from signpost.cli.edge import echo, json_option, print_json
from signpost.tenants.model import hash_key, new_key


@click.command
@json_option
def key(as_json: bool) -> None:
    """Create an API key. Give the key to the client; add the hash to `api_keys` in the tenants file."""
    new = new_key()
    if as_json:
        print_json({"key": new, "hash": hash_key(new)})
    else:
        echo(f"key   {new}\nhash  {hash_key(new)}")
