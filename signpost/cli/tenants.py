"""`signpost tenants`: who may send and read."""

import os

import click

from signpost.cli.edge import json_option, print_json, print_table, settings


@click.group
def tenants() -> None:
    """Add tenants and list them."""


@tenants.command
@click.argument("name")
@json_option
def add(name: str, as_json: bool) -> None:
    """Add a tenant with an API key. The key is shown once, and kept as a hash.

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
        click.echo(f"Tenant {name} is in {file.path}. Its API key, shown this once:\n\n  {key}")


@tenants.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List tenants, with the number of their API keys and their sources."""
    from signpost.tenants.loading import load_tenants

    found = load_tenants(settings().tenants, os.environ)
    rows = [
        {
            "tenant": tenant.name,
            "api_keys": len(tenant.api_keys),
            "sources": sorted(source.name for source in found.sources.values() if source.tenant == tenant.name),
        }
        for tenant in found.tenants.values()
    ]
    if as_json:
        print_json(rows)
    else:
        shown = ((row["tenant"], str(row["api_keys"]), ", ".join(row["sources"])) for row in rows)  # type: ignore[arg-type]
        print_table(("tenant", "API keys", "sources"), shown)  # type: ignore[arg-type]
