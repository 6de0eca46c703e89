"""`signpost db`: the schema of the database."""

import click

from signpost.cli.edge import echo, json_option, print_json, settings


@click.group
def db() -> None:
    """Upgrade the database schema, or show its revision."""


@db.command
@json_option
def upgrade(as_json: bool) -> None:
    """Create or migrate the tables for this version of Signpost; does nothing if they are up to date.

    \b
    Example:
      SIGNPOST_DATABASE_URL=postgresql://signpost@db/signpost signpost db upgrade
    """
    from signpost import storage

    url = settings().database_url
    before = storage.revision(url)
    storage.upgrade(url)
    after = storage.revision(url)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        echo(f"The database is up to date (revision {after}).")
    else:
        echo(f"The database is now at revision {after} (was {before or 'empty'}).")


@db.command
@json_option
def current(as_json: bool) -> None:
    """Show the revision of the tables; exit code 1 if they are not up to date."""
    from signpost import storage

    url = settings().database_url
    found, wanted = storage.revision(url), storage.head_revision()
    if as_json:
        print_json({"revision": found, "wanted": wanted})
    else:
        echo(f"revision {found or 'none'}; this version of Signpost needs {wanted}")
    if found != wanted:
        raise SystemExit(1)
