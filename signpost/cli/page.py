"""`signpost page link`: prints a one-time link that signs a browser in to the page."""

import time

import click

from signpost.cli.edge import echo, json_option, print_json, settings
from signpost.errors import CallerError


class NoSuchTenant(CallerError):
    """The tenants file has no such tenant, or several to choose from."""


@click.group
def page() -> None:
    """Make links to the page at / of the intake."""


@page.command
@click.option("--tenant", help="Whose data the page shows; default: the only tenant.")
@click.option("--employer", help="Show only what the employer of this id may see.")
@click.option("--operator", is_flag=True, help="Show also what happens in the whole installation, of all tenants.")
@click.option("--hours", type=click.IntRange(1, 168), default=1, show_default=True, help="How long the link works.")
@json_option
def link(tenant: str | None, employer: str | None, operator: bool, hours: int, as_json: bool) -> None:
    """Print a link that signs in one browser, once, for 12 hours. Run it where the settings of the processes apply.

    The first person who opens it is signed in, so give it to one person, by a way that others do not read.

    \b
    Examples:
      signpost page link
      signpost page link --tenant acme --operator
      signpost page link --tenant acme --employer globex --hours 48
    """
    import secrets

    from signpost.case.instant import HOUR, format_instant
    from signpost.storage import open_store
    from signpost.storage.page_sessions import EMPLOYER, LINK, OPERATOR, TENANT, PageSession, digest_of

    if employer is not None and operator:
        raise click.UsageError("--employer and --operator exclude each other")
    chosen, now, token = settings(), time.time_ns() // 1000, secrets.token_urlsafe(32)
    role = OPERATOR if operator else TENANT if employer is None else EMPLOYER
    expires = now + hours * HOUR
    row = PageSession(digest_of(token), LINK, _tenant(tenant), role, employer or "", "", now, expires)
    with open_store(chosen.database_url) as store:
        store.page_sessions.add(row, now)
    address = f"{chosen.url.rstrip('/')}/page/link/{token}"
    if as_json:
        print_json({"url": address, "tenant": row.tenant, "role": role, "expires": format_instant(expires)})
    else:
        echo(address)
        echo(f"Works once, until {format_instant(expires)[:16].replace('T', ' ')} UTC.", err=True)


def _tenant(wanted: str | None) -> str:
    """The tenant of a name, or the only one. Raises NoSuchTenant."""
    import os

    from signpost.tenants.loading import load_tenants

    known = sorted(load_tenants(settings().tenants, os.environ).tenants)
    if wanted in known:
        return str(wanted)
    if wanted is None and len(known) == 1:
        return known[0]
    problem = "name a tenant with --tenant" if wanted is None else f"there is no tenant {wanted!r}"
    raise NoSuchTenant(f"{problem}; there are: {', '.join(known) or 'none'}")
