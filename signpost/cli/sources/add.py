"""`signpost sources add`: adds a source to the tenants file."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from signpost.cli.edge import echo, json_option, print_json, settings
from signpost.cli.sources.vendors import load_vendors
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.tenants.editing import TenantsFile

_OPTIONS: Final = {"tenant": "--tenant", "time_zone": "--time-zone", None: "NAME"}
"""Key of a source in the tenants file -> what of the command sets it."""


class _WithVendors(click.Command):
    """Lists the vendors at the end of the help text; loads them only for that."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line per vendor."""
        from signpost.ingress.vendors import VENDORS

        with suppress(CallerError):  # without valid settings, the vendors that Signpost has
            load_vendors()
        with formatter.section("Vendors"):
            formatter.write_dl([(name, vendor.title) for name, vendor in VENDORS.items()])


class AmbiguousTenant(CallerError):
    """The file has no tenant, or several and the command names none."""


class UnknownVendor(CallerError):
    """No mapping file describes this vendor's webhooks."""


@click.command(cls=_WithVendors)
@click.argument("name")
@click.option("--vendor", required=True, help="Vendor of the webhooks: a name of the list below.")
@click.option("--tenant", help="Tenant of the source; default: the only tenant of the file.")
@click.option("--employer-id", help="If the source belongs to one employer: its id.")
@click.option("--employer-name", help="The name of that employer, as candidates read it.")
@click.option("--time-zone", help="Time zone of times without one, e.g. Europe/Paris.")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the secret of the vendor; without it, a new secret is generated.",
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
    """Add a source of webhooks to the tenants file. A running intake loads it within seconds.

    \b
    Examples:
      signpost sources add acme-lever --vendor lever --secret-file token.txt
      signpost sources add acme-greenhouse --vendor greenhouse --employer-id acme --employer-name Acme
    """
    from signpost.cli.sources.secrets import read_secret, write_secret
    from signpost.ingress.sources import check_vendor
    from signpost.ingress.vendors import VENDORS
    from signpost.tenants.editing import CannotEdit, TenantsFile

    load_vendors()
    if problem := check_vendor(vendor):
        raise UnknownVendor(problem)
    chosen = settings()
    file = TenantsFile(chosen.tenants)
    secret = read_secret(secret_file, vendor)
    body: dict[str, Any] = {"tenant": tenant or _only_tenant(file), "vendor": vendor}
    reference = write_secret(chosen.tenants.parent, name, secret)
    secret_path = chosen.tenants.parent / reference.removeprefix("file:")
    body["secrets"] = [reference]
    if employer_id:
        body["employer"] = {"id": employer_id, **({"name": employer_name} if employer_name else {})}
    if time_zone:
        body["time_zone"] = time_zone
    if skew := VENDORS[vendor].clock_skew:
        body["clock_skew"] = skew
    try:
        file.add_source(name, body)
        file.save(os.environ)
    except CallerError as error:
        secret_path.unlink()
        raise CannotEdit(_by_options(str(error), name)) from None
    url = f"{chosen.url}/v1/webhooks/{name}"
    if as_json:
        print_json({"source": name, "url": url, "secret": secret if secret_file is None else None})
        return
    echo(f"Source {name} is in {file.path}.\n\nEnter at the vendor:\n  URL     {url}")
    if secret_file is None:
        echo(f"  secret  {secret}\n\nThe secret is shown only once; it is stored in {secret_path}.")
    if skew:
        echo(f"\nIts clock_skew is {skew}: the vendor signs the time of the event, and retries keep it.")
    echo(f"\nTest it: signpost sources test {name}")


def _by_options(message: str, name: str) -> str:
    """Why a source was not added: by the options and NAME of the command, where these are all that is wrong."""
    at = re.compile(rf"R[0-9]+ sources\.{re.escape(name)}(?:\.(tenant|time_zone)(?= )|(?=:))")
    problems = message.splitlines()[1:]
    if not problems or not all(map(at.match, problems)):
        return message
    return "\n".join(at.sub(lambda found: _OPTIONS[found[1]], problem, count=1) for problem in problems)


def _only_tenant(file: "TenantsFile") -> str:
    names = file.names("tenants")
    if len(names) == 1:
        return names[0]
    if not names:
        lack = "contains no tenant" if file.path.exists() else "does not exist"
        raise AmbiguousTenant(
            f"{file.path} {lack}: run this in the folder where `signpost up` runs, or set SIGNPOST_DATA_DIR or"
            " SIGNPOST_TENANTS; in a new system, add a tenant with `signpost tenants add NAME`"
        )
    raise AmbiguousTenant(f"choose a tenant with --tenant: {', '.join(names)}")
