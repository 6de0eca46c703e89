"""`signpost sources rotate`: adds and retires secrets of a source in the tenants file."""

import os
from pathlib import Path

import click

from signpost.cli.edge import echo, settings
from signpost.cli.sources.vendors import load_vendors
from signpost.errors import CallerError


@click.command
@click.argument("name")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the new secret of the vendor; without it, a new secret is generated.",
)
@click.option("--retire", is_flag=True, help="Remove the oldest secret instead of adding one.")
def rotate(name: str, secret_file: Path | None, retire: bool) -> None:
    """Replace the secret of a source without downtime: add one, enter it at the vendor, then --retire the old one.

    \b
    Examples:
      signpost sources rotate acme-greenhouse
      signpost sources rotate acme-greenhouse --retire
    """
    from signpost.cli.sources.secrets import read_secret, write_secret
    from signpost.tenants.editing import CannotEdit, TenantsFile
    from signpost.tenants.loading import load_tenants

    folder, file = settings().tenants.parent, TenantsFile(settings().tenants)
    known = file.secrets(name)
    if retire:
        if len(known) < 2:
            raise CannotEdit(f"{name} has only one secret; add another first: signpost sources rotate {name}")
        file.set_secrets(name, known[1:])
        file.save(os.environ)
        echo(f"Removed {known[0]} from {name}; {len(known) - 1} active.")
        return
    load_vendors()
    secret = read_secret(secret_file, load_tenants(file.path, os.environ).sources[name].vendor)
    reference = write_secret(folder, name, secret)
    try:
        file.set_secrets(name, [*known, reference])
        file.save(os.environ)
    except CallerError:
        (folder / reference.removeprefix("file:")).unlink()
        raise
    echo(f"{name} has {len(known) + 1} active secrets. Enter the new one at the vendor.")
    if secret_file is None:
        echo(f"  secret  {secret}\n")
    echo(f"Then remove the old one: signpost sources rotate {name} --retire")
