"""`signpost sources list`: prints the sources of the tenants file."""

import os
from typing import Any

import click

from signpost.cli.edge import echo, json_option, print_json, print_table, settings
from signpost.cli.sources.vendors import load_vendors, tell_faults


@click.command("list")
@json_option
def list_sources(as_json: bool) -> None:
    """List the sources of webhooks with vendor, tenant, number of active secrets, status and URL.

    The webhooks of a disabled source get 503, until you correct it in the tenants file or enable it. A faulty mapping
    file of your own disables every source of its vendor; it is named below the list.
    """
    from signpost.ingress.sources import source_problem
    from signpost.tenants.loading import load_tenants

    chosen, vendors = settings(), load_vendors()
    found: list[dict[str, Any]] = [
        {
            "source": source.name,
            "vendor": source.vendor,
            "tenant": source.tenant,
            "secrets": len(source.secrets),
            "employer": source.employer.get("name") or source.employer.get("id"),
            "url": f"{chosen.url}/v1/webhooks/{source.name}",
            "status": "disabled" if source.problem else "active",
            "problem": source.problem or None,
            "switched_off": source.is_switched_off,
        }
        for source in load_tenants(chosen.tenants, os.environ, source_problem).sources.values()
    ]
    if as_json:
        print_json(found)
    else:
        columns = ("source", "vendor", "tenant", "secrets", "employer", "status", "url")
        print_table(columns, (tuple(str(row[column] or "") for column in columns) for row in found))
        for row in found:
            if row["problem"]:
                way = (
                    ""
                    if row["switched_off"]
                    else f"; correct it in {vendors.faulty_file(row['vendor']) or chosen.tenants}"
                )
                echo(f"{row['source']} is disabled: {row['problem']}{way}")
    tell_faults(vendors, err=as_json)
