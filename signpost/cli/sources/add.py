"""`signpost sources add`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import json_option, print_json, settings
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.tenants.editing import TenantsFile


class _WithVendors(click.Command):
    """Lists the vendors at the end of the help text; they are looked up only when it is shown."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The vendors, one a line."""
        from signpost.ingress.vendors import VENDORS

        with formatter.section("Vendors"):
            formatter.write_dl([(name, vendor.title) for name, vendor in VENDORS.items()])


class WhichTenant(CallerError):
    """The file has no tenant, or several and none was named."""


class UnknownVendor(CallerError):
    """No mapping file describes this vendor's webhooks."""


@click.command(cls=_WithVendors)
@click.argument("name")
@click.option("--vendor", required=True, help="Whose webhooks these are: a name of the list below.")
@click.option("--tenant", help="Whose source it is; where the file has one tenant only, that one.")
@click.option("--employer-id", help="Where the sender is one employer: its id in your terms.")
@click.option("--employer-name", help="And its name, as candidates read it.")
@click.option("--time-zone", help="Of times that the sender states without one, like Europe/Paris.")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The secret that the vendor shows you; without it one is made for you to enter at the vendor.",
)
@json_option
def add(
    name: str,
    vendor: str,
    tenant: str | None,
    employer_id: str | None,
    employer_name: str | None,
    time_zone: str | None,
    secret_file: Path | None,
    as_json: bool,
) -> None:
    """Add a sender of webhooks to the tenants file. A running intake takes it within seconds.

    \b
    Examples:
      signpost sources add acme-lever --vendor lever --secret-file token.txt
      signpost sources add acme-greenhouse --vendor greenhouse --employer-id acme --employer-name Acme
    """
    from signpost.cli.sources.secrets import given_secret, keep_secret
    from signpost.ingress.sources import check_vendor
    from signpost.tenants.editing import TenantsFile

    if problem := check_vendor(vendor):
        raise UnknownVendor(problem)
    chosen = settings()
    file = TenantsFile(chosen.tenants)
    secret = given_secret(secret_file, vendor)
    body: dict[str, Any] = {"tenant": tenant or _only_tenant(file), "vendor": vendor}
    reference = keep_secret(chosen.tenants.parent, name, secret)
    body["secrets"] = [reference]
    if employer_id:
        body["employer"] = {"id": employer_id, **({"name": employer_name} if employer_name else {})}
    if time_zone:
        body["time_zone"] = time_zone
    try:
        file.add_source(name, body)
        file.save(os.environ)
    except CallerError:
        (chosen.tenants.parent / reference.removeprefix("file:")).unlink()
        raise
    url = f"{chosen.url}/v1/webhooks/{name}"
    if as_json:
        print_json({"source": name, "url": url, "secret": secret if secret_file is None else None})
        return
    click.echo(f"Source {name} is in {file.path}.\n\nEnter at the vendor\n  URL     {url}")
    if secret_file is None:
        kept = reference.removeprefix("file:")
        click.echo(f"  secret  {secret}\n\nThe secret is shown this once, and kept in {kept} beside it.")
    click.echo(f"\nTry it: signpost sources test {name}")


def _only_tenant(file: "TenantsFile") -> str:
    names = file.names("tenants")
    if len(names) == 1:
        return names[0]
    if not names:
        raise WhichTenant(
            f"{file.path} {'holds no tenant' if file.path.exists() else 'does not exist'}: `signpost tenants add NAME`"
            " makes one there; SIGNPOST_TENANTS or SIGNPOST_DATA_DIR names another place"
        )
    raise WhichTenant(f"say whose source it is with --tenant: {', '.join(names)}")
