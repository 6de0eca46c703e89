"""`signpost tenants`: adds and lists the tenants of the tenants file."""

import os

import click

from signpost.cli.edge import echo, json_option, print_json, print_table, settings


@click.group
def tenants() -> None:
    """Add tenants and list them."""


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
    """List tenants with their sources and the number of their API keys."""
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
        cells = ((row["tenant"], str(row["api_keys"]), ", ".join(row["sources"])) for row in rows)  # type: ignore[arg-type]
        print_table(("tenant", "API keys", "sources"), cells)  # type: ignore[arg-type]
