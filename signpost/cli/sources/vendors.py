"""The vendors that the commands know: those that Signpost has, and those of the own folder."""

from typing import TYPE_CHECKING

from signpost.cli.edge import echo, settings

if TYPE_CHECKING:
    from signpost.ingress.vendors import Vendors


def load_vendors() -> "Vendors":
    """All vendors, with the own folder read again. Raises SettingsError."""
    from signpost.ingress.vendors import VENDORS

    VENDORS.read_own(settings().vendors)
    return VENDORS


def tell_faults(vendors: "Vendors", *, err: bool) -> None:
    """Name each own mapping file that is disabled."""
    for file, fault in vendors.faults.items():
        echo(f"The mapping file {file} is disabled: {fault}", err=err)
