"""`signpost sources disable`, `enable` and `remove`: edit the tenants file; a running intake follows within seconds."""

import os

import click

from signpost.cli.edge import echo, settings


@click.command
@click.argument("name")
def disable(name: str) -> None:
    """Switch a source off. Its webhooks get 503, so that vendors that retry send them again after `enable`.

    \b
    Example:
      signpost sources disable acme-lever
    """
    _switch(name, on=False)


@click.command
@click.argument("name")
def enable(name: str) -> None:
    """Switch a disabled source on again.

    \b
    Example:
      signpost sources enable acme-lever
    """
    _switch(name, on=True)


@click.command
@click.argument("name")
def remove(name: str) -> None:
    """Remove a source from the tenants file. Its webhooks get 401, like those of a source that never was.

    What it sent stays, and so do the files of its secrets. The other sources of the tenant keep their ids.

    \b
    Example:
      signpost sources remove acme-lever
    """
    from signpost.tenants.editing import TenantsFile

    file = TenantsFile(settings().tenants)
    references = file.remove_source(name)
    file.save(os.environ)
    echo(f"Removed {name} from {file.path}.")
    if files := [one.removeprefix("file:") for one in references if one.startswith("file:")]:
        echo(f"Delete what is not used any more, relative to the folder of that file: {', '.join(files)}")


def _switch(name: str, *, on: bool) -> None:
    from signpost.tenants.editing import TenantsFile

    file, state = TenantsFile(settings().tenants), "enabled" if on else "disabled"
    if not file.switch(name, on=on):
        echo(f"{name} is {state} already.")
        return
    file.save(os.environ)
    echo(f"{name} is {state} in {file.path}.")
