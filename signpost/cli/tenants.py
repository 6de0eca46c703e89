"""`signpost tenants`: edits and lists the tenants of the tenants file, and what they store."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import echo, json_option, print_json, print_table, settings

if TYPE_CHECKING:
    from signpost.storage import Usage


@click.group
def tenants() -> None:
    """Add, list and remove tenants, and replace their API keys."""


@tenants.command
@click.argument("name")
@json_option
def add(name: str, as_json: bool) -> None:
    """Add a tenant with an API key. The key is shown only once and stored as a hash.

    \b
    Example:
      signpost tenants add acme
    """
    from signpost.tenants.editing import TenantsFile
    from signpost.tenants.model import hash_key, new_key

    file, key = TenantsFile(settings().tenants), new_key()
    file.add_tenant(name, hash_key(key))
    file.save(os.environ)
    if as_json:
        print_json({"tenant": name, "api_key": key})
    else:
        echo(f"Tenant {name} is in {file.path}. Its API key, shown only once:\n\n  {key}")


@tenants.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List tenants with their sources, the number of their API keys, and what they store of their quotas.

    A clock measures every 15 seconds; without its database the command shows no usage.
    """
    from signpost.tenants.loading import load_tenants

    found = load_tenants(settings().tenants, os.environ)
    usage = _usage()
    rows: list[dict[str, Any]] = [
        {
            "tenant": tenant.name,
            "api_keys": len(tenant.api_keys),
            "sources": sorted(source.name for source in found.sources.values() if source.tenant == tenant.name),
            "usage": usage[tenant.name]._asdict() if tenant.name in usage else None,
        }
        for tenant in found.tenants.values()
    ]
    if as_json:
        print_json(rows)
    else:
        cells = (
            (row["tenant"], str(row["api_keys"]), ", ".join(row["sources"]), *_cells(usage.get(row["tenant"])))
            for row in rows
        )
        print_table(("tenant", "API keys", "sources", "cases", "stored"), cells)


@tenants.command
@click.argument("name")
@click.option("--retire", is_flag=True, help="Remove the oldest key instead of adding one.")
@json_option
def rotate(name: str, retire: bool, as_json: bool) -> None:
    """Replace the API key of a tenant without downtime: add one, give it to the clients, then --retire the old one.

    \b
    Examples:
      signpost tenants rotate acme
      signpost tenants rotate acme --retire
    """
    from signpost.tenants.editing import CannotEdit, TenantsFile
    from signpost.tenants.model import hash_key, new_key

    file, key = TenantsFile(settings().tenants), new_key()
    known = file.keys(name)
    if retire and len(known) < 2:
        raise CannotEdit(f"{name} has only one API key; add another first: signpost tenants rotate {name}")
    after = known[1:] if retire else [*known, hash_key(key)]
    file.set_keys(name, after)
    file.save(os.environ)
    if as_json:
        print_json({"tenant": name, "api_key": None if retire else key, "api_keys": len(after)})
    elif retire:
        echo(f"Removed the oldest API key of {name}; {len(after)} active.")
    else:
        echo(f"{name} has {len(after)} active API keys. The new one, shown only once:\n\n  {key}\n")
        echo(f"Give it to the clients, then remove the old one: signpost tenants rotate {name} --retire")


@tenants.command
@click.argument("name")
def remove(name: str) -> None:
    """Remove a tenant without sources from the tenants file: its API keys get 401. What it stored stays.

    \b
    Example:
      signpost tenants remove acme
    """
    from signpost.tenants.editing import TenantsFile

    file = TenantsFile(settings().tenants)
    file.remove_tenant(name)
    file.save(os.environ)
    echo(f"Removed {name} from {file.path}. Its cases and recommendations stay in the database.")


def _usage() -> "dict[str, Usage]":
    """What each tenant stores; empty while the database is not available. Creates no database file."""
    from signpost.errors import TransientError
    from signpost.storage import open_store

    url = settings().database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return {}
    try:
        with open_store(url) as store:
            return store.usage.all()
    except TransientError as error:
        echo(f"Usage is not shown: {error}", err=True)
        return {}


def _cells(usage: "Usage | None") -> tuple[str, str]:
    """For example "120 of 1,000,000" and "3.1 of 50,000.0 MB"."""
    if usage is None:
        return "", ""
    cases = f"{usage.cases:,}" + (f" of {usage.max_cases:,}" if usage.max_cases else "")
    stored = f"{usage.bytes / 1e6:,.1f}" + (f" of {usage.max_bytes / 1e6:,.1f}" if usage.max_bytes else "")
    return cases, f"{stored} MB"
